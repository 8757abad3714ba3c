"""The parts that the window's bars and panels are made of.

The window's transport keys (Space, Left, Right, Home, End and letters) win outside text fields: what is here leaves
them alone, moves with Up and Down, and is pressed with Enter.
"""

from __future__ import annotations

import html
import math
from abc import abstractmethod
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractSlider,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

from gdviz.ui.icons import icon
from gdviz.ui.theme import Theme

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


def tip(text: str) -> str:
    """A tooltip that shows ``text`` as it is, wrapped: Qt takes what looks like markup for markup."""
    return f"<span>{html.escape(text)}</span>"


def mark(widget: QWidget, name: str, value: bool | str) -> None:
    """Set a property that the style sheet asks for."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def number(value: float) -> str:
    """Four significant digits, as short as they go: 0.1, 3, 1e-8."""
    mantissa, _, exponent = f"{value:.4g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


class Button(QToolButton):
    """A button that Enter presses and no transport key does."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ENTER:
            self.click()
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        event.ignore()


class Picker(QComboBox):
    """A list to choose from. Up, Down and Enter open it, so that nothing is chosen in passing."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # Long entries are cut off: they must not widen the panel they stand in.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, *_ENTER):
            self.showPopup()
        else:
            event.ignore()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the panel scrolls


class Track(QSlider):
    """A horizontal slider painted by us, which says only what the user did: setting it is silent.

    `moved` carries the position under the mouse; `nudged` steps up (+1, +5) and down asked for by keys or the wheel.
    """

    moved = Signal(int)
    nudged = Signal(int)

    def __init__(self, steps: int) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(0, steps)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._wheel = 0
        self._drawn = -1

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

    def _handle(self) -> float:
        span = self.maximum() - self.minimum()
        share = (self.value() - self.minimum()) / span if span else 0.0
        return self._margin() + share * (self.width() - 2 * self._margin())

    def _groove(self) -> QRectF:
        height = max(4.0, 0.26 * self.fontMetrics().height())
        return QRectF(self._margin(), (self.height() - height) / 2, self.width() - 2 * self._margin(), height)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._drawn = round(self._handle())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        self.paint_groove(painter, self._groove())
        self.paint_handle(painter, QPointF(self._handle(), self.height() / 2))
        painter.end()

    def paint_groove(self, painter: QPainter, groove: QRectF) -> None:
        """What lies under the handle; zones of a slider go here."""
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


class NumberEntry(QLineEdit):
    """An exact number. What is no number, or out of bounds, is marked and said, and the number before it stays."""

    value_changed = Signal(float)
    rejected = Signal(str)

    def __init__(self, name: str, value: float, accepts: Callable[[float], bool], expected: str) -> None:
        super().__init__()
        self._name, self._accepts, self._expected = name, accepts, expected
        self.value = value
        self.setAccessibleName(name)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setMaxLength(40)
        self.set_value(value)
        self.textEdited.connect(lambda: mark(self, "wrong", False))
        self.editingFinished.connect(self._commit)

    def set_value(self, value: float) -> None:
        """Show a number; says nothing."""
        self.value = value
        mark(self, "wrong", False)
        if self.text() != number(value):
            self.setText(number(value))
        self.setModified(False)

    def _commit(self) -> None:
        if not self.isModified():  # what is shown may be rounded: only what was typed counts
            return
        self.setModified(False)
        text = self.text().strip()
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            value = math.nan
        if math.isfinite(value) and self._accepts(value):
            self.set_value(value)
            self.value_changed.emit(value)
        else:
            mark(self, "wrong", True)
            self.rejected.emit(f"{self._name}: expected {self._expected}, got “{text}”; it stays {number(self.value)}.")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.set_value(self.value)
        else:
            super().keyPressEvent(event)
            if event.key() in _ENTER and not self.property("wrong"):
                self.nextInFocusChain().setFocus()  # out of the text field: Space plays again

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.selectAll()


class ValueSlider(QWidget):
    """A labelled number with a slider and an exact entry. `value_changed` tells what the user chose."""

    value_changed = Signal(float)
    rejected = Signal(str)
    _FINE = 10_000

    def __init__(self, low: float, high: float, value: float, name: str, unit: str, expected: str) -> None:
        super().__init__()
        self._low, self._high = low, high
        self.entry = NumberEntry(name, value, self._accepts, expected)
        self.entry.setFixedWidth(self.entry.fontMetrics().horizontalAdvance("0.00000000"))
        self.track = Track(self._FINE)
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
        value = min(max(float(f"{value:.3g}"), self._low), self._high)  # what the entry shows is what holds
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
    track : the ends of the slider, above 0, where these are nearer than the bounds; the entry takes all that is accepted
    """

    def __init__(
        self, low: float, high: float, value: float, name: str, unit: str = "", track: tuple[float, float] | None = None
    ) -> None:
        self._from, self._decades = track[0] if track else low, math.log10((track or (low, high))[1])
        self._decades -= math.log10(self._from)
        least = f"from {number(low)}" if low > 0 else "above 0"
        super().__init__(low, high, value, name, unit, f"a number {least} up to {number(high)}")

    def _accepts(self, value: float) -> bool:
        return value > 0 and super()._accepts(value)

    def _share(self, value: float) -> float:
        return min(max(math.log10(value / self._from) / self._decades, 0.0), 1.0)

    def _value_at(self, share: float) -> float:
        return float(self._from * 10 ** (share * self._decades))

    def _nudged(self, steps: int) -> float:
        # In twentieths of a decade; three digits round by up to 0.5 %, which is 0.04 of one.
        at = 20 * math.log10(self.value)
        nearest = round(at)
        return float(10 ** (((nearest if abs(at - nearest) < 0.05 else at) + steps) / 20))


class LinearSlider(ValueSlider):
    """A fraction of which the part that is missing to 1 matters, such as a momentum: 0, 0.9, 0.99 and 0.999 are far apart.

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
        missing = 10 ** -(self._start + share * (self._end - self._start))
        return 1 - float(f"{missing:.2g}")

    def _nudged(self, steps: int) -> float:
        # A twentieth of a decade of what is missing.
        step = steps / 20 / (self._end - self._start)
        return self._value_at(min(max(self._share(self.value) + step, 0.0), 1.0))


class ElidedLabel(QLabel):
    """One line of plain text, cut off with dots where it does not fit; the tooltip then has all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._whole = ""

    def set_text(self, text: str) -> None:
        """Show a text; line breaks become spaces."""
        self._whole = " ".join(text.split())
        self.setAccessibleName(self._whole)
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        shown = QFontMetrics(self.font()).elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width())
        self.setText(shown)
        self.setToolTip(tip(self._whole) if shown != self._whole else "")


class MessageBar(QFrame):
    """One line, always there: what has just happened, with a picture and perhaps a button; otherwise a hint."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("message")
        self.setAccessibleName("Messages")
        self.kind = ""
        """info, warning or error; empty while there is no message"""
        self._theme, self._hint, self._action = theme, "", lambda: None
        self._picture, self._text = QLabel(), ElidedLabel()
        self._button, self._close = Button(), Button()
        self._button.clicked.connect(self._act)
        self._close.clicked.connect(self.clear)
        self._close.setProperty("flat", True)
        self._close.setAccessibleName("Dismiss the message")
        self._close.setToolTip("Dismiss the message")
        line = QHBoxLayout(self)
        line.setContentsMargins(8, 1, 4, 1)
        for part in (self._picture, self._text, self._button, self._close):
            line.addWidget(part)
        line.setStretch(1, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.clear()

    def sizeHint(self) -> QSize:
        # The button's height, whether it is there or not, so that nothing moves.
        return QSize(super().sizeHint().width(), self._button.sizeHint().height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def set_theme(self, theme: Theme) -> None:
        """Recolour the pictures."""
        self._theme = theme
        self._draw()

    def set_hint(self, text: str) -> None:
        """What stands here while there is no message."""
        self._hint = text
        if not self.kind:
            self.clear()

    def show_message(self, kind: str, text: str, action: tuple[str, Callable[[], None]] | None = None) -> None:
        """Show a message until it is dismissed or another comes.

        Parameters
        ----------
        kind : "info", "warning" or "error"
        action : the text of a button, and what it does; pressing it dismisses the message first
        """
        self.kind = kind
        self._text.set_text(text)
        label, self._action = action or ("", lambda: None)
        self._button.setText(label.replace("&", "&&"))
        self._draw()

    def clear(self) -> None:
        """Back to the hint."""
        self.show_message("", self._hint)

    def _act(self) -> None:
        action = self._action
        self.clear()
        action()

    def _draw(self) -> None:
        theme, em = self._theme, self.fontMetrics().height()
        mark(self, "kind", self.kind)
        mark(self._text, "role", "" if self.kind else "muted")
        colour = {"": theme.muted, "info": theme.accent}.get(self.kind, theme.warning)
        self._picture.setPixmap(icon(self.kind or "info", theme, colour).pixmap(em, self.devicePixelRatio()))
        self._close.setIcon(icon("close", theme))
        self._close.setVisible(bool(self.kind))
        self._button.setVisible(bool(self._button.text()))
