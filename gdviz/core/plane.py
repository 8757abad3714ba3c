"""The 2-D window into knob space that a picture of a network's cost shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Generator

    from gdviz.core.network import Network
    from gdviz.core.problem import Vector

Floats = NDArray[np.float64]


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
        gram = self.directions @ self.directions.T
        object.__setattr__(self, "_dual", np.linalg.solve(gram, self.directions))

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
        return np.fromiter(self.costs(net, images, labels, axis, axis), np.float64, n * n).reshape(n, n)

    def costs(
        self, net: Network, images: NDArray[Any], labels: NDArray[Any], x: Floats, y: Floats
    ) -> Generator[float, None, None]:
        """The cost at x[j], y[i], row after row, a point at a time, so that whoever asks may stop in between.

        Along the plane the first layer's weighted sums are linear in the coordinates: its three products are taken
        once, and a grid point costs only the layers above.
        """
        workspace = net.workspace(len(images), self.anchor.dtype)
        inputs = np.ones((len(images), images.shape[1] + 1), self.anchor.dtype)
        inputs[:, :-1] = images
        sums, along_x, along_y = (net.blocks(vector)[0].T @ inputs.T for vector in (self.anchor, *self.directions))
        theta, here = np.empty_like(self.anchor), np.empty_like(sums)
        for b in y.tolist():
            sums_of_row, theta_of_row = sums + b * along_y, self.anchor + b * self.directions[1]
            for a in x.tolist():
                np.multiply(along_x, a, out=here)
                np.add(here, sums_of_row, out=here)
                np.multiply(self.directions[0], a, out=theta)
                np.add(theta, theta_of_row, out=theta)
                workspace.forward(theta, here)
                yield workspace.cost(labels)


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
