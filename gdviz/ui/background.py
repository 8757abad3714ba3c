"""A second thread for pictures that take a while: one job at a time, the newest wins."""

from __future__ import annotations

import sys
from threading import Condition
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QThread, Signal

if TYPE_CHECKING:
    from collections.abc import Generator


class Background(QThread):
    """Drives one generator at a time; what it yields, unless None, is delivered in the window's thread.

    A new job, or `cancel`, ends the old one at its next yield; late results carry their job's key, so that whoever
    asked can tell them.
    """

    result = Signal(object, object)
    """(key, what was yielded)"""
    failed = Signal(object, str)
    """(key, one sentence): why the job could not go on; `done` follows"""
    done = Signal(object)
    """(key): the job came to its end"""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("gdviz-pictures")
        self.setStackSize(8 << 20)
        self._orders = Condition()
        self._job: tuple[object, Generator[Any, None, None]] | None = None
        self._version = 0
        self._quit = False

    def ask(self, key: object, job: Generator[Any, None, None]) -> None:
        """Do this next, instead of whatever is being done."""
        with self._orders:
            self._job, self._version = (key, job), self._version + 1
            self._orders.notify_all()

    def cancel(self) -> None:
        """Drop whatever is being done."""
        with self._orders:
            self._job, self._version = None, self._version + 1

    def finish(self) -> None:
        """End the thread and wait for it."""
        with self._orders:
            self._quit, self._version = True, self._version + 1
            self._orders.notify_all()
        self.wait()

    def run(self) -> None:
        """Carry out jobs until told to end."""
        while True:
            with self._orders:
                while self._job is None and not self._quit:
                    self._orders.wait()
                if self._quit:
                    return
                assert self._job is not None  # waited for just above
                (key, job), version, self._job = self._job, self._version, None
            try:
                ended = self._carry_out(key, job, version)
            except MemoryError:
                self.failed.emit(key, "there is not enough memory for this")
                ended = True
            except Exception as error:  # the next job must find this thread alive, whatever went wrong in this one
                sys.excepthook(type(error), error, error.__traceback__)
                self.failed.emit(key, f"it could not be made: {error}")
                ended = True
            if ended:
                self.done.emit(key)

    def _carry_out(self, key: object, job: Generator[Any, None, None], version: int) -> bool:
        """Deliver what the job yields; False when there was another order before its end."""
        for result in job:
            if version != self._version:
                job.close()  # what it holds is not kept while this thread waits
                return False
            if result is not None:
                self.result.emit(key, result)
        return True
