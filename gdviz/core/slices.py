"""Slices of a network's cost: which two of all directions are shown, how much of them, and the cost over it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from gdviz.core.frame import Landscape
from gdviz.core.grid import grid_costs
from gdviz.core.plane import Plane

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from gdviz.core.digits import Digits
    from gdviz.core.frame import Floats, PlaneKind
    from gdviz.core.history import History, Steps
    from gdviz.core.problem import Vector

POINTS = (17, 33, 65)
"""a side: a coarse picture at once, then finer ones"""
LINE_POINTS = 201
EXTENT = 0.5
"""half the width of a slice whose unit is the length of a filter-normalised direction, that is, of all weights"""
TRAIL_POINTS = 256
"""of a path on a slice at most; each is a projection of all knobs"""
_GAUGED = 1000
"""images at most on which the cost at a ball is measured for every frame"""
_GAUGE_WORK, _FEWEST_GAUGED = 60_000_000, 100
"""knobs times images that take about a millisecond; of very large networks it is more"""
_PATH_POINTS = 96
"""of a path whose principal components are taken"""
_LATEST = 0.9
"""of a run's steps; before, one looks back"""
_FEWEST = 3
"""snapshots of a path that has two directions of its own"""
_ROOM, _LEAST_ROOM = 0.3, 0.1
"""around a path, as a part of its extent: in a new view, and where the view before is kept"""
_FLATTEST = 0.4
"""of the width, the height of a view at least: a path is mostly long"""
_FARTHEST = 0.6
"""of half a view's width: farther off its slice, it says too little about where a ball is"""


@dataclass(frozen=True, eq=False)
class Slice:
    """A network's plane and the cost over a part of it."""

    asked: PlaneKind
    kind: PlaneKind
    """what was made of it: a path of two points has no plane yet"""
    plane: Plane
    landscape: Landscape
    n_images: int
    """the first so many training images"""
    step: int
    """of the ball that it goes through"""
    newest: int
    """the newest step of the run when it was made"""
    final: bool
    """there is no finer one"""
    cost: float
    """at the ball that it goes through, on all its images"""
    through: tuple[History, ...]
    """of the run whose ball it goes through; where it goes through two, of both"""
    trails: Mapping[History, tuple[Steps, Floats]] = field(default_factory=dict)
    """the paths of the runs, projected: steps (k,) and coordinates (k, 2)"""

    @property
    def unit(self) -> float:
        """The length in knob space of one unit of the coordinates."""
        return float(np.linalg.norm(self.plane.directions[0]))

    @property
    def farthest(self) -> float:
        """How far off, in units of the coordinates, a ball may be."""
        return _FARTHEST * float(np.ptp(self.landscape.x)) / 2

    def holds(self, point: Floats) -> bool:
        """Whether a point (2,) is well within view: about a ball, in its middle half; around a path, off its edge."""
        axes = (self.landscape.x, self.landscape.y)
        part = 0.5 if self.kind in ("gradient", "random") else 1 - _LEAST_ROOM
        return all(
            abs(at - (a[0] + a[-1]) / 2) <= part * np.ptp(a) / 2 for at, a in zip(point, axes, strict=True) if a.size
        )


class Gauge:
    """Measures the cost at single points over the images of a slice, or so many of them that it takes little time.

    Not to be shared between threads.
    """

    def __init__(self, problem: Digits, n_images: int) -> None:
        affordable = max(_FEWEST_GAUGED, min(_GAUGED, _GAUGE_WORK // problem.n_params))
        images, labels = problem.sample(min(n_images, affordable))
        self.n_images = len(labels)
        self._labels = labels
        self._workspace = problem.network.workspace(len(images))
        self._workspace.inputs[:] = images

    def cost(self, theta: Vector) -> float:
        """The mean cost at ``theta`` (n_params,)."""
        with np.errstate(all="ignore"):
            self._workspace.forward(theta)
            return self._workspace.cost(self._labels)


@dataclass(frozen=True, eq=False)
class Order:
    """What a slice is to show."""

    problem: Digits
    kind: PlaneKind
    n_images: int
    theta: Vector
    """(n_params,) the ball that it goes through, at `step`"""
    step: int
    history: History
    """of the run whose ball that is"""
    seed: int
    """of the random directions: the same at every step, so that pictures made one after the other go together"""
    other: tuple[History, Vector] | None = None
    """of the run that it is compared with, and its ball (n_params,)"""
    labels: tuple[str, str] = ("", "")
    """of the two runs"""
    others: tuple[History, ...] = ()
    """of all runs with a ball on the slice"""
    before: Slice | None = None
    """what is shown now: its view is kept where it will do, and instead of a coarse picture"""
    threads: int = 1
    finest: int = POINTS[-1]
    """points a side of the last picture"""


def slices(order: Order) -> Generator[Slice | None, None, None]:
    """Slices of a network's cost, coarse to fine; None in between, where one may stop.

    Meant for a thread of its own: it shares nothing with the training loop but the images and the histories.
    """
    images, labels = order.problem.images[: order.n_images], order.problem.labels[: order.n_images]
    path, newest = _path(order.history), order.history.newest_step
    with np.errstate(all="ignore"):
        kind, plane = _plane(order, path)
        yield None
        trails = {history: _trail(history, plane) for history in {order.history, *order.others}}
        yield None
        x, y = _view(order, kind, plane, trails)
    through: tuple[History, ...] = (order.history,)
    if order.other is not None and kind in ("ends", "line"):
        through += (order.other[0],)
    shares = plane.explained(path) if len(path) > 1 else np.full(2, np.nan)
    before = order.before
    goes_on = before is not None and (before.asked, before.kind, before.n_images) == (order.kind, kind, len(labels))
    here = plane.project(order.theta)
    ((cost,),) = yield from grid_costs(plane, order.problem.network, images, labels, here[:1], here[1:])
    stages = [n for n in POINTS if n <= order.finest]
    for n in stages[-1:] if goes_on or kind == "line" else stages:
        across = np.linspace(*x, LINE_POINTS if kind == "line" else n)
        along = np.linspace(*y, n) if kind != "line" else np.zeros(1)
        costs = yield from grid_costs(plane, order.problem.network, images, labels, across, along, order.threads)
        note, names = _note(order, kind, shares, len(labels), costs.shape, newest), _axis_labels(order, kind, shares)
        if kind == "line":
            landscape = Landscape(across, np.empty(0), costs[0], names, note)
        else:
            # Only so that lines of equal cost are round: the cost of a network of on/off neurons is not.
            if order.problem.network.activation != "step" and np.isfinite(costs).all():
                costs = finer(finer(costs).T).T
            rows, columns = costs.shape
            landscape = Landscape(np.linspace(*x, columns), np.linspace(*y, rows), costs, names, note)
        final = n == POINTS[-1] or kind == "line"
        yield Slice(order.kind, kind, plane, landscape, len(labels), order.step, newest, final, cost, through, trails)


def finer(values: Floats) -> Floats:
    """Values (n, k) at evenly spaced places, and between each two by cubic convolution: (2 n - 1, k).

    Exact where the values are a parabola (Keys, IEEE Trans. ASSP 29(6), 1981, equations 15 and 19 to 25).
    """
    before, after = 3 * (values[0] - values[1]) + values[2], 3 * (values[-1] - values[-2]) + values[-3]
    padded = np.concatenate([before[None], values, after[None]])
    made = np.empty((2 * len(values) - 1, *values.shape[1:]))
    made[::2] = values
    made[1::2] = (9 * (padded[1:-2] + padded[2:-1]) - padded[:-3] - padded[3:]) / 16
    return made


def _path(history: History) -> Vector:
    """Snapshots (k, n_params) of a run, evenly spaced."""
    every = max(1, history.newest_step // (history.stride * _PATH_POINTS) + 1) * history.stride
    thetas = history.checkpoints(every=every)[1]
    # Only the last one can be anything but finite: there the run ended.
    return thetas if np.isfinite(thetas[-1:]).all() else thetas[:-1]


def _trail(history: History, plane: Plane) -> tuple[Steps, Floats]:
    steps, thetas = history.checkpoints(every=trail_stride(history))
    return steps, plane.project(thetas)


def trail_stride(history: History) -> int:
    """Steps between two points of a path as it is drawn."""
    return max(1, history.newest_step // (history.stride * TRAIL_POINTS) + 1) * history.stride


def _plane(order: Order, path: Vector) -> tuple[PlaneKind, Plane]:
    """What can be shown of what is asked for: a path has no plane before it has gone anywhere, nor has slope zero."""
    rng, net, theta = np.random.default_rng(order.seed), order.problem.network, order.theta
    if order.kind in ("ends", "line") and order.other is not None and (order.other[1] != theta).any():
        return order.kind, Plane.through(theta, order.other[1], path[0], rng)
    if order.kind not in ("gradient", "random") and len(path) >= _FEWEST and (path != path[0]).any():
        plane = Plane.principal(path, theta, rng)
        followed = order.before is not None and order.before.kind == "path"
        return "path", plane.turned_like(order.before.plane) if followed and order.before is not None else plane
    if order.kind != "random":
        _, gradient = net.cost_and_gradient(theta, *order.problem.sample(min(order.n_images, _GAUGED)))
        if np.isfinite(gradient).all() and gradient.any():
            return "gradient", Plane.steepest(theta, gradient, net, rng)
    return "random", Plane.random(theta, net, rng)


def _view(
    order: Order, kind: PlaneKind, plane: Plane, trails: Mapping[History, tuple[Steps, Floats]]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The lowest and highest coordinate shown along both axes."""
    if kind in ("gradient", "random"):
        return (-EXTENT, EXTENT), (-EXTENT, EXTENT)
    points = plane.project(order.theta)[None]
    if kind == "path":
        points = np.concatenate([points, trails[order.history][1]])
    else:
        assert order.other is not None
        points = np.concatenate([points, plane.project(order.other[1])[None]])
        if kind == "ends":
            points = np.concatenate([points, np.zeros((1, 2)), plane.project(order.history.checkpoint(0).theta)[None]])
    low, high = (of(points[np.isfinite(points).all(axis=1)], axis=0) for of in (np.min, np.max))
    extent = high - low
    extent = np.maximum(extent, (_FLATTEST * extent.max(), _FLATTEST * extent.max())) if extent.any() else np.ones(2)
    middle = (low + high) / 2
    views = []
    for axis in range(2):
        half = extent[axis] / 2
        shown = None
        if order.before is not None and order.before.kind == kind:
            ends = (order.before.landscape.x, order.before.landscape.y)[axis]
            shown = (float(ends[0]), float(ends[-1])) if ends.size else None
        inner = (middle[axis] - half * (1 + 2 * _LEAST_ROOM), middle[axis] + half * (1 + 2 * _LEAST_ROOM))
        if shown is None or shown[0] > inner[0] or shown[1] < inner[1] or shown[1] - shown[0] > 6 * half:
            room = half * (1 + 2 * _ROOM)
            shown = (float(middle[axis] - room), float(middle[axis] + room))
        views.append(shown)
    return views[0], views[1]


def _axis_labels(order: Order, kind: PlaneKind, shares: Floats) -> tuple[str, str]:
    one, other = order.labels
    if kind == "path":
        first, second = (f" ({100 * share:.0f} % of the path)" if np.isfinite(share) else "" for share in shares)
        return f"along the path{first}", f"across it{second}"
    if kind == "gradient":
        return "along the negative slope", "a random direction"
    if kind == "random":
        return "a random direction", "another one"
    return f"from {one} to {other}", "towards the start" if kind == "ends" else "cost"


def _note(order: Order, kind: PlaneKind, shares: Floats, n_images: int, points: tuple[int, ...], newest: int) -> str:
    looks_back = order.step < _LATEST * newest
    what = {
        "path": "plane of the whole path" if looks_back else "plane of the path",
        "gradient": "plane down the slope",
        "random": "random plane",
        "ends": "plane of two balls and a start",
        "line": "line between two balls",
    }[kind]
    share = float(shares[0] if kind == "line" else shares.sum())
    held = f"{100 * share:.0f} % of the path’s variance · " if np.isfinite(share) else ""
    smoothed = "" if kind == "line" or order.problem.network.activation == "step" else ", smoothed between"
    grid = " × ".join(str(n) for n in reversed(points) if n > 1)
    return f"{what} through step {order.step:,} · {held}{n_images:,} images, {grid} points{smoothed}"
