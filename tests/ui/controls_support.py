"""What the tests of controls share: what signals said, and a text typed into a field."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

Key = Qt.Key


class Heard:
    """What signals said, in order."""

    def __init__(self, **signals: Any) -> None:
        self.said: list[tuple[Any, ...]] = []
        for name, signal in signals.items():
            signal.connect(lambda *values, name=name: self.said.append((name, *values)))


def typed(entry: QLineEdit, text: str) -> None:
    entry.setFocus()
    entry.selectAll()
    QTest.keyClicks(entry, text)
    QTest.keyClick(entry, Key.Key_Return)
