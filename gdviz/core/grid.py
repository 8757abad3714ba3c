"""A network's cost at many points of a plane through its knobs, many times faster than as many forward passes.

Along a plane the first layer's weighted sums are linear in the coordinates (a, b)::

    x (W + a U + b V) = x W + a x U + b x V

so its three products, by far the largest, are taken once, and a point costs only the layers above. As many points are
worked on at a time as fit into the processor's cache, so that Python's part in it does not show. And because
sigmoid(z) = (1 + tanh(z/2)) / 2, a sigmoid network is worked on as the tanh network that it is with other weights: that
spares three of four operations on every neuron.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from gdviz.core.activations import ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from gdviz.core.network import Network
    from gdviz.core.plane import Floats, Plane
    from gdviz.core.problem import Vector

_BUFFER = 1 << 20
"""numbers of the widest layer that are worked on at a time: a megabyte, at home in the second cache. With fewer, two
threads would wait for each other's Python."""
_IMAGES = 1000
"""worked on at a time; fewer where layers are wide"""
_PRODUCTS = 1 << 28
"""multiplications at a time: some milliseconds, so that whoever wants this to stop is soon heard"""
_PAUSE = 0.005
"""seconds"""


def grid_costs(
    plane: Plane, net: Network, images: NDArray[Any], labels: NDArray[Any], x: Floats, y: Floats, threads: int = 1
) -> Generator[None, None, Floats]:
    """The mean cost at x[j], y[i] of the plane, (len(y), len(x)); yields every few milliseconds, to be left there.

    Parameters
    ----------
    images : (m, n_in), bytes or numbers in [0, 1]
    labels : (m,) int
    threads : rows that are worked on side by side
    """
    widest = max(net.sizes[1:])
    heaviest = max((n_in * n_out for n_in, n_out in pairwise(net.sizes[1:])), default=1)
    block = max(1, min(len(images), _IMAGES, _BUFFER // widest, _PRODUCTS // heaviest))
    together = max(1, min(len(x), _BUFFER // (widest * block), _PRODUCTS // (heaviest * block)))
    costs = np.zeros((len(y), len(x)))
    layers = Layers(plane, net)
    for first in range(0, len(images), block):
        some = slice(first, first + block)
        sheet = Sheet(layers, images[some], labels[some], together)
        yield
        share, left = sheet.n / len(images), Event()
        sheets = [sheet, *(sheet.twin() for _ in range(threads - 1))]
        ours, *others = (
            _add_rows(costs, each, share, x, y, range(i, len(y), threads)) for i, each in enumerate(sheets)
        )
        with ThreadPoolExecutor(threads) as pool:
            try:
                going = [pool.submit(_drive, other, left) for other in others]
                yield from ours
                while wait(going, _PAUSE).not_done:
                    yield
            finally:  # also where nobody wants the rest
                left.set()
        for other in going:
            other.result()  # raises what failed there
    return costs


def _add_rows(
    costs: Floats, sheet: Sheet, share: float, x: Floats, y: Floats, rows: range
) -> Generator[None, None, None]:
    for i in rows:
        for first in range(0, len(x), sheet.together):
            some = slice(first, first + sheet.together)
            with np.errstate(all="ignore"):  # far out a cost may overflow, and is inf
                costs[i, some] += share * sheet.costs(x[some], y[i])
            yield


def _drive(work: Generator[None, None, None], left: Event) -> None:
    for _ in work:
        if left.is_set():
            return


class Layers:
    """What all networks of a plane consist of, each part as at the anchor and along both directions: (3, ...)."""

    def __init__(self, plane: Plane, net: Network) -> None:
        first, *above = (
            np.stack([block.T for block in blocks])
            for blocks in zip(*map(net.blocks, (plane.anchor, *plane.directions)), strict=True)
        )
        self.first, self.above = first, above
        """weights, and in the last column biases: (3, neurons, 1 + inputs)"""
        self.sizes, self.is_squared = net.sizes, net.cost_name == "squared-error"
        self.hidden, self.output = ACTIVATIONS[net.activation], net.output
        if net.activation == "sigmoid" and above:
            self.hidden = ACTIVATIONS["tanh"]
            for block in above:
                block[..., :-1] /= 2
                block[..., -1] += block[..., :-1].sum(axis=-1)
            for block in (first, *above[:-1]):
                block /= 2
        self.outputs_are_tanh = net.output.name == "sigmoid"
        if self.outputs_are_tanh:
            self.output = ACTIVATIONS["tanh"]
            last = above[-1] if above else first
            last /= 2


class Sheet:
    """Some images as all networks of a plane see them: what does not depend on the point is there."""

    def __init__(self, layers: Layers, images: NDArray[Any], labels: NDArray[Any], together: int) -> None:
        """Take the three products; at most ``together`` points can be asked for at a time."""
        dtype = layers.first.dtype
        self.n, self.together, self._layers = len(images), together, layers
        inputs = np.ones((len(images), images.shape[1] + 1), dtype)
        np.multiply(images, dtype.type(1 / 255 if images.dtype == np.uint8 else 1), out=inputs[:, :-1])
        with np.errstate(all="ignore"):
            self._sums = layers.first @ inputs.T
        self._targets = np.eye(layers.sizes[-1], dtype=dtype)[:, labels]
        self._error_share = 1.0
        if layers.outputs_are_tanh:  # (1 + t) / 2 - y = (t - (2y - 1)) / 2
            self._targets, self._error_share = 2 * self._targets - 1, 0.25
        self._own = np.asarray(labels, np.intp) * len(images) + np.arange(len(images))
        """where each image's own class stands among the outputs"""
        self._allocate()

    def twin(self) -> Sheet:
        """The same images and networks, with buffers of its own for another thread."""
        twin = object.__new__(Sheet)
        vars(twin).update(vars(self))
        twin._allocate()
        return twin

    def _allocate(self) -> None:
        n, dtype = self.n, self._sums.dtype
        self._activations = [np.ones((self.together, size + 1, n), dtype) for size in self._layers.sizes[1:-1]]
        self._outputs = np.empty((self.together, self._layers.sizes[-1], n), dtype)

    def costs(self, a: Floats, b: float) -> Vector:
        """The mean cost at the points (a[j], b) of the plane, (len(a),)."""
        k = len(a)
        along = a.astype(self._sums.dtype)[:, None, None]
        b = self._sums.dtype.type(b)
        activations = [layer[:k] for layer in self._activations]
        sums = [*(layer[:, :-1] for layer in activations), self._outputs[:k]]
        np.multiply(along, self._sums[1], out=sums[0])
        np.add(sums[0], self._sums[0] + b * self._sums[2], out=sums[0])
        for block, below, above in zip(self._layers.above, activations, sums[1:], strict=True):
            self._layers.hidden.apply(below[:, :-1])
            np.matmul(block[0] + b * block[2] + along * block[1], below, out=above)
        outputs = sums[-1]
        if self._layers.is_squared:
            self._layers.output.apply(outputs)
            errors = np.subtract(outputs, self._targets, out=outputs).reshape(k, -1)
            squares: Vector = np.vecdot(errors, errors)
            return squares * (self._error_share / self.n)
        # -log p[label] = log(sum of e^z) - z[label], all less the largest z, so that e^z cannot overflow.
        largest = outputs.max(axis=1)
        own = outputs.reshape(k, -1).take(self._own, axis=1) - largest
        np.exp(np.subtract(outputs, largest[:, None], out=outputs), out=outputs)
        costs: Vector = (np.log(outputs.sum(axis=1)) - own).mean(axis=1, dtype=np.float64)
        return costs
