"""A map and a relief of every cost in the catalogue.

GDVIZ_PICTURES names a folder that they are written to, for eyes to judge; here only what a machine can tell.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gdviz.core.run import build, next_run
from gdviz.core.scenario import parse
from gdviz.core.scene import Scene
from gdviz.core.surface import Surface
from gdviz.core.surfaces import SURFACES
from gdviz.ui import style
from gdviz.ui.panels.surface import SurfacePanel
from gdviz.ui.theme import DARK, LIGHT, Theme

RACE = """
[problem]
kind = "surface"
name = "{name}"
[stop]
steps = 60
[[runs]]
optimizer = {{ kind = "gradient-descent", learning_rate = 0.001 }}
[[runs]]
optimizer = {{ kind = "adam", learning_rate = 0.05 }}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = Path(os.environ.get("GDVIZ_PICTURES", tmp_path))
    found.mkdir(parents=True, exist_ok=True)
    return found


def pixels(panel: SurfacePanel) -> NDArray[np.uint8]:
    """(height, width, 3) of the picture."""
    image = panel.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


@pytest.mark.parametrize("theme", [DARK, LIGHT] if "GDVIZ_PICTURES" in os.environ else [DARK], ids=lambda t: t.name)
@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_each_has_a_map_and_a_relief(
    surface: Surface, theme: Theme, folder: Path, qapp: QApplication, look: None, qtbot: QtBot
) -> None:
    style.apply(qapp, theme, style.default_points())
    runs = build(parse(RACE.format(name=surface.name), surface.name))
    while (run := next_run(runs)) is not None:
        run.advance()
    for run in runs:
        run.history.snapshot(run.row)
    frame = Scene(runs).frame(None)
    assert frame is not None
    panel = SurfacePanel(theme)
    qtbot.addWidget(panel)
    panel.resize(800, 640)
    panel.show()
    qtbot.waitExposed(panel)
    taken = []
    for view in ("2d", "3d") if surface.n_params == 2 else ("2d",):
        panel.set_view(view)
        panel.show_frame(frame)
        qtbot.wait(200)  # until the relief is drawn in full quality
        assert panel.grab().save(str(folder / f"{surface.name}-{view}-{theme.name}.png"))
        taken.append(pixels(panel))
        middle = taken[-1][160:480, 200:600].reshape(-1, 3)
        colours = len(np.unique(middle, axis=0))
        assert colours > (40 if surface.n_params == 2 else 10)
        assert middle.std(axis=0).max() > 5
    if len(taken) == 2:
        assert (taken[0] != taken[1]).any(axis=2).mean() > 0.3
