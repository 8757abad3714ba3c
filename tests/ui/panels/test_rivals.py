"""The weights of two runs, one less the other: what the pictures show, what is said of it, and who can be chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from gdviz.core.run import build
from gdviz.core.scenario import parse
from gdviz.core.scene import Scene
from gdviz.ui.numbers import signed
from gdviz.ui.panels.weights import WeightsPanel
from gdviz.ui.theme import DARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import Frame
    from gdviz.core.run import Run

    Show = Callable[[Scene, int | None], Frame]

DIGITS = """
[problem]
kind = "digits"
train_size = 160
hidden = [4]
"""
ONE = '[[runs]]\nlabel = "one"\n'
TWO = '[[runs]]\nlabel = "two"\nseed = 1\n'
THREE = '[[runs]]\nlabel = "three & more, with a very long name"\nseed = 2\n'
SLOWER = '[[runs]]\nlabel = "larger batches"\nbatch_size = 80\n'
WIDE = '[[runs]]\nlabel = "wide"\nproblem = { hidden = [6] }\n'


def runs(*specs: str, steps: int = 8) -> list[Run]:
    made = build(parse(DIGITS + "".join(specs), "here"))
    for run in made:
        while run.step < steps:
            run.advance()
        run.history.snapshot(run.row)
    return made


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[WeightsPanel]:
    made = WeightsPanel(DARK)
    qtbot.addWidget(made)
    made.resize(640, 480)
    made.show()
    yield made
    while (popup := QApplication.activePopupWidget()) is not None:
        popup.close()


@pytest.fixture
def show(panel: WeightsPanel) -> Show:
    """A function that shows a scene at a step, and again whenever the panel asks for other knobs."""

    def carry_out(scene: Scene, step: int | None = None) -> Frame:
        def give(index: int | None) -> None:
            scene.rival = None if index is None else scene.everyone[index]
            if index is not None:
                draw()

        def draw() -> Frame:
            frame = scene.frame(step)
            assert frame is not None
            panel.show_frame(frame)
            return frame

        panel.rival_asked.disconnect()
        panel.rival_asked.connect(give)
        return draw()

    panel.rival_asked.connect(lambda index: None)
    return carry_out


def weights(run: Run, step: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    theta = run.history.checkpoint(step).theta
    return np.array(next(run.problem.network.layers(theta))[0])  # type: ignore[attr-defined]  # it is a Digits


def colour(panel: WeightsPanel, tile: int, pixel: tuple[int, int]) -> tuple[int, int, int]:
    mosaic = panel.layer.mosaic
    at = mosaic.grab().toImage().pixelColor(mosaic.place(tile, pixel).center().toPoint())
    return at.red(), at.green(), at.blue()


def readout(panel: WeightsPanel, tile: int, pixel: tuple[int, int]) -> str:
    mosaic, none = panel.layer.mosaic, Qt.MouseButton.NoButton
    at = mosaic.place(tile, pixel).center()
    event = QMouseEvent(QEvent.Type.MouseMove, at, at, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(mosaic, event)
    return panel.layer.readout.text


def test_where_nothing_differs_it_is_said(panel: WeightsPanel, show: Show) -> None:
    one, two = runs(ONE, TWO.replace("seed = 1", "seed = 0\nschedule.kind = 'cosine'"))
    show(Scene([one, two]), 0)
    QTest.mouseClick(panel.rival, Qt.MouseButton.LeftButton)
    assert panel.layer.readout.text == "no difference: both have the same weights"
    QTest.mouseClick(panel.change, Qt.MouseButton.LeftButton)
    assert panel.layer.readout.text == "no change yet"
    QTest.mouseClick(panel.weights, Qt.MouseButton.LeftButton)
    assert panel.layer.readout.text.startswith("4 neurons")


def test_the_pictures_show_one_less_the_other(panel: WeightsPanel, show: Show) -> None:
    one, two = runs(ONE, TWO)
    show(Scene([one, two]), None)
    assert panel.rival.isVisible()
    QTest.mouseClick(panel.rival, Qt.MouseButton.LeftButton)
    assert panel.rival.isChecked()
    assert not panel.weights.isChecked()
    less = weights(one, 8) - weights(two, 8)
    level = panel.layer.level.value
    assert level / 2 < np.quantile(np.abs(less), 0.995) <= level
    table = DARK.signed_table()
    for tile, pixel in ((0, (14, 14)), (2, (3, 20)), (3, (11, 7))):
        value = less[28 * pixel[1] + pixel[0], tile]
        expected = table[int(np.clip(round(128 + 127 * value / level), 1, 255))]
        assert np.abs(np.array(colour(panel, tile, pixel)) - expected).max() <= 3
        said = readout(panel, tile, pixel)
        assert f"pixel ({pixel[0]}, {pixel[1]}) · difference {signed(float(value))} · bias difference " in said
    panel.weights.click()
    assert "weight " in readout(panel, 0, (0, 0))
    assert panel.layer.level.value != level


def test_a_run_less_its_own_fork_is_nothing(panel: WeightsPanel, show: Show) -> None:
    (one,) = runs(ONE)
    (same,) = runs(ONE)
    show(Scene([one, same]), None)
    panel.rival.click()
    background = QColor(DARK.panel)
    assert colour(panel, 1, (14, 14)) == (background.red(), background.green(), background.blue())


def test_nobody_of_other_sizes_is_offered(panel: WeightsPanel, show: Show) -> None:
    one, wide = runs(ONE, WIDE)
    show(Scene([one, wide]), None)
    assert not panel.rival.isVisible()
    (alone,) = runs(ONE)
    show(Scene([alone]), None)
    assert not panel.rival.isVisible()


def test_of_several_one_is_chosen_ghosts_too(panel: WeightsPanel, show: Show) -> None:
    one, two, three = runs(ONE, TWO, THREE)
    (ghost,) = runs(ONE)
    scene = Scene([one, two, three], ghosts=[ghost])
    show(scene, None)

    def compared() -> Run | None:
        return scene.rival

    assert panel.rival.accessibleName() == "minus two"
    panel.rival.click()
    assert compared() is two
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    texts = [action.text() for action in menu.actions()]
    assert texts == ["two", "three && more, with a very long name", "one (before)"]
    assert [action.isChecked() for action in menu.actions()] == [True, False, False]
    menu.setActiveAction(menu.actions()[2])
    QTest.keyClick(menu, Qt.Key.Key_Return)
    assert compared() is ghost
    assert panel.rival.accessibleName() == "minus one (before)"
    show(scene, 3)
    assert panel.rival.isChecked()
    # What was chosen is chosen again.
    panel.weights.click()
    assert compared() is None
    panel.rival.click()
    assert compared() is ghost


def test_a_long_name_is_cut_off_and_told_in_the_tooltip(panel: WeightsPanel, show: Show) -> None:
    show(Scene(runs(ONE, THREE)), None)
    assert "…" in panel.rival.text()
    assert "three &amp; more, with a very long name" in panel.rival.toolTip()
    assert "place by place" in panel.rival.toolTip()
    assert panel.minimumSizeHint().width() <= 300
    for width in (300, 380, 500, 800):
        panel.resize(width, 400)
        QApplication.processEvents()
        assert panel.rival.geometry().right() < width
        assert panel.weights.width() >= panel.weights.sizeHint().width()


def test_the_foot_says_of_which_step_the_others_knobs_are(panel: WeightsPanel, show: Show) -> None:
    one, slower = runs(ONE, SLOWER, steps=12)
    scene = Scene([one, slower])
    show(scene, 10)
    panel.rival.click()
    assert panel.note.text == "larger batches: step 1"  # sixteen steps of the one are two of the other
    assert panel.note.toolTip() == ""  # that is the same moment
    one, two = runs(ONE, TWO, steps=20)
    history = two.history
    history._kept[:3] = history._kept[:17:8].copy()  # as after a long run: every 8th
    history._n_kept, history._stride = 3, 8
    scene = Scene([one, two])
    scene.rival = two
    show(scene, 15)
    assert panel.note.text.split(" · ")[0] == "two: step 8"
    assert "nearest earlier step" in panel.note.toolTip()
    show(scene, 16)
    assert "two" not in panel.note.text


def test_who_goes_leaves_the_weights_on_show(panel: WeightsPanel, show: Show) -> None:
    one, two, wide = runs(ONE, TWO, WIDE)
    scene = Scene([one, two, wide])
    show(scene, None)
    panel.rival.click()
    scene.line_up([one, wide], [], 0)
    show(scene, None)
    assert panel.weights.isChecked()
    assert not panel.rival.isVisible()
    assert "weight " in readout(panel, 0, (0, 0))


def test_what_is_selected_is_compared_the_other_way_round(panel: WeightsPanel, show: Show) -> None:
    one, two = runs(ONE, TWO)
    scene = Scene([one, two])
    show(scene, None)
    panel.rival.click()
    before = readout(panel, 1, (14, 14))
    scene.select(1)
    show(scene, None)
    assert panel.rival.accessibleName() == "minus one"
    after = readout(panel, 1, (14, 14))
    assert {before.split("difference ")[1][0], after.split("difference ")[1][0]} == {"+", "−"}
    assert before.split("difference ")[1][1:6] == after.split("difference ")[1][1:6]
