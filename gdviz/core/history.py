"""What happened in a run, at two rates: every step's numbers, and now and then all knobs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gdviz.core.descent import Row
    from gdviz.core.problem import Evaluation, Vector

Floats = NDArray[np.float64]
Steps = NDArray[np.int64]

MOST_ROWS = 1 << 21
"""rows kept a run; beyond it half of them go, the lowest and the highest cost of every four staying"""

KNOB_COLUMNS = ("w0", "w1")
"""the knobs of problems with one or two of them are numbers of every step"""


class Checkpoint(NamedTuple):
    """All knobs and what the optimizer remembered at ``step``; copies."""

    step: int
    theta: Vector
    """(n_params,)"""
    state: Vector
    """(slots, n_params); more where another rule of the run remembers more"""
    gradient: Vector | None = None
    """(n_params,) on the batch of this step; only the newest snapshot has it"""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The numbers of the steps so far: (n,) arrays that are never written again."""

    step: Steps
    cost: Floats
    grad_norm: Floats
    learning_rate: Floats
    knobs: Floats
    """(n, n_params) for one or two knobs, else (n, 0)"""
    travelled: Floats
    """(n,) length of the way so far, every step counted, for one or two knobs; else (0,)"""

    def index(self, step: int) -> int:
        """The row of ``step``, or the nearest kept row before it."""
        return max(int(np.searchsorted(self.step, step, side="right")) - 1, 0)


class Parts(NamedTuple):
    """All of a history: what is written down of it, and read back."""

    step: Steps
    """(n,) of the rows, from 0 up"""
    numbers: Floats
    """(3, n): cost, grad_norm, learning_rate; for one or two knobs these follow, and the way travelled"""
    evaluations: list[tuple[int, Evaluation]]
    kept: Vector
    """(m, 1 + slots, n_params): the checkpoints, theta first; the i-th is that of step i * stride"""
    stride: int
    newest: Vector
    """(1 + slots, n_params), the same at the newest row"""


class History:
    """One run's past. One thread appends; any thread may read at the same time.

    Memory is bounded at any length: past `MOST_ROWS` the rows are thinned, and the checkpoints, kept at first at every
    step, lose every second one and double their stride whenever ``checkpoint_bytes`` are full. Step 0 always stays.
    """

    def __init__(self, n_params: int, n_slots: int, dtype: np.dtype[Any], checkpoint_bytes: int = 48 << 20) -> None:
        n_knobs = n_params if n_params <= len(KNOB_COLUMNS) else 0
        self._lock = Lock()
        self._n = 0
        self._thinnings = 0
        self._version = 0
        self._step = np.empty(1024, np.int64)
        self._numbers = np.empty((3 + n_knobs + (n_knobs > 0), 1024))
        self._n_knobs, self._at, self._travelled = n_knobs, [math.nan] * n_knobs, 0.0
        self._evaluations: list[tuple[int, Evaluation]] = []
        shape = (1 + n_slots, n_params)
        most = checkpoint_bytes // (shape[0] * n_params * dtype.itemsize)
        # Pages that are never written take no memory, so the whole budget can be reserved at once.
        self._kept = np.empty((max(4, min(most, MOST_ROWS)), *shape), dtype)
        self._n_kept = 0
        self._stride = 1
        self._wanted = True
        self._newest: Checkpoint | None = None

    def __len__(self) -> int:
        """Rows kept."""
        return self._n

    @property
    def version(self) -> int:
        """Grows whenever a row is taken down, new or once more."""
        return self._version

    @property
    def thinnings(self) -> int:
        """How often half of the rows went: who has read some before must read all anew."""
        return self._thinnings

    def append(self, row: Row) -> None:
        """Take down a new row, or the newest one once more as it now is."""
        again = self._n > 0 and self._step[self._n - 1] == row.step
        n = self._n - 1 if again else self._n
        if n == len(self._step):
            n = self._make_room()
        self._step[n] = row.step
        numbers = self._numbers
        numbers[0, n] = row.cost
        numbers[1, n] = row.grad_norm
        numbers[2, n] = row.learning_rate
        if self._n_knobs:
            at = row.theta.tolist()
            if n and not again:
                self._travelled += math.dist(at, self._at)
            self._at = at
            numbers[3:, n] = *at, self._travelled
        # The count comes last: until then no reader looks at what was just written.
        self._n = n + 1
        self._version += 1
        if not again:
            if row.evaluation is not None:
                self._evaluations.append((row.step, row.evaluation))
            if row.step % self._stride == 0:
                self._keep(row)
        if self._wanted:
            self.snapshot(row)

    def parts(self, row: Row) -> Parts:
        """All of it up to ``row``, the newest. For the thread that appends: views, good until the next row."""
        newest = np.zeros(self._kept.shape[1:], self._kept.dtype)
        newest[0], newest[1 : 1 + len(row.state)] = row.theta, row.state
        n, kept = self._n, self._kept[: self._n_kept]
        return Parts(self._step[:n], self._numbers[:, :n], self._evaluations, kept, self._stride, newest)

    @classmethod
    def of(cls, parts: Parts, checkpoint_bytes: int) -> History:
        """A history with this past; it takes the arrays of the rows for its own."""
        n_kept, width, n_params = parts.kept.shape
        history = cls(n_params, width - 1, parts.kept.dtype, checkpoint_bytes)
        if n_kept > len(history._kept):
            raise ValueError(f"expected at most {len(history._kept)} checkpoints, got {n_kept}")
        history._step, history._numbers, history._n = parts.step, parts.numbers, len(parts.step)
        history._evaluations = parts.evaluations
        history._kept[:n_kept], history._n_kept, history._stride = parts.kept, n_kept, parts.stride
        history._newest = Checkpoint(int(parts.step[-1]), parts.newest[0], parts.newest[1:])
        history._walked()
        return history

    def before(self, step: int, n_slots: int, checkpoint_bytes: int) -> History:
        """A copy of what happened before ``step``, with room for rules that remember ``n_slots`` vectors."""
        copy = History(self._kept.shape[2], n_slots, self._kept.dtype, checkpoint_bytes)
        with self._lock:
            rows = int(np.searchsorted(self._step[: self._n], step))
            stride = self._stride
            while -(-step // stride) > len(copy._kept):
                stride *= 2
            some = self._kept[: min(-(-step // self._stride), self._n_kept) : stride // self._stride, : 1 + n_slots]
            copy._kept[: len(some), : some.shape[1]], copy._kept[: len(some), some.shape[1] :] = some, 0
            if rows:
                room = max(1024, rows)
                copy._step, copy._numbers = np.empty(room, np.int64), np.empty((len(self._numbers), room))
                copy._step[:rows], copy._numbers[:, :rows] = self._step[:rows], self._numbers[:, :rows]
        copy._n, copy._n_kept, copy._stride = rows, len(some), stride
        copy._evaluations = [one for one in self._evaluations if one[0] < step]
        copy._walked()
        return copy

    def _walked(self) -> None:
        """Stand where the newest row stands."""
        if self._n_knobs and self._n:
            *self._at, self._travelled = self._numbers[3:, self._n - 1].tolist()

    def snapshot(self, row: Row) -> None:
        """Copy all knobs of the newest row, for whoever wants to see them now."""
        self._newest = Checkpoint(row.step, row.theta.copy(), row.state.copy(), row.gradient.copy())
        self._wanted = False

    def newest(self) -> Checkpoint | None:
        """The latest snapshot, asking for a fresher one at the next step. None before step 0."""
        self._wanted = True
        return self._newest

    def table(self) -> Table:
        """All rows so far."""
        with self._lock:
            n, step, numbers = self._n, self._step, self._numbers
        knobs = numbers[3 : 3 + self._n_knobs, :n].T
        travelled = numbers[3 + self._n_knobs, :n] if self._n_knobs else np.empty(0)
        return Table(step[:n], numbers[0, :n], numbers[1, :n], numbers[2, :n], knobs, travelled)

    @property
    def newest_step(self) -> int:
        """The newest row's step; -1 before step 0."""
        with self._lock:
            return int(self._step[self._n - 1]) if self._n else -1

    @property
    def evaluations(self) -> list[tuple[int, Evaluation]]:
        """(step, measured) in order; a copy."""
        return self._evaluations[:]

    def checkpoint(self, step: int) -> Checkpoint:
        """The knobs at ``step``, or at the nearest earlier step whose knobs were kept."""
        newest = self._newest
        with self._lock:
            at = min(step // self._stride, self._n_kept - 1)
            if newest is not None and at * self._stride < newest.step <= step:
                return newest
            kept = self._kept[at].copy()
            return Checkpoint(at * self._stride, kept[0], kept[1:])

    def checkpoints(self, after: int = -1, every: int = 1) -> tuple[Steps, Vector]:
        """Steps (m,) and knobs (m, n_params) of checkpoints later than step ``after``, ``every`` steps apart."""
        with self._lock:
            hop = max(1, every // self._stride)
            first = (after // (hop * self._stride) + 1) * hop
            steps = np.arange(first, self._n_kept, hop) * self._stride
            return steps, self._kept[first : self._n_kept : hop, 0].copy()

    @property
    def stride(self) -> int:
        """Steps between two checkpoints."""
        return self._stride

    def _keep(self, row: Row) -> None:
        with self._lock:
            if self._n_kept == len(self._kept):
                half = (self._n_kept + 1) // 2
                self._kept[:half] = self._kept[::2].copy()
                self._n_kept, self._stride = half, 2 * self._stride
                if row.step % self._stride:
                    return
            kept = self._kept[self._n_kept]
            kept[0] = row.theta
            kept[1 : 1 + len(row.state)], kept[1 + len(row.state) :] = row.state, 0
            self._n_kept += 1

    def _make_room(self) -> int:
        """Grow, or thin when there are `MOST_ROWS`; returns the number of rows. Readers keep the arrays they have."""
        n = self._n
        if n < MOST_ROWS:
            room = 1 << n.bit_length()  # a power of two, as `MOST_ROWS`, wherever it began
            step = np.empty(room, np.int64)
            numbers = np.empty((len(self._numbers), room))
            step[:n], numbers[:, :n] = self._step, self._numbers
        else:
            kept = _extremes_of_four(self._numbers[0])
            step, numbers = np.empty_like(self._step), np.empty_like(self._numbers)
            n = len(kept)
            step[:n], numbers[:, :n] = self._step[kept], self._numbers[:, kept]
            self._thinnings += 1
        with self._lock:
            self._step, self._numbers, self._n = step, numbers, n
        return n


def _extremes_of_four(cost: Floats) -> NDArray[np.intp]:
    """Where the lowest and the highest of every four stand, in order; the first and the last of all always stay."""
    fours = cost.reshape(-1, 4)
    low, high = fours.argmin(axis=1), fours.argmax(axis=1)
    high = np.where(low == high, (low + 1) % 4, high)
    pairs = np.sort(np.stack([low, high], axis=1), axis=1)
    pairs[0, 0] = 0
    pairs[0, 1] = max(pairs[0, 1], 1)
    pairs[-1, 1] = 3
    pairs[-1, 0] = min(pairs[-1, 0], 2)
    kept: NDArray[np.intp] = (pairs + 4 * np.arange(len(fours))[:, None]).reshape(-1)
    return kept
