from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gdviz.core.activations import ACTIVATIONS
from gdviz.core.datasets import DataSet
from gdviz.core.network import CostName, Network
from gdviz.core.plane import Plane, random_direction
from gdviz.core.problem import Vector

HIDDEN = ("sigmoid", "tanh", "relu", "leaky-relu", "step")
COSTS: tuple[CostName, ...] = ("squared-error", "cross-entropy")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def images(rng: np.random.Generator) -> NDArray[Any]:
    return rng.random((23, 12))


@pytest.fixture
def labels(rng: np.random.Generator) -> NDArray[Any]:
    return rng.integers(0, 4, 23)


def small(activation: str = "tanh", cost: CostName = "squared-error") -> Network:
    return Network((12, 6, 5, 4), activation, cost)


def lengths(net: Network, theta: NDArray[Any]) -> list[NDArray[Any]]:
    return [np.linalg.norm(weights, axis=0) for weights, _ in net.layers(theta)]


def test_a_random_plane_has_each_neurons_length_and_no_biases(rng: np.random.Generator) -> None:
    net = small()
    theta = net.init(rng, "normal", np.float64)
    plane = Plane.random(theta, net, rng)
    assert plane.directions.shape == (2, net.n_params)
    for direction in plane.directions:
        for own, made in zip(lengths(net, theta), lengths(net, direction), strict=True):
            np.testing.assert_allclose(made, own, rtol=1e-12)
        assert all(not biases.any() for _, biases in net.layers(direction))
    cosine = plane.directions[0] @ plane.directions[1] / np.prod(np.linalg.norm(plane.directions, axis=1))
    assert abs(cosine) < 0.5


def test_the_same_stream_gives_the_same_plane(rng: np.random.Generator) -> None:
    net = small()
    theta = net.init(rng)
    one, two = (Plane.random(theta, net, np.random.default_rng(3)).directions for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert one.dtype == np.float32


def test_the_steepest_plane_goes_down_the_slope_and_across(
    rng: np.random.Generator, images: NDArray[Any], labels: NDArray[Any]
) -> None:
    net = small()
    theta = net.init(rng, dtype=np.float64)
    _, gradient = net.cost_and_gradient(theta, images, labels)
    plane = Plane.steepest(theta, gradient, net, rng)
    downhill, across = plane.directions
    np.testing.assert_allclose(downhill / np.linalg.norm(downhill), -gradient / np.linalg.norm(gradient), atol=1e-12)
    assert abs(downhill @ across) < 1e-12 * (downhill @ downhill)
    weights = np.sqrt(sum((w**2).sum() for w, _ in net.layers(theta)))
    np.testing.assert_allclose(np.linalg.norm(plane.directions, axis=1), weights, rtol=1e-12)
    # A short way along the first axis lowers the cost by what the slope says.
    h = 1e-6
    drop = net.cost(theta, images, labels) - net.cost(theta + h * downhill, images, labels)
    np.testing.assert_allclose(drop / h, np.linalg.norm(gradient) * weights, rtol=1e-4)


@pytest.mark.parametrize("gradient", [0.0, np.nan, np.inf])
def test_without_a_slope_the_plane_is_random(rng: np.random.Generator, gradient: float) -> None:
    net = small()
    theta = net.init(rng)
    plane = Plane.steepest(theta, np.full_like(theta, gradient), net, rng)
    assert np.isfinite(plane.directions).all()
    assert np.linalg.matrix_rank(plane.directions) == 2


def test_a_network_of_zeros_has_a_plane_too(
    rng: np.random.Generator, images: NDArray[Any], labels: NDArray[Any]
) -> None:
    net = small()
    theta = net.init(rng, "zeros", np.float64)
    _, gradient = net.cost_and_gradient(theta, images, labels)
    plane = Plane.steepest(theta, gradient, net, rng)
    assert np.linalg.matrix_rank(plane.directions) == 2
    np.testing.assert_allclose(plane.project(theta), 0, atol=1e-12)


def test_a_dead_neuron_is_not_moved_by_a_random_direction(rng: np.random.Generator) -> None:
    net = small()
    theta = net.init(rng, "normal", np.float64)
    next(net.layers(theta))[0][:, 2] = 0
    direction = random_direction(theta, net, rng)
    assert np.isfinite(direction).all()
    np.testing.assert_array_equal(next(net.layers(direction))[0][:, 2], 0)


def test_projection_and_distance_find_the_way_back(rng: np.random.Generator) -> None:
    net = small()
    theta = net.init(rng, dtype=np.float64)
    plane = Plane.random(theta, net, rng)  # its directions are not orthogonal
    here = np.array([[0.3, -1.2], [0.0, 0.0], [2.0, 0.5]])
    points = theta + here @ plane.directions
    np.testing.assert_allclose(plane.project(points), here, atol=1e-12)
    np.testing.assert_allclose(plane.project(points[0]), here[0], atol=1e-12)
    np.testing.assert_allclose(plane.components(here @ plane.directions), here, atol=1e-12)
    off = rng.standard_normal(theta.size)
    basis = np.linalg.qr(plane.directions.T)[0]
    off -= basis @ (basis.T @ off)
    np.testing.assert_allclose(plane.project(points[0] + off), here[0], atol=1e-12)
    assert plane.distance(points[0]) == pytest.approx(0, abs=1e-12)
    assert plane.distance(points[0] + off) == pytest.approx(np.linalg.norm(off))


def test_all_activations_are_looked_at() -> None:
    assert set(HIDDEN) == set(ACTIVATIONS)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("activation", HIDDEN)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_grid_is_the_plain_cost_at_each_point(
    activation: str, cost: CostName, dtype: type, rng: np.random.Generator, images: NDArray[Any], labels: NDArray[Any]
) -> None:
    net = small(activation, cost)
    theta = net.init(rng, "normal", np.float64)
    plane = Plane.random(theta.astype(dtype), net, rng)
    grid = plane.cost_grid(net, images, labels, extent=0.8, n=5)
    a = np.linspace(-0.8, 0.8, 5)
    anchor, (one, two) = plane.anchor.astype(np.float64), plane.directions.astype(np.float64)
    plain = [[net.cost(anchor + a[j] * one + a[i] * two, images, labels) for j in range(5)] for i in range(5)]
    assert grid.shape == (5, 5)
    if activation == "step":  # rounding may switch a neuron: for a few images, at a few points
        assert np.count_nonzero(abs(grid - plain) > 1e-5 * abs(np.array(plain))) <= 2
        assert abs(grid - plain).max() < 0.3
    else:
        np.testing.assert_allclose(grid, plain, rtol=1e-5)
    assert np.ptp(plain) > 1e-3  # a slice that is flat would show nothing
    assert abs(grid - grid.T).max() > 1e-3  # nor would rows and columns that are exchanged


def test_the_digits_own_network_too(mnist: DataSet) -> None:
    net = Network((784, 16, 16, 10))
    theta = net.init(np.random.default_rng(0))
    images, labels = mnist.train_images[:200] / np.float32(255), mnist.train_labels[:200]
    plane = Plane.random(theta, net, np.random.default_rng(1))
    grid = plane.cost_grid(net, images, labels, n=3)
    assert grid[1, 1] == pytest.approx(net.cost(theta, images, labels), rel=1e-5)
    corner = theta + plane.directions[0] - plane.directions[1]
    assert grid[0, 2] == pytest.approx(net.cost(corner, images, labels), rel=1e-5)


def walk(rng: np.random.Generator, k: int, n: int = 60, dtype: type = np.float64) -> Vector:
    """A path of ``k`` points whose steps favour some directions."""
    steps = rng.standard_normal((k, n)) * np.geomspace(5, 0.05, n) + 0.3
    path: Vector = (3 + np.cumsum(steps, axis=0)).astype(dtype)
    return path


def assert_upright(plane: Plane, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=tolerance)


@pytest.mark.parametrize("k", [3, 4, 20, 90])
def test_the_principal_directions_are_those_of_a_singular_value_decomposition(k: int, rng: np.random.Generator) -> None:
    path = walk(rng, k)
    theta = path[-1] + rng.standard_normal(60)  # the ball need not be on the path
    plane = Plane.principal(path, theta, rng)
    _, singular, vectors = np.linalg.svd(path - path.mean(axis=0))
    assert_upright(plane)
    assert abs(plane.directions[0] @ vectors[0]) == pytest.approx(1, abs=1e-9)
    assert abs(plane.directions[1] @ vectors[1]) == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(plane.explained(path), singular[:2] ** 2 / (singular**2).sum(), rtol=1e-6)
    # It goes through the ball, counts from the start, and begins towards positive coordinates.
    assert plane.distance(theta) == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(plane.project(path[0]), 0, atol=1e-9)
    assert plane.project(theta)[0] > 0
    # Coordinates are distances in knob space.
    a, b = plane.project(path[1])
    off = plane.distance(path[1])
    aim = path[1] - path[0]
    across = plane.anchor - path[0]  # from the start to where the axes cross
    assert a * a + b * b + off * off == pytest.approx(((aim - across) ** 2).sum(), rel=1e-9)


def test_the_plane_of_a_float32_path_is_the_same(rng: np.random.Generator) -> None:
    path = walk(rng, 30)
    exact = Plane.principal(path, path[-1], rng)
    plane = Plane.principal(path.astype(np.float32), path[-1].astype(np.float32), rng)
    assert plane.directions.dtype == plane.anchor.dtype == np.float32
    np.testing.assert_allclose(
        plane.directions,
        exact.directions * np.sign((plane.directions * exact.directions).sum(axis=1))[:, None],
        atol=1e-4,
    )
    assert plane.directions[0] @ exact.directions[0] > 0.999
    np.testing.assert_allclose(plane.project(path[0].astype(np.float32)), 0, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", ["one point", "two points", "a straight line", "stands still"])
def test_a_path_without_two_directions_still_has_a_plane(case: str, dtype: type, rng: np.random.Generator) -> None:
    start, way = rng.standard_normal((2, 60))
    along = {
        "one point": [0.0],
        "two points": [0.0, 1.0],
        "a straight line": [0.0, 0.25, 1.0],
        "stands still": [0.0] * 4,  # whose mean is exact in float64, too
    }
    path: Vector = np.array([start + t * way for t in along[case]], dtype)
    theta = (start + 2 * way).astype(dtype)
    plane = Plane.principal(path, theta, rng)
    assert_upright(plane, 1e-6)
    assert plane.distance(theta) == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(plane.project(path[0]), 0, atol=1e-4)
    shares = plane.explained(path)
    if along[case][-1]:
        assert plane.directions[0] @ way / np.linalg.norm(way) == pytest.approx(1, abs=1e-6)
        np.testing.assert_allclose(shares, [1, 0], atol=1e-6)
    else:
        assert np.isnan(shares).all()


def test_a_plane_through_three_points_holds_them(rng: np.random.Generator) -> None:
    one, other, start = rng.standard_normal((3, 60))
    plane = Plane.through(one, other, start, rng)
    assert_upright(plane)
    np.testing.assert_allclose(plane.project(one), 0, atol=1e-12)
    np.testing.assert_allclose(plane.project(other), [float(np.linalg.norm(other - one)), 0], atol=1e-12)
    assert max(plane.distance(point) for point in (one, other, start)) < 1e-12
    along, up = plane.project(start)
    assert along == pytest.approx((start - one) @ (other - one) / np.linalg.norm(other - one))
    assert up == pytest.approx(np.sqrt(((start - one) ** 2).sum() - along**2))
    assert up > 0  # the start is above the line between the two


@pytest.mark.parametrize("case", ["start in the line", "one at the start", "all the same"])
def test_three_points_in_a_line_have_a_plane_too(case: str, rng: np.random.Generator) -> None:
    one, way = rng.standard_normal((2, 60)).astype(np.float32)
    other, start = {
        "start in the line": (one + way, one - 3 * way),
        "one at the start": (one + way, one),
        "all the same": (one, one),
    }[case]
    plane = Plane.through(one, other, start, rng)
    assert_upright(plane, 1e-6)
    np.testing.assert_allclose(plane.project(one), 0, atol=1e-5)
    np.testing.assert_allclose(plane.project(other), [float(np.linalg.norm(other - one)), 0], atol=1e-4)
    assert plane.distance(start) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_oblique_directions_explain_no_more_than_their_plane_holds(seed: int) -> None:
    """The first its own part, both together what the least-squares fit of two directions leaves over."""
    rng = np.random.default_rng(seed)
    path = walk(rng, 12, 6)
    one, other = rng.standard_normal((2, 6))
    directions = np.stack([one, one + 0.3 * other])
    shares = Plane(path[0], directions).explained(path)
    apart = path - path.mean(axis=0)
    rest = apart - (apart @ np.linalg.pinv(directions)) @ directions
    assert shares.sum() == pytest.approx(1 - (rest**2).sum() / (apart**2).sum())
    assert shares[0] == pytest.approx(((apart @ one) ** 2).sum() / (one @ one) / (apart**2).sum())
    assert 0 < shares.min() < shares.sum() <= 1


def test_a_plane_is_turned_like_the_one_before_and_stays_where_it_is(rng: np.random.Generator) -> None:
    path = walk(rng, 20)
    plane = Plane.principal(path, path[-1], rng)
    before = Plane(path[3], plane.directions * [[1], [-1]] + 0.1 * rng.standard_normal((2, 60)))
    turned = plane.turned_like(before)
    np.testing.assert_array_equal(turned.directions, plane.directions * [[1], [-1]])
    np.testing.assert_array_equal(turned.anchor, plane.anchor)
    np.testing.assert_allclose(turned.project(path), plane.project(path) * [1, -1], atol=1e-12)
    np.testing.assert_array_equal(turned.turned_like(turned).directions, turned.directions)
    small = Plane(path[0].astype(np.float32), plane.directions.astype(np.float32))
    assert small.turned_like(before).directions.dtype == np.float32
