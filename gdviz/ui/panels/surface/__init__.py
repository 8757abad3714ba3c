"""The cost as a map or a curve, and the balls that descend it."""

from gdviz.ui.panels.surface.panel import SurfacePanel

__all__ = ["SurfacePanel"]
