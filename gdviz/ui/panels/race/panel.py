"""The race: all runs at the cursor in a table, and who comes first to a cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QVBoxLayout, QWidget

from gdviz.core.standing import default_target
from gdviz.ui.panels.race.entries import Column, entries, is_surface, telling
from gdviz.ui.panels.race.menu import run_menu
from gdviz.ui.panels.race.table import Table
from gdviz.ui.widgets import Button, ElidedLabel, NumberEntry, mark, tip

if TYPE_CHECKING:
    from gdviz.core.frame import Frame
    from gdviz.ui.theme import Theme

_PAUSE = 250
"""ms between two texts while the runs go on: a table takes longer to read than a number"""


class RacePanel(QWidget):
    """The runs' standings at the cursor. Indices are into the frame's runs."""

    run_chosen = Signal(int)
    """clicked or moved to; never a ghost's"""
    hide_asked = Signal(int, bool)
    """whether it is to be hidden or shown again"""
    only_asked = Signal(int)
    """all others are to be hidden"""
    all_asked = Signal()
    """none is to be hidden"""
    renamed = Signal(int, str)
    """what was typed"""
    removal_asked = Signal(int)
    comparison_asked = Signal(int)
    """its weights are to be compared with the selected run's"""
    rejected = Signal(str)
    """what can't be, or was wrong with the target that was typed, in a sentence"""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frame: Frame | None = None
        self._shown: object = None
        self._cost: object = None
        self._playing = self._waiting = False
        self.timed = True
        """whether it tells how long the runs have worked, which is not the same another time"""
        self._timer = QTimer(self, interval=_PAUSE, singleShot=True)
        self._timer.timeout.connect(self._show_waiting)
        self.table = Table(theme)
        self.target = NumberEntry("Target cost", 0.01, lambda cost: True, "a number")
        self._heading, self._at, self._asks = QLabel("RACE"), ElidedLabel(), QLabel("steps to cost ≤")
        mark(self._heading, "role", "heading")
        mark(self._at, "role", "muted")
        mark(self._asks, "role", "muted")
        self._asks.setBuddy(self.target)
        self.target.setToolTip("The race goes to this cost: type another")
        self.more = Button()
        self.more.set_text("⋯")
        mark(self.more, "flat", True)
        self.more.setAccessibleName("What can be done with a run")
        self.more.setToolTip(tip("Hide, rename or remove the selected run (of any other: a right click on its row)"))
        self.more.clicked.connect(self._offer_more)
        header = QHBoxLayout()
        header.setSpacing(6)
        for part in (self._heading, self._at, self._asks, self.target, self.more):
            header.addWidget(part)
        header.setStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 4, 4)
        column.setSpacing(2)
        column.addLayout(header)
        column.addWidget(self.table)
        self.table.chosen.connect(self.run_chosen)
        self.table.hide_asked.connect(self.ask_to_hide)
        self.table.renamed.connect(self.renamed)
        self.table.removal_asked.connect(self.ask_to_remove)
        self.table.menu_asked.connect(self._offer)
        self.target.value_changed.connect(self._refresh)
        self.target.rejected.connect(self.rejected)
        self.target.done.connect(self.table.setFocus)
        self._scale()

    def _scale(self) -> None:
        self.target.setFixedWidth(round(6 * self.fontMetrics().height()))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._scale()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.table.set_theme(theme)

    def set_playing(self, playing: bool) -> None:
        """While the runs play, the table changes no faster than one can read."""
        self._playing = playing
        if not playing:
            self._refresh()

    def show_frame(self, frame: Frame) -> None:
        """Show the standings at the cursor: at once, or, soon after others of runs that go on, when they were read."""
        self._frame, self._waiting = frame, True
        same = _lineup(frame) == self._shown
        if not same:
            for menu in self.findChildren(QMenu):
                menu.close()  # it is of a row that may be another run's now
        if not (same and (frame.live or self._playing) and self._timer.isActive()):
            self._show_waiting()

    def ask_to_hide(self, index: int, hidden: bool) -> None:
        """Ask to hide a run or to show it again; one of the runs stays on show."""
        frame = self._frame
        if frame is None:
            return
        run = frame.runs[index]
        others = [other for other in frame.runs if not (other.ghost or other.hidden) and other is not run]
        if hidden and not (run.ghost or others):
            self.rejected.emit(f"“{run.label}” stays: it is the last run on show.")
        else:
            self.hide_asked.emit(index, hidden)

    def ask_to_remove(self, index: int) -> None:
        """Ask to take a run away; the last one stays."""
        frame = self._frame
        if frame is None:
            return
        run = frame.runs[index]
        if not run.ghost and sum(not other.ghost for other in frame.runs) == 1:
            self.rejected.emit(f"“{run.label}” stays: there is no other run.")
        else:
            self.removal_asked.emit(index)

    def _offer_more(self) -> None:
        if self._frame is not None:
            self._offer(self._frame.selected, self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _offer(self, index: int, place: QPoint) -> None:
        if self._frame is not None:
            run_menu(self, self._frame, index).popup(place)

    def _show_waiting(self) -> None:
        if self._waiting:
            self._refresh()

    def _refresh(self) -> None:
        frame, self._waiting = self._frame, False
        if frame is None:
            return
        self._timer.start()
        races = is_surface(frame)
        # A typed formula or a catalogue's surface stays the same cost wherever it starts.
        cost = getattr(frame.problem, "formula", type(frame.problem))
        if races and cost != self._cost:
            self._cost = cost
            self.target.set_value(default_target(frame))
        self._shown = _lineup(frame)
        self._heading.setText("RACE" if races else "RUNS")
        for part in (self._asks, self.target):
            part.setVisible(races)
        epoch = "" if frame.run.epoch is None else f", epoch {frame.run.epoch:.2f}"
        self._at.set_text(f"at step {frame.step:,}{epoch}")
        rows = entries(frame, self.target.value if races else -math.inf)
        columns = telling(frame) - (frozenset() if self.timed else {Column.SECONDS})
        self.table.show_entries(rows, columns, going=self._playing)


def _lineup(frame: Frame) -> object:
    """What of a frame is to be seen at once."""
    return frame.selected, tuple((run.label, run.ghost, run.hidden) for run in frame.runs)
