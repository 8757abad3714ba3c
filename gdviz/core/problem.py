"""What can be descended: anything with knobs, a start, a cost and a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Generator

Vector: TypeAlias = NDArray[np.floating[Any]]
Indices: TypeAlias = NDArray[np.integer[Any]]


def chunk_size(n_params: int) -> int:
    """Examples to measure at a time where there are many: so few that whoever drives the work can leave it soon.

    A chunk costs about 6 * n_params operations an example; 160 million knobs times examples are some 50 ms.
    """
    return max(1, min(1000, 160_000_000 // n_params))


class Evaluation(NamedTuple):
    """Cost and accuracy (a fraction) over a whole data set, on the images trained on and on the held-out ones."""

    train_cost: float
    train_accuracy: float
    test_cost: float
    test_accuracy: float


class Problem(Protocol):
    """A cost over ``n_params`` knobs.

    A problem with examples measures its cost on batches of them; an exact cost (``n_examples`` is None) has no
    batches and no epochs, and is handed ``batch=None``.
    """

    @property
    def n_params(self) -> int: ...

    @property
    def n_examples(self) -> int | None: ...

    def start(self, rng: np.random.Generator) -> Vector:
        """The knobs at step 0, a fresh (n_params,) array in the dtype that the problem computes in."""
        ...

    def cost_and_gradient(self, theta: Vector, gradient: Vector, batch: Indices | None = None) -> float:
        """The cost at ``theta`` on ``batch``; its gradient is written into ``gradient`` (n_params,)."""
        ...

    def costs_and_gradients(self, thetas: Vector, batch: Indices | None = None) -> tuple[Vector, Vector]:
        """The same for many points at once: ``thetas`` (m, n_params) -> costs (m,), gradients (m, n_params)."""
        ...

    def evaluate(self, theta: Vector) -> Generator[None, None, Evaluation | None]:
        """Measure ``theta`` on whole data sets, yielding after each chunk; None where there is nothing to measure."""
        ...
