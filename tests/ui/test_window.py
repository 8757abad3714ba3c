import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QSlider, QWidget
from pytestqt.qtbot import QtBot

from gdviz.core.frame import Frame
from gdviz.core.run import Run, build
from gdviz.core.scenario import load_scenario, parse
from gdviz.ui.app import make_window
from gdviz.ui.theme import DARK
from gdviz.ui.window import Window

Key, Shift = Qt.Key, Qt.KeyboardModifier.ShiftModifier
DIGITS = """
title = "Small"
[problem]
kind = "digits"
train_size = 2000
[stop]
epochs = 1000
[[runs]]
batch_size = 16
optimizer = { kind = "momentum", learning_rate = 0.1 }
"""
PARABOLA = """
title = "Parabola"
[problem]
kind = "surface"
name = "parabola"
[stop]
steps = 1000000
[[runs]]
label = "gentle"
optimizer = { kind = "momentum", learning_rate = 0.001 }
[[runs]]
label = "bold"
optimizer = { kind = "gradient-descent", learning_rate = 0.002 }
"""
CLOSE_SECONDS = 0.2
Open = Callable[[str], list[Run]]


@pytest.fixture
def new_window(qapp: QApplication, qtbot: QtBot) -> Iterator[Callable[[], Window]]:
    """A function that opens a window with the keyboard; the application's look is given back."""
    before = qapp.style().name(), qapp.font(), qapp.palette()

    def make() -> Window:
        made = make_window(DARK)
        qtbot.addWidget(made)
        with qtbot.waitActive(made):
            made.show()
            made.activateWindow()
        return made

    yield make
    for widget in qapp.topLevelWidgets():
        widget.close()
    qapp.setStyleSheet("")
    qapp.setStyle(before[0])
    qapp.setFont(before[1])
    qapp.setPalette(before[2])


@pytest.fixture
def window(new_window: Callable[[], Window]) -> Window:
    return new_window()


@pytest.fixture
def opened(window: Window, qtbot: QtBot, tmp_path: Path) -> Open:
    """A function that opens a scenario's text in the window and gives its runs."""

    def carry_out(toml: str) -> list[Run]:
        path = tmp_path / "scenario.toml"
        path.write_text(toml, "utf-8")
        with qtbot.waitSignal(window.session.opened, timeout=20_000):
            assert window.open(str(path))
        return window.session.runs

    return carry_out


@pytest.fixture
def said(window: Window) -> list[tuple[str, str]]:
    """Kind and text of all messages."""
    heard: list[tuple[str, str]] = []
    window.session.message.connect(lambda kind, text, _: heard.append((kind, text)))
    window.knobs.rejected.connect(lambda text: heard.append(("error", text)))
    return heard


def frame_of(window: Window) -> Frame:
    frame = window.session.timeline.frame
    assert frame is not None
    return frame


def at(window: Window) -> tuple[int, bool]:
    """Step and live, and that all panels say the same."""
    frame = frame_of(window)
    assert window.surface._frame is window.loss._frame is window.weights._frame is frame
    bar = window.timeline_bar
    assert (bar.track.value(), bar.track.live, bar.live.isChecked()) == (frame.step, frame.live, frame.live)
    words = f"step {frame.step:,}" + ("" if frame.live else f" of {frame.run.newest:,}")
    assert bar.readout.text().startswith(words + " · ")
    marks = window.surface._marks[frame.selected]
    assert frame.landscape is None or marks.ball.isVisible() or marks.edge.isVisible()
    return frame.step, frame.live


def go(window: Window, qtbot: QtBot, step: int) -> None:
    """Single steps, up to a step."""
    for _ in range(step - frame_of(window).step):
        window.session.forward()
    qtbot.waitUntil(lambda: at(window) == (step, True), timeout=10_000)


def named(window: Window, kind: type[QWidget], name: str) -> Any:
    """The one widget of this kind with this accessible name or text."""
    found = [
        w
        for w in window.findChildren(kind)
        if w.isVisible()
        and (w.accessibleName() == name or (isinstance(w, QAbstractButton) and w.text().strip() == name))
    ]
    assert len(found) == 1, [w.accessibleName() for w in window.findChildren(kind)]
    return found[0]


# Linked


@pytest.mark.parametrize("toml", [PARABOLA, DIGITS], ids=["surface", "digits"])
def test_one_cursor_for_the_bar_the_curve_and_the_keys(toml: str, window: Window, opened: Open, qtbot: QtBot) -> None:
    run = opened(toml)[0]
    go(window, qtbot, 12)
    window.timeline_bar.seek.emit(7)
    assert at(window) == (7, False)
    window.loss.seek.emit(3)
    assert at(window) == (3, False)
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
        assert at(window) == expected
    QTest.keyClick(window, Key.Key_Right)
    qtbot.waitUntil(lambda: at(window) == (13, True))
    assert run.step == 13


def test_the_pictures_change_with_the_cursor_and_come_back_with_it(window: Window, opened: Open, qtbot: QtBot) -> None:
    opened(DIGITS)
    qtbot.waitUntil(lambda: frame_of(window).landscape is not None and not frame_of(window).remaking, timeout=20_000)
    go(window, qtbot, 30)
    panels = (window.surface, window.loss, window.weights)

    def pictures(step: int) -> list[Any]:
        window.session.seek(step)
        assert at(window)[0] == step
        qtbot.wait(30)
        return [panel.grab().toImage() for panel in panels]

    start, later, start_again = pictures(0), pictures(20), pictures(0)
    assert all(one != two for one, two in zip(start, later, strict=True))
    assert all(one == two for one, two in zip(start, start_again, strict=True))


def test_a_drag_on_the_timeline_seeks(window: Window, opened: Open, qtbot: QtBot) -> None:
    opened(PARABOLA)
    go(window, qtbot, 40)
    track = window.timeline_bar.track
    QTest.mouseClick(track, Qt.MouseButton.LeftButton, pos=track.rect().center())
    assert at(window) == (20, False)
    QTest.mouseClick(window.timeline_bar.live, Qt.MouseButton.LeftButton)
    assert at(window) == (40, True)


def test_playing_from_the_past_replays_and_goes_on(window: Window, opened: Open, qtbot: QtBot) -> None:
    run = opened(PARABOLA)[0]
    go(window, qtbot, 20)
    window.session.set_speed(100)
    QTest.keyClick(window, Key.Key_Home)
    QTest.keyClick(window, Key.Key_Space)
    qtbot.waitUntil(lambda: window.transport.playing and 0 < at(window)[0] < 20)
    assert run.step == 20
    qtbot.waitUntil(lambda: at(window)[1] and run.step > 25)
    step = frame_of(window).step
    QTest.keyClick(window, Key.Key_Left)  # a step back pauses
    assert not window.transport.playing
    assert at(window)[0] >= step - 1
    assert not at(window)[1]


def test_twenty_fast_presses_are_twenty_steps(window: Window, opened: Open, qtbot: QtBot) -> None:
    for toml in (DIGITS, PARABOLA):
        run = opened(toml)[0]
        button = named(window, QAbstractButton, "Step")
        for _ in range(20):
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: at(window) == (20, True))
        qtbot.wait(40)
        assert run.step == 20


@pytest.mark.parametrize("toml", [PARABOLA, DIGITS], ids=["surface", "digits"])
def test_what_the_window_played_is_bit_for_bit_what_the_loop_makes(
    toml: str, window: Window, opened: Open, qtbot: QtBot
) -> None:
    runs = opened(toml)
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


# Keys


CONTROLS: dict[str, Callable[[Window], QWidget]] = {
    "play": lambda w: w.transport.play,
    "step": lambda w: named(w, QAbstractButton, "Step"),
    "scenarios": lambda w: w.transport.scenarios,
    "speed": lambda w: w.transport.track,
    "timeline": lambda w: w.timeline_bar.track,
    "live": lambda w: w.timeline_bar.live,
    "learning rate": lambda w: named(w, QSlider, "learning rate slider"),
    "optimizer": lambda w: named(w, QComboBox, "Optimizer"),
    "run": lambda w: named(w, QAbstractButton, "Run gentle"),
    "log": lambda w: named(w, QAbstractButton, "log cost axis"),
    "the window": lambda w: w,
}


@pytest.mark.parametrize("control", CONTROLS)
def test_transport_keys_win_wherever_the_focus_is(control: str, window: Window, opened: Open, qtbot: QtBot) -> None:
    session = window.session
    first = opened(PARABOLA)
    session.set_speed(1.0)
    go(window, qtbot, 5)

    def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        widget = CONTROLS[control](window)
        widget.setFocus()
        assert control == "the window" or QApplication.focusWidget() is widget
        before = (window.transport.scenarios.currentIndex(), window.transport.speed, window.loss._log, session.selected)
        QTest.keyClick(QApplication.focusWidget() or window, key, modifier)
        after = (window.transport.scenarios.currentIndex(), window.transport.speed, window.loss._log, session.selected)
        assert before == after  # the control itself stays as it is
        assert not QApplication.activePopupWidget()

    press(Key.Key_Left)
    assert at(window) == (4, False)
    press(Key.Key_Right)
    assert at(window) == (5, True)
    press(Key.Key_Home)
    assert at(window) == (0, False)
    press(Key.Key_End)
    assert at(window) == (5, True)
    press(Key.Key_Right)
    qtbot.waitUntil(lambda: at(window) == (6, True))
    press(Key.Key_E)
    qtbot.waitUntil(lambda: at(window) == (7, True))
    for playing in (True, False):
        press(Key.Key_Space)
        assert session.playing is playing
    press(Key.Key_T)
    assert window.theme.name == "light"
    with qtbot.waitSignal(session.opened):
        press(Key.Key_R)
    assert session.runs[0] is not first[0]
    with qtbot.waitSignal(session.opened):
        press(Key.Key_R, Shift)
    assert [run.spec.seed for run in session.runs] == [1, 1]


def test_in_a_text_field_keys_type(window: Window, opened: Open, qtbot: QtBot) -> None:
    opened(PARABOLA)
    go(window, qtbot, 5)
    runs = window.session.runs
    for name in ("learning rate", "start"):
        entry = named(window, QLineEdit, name)
        entry.setFocus()
        entry.selectAll()
        QTest.keyClicks(entry, "a e RrtT")
        assert entry.text() == "a e RrtT"
        for key, place in ((Key.Key_Left, 7), (Key.Key_Home, 0), (Key.Key_Right, 1), (Key.Key_End, 8)):
            QTest.keyClick(entry, key)
            assert entry.cursorPosition() == place
        QTest.keyClick(entry, Key.Key_Escape)
    assert at(window) == (5, True)
    assert not window.session.playing
    assert window.session.runs == runs


def test_up_and_down_move_a_slider(window: Window, opened: Open, qtbot: QtBot) -> None:
    run = opened(PARABOLA)[0]
    go(window, qtbot, 3)
    track = named(window, QSlider, "learning rate slider")
    track.setFocus()
    QTest.keyClick(track, Key.Key_Up)
    assert 0.001 < run.optimizer.learning_rate < 0.0013
    QTest.keyClick(track, Key.Key_Down)
    QTest.keyClick(track, Key.Key_Down)
    assert 0.0008 < run.optimizer.learning_rate < 0.001
    qtbot.waitUntil(lambda: frame_of(window).run.learning_rate == run.optimizer.learning_rate)
    window.transport.track.setFocus()
    before = window.session.timeline.pace
    QTest.keyClick(window.transport.track, Key.Key_Down)
    assert window.session.timeline.pace < before
    window.timeline_bar.track.setFocus()
    QTest.keyClick(window.timeline_bar.track, Key.Key_Down)
    assert at(window) == (2, False)


def test_a_key_held_down_steps_on_but_plays_or_resets_once(window: Window, opened: Open, qtbot: QtBot) -> None:
    opened(PARABOLA)
    go(window, qtbot, 9)

    def repeat(key: Qt.Key) -> None:
        event = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, "", True)
        QApplication.sendEvent(window, event)

    for _ in range(3):
        repeat(Key.Key_Left)
    assert at(window) == (6, False)
    repeat(Key.Key_Space)
    assert not window.session.playing
    runs = window.session.runs
    repeat(Key.Key_R)
    qtbot.wait(50)
    assert window.session.runs == runs


def test_an_open_list_has_the_keys(window: Window, opened: Open, qtbot: QtBot) -> None:
    opened(PARABOLA)
    picker = window.transport.scenarios
    picker.showPopup()
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
    QTest.keyClick(picker.view(), Key.Key_Home)
    QTest.keyClick(picker.view(), Key.Key_Space)
    assert not window.session.playing
    picker.hidePopup()


# Messages and bad input


def test_a_run_that_blew_up_offers_a_smaller_rate_and_the_window_stays_usable(
    window: Window, opened: Open, qtbot: QtBot
) -> None:
    opened(
        PARABOLA[: PARABOLA.index("[[runs]]")]
        + '[[runs]]\noptimizer = { learning_rate = 2.0, kind = "gradient-descent" }'
    )
    QTest.keyClick(window, Key.Key_Space)
    qtbot.waitUntil(lambda: window.messages.kind == "warning", timeout=10_000)
    qtbot.waitUntil(lambda: not window.transport.playing)
    assert at(window) == (322, True)
    QTest.keyClick(window, Key.Key_Left)
    assert at(window) == (321, False)
    QTest.keyClick(window, Key.Key_Home)
    assert at(window) == (0, False)
    button = named(window, QAbstractButton, "Restart at a smaller rate")
    with qtbot.waitSignal(window.session.opened):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.messages.kind == ""
    assert not button.isVisible()
    (run,) = window.session.runs
    assert run.optimizer.learning_rate == 0.67
    assert named(window, QLineEdit, "learning rate").text() == "0.67"
    go(window, qtbot, 50)
    assert run.row.cost < 1e-10


def test_a_message_about_runs_that_are_gone_goes_with_them(window: Window, opened: Open, qtbot: QtBot) -> None:
    opened(
        PARABOLA[: PARABOLA.index("[[runs]]")]
        + '[[runs]]\noptimizer = { learning_rate = 1e6, kind = "gradient-descent" }'
    )
    QTest.keyClick(window, Key.Key_Space)
    qtbot.waitUntil(lambda: window.messages.kind == "warning", timeout=10_000)
    with qtbot.waitSignal(window.session.opened):
        QTest.keyClick(window, Key.Key_R)
    assert window.messages.kind == ""


@pytest.mark.parametrize("text", ["abc", "", "-1", "0", "nan", "inf", "1e9", "0.1.2"])
def test_a_rate_that_cannot_be_is_said_and_the_old_one_stays(
    text: str, window: Window, opened: Open, said: list[tuple[str, str]]
) -> None:
    run = opened(PARABOLA)[0]
    entry = named(window, QLineEdit, "learning rate")
    entry.setFocus()
    entry.selectAll()
    QTest.keyClick(entry, Key.Key_Delete)
    QTest.keyClicks(entry, text)
    QTest.keyClick(entry, Key.Key_Return)
    assert len(said) == 1
    assert f"got “{text}”" in said[0][1]
    assert window.messages.kind == "error"
    assert run.optimizer.learning_rate == 0.001


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("hidden layers", "0", "hidden[0]"),
        ("hidden layers", "99999", "hidden[0]"),
        ("hidden layers", "sixteen", "sixteen"),
        ("batch size", "2001", "2,000"),
        ("images", "60001", "60,000"),
        ("data", "/no/such/folder", "/no/such/folder"),
    ],
)
def test_a_set_up_that_cannot_be_is_one_message_and_the_runs_go_on(
    name: str, text: str, words: str, window: Window, opened: Open, said: list[tuple[str, str]], qtbot: QtBot
) -> None:
    (run,) = opened(DIGITS)
    window.session.set_speed(100)
    window.session.play()
    entry = named(window, QLineEdit, name)
    entry.setFocus()
    entry.selectAll()
    QTest.keyClicks(entry, text)
    QTest.keyClick(entry, Key.Key_Return)
    qtbot.waitUntil(lambda: len(said) == 1)
    assert said[0][0] == window.messages.kind == "error"
    assert words in said[0][1]
    assert window.session.runs == [run]
    step = run.step
    qtbot.waitUntil(lambda: run.step > step + 2)
    qtbot.waitUntil(lambda: at(window)[0] > step)
    assert len(said) == 1


def test_a_broken_file_is_one_message_and_the_runs_go_on(
    window: Window, opened: Open, said: list[tuple[str, str]], qtbot: QtBot, tmp_path: Path
) -> None:
    runs = opened(PARABOLA)
    window.session.play()
    broken = tmp_path / "broken.toml"
    broken.write_text("[[[")
    assert not window.open(str(broken))
    assert [kind for kind, _ in said] == ["error"]
    assert "broken.toml" in said[0][1]
    assert window.session.runs == runs
    step = runs[0].step
    qtbot.waitUntil(lambda: runs[0].step > step)
    window.session.pause()
    with qtbot.waitSignal(window.session.opened):
        window.session.reset()
    picker = window.transport.scenarios
    assert picker.currentText() == "Parabola"
    assert picker.findText("broken", Qt.MatchFlag.MatchContains) < 0
    assert window.windowTitle() == "Parabola — gdviz"


def test_the_picker_opens_a_scenario_and_its_way_of_looking(window: Window, opened: Open, qtbot: QtBot) -> None:
    opened(PARABOLA)
    with qtbot.waitSignal(window.session.opened):
        window.transport.scenario_chosen.emit("overshoot")
    assert window.windowTitle() == f"{load_scenario('overshoot').title} — gdviz"
    assert window.transport.scenarios.currentData() == "overshoot"
    assert window.transport.speed == window.session.timeline.pace == 2
    assert window.loss._log
    window.loss.set_cost_axis("linear")
    with qtbot.waitSignal(window.session.opened):
        window.session.reset()
    assert not window.loss._log  # what the user chose outlives a reset


# Several runs


def test_a_click_selects_a_run_and_all_panels_show_it(window: Window, opened: Open, qtbot: QtBot) -> None:
    opened(PARABOLA)
    go(window, qtbot, 10)
    window.loss.run_selected.emit(1)
    assert window.session.selected == 1
    assert at(window) == (10, True)
    assert frame_of(window).run.label == "bold"
    assert window.weights.run_label.text == "bold"
    assert named(window, QAbstractButton, "Run bold").isChecked()
    window.surface.run_selected.emit(0)
    assert window.session.selected == 0
    QTest.mouseClick(named(window, QAbstractButton, "Run bold"), Qt.MouseButton.LeftButton)
    assert window.session.selected == 1
    assert named(window, QLineEdit, "learning rate").text() == "0.002"


def test_a_ghost_cannot_be_selected(window: Window, opened: Open, qtbot: QtBot) -> None:
    opened(PARABOLA)
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
        assert window.session._pictures.isFinished()
    record_property("close_milliseconds", [round(1000 * seconds) for seconds in taken])
    print("close", moment.__name__, [round(1000 * seconds) for seconds in taken])  # noqa: T201
    assert statistics.median(taken) < CLOSE_SECONDS


def test_the_quit_key_closes(window: Window, opened: Open) -> None:
    opened(PARABOLA)
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
