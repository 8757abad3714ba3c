"""The network against its definition: finite differences, plain numpy, and what its docstrings promise."""

import warnings
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gdviz.core.activations import ACTIVATIONS, SOFTMAX, Activation
from gdviz.core.datasets import DataSet
from gdviz.core.network import CostName, InitName, Network
from gdviz.core.problem import Vector

H = 6e-6
"""near the cube root of float64's epsilon, where the errors of truncation and of rounding balance"""

every_kind = pytest.mark.parametrize(
    ("activation", "cost"), list(product(ACTIVATIONS, ("squared-error", "cross-entropy")))
)
every_sloping_kind = pytest.mark.parametrize(
    ("activation", "cost"),
    list(product([name for name in ACTIVATIONS if name != "step"], ("squared-error", "cross-entropy"))),
)
"""on/off neurons have no slope to compare; test_activations.py looks at theirs"""


def numeric_slope(net: Network, theta: Vector, knob: int, images: Vector, labels: NDArray[np.int64]) -> float:
    ahead, behind = theta.copy(), theta.copy()
    ahead[knob] += H
    behind[knob] -= H
    slope: float = (net.cost(ahead, images, labels) - net.cost(behind, images, labels)) / (ahead[knob] - behind[knob])
    return slope


def assert_exact(
    net: Network, theta: Vector, images: Vector, labels: NDArray[np.int64], knobs: NDArray[np.intp]
) -> None:
    """To 1e-6 of each slope; of one that is no larger than the difference's rounding, to 1e-6 of the typical one."""
    _, gradient = net.cost_and_gradient(theta, images, labels)
    numeric = np.array([numeric_slope(net, theta, knob, images, labels) for knob in knobs])
    typical = float(np.sqrt(np.mean(gradient**2)))
    np.testing.assert_allclose(gradient[knobs], numeric, rtol=1e-6, atol=1e-6 * typical)
    assert np.count_nonzero(np.abs(gradient[knobs]) > 1e-3 * typical) > len(knobs) / 3, "compared mostly zeros"


@every_sloping_kind
def test_backprop_is_the_slope_on_every_knob_of_a_small_net(activation: str, cost: CostName) -> None:
    net = Network((5, 4, 3, 10), activation, cost)
    rng = np.random.default_rng(1)
    images, labels = rng.random((7, 5)), rng.integers(0, 10, 7)
    # Biases away from 0, and no weighted sum so near to a kink that H could step over it.
    theta = net.init(rng, "normal", np.float64)
    (w1, b1), (w2, b2), _ = net.layers(theta)
    first = images @ w1 + b1
    hidden = first.copy()
    ACTIVATIONS[activation].apply(hidden)
    assert min(np.abs(first).min(), np.abs(hidden @ w2 + b2).min()) > 1e-4
    assert_exact(net, theta, images, labels, np.arange(net.n_params))


@every_sloping_kind
def test_backprop_is_the_slope_on_the_digits_network(activation: str, cost: CostName, mnist: DataSet) -> None:
    net = Network((784, 16, 16, 10), activation, cost)
    assert net.n_params == 13_002
    images, labels = mnist.train_images[:8] / 255, mnist.train_labels[:8].astype(np.int64)
    theta = net.init(np.random.default_rng(0), "xavier", np.float64)
    assert_exact(net, theta, images, labels, np.random.default_rng(2).permutation(net.n_params)[:200])


@every_kind
def test_cost_and_outputs_follow_the_formula(activation: str, cost: CostName) -> None:
    """The definition in plain numpy, example by example, weights and biases apart."""
    net = Network((6, 5, 4), activation, cost)
    rng = np.random.default_rng(3)
    images, labels, theta = rng.random((9, 6)), rng.integers(0, 4, 9), net.init(rng, "normal", np.float64)
    functions: dict[str, Any] = {
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.where(z > 0, z, 0),
        "leaky-relu": lambda z: np.where(z > 0, z, 0.01 * z),
        "step": lambda z: np.where(z > 0, 1, 0),
    }
    output_function = functions["step" if activation == "step" else "sigmoid"]
    hidden_function = functions[activation]
    (w1, b1), (w2, b2) = net.layers(theta)
    costs, outputs = [], []
    for image, label in zip(images, labels, strict=True):
        z = hidden_function(image @ w1 + b1) @ w2 + b2
        target = np.arange(4) == label
        if cost == "squared-error":
            outputs.append(output_function(z))
            costs.append(sum((outputs[-1] - target) ** 2))
        else:
            outputs.append(np.exp(z) / np.exp(z).sum())
            costs.append(-np.log(outputs[-1][label]))
    np.testing.assert_allclose(net.outputs(theta, images), outputs, rtol=1e-12)
    assert net.cost(theta, images, labels) == pytest.approx(np.mean(costs), rel=1e-12)
    assert net.cost_and_gradient(theta, images, labels)[0] == net.cost(theta, images, labels)


def test_the_cost_at_zero_is_known() -> None:
    """All outputs 1/2: ten squares of 1/2. All probabilities equal: log 10."""
    images, labels = np.ones((3, 4)), np.array([0, 5, 9])
    for cost, expected in (("squared-error", 2.5), ("cross-entropy", np.log(10))):
        net = Network((4, 3, 10), "sigmoid", cost)  # type: ignore[arg-type] # a parametrized str
        theta = net.init(np.random.default_rng(0), "zeros", np.float64)
        assert net.cost(theta, images, labels) == pytest.approx(expected, rel=1e-15)


def test_float32_gives_the_gradient_of_float64_rounded(mnist: DataSet) -> None:
    net = Network((784, 16, 16, 10))
    theta = net.init(np.random.default_rng(0), dtype=np.float64)
    images, labels = mnist.train_images[:32] / 255, mnist.train_labels[:32]
    cost, gradient = net.cost_and_gradient(theta, images, labels)
    cost32, gradient32 = net.cost_and_gradient(theta.astype(np.float32), images, labels)
    assert gradient32.dtype == np.float32
    assert cost32 == pytest.approx(cost, rel=1e-6)
    np.testing.assert_allclose(gradient32, gradient, atol=1e-6 * np.abs(gradient).max())


def test_the_gradient_of_a_batch_is_the_mean_of_its_examples() -> None:
    net = Network((6, 5, 10), "tanh", "cross-entropy")
    rng = np.random.default_rng(4)
    theta, images, labels = net.init(rng, dtype=np.float64), rng.random((5, 6)), rng.integers(0, 10, 5)
    single = [net.cost_and_gradient(theta, images[i : i + 1], labels[i : i + 1]) for i in range(5)]
    cost, gradient = net.cost_and_gradient(theta, images, labels)
    assert cost == pytest.approx(np.mean([c for c, _ in single]), rel=1e-13)
    np.testing.assert_allclose(gradient, np.mean([g for _, g in single], axis=0), rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_certain_mistake_costs_what_it_should_where_p_underflows(dtype: type) -> None:
    """With z = (4000, 0) the right class has p = e^-4000, which no float holds; the cost is 4000 all the same."""
    net = Network((1, 2), cost="cross-entropy")
    theta: Vector = np.array([4000, 0, 0, 0], dtype)
    images, labels = np.ones((1, 1)), np.array([1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cost, gradient = net.cost_and_gradient(theta, images, labels)
    assert net.outputs(theta, images)[0, 1] == 0
    assert cost == 4000
    np.testing.assert_array_equal(gradient, [1, -1, 1, -1])


def test_sigmoid_does_not_overflow() -> None:
    z = np.array([[-1e30, -1000, 0, 1000, 1e30]], np.float32)
    ACTIVATIONS["sigmoid"].apply(z)
    np.testing.assert_array_equal(z, [[0, 0, 0.5, 1, 1]])


@pytest.mark.parametrize("activation", [*ACTIVATIONS.values(), SOFTMAX], ids=lambda activation: activation.name)
def test_an_activation_knows_its_slope(activation: Activation) -> None:
    """times_slope is the product with the Jacobian's transpose, element by element or row by row."""
    rng = np.random.default_rng(5)
    z, delta = rng.normal(size=(4, 6)), rng.normal(size=(4, 6))
    expected = np.zeros_like(z)
    for at in np.ndindex(z.shape):
        ahead, behind = z.copy(), z.copy()
        ahead[at] += H
        behind[at] -= H
        activation.apply(ahead)
        activation.apply(behind)
        expected[at] = (delta * (ahead - behind)).sum() / (2 * H)
    activation.apply(z)
    activation.times_slope(delta, z, np.empty_like(z))
    np.testing.assert_allclose(delta, expected, rtol=1e-6, atol=1e-9)


def test_layers_are_views_of_theta_in_order() -> None:
    net = Network((3, 2, 4))
    assert net.n_params == (3 + 1) * 2 + (2 + 1) * 4
    theta = np.arange(net.n_params, dtype=np.float64)
    (w1, b1), (w2, b2) = net.layers(theta)
    assert [part.shape for part in (w1, b1, w2, b2)] == [(3, 2), (2,), (2, 4), (4,)]
    np.testing.assert_array_equal(np.concatenate([part.ravel() for part in (w1, b1, w2, b2)]), theta)
    w1[2, 1], b2[3] = -1, -2
    assert theta[5] == -1
    assert theta[-1] == -2


@pytest.mark.parametrize(("scheme", "variance"), [("xavier", 1 / 784), ("he", 2 / 784), ("normal", 1.0)])
def test_init_draws_with_the_variance_it_names(scheme: InitName, variance: float) -> None:
    net = Network((784, 100, 10))
    theta = net.init(np.random.default_rng(6), scheme, np.float64)
    (weights, biases), (_, last_biases) = net.layers(theta)
    # The variance of 78,400 draws strays by sqrt(2/n) = 0.5 %; five times that is allowed.
    assert weights.var() == pytest.approx(variance, rel=0.025)
    assert abs(weights.mean()) < 5 * np.sqrt(variance / weights.size)
    if scheme == "normal":
        assert 0.5 < biases.std() < 1.5
        assert last_biases.all()
    else:
        assert not biases.any()
        assert not last_biases.any()


@pytest.mark.parametrize("scheme", ["xavier", "he", "normal", "zeros"])
def test_init_is_repeatable_and_float32_is_float64_rounded(scheme: InitName) -> None:
    net = Network((20, 8, 10))
    exact = net.init(np.random.default_rng(7), scheme, np.float64)
    rounded = net.init(np.random.default_rng(7), scheme)
    assert rounded.dtype == np.float32
    np.testing.assert_array_equal(rounded, exact.astype(np.float32))
    np.testing.assert_array_equal(rounded, net.init(np.random.default_rng(7), scheme))
    assert np.array_equal(rounded, net.init(np.random.default_rng(8), scheme)) == (scheme == "zeros")


def test_a_workspace_serves_one_theta_after_another() -> None:
    net = Network((6, 5, 10))
    rng = np.random.default_rng(9)
    workspace, images, labels = net.workspace(4, np.float64), rng.random((4, 6)), rng.integers(0, 10, 4)
    for _ in range(3):
        theta, gradient = net.init(rng, dtype=np.float64), np.empty(net.n_params)
        workspace.inputs[:] = images
        cost = workspace.cost_and_gradient(theta, labels, gradient)
        expected_cost, expected = net.cost_and_gradient(theta, images, labels)
        assert cost == expected_cost
        np.testing.assert_array_equal(gradient, expected)
        np.testing.assert_array_equal(workspace.forward(theta), net.outputs(theta, images))


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (((784,),), "sizes: .* got \\(784,\\)"),
        (((784, 0, 10),), "sizes"),
        (((784, 10), "elu"), "activation: expected one of sigmoid, .* got 'elu'"),
        (((784, 10), "relu", "absolute"), "cost: expected one of squared-error, cross-entropy, got 'absolute'"),
    ],
)
def test_a_bad_network_says_what_was_expected(arguments: tuple[object, ...], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        Network(*arguments)  # type: ignore[arg-type] # wrong on purpose


def test_a_bad_init_says_what_was_expected() -> None:
    with pytest.raises(ValueError, match="init: expected one of xavier, he, normal, zeros, got 'ones'"):
        Network((3, 2)).init(np.random.default_rng(0), "ones")  # type: ignore[arg-type] # wrong on purpose
