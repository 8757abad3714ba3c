"""The cost of every run by step."""

from gdviz.ui.panels.loss.panel import LossPanel

__all__ = ["LossPanel"]
