"""Analytic costs of one or two knobs, each with its exact gradient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from gdviz.core.problem import Indices, Vector


@dataclass(frozen=True)
class Surface:
    """A cost given by a formula, in float64. Both functions take any number of points at once.

    Parameters
    ----------
    function : points (..., n_params) -> costs (...)
    slope : points (..., n_params) -> gradients (..., n_params)
    """

    name: str
    description: str
    """one line on what it teaches"""
    formula: str
    default_start: tuple[float, ...]
    domain: tuple[tuple[float, float], ...]
    """lowest and highest value of each knob in the first view"""
    function: Callable[[Vector], Vector]
    slope: Callable[[Vector], Vector]
    n_examples: None = None

    @property
    def n_params(self) -> int:
        """One or two knobs."""
        return len(self.default_start)

    def starting_at(self, start: tuple[float, ...]) -> Surface:
        """The same cost from another start."""
        return replace(self, default_start=start)

    def start(self, rng: np.random.Generator) -> Vector:
        """The start, (n_params,) float64; nothing about it is random."""
        return np.array(self.default_start, dtype=np.float64)

    def costs(self, thetas: Vector) -> Vector:
        """The cost at each of many points (..., n_params) -> (...)."""
        return self.function(thetas)

    def cost_and_gradient(self, theta: Vector, gradient: Vector, batch: Indices | None = None) -> float:
        """The cost at ``theta`` (n_params,), its gradient written into ``gradient``."""
        gradient[:] = self.slope(theta)
        return float(self.function(theta))

    def costs_and_gradients(self, thetas: Vector, batch: Indices | None = None) -> tuple[Vector, Vector]:
        """At many points: ``thetas`` (m, n_params) -> costs (m,), gradients (m, n_params)."""
        return self.function(thetas), self.slope(thetas)

    def evaluate(self, theta: Vector) -> Generator[None, None, None]:
        """Nothing to measure beyond the cost itself."""
        yield from ()


SURFACES: tuple[Surface, ...] = (
    Surface(
        name="parabola",
        description="One knob, one valley: where every learning rate's character shows in its purest form.",
        formula="C(w) = w²",
        default_start=(5.0,),
        domain=((-6.0, 6.0),),
        function=lambda theta: theta[..., 0] * theta[..., 0],
        slope=lambda theta: 2 * theta,
    ),
    Surface(
        name="bowl",
        description="Two knobs, round contours: the steepest way down leads straight to the minimum.",
        formula="C(x, y) = x² + y²",
        default_start=(1.5, 1.2),
        domain=((-2.0, 2.0), (-2.0, 2.0)),
        function=lambda theta: (theta * theta).sum(axis=-1),
        slope=lambda theta: 2 * theta,
    ),
)
