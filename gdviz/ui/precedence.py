"""The window goes first: the training waits while the window does what is at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractEventDispatcher, QObject, Qt

if TYPE_CHECKING:
    from gdviz.ui.worker import Worker


class Precedence(QObject):
    """Keeps the training from the interpreter until the event loop is back.

    A loop in plain Python gives the interpreter away every few milliseconds only, and to each call from Qt anew: what
    the window does in ten calls would take fifty milliseconds.
    """

    def __init__(self, worker: Worker, parent: QObject) -> None:
        super().__init__(parent)
        self._worker = worker
        self._taken = False

    def take(self) -> None:
        """Go first, until all that is at hand is done."""
        if not self._taken:
            dispatcher = QAbstractEventDispatcher.instance()
            dispatcher.aboutToBlock.connect(self._give_back, Qt.ConnectionType.SingleShotConnection)
            self._taken = True
            self._worker.hold(True)

    def _give_back(self) -> None:
        self._taken = False
        self._worker.hold(False)
