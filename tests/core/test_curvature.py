"""Sharpness against Hessians worked out on paper, and the zones that follow from it."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from gdviz.core.curvature import REGIMES, Zone, sharpness, zones
from gdviz.core.optimizer import Limits
from gdviz.core.optimizers import OPTIMIZERS, GradientDescent
from gdviz.core.surface import Surface
from gdviz.core.surfaces import SURFACES

CATALOGUE = {surface.name: surface for surface in SURFACES}


def test_a_parabola_is_curved_by_2_everywhere() -> None:
    """Exactly: no rounding of the points at which slopes are compared comes through."""
    for w in (0.0, 5.0, -0.1, 1 / 3, 1e-9, 12345.678):
        assert sharpness(CATALOGUE["parabola"], np.array([w])) == 2


def test_the_parabolas_limit_is_exactly_1() -> None:
    parabola = CATALOGUE["parabola"]
    limits = GradientDescent().limits(sharpness(parabola, parabola.start(np.random.default_rng(0))))
    assert limits == Limits(crawl=0.05, bounce=0.5, unstable=1.0)


def test_a_round_bowl_is_curved_by_2_in_every_direction() -> None:
    assert sharpness(CATALOGUE["bowl"], np.array([1.5, 1.2])) == pytest.approx(2, rel=1e-9)


@pytest.mark.parametrize("at", [(-1.2, 1.0), (1.0, 1.0), (0.0, 0.0), (1.7, -0.4)])
def test_rosenbrock(at: tuple[float, float]) -> None:
    """C = (1 - x)^2 + 100 (y - x^2)^2, so C_xx = 2 - 400 y + 1200 x^2, C_xy = -400 x, C_yy = 200."""
    x, y = at
    xx, xy, yy = 2 - 400 * y + 1200 * x * x, -400 * x, 200
    largest = (xx + yy) / 2 + math.hypot((xx - yy) / 2, xy)
    assert sharpness(CATALOGUE["rosenbrock"], np.array(at)) == pytest.approx(largest, rel=1e-6)


def make(function: object, slope: object) -> Surface:
    return replace(CATALOGUE["bowl"], name="a test", function=function, slope=slope)  # type: ignore[arg-type]  # a function


def test_on_a_saddle_the_upward_curve_counts() -> None:
    """C = 3x^2/2 - 7y^2 + xy, whose Hessian is ((3, 1), (1, -14))."""
    saddle = make(lambda x, y: 1.5 * x * x - 7 * y * y + x * y, lambda x, y: (3 * x + y, x - 14 * y))
    assert sharpness(saddle, np.array([0.3, -1.1])) == pytest.approx(-5.5 + math.hypot(8.5, 1), rel=1e-6)


def test_under_a_dome_it_is_negative_and_no_rate_is_too_large() -> None:
    dome = make(lambda x, y: -2 * x * x - y * y, lambda x, y: (-4 * x, -2 * y))
    assert sharpness(dome, np.array([0.3, -1.1])) == pytest.approx(-2, rel=1e-9)
    assert GradientDescent().limits(sharpness(dome, np.array([0.3, -1.1]))) is None


def test_changes_nothing_and_is_silent_where_there_is_no_number() -> None:
    theta = np.array([0.3, np.inf])
    before = theta.copy()
    assert math.isnan(sharpness(CATALOGUE["rosenbrock"], theta))
    np.testing.assert_array_equal(theta, before)
    assert math.isnan(sharpness(CATALOGUE["rosenbrock"], np.array([1e200, 0.0])))


def test_zones_lie_between_the_limits() -> None:
    assert zones(Limits(crawl=0.05, bounce=0.5, unstable=1.0)) == (
        Zone(0, 0.05, "crawling"),
        Zone(0.05, 0.5, "converging"),
        Zone(0.5, 1.0, "bouncing"),
        Zone(1.0, math.inf, "unstable"),
    )


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(0.5, 0.2, 1.0), ((0, 0.2, "crawling"), (0.2, 1, "bouncing"), (1, math.inf, "unstable"))),
        (Limits(0.1, 2.0, 1.0), ((0, 0.1, "crawling"), (0.1, 1, "converging"), (1, math.inf, "unstable"))),
        (Limits(3.0, 2.0, 1.0), ((0, 1, "crawling"), (1, math.inf, "unstable"))),
        (Limits(math.inf, math.inf, math.inf), ((0, math.inf, "crawling"),)),
    ],
)
def test_limits_that_cross_leave_no_empty_zone(limits: Limits, expected: object) -> None:
    assert zones(limits) == expected


@pytest.mark.parametrize("rule", OPTIMIZERS, ids=lambda rule: rule.__struct_config__.tag)
def test_every_rules_zones_cover_all_rates(rule: type) -> None:
    limits = rule().limits(2.0)
    if limits is not None:
        found = zones(limits)
        assert (found[0].low, found[-1].high) == (0, math.inf)
        assert all(one.high == other.low for one, other in pairwise(found))
        assert {zone.regime for zone in found} <= set(REGIMES)
