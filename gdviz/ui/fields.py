"""Fields for what takes a new run to change: typed or chosen, marked while edited, read as the recipe has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit

from gdviz.ui.widgets import Picker, mark, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent

Value: TypeAlias = int | float | str | list[int] | list[float]


@dataclass(frozen=True, slots=True)
class Rebuild:
    """What takes a new run to change."""

    name: str
    """the scenario's key: hidden, batch_size, start, ...; one of `READERS` where there are no choices"""
    description: str
    value: Value
    choices: tuple[str, ...] = ()


def _count_or(word: str) -> Callable[[str], int | str]:
    def read(text: str) -> int | str:
        return word if text.lower() == word else int(text)

    return read


def _integers(text: str) -> list[int]:
    return [int(part) for part in text.replace(",", " ").split()]


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.replace(",", " ").split()]


READERS: dict[str, tuple[Callable[[str], Value], str, str]] = {
    "hidden": (_integers, "hidden layers", "sizes such as 16, 16"),
    "batch_size": (_count_or("full"), "batch size", "a whole number or full"),
    "train_size": (_count_or("all"), "images", "a whole number or all"),
    "shuffle_labels": (_number, "shuffled", "a fraction from 0 to 1"),
    "seed": (int, "seed", "a whole number"),
    "start": (_numbers, "start", "one number a knob, such as 1.5, 1.5"),
    "data": (str, "data", "mnist or a folder"),
}
"""How a typed entry is read, by its name: the reader (raises ValueError), the label, what is expected. Bounds are the
recipe's business."""

_LABELS = {"init": "first weights"}


def _shown(value: Value) -> str:
    if isinstance(value, list):
        return ", ".join(number(part) if isinstance(part, float) else str(part) for part in value)
    return number(value) if isinstance(value, float) else str(value)


class RebuildEntry(QLineEdit):
    """A typed field that takes a new run. Enter asks for it, Escape takes the edit back."""

    edited = Signal()
    asked = Signal()

    def __init__(self, field: Rebuild) -> None:
        super().__init__(_shown(field.value))
        self._read, self.label, self._expected = READERS[field.name]
        self._before = self.text()
        self.textEdited.connect(self._mark)
        self.returnPressed.connect(self.asked)

    def is_edited(self) -> bool:
        """Whether it differs from what runs."""
        return self.text().strip() != self._before

    def value(self) -> Value:
        """What is typed. Raises ValueError with a sentence."""
        text = self.text().strip()
        try:
            if not text:
                raise ValueError
            return self._read(text)
        except ValueError:
            mark(self, "wrong", True)
            raise ValueError(f"{self.label}: expected {self._expected}, got “{text}”.") from None

    def set_text(self, text: str) -> None:
        """Edit as if typed."""
        self.setText(text)
        self._mark()

    def revert(self) -> None:
        """Show again what runs."""
        self.set_text(self._before)

    def _mark(self) -> None:
        mark(self, "wrong", False)
        mark(self, "edited", self.is_edited())
        self.edited.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not _taken_back(self, event):
            super().keyPressEvent(event)


class RebuildPicker(Picker):
    """A choice that takes a new run. Escape takes it back."""

    edited = Signal()

    def __init__(self, name: str, value: str, choices: tuple[str, ...]) -> None:
        super().__init__()
        self.label = _LABELS.get(name, name.replace("_", " "))
        self.addItems(choices)
        self._before = value
        self.setCurrentText(value)
        self.currentIndexChanged.connect(self._mark)

    def is_edited(self) -> bool:
        """Whether it differs from what runs."""
        return self.currentText() != self._before

    def value(self) -> Value:
        """What is chosen."""
        return self.currentText()

    def revert(self) -> None:
        """Show again what runs."""
        self.setCurrentText(self._before)

    def _mark(self) -> None:
        mark(self, "edited", self.is_edited())
        self.edited.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not _taken_back(self, event):
            super().keyPressEvent(event)


def _taken_back(field: RebuildEntry | RebuildPicker, event: QKeyEvent) -> bool:
    """Carry out Escape in an edited field; False for every other key."""
    if event.key() != Qt.Key.Key_Escape or not field.is_edited():
        return False
    field.revert()
    return True
