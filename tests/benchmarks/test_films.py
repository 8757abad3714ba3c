"""Ten seconds of film, drawn and written: the run is over before the clock starts."""

from pathlib import Path
from time import perf_counter

import pytest
from PySide6.QtWidgets import QApplication

from gdviz.core.run import build, next_run
from gdviz.core.scenario import from_tree, read_tree
from gdviz.core.shown import Shown
from gdviz.export.shot import shot
from gdviz.ui.render import render
from tests.benchmarks.conftest import Report


@pytest.mark.parametrize("kind", ["gif", "mp4"])
@pytest.mark.parametrize(
    ("name", "stop", "view"), [("digits", {"epochs": 2}, "2d"), ("rosenbrock-race", {"steps": 3000}, "3d")]
)
def test_film(
    report: Report, qapp: QApplication, tmp_path: Path, name: str, stop: dict[str, int], view: str, kind: str
) -> None:
    scenario = from_tree(read_tree(name) | {"stop": stop, "view": {"surface": view}}, name)
    runs = build(scenario)
    while (run := next_run(runs)) is not None:
        run.advance()
    asked, file = shot(f"a.{kind}"), tmp_path / f"a.{kind}"
    begun = perf_counter()
    render(asked, file, Shown(scenario, runs), name)
    took = perf_counter() - begun
    report(
        f"{name} in {view}, 10 s of {asked.width}x{asked.height} as {kind}: {took:.1f} s, {asked.n_frames / took:.0f}"
        f" frames a second, {file.stat().st_size / 1e6:.1f} MB"
    )
    assert took < 20
