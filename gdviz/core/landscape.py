"""Pictures of a cost: an analytic one over its view, a network's over a plane through its ball."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gdviz.core.frame import Floats, Landscape
from gdviz.core.plane import Plane

if TYPE_CHECKING:
    from collections.abc import Generator

    from gdviz.core.digits import Digits
    from gdviz.core.problem import Vector
    from gdviz.core.surface import Surface

SLICE_IMAGES = 1000
SLICE_POINTS = (17, 49)
"""points a side: first a coarse picture at once, then the fine one"""
EXTENT = 0.5
"""half the width of a slice; 1 is the length of a filter-normalised direction, that is, of all weights together"""
FARTHEST_OFF = 0.3
"""how far off a slice, in the same unit, a ball may be before the slice says too little about where it is"""

_POINTS_1D, _POINTS_2D = 801, 201


class Slice(NamedTuple):
    """A network's plane and the cost over it."""

    plane: Plane
    landscape: Landscape

    @property
    def unit(self) -> float:
        """The length in knob space of one unit of the plane's coordinates."""
        return float(np.linalg.norm(self.plane.directions[0]))


def surface_landscape(surface: Surface, doublings: int) -> Landscape:
    """The cost over the surface's domain, grown about its middle by ``doublings``."""
    axes = []
    for low, high in surface.domain:
        middle, half = (low + high) / 2, (high - low) / 2 * 2.0**doublings
        axes.append(np.linspace(middle - half, middle + half, _POINTS_1D if surface.n_params == 1 else _POINTS_2D))
    with np.errstate(all="ignore"):
        if surface.n_params == 1:
            (x,) = axes
            return Landscape(
                x, np.empty(0), surface.costs(x[:, None]).astype(np.float64), (surface.knobs[0], "cost"), ""
            )
        x, y = axes
        costs = surface.costs(np.stack(np.meshgrid(x, y), axis=-1))
        return Landscape(x, y, costs.astype(np.float64), (surface.knobs[0], surface.knobs[1]), "")


def doublings_to_hold(surface: Surface, points: Floats) -> int:
    """How often the surface's domain must double to hold all ``points`` (m, n_params)."""
    needed = 0
    for axis, (low, high) in enumerate(surface.domain):
        middle, half = (low + high) / 2, (high - low) / 2
        reach = float(np.abs(points[:, axis] - middle).max()) / half
        # Beyond 2^509 times a domain of this size squares overflow, and there is no picture to draw.
        needed = max(needed, min(509, math.ceil(math.log2(reach)) if reach > 1 else 0))
    return needed


def digits_slices(problem: Digits, theta: Vector, step: int, seed: int) -> Generator[Slice | None, None, None]:
    """Slices of a network's cost through ``theta``, coarse to fine; None in between, where one may stop.

    Along the negative gradient and a random filter-normalised direction, on the first training images. Meant for a
    thread of its own: it shares nothing with the training loop but the images, which nobody writes.
    """
    net = problem.network
    images = problem.images[:SLICE_IMAGES] * np.float32(1 / 255)
    labels = problem.labels[:SLICE_IMAGES]
    with np.errstate(all="ignore"):
        _, gradient = net.cost_and_gradient(theta, images, labels)
        plane = Plane.steepest(theta, gradient, net, np.random.default_rng(seed))
    yield None
    for n in SLICE_POINTS:
        axis = np.linspace(-EXTENT, EXTENT, n)
        costs = np.empty(n * n)
        points = plane.costs(net, images, labels, axis, axis)
        for i in range(n * n):
            with np.errstate(all="ignore"):
                costs[i] = next(points)
            yield None
        note = f"slice: {len(labels):,} images, {n} × {n} points, through step {step:,}"
        yield Slice(
            plane, Landscape(axis, axis, costs.reshape(n, n), ("along the negative slope", "a random direction"), note)
        )
