"""Sharpness against Hessians worked out on paper, and the zones that follow from it."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from numpy.typing import NDArray

from gdviz.core.curvature import REGIMES, Sharpness, Zone, lanczos, network_sharpness, sharpness, zones
from gdviz.core.generators import finished
from gdviz.core.network import CostName, Network
from gdviz.core.optimizer import Limits
from gdviz.core.optimizers import OPTIMIZERS, GradientDescent
from gdviz.core.problem import Vector
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


def times(matrix: Vector) -> Callable[[Vector], Vector]:
    return lambda v: matrix @ v


def symmetric(values: Vector, seed: int = 0) -> Vector:
    """A symmetric matrix with these eigenvalues, and random eigenvectors."""
    basis, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values), len(values))))
    matrix: Vector = (basis * values) @ basis.T
    return np.asarray((matrix + matrix.T) / 2)


def exactly(matrix: Vector, most: int = 80) -> Sharpness:
    start = np.random.default_rng(1).standard_normal(len(matrix))
    return finished(lanczos(times(matrix), start, tolerance=1e-13, most=most))


@pytest.mark.parametrize(
    "values",
    [
        [3.0],
        [2.0, -5.0],
        [1.0, 2.0, 7.0],
        [-1.0, -2.0, -300.0],
        [4.0, 4.0, 4.0],
        [0.0, -1.0, 1e-3],
        [5.0, 5.0, 1.0, -9.0],
    ],
    ids=str,
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_largest_eigenvalue_with_its_sign(values: list[float], turned: bool) -> None:
    """Not the one of largest size: of -9 and 5 it is 5."""
    matrix = symmetric(np.array(values)) if turned else np.diag(values)
    found = exactly(matrix)
    assert found.value == pytest.approx(max(values), rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(matrix @ found.direction, max(values) * found.direction, atol=1e-6)
    assert np.linalg.norm(found.direction) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_random_matrices(seed: int) -> None:
    square = np.random.default_rng(seed).standard_normal((60, 60))
    matrix = square + square.T
    assert exactly(matrix).value == pytest.approx(np.linalg.eigvalsh(matrix)[-1], rel=1e-9)


def test_it_stops_when_it_is_near_enough_and_never_later_than_it_may() -> None:
    """A spectrum like a trained network's: a few large values over a great many small ones."""
    matrix = symmetric(np.concatenate([[50.0, 20.0, 8.0], np.linspace(-0.5, 0.5, 397)]))
    start = np.random.default_rng(1).standard_normal(400)
    asked: list[int] = []

    def product_of(v: Vector) -> Vector:
        asked.append(len(asked))
        image: Vector = matrix @ v
        return image

    found = finished(lanczos(product_of, start))
    assert found.value == pytest.approx(50, rel=1e-6)  # the square of a thousandth
    assert len(asked) < 15
    asked.clear()
    assert finished(lanczos(product_of, start, tolerance=0, most=5)).value <= 50
    assert len(asked) == 5


def test_a_matrix_of_zeros_is_flat() -> None:
    found = exactly(np.zeros((7, 7)))
    assert found.value == 0
    assert np.linalg.norm(found.direction) == pytest.approx(1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_product_that_is_not_finite_has_no_sharpness(bad: float) -> None:
    matrix = np.diag([1.0, bad, 2.0])
    start = np.array([3.0, 4.0, 0.0])
    found = finished(lanczos(times(matrix), start))
    assert math.isnan(found.value)
    np.testing.assert_allclose(found.direction, [0.6, 0.8, 0])


@pytest.mark.parametrize(("name", "eigenvalue"), [("bowl", 2.0), ("ravine", None)])
def test_products_of_a_quadratic_surfaces_own_gradient(name: str, eigenvalue: float | None) -> None:
    """Its gradient is linear, so that a difference of gradients a step of 1 apart is exact."""
    surface, at = CATALOGUE[name], np.array([0.7, -0.4])
    expected = sharpness(surface, at) if eigenvalue is None else eigenvalue

    def hessian_times(v: Vector) -> Vector:
        _, (ahead, behind) = surface.costs_and_gradients(np.stack([at + v, at - v]))
        return np.asarray((ahead - behind) / 2)

    found = finished(lanczos(hessian_times, np.array([1.0, 0.3]), tolerance=1e-13))
    assert found.value == pytest.approx(expected, rel=1e-9)


def dense_hessian(net: Network, theta: Vector, images: Vector, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Column by column, by central differences of the exact gradient."""
    h, hessian = 1e-5, np.empty((theta.size, theta.size))
    for knob in range(theta.size):
        ahead, behind = theta.copy(), theta.copy()
        ahead[knob] += h
        behind[knob] -= h
        (_, high), (_, low) = (net.cost_and_gradient(at, images, labels) for at in (ahead, behind))
        hessian[knob] = (high - low) / (2 * h)
    symmetric: NDArray[np.float64] = (hessian + hessian.T) / 2
    return symmetric


COSTS: tuple[CostName, ...] = ("squared-error", "cross-entropy")


@pytest.mark.parametrize(("activation", "cost"), list(product(("sigmoid", "tanh", "relu", "leaky-relu"), COSTS)))
def test_a_networks_sharpness_is_that_of_its_whole_hessian(activation: str, cost: CostName) -> None:
    rng = np.random.default_rng(3)
    net = Network((8, 6, 5, 4), activation, cost)
    images, labels, theta = rng.random((40, 8)), rng.integers(0, 4, 40), net.init(rng, "normal", np.float64)
    values, vectors = np.linalg.eigh(dense_hessian(net, theta, images, labels))
    before = theta.copy()
    found = finished(network_sharpness(net, theta, images, labels))
    assert found.value == pytest.approx(values[-1], rel=1e-3)
    assert abs(found.direction @ vectors[:, -1]) > 0.99
    np.testing.assert_array_equal(theta, before)
    # Knobs as they are trained, in float32, are measured in float64 all the same.
    rounded = finished(network_sharpness(net, theta.astype(np.float32), images.astype(np.float32), labels))
    assert rounded.value == pytest.approx(values[-1], rel=2e-3)
    assert rounded.direction.dtype == np.float64


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_network_that_blew_up_has_no_sharpness(bad: float) -> None:
    net = Network((4, 3, 10), "relu", "cross-entropy")
    theta = np.full(net.n_params, bad, np.float32)
    assert math.isnan(finished(network_sharpness(net, theta, np.ones((5, 4)), np.arange(5))).value)


def test_neurons_that_are_on_or_off_have_a_flat_cost() -> None:
    rng = np.random.default_rng(3)
    net = Network((8, 6, 4), "step")
    found = finished(network_sharpness(net, net.init(rng, "normal"), rng.random((9, 8)), rng.integers(0, 4, 9)))
    assert found.value == 0
