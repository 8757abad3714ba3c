"""How a run stands: what it is really doing, and how far it has come in a race."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gdviz.core.curve import running_mean, running_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdviz.core.curvature import Regime
    from gdviz.core.frame import Frame, RunFrame
    from gdviz.core.history import Floats, Table
    from gdviz.core.optimizer import Optimizer

WINDOW = 20
"""steps that the word for a descent on an exact cost looks back on"""
STILL = 1e-8
"""A step shorter than this share of the whole way is none: a cost is a parabola near its minimum, where it changes
by the square of that, which float64 can't tell from nothing."""
_LEAST_CRAWL = 0.1
"""a slope that changes by less than this share in a step crawls, where the rule has no limits that say otherwise"""
_GROWTH = 1.01
"""Slopes that grow by less in a step bounce. RMSProp's grow by 0.5 % for a while, again and again: with its decay of
0.99, so much faster do its steps become while the slope is small."""
_SAME = 0.9
"""slopes whose largest changes by less from the first half of the window to the second neither shrink nor grow"""
_TURNS = 0.3
"""share of the steps at which a knob turns back"""
_OTHER_RATE = 1.5
"""a learning rate that changes by this factor begins another descent; most schedules move by less in a step"""
_NOISY = 200, 1 / 8, 2000
"""Steps in each of the two means that tell the trend of mini-batches: at least so many, then this share of all steps,
at most so many. A cost that falls ever more slowly falls still."""


def regime(past: Table, row: int, optimizer: Optimizer, ended: str) -> Regime:
    """What a run was really doing over the last steps up to ``row`` of its ``past``, told from its numbers alone.

    Where the past is thinned, its rows pass for steps.

    Parameters
    ----------
    optimizer : its limits say how fast it could go: with momentum m, slopes change 1/(1-m) times more slowly
    ended : why the run stopped, if it did
    """
    newest = row == len(past.step) - 1
    numbers = (past.cost[row], past.grad_norm[row], *past.knobs[row])
    if not all(map(math.isfinite, numbers)) or (newest and ended.startswith("blew up")):
        return "blew up"
    if past.knobs.shape[1] == 0:
        return _noisy_regime(past, row)
    first = max(0, row - WINDOW)
    if not optimizer.searches:
        rates = past.learning_rate[first:row]
        ratio = rates[1:] / rates[:-1]
        jumps = np.flatnonzero((ratio > _OTHER_RATE) | (ratio < 1 / _OTHER_RATE))
        first += int(jumps[-1]) + 1 if len(jumps) else 0
    if row - first < 2:
        return ""
    knobs = past.knobs[first : row + 1]
    # Two steps: where momentum turns round, a single one may all but vanish.
    if max(math.dist(knobs[-1], knobs[-2]), math.dist(knobs[-2], knobs[-3])) <= STILL * past.travelled[row]:
        return "at rest"
    return motion(knobs, past.grad_norm[first : row + 1], optimizer)


def _noisy_regime(past: Table, row: int) -> Regime:
    """From the means of a network's costs: of the last steps, and where these tell nothing, of more of them."""
    step, (least, share, most) = int(past.step[row]), _NOISY
    word: Regime = ""
    for window in (least, min(int(share * step), most)):
        if word in ("", "crawling") and least <= window <= step // 2:
            first, middle = (past.index(step - back) + 1 for back in (2 * window, window))
            before, after = past.cost[first:middle], past.cost[middle : row + 1]
            noise = math.sqrt(before.var() / len(before) + after.var() / len(after))
            word = trend(float(before.mean()), float(after.mean()), noise)
    return word


def motion(knobs: Floats, slopes: Floats, optimizer: Optimizer) -> Regime:
    """The word for a moving ball on an exact cost, from at least three successive points of its way.

    Parameters
    ----------
    knobs : (n, n_params)
    slopes : (n,) lengths of the gradient
    """
    limits = optimizer.limits(1.0)
    least = limits.crawl if limits else _LEAST_CRAWL
    with np.errstate(all="ignore"):  # a step of no length has no direction; before it blows up, numbers are huge
        steps = np.diff(knobs, axis=0)
        directions = steps / np.abs(steps).max(axis=1, keepdims=True)
        if _most((directions[1:] * directions[:-1]).sum(axis=1) < 0):
            # Each side of a valley has slopes of its own: what counts is growth from one to the next on the same side.
            growing = slopes[2:] > _GROWTH**2 * slopes[:-2]
            return "unstable" if growing.mean() > 0.8 else "bouncing"
        if _most(np.abs(np.diff(slopes)) <= least * slopes[:-1]):
            return "crawling"
        half = len(slopes) // 2
        change = slopes[-half:].max() / slopes[:half].max()
        if change > 1 / _SAME:  # it leaves a saddle, or runs away
            return "speeding up"
        # What jumps about a minimum at one distance turns back again and again; what swings through it does not.
        turns = (np.sign(steps[1:]) != np.sign(steps[:-1])).mean()
        return "bouncing" if change > _SAME and turns > _TURNS else "converging"


def trend(before: float, after: float, noise: float = 0.0) -> Regime:
    """The word for a network whose mean cost went from ``before`` to ``after``.

    ``noise`` is the standard error of that difference. Looked at again and again, twice as much comes up now and then,
    and four times as much hardly ever: what says that all is well is believed sooner than what says that it is not.
    """
    if after < 0.99 * before - 2 * noise:
        return "converging"
    return "unstable" if after > 1.05 * before + 4 * noise else "crawling"


def _most(true: NDArray[np.bool_]) -> bool:
    return 2 * int(np.count_nonzero(true)) > len(true)


class Standing(NamedTuple):
    """Where a run stands in a race, up to the cursor. The costs of mini-batches are told as their running mean."""

    cost: float
    reached: int | None
    """the first step whose cost was at most the target; None while there is none"""
    best: float
    """the lowest cost so far"""
    best_step: int
    travelled: float | None
    """length of the way; None for networks"""
    state: Regime


def standing(run: RunFrame, target: float) -> Standing:
    """Where ``run`` stands at the cursor, racing to the cost ``target``."""
    past, row, window = run.past, run.row, run.curve.window
    # Only the last row of a run can be nan, and nan would be the least.
    end = row + 1 if row == 0 or math.isfinite(past.cost[row]) else row
    if window == 1 or not len(run.curve.steps):
        costs = past.cost[:end]
        best = int(costs.argmin())
        reached = int((costs <= target).argmax()) if costs[best] <= target else None
        lowest, now = float(costs[best]), float(costs[-1])
    else:
        firsts, least = _buckets(run, end)

        def first(bucket: int, cost: float) -> int:
            """The first row in a bucket whose mean is so low."""
            means = running_means(past, firsts[bucket], firsts[bucket + 1], window)
            return int(firsts[bucket] + (means <= cost).argmax())

        lowest, now = float(least.min()), running_mean(past, end - 1, window)
        best = first(int(least.argmin()), lowest)
        reached = first(int((least <= target).argmax()), target) if lowest <= target else None
    return Standing(
        cost=now if math.isfinite(run.cost) else run.cost,
        reached=None if reached is None else int(past.step[reached]),
        best=lowest,
        best_step=int(past.step[best]),
        travelled=float(past.travelled[row]) if len(past.travelled) else None,
        state=regime(past, row, run.optimizer, run.ended),
    )


def _buckets(run: RunFrame, end: int) -> tuple[list[int], Floats]:
    """The buckets of a curve before row ``end``: where each begins and the last ends, and the lowest mean of each."""
    past, curve = run.past, run.curve
    n = int(np.searchsorted(curve.steps, past.step[end - 1], side="right"))
    firsts = [*np.searchsorted(past.step[:end], curve.steps[:n]).tolist(), end]
    least = curve.least[:n].copy()
    least[-1] = running_means(past, firsts[-2], end, curve.window).min()  # it may go on beyond the cursor
    return firsts, least


def default_target(frame: Frame) -> float:
    """A good cost to race to: where 1 % of the selected run's way down is left.

    The way leads from its start to the lowest known minimum, or else to 0. What is left is rounded up to one digit.
    Where the start is no higher than that, the best cost so far.
    """
    costs = frame.run.past.cost
    minima: tuple[tuple[float, ...], ...] = getattr(frame.problem, "minima", ())
    lowest = 0.0
    if minima:
        lowest = frame.problem.cost_and_gradient(np.array(minima[0], np.float64), np.empty(len(minima[0])))
    left = 0.01 * (float(costs[0]) - lowest)
    if not 0 < left < math.inf:
        return standing(frame.run, -math.inf).best
    digit = 10.0 ** math.floor(math.log10(left))
    # Without a tolerance, 0.01 x 300 = 3.0000000000000004 would become 4.
    return lowest + math.ceil(left / digit - 1e-9) * digit
