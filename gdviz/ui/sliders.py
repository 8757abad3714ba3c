"""Sliders: the one that we paint, and those that stand with a label and an exact entry for one number."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPalette, QPen
from PySide6.QtWidgets import QAbstractSlider, QGridLayout, QLabel, QSizePolicy, QSlider, QWidget

from gdviz.ui.widgets import NumberEntry, number

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QWheelEvent


class Track(QSlider):
    """A horizontal slider painted by us, which says only what the user did: setting it is silent.

    `moved` carries the position under the mouse; `nudged` steps up (+1, +5) and down asked for by keys or the wheel.
    """

    moved = Signal(int)
    nudged = Signal(int)

    def __init__(self, steps: int) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._wheel = 0
        self._drawn = -1
        self.setRange(0, steps)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        em = self.fontMetrics().height()
        return QSize(8 * em, round(1.25 * em))

    def minimumSizeHint(self) -> QSize:
        return QSize(3 * self.fontMetrics().height(), self.sizeHint().height())

    def sliderChange(self, change: QAbstractSlider.SliderChange) -> None:
        # Called for every new value or range, up to 60 times a second: a picture that stays the same is not painted.
        if round(self._handle()) != self._drawn:
            self.update()

    def _radius(self) -> float:
        return 0.42 * self.fontMetrics().height()

    def _margin(self) -> float:
        return self._radius() + 3  # the focus ring

    def _at(self, share: float) -> float:
        """Where a place of the track, 0 to 1, lies in pixels."""
        return self._margin() + share * (self.width() - 2 * self._margin())

    def _handle(self) -> float:
        span = self.maximum() - self.minimum()
        return self._at((self.value() - self.minimum()) / span if span else 0.0)

    def _middle(self) -> float:
        return self.height() / 2

    def _groove(self) -> QRectF:
        height = max(4.0, 0.26 * self.fontMetrics().height())
        return QRectF(2, self._middle() - height / 2, self.width() - 4, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._drawn = round(self._handle())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        self.paint_groove(painter, self._groove())
        self.paint_handle(painter, QPointF(self._handle(), self._middle()))
        painter.end()

    def paint_groove(self, painter: QPainter, groove: QRectF) -> None:
        """What lies under the handle."""
        radius = groove.height() / 2
        painter.setBrush(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawRoundedRect(groove, radius, radius)
        painter.setBrush(self.palette().color(QPalette.ColorRole.Highlight))
        painter.drawRoundedRect(groove.adjusted(0, 0, self._handle() - groove.right(), 0), radius, radius)

    def paint_handle(self, painter: QPainter, centre: QPointF) -> None:
        """The handle, with a ring around it while it has the keyboard."""
        accent, radius = self.palette().color(QPalette.ColorRole.Highlight), self._radius()
        if self.hasFocus():
            ring = QPen(self.palette().color(QPalette.ColorRole.Text), 1.5)
            painter.setPen(ring)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(centre, radius + 2, radius + 2)
        painter.setPen(QPen(accent, 0.36 * radius))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Base))
        painter.drawEllipse(centre, 0.82 * radius, 0.82 * radius)

    def _move(self, x: float) -> None:
        width = self.width() - 2 * self._margin()
        share = min(max((x - self._margin()) / width, 0.0), 1.0) if width > 0 else 0.0
        value = self.minimum() + round(share * (self.maximum() - self.minimum()))
        if value != self.value():
            self.setValue(value)
            self.moved.emit(value)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._move(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._move(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.setSliderDown(False)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self.hasFocus():
            event.ignore()  # the panel scrolls
            return
        self._wheel += event.angleDelta().y()
        steps = int(self._wheel / 120)  # 120 is one notch; touch pads send less at a time
        self._wheel -= 120 * steps
        if steps:
            self.nudged.emit(steps)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key
        steps = {key.Key_Up: 1, key.Key_Down: -1, key.Key_PageUp: 5, key.Key_PageDown: -5}.get(key(event.key()))
        if steps:
            self.nudged.emit(steps)
        else:
            event.ignore()


class ValueSlider(QWidget):
    """A labelled number with a slider and an exact entry. `value_changed` tells what the user chose."""

    value_changed = Signal(float)
    rejected = Signal(str)
    _FINE = 10_000
    _TRACK = Track

    def __init__(self, low: float, high: float, value: float, name: str, unit: str, expected: str) -> None:
        super().__init__()
        self._low, self._high = low, high
        self.entry = NumberEntry(name, value, self._accepts, expected)
        self.entry.set_room("0.00000000")
        self.track = self._TRACK(self._FINE)
        self.track.setAccessibleName(f"{name} slider")
        self.label = QLabel(f"{name} ({unit})" if unit else name)
        self.label.setBuddy(self.entry)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.addWidget(self.label, 0, 0)
        grid.addWidget(self.entry, 0, 1)
        grid.addWidget(self.track, 1, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        self.setTabOrder(self.entry, self.track)
        self.track.moved.connect(lambda at: self._choose(self._value_at(at / self._FINE)))
        self.track.nudged.connect(lambda steps: self._choose(self._nudged(steps)))
        self.entry.value_changed.connect(self._entered)
        self.entry.rejected.connect(self.rejected)
        self.entry.done.connect(self.track.setFocus)
        self.set_value(value)

    @property
    def value(self) -> float:
        """The number in force, exactly."""
        return self.entry.value

    def set_value(self, value: float) -> None:
        """Show a number; says nothing. One beyond the slider's ends is shown at the end."""
        self.entry.set_value(value)
        self.track.setValue(round(self._FINE * self._share(value)))

    def _choose(self, value: float) -> None:
        value = min(max(value, self._low), self._high)
        if value != self.value:
            self.set_value(value)
            self.value_changed.emit(value)

    def _entered(self, value: float) -> None:
        self.set_value(value)
        self.value_changed.emit(value)

    def _accepts(self, value: float) -> bool:
        return self._low <= value <= self._high

    @abstractmethod
    def _share(self, value: float) -> float:
        """Where a number lies on the track, 0 to 1."""

    @abstractmethod
    def _value_at(self, share: float) -> float:
        """The number at a place of the track, 0 to 1."""

    @abstractmethod
    def _nudged(self, steps: int) -> float:
        """The number so many steps up from this one."""


class LogSlider(ValueSlider):
    """A positive number over decades, such as a learning rate.

    Parameters
    ----------
    low, high : the smallest and largest number accepted; a ``low`` of 0 is itself not accepted
    track : the ends of the slider, above 0, where these are nearer than the bounds
    """

    def __init__(
        self, low: float, high: float, value: float, name: str, unit: str = "", track: tuple[float, float] | None = None
    ) -> None:
        self._from, to = track or (low, high)
        self._decades = math.log10(to / self._from)
        least = f"from {number(low)}" if low > 0 else "above 0"
        super().__init__(low, high, value, name, unit, f"a number {least} up to {number(high)}")

    def _accepts(self, value: float) -> bool:
        return value > 0 and super()._accepts(value)

    def _share(self, value: float) -> float:
        return min(max(math.log10(value / self._from) / self._decades, 0.0), 1.0)

    def _value_at(self, share: float) -> float:
        return _rounded(self._from * 10 ** (share * self._decades), 3)

    def _nudged(self, steps: int) -> float:
        # In twentieths of a decade; three digits round by up to 0.5 %, which is 0.04 of one.
        at = 20 * math.log10(self.value)
        nearest = round(at)
        return _rounded(10 ** (((nearest if abs(at - nearest) < 0.05 else at) + steps) / 20), 3)


class FractionSlider(ValueSlider):
    """A fraction of which the part that is missing to 1 matters, such as a momentum: 0.9, 0.99, 0.999.

    Parameters
    ----------
    low, high : the bounds, in [0, 1]; a ``high`` of 1 is itself not accepted
    """

    _LAST = 0.9999  # where the slider ends when the bound is 1

    def __init__(self, low: float, high: float, value: float, name: str, unit: str = "") -> None:
        self._start, self._end = -math.log10(1 - low), -math.log10(1 - min(high, self._LAST))
        most = f"up to {number(high)}" if high < 1 else "to below 1"
        super().__init__(low, high, value, name, unit, f"a number from {number(low)} {most}")

    def _accepts(self, value: float) -> bool:
        return value < 1 and super()._accepts(value)

    def _share(self, value: float) -> float:
        return min((-math.log10(1 - value) - self._start) / (self._end - self._start), 1.0)

    def _value_at(self, share: float) -> float:
        missing = _rounded(10 ** -(self._start + share * (self._end - self._start)), 2)
        return round(1 - missing, 6)  # the digits that the subtraction left over

    def _nudged(self, steps: int) -> float:
        # A twentieth of a decade of what is missing.
        step = steps / 20 / (self._end - self._start)
        return self._value_at(min(max(self._share(self.value) + step, 0.0), 1.0))


class LinearSlider(ValueSlider):
    """A number between two bounds, both accepted, such as a share from 0 to 1."""

    def __init__(self, low: float, high: float, value: float, name: str, unit: str = "") -> None:
        super().__init__(low, high, value, name, unit, f"a number from {number(low)} to {number(high)}")

    def _share(self, value: float) -> float:
        return (value - self._low) / (self._high - self._low)

    def _value_at(self, share: float) -> float:
        return _rounded(self._low + share * (self._high - self._low), 3)

    def _nudged(self, steps: int) -> float:
        return _rounded(self.value + steps / 50 * (self._high - self._low), 3)


def _rounded(value: float, digits: int) -> float:
    """To so many significant digits: what the entry shows is what holds."""
    return float(f"{value:.{digits}g}")
