"""How the table's header and cells are drawn, and how a name is typed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QHeaderView, QLineEdit, QStyledItemDelegate

from gdviz.core.revise import MOST_LABEL
from gdviz.ui.panels.race.entries import CAPTIONS, NOT_YET, Column
from gdviz.ui.style import on_accent

if TYPE_CHECKING:
    from PySide6.QtCore import QAbstractItemModel
    from PySide6.QtWidgets import QStyleOptionViewItem, QWidget

    from gdviz.ui.panels.race.entries import Entry
    from gdviz.ui.panels.race.model import Index
    from gdviz.ui.panels.race.sorting import Sorting
    from gdviz.ui.theme import Theme

WORDS = (Column.RUN, Column.OPTIMIZER, Column.DIFFERS, Column.STATE)
"""written from the left; numbers stand to the right"""
_DOTTED = (Column.RUN, Column.STATE)
DOT = 1.6
"""em from a cell's left end that belong to its dot"""


class Header(QHeaderView):
    """The columns' names, each over its texts, and an arrow at the one by which the rows are sorted."""

    def __init__(self, theme: Theme, sorting: Sorting) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.theme, self._sorting = theme, sorting
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.viewport().setAutoFillBackground(False)
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        em, sorted_by = self.fontMetrics().height(), logicalIndex == self._sorting.column
        place = _inner(QRectF(rect), logicalIndex, em)
        painter.setFont(self.font())
        painter.setPen(QColor(self.theme.text if sorted_by else self.theme.muted))
        painter.drawText(place, _written(logicalIndex), CAPTIONS[logicalIndex])
        if not sorted_by:
            return
        width = painter.fontMetrics().horizontalAdvance(CAPTIONS[logicalIndex])
        beside = 0.38 * em  # from the text to the middle of the arrow, within the cell's margin
        x = place.left() + width + beside if logicalIndex in WORDS else place.right() - width - beside
        y, half = place.center().y() + 0.05 * em, 0.2 * em
        tip = half if self._sorting.falling else -half
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.accent))
        painter.drawPolygon(QPolygonF([QPointF(x, y + tip), QPointF(x - half, y - tip), QPointF(x + half, y - tip)]))


class Pencil(QStyledItemDelegate):
    """Draws a cell, and lets a name be typed in it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.pointed: int | None = None
        """index of the ghost that the keyboard is at; it can't be selected"""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, column = self.theme, Column(index.column())
        entry: Entry = index.model().entries[index.row()]  # type: ignore[attr-defined]  # the model is `Standings`
        cell, em = QRectF(option.rect), option.fontMetrics.height()
        leads = column is entry.leads
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pointed = entry.index == self.pointed
        if entry.selected or pointed:
            painter.fillRect(cell, QColor(theme.raised))
        if column is Column.RUN and (entry.selected or pointed):
            bar = QRectF(cell.left(), cell.top(), 0.2 * em, cell.height())
            painter.fillRect(bar, QColor(theme.ghost if pointed else theme.accent))
        if column in _DOTTED:
            self._paint_dot(painter, entry, column, cell, em)
        place = _inner(cell, column, em)
        text = entry.texts[column]
        bold = leads or (entry.selected and column is Column.RUN)
        painter.setFont(demi_bold(option.font) if bold else option.font)
        quiet = not entry.selected and (entry.ghost or entry.hidden or entry.left)
        ink = theme.text
        if leads:
            width = painter.fontMetrics().horizontalAdvance(text) + em
            pill = QRectF(place.right() - width + 0.5 * em, cell.top() + 1, width, cell.height() - 2)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.accent))
            painter.drawRoundedRect(pill, 0.35 * em, 0.35 * em)
            ink = on_accent(theme)
        elif quiet or column is Column.OPTIMIZER or text == NOT_YET:
            ink = theme.muted
        painter.setPen(QColor(ink))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, math.ceil(place.width()))
        painter.drawText(place, _written(column), shown)
        painter.restore()

    def _paint_dot(self, painter: QPainter, entry: Entry, column: Column, cell: QRectF, em: float) -> None:
        """Filled; a ring for a run that is hidden, nothing where there is no word for its state."""
        dot, colour = 0.55 * em, self.theme.run(entry.colour, entry.ghost, entry.left and not entry.selected)
        if column is Column.STATE:
            colour = self.theme.regime(entry.state)
        place = QRectF(cell.left() + 0.6 * em, cell.center().y() - dot / 2, dot, dot)
        painter.setPen(Qt.PenStyle.NoPen)
        if column is Column.RUN and entry.hidden:
            line = max(1.0, em / 11)
            painter.setPen(QPen(colour, line))
            place.adjust(line / 2, line / 2, -line / 2, -line / 2)
        elif column is Column.RUN or entry.state:
            painter.setBrush(colour)
        painter.drawEllipse(place)

    # Renaming

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setMaxLength(MOST_LABEL)
        editor.setAccessibleName("The run's name")
        editor.setStyleSheet("padding: 0 0.2em; border-width: 1px; border-radius: 0.2em;")  # as low as a row
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        # Asked for again with every refresh of the row: what is being typed stays.
        assert isinstance(editor, QLineEdit)
        if not editor.property("filled"):
            editor.setProperty("filled", True)
            editor.setText(index.data(Qt.ItemDataRole.EditRole))
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        assert isinstance(editor, QLineEdit)
        model.setData(index, editor.text())

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        em = option.fontMetrics.height()
        editor.setGeometry(option.rect.adjusted(round((DOT - 0.3) * em), 0, 0, 0))


def _inner(cell: QRectF, column: int, em: float) -> QRectF:
    """Where a cell's text stands: beside its dot, or within its margins."""
    return cell.adjusted((DOT if column in _DOTTED else 0.6) * em, 0, -0.6 * em, 0)


def _written(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column in WORDS else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter


def demi_bold(font: QFont) -> QFont:
    """The same font, heavier."""
    made = QFont(font)
    made.setWeight(QFont.Weight.DemiBold)
    return made
