"""Lines and dots that Qt draws without Python: paths, and the pens for them."""

import math
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainterPath, QPen

from gdviz.core.frame import Floats
from gdviz.ui.panels.plot import line_pen

_APART = 14
"""pixels between two marks on a line, at least: closer, rings run into each other, and take longest of all to paint"""
_MOST_TRIED = 400
"""places for marks, a millisecond or two"""


class Pixel(NamedTuple):
    """How wide and how high a pixel is, as the axes count."""

    width: float
    height: float

    @property
    def dot(self) -> float:
        """A length on the x axis that is too short to be seen."""
        return self.width / 8


def dot_pen(colour: str | QColor, size: float) -> QPen:
    """A pen that draws a line too short to be seen as a dot: native, and round at every zoom."""
    pen = line_pen(colour, size)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen


def line(x: Floats, y: Floats) -> QPainterPath:
    """A line through the points, broken where they are not finite."""
    path: QPainterPath = pg.arrayToQPath(x, y, connect="finite")
    return path


def lines(x: Floats, *heights: Floats) -> QPainterPath:
    """One line for each row of heights over the same x."""
    ends = np.full((len(heights), 1), np.nan)  # where one ends and the next begins
    xs = np.tile(x, (len(heights), 1))
    return line(np.concatenate([xs, ends], axis=1).ravel(), np.concatenate([heights, ends], axis=1).ravel())


def dots(x: Floats, y: Floats, length: float) -> QPainterPath:
    """Lines of this length at the points, for a `dot_pen`."""
    shown = np.isfinite(x) & np.isfinite(y)
    x, y = x[shown], y[shown]
    path: QPainterPath = pg.arrayToQPath(np.stack([x, x + length], axis=1).ravel(), np.repeat(y, 2), connect="pairs")
    return path


def marks(x: Floats, y: Floats, pixel: Pixel) -> QPainterPath:
    """Dots at the points of a line, for a `dot_pen`; where points are closer than dots may be, at some of them.

    Chosen from the left, so that they hold still while the line grows.
    """
    shown = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    places = np.stack([x[shown] / pixel.width, y[shown] / pixel.height], axis=1)
    # The first of each cell, so that there are no more to be looked at one by one than the view has room for; of small
    # cells, so that a smooth line has its marks at even distances, where those are not too many.
    for cell in (_APART / 2, _APART):
        column, row = (places // cell).T
        _, first = np.unique(column + 1j * row, return_index=True)
        if len(first) < _MOST_TRIED:
            break
    first.sort()
    kept: list[tuple[float, float]] = []
    chosen = []
    for i, (across, up) in zip(shown[first], places[first].tolist(), strict=True):
        while kept and kept[0][0] <= across - _APART:
            kept.pop(0)
        if all(math.hypot(across - a, up - b) >= _APART for a, b in kept):
            kept.append((across, up))
            chosen.append(i)
    return dots(x[chosen], y[chosen], pixel.dot)
