"""A slice of 65 x 65 points on 1,000 images against as many plain forward passes, and against their costs."""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gdviz  # noqa: F401  # before numpy: it sets the threads
from gdviz.core import datasets
from gdviz.core.activations import ACTIVATIONS
from gdviz.core.curvature import network_sharpness
from gdviz.core.generators import finished
from gdviz.core.grid import grid_costs
from gdviz.core.network import CostName, Network
from gdviz.core.plane import Plane
from tests.benchmarks.conftest import Report

_N, _IMAGES, _PASSES, _ROUNDS = 65, 1000, 100, 3
_LEAST = {(16, 16): 10, (64, 32): 6, (30,): 10}
"""times as fast as plain passes"""


def _data() -> tuple[NDArray[Any], NDArray[Any]]:
    data = datasets.load("mnist")
    return data.train_images[:_IMAGES] / np.float32(255), data.train_labels[:_IMAGES]


def _seconds(function: Callable[[], object]) -> float:
    begun = perf_counter()
    function()
    return perf_counter() - begun


class Case:
    """A network, a plane through its start, and both ways to the costs."""

    def __init__(self, hidden: tuple[int, ...], activation: str, cost: CostName) -> None:
        self.images, self.labels = _data()
        self.net = Network((784, *hidden, 10), activation, cost)
        self.plane = Plane.random(self.net.init(np.random.default_rng(0)), self.net, np.random.default_rng(1))
        self.axis = np.linspace(-1, 1, _N)
        self._workspace = self.net.workspace(_IMAGES)
        self._workspace.inputs[:] = self.images

    def grid(self, threads: int) -> NDArray[Any]:
        return finished(grid_costs(self.plane, self.net, self.images, self.labels, self.axis, self.axis, threads))

    def plain(self, points: list[NDArray[Any]]) -> None:
        for point in points:
            self._workspace.forward(point)
            self._workspace.cost(self.labels)

    def ratio(self, threads: int) -> float:
        """How many times as fast a point of the grid is."""
        points = [self.at(i, 0) for i in range(_PASSES)]
        pairs = [
            (_seconds(lambda: self.plain(points)) / _PASSES, _seconds(lambda: self.grid(threads)) / _N**2)
            for _ in range(_ROUNDS)
        ]
        return median(plain / grid for plain, grid in pairs)

    def at(self, i: int, j: int) -> NDArray[Any]:
        a, b = (np.float32(self.axis[k % _N]) for k in (j, i))
        point: NDArray[Any] = self.plane.anchor + a * self.plane.directions[0] + b * self.plane.directions[1]
        return point

    def error(self) -> float:
        """By what part of it a cost of the grid differs from the plain one."""
        made = self.grid(1)
        points = [(int(i), int(j)) for i, j in np.random.default_rng(2).integers(0, _N, (60, 2))]
        plain = [self.net.cost(self.at(*at), self.images, self.labels) for at in points]
        return float(np.abs(np.array([made[at] for at in points]) / plain - 1).max())


@pytest.mark.parametrize("hidden", _LEAST, ids=str)
def test_grid(report: Report, hidden: tuple[int, ...]) -> None:
    costs: tuple[CostName, ...] = ("squared-error", "cross-entropy")
    cases = [Case(hidden, activation, cost) for activation in ACTIVATIONS for cost in costs]
    one, two = ([case.ratio(threads) for case in cases] for threads in (1, 2))
    # Where rounding flips a neuron that is on or off, its cost jumps.
    worst = max(case.error() for case in cases if case.net.activation != "step")
    report(
        f"grid of {_N} x {_N}, hidden {hidden}: {median(one):.1f} times as fast as plain passes with one thread (from "
        f"{min(one):.1f}), {median(two):.1f} with two (from {min(two):.1f}); at least {_LEAST[hidden]} asked for"
    )
    report(f"  differs from plain costs by at most {worst:.1e} of them")
    assert worst < 1e-5
    assert median(one) > _LEAST[hidden]


def test_sharpness(report: Report) -> None:
    images, labels = _data()
    net = Network((784, 16, 16, 10))
    theta = net.init(np.random.default_rng(0))
    seconds = median(_seconds(lambda: finished(network_sharpness(net, theta, images, labels))) for _ in range(_ROUNDS))
    report(f"sharpness of 784-16-16-10 at its start, on {_IMAGES:,} images: {1e3 * seconds:.0f} ms")
