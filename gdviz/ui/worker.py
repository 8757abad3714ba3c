"""The thread that trains: it builds runs, steps them at a pace, and stops at the next yield when told to."""

from __future__ import annotations

import math
import sys
from threading import Condition, Event
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, QThread, Signal

from gdviz.core.errors import InputError
from gdviz.core.run import Run, next_run
from gdviz.export.saved import save

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from gdviz.core.making import Making
    from gdviz.core.shown import Shown

_STACK_BYTES = 8 << 20  # macOS gives a secondary thread 512 KB, on which OpenBLAS crashes
_LATE = 0.1  # seconds behind its pace after which the worker lets the lost time go, instead of racing to catch up
_LONGEST_HOLD = 0.1  # seconds, once
_SHORTEST_WAIT = 0.002  # seconds; shorter ones are not kept by the system, so they are added up


class Saved(NamedTuple):
    """What came of an order to save."""

    path: Path
    silent: bool
    """nobody asked for it, and nobody waits for an answer"""
    reason: str
    """one sentence: why they could not be saved; empty where they were"""
    steps: dict[Run, int]
    """the newest step of each run and ghost that was to be saved"""
    seconds: float
    """how long the training waited for it"""
    n_left_out: int
    """ghosts for which there was no room"""


class Worker(QThread):
    """One thread for the life of a window. A new scenario replaces the runs; nothing is ever reset.

    All methods may be called from the window's thread; they only leave an order and wake the thread, which looks for
    orders between any two yields of the loop. Signals carry rare events, never a step.
    """

    built = Signal(object, object)
    """(Shown, Making): what was asked for by this order is ready"""
    failed = Signal(str, object)
    """(one sentence, Making): why what was asked for by this order could not be built; None: a run could not go on"""
    saved = Signal(object)
    """(Saved): what came of an order to save"""
    rested = Signal()
    """nothing goes any more: the orders are done, or every run has ended"""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("gdviz-training")
        self.setStackSize(_STACK_BYTES)
        self._orders = Condition()
        self._attention = Event()
        self._quit = False
        self._wanted: Making | None = None
        self._to_save: dict[Path, tuple[Shown, bool]] = {}
        self._runs: list[Run] = []
        self._lineup: tuple[list[Run], frozenset[Run]] | None = None
        self._until = 0.0
        self._pace = math.inf
        self._may_step = Event()
        self._may_step.set()

    def load(self, making: Making) -> None:
        """Train other runs, once they are made; of several such orders only the newest is carried out."""
        with self._orders:
            self._wanted, self._until = making, 0.0
            self._wake()

    def train(self, runs: Iterable[Run], left: Iterable[Run] = ()) -> None:
        """Train these from now on, each from where it is, but those ``left`` there; what was ordered stays."""
        with self._orders:
            self._lineup = list(runs), frozenset(left)
            self._wake()

    def save(self, path: Path, shown: Shown, silent: bool = False) -> None:
        """Save what is on show as it is between two steps; the training waits for it, and goes on.

        Of several such orders for one place only the newest is carried out. A ``silent`` one is for a file of our own,
        and is dropped once this thread is to end.
        """
        with self._orders:
            self._to_save[path] = shown, silent
            self._wake()

    def go(self, until: float = math.inf) -> None:
        """Step until every run that can go on has gone ``until`` epochs (surfaces: steps)."""
        with self._orders:
            self._until = until
            self._wake()

    @property
    def going(self) -> bool:
        """There are steps to be taken."""
        return self._until > 0

    def pause(self) -> None:
        """Stop at the next step."""
        self.go(until=0.0)

    def set_pace(self, steps_per_second: float) -> None:
        """Steps a second of each run; inf is as fast as possible."""
        with self._orders:
            self._pace = steps_per_second
            self._wake()

    def change(self, run: Run, name: str, value: float) -> None:
        """Change a knob of a run's optimizer from its next step on. Raises msgspec.ValidationError."""
        with self._orders:
            run.change(name, value)
            self._wake()

    def finish(self) -> None:
        """End the thread and wait for it: at most as long as one chunk of work takes."""
        with self._orders:
            self._quit = True
            self._to_save = {path: order for path, order in self._to_save.items() if not order[-1]}
            self._wake()
        self.wait()

    def hold(self, held: bool) -> None:
        """Keep the loop from the interpreter while a frame is drawn: side by side, each would wait for the other."""
        if held:
            self._may_step.clear()
        else:
            self._may_step.set()

    def _wake(self) -> None:
        self._attention.set()
        self._orders.notify_all()

    def run(self) -> None:
        """Carry out orders until told to end."""
        while True:
            with self._orders:
                to_save = self._to_save.popitem() if self._to_save else None
                wanted = None
                if to_save is None:
                    if self._quit:
                        return
                    self._attention.clear()
                    wanted, self._wanted = self._wanted, None
                    if self._lineup is not None:
                        (self._runs, left), self._lineup = self._lineup, None
                        for run in left:
                            run.stay()
                until, pace = self._until, self._pace
            try:
                if to_save is not None:
                    self._save(to_save[0], *to_save[1])
                elif wanted is not None:
                    self._build(wanted)
                elif not self._step(until, pace):
                    self._rest(until)
            except InputError as error:
                self._stop_for(str(error), wanted)
            except MemoryError:
                self._stop_for("there is not enough memory for this scenario", wanted)
            except Exception as error:  # the window must live on and say it, whatever went wrong
                sys.excepthook(type(error), error, error.__traceback__)
                self._stop_for(f"the run stopped: {error}", wanted)

    def _save(self, path: Path, shown: Shown, silent: bool) -> None:
        begun, reason, n_left_out = perf_counter(), "", 0
        try:
            n_left_out = save(path, shown)
        except InputError as error:
            reason = str(error)
        except MemoryError:
            reason = f"{path}: there is not enough memory to save that much"
        except Exception as error:  # who waits for the answer gets one, whatever went wrong
            sys.excepthook(type(error), error, error.__traceback__)
            reason = f"{path}: can't be written: {error}"
        steps = {run: run.step for run in (*shown.runs, *shown.ghosts[n_left_out:])}
        self.saved.emit(Saved(path, silent, reason, steps, perf_counter() - begun, n_left_out))

    def _build(self, making: Making) -> None:
        while True:
            try:
                next(making)
            except StopIteration as made:
                shown: Shown = made.value
                break
            if self._wanted is not None or self._quit:
                making.close()
                return
        self._runs = shown.runs
        with self._orders:
            self._until = 0.0  # what was ordered meanwhile was meant for the runs before
        self.built.emit(shown, making)

    def _step(self, until: float, pace: float) -> bool:
        """Step until there is an order (True) or nothing more to do (False)."""
        runs, attention, may_step = self._runs, self._attention, self._may_step
        for run in runs:
            run.apply_changes()
        due = perf_counter()
        while not attention.is_set():
            run_or_none = next_run(runs)
            # A hundred-millionth of an epoch is lost in rounding, and is less than a step.
            if run_or_none is None or run_or_none.progress >= until - 1e-8:
                return False
            run = run_or_none
            # The chunks of an evaluation or a full batch leave the interpreter alone by themselves.
            if not (may_step.is_set() or run.between or may_step.wait(_LONGEST_HOLD)):
                may_step.set()  # the window is busy with something else: it will hold on again when it is back
            if not run.advance() or pace == math.inf or until < math.inf:  # single steps come at once
                continue
            due += 1 / (pace * sum(not each.ended for each in runs) or 1)
            ahead = due - perf_counter()
            if ahead > _SHORTEST_WAIT:
                run.history.snapshot(run.row)
                attention.wait(ahead)
            elif ahead < -_LATE:
                due = perf_counter()
        return True

    def _rest(self, until: float) -> None:
        # Who looks at a race on a surface compares its runs at the same step: a round that was begun is done.
        racing = [run for run in self._runs if run.steps_per_epoch is None and not run.ended]
        foremost = max((run.step for run in racing), default=0)
        for run in racing:
            if run.step == foremost - 1:
                run.advance()
        for run in self._runs:
            # In the midst of a step the knobs are no row's: that step is done first, unless there is a new order.
            while run.between and not self._attention.is_set():
                run.advance()
            if not run.between:
                run.history.snapshot(run.row)
        if self._runs and until > 0:
            self.rested.emit()
        with self._orders:
            if not self._attention.is_set():
                self._until = 0.0  # these orders are done; a later one is not ours to drop
            while not self._attention.is_set():
                self._orders.wait()

    def _stop_for(self, reason: str, wanted: Making | None) -> None:
        with self._orders:
            self._until = 0.0
        self.failed.emit(reason, wanted)
