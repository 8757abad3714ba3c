"""The digit network's cost as a problem: a network, a data set, and batches of its images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gdviz.core.problem import Evaluation, Indices, Vector, chunk_size

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from gdviz.core.datasets import Bytes, DataSet
    from gdviz.core.network import InitName, Network, Workspace

_SCALE = np.float32(1 / 255)


class Digits:
    """The mean cost of a network over labelled images.

    The images stay bytes (47 MB for MNIST, not 188) and are scaled to [0, 1] batch by batch.

    Parameters
    ----------
    network : its first size is the number of pixels
    data : its ``train_size`` first training images are trained on, all of its test images measure
    labels : (train_size,) labels to train on, perhaps shuffled
    init : scheme for the start
    """

    def __init__(self, network: Network, data: DataSet, labels: Bytes, init: InitName = "xavier") -> None:
        self.network = network
        self.init = init
        self.labels = labels
        self.images = data.train_images[: len(labels)]
        self._data = data
        self._buffers: dict[int, tuple[Workspace, Bytes, Bytes]] = {}

    def __copy__(self) -> Digits:
        """The same cost with buffers of its own, for another thread."""
        return Digits(self.network, self._data, self.labels, self.init)

    @property
    def n_params(self) -> int:
        """The number of knobs."""
        return self.network.n_params

    @property
    def n_examples(self) -> int:
        """The number of training images."""
        return len(self.images)

    def sample(self, n: int) -> tuple[NDArray[np.float32], Bytes]:
        """The first ``n`` training images, (n, pixels) in [0, 1], and the labels they are trained on."""
        return self.images[:n] * _SCALE, self.labels[:n]

    def start(self, rng: np.random.Generator) -> Vector:
        """The initial weights and biases, (n_params,) float32."""
        return self.network.init(rng, self.init)

    def cost_and_gradient(self, theta: Vector, gradient: Vector, batch: Indices | None = None) -> float:
        """The mean cost over the images of ``batch`` (indices; None: all of them); writes ``gradient``."""
        if batch is None:
            batch = np.arange(self.n_examples)
        workspace, pixels, labels = self._buffer(len(batch))
        # "clip" spares take() a buffer that it needs to raise; the indices come from a permutation and are in range.
        self.images.take(batch, 0, out=pixels, mode="clip")
        np.multiply(pixels, _SCALE, out=workspace.inputs)
        self.labels.take(batch, out=labels, mode="clip")
        return workspace.cost_and_gradient(theta, labels, gradient)

    def costs_and_gradients(self, thetas: Vector, batch: Indices | None = None) -> tuple[Vector, Vector]:
        """The same at each row of ``thetas`` (m, n_params): costs (m,), gradients (m, n_params)."""
        gradients = np.empty_like(thetas)
        rows = zip(thetas, gradients, strict=True)
        return np.array([self.cost_and_gradient(theta, gradient, batch) for theta, gradient in rows]), gradients

    def evaluate(self, theta: Vector) -> Generator[None, None, Evaluation]:
        """Cost and accuracy over all training and all test images, a chunk at a time."""
        train_cost, train_accuracy = yield from self._measure(theta, self.images, self.labels)
        test_cost, test_accuracy = yield from self._measure(theta, self._data.test_images, self._data.test_labels)
        return Evaluation(train_cost, train_accuracy, test_cost, test_accuracy)

    def _measure(
        self, theta: Vector, images: Bytes, labels: NDArray[Any]
    ) -> Generator[None, None, tuple[float, float]]:
        total, correct = 0.0, 0
        chunk = chunk_size(self.n_params)
        for at in range(0, len(images), chunk):
            some, answers = images[at : at + chunk], labels[at : at + chunk]
            workspace, _, _ = self._buffer(len(some))
            with np.errstate(all="ignore"):
                np.multiply(some, _SCALE, out=workspace.inputs)
                outputs = workspace.forward(theta)
                correct += int(np.count_nonzero(outputs.argmax(axis=1) == answers))
                total += workspace.cost(answers) * len(some)
            yield
        return total / len(images), correct / len(images)

    def _buffer(self, n: int) -> tuple[Workspace, Bytes, Bytes]:
        """Workspace, pixels (n, n_in) and labels (n,) for batches of ``n``: a run uses two or three sizes."""
        if n not in self._buffers:
            pixels = np.empty((n, self.network.sizes[0]), np.uint8)
            self._buffers[n] = self.network.workspace(n), pixels, np.empty(n, np.uint8)
        return self._buffers[n]
