import math
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QSlider, QTableView, QWidget
from pytestqt.qtbot import QtBot

from gdviz.core.scenario import load_scenario
from gdviz.ui.window import Window
from tests.support import LONG_DIGITS, LONG_PARABOLAS, PARABOLA, Open, everywhere_at, frame_of, go, named

Key, Shift = Qt.Key, Qt.KeyboardModifier.ShiftModifier


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
    "race": lambda w: named(w, QTableView, "The runs' standings"),
    "log": lambda w: named(w, QAbstractButton, "log cost axis"),
    "the window": lambda w: w,
}


def test_the_training_waits_for_whatever_the_window_does(window: Window, shown: Open, qtbot: QtBot) -> None:
    (run,) = shown(PARABOLA.replace("steps = 50", "steps = 100_000_000"))
    session = window.session
    session.set_speed(math.inf)
    session.play()
    qtbot.waitUntil(lambda: run.step > 100)
    QCoreApplication.sendEvent(window, QEvent(QEvent.Type.User))
    time.sleep(0.01)  # the step that was begun ends
    step = run.step
    time.sleep(0.02)
    assert run.step == step
    time.sleep(0.2)
    assert run.step > step + 100, "but not for one that does something else for long"
    session.pause()


@pytest.mark.parametrize("control", CONTROLS)
def test_transport_keys_win_wherever_the_focus_is(control: str, window: Window, shown: Open, qtbot: QtBot) -> None:
    session = window.session
    first = shown(LONG_PARABOLAS)
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
    assert everywhere_at(window) == (4, False)
    press(Key.Key_Right)
    assert everywhere_at(window) == (5, True)
    press(Key.Key_Home)
    assert everywhere_at(window) == (0, False)
    press(Key.Key_End)
    assert everywhere_at(window) == (5, True)
    press(Key.Key_Right)
    qtbot.waitUntil(lambda: everywhere_at(window) == (6, True))
    press(Key.Key_E)
    qtbot.waitUntil(lambda: everywhere_at(window) == (7, True))
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


def test_in_a_text_field_keys_type(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(LONG_PARABOLAS)
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
    assert everywhere_at(window) == (5, True)
    assert not window.session.playing
    assert window.session.runs == runs


def test_up_and_down_move_a_slider(window: Window, shown: Open, qtbot: QtBot) -> None:
    run = shown(LONG_PARABOLAS)[0]
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
    assert everywhere_at(window) == (2, False)


def test_a_key_held_down_steps_on_but_plays_or_resets_once(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(LONG_PARABOLAS)
    go(window, qtbot, 9)

    def repeat(key: Qt.Key) -> None:
        event = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, "", True)
        QApplication.sendEvent(window, event)

    for _ in range(3):
        repeat(Key.Key_Left)
    assert everywhere_at(window) == (6, False)
    repeat(Key.Key_Space)
    assert not window.session.playing
    runs = window.session.runs
    repeat(Key.Key_R)
    qtbot.wait(50)
    assert window.session.runs == runs


def test_an_open_list_has_the_keys(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(LONG_PARABOLAS)
    picker = window.transport.scenarios
    picker.showPopup()
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
    QTest.keyClick(picker.view(), Key.Key_Home)
    QTest.keyClick(picker.view(), Key.Key_Space)
    assert not window.session.playing
    picker.hidePopup()


# Messages and bad input


def test_a_run_that_blew_up_offers_a_smaller_rate_and_the_window_stays_usable(
    window: Window, shown: Open, qtbot: QtBot
) -> None:
    shown(
        LONG_PARABOLAS[: LONG_PARABOLAS.index("[[runs]]")]
        + '[[runs]]\noptimizer = { learning_rate = 2.0, kind = "gradient-descent" }'
    )
    QTest.keyClick(window, Key.Key_Space)
    qtbot.waitUntil(lambda: window.messages.kind == "warning", timeout=10_000)
    qtbot.waitUntil(lambda: not window.transport.playing)
    assert everywhere_at(window) == (322, True)
    QTest.keyClick(window, Key.Key_Left)
    assert everywhere_at(window) == (321, False)
    QTest.keyClick(window, Key.Key_Home)
    assert everywhere_at(window) == (0, False)
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


def test_a_message_about_runs_that_are_gone_goes_with_them(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(
        LONG_PARABOLAS[: LONG_PARABOLAS.index("[[runs]]")]
        + '[[runs]]\noptimizer = { learning_rate = 1e6, kind = "gradient-descent" }'
    )
    QTest.keyClick(window, Key.Key_Space)
    qtbot.waitUntil(lambda: window.messages.kind == "warning", timeout=10_000)
    with qtbot.waitSignal(window.session.opened):
        QTest.keyClick(window, Key.Key_R)
    assert window.messages.kind == ""


@pytest.mark.parametrize("text", ["abc", "", "-1", "0", "nan", "inf", "1e9", "0.1.2"])
def test_a_rate_that_cannot_be_is_said_and_the_old_one_stays(
    text: str, window: Window, shown: Open, said: list[tuple[str, str]]
) -> None:
    run = shown(LONG_PARABOLAS)[0]
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
    name: str, text: str, words: str, window: Window, shown: Open, said: list[tuple[str, str]], qtbot: QtBot
) -> None:
    (run,) = shown(LONG_DIGITS)
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
    qtbot.waitUntil(lambda: everywhere_at(window)[0] > step)
    assert len(said) == 1


def test_a_broken_file_is_one_message_and_the_runs_go_on(
    window: Window, shown: Open, said: list[tuple[str, str]], qtbot: QtBot, tmp_path: Path
) -> None:
    runs = shown(LONG_PARABOLAS)
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


def test_the_picker_opens_a_scenario_and_its_way_of_looking(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(LONG_PARABOLAS)
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
