"""How curved the cost is, which decides what a learning rate does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np

from gdviz.core.problem import chunk_size

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from numpy.typing import NDArray

    from gdviz.core.network import Network
    from gdviz.core.optimizer import Limits
    from gdviz.core.problem import Problem, Vector

_H = 1e-5
"""near the cube root of float64's rounding error, where central differences are at their best"""

_H_NETWORK = 1e-8
"""of a unit vector of all knobs, in float64: so near that next to no relu neuron switches in between, whose jump would
pass for curvature, and that seven digits are left"""
_BASIS_BYTES = 512 << 20
"""for the vectors of a search"""

Regime = Literal["crawling", "converging", "bouncing", "unstable", "speeding up", "at rest", "blew up", ""]
"""what a descent is doing; "" where it is too early to say"""
REGIMES: tuple[Regime, ...] = get_args(Regime)


class Zone(NamedTuple):
    """A range of learning rates that do the same."""

    low: float
    high: float
    regime: Regime


def zones(limits: Limits) -> tuple[Zone, ...]:
    """The zones between the limits of a rule, from 0 to inf, without empty ones.

    Where a rule bounces before it has ceased to crawl, it bounces.
    """
    bounce = min(limits.bounce, limits.unstable)
    borders = (0.0, min(limits.crawl, bounce), bounce, limits.unstable, math.inf)
    words: tuple[Regime, ...] = ("crawling", "converging", "bouncing", "unstable")
    between = zip(borders, borders[1:], words, strict=False)
    return tuple(Zone(low, high, word) for low, high, word in between if low < high)


def sharpness(problem: Problem, theta: Vector) -> float:
    """The largest eigenvalue of the Hessian at ``theta`` (n_params,) float64; nan where it is not finite.

    By central differences of the exact gradient, knob by knob: meant for a few knobs.
    """
    n, point = theta.size, theta.copy()
    hessian, behind = np.empty((n, n)), np.empty(n)
    with np.errstate(all="ignore"):
        for knob, value in enumerate(theta.tolist()):
            ahead = hessian[knob]
            step = _H * max(1.0, abs(value))
            # Divided by the way between the points as they were rounded, a parabola comes out exactly.
            low, high = value - step, value + step
            point[knob] = high
            problem.cost_and_gradient(point, ahead)
            point[knob] = low
            problem.cost_and_gradient(point, behind)
            point[knob] = value
            np.subtract(ahead, behind, out=ahead)
            np.divide(ahead, high - low, out=ahead)
        symmetric = (hessian + hessian.T) / 2
    return float(np.linalg.eigvalsh(symmetric)[-1]) if np.isfinite(symmetric).all() else math.nan


def sharpness_images(n_params: int) -> int:
    """On how many training images at most a network's sharpness is measured: a product takes some milliseconds."""
    return min(1000, chunk_size(n_params))


class Sharpness(NamedTuple):
    """The largest eigenvalue of a network's Hessian, and its unit eigenvector (n_params,) in float64.

    nan and the start of the search where the gradient is not finite.
    """

    value: float
    direction: Vector


def network_sharpness(
    net: Network, theta: Vector, images: NDArray[Any], labels: NDArray[Any]
) -> Generator[None, None, Sharpness]:
    """The sharpness of the mean cost over some images, to about a thousandth; yields after each Hessian-vector product.

    A product is the central difference of two exact gradients in float64,
    H v = (g(theta + h v) - g(theta - h v)) / 2h. Where the cost has kinks (relu), it is the curvature between them.

    Parameters
    ----------
    theta : (n_params,)
    images, labels : (m, n_in) in [0, 1] and (m,) int
    """
    workspace = net.workspace(len(images), np.float64)
    workspace.inputs[:] = images
    middle = theta.astype(np.float64)
    here, ahead, behind = (np.empty_like(middle) for _ in range(3))
    h = _H_NETWORK * max(1.0, float(np.sqrt(np.mean(middle**2))))  # far out, less would be lost in rounding

    def product(v: Vector) -> Vector:
        for sign, gradient in ((1, ahead), (-1, behind)):
            np.add(middle, sign * h * v, out=here)
            workspace.cost_and_gradient(here, labels, gradient)
        return (ahead - behind) / (2 * h)

    # Not at the direction that was the sharpest a little earlier: another may be by now, and that one passes for it.
    start = np.random.default_rng(0).standard_normal(middle.size)
    return (yield from lanczos(product, start))


def lanczos(
    product: Callable[[Vector], Vector], start: Vector, tolerance: float = 1e-3, most: int = 80
) -> Generator[None, None, Sharpness]:
    """The largest eigenvalue of a symmetric matrix that is known by its products alone; yields after each product.

    In the space that start, A start, A^2 start, ... span, whose orthonormal basis is built up with full
    reorthogonalisation, A is tridiagonal. Its largest eigenvalue there, a Ritz value, grows towards A's, and the length
    of A y - value y tells how near it is (Golub & Van Loan, Matrix Computations, 4th ed., section 10.1).

    Parameters
    ----------
    start : (n,), any but 0
    tolerance : the search ends when that length is at most so large a part of the value
    most : products; of very many knobs there are fewer, because all of them are kept
    """
    most = max(2, min(most, start.size, _BASIS_BYTES // start.nbytes))
    basis = [start / np.linalg.norm(start)]
    diagonal: list[float] = []
    beside: list[float] = []
    while True:
        with np.errstate(all="ignore"):
            image = product(basis[-1])
        if not np.isfinite(image).all():
            return Sharpness(math.nan, basis[0])
        diagonal.append(float(basis[-1] @ image))
        for _ in range(2):  # once leaves what rounding put back
            for known in basis:
                image -= (known @ image) * known
        rest = float(np.linalg.norm(image))
        values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
        value = float(values[-1])
        found = rest * abs(float(vectors[-1, -1])) <= tolerance * abs(value)
        if found or len(basis) == most or rest == 0:
            direction = np.zeros_like(start)
            for part, known in zip(vectors[:, -1].tolist(), basis, strict=True):
                direction += part * known
            return Sharpness(value, direction / np.linalg.norm(direction))
        beside.append(rest)
        basis.append(image / rest)
        yield
