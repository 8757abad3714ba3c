"""The race's table: rows to click, columns that hold still, and how their cells are drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QStyledItemDelegate, QTableView

from gdviz.ui.panels.race.entries import CAPTIONS, NOT_YET, SAYS, Column, Entry
from gdviz.ui.style import on_accent
from gdviz.ui.widgets import tip

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent
    from PySide6.QtWidgets import QStyleOptionViewItem

    from gdviz.ui.theme import Theme

    Index = QModelIndex | QPersistentModelIndex

_ROWS = 9
"""that the table asks room for; more are scrolled"""
_WORDS = (Column.RUN, Column.OPTIMIZER, Column.STATE)
"""written from the left; numbers stand to the right"""
_DISPENSABLE = (Column.OPTIMIZER, Column.RATE, Column.TRAVELLED, Column.BEST)
"""go one after the other where the table is narrow; the rule and its rate stand in the tooltip and at the knobs, too"""


class _Standings(QAbstractTableModel):
    """The entries as a model; tells of those that changed."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: tuple[Entry, ...] = ()

    def rowCount(self, parent: Index | None = None) -> int:
        return len(self.entries)

    def columnCount(self, parent: Index | None = None) -> int:
        return len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.texts[index.column()]
        return tip(entry.tips[index.column()]) if role == Qt.ItemDataRole.ToolTipRole else None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return CAPTIONS[section]
        return SAYS[section] if role == Qt.ItemDataRole.ToolTipRole else None

    def show_entries(self, entries: tuple[Entry, ...]) -> None:
        """Show other rows; only those that differ are drawn anew."""
        if len(entries) != len(self.entries):
            self.beginResetModel()
            self.entries = entries
            self.endResetModel()
            return
        before, self.entries = self.entries, entries
        for row, (old, new) in enumerate(zip(before, entries, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(Column) - 1))


class Table(QTableView):
    """Rows to click, or to move among with Up and Down. Columns grow and never shrink."""

    chosen = Signal(int)
    """an index into the frame's runs"""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._standings, self._pencil = _Standings(), _Pencil(theme)
        self._header = _Header(theme)
        self._widths = [0] * len(Column)
        self.setModel(self._standings)
        self.setItemDelegate(self._pencil)
        self.setHorizontalHeader(self._header)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("The runs' standings")
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.clicked.connect(lambda index: self._choose(index.row()))
        self._scale()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The rows on show."""
        return self._standings.entries

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._pencil.theme = self._header.theme = theme
        self.viewport().update()
        self._header.viewport().update()

    def show_entries(self, entries: tuple[Entry, ...]) -> None:
        """Show other rows."""
        more = len(entries) != len(self.entries)
        self._standings.show_entries(entries)
        plain, bold = QFontMetricsF(self.font()), QFontMetricsF(_bold(self.font()))
        em, widths = self._em, self._widths[:]
        for column in Column:
            metrics = bold if column in (Column.RUN, Column.STEPS, Column.COST) else plain
            texts = [metrics.horizontalAdvance(entry.texts[column]) for entry in entries]
            room = 2.2 * em if column in (Column.RUN, Column.STATE) else 1.2 * em
            least = "converging" if column is Column.STATE else "0.8888" if column not in _WORDS else ""
            needed = max([*texts, plain.horizontalAdvance(CAPTIONS[column]), plain.horizontalAdvance(least)])
            widths[column] = max(widths[column], math.ceil(needed + room))
        if widths != self._widths or more:
            self._widths = widths
            self._fit()
        if more:
            self.updateGeometry()

    @property
    def _em(self) -> int:
        return self.fontMetrics().height()

    def _scale(self) -> None:
        self._widths = [0] * len(Column)
        self.verticalHeader().setMinimumSectionSize(self._em)
        self.verticalHeader().setDefaultSectionSize(self._em + 2)
        self._header.setMinimumSectionSize(self._em)
        self._header.setFixedHeight(self._em + 2)

    def _fit(self) -> None:
        """Share the width out: first the names are cut off, then the dispensable columns go."""
        room, least = self.viewport().width(), 5 * self._em
        shown = [c for c in Column if c is not Column.TRAVELLED or any(e.texts[c] for e in self.entries)]
        spare = room - sum(self._widths[c] for c in shown)
        for column in _DISPENSABLE:
            if self._widths[Column.RUN] + spare >= min(least, self._widths[Column.RUN]):
                break
            if column in shown:
                shown.remove(column)
                spare += self._widths[column]
        for column in Column:
            self.setColumnHidden(column, column not in shown)
            self.setColumnWidth(column, self._widths[column])
        name = self._widths[Column.RUN] + min(spare, 6 * self._em)
        self.setColumnWidth(Column.RUN, max(name, min(least, self._widths[Column.RUN])))
        self.setColumnWidth(Column.STATE, self._widths[Column.STATE] + max(0, spare - 6 * self._em))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._scale()
            self.show_entries(self.entries)
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        rows = min(max(len(self.entries), 2), _ROWS)
        return QSize(30 * self._em, self._header.height() + rows * self.verticalHeader().defaultSectionSize() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(10 * self._em, self._header.height() + 2 * self.verticalHeader().defaultSectionSize())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        towards = (event.key() == Qt.Key.Key_Down) - (event.key() == Qt.Key.Key_Up)
        if not towards:
            event.ignore()  # the window's transport keys
            return
        at = next((row for row, entry in enumerate(self.entries) if entry.selected), 0) + towards
        if 0 <= at < len(self.entries):
            self._choose(at)
            self.scrollTo(self._standings.index(at, 0))

    def _choose(self, row: int) -> None:
        if not self.entries[row].ghost:
            self.chosen.emit(self.entries[row].index)


class _Header(QHeaderView):
    """The columns' names, each over its texts."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.theme = theme
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setSectionsClickable(False)
        self.viewport().setAutoFillBackground(False)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        painter.setFont(self.font())
        painter.setPen(QColor(self.theme.muted))
        painter.drawText(
            _inner(QRectF(rect), logicalIndex, self.fontMetrics().height()),
            _written(logicalIndex),
            CAPTIONS[logicalIndex],
        )


class _Pencil(QStyledItemDelegate):
    """Draws a cell."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, column = self.theme, Column(index.column())
        entry = index.model().entries[index.row()]  # type: ignore[attr-defined]  # the model is this module's own
        cell, em = QRectF(option.rect), option.fontMetrics.height()
        leads = column is entry.leads
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if entry.selected:
            painter.fillRect(cell, QColor(theme.raised))
        if column in (Column.RUN, Column.STATE):
            if entry.selected and column is Column.RUN:
                bar = QRectF(cell.left(), cell.top(), 0.2 * em, cell.height())
                painter.fillRect(bar, QColor(theme.accent))
            painter.setPen(Qt.PenStyle.NoPen)
            if column is Column.RUN:
                painter.setBrush(theme.run(entry.colour, entry.ghost))
            else:
                painter.setBrush(theme.regime(entry.state) if entry.state else Qt.BrushStyle.NoBrush)
            dot = 0.55 * em
            painter.drawEllipse(QRectF(cell.left() + 0.6 * em, cell.center().y() - dot / 2, dot, dot))
        place = _inner(cell, column, em)
        text = entry.texts[column]
        bold = leads or (entry.selected and column is Column.RUN)
        painter.setFont(_bold(option.font) if bold else option.font)
        ink = theme.text
        if leads:
            width = painter.fontMetrics().horizontalAdvance(text) + em
            pill = QRectF(place.right() - width + 0.5 * em, cell.top() + 1, width, cell.height() - 2)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.accent))
            painter.drawRoundedRect(pill, 0.35 * em, 0.35 * em)
            ink = on_accent(theme)
        elif entry.ghost or column is Column.OPTIMIZER or text == NOT_YET:
            ink = theme.muted
        painter.setPen(QColor(ink))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, math.ceil(place.width()))
        painter.drawText(place, _written(column), shown)
        painter.restore()


def _inner(cell: QRectF, column: int, em: float) -> QRectF:
    """Where a cell's text stands: beside its dot, or within its margins."""
    return cell.adjusted((1.6 if column in (Column.RUN, Column.STATE) else 0.6) * em, 0, -0.6 * em, 0)


def _written(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column in _WORDS else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter


def _bold(font: QFont) -> QFont:
    made = QFont(font)
    made.setWeight(QFont.Weight.DemiBold)
    return made
