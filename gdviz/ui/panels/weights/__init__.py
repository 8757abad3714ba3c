"""The third panel: the first layer as pictures, or the knobs of a surface with their slopes."""

from gdviz.ui.panels.weights.panel import WeightsPanel

__all__ = ["WeightsPanel"]
