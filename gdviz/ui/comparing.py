"""Ties the runs' table, the button that shows it and the difference of weights to the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from PySide6.QtWidgets import QSplitter, QWidget

    from gdviz.core.frame import Frame
    from gdviz.core.run import Run
    from gdviz.ui.panels.race import RacePanel
    from gdviz.ui.panels.weights import WeightsPanel
    from gdviz.ui.session import Session
    from gdviz.ui.transport import TransportBar


_MOST = 0.36
"""of the height that the table shares with the surface"""


class Comparing(QObject):
    """Shows the table where there are several runs or somebody asked for it, and carries out what is asked for in it.

    A ghost alone does not bring it up: who starts again and again wants the surface to stay as it is.
    """

    room_asked = Signal()
    """the table is wanted, and something else has its place"""

    def __init__(
        self,
        session: Session,
        race: RacePanel,
        weights: WeightsPanel,
        transport: TransportBar,
        place: QWidget,
        around: QSplitter,
    ) -> None:
        """``place`` is what is shown or hidden with the table in it, below what else ``around`` it has."""
        super().__init__(session)
        self._session, self._race, self._transport = session, race, transport
        self._place, self._around = place, around
        self._room = True
        self._rows = 0
        """that the table has its height for; -1 where somebody has chosen another"""
        self._chosen: bool | None = None
        """whether somebody wants it, since this scenario was opened"""
        self._opened = ""
        around.splitterMoved.connect(self._keep_height)
        transport.compare_asked.connect(self.toggle)
        session.playing_changed.connect(race.set_playing)
        race.hide_asked.connect(lambda index, hidden: session.hide(self._run(index), hidden))
        race.only_asked.connect(lambda index: session.show_only(self._run(index)))
        race.all_asked.connect(session.show_all)
        race.renamed.connect(lambda index, typed: session.rename(self._run(index), typed))
        race.removal_asked.connect(lambda index: session.remove(self._run(index)))
        race.comparison_asked.connect(weights.compare_with)
        weights.rival_asked.connect(lambda index: session.compare(None if index is None else self._run(index)))

    @property
    def shown(self) -> bool:
        """Whether the table is on show."""
        return not self._place.isHidden()

    def toggle(self) -> None:
        """Show the table, or hide it."""
        self._chosen = not self.shown
        if self._chosen and not self._room:
            self.room_asked.emit()
        self.arrange(room=self._room)

    def arrange(self, *, room: bool) -> None:
        """Show the table if it is wanted and there is ``room`` for it."""
        session, self._room = self._session, room
        if session.name != self._opened:
            self._opened, self._chosen = session.name, None
        wanted = len(session.runs) > 1 if self._chosen is None else self._chosen
        if not self.shown:
            self._rows = 0
        self._place.setVisible(wanted and room)
        self._transport.set_comparing(self.shown)
        if session.timeline.frame is not None:
            self.show_frame(session.timeline.frame)

    def show_frame(self, frame: Frame) -> None:
        """Follow the cursor, where the table is seen."""
        if not self.shown:
            return
        self._race.show_frame(frame)
        if self._rows not in (len(frame.runs), -1):
            self._rows = len(frame.runs)
            self._fit()

    def _fit(self) -> None:
        """Give the table the height of its rows, as far as that may go, at the cost of what stands uppermost."""
        self._race.updateGeometry()  # what is around it would hear of its rows only with the next events
        sizes, at = self._around.sizes(), self._around.indexOf(self._place)
        wanted = min(self._place.sizeHint().height(), round(_MOST * self._around.height()))
        sizes[0] += sizes[at] - wanted
        sizes[at] = wanted
        self._around.setSizes(sizes)

    def _keep_height(self) -> None:
        self._rows = -1

    def _run(self, index: int) -> Run:
        return self._session.everyone[index]
