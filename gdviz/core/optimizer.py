"""What every optimizer is: a spec, an update in place, and the names of its parts."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, TypeAlias

import numpy as np
from msgspec import Meta

from gdviz.core.spec import Spec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gdviz.core.problem import Problem, Vector

LearningRate = Annotated[float, Meta(gt=0, le=1e6, description="how long a step is for a given slope")]
Fraction = Annotated[float, Meta(ge=0, lt=1)]
Epsilon = Annotated[float, Meta(gt=0, le=1, description="keeps the division away from zero")]
Momentum = Annotated[float, Meta(ge=0, lt=1, description="how much of the velocity each step keeps")]
MeanKept = Annotated[Fraction, Meta(description="how much of the mean slope each step keeps")]
SquaresKept = Annotated[Fraction, Meta(description="how much of the mean squared slope each step keeps")]
WeightDecay = Annotated[
    float, Meta(ge=0, le=1, description="the fraction of each knob that a step takes away, times the learning rate")
]
Rate: TypeAlias = Any
"""a float, or an array with one rate for each knob, as a sweep over many rates at once has it"""
Role = Literal["slope", "direction", "size", "step"]


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One named part of a step, with its value for every knob, and how it came about."""

    name: str
    """in words: "velocity" """
    value: Vector
    """(n_params,)"""
    role: Role = "slope"
    """"direction": a mean or sum of slopes, which points uphill; "size": of slopes squared; "step": what theta loses"""
    symbol: str = ""
    """in formulas: "v" """
    rule: str = ""
    """its arithmetic with a place for each symbol: "{m} × {v} + {slope}"; empty for the slope, which is measured"""
    parts: Mapping[str, Any] = field(default_factory=dict)
    """what stands for each symbol of the rule: numbers, or (n_params,) values from before this term"""


class Limits(NamedTuple):
    """Learning rates at which a rule's character changes, for a given curvature."""

    crawl: float
    """below, it crawls"""
    bounce: float
    """above, most steps lead back across the valley"""
    unstable: float
    """above, every step leads farther away"""


class Optimizer(Spec, frozen=True, tag_field="kind"):
    """A rule. The knobs it keeps between steps are the rows of a state array, named by `slots`."""

    slots: ClassVar[tuple[str, ...]] = ()
    formula: ClassVar[str]
    searches: ClassVar[bool] = False
    """it chooses each step's learning rate by looking at the cost along the slope"""
    learning_rate: LearningRate = 1e-3

    def new_state(self, theta: Vector) -> Vector:
        """What the rule remembers at step 0: (len(slots), n_params) zeros in theta's dtype."""
        return np.zeros((len(self.slots), theta.size), theta.dtype)

    def rate(self, problem: Problem, theta: Vector, gradient: Vector) -> float:
        """The learning rate of the step from ``theta``, before the schedule's factor."""
        return self.learning_rate

    def limits(self, sharpness: float) -> Limits | None:
        """Where full-batch descent crawls, bounces and blows up at this curvature; None where nothing is known."""
        return None

    @abstractmethod
    def update(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: Rate, t: int) -> None:
        """Take step ``t`` (from 1) in place, knob by knob.

        Parameters
        ----------
        theta : (n_params,) float array, changed in place
        gradient : (n_params,) float array, dC/dtheta at `theta`; overwritten
        state : (len(slots), n_params) float array, changed in place
        learning_rate : this step's rate, as the schedule scaled it; one for all knobs, or (n_params,)
        """

    @abstractmethod
    def parts(self, theta: Vector, slope: Vector, state: Vector, learning_rate: float, t: int) -> Iterator[Term]:
        """The arithmetic of step ``t``, term by term in the order of `formula`, the step last. Changes nothing."""

    def terms(self, theta: Vector, gradient: Vector, state: Vector, learning_rate: float, t: int) -> tuple[Term, ...]:
        """The slope, what the rule makes of it, and the step: what `update` takes from theta. Changes nothing."""
        after, slope, memory = theta.copy(), gradient.copy(), state.copy()
        with np.errstate(all="ignore"):  # the step after the last finite one is asked for, too
            self.update(after, slope, memory, learning_rate, t)
            *between, last = self.parts(theta, gradient, state, learning_rate, t)
            return (Term("slope", gradient.copy(), "slope", "g"), *between, replace(last, value=theta - after))
