"""What comes of a descent at every learning rate."""

from gdviz.ui.panels.explorer.panel import ExplorerPanel

__all__ = ["ExplorerPanel"]
