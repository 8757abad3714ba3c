from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gdviz.core.activations import ACTIVATIONS
from gdviz.core.datasets import DataSet
from gdviz.core.network import CostName, Network
from gdviz.core.plane import Plane, random_direction

HIDDEN = ("sigmoid", "tanh", "relu", "leaky-relu")
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


def test_all_four_activations_are_looked_at() -> None:
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
