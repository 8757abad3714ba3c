"""A cost as a shaded block of terrain, drawn by numpy alone: no graphics card, no display.

The camera is orthographic, so a column of the picture shows the terrain above one straight line over the ground. Along
that line, from near to far, the running maximum of the projected height is what can be seen: a pixel shows the first
sample that reaches it, and a point below the running maximum in front of it is hidden.

World coordinates: the landscape's rectangle is the square [-1, 1] x [-1, 1], its costs rise from 0 to `TOP`.
"""

from gdviz.core.relief.camera import Camera
from gdviz.core.relief.terrain import BASE, TOP, Terrain
from gdviz.core.relief.view import DRAFT, FULL, Quality, View

__all__ = ["BASE", "DRAFT", "FULL", "TOP", "Camera", "Quality", "Terrain", "View"]
