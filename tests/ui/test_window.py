from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QTableView
from pytestqt.qtbot import QtBot

from gdviz.core.run import build
from gdviz.core.scenario import parse
from gdviz.ui.window import Window
from tests.support import LONG_DIGITS, LONG_PARABOLAS, Open, everywhere_at, frame_of, go, named

Key, Shift = Qt.Key, Qt.KeyboardModifier.ShiftModifier
CLOSE_SECONDS = 0.2


# Linked


@pytest.mark.parametrize("toml", [LONG_PARABOLAS, LONG_DIGITS], ids=["surface", "digits"])
def test_one_cursor_for_the_bar_the_curve_and_the_keys(toml: str, window: Window, shown: Open, qtbot: QtBot) -> None:
    run = shown(toml)[0]
    go(window, qtbot, 12)
    window.timeline_bar.seek.emit(7)
    assert everywhere_at(window) == (7, False)
    window.loss.seek.emit(3)
    assert everywhere_at(window) == (3, False)
    np.testing.assert_array_equal(frame_of(window).theta, run.history.checkpoint(3).theta)
    for key, expected in (
        (Key.Key_Left, (2, False)),
        (Key.Key_Right, (3, False)),
        (Key.Key_Home, (0, False)),
        (Key.Key_Left, (0, False)),
        (Key.Key_End, (12, True)),
        (Key.Key_Left, (11, False)),
        (Key.Key_Right, (12, True)),
    ):
        QTest.keyClick(window, key)
        assert everywhere_at(window) == expected
    QTest.keyClick(window, Key.Key_Right)
    qtbot.waitUntil(lambda: everywhere_at(window) == (13, True))
    assert run.step == 13


def test_the_pictures_change_with_the_cursor_and_come_back_with_it(window: Window, shown: Open, qtbot: QtBot) -> None:
    # So slow that the ball stays on its slice: a new one, whenever it were made, would be another picture.
    shown(LONG_DIGITS.replace("learning_rate = 0.1", "learning_rate = 0.001") + '[view]\nplane = "random"')
    qtbot.waitUntil(lambda: frame_of(window).landscape is not None and not frame_of(window).remaking, timeout=20_000)
    slice_before = frame_of(window).landscape
    go(window, qtbot, 30)
    panels = (window.surface, window.loss, window.weights)

    def pictures(step: int) -> list[Any]:
        window.session.seek(step)
        assert everywhere_at(window)[0] == step
        qtbot.wait(30)
        return [panel.grab().toImage() for panel in panels]

    start, later, start_again = pictures(0), pictures(20), pictures(0)
    assert all(one != two for one, two in zip(start, later, strict=True))
    assert frame_of(window).landscape is slice_before
    assert [one == two for one, two in zip(start, start_again, strict=True)] == [True] * 3


def test_a_drag_on_the_timeline_seeks(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(LONG_PARABOLAS)
    go(window, qtbot, 40)
    track = window.timeline_bar.track
    QTest.mouseClick(track, Qt.MouseButton.LeftButton, pos=track.rect().center())
    assert everywhere_at(window) == (20, False)
    QTest.mouseClick(window.timeline_bar.live, Qt.MouseButton.LeftButton)
    assert everywhere_at(window) == (40, True)


def test_playing_from_the_past_replays_and_goes_on(window: Window, shown: Open, qtbot: QtBot) -> None:
    run = shown(LONG_PARABOLAS)[0]
    go(window, qtbot, 20)
    window.session.set_speed(100)
    QTest.keyClick(window, Key.Key_Home)
    QTest.keyClick(window, Key.Key_Space)
    qtbot.waitUntil(lambda: window.transport.playing and 0 < everywhere_at(window)[0] < 20)
    assert run.step == 20
    qtbot.waitUntil(lambda: everywhere_at(window)[1] and run.step > 25)
    step = frame_of(window).step
    QTest.keyClick(window, Key.Key_Left)  # a step back pauses
    assert not window.transport.playing
    assert everywhere_at(window)[0] >= step - 1
    assert not everywhere_at(window)[1]


def test_twenty_fast_presses_are_twenty_steps(window: Window, shown: Open, qtbot: QtBot) -> None:
    for toml in (LONG_DIGITS, LONG_PARABOLAS):
        run = shown(toml)[0]
        button = named(window, QAbstractButton, "Step")
        for _ in range(20):
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: everywhere_at(window) == (20, True))
        qtbot.wait(40)
        assert run.step == 20


@pytest.mark.parametrize("toml", [LONG_PARABOLAS, LONG_DIGITS], ids=["surface", "digits"])
def test_what_the_window_played_is_bit_for_bit_what_the_loop_makes(
    toml: str, window: Window, shown: Open, qtbot: QtBot
) -> None:
    runs = shown(toml)
    window.session.play()
    qtbot.waitUntil(lambda: all(run.step > 150 for run in runs), timeout=10_000)
    window.session.pause()
    qtbot.wait(100)
    for run, alone in zip(runs, build(parse(toml, "test")), strict=True):
        while alone.step < run.step:
            alone.advance()
        for ours, theirs in zip(run.history.checkpoints(), alone.history.checkpoints(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(run.history.table().cost, alone.history.table().cost)
        assert run.history.evaluations == alone.history.evaluations


# Several runs


def test_a_click_selects_a_run_and_all_panels_show_it(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(LONG_PARABOLAS)
    go(window, qtbot, 10)
    window.loss.run_selected.emit(1)
    assert window.session.selected == 1
    assert everywhere_at(window) == (10, True)
    assert frame_of(window).run.label == "bold"
    assert window.weights.run_label.text == "bold"
    table = named(window, QTableView, "The runs' standings")
    assert [entry.texts[0] for entry in table.entries if entry.selected] == ["bold"]
    window.surface.run_selected.emit(0)
    assert window.session.selected == 0
    row = table.visualRect(table.model().index(1, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=row)
    assert window.session.selected == 1
    assert named(window, QLineEdit, "learning rate").text() == "0.002"


def test_a_ghost_cannot_be_selected(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(LONG_PARABOLAS)
    go(window, qtbot, 3)
    with qtbot.waitSignal(window.session.opened):
        QTest.keyClick(window, Key.Key_R)
    assert [run.ghost for run in frame_of(window).runs] == [True, True, False, False]
    for ghost in (1, 0):
        window.surface.run_selected.emit(ghost)
        assert window.session.selected == 0
    window.loss.run_selected.emit(3)
    assert window.session.selected == 1


# The end


def playing_digits(window: Window, qtbot: QtBot) -> None:
    window.open("digits")
    qtbot.waitUntil(lambda: window.session.run is not None, timeout=20_000)
    window.session.play()
    run = window.session.run
    assert run is not None
    qtbot.waitUntil(lambda: run.step > 60, timeout=20_000)


def in_a_full_batch(window: Window, qtbot: QtBot) -> None:
    window.open("batches")
    qtbot.waitUntil(lambda: len(window.session.runs) == 3, timeout=20_000)
    window.session.play()
    qtbot.waitUntil(lambda: window.session.runs[0].between, timeout=20_000)


def in_an_evaluation(window: Window, qtbot: QtBot) -> None:
    window.open("digits")
    qtbot.waitUntil(lambda: window.session.run is not None, timeout=20_000)
    run = window.session.run
    assert run is not None
    window.session.play()
    qtbot.waitUntil(lambda: run.between, timeout=20_000)


@pytest.mark.parametrize("moment", [playing_digits, in_a_full_batch, in_an_evaluation])
def test_a_close_during_training_ends_the_threads_at_once(
    moment: Callable[[Window, QtBot], None],
    new_window: Callable[[], Window],
    qtbot: QtBot,
    record_property: Callable[[str, object], None],
) -> None:
    taken = []
    for _ in range(5):
        window = new_window()
        moment(window, qtbot)
        before = perf_counter()
        assert window.close()
        taken.append(perf_counter() - before)
        assert window.session._worker.isFinished()
        assert window.session._background.isFinished()
    record_property("close_milliseconds", [round(1000 * seconds) for seconds in taken])
    assert max(taken) < CLOSE_SECONDS


def test_the_quit_key_closes(window: Window, shown: Open) -> None:
    shown(LONG_PARABOLAS)
    window.session.play()
    quit_action = next(action for action in window.actions() if isinstance(action, QAction) and action.text() == "Quit")
    assert quit_action.shortcut().toString() == "Ctrl+Q"
    quit_action.trigger()
    assert not window.isVisible()
    assert window.session._worker.isFinished()


@pytest.mark.x11  # the offscreen platform has a screen of 800 x 800 pixels
def test_layout_and_theme_are_those_of_last_time(new_window: Callable[[], Window], qtbot: QtBot) -> None:
    window = new_window()
    window.resize(1100, 720)
    window._panels.setSizes([300, 400, 360])
    qtbot.wait(20)
    size, sizes = window.size(), window._panels.sizes()
    window.close()
    again = new_window()
    qtbot.wait(20)
    assert again.size() == size
    assert again._panels.sizes() == sizes
