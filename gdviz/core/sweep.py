"""The step-size explorer: the same descent at many learning rates, all at once."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from gdviz.core.curvature import Zone
from gdviz.core.descent import norm
from gdviz.core.errors import InputError
from gdviz.core.optimizers import kind_of
from gdviz.core.problem import chunk_size
from gdviz.core.standing import STILL, WINDOW, motion, trend

if TYPE_CHECKING:
    from collections.abc import Generator

    from gdviz.core.curvature import Regime
    from gdviz.core.descent import Batches
    from gdviz.core.history import Floats, Steps
    from gdviz.core.optimizer import Optimizer
    from gdviz.core.problem import Indices, Problem, Vector
    from gdviz.core.schedules import Schedule

RATES = np.geomspace(1e-5, 10, 61)
_IMAGES = 1000
"""training images on which a network's costs are compared"""
_WORK = 0.005
"""seconds of work between two pauses"""


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """What became of one descent at each of many learning rates."""

    optimizer: Optimizer
    """the rule; its own rate played no part"""
    steps: int
    rates: Floats
    """(m,) ascending"""
    costs: Floats
    """(m,) after `steps` steps, or where it blew up"""
    blew_up: Steps
    """(m,) the step at which it did, or -1"""
    states: tuple[Regime, ...]
    """(m,) what each was doing last while it still moved: one that came to rest says how it came there"""
    start_cost: float

    @property
    def zones(self) -> tuple[Zone, ...]:
        """Neighbouring rates of one state, from the lowest rate to the highest; borders are geometric means."""
        firsts = [i for i, state in enumerate(self.states) if i == 0 or state != self.states[i - 1]]
        inner = np.sqrt([self.rates[i - 1] * self.rates[i] for i in firsts[1:]])
        borders = [float(self.rates[0]), *inner.tolist(), float(self.rates[-1])]
        return tuple(
            Zone(low, high, self.states[i]) for i, low, high in zip(firsts, borders[:-1], borders[1:], strict=True)
        )


def sweep(
    problem: Problem,
    optimizer: Optimizer,
    schedule: Schedule,
    batches: Batches,
    theta: Vector,
    horizon: int,
    steps: int,
    rates: Floats = RATES,
) -> Generator[Sweep | None, None, None]:
    """Take ``steps`` steps from ``theta`` at every one of ``rates``, as `descend` would take them one by one.

    All descents are one: every rule works knob by knob, so the knobs of all of them stand in one vector, with a
    learning rate for each. On a network all of them see the same batches; start and final cost are measured on its
    first 1,000 training images, and the states tell these two apart.

    Parameters
    ----------
    theta : (n_params,) float array, the start
    horizon : steps over which the schedule runs
    rates : (m,) ascending; they take the place of the optimizer's own

    Yields
    ------
    None every few milliseconds: a good moment to give up. At last the `Sweep`.

    Raises
    ------
    InputError
        For a rule that chooses its rates itself.
    """
    if optimizer.searches:
        kind = kind_of(type(optimizer))
        raise InputError(f"optimizer.kind: expected a rule that takes a learning rate, {kind} chooses its own rates")
    # Both keep something between calls, and the run that is swept may go on meanwhile in another thread.
    problem, batches = copy(problem), copy(batches)
    knobs = np.tile(theta, len(rates))
    thetas = knobs.reshape(len(rates), theta.size)
    rate_of_knob = np.repeat(rates, theta.size)
    state = optimizer.new_state(knobs)
    sample = None if problem.n_examples is None else np.arange(min(_IMAGES, problem.n_examples))
    start_costs, gradients = yield from _measured(problem, thetas[:1], sample)
    ways = _Ways(thetas) if sample is None else None
    costs, blew_up = np.full(len(rates), np.nan), np.full(len(rates), -1)
    pause = perf_counter() + _WORK
    for step in range(steps + 1):
        if step > 0:
            learning_rate = (rate_of_knob * schedule.factor(step - 1, horizon)).astype(theta.dtype)
            with np.errstate(all="ignore"):
                optimizer.update(knobs, gradients.reshape(-1), state, learning_rate, step)
        measured, gradients = yield from _measured(problem, thetas, batches.batch(step))
        running = blew_up < 0
        np.copyto(costs, measured, where=running)
        finite = np.isfinite(measured) & np.isfinite(thetas).all(axis=1) & np.isfinite(gradients).all(axis=1)
        # One that blew up goes on, to no effect: its numbers never meet another's.
        blew_up[running & ~finite] = step
        if ways is not None:
            ways.follow(step, thetas, gradients)
        if perf_counter() > pause:
            yield None
            pause = perf_counter() + _WORK
    if sample is not None:
        measured, _ = yield from _measured(problem, thetas, sample)
        np.copyto(costs, measured, where=blew_up < 0)
    start_cost = float(start_costs[0])

    def word(i: int) -> Regime:
        if blew_up[i] >= 0:
            return "blew up"
        return trend(start_cost, float(costs[i])) if ways is None else ways.motion(i, optimizer)

    states = tuple(word(i) for i in range(len(rates)))
    yield Sweep(optimizer, steps, rates, costs, blew_up, states, start_cost)


def _measured(problem: Problem, thetas: Vector, batch: Indices | None) -> Generator[None, None, tuple[Vector, Vector]]:
    """Costs (m,) and gradients (m, n_params), a chunk of a large batch at a time."""
    chunk = chunk_size(thetas.size)
    if batch is None or len(batch) <= chunk:
        with np.errstate(all="ignore"):
            return problem.costs_and_gradients(thetas, batch)
    costs, gradients = np.zeros(len(thetas)), np.zeros_like(thetas)
    for at in range(0, len(batch), chunk):
        some = batch[at : at + chunk]
        with np.errstate(all="ignore"):
            part_costs, part = problem.costs_and_gradients(thetas, some)
            costs += len(some) / len(batch) * part_costs
            gradients += len(some) / len(batch) * part
        yield
    return costs, gradients


class _Ways:
    """The last points of every ball's way, each until it came to rest."""

    def __init__(self, thetas: Vector) -> None:
        m = len(thetas)
        self._points = np.empty((WINDOW + 1, 2, *thetas.shape))
        """knobs and gradient at step t, in place t modulo the length"""
        self._here, self._lengths = thetas.copy(), np.full(m, np.inf)
        self._travelled, self._moving, self._last = np.zeros(m), np.ones(m, np.bool_), np.zeros(m, np.int64)

    def follow(self, step: int, thetas: Vector, gradients: Vector) -> None:
        """Note where all are at ``step``."""
        with np.errstate(all="ignore"):  # those that blew up are led along
            np.subtract(thetas, self._here, out=self._here)
            lengths = np.sqrt((self._here * self._here).sum(axis=1))
            self._travelled += lengths
            self._moving &= np.maximum(lengths, self._lengths) > STILL * self._travelled
        self._here[:], self._lengths = thetas, lengths
        self._last[self._moving] = step
        knobs, slopes = self._points[step % len(self._points)]
        np.copyto(knobs, thetas, where=self._moving[:, None])
        np.copyto(slopes, gradients, where=self._moving[:, None])

    def motion(self, i: int, optimizer: Optimizer) -> Regime:
        """The word for descent ``i`` before it came to rest; "at rest" where that took it less than two steps."""
        last = int(self._last[i])
        if last < 2:
            return "" if self._moving[i] else "at rest"
        places = np.arange(max(0, last - WINDOW), last + 1) % len(self._points)
        knobs, slopes = self._points[places, :, i].swapaxes(0, 1)
        with np.errstate(all="ignore"):
            return motion(knobs, np.array([norm(slope) for slope in slopes]), optimizer)
