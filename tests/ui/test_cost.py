"""The cost: chosen from the catalogue, or typed, with what is wrong marked where it is."""

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from gdviz.core.formula import FormulaError, formula_surface
from gdviz.ui.cost import CostChooser, CostRecipe, _loading
from gdviz.ui.theme import DARK

Key = Qt.Key
SURFACES = (("parabola", "One knob, one valley.", "C(w) = w²"), ("bowl", "Round contours.", "C(x, y) = x² + y²"))


class Shown:
    """A chooser, and what it asked for."""

    def __init__(self, qtbot: QtBot, name: str, expression: str = "") -> None:
        self.chooser = CostChooser(CostRecipe(SURFACES, name, expression), DARK)
        self.entry = self.chooser.entry
        self.asked: list[dict[str, Any]] = []
        self.chooser.rebuild_asked.connect(self.asked.append)
        self.chooser.resize(260, 200)
        qtbot.addWidget(self.chooser)
        self.chooser.show()
        self.entry.setFocus()
        _loading().join()

    def type(self, text: str, enter: bool = True) -> None:
        self.entry.selectAll()
        QTest.keyClicks(self.entry, text)
        if enter:
            QTest.keyClick(self.entry, Key.Key_Return)

    def texts(self) -> list[str]:
        return [label.text() for label in self.chooser.findChildren(QLabel) if label.isVisible()]

    def marked(self) -> set[int]:
        """The characters over which the background is tinted."""
        QApplication.processEvents()
        image, entry = self.entry.grab().toImage(), self.entry
        wrong, plain = QColor(DARK.warning), image.pixelColor(image.width() // 2, 4)
        parts = ((wrong.red(), plain.red()), (wrong.green(), plain.green()), (wrong.blue(), plain.blue()))
        tint = [(110 * over + 145 * under) / 255 for over, under in parts]

        def tinted(x: int, y: int) -> bool:
            colour = image.pixelColor(x, y)
            there = colour.red(), colour.green(), colour.blue()
            return all(abs(one - other) < 3 for one, other in zip(there, tint, strict=True))

        rows = range(entry.height())
        columns = [x for x in range(image.width()) if sum(tinted(x, y) for y in rows) > 4]
        # A cursor's place is the nearer end of the character under a point.
        return {entry.cursorPositionAt(QPoint(x, entry.height() // 2)) for x in columns}


def test_a_surface_of_the_catalogue_says_what_it_is_and_another_is_asked_for_at_once(qtbot: QtBot) -> None:
    shown = Shown(qtbot, "parabola")
    assert "One knob, one valley." in shown.texts()
    assert "C(w) = w²" in shown.texts()
    assert shown.entry.text() == ""
    picker = shown.chooser.picker
    assert [picker.itemText(i) for i in range(1, picker.count())] == ["parabola", "bowl"]
    picker.activated.emit(2)
    assert shown.asked == [{"surface": "bowl"}]
    picker.activated.emit(1)
    assert len(shown.asked) == 1  # it is in force


def test_enter_asks_for_a_formula_that_can_be_read(qtbot: QtBot) -> None:
    shown = Shown(qtbot, "bowl")
    shown.type("x**2 + 3*sin(y)")
    assert shown.asked == [{"formula": "x**2 + 3*sin(y)"}]


@pytest.mark.parametrize("text", ["x**2 + 3*q + y", "x**2 + 3*y*(x**2 + 4*x) + 5*y**2 + foo(x) + 3*y**4"])
def test_a_mistake_is_marked_where_it_is_and_asks_for_nothing(qtbot: QtBot, text: str) -> None:
    with pytest.raises(FormulaError) as wrong:
        formula_surface(text)
    start, end = wrong.value.span
    shown = Shown(qtbot, "", "x**2")
    shown.type(text)
    assert shown.asked == []
    assert str(wrong.value) in shown.texts()
    assert shown.entry.property("wrong") is True
    marked = shown.marked()
    assert marked
    assert start <= min(marked) <= start + 1
    assert end - 1 <= max(marked) <= end
    QTest.keyClicks(shown.entry, "+")
    assert not shown.marked()  # what was marked may have moved
    QTest.keyClick(shown.entry, Key.Key_Escape)
    assert shown.entry.text() == "x**2"
    assert shown.entry.property("wrong") is False
    assert str(wrong.value) not in shown.texts()


def test_a_pause_checks_what_is_typed_and_typing_on_does_not(qtbot: QtBot) -> None:
    shown = Shown(qtbot, "bowl")
    shown.type("x + q", enter=False)
    assert not shown.entry.property("wrong")
    qtbot.waitUntil(lambda: shown.entry.property("wrong") is True, timeout=2000)
    shown.type("w**2", enter=False)
    qtbot.waitUntil(lambda: "Enter descends this cost of w." in shown.texts(), timeout=2000)
    assert shown.asked == []


def test_the_place_of_a_mistake_counts_letters_and_not_their_halves(qtbot: QtBot) -> None:
    shown = Shown(qtbot, "bowl")
    shown.type("x")
    shown.entry.setText("𝑥 + abcd")
    shown.entry.underline(4, 8)
    marked = shown.marked()
    assert min(marked) >= 5  # the first letter is two places of the line's own count
    assert max(marked) >= 8
