"""What the tests of runs side by side share: recipes, and ways to drive the table and to read the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from gdviz.core.run import build
from gdviz.core.scenario import parse
from gdviz.ui.panels.race.entries import Column
from tests.support import (
    LONG_DIGITS,
    frame_of,
)

if TYPE_CHECKING:
    from gdviz.core.run import Run
    from gdviz.ui.window import Window

Key = Qt.Key
LONG = 20_000
BOWLS = """
title = "Bowls"
[problem]
kind = "surface"
name = "bowl"
[stop]
steps = 1000000
[[runs]]
label = "slow"
optimizer = { kind = "gradient-descent", learning_rate = 0.001 }
[[runs]]
label = "middle"
optimizer = { kind = "gradient-descent", learning_rate = 0.01 }
[[runs]]
label = "fast"
optimizer = { kind = "gradient-descent", learning_rate = 0.1 }
"""
NETWORKS = LONG_DIGITS + '[[runs]]\nlabel = "other seed"\nseed = 1\nbatch_size = 16\n'


def row_of(window: Window, label: str) -> int:
    return next(row for row, entry in enumerate(window.race.table.entries) if entry.texts[Column.RUN] == label)


def place(window: Window, label: str, column: Column = Column.COST) -> QPoint:
    table = window.race.table
    return table.visualRect(table.model().index(row_of(window, label), column)).center()


def click(window: Window, label: str) -> None:
    QTest.mouseClick(window.race.table.viewport(), Qt.MouseButton.LeftButton, pos=place(window, label))


def press(window: Window, key: Qt.Key) -> None:
    """Press a key wherever the focus is."""
    focus = QApplication.focusWidget()
    assert focus is not None
    assert focus.window() is window
    QTest.keyClick(focus, key)


def press_dot(window: Window, label: str) -> None:
    table = window.race.table
    rect = table.visualRect(table.model().index(row_of(window, label), Column.RUN))
    at = QPoint(rect.left() + round(0.9 * table.fontMetrics().height()), rect.center().y())
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)


def type_name(window: Window, label: str, name: str, more: str = "") -> None:
    """``more`` is what has no key of its own."""
    table = window.race.table
    at = place(window, label, Column.RUN)
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    (field,) = table.findChildren(QLineEdit)
    QTest.keyClicks(field, name)
    field.end(False)
    field.insert(more)
    QTest.keyClick(field, Key.Key_Return)
    QApplication.processEvents()


def undo(window: Window) -> None:
    QTest.keyClick(window, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def labels(window: Window, **having: bool) -> list[str]:
    return [
        run.label for run in frame_of(window).runs if all(getattr(run, name) is value for name, value in having.items())
    ]


def balls(window: Window) -> list[str]:
    """The labels of the runs whose ball, or an arrow to it, is on the map."""
    shown = zip(frame_of(window).runs, window.surface.map._marks, strict=False)
    return [run.label for run, marks in shown if marks.ball.isVisible() or marks.edge.isVisible()]


def alone(toml: str, index: int, step: int) -> Run:
    """One run of the scenario, driven here to a step."""
    run = build(parse(toml, "test"))[index]
    while run.step < step:
        run.advance()
    return run
