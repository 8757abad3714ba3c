"""The 2-D window into knob space that a picture of a network's cost shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gdviz.core.generators import finished
from gdviz.core.grid import grid_costs

if TYPE_CHECKING:
    from gdviz.core.network import Network
    from gdviz.core.problem import Vector

Floats = NDArray[np.float64]

_NOTHING = 1e-6
"""a vector of which no larger part is left has no direction of its own"""
_ROUNDING = 1e-12
"""a variance that is no larger part of another is what rounding left"""


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """All points anchor + a * direction1 + b * direction2; (a, b) are its coordinates."""

    anchor: Vector
    """(n_params,)"""
    directions: Vector
    """(2, n_params), linearly independent"""
    _dual: Vector = field(init=False, repr=False)
    """(2, n_params): its products with a vector are the vector's coordinates, also where the directions are oblique"""

    def __post_init__(self) -> None:
        pair = self.directions.astype(np.float64)  # whose squares float32 may not hold
        object.__setattr__(self, "_dual", np.linalg.solve(pair @ pair.T, pair).astype(self.directions.dtype))

    @classmethod
    def random(cls, theta: Vector, net: Network, rng: np.random.Generator) -> Plane:
        """Two random filter-normalised directions through ``theta`` (Li et al., arXiv:1712.09913, section 4)."""
        return cls(theta.copy(), np.stack([random_direction(theta, net, rng) for _ in range(2)]))

    @classmethod
    def steepest(cls, theta: Vector, gradient: Vector, net: Network, rng: np.random.Generator) -> Plane:
        """Through ``theta`` along the negative gradient and a random filter-normalised direction, orthogonal to it.

        The first is given the length of the second, so that both axes have one scale. Where the gradient vanishes
        the plane is random.
        """
        second = random_direction(theta, net, rng)
        length = np.linalg.norm(gradient)
        if not (np.isfinite(length) and length > 0):
            return cls.random(theta, net, rng)
        downhill = -gradient / length
        size = np.linalg.norm(second)
        second = second - (second @ downhill) * downhill
        second *= size / np.linalg.norm(second)
        return cls(theta.copy(), np.stack([size * downhill, second]).astype(theta.dtype))

    @classmethod
    def principal(cls, path: Vector, theta: Vector, rng: np.random.Generator) -> Plane:
        """The plane through ``theta`` in whose two directions a path varies most: its principal components.

        They are what Li et al. (arXiv:1712.09913, section 7) draw paths in. Both are of length 1, so that coordinates
        are distances in knob space; they count from where the path's first point lies nearest, and grow towards
        ``theta`` and to where the path swings out. Where it has no second direction, that is a random one.

        Parameters
        ----------
        path : (k, n_params) points of it, the first one its start
        """
        apart = path.astype(np.float64)
        apart -= apart.mean(axis=0)
        # The components are combinations of the k points, and those come from a matrix of k by k, not n by n.
        variances, mixtures = np.linalg.eigh(apart @ apart.T)
        first, second = mixtures[:, :-3:-1].T @ apart if len(path) > 1 else np.zeros((2, theta.size))
        if len(path) > 1 and variances[-2] <= _ROUNDING * variances[-1]:
            second = np.zeros(theta.size)
        way = theta - path[0].astype(np.float64)
        aside = (apart - apart[0]) @ second
        turned = -1.0 if aside[np.abs(aside).argmax()] < 0 else 1.0
        return cls._upright(theta, path[0], first if first @ way >= 0 else -first, turned * second, rng)

    @classmethod
    def through(cls, one: Vector, other: Vector, start: Vector, rng: np.random.Generator) -> Plane:
        """The plane through three points: `one` at (0, 0), the way to `other` along the first direction.

        Both directions are of length 1. Where the three lie in a line, the second is a random one.
        """
        apart = other.astype(np.float64) - one
        return cls._upright(one, one, apart, start.astype(np.float64) - one, rng)

    @classmethod
    def _upright(cls, theta: Vector, origin: Vector, first: Vector, second: Vector, rng: np.random.Generator) -> Plane:
        """Through ``theta`` along two vectors made orthonormal, or random ones; (0, 0) is nearest to ``origin``."""
        directions: list[Vector] = []
        for wanted in (first, second):
            for vector in (wanted, rng.standard_normal(theta.size)):
                length = np.linalg.norm(vector)
                for known in directions * 2:  # once leaves what rounding put back
                    vector = vector - (vector @ known) * known
                rest = np.linalg.norm(vector)
                if rest > _NOTHING * length:
                    directions.append(vector / rest)
                    break
        pair = np.stack(directions)
        way = theta - origin.astype(np.float64)
        return cls((theta - (pair @ way) @ pair).astype(theta.dtype), pair.astype(theta.dtype))

    def turned_like(self, before: Plane) -> Plane:
        """The same plane, its directions turned round where they point away from those of another one."""
        signs = np.where((self.directions * before.directions).sum(axis=1) < 0, -1, 1).astype(self.directions.dtype)
        return Plane(self.anchor, self.directions * signs[:, None])

    def explained(self, path: Vector) -> Floats:
        """The part of a path's variance (k, n_params) that lies along each axis: (2,), in all at most 1.

        In oblique directions the second is what it adds to the first. nan for a path that stands still.
        """
        apart = path.astype(np.float64)
        apart -= apart.mean(axis=0)
        whole = float((apart**2).sum())
        if not whole > _ROUNDING**2 * float((path.astype(np.float64) ** 2).sum()):
            return np.full(2, np.nan)
        basis, _ = np.linalg.qr(self.directions.astype(np.float64).T)
        shares: Floats = ((apart @ basis) ** 2).sum(axis=0) / whole
        return shares

    def project(self, thetas: Vector) -> Floats:
        """Coordinates of the nearest points of the plane: thetas (..., n_params) -> (..., 2)."""
        return self.components(thetas - self.anchor)

    def components(self, vectors: Vector) -> Floats:
        """Coordinates of vectors (..., n_params) rather than points, for example of a slope -> (..., 2)."""
        return (vectors @ self._dual.T).astype(np.float64)

    def distance(self, theta: Vector) -> float:
        """How far off the plane ``theta`` (n_params,) is, in knob space."""
        a, b = self.project(theta)
        return float(np.linalg.norm(theta - self.anchor - a * self.directions[0] - b * self.directions[1]))

    def cost_grid(
        self, net: Network, images: NDArray[Any], labels: NDArray[Any], extent: float = 1.0, n: int = 65
    ) -> Floats:
        """The cost at ``n`` x ``n`` points of the plane: (n, n), [i, j] at b = a[i] and a = a[j] in +-extent.

        ``images`` (m, n_in) in [0, 1], ``labels`` (m,) int.
        """
        axis = np.linspace(-extent, extent, n)
        return finished(grid_costs(self, net, images, labels, axis, axis))


def random_direction(theta: Vector, net: Network, rng: np.random.Generator) -> Vector:
    """A random direction (n_params,) in which each neuron's incoming weights are as long as that neuron's, biases 0.

    A network whose weights are all zero has no lengths to go by; there they are 1, as xavier's are on average.
    """
    direction: Vector = rng.standard_normal(theta.size).astype(theta.dtype)
    zeros = not any(own.any() for own, _ in net.layers(theta))
    for (weights, biases), (own, _) in zip(net.layers(direction), net.layers(theta), strict=True):
        weights *= (1 if zeros else np.linalg.norm(own, axis=0)) / np.linalg.norm(weights, axis=0)
        biases[:] = 0
    return direction
