"""The field of slopes: arrows that point down the cost, all over the map."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem

from gdviz.core.frame import Floats
from gdviz.core.problem import Problem
from gdviz.ui.panels.surface.pixels import DARK, Pixels, Stroke, arrows

_SPACING = 2.5
"""em from one arrow to the next"""
_DECADES = 4.0
"""from the shortest arrow to the longest; what is flatter has the shortest"""


class SlopeField(Stroke):
    """One path for all arrows, made again only for another view or problem."""

    def __init__(self, parent: QGraphicsItem) -> None:
        super().__init__(parent, 3)
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        fill, edge = QColor("white"), QColor(DARK)
        fill.setAlpha(215)
        edge.setAlpha(170)
        self.setBrush(fill)
        self.setPen(QPen(edge, 1))
        self._drawn: tuple[Problem, Pixels, float] | None = None

    def draw(self, problem: Problem, pixels: Pixels, em: float) -> None:
        """Show the slopes of the part in view."""
        if self._drawn != (problem, pixels, em):
            self._drawn = (problem, pixels, em)
            self.set_path(_closed(field(problem, pixels, _SPACING * em)))


def field(problem: Problem, pixels: Pixels, spacing: float) -> Floats:
    """The corners (n, 7, 2) in pixels of arrows around the points of an even grid, `spacing` pixels apart.

    An arrow points where the slope is steepest downwards, drawn by the scales of the axes; its length is even in the
    logarithm of the slope's size. There is none where the slope is zero or not known.
    """
    at = np.stack(np.meshgrid(*(_even(side, spacing) for side in (pixels.width, pixels.height))), axis=-1).reshape(
        -1, 2
    )
    with np.errstate(all="ignore"):
        points = np.array([pixels.x[0], pixels.y[1]]) + at / pixels.scale
        slopes = problem.costs_and_gradients(points)[1]
        # The largest component aside, because the square of a large number overflows.
        largest = np.abs(slopes).max(axis=1)
        down = -slopes / largest[:, None]
        sizes = np.log10(largest) + np.log10(np.hypot(*down.T))
        down = down * pixels.scale
        down = down / np.hypot(*down.T)[:, None]
    known = np.isfinite(sizes) & np.isfinite(down).all(axis=1)
    at, down, sizes = at[known], down[known], sizes[known]
    if not len(at):
        return np.empty((0, 7, 2))
    highest = sizes.max()
    reach = min(_DECADES, highest - sizes.min())
    share = np.clip(1 - (highest - sizes) / reach, 0, 1) if reach > 0 else np.ones(len(at))
    lengths = (0.25 + 0.6 * share) * spacing
    return arrows(at + down * lengths[:, None] / 2, down, lengths, 0.12 * lengths, 0.4 * lengths)


def _even(side: float, spacing: float) -> Floats:
    """Places in the middle of as many equal parts of a side as have room."""
    n = max(1, int(side // spacing))
    middles: Floats = (np.arange(n, dtype=float) + 0.5) * (side / n)
    return middles


def _closed(corners: Floats) -> QPainterPath:
    """All outlines (n, k, 2) as one path."""
    closed = np.concatenate([corners, corners[:, :1]], axis=1)
    connected = np.ones(closed.shape[:2], np.int32)
    connected[:, -1] = 0
    x, y = closed.reshape(-1, 2).T
    path: QPainterPath = pg.arrayToQPath(x, y, connect=connected.ravel(), finiteCheck=False)
    return path
