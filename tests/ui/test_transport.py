import math
import time
from itertools import pairwise
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QApplication, QComboBox, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gdviz.ui import style
from gdviz.ui.theme import DARK, LIGHT
from gdviz.ui.transport import SPEEDS, TimelineBar, TransportBar, steps_per_second

Key = Qt.Key
BUTTONS = {
    "Open": "open_asked",
    "Start": "start_asked",
    "Back": "back_asked",
    "Step": "step_asked",
    "Epoch": "epoch_asked",
    "Live": "live_asked",
    "Reset": "reset_asked",
    "New seed": "new_seed_asked",
    "Compare": "compare_asked",
    "Theme": "theme_asked",
}
SHORTCUTS = {
    "Start": "Home",
    "Back": "Left",
    "Play": "Space",
    "Step": "Right",
    "Epoch": "(E)",
    "Live": "End",
    "Reset": "(R)",
    "New seed": "Shift+R",
    "Compare": "(C)",
    "Theme": "(T)",
}


@pytest.fixture
def bar(qtbot: QtBot) -> TransportBar:
    made = TransportBar(DARK)
    made.show_scenarios([("digits", "A network learns to read digits"), ("bounce", "Bounce")], "digits")
    made.resize(1024, made.sizeHint().height())
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def timeline(qtbot: QtBot) -> TimelineBar:
    made = TimelineBar()
    made.resize(1000, made.sizeHint().height())
    qtbot.addWidget(made)
    made.show()
    return made


def button(widget: QWidget, name: str) -> QAbstractButton:
    return next(b for b in widget.findChildren(QAbstractButton) if b.accessibleName() == name)


@pytest.mark.parametrize(("name", "signal"), BUTTONS.items())
def test_every_button_asks_for_its_own_and_nothing_else(bar: TransportBar, name: str, signal: str) -> None:
    said: list[str] = []
    for each in BUTTONS.values():
        getattr(bar, each).connect(lambda each=each: said.append(each))
    button(bar, name).click()
    assert said == [signal]


def test_tooltips_name_the_shortcut(bar: TransportBar) -> None:
    for name, shortcut in SHORTCUTS.items():
        assert shortcut in button(bar, name).toolTip()


def test_play_asks_for_the_other_state_and_shows_what_it_is_told(bar: TransportBar) -> None:
    asked: list[bool] = []
    bar.play_toggled.connect(asked.append)
    bar.play.click()
    assert (asked, bar.play.accessibleName()) == ([True], "Play")
    width = bar.play.width()
    bar.set_playing(True)
    QApplication.processEvents()
    assert bar.play.accessibleName() == "Pause"
    assert bar.play.width() == width
    bar.play.click()
    assert asked == [True, False]


def test_the_scenario_that_runs_is_shown_and_a_choice_says_its_name(bar: TransportBar) -> None:
    said: list[str] = []
    bar.scenario_chosen.connect(said.append)
    assert bar.scenarios.currentText() == "A network learns to read digits"
    bar.scenarios.activated.emit(1)
    assert said == ["bounce"]
    bar.show_scenarios([("digits", "Digits")], "elsewhere.toml")
    assert bar.scenarios.currentIndex() == -1
    assert said == ["bounce"]


def test_surfaces_have_no_epoch(bar: TransportBar) -> None:
    bar.set_has_epochs(False)
    assert not bar.epoch.isVisible()
    bar.set_has_epochs(True)
    assert bar.epoch.isVisible()


@pytest.mark.parametrize(
    ("speed", "text"),
    [(1.0, "1 step/s"), (2.5, "2.5 steps/s"), (20, "20 steps/s"), (5000, "5,000 steps/s"), (math.inf, "max")],
)
def test_a_speed_in_words(speed: float, text: str) -> None:
    assert steps_per_second(speed) == text


def test_the_speed_slider_stops_at_round_numbers(bar: TransportBar, qtbot: QtBot) -> None:
    said: list[float] = []
    bar.speed_changed.connect(said.append)
    bar.track.moved.emit(len(SPEEDS) - 1)
    assert said == [math.inf]
    QTest.keyClick(bar.track, Key.Key_Up)  # there is nothing above
    QTest.keyClick(bar.track, Key.Key_Down)
    assert said == [math.inf, 5000]


def test_a_speed_between_two_stops_is_kept_and_a_step_goes_to_the_next(bar: TransportBar, qtbot: QtBot) -> None:
    said: list[float] = []
    bar.speed_changed.connect(said.append)
    for key, goes_to in ((Key.Key_Up, 50), (Key.Key_Down, 20)):
        bar.set_speed(30)
        assert bar.speed == 30
        QTest.keyClick(bar.track, key)
        assert said.pop() == goes_to
    assert said == []


@pytest.mark.parametrize("width", [1024, 1400, 3840])
def test_nothing_of_the_toolbar_is_cut_off_or_covered(bar: TransportBar, width: int) -> None:
    bar.resize(width, bar.height())
    QApplication.processEvents()
    parts = [w for w in bar.children() if isinstance(w, QWidget) and w.isVisible() and w.width()]
    parts.sort(key=lambda part: part.x())
    for one, other in pairwise(parts):
        assert one.geometry().right() < other.x()
        assert one.width() >= one.minimumSizeHint().width()
    assert parts[-1].geometry().right() < width


def test_a_bar_made_before_the_look_fits_it(bar: TransportBar, qapp: QApplication, look: None) -> None:
    font = qapp.font()
    font.setPointSizeF(20)
    qapp.setFont(font)
    style.apply(qapp, DARK, 20)
    bar.set_theme(DARK)
    QApplication.processEvents()
    for playing in (True, False):
        bar.set_playing(playing)
        assert bar.play.width() >= bar.play.sizeHint().width()
    speed = next(label for label in bar.findChildren(QLabel) if label.text() == "20 steps/s")
    assert speed.font().pointSizeF() == 20
    bar.set_speed(5000)
    assert speed.width() >= speed.sizeHint().width()


def test_the_theme_button_shows_what_a_press_brings(bar: TransportBar) -> None:
    sun = bar.theme.icon().pixmap(32).toImage()
    bar.set_theme(LIGHT)
    assert bar.theme.icon().pixmap(32).toImage() != sun


def test_transport_keys_pass_through_both_bars(qtbot: QtBot) -> None:
    keys = [Key.Key_Space, Key.Key_Left, Key.Key_Right, Key.Key_Home, Key.Key_End, Key.Key_R, Key.Key_E, Key.Key_T]
    taken: list[int] = []

    class Window(QWidget):
        def keyPressEvent(self, event: Any) -> None:
            taken.append(event.key())

    window = Window()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    column.addWidget(TransportBar(DARK))
    column.addWidget(TimelineBar())
    window.show()
    controls = [w for w in window.findChildren(QWidget) if isinstance(w, QAbstractButton | QComboBox | QAbstractSlider)]
    assert len(controls) >= 14
    for control in controls:
        if control.focusPolicy() & Qt.FocusPolicy.TabFocus:
            taken.clear()
            for key in keys:
                QTest.keyClick(control, key)
            assert taken == keys, control.accessibleName()


def test_enter_presses_the_button_that_has_the_keyboard(bar: TransportBar, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bar.reset_asked, timeout=1000):
        QTest.keyClick(button(bar, "Reset"), Key.Key_Return)


def test_a_click_and_a_drag_on_the_timeline_seek(timeline: TimelineBar, qtbot: QtBot) -> None:
    said: list[int] = []
    timeline.seek.connect(said.append)
    timeline.set_position(1000, 1000, live=True)
    assert said == []
    track = timeline.track
    y, left = track.height() // 2, QPoint(0, track.height() // 2)
    QTest.mousePress(track, Qt.MouseButton.LeftButton, pos=QPoint(track.width() // 2, y))
    assert said == [pytest.approx(500, abs=2)]
    QTest.mouseMove(track, left)
    QTest.mouseRelease(track, Qt.MouseButton.LeftButton, pos=left)
    assert said[-1] == 0
    count = len(said)
    QTest.mouseMove(track, QPoint(track.width() - 1, y))  # not held: no seek
    assert len(said) == count


def test_keys_on_the_timeline_go_step_by_step(timeline: TimelineBar, qtbot: QtBot) -> None:
    said: list[int] = []
    timeline.seek.connect(said.append)
    timeline.set_position(9, 10, live=False)
    for key in (Key.Key_Up, Key.Key_Up, Key.Key_Down, Key.Key_PageDown, Key.Key_PageUp):
        QTest.keyClick(timeline.track, key)
    assert said == [10, 9, 4, 9]  # nothing beyond the newest


def test_the_filled_part_of_the_timeline_is_the_part_that_was_played(timeline: TimelineBar) -> None:
    for step in (0, 250, 500, 900):
        timeline.set_position(step, 1000, live=False)
        image = timeline.track.grab().toImage()
        accent = timeline.palette().highlight().color().name()
        row = [image.pixelColor(x, image.height() // 2).name() for x in range(image.width())]
        filled = sum(colour == accent for colour in row) / len(row)
        assert filled == pytest.approx(step / 1000, abs=0.03)


def test_live_is_lit_only_by_being_live(timeline: TimelineBar, qtbot: QtBot) -> None:
    timeline.set_position(5, 10, live=False)
    dark = timeline.track.grab().toImage()
    assert not timeline.live.isChecked()
    with qtbot.waitSignal(timeline.live_asked, timeout=1000):
        timeline.live.click()
    assert not timeline.live.isChecked()
    timeline.set_position(5, 10, live=True)
    assert timeline.live.isChecked()
    assert timeline.track.grab().toImage() != dark


def test_a_counting_readout_moves_nothing(timeline: TimelineBar) -> None:
    widest = "step 8,888 of 8,888 · epoch 0.8 · accuracy 88.8 %"
    timeline.set_readout("step 8,888 · epoch 0.8 · accuracy 88.8 %", widest)
    QApplication.processEvents()
    place = timeline.track.geometry(), timeline.readout.geometry()
    for text in ("step 1,111 of 8,888 · epoch 0.2 · accuracy 11.1 %", widest, "step 0"):
        timeline.set_readout(text, widest)
        QApplication.processEvents()
        assert (timeline.track.geometry(), timeline.readout.geometry()) == place


def test_a_new_position_costs_less_than_a_tenth_of_a_millisecond(timeline: TimelineBar) -> None:
    fastest = math.inf
    for _ in range(20):
        start = time.perf_counter()
        for step in range(1000, 1100):
            timeline.set_position(step, step, live=True)
        fastest = min(fastest, (time.perf_counter() - start) / 100)
    assert fastest < 1e-4
