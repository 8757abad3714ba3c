"""The cost as a block of terrain that the mouse turns, with the runs' balls on it."""

from gdviz.ui.panels.surface.relief.widget import ReliefView

__all__ = ["ReliefView"]
