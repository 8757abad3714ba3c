"""How runs are looked at, beside what is saved of it with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gdviz.ui.theme import DARK, Theme

if TYPE_CHECKING:
    from gdviz.ui.panels.loss.axis import Kind


@dataclass(frozen=True, slots=True)
class Looks:
    """What a film takes over from the window that it is asked for in."""

    theme: Theme = DARK
    x_axis: Kind | None = None
    """of the cost curves; None: what suits the runs"""
