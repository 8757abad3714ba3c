"""Costs of two knobs, each for one feature of a landscape.

Six are those of Lili Jiang's gradient_descent_viz [1], with its domain and start: bowl (its "global minimum"),
elliptic-bowl, saddle, hills, two-valleys ("local minimum") and ripples ("plateau").

References
----------
[1] https://github.com/lilipads/gradient_descent_viz
"""

from __future__ import annotations

from functools import partial
from typing import Final, TypeAlias

import numpy as np

from gdviz.core.surface import Number, Surface

# Hills and dents in an oval bowl: (height, x, z), where z = 1.4 y.
_Bumps: TypeAlias = tuple[tuple[float, float, float], ...]
_HILLS: Final[_Bumps] = ((2, 1, 0), (6, -1, 0), (-2, 1, -1))
_TWO_VALLEYS: Final[_Bumps] = ((-2, 1, 0), (-6, -1, 0))


def _bumpy_bowl(bumps: _Bumps, x: Number, y: Number) -> Number:
    z = 1.4 * y
    cost = x * x + z * z
    for height, x0, z0 in bumps:
        dx, dz = x - x0, z - z0
        cost = cost + height * np.exp(-5 * (dx * dx + dz * dz))
    return cost


def _bumpy_bowl_slope(bumps: _Bumps, x: Number, y: Number) -> tuple[Number, Number]:
    z = 1.4 * y
    by_x, by_z = 2 * x, 2 * z
    for height, x0, z0 in bumps:
        dx, dz = x - x0, z - z0
        steepness = -10 * height * np.exp(-5 * (dx * dx + dz * dz))
        by_x, by_z = by_x + steepness * dx, by_z + steepness * dz
    return by_x, 1.4 * by_z


def _elliptic_bowl(x: Number, y: Number) -> Number:
    u, v = x / 2, y / 2
    return u * u + v * v / 2 - np.exp(-u * u - 5 * v * v)


def _elliptic_bowl_slope(x: Number, y: Number) -> tuple[Number, Number]:
    u, v = x / 2, y / 2
    dent = np.exp(-u * u - 5 * v * v)
    return u + u * dent, v / 2 + 5 * v * dent


def _plateau(x: Number, y: Number) -> Number:
    return 1 - np.exp(-x * x - y * y)


def _plateau_slope(x: Number, y: Number) -> tuple[Number, Number]:
    dent = np.exp(-x * x - y * y)
    return 2 * x * dent, 2 * y * dent


def _ripples(x: Number, y: Number) -> Number:
    r = 10 * np.sqrt(x * x + y * y) + 0.01
    return 0.01 * r * r - np.sin(r) / r


def _ripples_slope(x: Number, y: Number) -> tuple[Number, Number]:
    distance = np.sqrt(x * x + y * y)
    r = 10 * distance + 0.01
    outward = 10 * (0.02 * r - (np.cos(r) - np.sin(r) / r) / r)
    outward = outward / (distance + (distance == 0))  # at the cusp x = y = 0, and so the slope is 0
    return outward * x, outward * y


LANDFORMS: tuple[Surface, ...] = (
    Surface(
        name="bowl",
        description="Two knobs, round contours: the steepest way down leads straight to the minimum.",
        formula="C(x, y) = x² + y²",
        default_start=(1.5, 1.5),
        domain=((-2.0, 2.0), (-2.0, 2.0)),
        minima=((0.0, 0.0),),
        function=lambda x, y: x * x + y * y,
        slope=lambda x, y: (2 * x, 2 * y),
    ),
    Surface(
        name="elliptic-bowl",
        description="An oval dent in a bowl: on the way down the curvature grows, and the largest safe rate falls.",
        formula="C(x, y) = u² + v²/2 − exp(−u² − 5v²),  u = x/2, v = y/2",
        default_start=(1.5, 1.5),
        domain=((-2.0, 2.0), (-2.0, 2.0)),
        minima=((0.0, 0.0),),
        function=_elliptic_bowl,
        slope=_elliptic_bowl_slope,
    ),
    Surface(
        name="ravine",
        description="Steep across, nearly flat along: the rate that the walls allow is too small for the floor.",
        formula="C(x, y) = x²/50 + y²",
        default_start=(-9.0, 3.0),
        domain=((-10.0, 10.0), (-4.0, 4.0)),
        minima=((0.0, 0.0),),
        function=lambda x, y: x * x / 50 + y * y,
        slope=lambda x, y: (x / 25, 2 * y),
    ),
    Surface(
        name="saddle",
        description="Down one way, up the other: the ball lingers where the slope vanishes, though it is no minimum.",
        formula="C(x, y) = sin x + y²",
        default_start=(1.5, 1.5),
        domain=((-2.0, 2.0), (-2.0, 2.0)),
        minima=((-np.pi / 2, 0.0),),
        function=lambda x, y: np.sin(x) + y * y,
        slope=lambda x, y: (np.cos(x), 2 * y),
    ),
    Surface(
        name="monkey-saddle",
        description="Three ways down, none with a floor: in the middle the curvature vanishes along with the slope.",
        formula="C(x, y) = x³ − 3xy²",
        default_start=(1.2, 0.05),
        domain=((-2.0, 2.0), (-2.0, 2.0)),
        function=lambda x, y: x * (x * x - 3 * y * y),
        slope=lambda x, y: (3 * (x * x - y * y), -6 * x * y),
    ),
    Surface(
        name="plateau",
        description="Flat country around a pit: where the slope is next to nothing, so is a plain step.",
        formula="C(x, y) = 1 − exp(−x² − y²)",
        default_start=(2.2, 1.6),
        domain=((-3.0, 3.0), (-3.0, 3.0)),
        minima=((0.0, 0.0),),
        function=_plateau,
        slope=_plateau_slope,
    ),
    Surface(
        name="hills",
        description="Two hills and a pit: the ball rolls past the nearer hill and stops between them, not in the pit.",
        formula="C(x, y) = x² + z² + 2E(1,0) + 6E(−1,0) − 2E(1,−1),  E(a,b) = exp(−5(x − a)² − 5(z − b)²),  z = 1.4y",
        default_start=(1.5, 1.5),
        domain=((-2.0, 2.0), (-2.0, 2.0)),
        minima=((0.9003065222993073, -0.6534011583039486), (0.0415071256997556, -0.0006403776376543)),
        function=partial(_bumpy_bowl, _HILLS),
        slope=partial(_bumpy_bowl_slope, _HILLS),
    ),
    Surface(
        name="two-valleys",
        description="A shallow valley and a deep one: downhill leads to the nearest, which need not be the lowest.",
        formula="C(x, y) = x² + z² − 2E(1,0) − 6E(−1,0),  E(a,b) = exp(−5(x − a)² − 5(z − b)²),  z = 1.4y",
        default_start=(1.5, 1.5),
        domain=((-2.0, 2.0), (-2.0, 2.0)),
        minima=((-0.9675774464554597, 0.0), (0.9053178606008483, 0.0)),
        function=partial(_bumpy_bowl, _TWO_VALLEYS),
        slope=partial(_bumpy_bowl_slope, _TWO_VALLEYS),
    ),
    Surface(
        name="ripples",
        description="Rings around a funnel: from outside, the ball settles in a ring and never sees the centre.",
        formula="C(x, y) = r²/100 − sin(r)/r,  r = 10√(x² + y²) + 0.01",
        default_start=(1.5, 1.5),
        domain=((-2.0, 2.0), (-2.0, 2.0)),
        minima=((0.0, 0.0),),
        smooth=False,
        function=_ripples,
        slope=_ripples_slope,
    ),
)
