"""Sliders with a number to type: what is shown, taken and refused, by keys, mouse and wheel."""

from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gdviz.ui.sliders import FractionSlider, LinearSlider, LogSlider
from gdviz.ui.widgets import number
from tests.ui.controls_support import Heard, Key, typed


@pytest.fixture
def rate(qtbot: QtBot) -> LogSlider:
    slider = LogSlider(0, 1e6, 0.1, "learning rate", track=(1e-4, 10.0))
    slider.resize(260, 60)
    qtbot.addWidget(slider)
    slider.show()
    return slider


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (1e-3, "0.001"), (3.0, "3"), (1e-8, "1e-8"), (1e6, "1e6"), (0.99945, "0.99945"), (1 / 3, "0.3333")],
)
def test_a_number_is_shown_as_short_as_it_goes(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("text", "value"), [("0.2", 0.2), ("1e-3", 0.001), ("0,25", 0.25), (" 3 ", 3), ("500000", 5e5)]
)
def test_a_typed_rate_is_taken_exactly(rate: LogSlider, text: str, value: float) -> None:
    heard = Heard(changed=rate.value_changed, rejected=rate.rejected)
    typed(rate.entry, text)
    assert heard.said == [("changed", value)]
    assert rate.value == value


@pytest.mark.parametrize("text", ["abc", "nan", "inf", "0", "-1", "2e6", "", "1.2.3"])
def test_a_wrong_rate_is_marked_said_once_and_changes_nothing(rate: LogSlider, qtbot: QtBot, text: str) -> None:
    heard = Heard(changed=rate.value_changed, rejected=rate.rejected)
    typed(rate.entry, text or "\b")
    rate.entry.clearFocus()
    said = f"learning rate: expected a number above 0 up to 1e6, got “{text}”; it stays 0.1."
    assert heard.said == [("rejected", said)]
    assert rate.value == 0.1
    assert rate.entry.property("wrong")
    QTest.keyClick(rate.entry, Key.Key_Escape)
    assert (rate.entry.text(), rate.entry.property("wrong")) == ("0.1", False)


def test_leaving_an_untouched_entry_keeps_the_digits_that_it_does_not_show(rate: LogSlider) -> None:
    heard = Heard(changed=rate.value_changed)
    rate.set_value(0.123456789)
    rate.entry.setFocus()
    rate.entry.clearFocus()
    assert rate.entry.text() == "0.1235"
    assert rate.value == 0.123456789
    assert heard.said == []


def test_up_and_down_move_by_a_twentieth_of_a_decade(rate: LogSlider) -> None:
    heard = Heard(changed=rate.value_changed)
    for _ in range(20):
        QTest.keyClick(rate.track, Key.Key_Up)
    assert heard.said[0] == ("changed", 0.112)  # 0.1 * 10**(1/20)
    assert heard.said[-1] == ("changed", 1.0)
    for _ in range(40):
        QTest.keyClick(rate.track, Key.Key_Down)
    assert rate.value == 0.01


def test_a_place_on_the_track_is_a_power_of_ten(rate: LogSlider) -> None:
    heard = Heard(changed=rate.value_changed)
    rate.track.moved.emit(rate.track.maximum() // 5)
    rate.track.moved.emit(rate.track.maximum())
    assert heard.said == [("changed", 1e-3), ("changed", 10.0)]
    rate.set_value(1.0)
    assert rate.track.value() == 0.8 * rate.track.maximum()
    rate.set_value(1e5)  # accepted, but beyond the track
    assert rate.track.value() == rate.track.maximum()


def test_a_momentum_moves_in_what_is_missing_to_one(qtbot: QtBot) -> None:
    slider = FractionSlider(0, 1, 0.9, "momentum")
    qtbot.addWidget(slider)
    heard = Heard(changed=slider.value_changed, rejected=slider.rejected)
    quarter = slider.track.maximum() // 4  # the track ends at 0.9999, four decades
    assert slider.track.value() == quarter
    slider.track.moved.emit(3 * quarter)
    slider.track.moved.emit(0)
    assert heard.said == [("changed", 0.999), ("changed", 0.0)]
    QTest.keyClick(slider.track, Key.Key_Down)
    assert slider.value == 0
    for text, value in (("1", 0.0), ("-0.1", 0.0), ("0.99999", 0.99999)):
        typed(slider.entry, text)
        assert slider.value == value


def test_momentum_by_keys_neither_sticks_nor_runs_away(qtbot: QtBot) -> None:
    slider = FractionSlider(0, 1, 0.0, "momentum")
    qtbot.addWidget(slider)
    values = [0.0]
    for _ in range(80):
        QTest.keyClick(slider.track, Key.Key_Up)
        values.append(slider.value)
    assert all(b > a for a, b in pairwise(values[:79]))
    assert values[20] == pytest.approx(0.9, abs=0.01)
    assert values[-1] == pytest.approx(0.9999, abs=2e-5)


def test_the_wheel_turns_only_the_slider_that_has_the_keyboard(rate: LogSlider) -> None:
    def turn() -> bool:
        at, none = QPointF(50, 8), Qt.KeyboardModifier.NoModifier
        buttons, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
        event = QWheelEvent(at, at, QPoint(), QPoint(0, 120), buttons, none, phase, False)
        rate.track.wheelEvent(event)
        return event.isAccepted()

    rate.track.clearFocus()
    assert not turn()
    assert rate.value == 0.1
    rate.activateWindow()
    rate.track.setFocus()
    assert turn()
    assert rate.value == 0.112


def test_a_share_takes_both_its_ends_on_an_even_slider(qtbot: QtBot) -> None:
    slider = LinearSlider(0, 1, 0.7, "nu")
    qtbot.addWidget(slider)
    assert slider.track.value() == 0.7 * slider.track.maximum()
    heard = Heard(changed=slider.value_changed)
    slider.track.moved.emit(slider.track.maximum() // 4)
    QTest.keyClick(slider.track, Key.Key_Up)
    typed(slider.entry, "1")
    typed(slider.entry, "0")
    assert heard.said == [("changed", 0.25), ("changed", 0.27), ("changed", 1.0), ("changed", 0.0)]
