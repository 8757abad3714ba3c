"""The classic test functions of optimisation, in two knobs.

Jamil & Yang, A literature survey of benchmark functions for global optimization problems, arXiv:1308.4008, say where
each comes from. Minima that are no round numbers are Newton-refined.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from gdviz.core.surface import Number, Surface

_TAU: Final = 2 * np.pi


def _rosenbrock(x: Number, y: Number) -> Number:
    a, b = 1 - x, y - x * x
    return a * a + 100 * b * b


def _rosenbrock_slope(x: Number, y: Number) -> tuple[Number, Number]:
    b = y - x * x
    return 2 * (x - 1) - 400 * x * b, 200 * b


def _himmelblau(x: Number, y: Number) -> Number:
    a, b = x * x + y - 11, x + y * y - 7
    return a * a + b * b


def _himmelblau_slope(x: Number, y: Number) -> tuple[Number, Number]:
    a, b = x * x + y - 11, x + y * y - 7
    return 4 * x * a + 2 * b, 2 * a + 4 * y * b


def _beale(x: Number, y: Number) -> Number:
    a, b, c = 1.5 - x + x * y, 2.25 - x + x * y * y, 2.625 - x + x * y * y * y
    return a * a + b * b + c * c


def _beale_slope(x: Number, y: Number) -> tuple[Number, Number]:
    a, b, c = 1.5 - x + x * y, 2.25 - x + x * y * y, 2.625 - x + x * y * y * y
    return 2 * (a * (y - 1) + b * (y * y - 1) + c * (y * y * y - 1)), 2 * x * (a + 2 * b * y + 3 * c * y * y)


def _booth(x: Number, y: Number) -> Number:
    a, b = x + 2 * y - 7, 2 * x + y - 5
    return a * a + b * b


def _booth_slope(x: Number, y: Number) -> tuple[Number, Number]:
    a, b = x + 2 * y - 7, 2 * x + y - 5
    return 2 * a + 4 * b, 4 * a + 2 * b


def _six_hump_camel(x: Number, y: Number) -> Number:
    xx, yy = x * x, y * y
    return (4 - 2.1 * xx + xx * xx / 3) * xx + x * y + 4 * (yy - 1) * yy


def _six_hump_camel_slope(x: Number, y: Number) -> tuple[Number, Number]:
    xx, yy = x * x, y * y
    return (8 - 8.4 * xx + 2 * xx * xx) * x + y, x + (16 * yy - 8) * y


def _ackley(x: Number, y: Number) -> Number:
    cone, waves = np.sqrt((x * x + y * y) / 2), (np.cos(_TAU * x) + np.cos(_TAU * y)) / 2
    return 20 - 20 * np.exp(-0.2 * cone) + np.e - np.exp(waves)


def _ackley_slope(x: Number, y: Number) -> tuple[Number, Number]:
    cone, waves = np.sqrt((x * x + y * y) / 2), (np.cos(_TAU * x) + np.cos(_TAU * y)) / 2
    inward = 2 * np.exp(-0.2 * cone) / (cone + (cone == 0))  # at the cusp x = y = 0, and so the slope is 0
    dimple = np.pi * np.exp(waves)
    return inward * x + dimple * np.sin(_TAU * x), inward * y + dimple * np.sin(_TAU * y)


def _rastrigin(x: Number, y: Number) -> Number:
    return 20 + x * x + y * y - 10 * (np.cos(_TAU * x) + np.cos(_TAU * y))


def _rastrigin_slope(x: Number, y: Number) -> tuple[Number, Number]:
    return 2 * x + 10 * _TAU * np.sin(_TAU * x), 2 * y + 10 * _TAU * np.sin(_TAU * y)


def _styblinski_tang(x: Number, y: Number) -> Number:
    xx, yy = x * x, y * y
    return ((xx - 16) * xx + 5 * x + (yy - 16) * yy + 5 * y) / 2


def _styblinski_tang_slope(x: Number, y: Number) -> tuple[Number, Number]:
    return (2 * x * x - 16) * x + 2.5, (2 * y * y - 16) * y + 2.5


CLASSICS: tuple[Surface, ...] = (
    Surface(
        name="rosenbrock",
        description="A long bent valley: finding it is easy, and following its nearly flat floor to the end is hard.",
        formula="C(x, y) = (1 − x)² + 100(y − x²)²",
        default_start=(-1.2, 1.0),
        domain=((-2.0, 2.0), (-1.0, 3.0)),
        minima=((1.0, 1.0),),
        function=_rosenbrock,
        slope=_rosenbrock_slope,
    ),
    Surface(
        name="himmelblau",
        description="Four valleys of equal depth around a hilltop: the start alone decides which one is found.",
        formula="C(x, y) = (x² + y − 11)² + (x + y² − 7)²",
        default_start=(-0.5, -1.0),
        domain=((-5.0, 5.0), (-5.0, 5.0)),
        minima=(
            (3.0, 2.0),
            (3.5844283403304917, -1.8481265269644036),
            (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.2831859912861696),
        ),
        function=_himmelblau,
        slope=_himmelblau_slope,
    ),
    Surface(
        name="beale",
        description="Cliffs at the corners, a flat middle: no one rate suits both, unless it adapts.",
        formula="C(x, y) = (1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²",
        default_start=(1.0, 1.0),
        domain=((-0.5, 4.5), (-1.5, 1.5)),
        minima=((3.0, 0.5),),
        function=_beale,
        slope=_beale_slope,
    ),
    Surface(
        name="booth",
        description="A slanting oval: neither knob can be set without regard to the other.",
        formula="C(x, y) = (x + 2y − 7)² + (2x + y − 5)²",
        default_start=(-8.0, -5.0),
        domain=((-10.0, 10.0), (-10.0, 10.0)),
        minima=((1.0, 3.0),),
        function=_booth,
        slope=_booth_slope,
    ),
    Surface(
        name="six-hump-camel",
        description="Six valleys, three depths, in pairs: each attracts the balls of its own basin.",
        formula="C(x, y) = (4 − 2.1x² + x⁴/3)x² + xy + 4(y² − 1)y²",
        default_start=(1.2, 0.2),
        domain=((-2.0, 2.0), (-1.0, 1.0)),
        minima=(
            (-0.0898420131003181, 0.7126564030207396),
            (0.0898420131003181, -0.7126564030207396),
            (1.703606714969981, -0.7960835686726251),
            (-1.703606714969981, 0.7960835686726251),
            (-1.6071047529201974, -0.5686514548841313),
            (1.6071047529201974, 0.5686514548841313),
        ),
        function=_six_hump_camel,
        slope=_six_hump_camel_slope,
    ),
    Surface(
        name="ackley",
        description="A pitted plain around a funnel: plain descent stops in the first pit.",
        formula="C(x, y) = 20 + e − 20 exp(−0.2√((x² + y²)/2)) − exp((cos 2πx + cos 2πy)/2)",
        default_start=(2.6, -1.7),
        domain=((-5.0, 5.0), (-5.0, 5.0)),
        minima=((0.0, 0.0),),
        smooth=False,
        function=_ackley,
        slope=_ackley_slope,
    ),
    Surface(
        name="rastrigin",
        description="A pit near every pair of whole numbers, the lowest in the middle: the slope leads to the nearest.",
        formula="C(x, y) = 20 + x² + y² − 10(cos 2πx + cos 2πy)",
        default_start=(3.3, 2.6),
        domain=((-5.12, 5.12), (-5.12, 5.12)),
        minima=((0.0, 0.0),),
        function=_rastrigin,
        slope=_rastrigin_slope,
    ),
    Surface(
        name="styblinski-tang",
        description="Four valleys, one the deepest: each knob on its own goes to the shallow side or to the deep one.",
        formula="C(x, y) = ½(x⁴ − 16x² + 5x + y⁴ − 16y² + 5y)",
        default_start=(4.0, -1.0),
        domain=((-5.0, 5.0), (-5.0, 5.0)),
        minima=(
            (-2.9035340277711771, -2.9035340277711771),
            (-2.9035340277711771, 2.746802770990837),
            (2.746802770990837, -2.9035340277711771),
            (2.746802770990837, 2.746802770990837),
        ),
        function=_styblinski_tang,
        slope=_styblinski_tang_slope,
    ),
)
