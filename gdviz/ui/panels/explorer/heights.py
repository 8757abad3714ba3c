"""How high the outcomes of a sweep stand on a logarithmic axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdviz.core.frame import Floats
    from gdviz.core.sweep import Sweep

_DEEPEST, _HIGHEST = 1e-12, 1e3
"""of the start's cost; beyond, an axis would spend its height on what rounding left over, or on what is flying away"""


@dataclass(frozen=True, slots=True, eq=False)
class Heights:
    """Costs as decades of what they are above `base`."""

    base: float
    """taken from all costs; 0 where none of them is below that"""
    bottom: float
    top: float
    """ends of the axis, in decades"""
    values: Floats
    """(m,) within the ends; nan where it blew up"""
    beyond: NDArray[np.int64]
    """(m,) -1 for a cost below the axis, 1 for one above it, else 0"""
    start: float
    """the start's own"""


def heights(sweep: Sweep, lowest: float | None) -> Heights:
    """Where the costs of a sweep stand, between half decades.

    A cost below zero has no logarithm: where there is one, the costs stand by what they are above the lowest.

    Parameters
    ----------
    lowest : the lowest cost there is, if known
    """
    known = np.append(sweep.costs, sweep.start_cost)
    alive = np.append(sweep.blew_up < 0, True) & np.isfinite(known)
    base = min(0.0, known[alive].min(initial=0.0), 0.0 if lowest is None else lowest)
    rises = np.where(alive, known - base, np.nan)
    reference = rises[-1] if rises[-1] > 0 else np.nanmax(rises) or 1.0
    least, most = _DEEPEST * reference, _HIGHEST * reference
    decades = np.log10(np.clip(rises, least, most))
    beyond = np.where(rises < least, -1, np.where(rises > most, 1, 0))
    bottom, top = math.floor(2 * np.nanmin(decades)) / 2, math.ceil(2 * np.nanmax(decades)) / 2
    return Heights(float(base), bottom, max(top, bottom + 1), decades[:-1], beyond[:-1], float(decades[-1]))
