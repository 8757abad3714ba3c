"""Costs over a grid of a plane against one forward pass a point."""

import threading
from itertools import product
from time import monotonic
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gdviz.core.activations import ACTIVATIONS
from gdviz.core.datasets import DataSet
from gdviz.core.generators import finished
from gdviz.core.grid import grid_costs
from gdviz.core.network import CostName, Network
from gdviz.core.plane import Floats, Plane

COSTS: tuple[CostName, ...] = ("squared-error", "cross-entropy")
X, Y = np.array([-0.7, 0.0, 0.4, 1.0]), np.array([-0.5, 0.0, 0.9])
"""not square and not symmetric, so that rows and columns cannot be taken for one another"""


def plane_of(net: Network, dtype: type = np.float32, seed: int = 0) -> Plane:
    """Through a random start with biases, along two directions in which biases change as well."""
    rng = np.random.default_rng(seed)
    theta, one, two = (net.init(rng, "he", np.float64) for _ in range(3))
    for vector in (theta, one, two):
        for _, biases in net.layers(vector):
            biases[:] = 0.3 * rng.standard_normal(biases.shape)
    return Plane(theta.astype(dtype), np.stack([one, two]).astype(dtype))


def plain(plane: Plane, net: Network, images: NDArray[Any], labels: NDArray[Any], x: Floats, y: Floats) -> Floats:
    """One forward pass a point, in float64."""
    anchor, (one, two) = plane.anchor.astype(np.float64), plane.directions.astype(np.float64)
    return np.array([[net.cost(anchor + a * one + b * two, images, labels) for a in x] for b in y])


def first(mnist: DataSet, n: int) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    return mnist.train_images[:n], mnist.train_labels[:n]


def grid(
    plane: Plane,
    net: Network,
    images: NDArray[Any],
    labels: NDArray[Any],
    x: Floats = X,
    y: Floats = Y,
    threads: int = 1,
) -> Floats:
    return finished(grid_costs(plane, net, images, labels, x, y, threads))


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "step"])
@pytest.mark.parametrize("hidden", [(16, 16), (64, 32), (30,)], ids=str)
def test_each_point_is_a_forward_pass(hidden: tuple[int, ...], activation: str, cost: CostName, mnist: DataSet) -> None:
    net = Network((784, *hidden, 10), activation, cost)
    images, labels = first(mnist, 300)
    plane = plane_of(net)
    expected = plain(plane, net, images / 255, labels, X, Y)
    found = grid(plane, net, images, labels)
    assert found.shape == (3, 4)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert np.ptp(expected) > 0.1  # a flat one would show nothing


@pytest.mark.parametrize("cost", COSTS)
def test_neurons_that_are_on_or_off_too_but_for_sums_near_zero(cost: CostName, mnist: DataSet) -> None:
    """Rounding may put a sum on the other side of 0; so few do that the mean moves by less than 1 %."""
    net = Network((784, 16, 16, 10), "step", cost)
    images, labels = first(mnist, 300)
    plane = plane_of(net)
    expected = plain(plane, net, images / 255, labels, X, Y)
    np.testing.assert_allclose(grid(plane, net, images, labels), expected, rtol=0.01)
    assert np.ptp(expected) > 0.1


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "step"])
def test_in_float64_it_is_exact(activation: str, cost: CostName, mnist: DataSet) -> None:
    """However the sums are rearranged: what a float32 grid is off by is rounding and nothing else."""
    net = Network((784, 12, 11, 10), activation, cost)
    images, labels = first(mnist, 40)
    plane = plane_of(net, np.float64)
    expected = plain(plane, net, images / 255, labels, X, Y)
    np.testing.assert_allclose(grid(plane, net, images / 255, labels), expected, rtol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bytes_are_scaled_and_numbers_are_taken_as_they_are(dtype: type, mnist: DataSet) -> None:
    net = Network((784, 16, 10), "tanh")
    images, labels = first(mnist, 200)
    plane = plane_of(net)
    np.testing.assert_allclose(
        grid(plane, net, images, labels), grid(plane, net, images.astype(dtype) / dtype(255), labels), rtol=2e-6
    )


@pytest.mark.parametrize(("activation", "cost"), list(product(("sigmoid", "tanh", "relu"), COSTS)))
def test_a_network_without_hidden_layers(activation: str, cost: CostName, mnist: DataSet) -> None:
    net = Network((784, 10), activation, cost)
    images, labels = first(mnist, 300)
    plane = plane_of(net)
    expected = plain(plane, net, images / 255, labels, X, Y)
    np.testing.assert_allclose(grid(plane, net, images, labels), expected, rtol=1e-5)


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_change_nothing(threads: int, mnist: DataSet) -> None:
    """Also where there are more of them than rows."""
    net = Network((784, 16, 16, 10))
    images, labels = first(mnist, 1500)
    plane, x, y = plane_of(net), np.linspace(-1, 1, 9), np.linspace(-1, 1, 5)
    alone = grid(plane, net, images, labels, x, y)
    np.testing.assert_array_equal(grid(plane, net, images, labels, x, y, threads), alone)
    np.testing.assert_array_equal(grid(plane, net, images, labels, x, y[:1], threads), alone[:1])


@pytest.mark.parametrize("cost", COSTS)
def test_many_images_are_taken_in_blocks_and_all_count(cost: CostName, mnist: DataSet) -> None:
    """2,500 are two blocks of 1,000 and one of 500: a mean over blocks would weigh the last ones double."""
    net = Network((784, 16, 16, 10), "sigmoid", cost)
    images, labels = first(mnist, 2500)
    order = np.argsort(labels, kind="stable")  # so that the blocks differ
    images, labels = images[order], labels[order]
    plane = plane_of(net)
    x, y = X[:2], Y[:2]
    expected = plain(plane, net, images / 255, labels, x, y)
    np.testing.assert_allclose(grid(plane, net, images, labels, x, y), expected, rtol=1e-5)
    blocks = [grid(plane, net, images[at : at + 1000], labels[at : at + 1000], x, y) for at in (0, 1000, 2000)]
    assert abs(np.mean(blocks, axis=0) / expected - 1).max() > 1e-3


@pytest.mark.parametrize("hidden", [(1500, 20), (600, 700), (4096,)], ids=str)
def test_very_wide_layers(hidden: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    net = Network((20, *hidden, 10), "tanh", "cross-entropy")
    images, labels = rng.random((230, 20)), rng.integers(0, 10, 230)
    plane = plane_of(net)
    x, y = X[:2], Y[:2]
    expected = plain(plane, net, images, labels, x, y)
    np.testing.assert_allclose(grid(plane, net, images, labels, x, y), expected, rtol=1e-5)


def test_one_image_and_one_point(mnist: DataSet) -> None:
    net = Network((784, 16, 10))
    images, labels = first(mnist, 1)
    plane = plane_of(net)
    zero = np.zeros(1)
    found = grid(plane, net, images, labels, zero, zero, threads=2)
    assert found.shape == (1, 1)
    assert found[0, 0] == pytest.approx(net.cost(plane.anchor, images / 255, labels), rel=1e-5)


def test_who_leaves_early_leaves_no_thread_behind(mnist: DataSet) -> None:
    """At once: what is left of 90,000 points would keep them busy for many seconds."""
    net = Network((784, 64, 64, 10))
    images, labels = first(mnist, 1000)
    before = set(threading.enumerate())
    axis = np.linspace(-1, 1, 300)
    work = grid_costs(plane_of(net), net, images, labels, axis, axis, threads=3)
    for _ in range(4):
        next(work)
    assert len(set(threading.enumerate()) - before) == 2  # they were at work
    begun = monotonic()
    work.close()
    assert monotonic() - begun < 2
    assert set(threading.enumerate()) == before


def test_what_fails_in_a_thread_is_told(mnist: DataSet) -> None:
    """A coordinate that is no number fails in the second row, which is the second thread's."""
    net = Network((784, 16, 10))
    images, labels = first(mnist, 50)
    y: Any = np.array([0.0, "no number"], dtype=object)
    with pytest.raises(ValueError, match="no number"):
        grid(plane_of(net), net, images, labels, X, y, threads=2)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPool")]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("far", [1e20, 1e30, 1e300])
def test_far_out_the_cost_overflows_quietly(far: float, threads: int, mnist: DataSet) -> None:
    """A warning would be an error here. The points near by are not touched by those far out beside them."""
    net = Network((784, 16, 16, 10), "relu", "cross-entropy")
    images, labels = first(mnist, 100)
    plane = plane_of(net)
    x, y = np.array([-far, 0.0, far]), np.array([-far, 0.0, far, 0.5])
    found = grid(plane, net, images, labels, x, y, threads)
    assert not np.isfinite(found[[0, 2]]).any()
    assert not np.isfinite(found[:, [0, 2]]).any()
    np.testing.assert_allclose(
        found[[1, 3], 1], plain(plane, net, images / 255, labels, x[1:2], y[[1, 3]])[:, 0], rtol=1e-5
    )


def test_far_out_a_cost_with_a_bound_keeps_it(mnist: DataSet) -> None:
    """Squared errors of outputs of 0 or 1: whole numbers an image, ten at most."""
    net = Network((784, 16, 16, 10), "sigmoid")
    images, labels = first(mnist, 100)
    found = grid(plane_of(net), net, images, labels, np.array([-1e20, 1e20]), np.array([0.0, 1e20]))
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 10)).all()
    np.testing.assert_allclose(100 * found, np.round(100 * found), atol=1e-3)


def test_it_yields_often_and_changes_nothing_that_it_was_given(mnist: DataSet) -> None:
    """A pause after the products and one a row at least, so that whoever wants it to stop is heard."""
    net = Network((784, 16, 16, 10))
    images, labels = first(mnist, 1000)
    plane, axis = plane_of(net), np.linspace(-1, 1, 33)
    given = [array.copy() for array in (plane.anchor, plane.directions, images, labels, axis)]
    pauses = sum(1 for _ in grid_costs(plane, net, images, labels, axis, axis))
    assert pauses >= 1 + 33
    for now, then in zip((plane.anchor, plane.directions, images, labels, axis), given, strict=True):
        np.testing.assert_array_equal(now, then)
