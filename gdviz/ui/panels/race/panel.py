"""The race: all runs at the cursor in a table, and who comes first to a cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gdviz.core.standing import default_target
from gdviz.ui.panels.race.entries import entries
from gdviz.ui.panels.race.table import Table
from gdviz.ui.widgets import ElidedLabel, NumberEntry, mark

if TYPE_CHECKING:
    from gdviz.core.frame import Frame
    from gdviz.ui.theme import Theme

_PAUSE = 250
"""ms between two texts while the runs go on: a table takes longer to read than a number"""


class RacePanel(QWidget):
    """The runs' standings at the cursor."""

    run_chosen = Signal(int)
    """an index into the frame's runs, clicked or moved to; never a ghost's"""
    rejected = Signal(str)
    """what was wrong with the target that was typed, in a sentence"""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frame: Frame | None = None
        self._shown: tuple[int, int] = (0, 0)
        self._cost: object = None
        self._playing = self._waiting = False
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
        header = QHBoxLayout()
        header.setSpacing(6)
        for part in (self._heading, self._at, self._asks, self.target):
            header.addWidget(part)
        header.setStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 4, 4)
        column.setSpacing(2)
        column.addLayout(header)
        column.addWidget(self.table)
        self.table.chosen.connect(self.run_chosen)
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

    def show_frame(self, frame: Frame) -> None:
        """Show the standings at the cursor: at once, or, soon after others of runs that go on, when they were read."""
        self._frame, self._waiting = frame, True
        same = (len(frame.runs), frame.selected) == self._shown
        if not (same and (frame.live or self._playing) and self._timer.isActive()):
            self._show_waiting()

    def _show_waiting(self) -> None:
        if self._waiting:
            self._refresh()

    def _refresh(self) -> None:
        frame, self._waiting = self._frame, False
        if frame is None:
            return
        self._timer.start()
        # A typed formula or a catalogue's surface stays the same cost wherever it starts.
        cost = getattr(frame.problem, "formula", type(frame.problem))
        if cost != self._cost:
            self._cost = cost
            self.target.set_value(default_target(frame))
        self._shown = len(frame.runs), frame.selected
        self._at.set_text(f"at step {frame.step:,}")
        self.table.show_entries(entries(frame, self.target.value))
