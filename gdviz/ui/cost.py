"""Which cost is descended: one of the catalogue, or a formula that is typed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from threading import Thread
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QInputMethodEvent, QTextCharFormat
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from gdviz.core.formula import FormulaError, formula_surface
from gdviz.ui.widgets import Picker, mark, tip

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent

    from gdviz.ui.theme import Theme

_OWN = "a formula of your own"
_PAUSE = 300
"""milliseconds without a key until what was typed is checked"""


@dataclass(frozen=True, slots=True)
class CostRecipe:
    """An analytic cost, and what others there are."""

    surfaces: tuple[tuple[str, str, str], ...]
    """name, one-line description, formula of each in the catalogue"""
    name: str
    """the one in force; empty for a typed formula"""
    expression: str
    """the typed formula; empty for one of the catalogue"""


class CostChooser(QWidget):
    """A list of the catalogue and a line for a formula. What is chosen or typed is asked for at once."""

    rebuild_asked = Signal(dict)
    """`surface`, a name, or `formula`, a text that can be read"""

    def __init__(self, recipe: CostRecipe, theme: Theme) -> None:
        super().__init__()
        self._recipe = recipe
        self.picker = Picker()
        self.picker.setAccessibleName("Cost surface")
        self.picker.setToolTip(tip("Choose a cost to descend; it starts a new run"))
        self.picker.addItem(_OWN)
        self.picker.setMaxVisibleItems(30)
        for row, (name, description, formula) in enumerate(recipe.surfaces, 1):
            self.picker.addItem(name)
            self.picker.setItemData(row, tip(f"{formula}. {description}"), Qt.ItemDataRole.ToolTipRole)
        self.entry = FormulaEntry(recipe.expression)
        self.entry.set_theme(theme)
        self.formula, self.description, self.says = (QLabel(), QLabel(), QLabel())
        for label in (self.formula, self.description, self.says):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.formula.setProperty("role", "formula")
        self.formula.setAccessibleName("The cost's formula")
        self.description.setProperty("role", "muted")
        self.says.setAccessibleName("What is wrong with the formula")
        caption = QLabel("C =")
        caption.setBuddy(self.entry)
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(caption)
        line.addWidget(self.entry, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for part in (self.picker, self.formula, self.description):
            column.addWidget(part)
        column.addLayout(line)
        column.addWidget(self.says)
        self._show()
        self.picker.activated.connect(self._choose)
        self.entry.asked.connect(lambda text: self.rebuild_asked.emit({"formula": text}))
        self.entry.checked.connect(self._say)
        self.entry.reverted.connect(self._show)

    def _show(self) -> None:
        """Show what is in force."""
        names = [name for name, _, _ in self._recipe.surfaces]
        known = self._recipe.name in names
        self.picker.setCurrentIndex(names.index(self._recipe.name) + 1 if known else 0)
        for label, row in ((self.description, 1), (self.formula, 2)):
            label.setText(self._recipe.surfaces[names.index(self._recipe.name)][row] if known else "")
            label.setVisible(known)
        self._say("", "")

    def _choose(self, row: int) -> None:
        if row == 0:
            self.entry.setFocus()
        elif self.picker.itemText(row) != self._recipe.name:
            self.rebuild_asked.emit({"surface": self.picker.itemText(row)})

    def _say(self, text: str, role: str) -> None:
        """A sentence below the line, ``role`` "warning" or "muted"."""
        mark(self.says, "role", role)
        self.says.setText(text)
        self.says.setVisible(bool(text))


class FormulaEntry(QLineEdit):
    """A line for a formula, checked in a pause of the typing. Enter asks for it, Escape takes the edit back."""

    asked = Signal(str)
    checked = Signal(str, str)
    """what is there to say, and the role in which to say it: "warning" or "muted" """
    reverted = Signal()

    def __init__(self, expression: str) -> None:
        super().__init__(expression)
        self._before = expression
        self._colour = QColor()
        self.setPlaceholderText("x**2 + 3*sin(y)")
        self.setAccessibleName("Formula of the cost")
        self.setToolTip(tip("A formula of x and y, or of w alone: + - * / **, sin, exp, sqrt, … Enter descends it"))
        self.setCursorPosition(0)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE)
        self._pause.timeout.connect(self._check_if_quick)
        self.textEdited.connect(self._edited)
        self.returnPressed.connect(self._ask)

    def set_theme(self, theme: Theme) -> None:
        """Take the colour for what is wrong; the next underline has it."""
        self._colour = QColor(theme.warning)

    def underline(self, start: int, end: int) -> None:
        """Underline characters ``start`` to ``end`` (exclusive) of the text; none where both are equal."""
        text = QTextCharFormat()
        text.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        text.setUnderlineColor(self._colour)
        text.setBackground(QColor(self._colour.red(), self._colour.green(), self._colour.blue(), 110))
        # A line edit takes formats of its text only as an input method sends them: counted from the cursor, in UTF-16.
        first, last = (len(self.text()[:at].encode("utf-16-le")) // 2 for at in (start, end))
        kind = QInputMethodEvent.AttributeType.TextFormat
        formats = [QInputMethodEvent.Attribute(kind, first - self.cursorPosition(), last - first, text)]
        QApplication.sendEvent(self, QInputMethodEvent("", formats if last > first else []))

    def _edited(self) -> None:
        self.underline(0, 0)
        mark(self, "wrong", False)
        mark(self, "edited", self.text().strip() != self._before)
        if self.text().strip():
            self._pause.start()  # until then what was said stays, so that the lines below do not jump at every key
        else:
            self._pause.stop()
            self.checked.emit("", "")

    def _check_if_quick(self) -> None:
        if not _loading().is_alive():
            self._check()

    def _check(self) -> bool:
        """Whether the text can be read; where it can't, say what is wrong."""
        self._pause.stop()
        text = self.text()
        if not text.strip():
            return False
        try:
            surface = formula_surface(text)
        except FormulaError as error:
            start, end = error.span
            start, end = (start, end) if start < end else (max(min(start, len(text)) - 1, 0), len(text))
            self.underline(start, end)
            mark(self, "wrong", True)
            self.checked.emit(str(error), "warning")
            return False
        self.checked.emit(f"Enter descends this cost of {' and '.join(surface.knobs)}.", "muted")
        return True

    def _ask(self) -> None:
        if self._check() and self.text().strip() != self._before:
            self.asked.emit(self.text().strip())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._pause.stop()
            self.setText(self._before)
            self.underline(0, 0)
            mark(self, "wrong", False)
            mark(self, "edited", False)
            self.reverted.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        _loading()


@cache
def _loading() -> Thread:
    """Begin to load what reads formulas: half a second, in which typing goes on."""
    thread = Thread(target=formula_surface, args=("x + y",), daemon=True)
    thread.start()
    return thread
