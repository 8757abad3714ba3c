"""A fully connected network over one flat vector of knobs, with exact batched backpropagation.

For layer ``l`` with input activations ``a`` (one row an example, a 1 appended for the bias)::

    z  = a W                     W holds the weights, and the biases as its last row
    a' = activation(z)

and backwards, with ``delta = dC/dz`` of the layer::

    dC/dW = a^T delta
    delta of the layer before = (delta weights^T) * activation'(z)

(Nielsen, Neural Networks and Deep Learning, ch. 2, BP1 to BP4, for a whole batch at once.)
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from gdviz.core.activations import ACTIVATIONS, SOFTMAX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import DTypeLike, NDArray

    from gdviz.core.activations import Activation
    from gdviz.core.problem import Vector

CostName = Literal["squared-error", "cross-entropy"]
InitName = Literal["xavier", "he", "normal", "zeros"]


class Network:
    """A multilayer perceptron whose every weight and bias lives in one flat ``theta``.

    Parameters
    ----------
    sizes : neurons a layer, input first, for example (784, 16, 16, 10)
    activation : name of the hidden layers' activation, a key of `ACTIVATIONS`
    cost : "squared-error" (sigmoid outputs; mean over examples of the sum over outputs of squared differences
        to the one-hot target, without a 1/2) or "cross-entropy" (softmax outputs; mean of -log p[label]). Where neurons
        are on or off ("step"), so are the outputs of the former.
    """

    def __init__(self, sizes: Sequence[int], activation: str = "sigmoid", cost: CostName = "squared-error") -> None:
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"sizes: expected at least two positive layer sizes, got {tuple(sizes)}")
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation: expected one of {', '.join(ACTIVATIONS)}, got {activation!r}")
        if cost not in get_args(CostName):
            raise ValueError(f"cost: expected one of {', '.join(get_args(CostName))}, got {cost!r}")
        self.sizes = tuple(sizes)
        self.activation = activation
        self.cost_name = cost
        self.n_params = sum((n_in + 1) * n_out for n_in, n_out in pairwise(self.sizes))

    @property
    def output(self) -> Activation:
        """The output layer's activation."""
        if self.cost_name == "cross-entropy":
            return SOFTMAX
        return ACTIVATIONS["step" if self.activation == "step" else "sigmoid"]

    def blocks(self, theta: Vector) -> list[Vector]:
        """Views of ``theta``, one a layer: (n_in + 1, n_out), the last row holding the biases."""
        blocks, offset = [], 0
        for n_in, n_out in pairwise(self.sizes):
            size = (n_in + 1) * n_out
            blocks.append(theta[offset : offset + size].reshape(n_in + 1, n_out))
            offset += size
        return blocks

    def layers(self, theta: Vector) -> Iterator[tuple[Vector, Vector]]:
        """Views of ``theta``: weights (n_in, n_out) and biases (n_out,) of each layer."""
        for block in self.blocks(theta):
            yield block[:-1], block[-1]

    def init(self, rng: np.random.Generator, scheme: InitName = "xavier", dtype: DTypeLike = np.float32) -> Vector:
        """A start: (n_params,) knobs drawn from ``rng``.

        Weights are N(0, s^2) with s^2 = 1/n_in (xavier, as in LeCun et al., Efficient BackProp, eq. 16) or
        2/n_in (he, arXiv:1502.01852, eq. 10) and biases 0; "normal" draws everything from N(0, 1); "zeros" is 0.
        The numbers drawn do not depend on ``dtype``: they are rounded to it.
        """
        theta = np.zeros(self.n_params)
        for weights, biases in self.layers(theta):
            n_in = len(weights)
            if scheme == "normal":
                weights[:] = rng.standard_normal(weights.shape)
                biases[:] = rng.standard_normal(biases.shape)
            elif scheme in ("xavier", "he"):
                variance = (1 if scheme == "xavier" else 2) / n_in
                weights[:] = rng.standard_normal(weights.shape) * np.sqrt(variance)
            elif scheme != "zeros":
                raise ValueError(f"init: expected one of {', '.join(get_args(InitName))}, got {scheme!r}")
        return theta.astype(dtype)

    def workspace(self, n: int, dtype: DTypeLike = np.float32) -> Workspace:
        """Preallocated buffers for batches of ``n`` examples."""
        return Workspace(self, n, np.dtype(dtype))

    def outputs(self, theta: Vector, images: NDArray[Any]) -> Vector:
        """The output activations (n, n_classes) for ``images`` (n, n_in) in [0, 1]."""
        workspace = self.workspace(len(images), theta.dtype)
        workspace.inputs[:] = images
        return workspace.forward(theta)

    def cost(self, theta: Vector, images: NDArray[Any], labels: NDArray[Any]) -> float:
        """The mean cost over ``images`` (n, n_in) in [0, 1] with ``labels`` (n,) of int."""
        workspace = self.workspace(len(images), theta.dtype)
        workspace.inputs[:] = images
        workspace.forward(theta)
        return workspace.cost(labels)

    def cost_and_gradient(self, theta: Vector, images: NDArray[Any], labels: NDArray[Any]) -> tuple[float, Vector]:
        """The mean cost over the examples, and its gradient (n_params,) in theta's dtype.

        Convenient, not lean: a training loop keeps a `workspace` and writes into its own gradient.
        """
        workspace = self.workspace(len(images), theta.dtype)
        workspace.inputs[:] = images
        gradient = np.empty_like(theta)
        return workspace.cost_and_gradient(theta, labels, gradient), gradient


class Workspace:
    """The buffers of one batch size: everything a step writes, allocated once.

    At ten examples a step the products are so small that allocation and call overhead dominate; hence ``out=``
    everywhere, views that are cut once, and biases folded into the products by a row of ones. From the first layer on
    a column is an example, so that the activations without their row of ones are one block of memory.
    Fill `inputs` first, then call `forward` or `cost_and_gradient`. Not to be shared between threads.
    """

    inputs: NDArray[Any]
    """(n, n_in) view to be filled with images in [0, 1], one row each"""

    def __init__(self, network: Network, n: int, dtype: np.dtype[Any]) -> None:
        self._network = network
        self._n = n
        sizes = network.sizes
        self._hidden = ACTIVATIONS[network.activation]
        self._squared = network.cost_name == "squared-error"
        self._output = network.output
        images = np.ones((n, sizes[0] + 1), dtype)
        self.inputs = images[:, :-1]
        self._augmented = [images.T, *(np.ones((size + 1, n), dtype) for size in sizes[1:-1])]
        self._activations = [*(a[:-1] for a in self._augmented[1:]), np.empty((sizes[-1], n), dtype)]
        self._deltas = [np.empty((size, n), dtype) for size in sizes[1:]]
        self._deltas_transposed = [delta.T for delta in self._deltas]
        self._scratch = [np.empty((size, n), dtype) for size in sizes[1:]]
        self._examples = np.arange(n)
        self._one_hot = np.eye(sizes[-1], dtype=dtype)
        self._targets = np.empty((sizes[-1], n), dtype)
        # dC/dz begins with 2/n (a - y) for squared errors, (p - y) / n for softmax with cross-entropy.
        self._share = np.array((2 if self._squared else 1) / n, dtype)
        self._theta: Vector | None = None
        self._gradient: Vector | None = None

    def _bind(self, theta: Vector) -> None:
        """Cut the views of theta once; a training loop hands in the same array at every step."""
        if theta is not self._theta:
            self._theta = theta
            blocks = self._network.blocks(theta)
            self._weights = [block[:-1] for block in blocks]
            self._layers = [
                (block.T, a_in, a_out, self._hidden)
                for block, a_in, a_out in zip(blocks, self._augmented, self._activations, strict=True)
            ]
            self._layers[-1] = (*self._layers[-1][:3], self._output)

    def forward(self, theta: Vector) -> Vector:
        """The outputs (n, n_classes) for what `inputs` holds; a buffer that the next call overwrites."""
        self._bind(theta)
        for block_transposed, a_in, a_out, activation in self._layers:
            np.dot(block_transposed, a_in, out=a_out)
            if activation is SOFTMAX:
                self._scratch[-1][:] = a_out
            activation.apply(a_out)
        return self._activations[-1].T

    def cost(self, labels: NDArray[Any]) -> float:
        """The mean cost of the last `forward` against ``labels`` (n,) of int."""
        outputs = self._activations[-1]
        self._one_hot.take(labels, 1, out=self._targets, mode="clip")
        if self._squared:
            error = np.subtract(outputs, self._targets, out=self._deltas[-1]).reshape(-1)
            return float(np.dot(error, error)) / self._n
        # -log p[label] = log(sum of e^z) - z[label], which stays right where p itself underflows to 0.
        z = np.subtract(self._scratch[-1], self._scratch[-1].max(axis=0), out=self._scratch[-1])
        costs = np.log(np.exp(z).sum(axis=0)) - z[labels, self._examples]
        return float(costs.sum(dtype=np.float64)) / self._n

    def cost_and_gradient(self, theta: Vector, labels: NDArray[Any], gradient: Vector) -> float:
        """The mean cost at ``theta``; its gradient is written into ``gradient`` (n_params,)."""
        self.forward(theta)
        cost = self.cost(labels)
        self._backward(gradient)
        return cost

    def _backward(self, gradient: Vector) -> None:
        if gradient is not self._gradient:
            self._gradient = gradient
            self._gradient_blocks = self._network.blocks(gradient)
        delta, outputs = self._deltas[-1], self._activations[-1]
        if self._squared:
            # `cost` left a - y in delta.
            np.multiply(delta, self._share, out=delta)
            self._output.times_slope(delta, outputs, self._scratch[-1])
        else:
            np.subtract(outputs, self._targets, out=delta)
            np.multiply(delta, self._share, out=delta)
        for layer in range(len(self._weights) - 1, -1, -1):
            np.dot(self._augmented[layer], self._deltas_transposed[layer], out=self._gradient_blocks[layer])
            if layer:
                below = self._deltas[layer - 1]
                np.dot(self._weights[layer], self._deltas[layer], out=below)
                self._hidden.times_slope(below, self._activations[layer - 1], self._scratch[layer - 1])
