"""How curved the cost is, which decides what a learning rate does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

if TYPE_CHECKING:
    from gdviz.core.optimizer import Limits
    from gdviz.core.problem import Problem, Vector

_H = 1e-5
"""near the cube root of float64's rounding error, where central differences are at their best"""

Regime = Literal["crawling", "converging", "bouncing", "unstable", "speeding up", "at rest", "blew up", ""]
"""what a descent is doing; "" where it is too early to say"""
REGIMES: tuple[Regime, ...] = get_args(Regime)


class Zone(NamedTuple):
    """A range of learning rates that do the same."""

    low: float
    high: float
    regime: Regime


def zones(limits: Limits) -> tuple[Zone, ...]:
    """The zones between the limits of a rule, from 0 to inf, without empty ones.

    Where a rule bounces before it has ceased to crawl, it bounces.
    """
    bounce = min(limits.bounce, limits.unstable)
    borders = (0.0, min(limits.crawl, bounce), bounce, limits.unstable, math.inf)
    words: tuple[Regime, ...] = ("crawling", "converging", "bouncing", "unstable")
    between = zip(borders, borders[1:], words, strict=False)
    return tuple(Zone(low, high, word) for low, high, word in between if low < high)


def sharpness(problem: Problem, theta: Vector) -> float:
    """The largest eigenvalue of the Hessian at ``theta`` (n_params,) float64; nan where it is not finite.

    By central differences of the exact gradient, knob by knob: meant for a few knobs.
    """
    n, point = theta.size, theta.copy()
    hessian, behind = np.empty((n, n)), np.empty(n)
    with np.errstate(all="ignore"):
        for knob, value in enumerate(theta.tolist()):
            ahead = hessian[knob]
            step = _H * max(1.0, abs(value))
            # Divided by the way between the points as they were rounded, a parabola comes out exactly.
            low, high = value - step, value + step
            point[knob] = high
            problem.cost_and_gradient(point, ahead)
            point[knob] = low
            problem.cost_and_gradient(point, behind)
            point[knob] = value
            np.subtract(ahead, behind, out=ahead)
            np.divide(ahead, high - low, out=ahead)
        symmetric = (hessian + hessian.T) / 2
    return float(np.linalg.eigvalsh(symmetric)[-1]) if np.isfinite(symmetric).all() else math.nan
