"""Tries other learning rates in the background: all at once for a sweep, one of them in full for a ghost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal

from gdviz.core.sweep import Sweep, sweep

if TYPE_CHECKING:
    from collections.abc import Generator

    from gdviz.core.run import Run
    from gdviz.ui.background import Background

_BETWEEN_YIELDS = 100
"""steps of a ghost; two milliseconds"""


class Explorer(QObject):
    """Runs that were never asked to play: from a run's start, by its rule as it is now set, at other rates."""

    swept = Signal(object)
    """a Sweep"""
    tried = Signal(object)
    """a Run at one of the rates, at its end"""
    failed = Signal(str)
    """one sentence"""

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self._key = object()
        background.result.connect(self._take)
        background.failed.connect(self._failed)

    def sweep(self, run: Run, steps: int) -> None:
        """Run ``steps`` steps at many rates; `swept` brings the outcome."""
        theta = run.history.checkpoint(0).theta
        self._ask(sweep(run.problem, run.optimizer, run.spec.schedule, run.batches, theta, run.horizon, steps))

    def try_rate(self, run: Run, rate: float, steps: int) -> None:
        """Run ``steps`` steps at one rate; `tried` brings the run."""
        optimizer = msgspec.structs.replace(run.optimizer, learning_rate=rate)
        self._ask(_carried_out(run.again(optimizer, f"rate {rate:.3g}"), steps))

    def drop(self) -> None:
        """What is being tried is no longer of interest."""
        self._key = object()

    def _ask(self, job: Generator[object, None, None]) -> None:
        self._key = object()
        self._background.ask(self._key, job)

    def _take(self, key: object, result: Sweep | Run) -> None:
        if key is self._key:
            (self.swept if isinstance(result, Sweep) else self.tried).emit(result)

    def _failed(self, key: object, reason: str) -> None:
        if key is self._key:
            self.failed.emit(reason)


def _carried_out(run: Run, steps: int) -> Generator[Run | None, None, None]:
    run.go_on()  # a sweep knows no other stop
    while not run.ended and run.step < steps:
        run.advance()
        if run.step % _BETWEEN_YIELDS == 0:
            yield None
    if run.row.finite:
        run.history.snapshot(run.row)
    yield run
