"""Where one looks at the block from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, radians, sin

ELEVATIONS = (10.0, 85.0)
"""degrees: lower, the ground has no depth; at 90 it would be the map"""
ZOOMS = (0.5, 20.0)


@dataclass(frozen=True, slots=True)
class Camera:
    """An orthographic camera; angles in degrees."""

    azimuth: float = -52.0
    """where it is around the ground's middle, counted from the x axis towards the y axis"""
    elevation: float = 38.0
    """above the ground"""
    zoom: float = 1.0
    centre: tuple[float, float] = (0.0, 0.0)
    """what the middle of the picture shows: world units to the right of and above the block's middle, as seen"""

    def turned(self, azimuth: float, elevation: float) -> Camera:
        """Moved around the block by so many degrees, never below the ground nor over the zenith."""
        low, high = ELEVATIONS
        up = min(max(self.elevation + elevation, low), high)
        return replace(self, azimuth=(self.azimuth + azimuth + 180) % 360 - 180, elevation=up)

    def zoomed(self, factor: float, about: tuple[float, float] = (0.0, 0.0)) -> Camera:
        """Nearer by a factor; what is at `about`, in world units at zoom 1 from the picture's middle, stays there."""
        low, high = ZOOMS
        zoom = min(max(self.zoom * factor, low), high)
        moved = 1 / self.zoom - 1 / zoom
        return replace(self, zoom=zoom, centre=(self.centre[0] + about[0] * moved, self.centre[1] + about[1] * moved))

    @property
    def right(self) -> tuple[float, float]:
        """Unit vector (x, y) on the ground to the camera's right."""
        return -sin(radians(self.azimuth)), cos(radians(self.azimuth))

    @property
    def away(self) -> tuple[float, float]:
        """Unit vector (x, y) on the ground away from the camera."""
        return -cos(radians(self.azimuth)), -sin(radians(self.azimuth))
