"""Pictures of an analytic cost over its view."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gdviz.core.frame import Floats, Landscape

if TYPE_CHECKING:
    from gdviz.core.surface import Surface

_POINTS_1D, _POINTS_2D = 801, 201


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
