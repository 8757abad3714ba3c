"""The race's table: rows to click, hide, rename and sort, in columns that hold still."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFontMetricsF, QHelpEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QToolTip

from gdviz.ui.panels.race.drawing import DOT, Header, Pencil, demi_bold
from gdviz.ui.panels.race.entries import CAPTIONS, Column, Entry
from gdviz.ui.panels.race.model import Standings
from gdviz.ui.panels.race.sorting import Sorting
from gdviz.ui.widgets import tip

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex
    from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent

    from gdviz.ui.theme import Theme

_ROWS = 9
"""that the table asks room for; more are scrolled"""
_DISPENSABLE = {
    **dict.fromkeys((Column.STEP, Column.OPTIMIZER, Column.SECONDS), (9, 14)),
    **dict.fromkeys((Column.RATE, Column.TRAVELLED, Column.DIFFERS), (7, 7)),
    **dict.fromkeys((Column.BEST, Column.STATE, Column.COST), (5, 7)),
}
"""They go one after the other where the table is so narrow that fewer em than these are left of the names, and of what
differs. The rule, its rate and the seconds stand in the tooltip, too."""
_REPEATING = (Column.OPTIMIZER, Column.RATE)
"""go before all others where they say the same of every run"""
_USUAL = {Column.RATE: "0.8888", Column.COST: "8.888e−8", Column.BEST: "8.888e−8", Column.STATE: "converging"}
"""texts that there is room for from the beginning, so that a column which grows does not push another one out"""
_LEADING = (Column.RUN, Column.STEPS, Column.COST, Column.ACCURACY)
"""where bold letters may stand"""
_HOLD = 1.5
"""seconds for which sorted rows keep their order while the runs go on, so that one can find them again"""


class Table(QTableView):
    """Rows to click, or to move among with Up and Down. Columns grow and never shrink."""

    chosen = Signal(int)
    """an index into the frame's runs"""
    hide_asked = Signal(int, bool)
    """(an index into the frame's runs, whether it is to be hidden or shown again)"""
    renamed = Signal(int, str)
    """(an index into the frame's runs, what was typed)"""
    removal_asked = Signal(int)
    menu_asked = Signal(int, QPoint)
    """(an index into the frame's runs, where on the screen)"""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.sorting = Sorting()
        self._standings, self._pencil = Standings(), Pencil(theme)
        self._header = Header(theme, self.sorting)
        self._entries: tuple[Entry, ...] = ()
        """in the runs' own order"""
        self._telling = frozenset(Column)
        self._widths = [0] * len(Column)
        self._repeated: list[Column] = []
        self._arranged = -math.inf
        self._on_dot = False
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
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # so that Delete and F2 are for the row that was clicked
        self.setAccessibleName("The runs' standings")
        self.setAccessibleDescription("Up and Down select a run, F2 renames it, Delete removes it, Menu offers more")
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._standings.renamed.connect(self.renamed)
        self._header.sectionClicked.connect(lambda section: self._sort(Column(section)))
        self.clicked.connect(self._click)
        self.doubleClicked.connect(self._click_twice)
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

    def show_entries(
        self, entries: tuple[Entry, ...], telling: frozenset[Column] = frozenset(Column), *, going: bool = False
    ) -> None:
        """Show other rows, in those columns that say something; ``going``, they change again and again."""
        more = [entry.label for entry in entries] != [entry.label for entry in self._entries]
        if more or telling != self._telling:
            self._widths = [0] * len(Column)
        self._entries, self._telling = entries, telling
        if all(entry.index != self._pencil.pointed for entry in entries if entry.ghost):
            self._pencil.pointed = None
        self._show_rows(hold=going and time.monotonic() < self._arranged + _HOLD)
        plain, bold = QFontMetricsF(self.font()), QFontMetricsF(demi_bold(self.font()))
        em, widths = self._em, self._widths[:]
        for column in Column:
            metrics = bold if column in _LEADING else plain
            texts = [metrics.horizontalAdvance(entry.texts[column]) for entry in entries]
            room = 2.2 * em if column in (Column.RUN, Column.STATE) else 1.2 * em
            needed = max([*texts, *map(plain.horizontalAdvance, (CAPTIONS[column], _USUAL.get(column, "")))])
            widths[column] = max(widths[column], math.ceil(needed + room))
        repeated = [column for column in _REPEATING if len({entry.texts[column] for entry in entries}) == 1]
        if (widths, repeated) != (self._widths, self._repeated) or more:
            self._widths, self._repeated = widths, repeated
            self._fit()
        if more:
            self.updateGeometry()

    def rename(self, index: int) -> None:
        """Let the name of a run be typed."""
        self.setFocus()
        self.edit(self._standings.index(self._row(index), Column.RUN))

    @property
    def acted_on(self) -> int:
        """The run that keys act on: the ghost that they are at, else the selected one; an index into the frame's."""
        if self._pencil.pointed is not None:
            return self._pencil.pointed
        return next(entry.index for entry in self.entries if entry.selected)

    # Rows

    def _show_rows(self, *, hold: bool) -> None:
        editing = self.state() == QAbstractItemView.State.EditingState
        if not (hold or editing):
            self._arranged = time.monotonic()
        self._standings.show_entries(self.sorting.arranged(self._entries, hold=hold or editing))

    def _sort(self, column: Column) -> None:
        self.sorting.click(column)
        self._show_rows(hold=False)
        self._header.viewport().update()

    def _row(self, index: int) -> int:
        return next(row for row, entry in enumerate(self.entries) if entry.index == index)

    # Columns

    @property
    def _em(self) -> int:
        return self.fontMetrics().height()

    def _scale(self) -> None:
        self._widths = [0] * len(Column)
        self.verticalHeader().setMinimumSectionSize(self._em)
        self.verticalHeader().setDefaultSectionSize(self._em + 2)
        for row in range(self.model().rowCount() if self.model() is not None else 0):
            self.setRowHeight(row, self._em + 2)  # rows that grew with the font keep their height else
        self._header.setMinimumSectionSize(self._em)
        self._header.setFixedHeight(self._em + 2)

    def _fit(self) -> None:
        """Share the width out: first what differs and the names are cut off, then the dispensable columns go."""
        room, em, widths = self.viewport().width(), self._em, self._widths[:]
        shown = [column for column in Column if column in self._telling]
        widths[Column.DIFFERS] = min(widths[Column.DIFFERS], 18 * em)
        needed = widths[:]
        for column in (*self._repeated, *_DISPENSABLE):
            name, differs = _DISPENSABLE[Column.OPTIMIZER if column in self._repeated else column]
            needed[Column.RUN] = min(widths[Column.RUN], name * em)
            needed[Column.DIFFERS] = min(widths[Column.DIFFERS], differs * em)
            if column in shown and sum(needed[each] for each in shown) > room:
                shown.remove(column)
        spare = max(0, room - sum(needed[each] for each in shown))
        for column in (Column.RUN, Column.DIFFERS):
            if column in shown:
                more = min(spare, widths[column] - needed[column])
                needed[column] += more
                spare -= more
        needed[Column.RUN] += min(spare, 6 * em)
        needed[Column.STATE] += max(0, spare - 6 * em)
        for column in Column:
            self.setColumnHidden(column, column not in shown)
            self.setColumnWidth(column, needed[column])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._scale()
            self.show_entries(self._entries, self._telling)
            self._fit()
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        rows = min(max(len(self.entries), 2), _ROWS)
        return QSize(30 * self._em, self._header.height() + rows * self.verticalHeader().defaultSectionSize() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(10 * self._em, self._header.height() + 2 * self.verticalHeader().defaultSectionSize())

    # Keys and mouse

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        towards = (key == Qt.Key.Key_Down) - (key == Qt.Key.Key_Up)
        if not self.entries:
            event.ignore()
        elif towards:
            at = self._row(self.acted_on) + towards
            if 0 <= at < len(self.entries):
                self._choose(self.entries[at], passing=True)
                self.scrollTo(self._standings.index(at, Column.RUN))
        elif key == Qt.Key.Key_F2:
            self.rename(self.acted_on)
        elif key == Qt.Key.Key_Delete:
            self.removal_asked.emit(self.acted_on)
        else:
            event.ignore()  # the window's transport keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._on_dot = self._is_dot(event.position().toPoint())
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._on_dot = self._is_dot(event.position().toPoint())
        super().mouseDoubleClickEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        pressable = self._is_dot(event.position().toPoint())
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if pressable else Qt.CursorShape.ArrowCursor)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self.entries:
            return
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            index = self.acted_on
            place = self.visualRect(self._standings.index(self._row(index), Column.RUN)).bottomLeft()
            self.menu_asked.emit(index, self.viewport().mapToGlobal(place))
        elif (at := self.indexAt(event.pos())).isValid():
            self.menu_asked.emit(self.entries[at.row()].index, event.globalPos())

    def viewportEvent(self, event: QEvent) -> bool:
        """Say of a dot what it does; of all else its cell says something."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._is_dot(event.pos()):
            entry = self.entries[self.indexAt(event.pos()).row()]
            says = "Show this run again" if entry.hidden else "Hide this run: it stays in the table"
            QToolTip.showText(event.globalPos(), tip(says), self)
            return True
        return super().viewportEvent(event)

    def _is_dot(self, at: QPoint) -> bool:
        """Whether a place of the viewport belongs to a run's dot."""
        index = self.indexAt(at)
        on = index.isValid() and index.column() == Column.RUN
        return on and at.x() - self.visualRect(index).left() < (DOT - 0.2) * self._em

    def _click(self, at: QModelIndex) -> None:
        entry = self.entries[at.row()]
        if self._on_dot:
            self.hide_asked.emit(entry.index, not entry.hidden)
        else:
            self._choose(entry)

    def _click_twice(self, at: QModelIndex) -> None:
        if at.column() == Column.RUN and not self._on_dot:
            self.rename(self.entries[at.row()].index)

    def _choose(self, entry: Entry, *, passing: bool = False) -> None:
        """Go to a run; a ghost, and in ``passing`` one that is hidden, is only pointed at."""
        only_pointed = entry.ghost or (passing and entry.hidden)
        self._pencil.pointed = entry.index if only_pointed else None
        self.viewport().update()
        if not only_pointed:
            self.chosen.emit(entry.index)
