"""What is made of a slope: the rules that turn a gradient into a step.

All run the recurrences that PyTorch documents, in its notation's order of operations, so that a run can be checked
against it: theta are the knobs, g the gradient at them, lr the learning rate, t = 1, 2, ... counts the steps.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple, TypeAlias, get_args

import numpy as np
from msgspec import Meta

from gdviz.core.spec import Spec

if TYPE_CHECKING:
    from gdviz.core.problem import Vector

LearningRate = Annotated[float, Meta(gt=0, le=1e6, description="how long a step is for a given slope")]
Fraction = Annotated[float, Meta(ge=0, lt=1)]
Epsilon = Annotated[float, Meta(gt=0, le=1, description="keeps the division away from zero")]
Momentum = Annotated[float, Meta(ge=0, lt=1, description="how much of the velocity each step keeps")]


class Term(NamedTuple):
    """One named part of a step, with its value for every knob."""

    name: str
    value: Vector


class Optimizer(Spec, frozen=True, tag_field="kind"):
    """A rule. The knobs it keeps between steps are the rows of a state array, named by `slots`."""

    slots: ClassVar[tuple[str, ...]] = ()
    formula: ClassVar[str]
    learning_rate: LearningRate = 1e-3

    def new_state(self, theta: Vector) -> Vector:
        """What the rule remembers at step 0: (len(slots), n_params) zeros in theta's dtype."""
        return np.zeros((len(self.slots), theta.size), theta.dtype)

    @abstractmethod
    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: float, t: int) -> None:
        """Take step ``t`` (from 1) in place.

        Parameters
        ----------
        theta : (n_params,) float array, changed in place
        gradient : (n_params,) float array, dC/dtheta at `theta`; overwritten
        state : (len(slots), n_params) float array, changed in place
        learning_rate : this step's rate, as the schedule scaled it
        """

    def terms(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: float, t: int) -> tuple[Term, ...]:
        """The parts of the step from here, by name and in order: slope, what the rule remembers after it, the step.

        Nothing is changed; "step" is what is subtracted from theta. Shapes as in `update`.
        """
        after, slope, memory = theta.copy(), gradient.copy(), state.copy()
        with np.errstate(all="ignore"):  # the step after the last finite one is asked for, too
            self.update(after, slope, memory, learning_rate, t)
            step = theta - after
        kept = (Term(name, row) for name, row in zip(self.slots, memory, strict=True))
        return (Term("slope", gradient.copy()), *kept, Term("step", step))


class GradientDescent(Optimizer, frozen=True, tag="gradient-descent"):
    """Plain gradient descent: straight down the slope (Cauchy, 1847)."""

    formula = "θ ← θ − rate · slope"

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: float, t: int) -> None:
        np.multiply(gradient, learning_rate, out=gradient)
        np.subtract(theta, gradient, out=theta)


class HeavyBall(Optimizer, frozen=True, tag="momentum"):
    """Heavy-ball momentum: the velocity is a decaying sum of slopes, not a mean, so rates act 1/(1-m) times as large.

    Polyak, Some methods of speeding up the convergence of iteration methods, 1964; PyTorch's SGD with momentum.
    """

    slots = ("velocity",)
    formula = "v ← m·v + slope,  θ ← θ − rate · v"
    momentum: Momentum = 0.9

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: float, t: int) -> None:
        (velocity,) = state
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, gradient, out=velocity)
        np.multiply(velocity, learning_rate, out=gradient)
        np.subtract(theta, gradient, out=theta)


class Nesterov(Optimizer, frozen=True, tag="nesterov"):
    """Nesterov's momentum: the slope is corrected by where the velocity is about to carry the ball.

    Sutskever et al., ICML 2013, as PyTorch's SGD(nesterov=True) runs it.
    """

    slots = ("velocity",)
    formula = "v ← m·v + slope,  θ ← θ − rate · (slope + m·v)"
    momentum: Momentum = 0.9

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: float, t: int) -> None:
        (velocity,) = state
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, gradient, out=velocity)
        np.add(gradient, self.momentum * velocity, out=gradient)
        np.multiply(gradient, learning_rate, out=gradient)
        np.subtract(theta, gradient, out=theta)


class Adagrad(Optimizer, frozen=True, tag="adagrad"):
    """AdaGrad: each knob's rate shrinks with all the slope it has seen (Duchi, Hazan & Singer, JMLR 2011; PyTorch)."""

    slots = ("sum of squares",)
    formula = "s ← s + slope²,  θ ← θ − rate · slope / (√s + ε)"
    learning_rate: LearningRate = 1e-2
    epsilon: Epsilon = 1e-10

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: float, t: int) -> None:
        (squares,) = state
        np.add(squares, gradient * gradient, out=squares)
        _divide_by_root(gradient, squares, self.epsilon)
        np.multiply(gradient, learning_rate, out=gradient)
        np.subtract(theta, gradient, out=theta)


class RMSProp(Optimizer, frozen=True, tag="rmsprop"):
    """RMSProp: the slope over its recent size (Hinton, Coursera lecture 6e, 2012; PyTorch with alpha for decay)."""

    slots = ("mean square",)
    formula = "s ← d·s + (1−d)·slope²,  θ ← θ − rate · slope / (√s + ε)"
    learning_rate: LearningRate = 1e-2
    decay: Annotated[Fraction, Meta(description="how much of the mean square each step keeps")] = 0.99
    epsilon: Epsilon = 1e-8

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: float, t: int) -> None:
        (mean_square,) = state
        _average(mean_square, gradient * gradient, self.decay)
        _divide_by_root(gradient, mean_square, self.epsilon)
        np.multiply(gradient, learning_rate, out=gradient)
        np.subtract(theta, gradient, out=theta)


class Adam(Optimizer, frozen=True, tag="adam"):
    """Adam: averaged slope over averaged size, both corrected for their start at zero.

    Kingma & Ba, arXiv:1412.6980, Algorithm 1; PyTorch's Adam.
    """

    slots = ("first moment", "second moment")
    formula = "m ← β₁m + (1−β₁)slope,  v ← β₂v + (1−β₂)slope²,  θ ← θ − rate · m̂ / (√v̂ + ε)"
    beta1: Annotated[Fraction, Meta(description="how much of the mean slope each step keeps")] = 0.9
    beta2: Annotated[Fraction, Meta(description="how much of the mean squared slope each step keeps")] = 0.999
    epsilon: Epsilon = 1e-8

    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: float, t: int) -> None:
        first, second = state
        _average(first, gradient, self.beta1)
        _average(second, gradient * gradient, self.beta2)
        # m_hat = m / (1 - beta1^t) and v_hat = v / (1 - beta2^t); theta <- theta - lr m_hat / (sqrt(v_hat) + eps)
        np.multiply(first, learning_rate / (1 - self.beta1**t), out=gradient)
        _divide_by_root(gradient, second, self.epsilon, scale=1 / (1 - self.beta2**t))
        np.subtract(theta, gradient, out=theta)


def _average(mean: Vector, value: Vector, keep: float) -> None:
    """mean <- keep * mean + (1 - keep) * value, in place."""
    np.multiply(mean, keep, out=mean)
    np.add(mean, (1 - keep) * value, out=mean)


def _divide_by_root(vector: Vector, squares: Vector, epsilon: float, scale: float = 1.0) -> None:
    """vector <- vector / (sqrt(scale * squares) + epsilon), in place."""
    root = np.sqrt(squares * scale)
    np.add(root, epsilon, out=root)
    np.divide(vector, root, out=vector)


def kind_of(optimizer: type[Optimizer]) -> str:
    """The name of a rule in scenario files."""
    return str(optimizer.__struct_config__.tag)


AnyOptimizer: TypeAlias = GradientDescent | HeavyBall | Nesterov | Adagrad | RMSProp | Adam
OPTIMIZERS: tuple[type[Optimizer], ...] = get_args(AnyOptimizer)
