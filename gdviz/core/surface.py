"""A cost of one or two knobs that is given by a formula."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from gdviz.core.problem import Indices, Vector

Number: TypeAlias = Any
"""a float or an array of any shape: one point or many"""


@dataclass(frozen=True)
class Surface:
    """A cost given by a formula, in float64.

    Parameters
    ----------
    function : one argument a knob, floats or arrays of one shape -> costs of that shape
    slope : the same arguments -> a tuple, the exact derivative by each knob
    """

    name: str
    description: str
    """one line on what it teaches"""
    formula: str
    default_start: tuple[float, ...]
    domain: tuple[tuple[float, float], ...]
    """lowest and highest value of each knob in the first view"""
    function: Callable[..., Number]
    slope: Callable[..., tuple[Number, ...]]
    knobs: tuple[str, ...] = ("x", "y")
    """what the knobs are called"""
    minima: tuple[tuple[float, ...], ...] = ()
    """the known minima, the lowest first"""
    smooth: bool = True
    """False where it has jumps or cusps; the slope there is 0"""
    n_examples: None = None

    @property
    def n_params(self) -> int:
        """One or two knobs."""
        return len(self.knobs)

    def starting_at(self, start: tuple[float, ...]) -> Surface:
        """The same cost from another start."""
        return replace(self, default_start=start)

    def start(self, rng: np.random.Generator) -> Vector:
        """The start, (n_params,) float64; nothing about it is random."""
        return np.array(self.default_start, dtype=np.float64)

    def costs(self, thetas: Vector) -> Vector:
        """The cost at each of many points (..., n_params) -> (...)."""
        return self._spread(self.function(*np.moveaxis(thetas, -1, 0)), thetas)

    def cost_and_gradient(self, theta: Vector, gradient: Vector, batch: Indices | None = None) -> float:
        """The cost at ``theta`` (n_params,), its gradient written into ``gradient``."""
        try:
            # One point: arithmetic on plain floats takes a tenth of the time that it takes on arrays.
            point = theta.tolist()
            gradient[:] = self.slope(*point)
            return float(self.function(*point))
        except (ArithmeticError, ValueError):  # where arrays have inf or nan, floats raise
            costs, gradients = self.costs_and_gradients(theta[None])
            gradient[:] = gradients[0]
            return float(costs[0])

    def costs_and_gradients(self, thetas: Vector, batch: Indices | None = None) -> tuple[Vector, Vector]:
        """At many points: ``thetas`` (..., n_params) -> costs (...), gradients (..., n_params)."""
        slopes = self.slope(*np.moveaxis(thetas, -1, 0))
        return self.costs(thetas), np.stack([self._spread(slope, thetas) for slope in slopes], axis=-1)

    def evaluate(self, theta: Vector) -> Generator[None, None, None]:
        """Nothing to measure beyond the cost itself."""
        yield from ()

    @staticmethod
    def _spread(values: Number, thetas: Vector) -> Vector:
        # A derivative that is the same everywhere comes as one number.
        spread: Vector = np.broadcast_to(np.asarray(values, np.float64), thetas.shape[:-1])
        return spread
