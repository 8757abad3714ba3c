"""The loop: start somewhere, measure the slope, step, repeat."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from gdviz.core.optimizer import Optimizer
from gdviz.core.problem import chunk_size
from gdviz.core.spec import changed

if TYPE_CHECKING:
    from gdviz.core.problem import Evaluation, Indices, Problem, Vector
    from gdviz.core.schedules import Schedule

Changes: TypeAlias = Mapping[str, float | Optimizer]


class Streams:
    """The independent random streams of one seed: initial weights, batches and label noise never disturb each other."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def init(self) -> np.random.Generator:
        """Draws the start."""
        return self._stream(0)

    def batches(self, epoch: int) -> np.random.Generator:
        """Draws the order of one epoch; it depends on the seed and the epoch alone, so any epoch can be begun."""
        return self._stream(1, epoch)

    def labels(self) -> np.random.Generator:
        """Draws the label noise."""
        return self._stream(2)

    def _stream(self, *key: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=key))


class Batches(Protocol):
    """Which examples each step looks at."""

    steps_per_epoch: int | None

    def batch(self, step: int) -> Indices | None:
        """The examples of ``step``; None for a cost that has no examples."""
        ...


class Exact:
    """No examples: every step sees the cost itself, and there are no epochs."""

    steps_per_epoch: int | None = None

    def batch(self, step: int) -> None:
        """Nothing to choose."""


class FullBatch:
    """Every step sees all ``n`` examples."""

    steps_per_epoch: int | None = 1

    def __init__(self, n: int) -> None:
        self._all = np.arange(n)

    def batch(self, step: int) -> Indices:
        """All of them."""
        return self._all


class MiniBatches:
    """Every epoch shows all ``n`` examples once in a new random order, ``size`` at a time; the last may be fewer."""

    def __init__(self, n: int, size: int, streams: Streams) -> None:
        self._n, self._size, self._streams = n, size, streams
        self._epoch = -1
        self._order: Indices = np.arange(0)
        self._per_epoch = -(-n // size)
        self.steps_per_epoch: int | None = self._per_epoch

    def batch(self, step: int) -> Indices:
        """A slice of the epoch's order."""
        epoch, at = divmod(step, self._per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._streams.batches(epoch).permutation(self._n)
        return self._order[at * self._size : (at + 1) * self._size]


@dataclass(slots=True)
class Row:
    """Where the descent stands: everything of one step. Its arrays are the loop's own, to be copied."""

    step: int
    cost: float
    grad_norm: float
    learning_rate: float
    """of the step that follows"""
    theta: Vector
    gradient: Vector
    state: Vector
    evaluation: Evaluation | None
    finite: bool
    """False once cost, gradient or a knob is inf or nan: there is nowhere to go from here"""


def descend(
    problem: Problem,
    optimizer: Optimizer,
    schedule: Schedule,
    batches: Batches,
    theta: Vector,
    horizon: int,
    changes: Sequence[tuple[int, Changes]] = (),
    evaluate_every: int | None = None,
    step: int = 0,
    state: Vector | None = None,
    evaluate: Callable[[Vector], Generator[None, None, Evaluation | None]] | None = None,
) -> Generator[Row | None, Changes | None, None]:
    """Gradient descent, one row a step, for as long as it is asked to go on and all numbers are finite.

    Parameters
    ----------
    theta : (n_params,) float array, the ball, which moves; where it begins
    horizon : steps over which the schedule runs
    changes : (step, {knob of the optimizer: value}), applied before the step that follows row ``step``; the knob
        "optimizer" is another rule, which begins there with nothing to remember
    evaluate_every : steps between two evaluations, 0 for none; None: an epoch, and less in the first
    step : where ``theta`` stands on its way
    state : what the rule that leads on from there remembers, written to; None: nothing
    evaluate : measures on whole data sets; None: as the problem does

    Yields
    ------
    A `Row` for each step, that of ``step`` first. None now and then in between: a good moment to look up from work.
    At a row, ``send({"learning_rate": 0.1})`` changes the optimizer from the very next step on, and yields that row
    again as it now is.
    """
    gradient, ones = np.empty_like(theta), np.ones_like(theta)
    recorded = sorted(changes, key=lambda change: change[0])
    begun, learning_rate, chunk = step, 0.0, chunk_size(theta.size)
    known, since = state is not None, 0
    if state is None:
        state = optimizer.new_state(theta)
    while True:
        batch = batches.batch(step)
        large = batch if batch is not None and len(batch) > chunk else None
        with np.errstate(all="ignore"):
            if step > begun:
                optimizer.update(theta, gradient, state, learning_rate, step - since)
            # A sum decides nearly always; only where it overflowed, or really is not finite, each knob is looked at.
            sound = math.isfinite(theta.dot(ones)) or bool(np.isfinite(theta).all())
            if large is None:
                cost = problem.cost_and_gradient(theta, gradient, batch)
                length = norm(gradient)
        if large is not None:
            cost, length = yield from _in_chunks(problem, theta, gradient, large, chunk)
        evaluation = None
        if _is_evaluated(step, batches.steps_per_epoch, evaluate_every):
            evaluation = yield from (evaluate or problem.evaluate)(theta)
        finite = sound and math.isfinite(cost) and math.isfinite(length)
        # Only now: the update that led here was still the old rule's.
        while recorded and recorded[0][0] <= step:
            at, change = recorded.pop(0)
            optimizer = revised(optimizer, change)
            if "optimizer" in change:
                since = at
                # Where the descent is taken up again, what it remembers there is this rule's already.
                state = state if known and step == begun else optimizer.new_state(theta)
        factor = schedule.factor(step, horizon)
        learning_rate = _rate(optimizer, problem, theta, gradient) * factor
        row = Row(step, cost, length, learning_rate, theta, gradient, state, evaluation, finite)
        sent = yield row
        while sent is not None:
            optimizer = revised(optimizer, sent)
            row.learning_rate = learning_rate = _rate(optimizer, problem, theta, gradient) * factor
            sent = yield row
        if not finite:
            return
        step += 1


def norm(vector: Vector) -> float:
    """The Euclidean length, also where the sum of squares would overflow or vanish in the vector's dtype."""
    squares = float(vector.dot(vector))
    if math.isfinite(squares) and squares > 1e-30:  # float32 begins to lose digits below 1e-38
        return math.sqrt(squares)
    largest = float(np.abs(vector).max())
    if largest == 0 or not math.isfinite(largest):
        return largest
    return largest * float(np.linalg.norm(vector.astype(np.float64) / largest))


def _rate(optimizer: Optimizer, problem: Problem, theta: Vector, gradient: Vector) -> float:
    if not optimizer.searches:
        return optimizer.learning_rate
    with np.errstate(all="ignore"):
        return optimizer.rate(problem, theta, gradient)


def revised(optimizer: Optimizer, changes: Changes) -> Optimizer:
    """The rule after some changes. Raises msgspec.ValidationError for a bad value."""
    for name, value in changes.items():
        optimizer = value if isinstance(value, Optimizer) else changed(optimizer, name, value)
    return optimizer


def _in_chunks(
    problem: Problem, theta: Vector, gradient: Vector, batch: Indices, chunk: int
) -> Generator[None, None, tuple[float, float]]:
    """The mean cost and gradient over a large batch, and the gradient's length, yielding after each part of it."""
    cost, part = 0.0, np.empty_like(gradient)
    gradient[:] = 0
    for at in range(0, len(batch), chunk):
        some = batch[at : at + chunk]
        share = len(some) / len(batch)
        with np.errstate(all="ignore"):
            cost += share * problem.cost_and_gradient(theta, part, some)
            np.multiply(part, share, out=part)
            np.add(gradient, part, out=gradient)
        yield
    with np.errstate(all="ignore"):
        return cost, norm(gradient)


def _is_evaluated(step: int, steps_per_epoch: int | None, every: int | None) -> bool:
    """At the end of each epoch, and at 0, 1, 2, 5, 10, 20, 50, ... of the first, where most happens."""
    if steps_per_epoch is None:
        return False
    if every is not None:
        return every > 0 and step % every == 0
    if step % steps_per_epoch == 0:
        return True
    leading = str(step)
    return step < steps_per_epoch and leading[0] in "125" and not leading[1:].strip("0")
