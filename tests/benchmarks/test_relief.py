"""A turning relief at 800 x 600, with the widget's painting around it: draft at most 16 ms, full 40 ms, a ball 2 ms."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QImage

import gdviz  # noqa: F401  # before numpy: it sets the threads
from gdviz.core.landscape import surface_landscape
from gdviz.core.relief import DRAFT, FULL, Camera, Quality, Terrain, View
from gdviz.core.run import build
from gdviz.core.scenario import from_tree
from gdviz.core.scene import Scene
from gdviz.core.surfaces import SURFACES
from gdviz.ui.panels.surface.contour import band_colours
from gdviz.ui.panels.surface.levels import nice_levels
from gdviz.ui.panels.surface.relief import ReliefView
from gdviz.ui.theme import DARK

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture
    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import Frame
    from tests.benchmarks.conftest import Report


def _frames(name: str, n: int) -> list[Frame]:
    """Eight runs, ``n`` steps on."""
    runs = [{"optimizer": {"kind": "adam", "learning_rate": 0.01 * (i + 1)}} for i in range(8)]
    tree = {"problem": {"kind": "surface", "name": name}, "stop": {"steps": 1000}, "runs": runs}
    built = build(from_tree(tree, "benchmark"))
    for run in built:
        while not run.ended:
            run.advance()
        run.history.snapshot(run.row)
    scene = Scene(built)
    frames = [scene.frame(500 + i) for i in range(n)]
    return [frame for frame in frames if frame is not None]


@pytest.mark.parametrize("quality", [DRAFT, FULL], ids=["draft", "full"])
@pytest.mark.parametrize("name", ["himmelblau", "rastrigin"])
def test_render(benchmark: BenchmarkFixture, name: str, quality: Quality) -> None:
    surface = next(surface for surface in SURFACES if surface.name == name)
    landscape = surface_landscape(surface, 0)
    levels = nice_levels(landscape.costs)
    terrain = Terrain(landscape, levels, band_colours(levels.size))
    margins = (50, 20, 26, 16)  # as the window has them
    benchmark.pedantic(
        lambda: View(terrain, Camera(), 800, 600, quality, margins=margins).render(), rounds=31, warmup_rounds=3
    )  # type: ignore[no-untyped-call] # has no types


@pytest.mark.parametrize("size", [(800, 600), (1600, 1000)], ids=["800", "1600"])
@pytest.mark.parametrize("what", ["draft", "full", "ball"])
def test_paint(benchmark: BenchmarkFixture, qtbot: QtBot, report: Report, size: tuple[int, int], what: str) -> None:
    frames = _frames("himmelblau", 120)
    view = ReliefView(DARK)
    qtbot.addWidget(view)
    view.resize(*size)
    view.show()
    view._come_to_rest()
    image = QImage(*size, QImage.Format.Format_RGB32)
    view.show_frame(frames[0])
    view.render(image)
    angle = iter(range(10_000))
    following = iter(frames[1:])

    def turn() -> None:
        view._set_camera(replace(Camera(), azimuth=math.fmod(7 * next(angle), 180)), draft=what == "draft")
        view.render(image)

    def step() -> None:
        view.show_frame(next(following))
        view.render(image)

    benchmark.pedantic(step if what == "ball" else turn, rounds=60, warmup_rounds=5)  # type: ignore[no-untyped-call] # has no types
    view.hide()
    assert benchmark.stats is not None
    report(f"{what} with eight runs at {size[0]} x {size[1]}: {1e3 * benchmark.stats.stats.median:.1f} ms")
