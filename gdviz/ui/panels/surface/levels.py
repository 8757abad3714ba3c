"""Which costs get a line on the map, and what the line is called."""

import numpy as np

from gdviz.core.frame import Floats

MOST = 18
"""more bands than this can no longer be told apart"""
_FAR_APART = 50.0
"""above this ratio of the highest rise to a low one, even levels would leave the valley in one band"""
_MANTISSAS = ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))


def nice_levels(costs: Floats) -> Floats:
    """Round costs, strictly between the lowest and the highest finite one, at most `MOST` of them, increasing.

    Evenly spaced; or, where the costs rise by orders of magnitude, spaced evenly in the logarithm of the rise above
    the lowest. Empty where all finite costs are equal.
    """
    finite = costs[np.isfinite(costs)]
    if finite.size == 0 or finite.min() == finite.max():
        return np.empty(0)
    low, high = float(finite.min()), float(finite.max())
    rise = finite[finite > low] - low
    if (high - low) / _FAR_APART > np.quantile(rise, 0.05):
        levels = _logarithmic(low, float(np.quantile(rise, 0.01)), high - low)
    else:
        levels = _even(low, high)
    return np.unique(levels[(levels > low) & (levels < high)])


def _even(low: float, high: float) -> Floats:
    raw = (high - low) / MOST
    unit = 10.0 ** np.floor(np.log10(raw))
    step = next(m for m in (1, 2, 2.5, 5, 10) if m * unit >= raw) * unit
    levels: Floats = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step + 0.0  # not -0
    return levels


def _logarithmic(low: float, bottom: float, top: float) -> Floats:
    """Levels at ``low`` plus about 1, 2, 5, 10, ... between ``bottom`` and ``top``, rounded to the rise's own digit."""
    decades = np.arange(np.floor(np.log10(bottom)), np.ceil(np.log10(top)))
    for mantissas in _MANTISSAS:
        rises = np.multiply.outer(10.0**decades, mantissas).ravel()
        rises = rises[(rises >= bottom) & (rises <= top)]
        if rises.size <= MOST:
            break
    rises = rises[:: -(-rises.size // MOST)]
    unit = 10.0 ** np.floor(np.log10(rises))
    levels: Floats = np.round((low + rises) / unit) * unit + 0.0  # not -0
    return levels


def level_text(level: float) -> str:
    """A level as it is written on its line; levels are round, so ten digits only hide the rounding error."""
    return f"{level:.10g}".replace("e+", "e").replace("-", "−")
