"""Drawing in pixels: where the plane's points are on screen, and lines that cost little to move."""

import math
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem, QStyleOptionGraphicsItem, QWidget

from gdviz.core.frame import Floats

DARK = QColor("#0b0e14")
"""of lines and edges on the map, which has the same colours in every theme"""
Point = tuple[float, float]

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

    def point(self, x: float, y: float) -> Point:
        """The point of the plane at a pixel, in no more digits than tell it from the pixel beside it."""
        scale_x, scale_y = self.scale
        return _rounded(self.x[0] + x / scale_x, scale_x), _rounded(self.y[1] + y / scale_y, -scale_y)

    def hold(self, x: float, y: float) -> bool:
        """Whether a place in pixels is in view."""
        return bool(0 <= x <= self.width and 0 <= y <= self.height)


def _rounded(value: float, scale: float) -> float:
    return round(float(value), math.ceil(math.log10(scale)))  # numpy's floats are written otherwise


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


class CasedStroke(Stroke):
    """A line in a darker or lighter casing, so that it is seen on every colour."""

    def set_pens(self, line: QPen, casing: QColor, edge: float) -> None:
        """Take another look; the casing shows ``edge`` pixels on either side."""
        self._line, self._casing = line, pen(casing, line.widthF() + 2 * edge)
        self.setPen(self._casing)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.strokePath(self.path(), self._casing)
        painter.strokePath(self.path(), self._line)


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


def arrows(tips: Floats, towards: Floats, lengths: Floats, shaft: Floats | float, head: Floats | float) -> Floats:
    """The corners (..., 7, 2) of arrows in pixels, from the tip round; without a shaft they are triangles.

    Parameters
    ----------
    tips, towards : (..., 2); where they end, and their unit vectors
    lengths, shaft, head : (...), or one for all; along the arrow, and across its shaft
    """
    none = np.zeros_like(lengths)
    shaft, head = none + shaft, none + head
    back = np.stack([none, head, head, lengths, lengths, head, head], axis=-1)[..., None]
    side = np.stack([none, 0.9 * head, shaft, shaft, -shaft, -shaft, -0.9 * head], axis=-1)[..., None] / 2
    across = np.stack([-towards[..., 1], towards[..., 0]], axis=-1)
    corners: Floats = tips[..., None, :] - towards[..., None, :] * back + across[..., None, :] * side
    return corners


def arrow(tip: Point, towards: Point, length: float, shaft: float, head: float) -> QPolygonF:
    """One arrow, ready to be drawn."""
    corners = arrows(np.array(tip), np.array(towards), np.array(length), shaft, head)
    return QPolygonF([QPointF(x, y) for x, y in corners.tolist()])
