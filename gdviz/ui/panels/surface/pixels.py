"""Drawing in pixels: where the plane's points are on screen, and lines that cost little to move."""

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem

from gdviz.core.frame import Floats

_FAR = 1e4
"""pixels; a point beyond is drawn here, in its direction, because Qt's rasteriser overflows and dashes take for ever"""


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """The part of the plane that is in view, and how large it is on screen."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: float
    height: float
    ratio: float = 1.0
    """pixels of the device in one of these, along each side"""

    def __call__(self, points: Floats) -> Floats:
        """Points (..., 2) of the plane, in pixels from the upper left corner of the view."""
        with np.errstate(over="ignore"):
            at: Floats = (points - np.array([self.x[0], self.y[1]])) * np.array(self.scale)
        if at.size and max(at.max(), -at.min()) > _FAR:
            at = np.clip(at, -1e300, 1e300)  # inf has no direction
            at *= np.minimum(1, _FAR / np.maximum(np.hypot(at[..., :1], at[..., 1:]), 1))
        return at

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels for a unit of x, and of y; the latter is negative, because pixels count downwards."""
        return self.width / (self.x[1] - self.x[0]), self.height / (self.y[0] - self.y[1])


class Stroke(QGraphicsPathItem):
    """A line in pixels.

    Qt's own item strokes its whole path to find its bounds each time the path changes; the points and half the
    pen's width are enough. It has no shape, so that the mouse doesn't search it. What stays is not painted again.
    """

    def __init__(self, parent: QGraphicsItem, z: float) -> None:
        super().__init__(parent)
        self._bounds = QRectF()
        self.setZValue(z)

    def set_path(self, path: QPainterPath) -> None:
        if path == self.path():
            return
        margin = self.pen().widthF()
        self.prepareGeometryChange()
        self._bounds = path.controlPointRect().adjusted(-margin, -margin, margin, margin)
        self.setPath(path)

    def boundingRect(self) -> QRectF:
        return self._bounds

    def shape(self) -> QPainterPath:
        return QPainterPath()


def line(points: Floats) -> QPainterPath:
    """A path through points (m, 2) in pixels."""
    path: QPainterPath = pg.arrayToQPath(points[:, 0], points[:, 1], connect="all", finiteCheck=False)
    return path


def pairs(ends: Floats) -> QPainterPath:
    """A path of separate lines, each from one to the other of its ends (m, 2, 2) in pixels."""
    points = ends.reshape(-1, 2)
    path: QPainterPath = pg.arrayToQPath(points[:, 0], points[:, 1], connect="pairs", finiteCheck=False)
    return path


def dots(points: Floats) -> QPainterPath:
    """A path that a round pen paints as one dot at each of the points (m, 2): lines too short to be seen as lines."""
    ends = np.repeat(points[:, None], 2, axis=1)
    ends[:, 1, 0] += 0.01
    return pairs(ends)


def pen(colour: QColor | str, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen with round joins and ends."""
    return QPen(QColor(colour), width, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
