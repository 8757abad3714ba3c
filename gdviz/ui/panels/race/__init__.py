"""The race of several runs."""

from gdviz.ui.panels.race.panel import RacePanel

__all__ = ["RacePanel"]
