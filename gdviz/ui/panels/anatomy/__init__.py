"""The step at the cursor, taken apart."""

from gdviz.ui.panels.anatomy.panel import AnatomyPanel

__all__ = ["AnatomyPanel"]
