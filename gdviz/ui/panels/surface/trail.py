"""A run's way over a map, painted once: a frame adds what is new, and Qt copies the rest."""

import math

import numpy as np
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from gdviz.core.frame import Floats
from gdviz.ui.panels.surface.pixels import Pixels, dots, line, pen

MANY = 300
"""a trail of more points has no dot at each, but a thin line through all, and a wide one through about so many"""
_SPACING = 2.0
"""pixels between the points of the wide line of a trail that goes on"""


class Trail(QGraphicsItem):
    """A line in a darker or lighter casing.

    Stroking a wide line takes microseconds a point, each time that anything near it is painted again. So the trail is
    a picture of the size of the view, drawn on as the trail grows. Only the line to its last point, the ball, which
    may be elsewhere in the next frame, is stroked when it is painted.
    """

    def __init__(self, parent: QGraphicsItem) -> None:
        super().__init__(parent)
        self._picture = QPixmap()
        self._pixels: Pixels | None = None
        self._bounds = QRectF()
        self._points = self._wide = np.empty((0, 2))
        self._went_on = False
        self._head, self._thin_head = QLineF(), QLineF()

    def set_style(self, colour: QColor, casing: QColor, width: float, em: float) -> None:
        """Take another look; `width` in pixels, `em` the size of text."""
        self._casing_pen, self._pen = pen(casing, width + em / 8), pen(colour, width)
        self._thin_pen, self._dot_pen = pen(colour, 1), pen(colour, 2.2 * width)
        self._pixels = None
        self.update()

    def draw(self, at: Floats, pixels: Pixels) -> None:
        """Show the way through points (m, 2) in pixels, the last being the ball."""
        at = _apart(at)
        wide, many = _thinned(at), len(at) > MANY
        before, first, first_wide = self._points[-1:], max(len(self._points) - 2, 0), max(len(self._wide) - 2, 0)
        grown = (
            self._pixels is pixels
            and not self._went_on
            and _continues(self._points, at)
            and _continues(self._wide, wide)
        )
        if not grown or many != (len(self._points) > MANY):
            before, first, first_wide = self._points, 0, 0
            self._start(pixels)
        self._add(at[first:-1], wide[first_wide:-1], many)
        self.update(_around(np.concatenate([before, at[first:], wide[first_wide:]]), self._casing_pen.widthF()))
        self._points, self._wide = at, wide
        self._head, self._thin_head = _last_line(wide), _last_line(at)

    def go_on(self, way: Floats) -> None:
        """Add the way (m, 2) in pixels from the ball as it was drawn last, with all its points, to the ball as it is.

        Nothing that was drawn before is looked at again, and so it takes no longer the longer the trail is. Only for
        a trail of many points, in the same `Pixels`.
        """
        way = _apart(way)
        along = np.concatenate([self._wide[-1:], way]) if self._went_on else np.concatenate([self._wide[-2:-1], way])
        length = np.hypot(*np.diff(along, axis=0, prepend=along[:1]).T).cumsum()
        wide = along[np.flatnonzero(np.diff(length // _SPACING, prepend=-1))]
        self._stroke(way, wide, many=True)
        self.update(_around(np.concatenate([self._points[-1:], along]), self._casing_pen.widthF()))
        self._points, self._wide, self._went_on = way[-1:], wide[-1:], True
        self._head, self._thin_head = _last_line(np.concatenate([wide[-1:], way[-1:]])), QLineF()

    def _start(self, pixels: Pixels) -> None:
        """Empty the picture."""
        self._pixels, self._went_on = pixels, False
        self._points = self._wide = np.empty((0, 2))
        bounds = QRectF(0, 0, pixels.width, pixels.height)
        if bounds != self._bounds:
            self.prepareGeometryChange()
            self._bounds = bounds
        size = math.ceil(pixels.width * pixels.ratio), math.ceil(pixels.height * pixels.ratio)
        if (self._picture.width(), self._picture.height()) != size:
            self._picture = QPixmap(*size)
        self._picture.setDevicePixelRatio(pixels.ratio)
        self._picture.fill(QColor(0, 0, 0, 0))

    def _add(self, at: Floats, wide: Floats, many: bool) -> None:
        """Draw what is new on the picture, from the last point that was already there."""
        if len(self._points) < 2 or len(at) > 1:
            self._stroke(at, wide, many)

    def _stroke(self, at: Floats, wide: Floats, many: bool) -> None:
        painter = QPainter(self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if len(wide) > 1:
            way = line(wide)
            # The casing goes below all that is there, and so never cuts the line that it continues.
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationOver)
            painter.strokePath(way, self._casing_pen)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
            painter.strokePath(way, self._pen)
        painter.strokePath(line(at) if many else dots(at), self._thin_pen if many else self._dot_pen)
        painter.end()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def shape(self) -> QPainterPath:
        return QPainterPath()  # so that the mouse doesn't search it

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setPen(self._casing_pen)
        painter.drawLine(self._head)
        painter.drawPixmap(0, 0, self._picture)
        painter.setPen(self._pen)
        painter.drawLine(self._head)
        painter.setPen(self._thin_pen)
        painter.drawLine(self._thin_head)


def _apart(at: Floats) -> Floats:
    """The points (m, 2) of a trail in pixels without those that are on the same half pixel as the one before."""
    cells = np.rint(2 * at[:-1])
    moved = (cells[1:] != cells[:-1]).any(axis=1)
    kept: Floats = at[np.concatenate([[True], moved, [True]])] if len(at) > 1 else at
    return kept


def _continues(before: Floats, now: Floats) -> bool:
    """Whether a trail only went on: all its points but the ball are still there."""
    kept = len(before) - 1
    return 0 <= kept < len(now) and np.array_equal(before[:kept], now[:kept])


def _last_line(at: Floats) -> QLineF:
    """From the last but one of points (m, 2) to the last."""
    (x1, y1), (x2, y2) = at[-2:].tolist() if len(at) > 1 else 2 * at.tolist()
    return QLineF(x1, y1, x2, y2)


def _around(points: Floats, margin: float) -> QRectF:
    (left, top), (right, bottom) = (points.min(axis=0) - margin).tolist(), (points.max(axis=0) + margin).tolist()
    return QRectF(left, top, right - left, bottom - top)


def _thinned(at: Floats) -> Floats:
    """At most about `MANY` of a trail's points (m, 2) in pixels, the last among them, evenly spaced along it.

    The spacing is a power of two and the last point has no part in it, so that the points kept stay while it grows.
    """
    if len(at) <= MANY:
        return at
    length = np.hypot(*np.diff(at[:-1], axis=0, prepend=at[:1]).T).cumsum()
    spacing = 2.0 ** max(1, math.ceil(math.log2(max(length[-1], 1) / MANY)))
    kept: Floats = at[np.append(np.flatnonzero(np.diff(length // spacing, prepend=-1)), len(at) - 1)]
    return kept
