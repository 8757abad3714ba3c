"""The window goes first: the training waits while the window does what is at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractEventDispatcher, QEvent, QObject, Qt

if TYPE_CHECKING:
    from gdviz.ui.worker import Worker

_LONG = {QEvent.Type.Timer, QEvent.Type.UpdateRequest}
"""events that take long: what a panel does when its time has come, and painting"""


class Precedence(QObject):
    """Keeps the training from the interpreter until the event loop is back.

    A loop in plain Python, as of a surface, gives the interpreter away every few milliseconds only, and to each call
    from Qt anew: what the window does in ten calls would take twenty milliseconds. A network's steps spend their time
    in numpy, which needs no interpreter: they are held up by what takes long, and not for each small event.
    """

    def __init__(self, worker: Worker, parent: QObject) -> None:
        super().__init__(parent)
        self._worker = worker
        self._taken = False
        self.of_all = True
        """the training is a loop in plain Python: the window goes first with all that it does"""

    def heed(self, event: QEvent) -> None:
        """Go first with what an event brings about, until all that is at hand is done."""
        if not self._taken and (self.of_all or event.type() in _LONG):
            dispatcher = QAbstractEventDispatcher.instance()
            dispatcher.aboutToBlock.connect(self._give_back, Qt.ConnectionType.SingleShotConnection)
            self._taken = True
            self._worker.hold(True)

    def _give_back(self) -> None:
        self._taken = False
        self._worker.hold(False)
