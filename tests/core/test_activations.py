"""Neurons that are on or off: what they give, and that no slope comes through them."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gdviz.core.activations import ACTIVATIONS, SOFTMAX
from gdviz.core.network import CostName, Network

STEP = ACTIVATIONS["step"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_is_1_above_0_and_0_elsewhere(dtype: type) -> None:
    z: NDArray[Any] = np.array([[-np.inf, -3, -1e-30, -0.0, 0.0, 1e-30, 0.5, 7, np.inf]], dtype)
    STEP.apply(z)
    assert z.dtype == dtype
    np.testing.assert_array_equal(z, [[0, 0, 0, 0, 0, 1, 1, 1, 1]])


def test_its_slope_is_0_whatever_comes_from_above() -> None:
    delta = np.array([[1.0, -2.0, np.inf, np.nan]])
    STEP.times_slope(delta, np.array([[0.0, 1.0, 1.0, 0.0]]), np.empty((1, 4)))
    np.testing.assert_array_equal(delta, np.zeros((1, 4)))


@pytest.mark.parametrize(
    ("activation", "cost", "expected"),
    [
        *((name, "squared-error", "sigmoid") for name in ACTIVATIONS if name != "step"),
        ("step", "squared-error", "step"),
        *((name, "cross-entropy", "softmax") for name in ACTIVATIONS),
    ],
)
def test_what_the_outputs_are(activation: str, cost: CostName, expected: str) -> None:
    net = Network((3, 2), activation, cost)
    assert net.output is (SOFTMAX if expected == "softmax" else ACTIVATIONS[expected])
    assert net.output.name == expected


@pytest.fixture
def batch() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    return rng.random((50, 12)), rng.integers(0, 10, 50)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_with_squared_errors_the_cost_counts_wrong_outputs_and_has_no_slope(
    dtype: type, batch: tuple[NDArray[np.float64], NDArray[np.int64]]
) -> None:
    images, labels = batch
    net = Network((12, 6, 5, 10), "step")
    theta = net.init(np.random.default_rng(1), "normal", dtype)
    outputs = net.outputs(theta, images)
    assert set(outputs.ravel().tolist()) == {0, 1}
    wrong = np.count_nonzero(outputs != np.eye(10)[labels])
    cost, gradient = net.cost_and_gradient(theta, images, labels)
    assert wrong > 0
    assert cost == pytest.approx(wrong / 50, rel=1e-6)
    assert gradient.dtype == dtype
    np.testing.assert_array_equal(gradient, 0)


def test_with_the_cross_entropy_only_the_last_layer_learns(
    batch: tuple[NDArray[np.float64], NDArray[np.int64]],
) -> None:
    """Its slope is that of a network without hidden layers whose images are the neurons below: dC/dz = (p - y) / n."""
    images, labels = batch
    net = Network((12, 6, 5, 10), "step", "cross-entropy")
    theta = net.init(np.random.default_rng(1), "normal", np.float64)
    outputs = net.outputs(theta, images).copy()
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-12)
    assert ((outputs > 0) & (outputs < 1)).all()
    (w1, b1), (w2, b2), _ = net.layers(theta)
    below = ((((images @ w1 + b1) > 0) @ w2 + b2) > 0).astype(np.float64)
    _, gradient = net.cost_and_gradient(theta, images, labels)
    first, second, last = net.blocks(gradient)
    np.testing.assert_array_equal(first, 0)
    np.testing.assert_array_equal(second, 0)
    delta = (outputs - np.eye(10)[labels]) / 50
    np.testing.assert_allclose(last[:-1], below.T @ delta, atol=1e-14)
    np.testing.assert_allclose(last[-1], delta.sum(axis=0), atol=1e-14)
    assert abs(last).max() > 0.01


def test_descending_a_cost_without_slope_goes_nowhere(batch: tuple[NDArray[np.float64], NDArray[np.int64]]) -> None:
    """And with the cross-entropy, downhill: the last layer alone is a convex problem."""
    images, labels = batch
    for cost_name, moves in (("squared-error", False), ("cross-entropy", True)):
        net = Network((12, 6, 10), "step", cost_name)  # type: ignore[arg-type] # a str
        theta = net.init(np.random.default_rng(1), "normal", np.float64)
        start, before = theta.copy(), net.cost(theta, images, labels)
        for _ in range(20):
            theta -= 0.1 * net.cost_and_gradient(theta, images, labels)[1]
        assert np.array_equal(theta, start) is not moves
        assert (net.cost(theta, images, labels) < before) is moves
