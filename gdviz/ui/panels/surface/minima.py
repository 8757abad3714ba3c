"""Where a cost is known to be lowest."""

import numpy as np
from PySide6.QtGui import QColor, QPainterPath
from PySide6.QtWidgets import QGraphicsItem

from gdviz.core.frame import Floats
from gdviz.core.problem import Problem
from gdviz.ui.panels.surface.pixels import DARK, CasedStroke, Pixels, pairs, pen
from gdviz.ui.theme import Theme


class Minima(CasedStroke):
    """A small cross at each known minimum."""

    def __init__(self, parent: QGraphicsItem) -> None:
        super().__init__(parent, 4)
        self._arm = 0.0

    def set_style(self, theme: Theme, em: float, on_curve: bool) -> None:
        """Take another look; the map is equally dark in every theme, the curve's ground is not."""
        line, casing = (QColor(theme.text), QColor(theme.panel)) if on_curve else (QColor("white"), DARK)
        self.set_pens(pen(line, em / 8), casing, em / 12)
        self._arm = 0.3 * em

    def draw(self, problem: Problem, pixels: Pixels) -> None:
        """Show those that are in view."""
        at = np.array([place for place in places(problem, pixels) if pixels.hold(*place)]).reshape(-1, 1, 1, 2)
        arms = self._arm * np.array([[(-1, -1), (1, 1)], [(-1, 1), (1, -1)]])
        self.set_path(pairs((at + arms).reshape(-1, 2, 2)) if len(at) else QPainterPath())


def places(problem: Problem, pixels: Pixels) -> Floats:
    """The problem's known minima (k, 2), in pixels."""
    points = np.array(getattr(problem, "minima", ()), float)
    if not len(points):
        return np.empty((0, 2))
    if points.shape[1] == 1:
        points = np.column_stack([points, problem.costs_and_gradients(points)[0]])
    return pixels(points)
