"""A growing cost series, thinned as it grows: what the loss panel draws."""

import numpy as np
from numpy.typing import NDArray

from gdviz.core.frame import Curve, Floats
from gdviz.core.history import Steps, Table

_STEPS, _LOW, _HIGH, _MEAN, _LEAST = range(5)


class CurveBuilder:
    """The `Curve` of a run whose costs arrive piece by piece; the work of a piece depends on the piece alone.

    Parameters
    ----------
    window : steps in the running mean, at least 1; during the first `window` steps it is over what there is
    budget : buckets to keep at most; one more, and pairs are merged and the stride doubled
    """

    def __init__(self, window: int, budget: int = 2048) -> None:
        self._window = window
        self._stride = 1
        self._buckets = np.empty((5, budget))
        """one row for each array of a Curve, in its order; the first `_size` columns count"""
        self._size = 0
        self._recent: tuple[Floats, Floats] = np.empty(0), np.empty(0)
        """steps and costs that later means look back on. Kept as they are, not as a sum: a sum carried on would
        keep the rounding of one huge cost for ever"""
        self._curve: Curve | None = None

    def extend(self, steps: NDArray[np.int64], costs: Floats) -> None:
        """Add rows that come after all rows before; those without a finite cost are left out.

        Parameters
        ----------
        steps : (n,) ascending; a thinned history leaves gaps, and the mean is over the rows that there are
        costs : (n,)
        """
        finite = np.isfinite(costs)
        at, costs = steps[finite].astype(float), costs[finite]
        if not len(at):
            return
        self._curve = None
        while True:
            starts, firsts = _grouped(at, self._stride)
            joins = self._size > 0 and self._buckets[_STEPS, self._size - 1] == starts[0]
            if self._size - joins + len(firsts) <= self._buckets.shape[1]:
                break
            self._double()

        means = self._means(at, costs)
        added = np.empty((5, len(firsts)))
        added[_STEPS] = starts
        np.minimum.reduceat(costs, firsts, out=added[_LOW])
        np.maximum.reduceat(costs, firsts, out=added[_HIGH])
        added[_MEAN] = means[np.append(firsts[1:], len(at)) - 1]
        np.minimum.reduceat(means, firsts, out=added[_LEAST])
        if joins:
            self._size -= 1
            added[_LOW, 0] = min(added[_LOW, 0], self._buckets[_LOW, self._size])
            added[_HIGH, 0] = max(added[_HIGH, 0], self._buckets[_HIGH, self._size])
            added[_LEAST, 0] = min(added[_LEAST, 0], self._buckets[_LEAST, self._size])
        self._buckets[:, self._size : self._size + len(firsts)] = added
        self._size += len(firsts)

    def curve(self) -> Curve:
        """The curve of all rows so far, its last bucket unfinished; the same object until there are more."""
        if self._curve is None:
            steps, low, high, mean, least = self._buckets[:, : self._size].copy()
            self._curve = Curve(steps, low, high, mean, least, self._stride, self._window)
        return self._curve

    def _means(self, steps: Floats, costs: Floats) -> Floats:
        """The running mean at each of the new rows; remembers what the next call needs."""
        first = len(self._recent[0])
        steps, costs = (np.concatenate(pair) for pair in zip(self._recent, (steps, costs), strict=True))
        means = _means_at(steps, costs, np.arange(first, len(steps)), self._window)
        keep = np.searchsorted(steps, steps[-1] - self._window, side="right")
        self._recent = steps[keep:].copy(), costs[keep:].copy()
        return means

    def _double(self) -> None:
        """Merge pairs of buckets."""
        self._stride *= 2
        steps, low, high, mean, least = self._buckets[:, : self._size]
        starts, firsts = _grouped(steps, self._stride)
        lasts = np.append(firsts[1:], self._size) - 1 if self._size else firsts
        lowest, highest = np.minimum.reduceat(low, firsts), np.maximum.reduceat(high, firsts)
        self._size = len(firsts)
        self._buckets[:, : self._size] = starts, lowest, highest, mean[lasts], np.minimum.reduceat(least, firsts)


def running_mean(past: Table, row: int, window: int) -> float:
    """The mean of the costs of the last ``window`` steps up to ``row``, of the rows that there are."""
    return float(running_means(past, row, row + 1, window)[0])


def running_means(past: Table, first: int, end: int, window: int) -> Floats:
    """(end - first,) the same at each row from ``first`` on."""
    return _means_at(past.step[:end], past.cost[:end], np.arange(first, end), window)


def _means_at(steps: Floats | Steps, costs: Floats, rows: NDArray[np.intp], window: int) -> Floats:
    """The running means at these rows, one after the other up to the last."""
    begins = np.searchsorted(steps, steps[rows] - window, side="right")
    # reduceat sums from each index to the next one: the even sums are ours. Each is taken on its own, so none suffers
    # from a huge cost outside its window; divided first, so that costs near the largest float fit.
    since = int(begins[0])
    bounds = np.stack([begins, rows + 1], axis=1).ravel() - since
    sums = np.add.reduceat(np.append(costs[since:] / window, 0.0), bounds)[::2]
    means: Floats = sums * (window / (rows + 1 - begins))
    return means


def _grouped(steps: Floats, stride: int) -> tuple[Floats, NDArray[np.intp]]:
    """The buckets that ascending `steps` fall into: the first step of each, and the index of its first member."""
    starts = np.floor(steps / stride) * stride
    firsts = np.flatnonzero(np.diff(starts, prepend=-1.0))
    return starts[firsts], firsts
