"""How long a run has worked: what its steps took, beside its history, which knows no time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import NDArray

MOST_MARKS = 1024
"""of a run, the newest step's included"""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """Seconds that a run had worked by some of its steps; (m,) arrays that are never written again, m >= 1."""

    steps: NDArray[np.int64]
    """increasing, the newest last"""
    seconds: NDArray[np.float64]
    """nondecreasing"""

    def at(self, step: float) -> float:
        """Seconds up to a step; nan where nobody took them, in the past of a run that was saved without."""
        return float(self.spread(np.array([step]))[0])

    def spread(self, steps: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
        """The same for (n,) steps; what lies between two marks is spread evenly."""
        return np.interp(steps, self.steps, self.seconds, left=math.nan)

    @property
    def marks(self) -> tuple[tuple[int, float], ...]:
        """The same as (step, seconds), m of them."""
        return tuple(zip(self.steps.tolist(), self.seconds.tolist(), strict=True))


AT_START = Clock(np.zeros(1, np.int64), np.zeros(1))


class Stopwatch:
    """The seconds of work that a run's steps took. One thread adds to them; any may read the `clock` meanwhile.

    Only what goes on inside the steps counts: no pause, no waiting for the pace of a window, and none of what is
    measured on whole data sets, which a descent does not need. Two runs of one recipe have the same history to the last
    bit, but not the same times.

    Memory is bounded: of `MOST_MARKS` every second one goes, and those to come lie twice as far apart in time.
    """

    def __init__(self, marks: Sequence[tuple[int, float]] = ((0, 0.0),)) -> None:
        """``marks``: (step, seconds) of its past, ordered as in a `Clock`, 1 to `MOST_MARKS` of them."""
        steps, seconds = np.empty(MOST_MARKS, np.int64), np.empty(MOST_MARKS)
        for i, mark in enumerate(marks):
            steps[i], seconds[i] = mark
        self._step, self._seconds = marks[-1]
        self._marks = steps, seconds, len(marks)
        """replaced as a whole, for those who read it meanwhile"""
        self._part = 0.0
        """seconds of a step that has not come to its end"""
        self._read = -1, 0.0, AT_START
        """the clock that was read last, and when"""
        self._due, self._apart = self._seconds, 0.0
        """when the next mark is made, and how many seconds lie between two of them at least"""

    def add(self, seconds: float, step: int) -> None:
        """So long was worked, and ``step`` is done; one that is there already, and was done once more, counts once."""
        if self._part:
            # What was left out may be all of it, but for rounding.
            seconds, self._part = max(0.0, seconds + self._part), 0.0
        if step > self._step:
            # In this order: who reads in between sees the step before, a little late.
            self._seconds = now = self._seconds + seconds
            self._step = step
            if now >= self._due:
                self._mark()

    def add_part(self, seconds: float) -> None:
        """So long was worked, and the step goes on."""
        self._part += seconds

    def leave_out(self, work: Generator[None, None, Result]) -> Generator[None, None, Result]:
        """The same work, which is done within a step but does not count."""
        while True:
            begun = perf_counter()
            try:
                next(work)
            except StopIteration as done:
                result: Result = done.value
                return result
            finally:
                self._part -= perf_counter() - begun
            yield

    @property
    def clock(self) -> Clock:
        """All up to the newest step; the same object as long as nothing is added."""
        step, now = self._step, self._seconds
        *read, clock = self._read
        if read != [step, now]:
            steps, seconds, n = self._marks
            n = int(np.searchsorted(steps[:n], step))  # by now there may be later ones
            clock = Clock(np.append(steps[:n], step), np.append(seconds[:n], now))
            self._read = step, now, clock
        return clock

    def until(self, step: int) -> Stopwatch:
        """What another run takes over that has the same past up to ``step``."""
        clock = self.clock
        n, now = int(np.searchsorted(clock.steps, step)), clock.at(step)
        return Stopwatch([*clock.marks[:n], (step, 0.0 if math.isnan(now) else now)])

    def _mark(self) -> None:
        steps, seconds, n = self._marks
        if n >= MOST_MARKS - 1:
            thinned = steps[:n:2], seconds[:n:2]
            n = len(thinned[0])
            # Not in place: who reads them meanwhile keeps what it has.
            steps, seconds = np.empty_like(steps), np.empty_like(seconds)
            steps[:n], seconds[:n] = thinned
            self._apart = 2 * self._seconds / MOST_MARKS
        steps[n], seconds[n] = self._step, self._seconds
        self._marks = steps, seconds, n + 1
        self._due = self._seconds + self._apart
