"""Rules that give every knob a rate of its own, by the size that its slopes had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from msgspec import Meta

from gdviz.core.optimizer import (
    Epsilon,
    Fraction,
    LearningRate,
    MeanKept,
    Optimizer,
    Rate,
    SquaresKept,
    Term,
    WeightDecay,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gdviz.core.problem import Vector


class Adagrad(Optimizer, frozen=True, tag="adagrad"):
    """AdaGrad: each knob's rate shrinks with all the slope it has seen.

    Duchi, Hazan & Singer, JMLR 2011; PyTorch's Adagrad.
    """

    slots = ("sum of squares",)
    formula = "s ← s + slope²,  θ ← θ − rate · slope / (√s + ε)"
    learning_rate: LearningRate = 1e-2
    epsilon: Epsilon = 1e-10

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: Rate, t: int) -> None:
        squares = state[0]
        squares += gradient * gradient
        gradient *= learning_rate
        gradient /= _root(squares, self.epsilon)
        theta -= gradient

    def parts(self, theta: Vector, slope: Vector, state: Vector, learning_rate: float, t: int) -> Iterator[Term]:
        squares = state[0] + slope**2
        yield Term("sum of squares", squares, "size", "s", "{s} + {slope}²", {"s": state[0], "slope": slope})
        known = {"rate": learning_rate, "slope": slope, "s": squares, "ε": self.epsilon}
        step = learning_rate * slope / (np.sqrt(squares) + self.epsilon)
        yield Term("step", step, "step", "Δ", "{rate} × {slope} / (√{s} + {ε})", known)


class RMSProp(Optimizer, frozen=True, tag="rmsprop"):
    """RMSProp: the slope over its recent size.

    Hinton, Coursera lecture 6e, 2012; PyTorch's RMSprop, with alpha for the decay.
    """

    slots = ("mean square",)
    formula = "s ← d·s + (1−d)slope²,  θ ← θ − rate · slope / (√s + ε)"
    learning_rate: LearningRate = 1e-2
    decay: SquaresKept = 0.99
    epsilon: Epsilon = 1e-8

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: Rate, t: int) -> None:
        mean_square = state[0]
        _average(mean_square, gradient * gradient, self.decay)
        gradient *= learning_rate
        gradient /= _root(mean_square, self.epsilon)
        theta -= gradient

    def parts(self, theta: Vector, slope: Vector, state: Vector, learning_rate: float, t: int) -> Iterator[Term]:
        known = {"d": self.decay, "s": state[0], "slope": slope}
        mean_square = self.decay * state[0] + (1 - self.decay) * slope**2
        yield Term("mean square", mean_square, "size", "s", "{d} × {s} + (1 − {d}) × {slope}²", known)
        known = {"rate": learning_rate, "slope": slope, "s": mean_square, "ε": self.epsilon}
        step = learning_rate * slope / (np.sqrt(mean_square) + self.epsilon)
        yield Term("step", step, "step", "Δ", "{rate} × {slope} / (√{s} + {ε})", known)


class Adadelta(Optimizer, frozen=True, tag="adadelta"):
    """Adadelta: the slope over its recent size, times the recent size of its own steps.

    Zeiler, arXiv:1212.5701; PyTorch's Adadelta.
    """

    slots = ("mean square", "mean squared step")
    formula = "s ← ρs + (1−ρ)slope²,  d ← √(u + ε) / √(s + ε) · slope,  u ← ρu + (1−ρ)d²,  θ ← θ − rate · d"
    learning_rate: LearningRate = 1.0
    rho: Annotated[Fraction, Meta(description="how much of the mean squares each step keeps")] = 0.9
    epsilon: Epsilon = 1e-6

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: Rate, t: int) -> None:
        mean_square, mean_squared_step = state[0], state[1]
        _average(mean_square, gradient * gradient, self.rho)
        gradient *= np.sqrt(mean_squared_step + self.epsilon)
        gradient /= np.sqrt(mean_square + self.epsilon)
        _average(mean_squared_step, gradient * gradient, self.rho)
        gradient *= learning_rate
        theta -= gradient

    def parts(self, theta: Vector, slope: Vector, state: Vector, learning_rate: float, t: int) -> Iterator[Term]:
        before, steps = state
        known = {"ρ": self.rho, "s": before, "slope": slope}
        squares = self.rho * before + (1 - self.rho) * slope**2
        yield Term("mean square", squares, "size", "s", "{ρ} × {s} + (1 − {ρ}) × {slope}²", known)
        known = {"u": steps, "ε": self.epsilon, "s": squares, "slope": slope}
        scaled = np.sqrt(steps + self.epsilon) / np.sqrt(squares + self.epsilon) * slope
        yield Term("scaled slope", scaled, "direction", "d", "√({u} + {ε}) / √({s} + {ε}) × {slope}", known)
        known = {"ρ": self.rho, "u": steps, "d": scaled}
        after = self.rho * steps + (1 - self.rho) * scaled**2
        yield Term("mean squared step", after, "size", "u", "{ρ} × {u} + (1 − {ρ}) × {d}²", known)
        yield Term("step", learning_rate * scaled, "step", "Δ", "{rate} × {d}", {"rate": learning_rate, "d": scaled})


class Adam(Optimizer, frozen=True, tag="adam"):
    """Adam: averaged slope over averaged size, both corrected for their start at zero.

    Kingma & Ba, arXiv:1412.6980, Algorithm 1; PyTorch's Adam.
    """

    slots = ("first moment", "second moment")
    formula = "m ← β₁m + (1−β₁)slope,  v ← β₂v + (1−β₂)slope²,  θ ← θ − rate · m̂ / (√v̂ + ε)"
    beta1: MeanKept = 0.9
    beta2: SquaresKept = 0.999
    epsilon: Epsilon = 1e-8

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: Rate, t: int) -> None:
        first, second = state[0], state[1]
        _average(second, gradient * gradient, self.beta2)
        _average(first, gradient, self.beta1)
        # m_hat = m / (1 - beta1^t) and v_hat = v / (1 - beta2^t); theta <- theta - lr m_hat / (sqrt(v_hat) + eps)
        np.multiply(first, learning_rate / (1 - self.beta1**t), out=gradient)
        gradient /= _root(second / (1 - self.beta2**t), self.epsilon)
        theta -= gradient

    def parts(self, theta: Vector, slope: Vector, state: Vector, learning_rate: float, t: int) -> Iterator[Term]:
        first, second = _moments(slope, state, self.beta1, self.beta2)
        first_hat, second_hat = _corrected(first, "β₁", self.beta1, t), _corrected(second, "β₂", self.beta2, t)
        yield from (first, second, first_hat, second_hat)
        known = {"rate": learning_rate, "m̂": first_hat.value, "v̂": second_hat.value, "ε": self.epsilon}
        step = learning_rate * first_hat.value / (np.sqrt(second_hat.value) + self.epsilon)
        yield Term("step", step, "step", "Δ", "{rate} × {m̂} / (√{v̂} + {ε})", known)


class AdamW(Adam, frozen=True, tag="adamw"):
    """AdamW: Adam's step, and apart from it all knobs shrink.

    Loshchilov & Hutter, arXiv:1711.05101; PyTorch's AdamW.
    """

    formula = "m ← β₁m + (1−β₁)slope,  v ← β₂v + (1−β₂)slope²,  θ ← θ − rate · (m̂ / (√v̂ + ε) + λθ)"
    weight_decay: WeightDecay = 1e-2

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: Rate, t: int) -> None:
        theta *= 1 - learning_rate * self.weight_decay
        super().update(theta, gradient, state, learning_rate, t)

    def parts(self, theta: Vector, slope: Vector, state: Vector, learning_rate: float, t: int) -> Iterator[Term]:
        *between, last = super().parts(theta, slope, state, learning_rate, t)
        yield from between
        step = last.value + learning_rate * self.weight_decay * theta
        known = {**last.parts, "λ": self.weight_decay, "θ": theta}
        yield Term("step", step, "step", "Δ", "{rate} × ({m̂} / (√{v̂} + {ε}) + {λ} × {θ})", known)


class NAdam(Optimizer, frozen=True, tag="nadam"):
    """NAdam: Adam that looks ahead as Nesterov does, with a momentum that grows towards β₁.

    Dozat, ICLR workshop 2016; PyTorch's NAdam.
    """

    slots = ("first moment", "second moment", "correction")
    formula = (
        "μ ← β₁(1 − ½·0.96^(ψt)),  c ← 1 − ∏μ,  m ← β₁m + (1−β₁)slope,  v ← β₂v + (1−β₂)slope²,  "
        "m̂ ← μ′m / c′ + (1−μ)slope / c with μ′, c′ of the next step,  θ ← θ − rate · m̂ / (√v̂ + ε)"
    )
    learning_rate: LearningRate = 2e-3
    beta1: MeanKept = 0.9
    beta2: SquaresKept = 0.999
    epsilon: Epsilon = 1e-8
    momentum_decay: Annotated[float, Meta(ge=0, le=1, description="how fast the momentum grows at the start")] = 4e-3

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: Rate, t: int) -> None:
        first, second, correction = state[0], state[1], state[2]
        mu, ahead = self._momentum(t), self._momentum(t + 1)
        # 1 - p mu = (1 - p) mu + (1 - mu): remembered as what is missing from the product p, it begins at 0 as
        # everything does; it is the same for all knobs.
        _average(correction, 1.0, mu)
        _average(second, gradient * gradient, self.beta2)
        _average(first, gradient, self.beta1)
        gradient *= 1 - mu
        gradient /= correction
        gradient += first * ahead / (ahead * correction + (1 - ahead))
        gradient *= learning_rate
        gradient /= _root(second / (1 - self.beta2**t), self.epsilon)
        theta -= gradient

    def parts(self, theta: Vector, slope: Vector, state: Vector, learning_rate: float, t: int) -> Iterator[Term]:
        first, second = _moments(slope, state, self.beta1, self.beta2)
        second_hat = _corrected(second, "β₂", self.beta2, t)
        mu, ahead = self._momentum(t), self._momentum(t + 1)
        now = mu * state[2] + (1 - mu)
        then = ahead * now + (1 - ahead)
        known = {"μ′": ahead, "m": first.value, "c′": then, "μ": mu, "slope": slope, "c": now}
        looked = ahead * first.value / then + (1 - mu) * slope / now
        rule = "{μ′} × {m} / {c′} + (1 − {μ}) × {slope} / {c}"
        yield from (first, second, Term("look ahead", looked, "direction", "m̂", rule, known), second_hat)
        known = {"rate": learning_rate, "m̂": looked, "v̂": second_hat.value, "ε": self.epsilon}
        step = learning_rate * looked / (np.sqrt(second_hat.value) + self.epsilon)
        yield Term("step", step, "step", "Δ", "{rate} × {m̂} / (√{v̂} + {ε})", known)

    def _momentum(self, t: int) -> float:
        return float(self.beta1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay)))


class QHAdam(Optimizer, frozen=True, tag="qhadam"):
    """QHAdam: Adam with part of the plain slope mixed into its mean, and part of the plain square into its size.

    Ma & Yarats, arXiv:1810.06801, section 4, with the ν and β of their rule of thumb.
    """

    slots = ("first moment", "second moment")
    formula = (
        "m ← β₁m + (1−β₁)slope,  v ← β₂v + (1−β₂)slope²,  "
        "θ ← θ − rate · ((1−ν₁)slope + ν₁m̂) / (√((1−ν₂)slope² + ν₂v̂) + ε)"
    )
    beta1: MeanKept = 0.995
    beta2: SquaresKept = 0.999
    nu1: Annotated[float, Meta(ge=0, le=1, description="the mean slope's share, the rest is plain slope")] = 0.7
    nu2: Annotated[float, Meta(ge=0, le=1, description="the mean square's share, the rest is plain square")] = 1.0
    epsilon: Epsilon = 1e-8

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: Rate, t: int) -> None:
        first, second = state[0], state[1]
        square = gradient * gradient
        _average(second, square, self.beta2)
        _average(first, gradient, self.beta1)
        gradient *= 1 - self.nu1
        gradient += first * (self.nu1 / (1 - self.beta1**t))
        square *= 1 - self.nu2
        square += second * (self.nu2 / (1 - self.beta2**t))
        gradient *= learning_rate
        gradient /= _root(square, self.epsilon)
        theta -= gradient

    def parts(self, theta: Vector, slope: Vector, state: Vector, learning_rate: float, t: int) -> Iterator[Term]:
        first, second = _moments(slope, state, self.beta1, self.beta2)
        first_hat, second_hat = _corrected(first, "β₁", self.beta1, t), _corrected(second, "β₂", self.beta2, t)
        yield from (first, second, first_hat, second_hat)
        known = {"ν₁": self.nu1, "slope": slope, "m̂": first_hat.value}
        mixed = (1 - self.nu1) * slope + self.nu1 * first_hat.value
        yield Term("mixed slope", mixed, "direction", "q", "(1 − {ν₁}) × {slope} + {ν₁} × {m̂}", known)
        known = {"ν₂": self.nu2, "slope": slope, "v̂": second_hat.value}
        square = (1 - self.nu2) * slope**2 + self.nu2 * second_hat.value
        yield Term("mixed square", square, "size", "r", "(1 − {ν₂}) × {slope}² + {ν₂} × {v̂}", known)
        known = {"rate": learning_rate, "q": mixed, "r": square, "ε": self.epsilon}
        step = learning_rate * mixed / (np.sqrt(square) + self.epsilon)
        yield Term("step", step, "step", "Δ", "{rate} × {q} / (√{r} + {ε})", known)


def _average(mean: Vector, value: Vector | float, keep: float) -> None:
    """mean <- keep * mean + (1 - keep) * value, in place."""
    mean *= keep
    mean += (1 - keep) * value


def _root(squares: Vector, epsilon: float) -> Vector:
    root: Vector = np.sqrt(squares)
    root += epsilon
    return root


def _moments(slope: Vector, state: Vector, beta1: float, beta2: float) -> tuple[Term, Term]:
    """Adam's two means, as this step leaves them."""
    known = {"β₁": beta1, "m": state[0], "slope": slope}
    mean = beta1 * state[0] + (1 - beta1) * slope
    first = Term("first moment", mean, "direction", "m", "{β₁} × {m} + (1 − {β₁}) × {slope}", known)
    known = {"β₂": beta2, "v": state[1], "slope": slope}
    square = beta2 * state[1] + (1 - beta2) * slope**2
    return first, Term("second moment", square, "size", "v", "{β₂} × {v} + (1 − {β₂}) × {slope}²", known)


def _corrected(moment: Term, key: str, beta: float, t: int) -> Term:
    """A mean over the weight of all slopes so far, the rest of which went to the zeros that it began with."""
    of = moment.symbol
    known = {of: moment.value, key: beta, "t": t}
    rule = f"{{{of}}} / (1 − {{{key}}}^{{t}})"
    return Term(f"{moment.name}, corrected", moment.value / (1 - beta**t), moment.role, f"{of}\u0302", rule, known)
