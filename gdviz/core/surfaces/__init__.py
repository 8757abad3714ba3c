"""The catalogue of analytic costs, each with its exact gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdviz.core.surfaces.classics import CLASSICS
from gdviz.core.surfaces.landforms import LANDFORMS
from gdviz.core.surfaces.one_knob import ONE_KNOB

if TYPE_CHECKING:
    from gdviz.core.surface import Surface

SURFACES: tuple[Surface, ...] = (*ONE_KNOB, *LANDFORMS, *CLASSICS)
