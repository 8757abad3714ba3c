"""Gradient descent and its kin with a memory for direction: one rate for all knobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from msgspec import Meta

from gdviz.core.optimizer import (
    Fraction,
    LearningRate,
    Limits,
    MeanKept,
    Momentum,
    Optimizer,
    Rate,
    Term,
    WeightDecay,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gdviz.core.problem import Problem, Vector

# Where a rule's character changes, by the roots of its recurrence on a parabola of curvature L, with k = rate x L:
# a root beyond -1 leads farther away at each step (unstable); where the roots' sum is negative, most steps lead back
# across the valley (bounce). It crawls where a slope, with all that momentum makes of it in the long run, carries the
# ball less than a tenth of the way to the minimum.


class GradientDescent(Optimizer, frozen=True, tag="gradient-descent"):
    """Plain gradient descent: straight down the slope.

    Cauchy, 1847; PyTorch's SGD.
    """

    formula = "θ ← θ − rate · slope"

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: Rate, t: int) -> None:
        gradient *= learning_rate
        theta -= gradient

    def parts(self, theta: Vector, slope: Vector, state: Vector, learning_rate: float, t: int) -> Iterator[Term]:
        known = {"rate": learning_rate, "slope": slope}
        yield Term("step", learning_rate * slope, "step", "Δ", "{rate} × {slope}", known)

    def limits(self, sharpness: float) -> Limits | None:
        # One root, 1 - k.
        return _limits(sharpness, 0.1, 1, 2)


class HeavyBall(Optimizer, frozen=True, tag="momentum"):
    """Heavy-ball momentum: the velocity is a decaying sum of slopes, not a mean, so rates act 1/(1−m) times as large.

    Polyak, Some methods of speeding up the convergence of iteration methods, 1964; PyTorch's SGD with momentum.
    """

    slots = ("velocity",)
    formula = "v ← m·v + slope,  θ ← θ − rate · v"
    momentum: Momentum = 0.9

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: Rate, t: int) -> None:
        velocity = state[0]
        velocity *= self.momentum
        velocity += gradient
        np.multiply(velocity, learning_rate, out=gradient)
        theta -= gradient

    def parts(self, theta: Vector, slope: Vector, state: Vector, learning_rate: float, t: int) -> Iterator[Term]:
        velocity = _velocity(self.momentum, state[0], slope)
        yield velocity
        known = {"rate": learning_rate, "v": velocity.value}
        yield Term("step", learning_rate * velocity.value, "step", "Δ", "{rate} × {v}", known)

    def limits(self, sharpness: float) -> Limits | None:
        # Roots of z^2 - (1 + m - k) z + m = 0.
        m = self.momentum
        return _limits(sharpness, 0.1 * (1 - m), 1 + m, 2 * (1 + m))


class Nesterov(Optimizer, frozen=True, tag="nesterov"):
    """Nesterov's momentum: the slope is corrected by where the velocity is about to carry the ball.

    Sutskever et al., ICML 2013, as PyTorch's SGD(nesterov=True) runs it.
    """

    slots = ("velocity",)
    formula = "v ← m·v + slope,  θ ← θ − rate · (slope + m·v)"
    momentum: Momentum = 0.9

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: Rate, t: int) -> None:
        velocity = state[0]
        velocity *= self.momentum
        velocity += gradient
        gradient += self.momentum * velocity
        gradient *= learning_rate
        theta -= gradient

    def parts(self, theta: Vector, slope: Vector, state: Vector, learning_rate: float, t: int) -> Iterator[Term]:
        velocity = _velocity(self.momentum, state[0], slope)
        yield velocity
        step = learning_rate * (slope + self.momentum * velocity.value)
        known = {"rate": learning_rate, "slope": slope, "m": self.momentum, "v": velocity.value}
        yield Term("step", step, "step", "Δ", "{rate} × ({slope} + {m} × {v})", known)

    def limits(self, sharpness: float) -> Limits | None:
        # Roots of z^2 - (1 + m)(1 - k) z + m (1 - k) = 0.
        m = self.momentum
        return _limits(sharpness, 0.1 * (1 - m), 1, 2 * (1 + m) / (1 + 2 * m))


class QHMomentum(Optimizer, frozen=True, tag="qhm"):
    """Quasi-hyperbolic momentum: part plain slope, part its mean; a mean, not the heavy ball's sum.

    Ma & Yarats, arXiv:1810.06801, equations 3 and 4, with the ν and β of their rule of thumb.
    """

    slots = ("mean slope",)
    formula = "m ← βm + (1−β)slope,  θ ← θ − rate · ((1−ν)slope + νm)"
    beta: MeanKept = 0.999
    nu: Annotated[float, Meta(ge=0, le=1, description="the mean slope's share of the step, the rest is plain")] = 0.7

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: Rate, t: int) -> None:
        mean = state[0]
        mean *= self.beta
        mean += (1 - self.beta) * gradient
        gradient *= 1 - self.nu
        gradient += self.nu * mean
        gradient *= learning_rate
        theta -= gradient

    def parts(self, theta: Vector, slope: Vector, state: Vector, learning_rate: float, t: int) -> Iterator[Term]:
        known = {"β": self.beta, "m": state[0], "slope": slope}
        mean = self.beta * state[0] + (1 - self.beta) * slope
        yield Term("mean slope", mean, "direction", "m", "{β} × {m} + (1 − {β}) × {slope}", known)
        known = {"ν": self.nu, "slope": slope, "m": mean}
        mixed = (1 - self.nu) * slope + self.nu * mean
        yield Term("mixed slope", mixed, "direction", "q", "(1 − {ν}) × {slope} + {ν} × {m}", known)
        known = {"rate": learning_rate, "q": mixed}
        yield Term("step", learning_rate * mixed, "step", "Δ", "{rate} × {q}", known)

    def limits(self, sharpness: float) -> Limits | None:
        # theta <- (1 - k (1 - nb)) theta - nb M,  M <- b M + (1 - b) k theta, where M is the rate times the mean: so
        # z^2 - T z + D = 0 with T = 1 + b - k (1 - nb) and D = b - k b (1 - n).
        # z = -1 is a root where 1 + T + D = 0, that is k = 2 (1 + b) / (1 + b - 2 nb).
        # T = 0 where k = (1 + b) / (1 - nb).
        b, n = self.beta, self.nu
        bounce = (1 + b) / (1 - n * b) if n else 1.0  # without the mean it is plain gradient descent
        return _limits(sharpness, 0.1, bounce, 2 * (1 + b) / (1 + b - 2 * n * b))


class Lion(Optimizer, frozen=True, tag="lion"):
    """Lion: only the sign of a mixed slope counts, so every knob moves by the learning rate at every step.

    Chen et al., arXiv:2302.06675, Algorithm 2.
    """

    slots = ("mean slope",)
    formula = "c ← β₁m + (1−β₁)slope,  θ ← θ − rate · (sign(c) + λθ),  m ← β₂m + (1−β₂)slope"
    learning_rate: LearningRate = 1e-4
    beta1: Annotated[Fraction, Meta(description="the mean slope's share of the sign, the rest is plain")] = 0.9
    beta2: MeanKept = 0.99
    weight_decay: WeightDecay = 0.0

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: Rate, t: int) -> None:
        mean = state[0]
        mixed = self.beta1 * mean
        mixed += (1 - self.beta1) * gradient
        mean *= self.beta2
        gradient *= 1 - self.beta2
        mean += gradient
        np.sign(mixed, out=gradient)
        gradient += self.weight_decay * theta
        gradient *= learning_rate
        theta -= gradient

    def parts(self, theta: Vector, slope: Vector, state: Vector, learning_rate: float, t: int) -> Iterator[Term]:
        known = {"β₁": self.beta1, "m": state[0], "slope": slope}
        mixed = self.beta1 * state[0] + (1 - self.beta1) * slope
        yield Term("mixed slope", mixed, "direction", "c", "{β₁} × {m} + (1 − {β₁}) × {slope}", known)
        known = {"β₂": self.beta2, "m": state[0], "slope": slope}
        mean = self.beta2 * state[0] + (1 - self.beta2) * slope
        yield Term("mean slope", mean, "direction", "m", "{β₂} × {m} + (1 − {β₂}) × {slope}", known)
        known = {"rate": learning_rate, "c": mixed, "λ": self.weight_decay, "θ": theta}
        step = learning_rate * (np.sign(mixed) + self.weight_decay * theta)
        yield Term("step", step, "step", "Δ", "{rate} × (sign({c}) + {λ} × {θ})", known)


_SCAN = np.union1d(np.geomspace(1e-12, 1, 193), np.linspace(0, 1, 257))
"""fractions of the longest rate: 16 a decade for narrow valleys near the ball, and even ones for valleys far from it"""


class ExactLineSearch(GradientDescent, frozen=True, tag="exact-line-search"):
    """Gradient descent with exact line search: as far down the slope as the cost goes on falling, at every step.

    Cauchy, 1847.
    """

    formula = "θ ← θ − rate · slope, with the rate ≤ longest rate at which the cost is lowest"
    searches = True
    learning_rate: Annotated[
        float, Meta(gt=0, le=1e6, description="the longest rate: how far the search for the lowest cost may go")
    ] = 10.0

    def rate(self, problem: Problem, theta: Vector, gradient: Vector) -> float:
        """The rate in (0, learning_rate] with the lowest cost on the ray, among the valleys that a scan of it sees.

        Parameters
        ----------
        problem : an exact cost; with examples, every batch would have a minimum of its own
        """

        def along(rates: Vector) -> tuple[Vector, Vector]:
            costs, gradients = problem.costs_and_gradients(theta - rates[:, None] * gradient)
            return np.where(np.isnan(costs), np.inf, costs), -gradients @ gradient

        rates = self.learning_rate * _SCAN
        costs, slopes = along(rates)
        lowest = int(costs.argmin())
        valleys = np.flatnonzero((slopes[:-1] < 0) & (slopes[1:] >= 0))
        if valleys.size:
            # A second look, because the narrower a valley, the deeper it may be below what the scan met of it.
            looks = np.linspace(rates[valleys], rates[valleys + 1], 33)
            depths = along(looks.ravel())[0].reshape(looks.shape).min(axis=0)
            if depths.min() <= costs[lowest]:
                deepest = valleys[depths.argmin()]
                return _floor(along, rates[deepest], rates[deepest + 1])
        # The longest rate, or the foot of a jump; where nothing is lower, as little as can be.
        return float(rates[max(lowest, 1)])

    def limits(self, sharpness: float) -> Limits | None:
        return None


def _floor(along: Callable[[Vector], tuple[Vector, Vector]], low: float, high: float) -> float:
    """Where the slope turns upward between two rates, to the last digit: a cost alone would tell half of them."""
    while (rates := np.linspace(low, high, 33))[1] > low:
        _, slopes = along(rates)
        turn = 1 + int((slopes[1:] >= 0).argmax())
        low, high = rates[turn - 1], rates[turn]
    return float(high)


def _velocity(momentum: float, before: Vector, slope: Vector) -> Term:
    known = {"m": momentum, "v": before, "slope": slope}
    return Term("velocity", momentum * before + slope, "direction", "v", "{m} × {v} + {slope}", known)


def _limits(sharpness: float, *rates: float) -> Limits | None:
    """The limits of the rate times the curvature, as rates."""
    return Limits(*(rate / sharpness for rate in rates)) if sharpness > 0 else None
