"""The parts that the window's bars and panels are made of.

The window's transport keys (Space, Left, Right, Home, End and letters) win outside text fields: what is here leaves
them alone, moves with Up and Down, and is pressed with Enter.
"""

from __future__ import annotations

import html
import math
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QTextBrowser,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gdviz.ui.icons import icon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPaintEvent, QResizeEvent, QWheelEvent

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
    """Four significant digits, as short as they go: 0.1, 3, 1e-8. Just below 1 the fifth counts: 0.99945."""
    mantissa, _, exponent = f"{value:.{5 if 0.999 < value < 1 else 4}g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


class Button(QToolButton):
    """A button that Enter presses and no transport key does."""

    def set_text(self, text: str, pictured: bool = False) -> None:
        """Label it, as it is: no letter becomes a shortcut. Beside a picture the label keeps its distance."""
        self.setText(" " * pictured + text.replace("&", "&&"))
        self.setAccessibleName(text)

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

    def paintEvent(self, event: QPaintEvent) -> None:
        # As Qt does, but with dots where the text is cut off.
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        style = QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        width = self.style().subControlRect(*style).width() - 4
        text = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, width)
        option.currentText = text
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, *_ENTER):
            self.showPopup()
        else:
            event.ignore()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the panel scrolls


class NumberEntry(QLineEdit):
    """An exact number. What is no number, or out of bounds, is marked and said, and the number before it stays."""

    value_changed = Signal(float)
    rejected = Signal(str)
    done = Signal()
    """Enter was pressed on a good number: time to leave the text field, so that Space plays again"""

    def __init__(
        self,
        name: str,
        value: float,
        accepts: Callable[[float], bool],
        expected: str,
        written: Callable[[float], str] = number,
    ) -> None:
        super().__init__()
        self._name, self._accepts, self._expected, self._written = name, accepts, expected, written
        self.value = value
        self.setAccessibleName(name)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setMaxLength(40)
        self.set_value(value)
        self._room = ""
        self.textEdited.connect(lambda: mark(self, "wrong", False))
        self.editingFinished.connect(self._commit)

    def set_room(self, text: str) -> None:
        """Be as wide as this takes, in whatever font."""
        self._room = text
        self.setFixedWidth(self.fontMetrics().horizontalAdvance(text))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self._room:
            self.set_room(self._room)

    def set_value(self, value: float) -> None:
        """Show a number; says nothing."""
        self.value = value
        mark(self, "wrong", False)
        if self.text() != self._written(value):
            self.setText(self._written(value))
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
            self.rejected.emit(
                f"{self._name}: expected {self._expected}, got “{text}”; it stays {self._written(self.value)}."
            )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and (self.isModified() or self.property("wrong")):
            self.set_value(self.value)
            self.done.emit()
        else:
            super().keyPressEvent(event)
            if event.key() in _ENTER:
                event.accept()  # it is meant for the number, and not for a dialog around it
                if not self.property("wrong"):
                    self.done.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.selectAll()


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


class Markdown(QTextBrowser):
    """Markdown as high as it is, without a frame; nothing is loaded or opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setOpenLinks(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        self.document().setIndentWidth(self.fontMetrics().height())
        self.setMarkdown(text)

    def loadResource(self, kind: int, name: QUrl | str) -> None:
        """Nothing: a scenario's text does not reach for files."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setFixedHeight(math.ceil(self.document().size().height()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the panel scrolls


class MessageBar(QFrame):
    """One line, always there: what has just happened, with a picture and perhaps a button; otherwise a hint."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("message")
        self.setAccessibleName("Messages")
        self.kind = ""
        """info, warning or error; empty while there is no message"""
        self._theme, self._hint = theme, ""
        self._action: Callable[[], None] = lambda: None
        self._picture, self._text, self._state = QLabel(), ElidedLabel(), QLabel()
        self._state.setAccessibleName("What the run is doing")
        self._state.hide()
        self._button, self._close = Button(), Button()
        self._button.clicked.connect(self._act)
        self._close.clicked.connect(self.clear)
        self._close.setProperty("flat", True)
        self._close.setAccessibleName("Dismiss the message")
        self._close.setToolTip("Dismiss the message")
        line = QHBoxLayout(self)
        line.setContentsMargins(8, 1, 4, 1)
        for part in (self._state, self._picture, self._text, self._button, self._close):
            line.addWidget(part)
        line.setStretch(2, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.clear()

    def sizeHint(self) -> QSize:
        # The button's height, whether it is there or not, so that nothing moves.
        return QSize(super().sizeHint().width(), self._close.sizeHint().height() + 6)

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

    def set_state(self, word: str, colour: QColor, says: str) -> None:
        """Name what the run is doing, in front of all else; its place only grows, so that nothing trembles."""
        text = f'<span style="color: {colour.name()}">●</span> {word}' if word else ""
        if text != self._state.text():
            self._state.setText(text)
            self._state.setToolTip(tip(says))
            self._state.setVisible(bool(word) or self._state.isVisible())
            self._state.setMinimumWidth(max(self._state.minimumWidth(), self._state.sizeHint().width()))

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
        self._button.set_text(label)
        self._button.setVisible(bool(label))
        self._draw()

    @contextmanager
    def saying(self, text: str) -> Iterator[None]:
        """Show a text meanwhile, in place of messages and hints."""
        before = self.kind, self._text.accessibleName(), (self._button.accessibleName(), self._action)
        self.show_message("", text)
        try:
            yield
        finally:
            kind, said, action = before
            self.show_message(kind, said, action if action[0] else None)

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
        self._picture.setPixmap(icon(self.kind or "info", theme, colour).pixmap(QSize(em, em), self.devicePixelRatio()))
        self._close.setIcon(icon("close", theme))
        self._close.setIconSize(QSize(em, em))
        self._close.setVisible(bool(self.kind))


def card(panel: QWidget) -> QFrame:
    """A panel in a frame of its own."""
    framed = QFrame()
    framed.setObjectName("card")
    inside = QVBoxLayout(framed)
    inside.setContentsMargins(0, 0, 0, 0)
    inside.addWidget(panel)
    return framed
