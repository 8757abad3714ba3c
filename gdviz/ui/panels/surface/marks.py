"""What moves on the surface: each run's trail and ball, and the arrow of the step that follows."""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsEllipseItem, QGraphicsItem, QGraphicsPolygonItem

from gdviz.core.frame import Floats, Frame, RunFrame
from gdviz.ui.panels.surface.pixels import Pixels, Stroke, dots, line, pen
from gdviz.ui.theme import Theme

_WIDE = 300
"""points of a wide line at most: it is ten times dearer to paint than one of a pixel's width"""
_ZIGZAG = 60
"""newest points of a trail on a curve that are joined by lines"""
_DARK = QColor("#0b0e14")
Point = tuple[float, float]


class RunMarks:
    """One run's trail and ball, or the arrow at the edge of the view behind which the ball is."""

    def __init__(self, parent: QGraphicsItem) -> None:
        self._casing, self._trail, self._exact, self._dots = (Stroke(parent, 0) for _ in range(4))
        self._lines = (self._casing, self._trail, self._exact, self._dots)
        self.ball = QGraphicsEllipseItem(parent)
        self._inner = QGraphicsEllipseItem(self.ball)
        self.edge = QGraphicsPolygonItem(parent)
        self._style: tuple[object, ...] = ()
        self._drawn: tuple[Floats, Pixels] | None = None
        self.hide()

    def hide(self) -> None:
        """Take the run off the surface."""
        self._drawn = None
        for item in (*self._lines, self.ball, self.edge):
            item.setVisible(False)

    def draw(
        self, run: RunFrame, rank: int, selected: bool, on_curve: bool, pixels: Pixels, theme: Theme, em: float
    ) -> None:
        """Show the run at the cursor.

        `rank` orders the runs from back to front; `em` is the size of text in pixels. On a curve, where a trail zigzags
        through the air, its dots count, and its line is faint and short.
        """
        if not run.on_surface or not len(run.trail):
            self.hide()
            return
        style = (run.colour, run.ghost, rank, selected, on_curve, theme, em)
        if style != self._style:
            self._style, self._drawn = style, None
            self._set_style(run, 100 * selected + rank, selected, on_curve, theme, em)
        if self._drawn is not None and self._drawn[0] is run.trail and self._drawn[1] is pixels:
            return
        self._drawn = (run.trail, pixels)
        at = pixels(run.trail)
        if on_curve:
            self._trail.set_path(line(at[-_ZIGZAG:]))
            self._dots.set_path(dots(at[-_WIDE:]))
        else:
            wide = line(_thinned(at))
            self._casing.set_path(wide)
            self._trail.set_path(wide)
            # A trail of many points has a line through all of them, one of few a dot at each.
            few = len(at) <= _WIDE
            self._exact.set_path(QPainterPath() if few else line(at))
            self._dots.set_path(dots(at) if few else QPainterPath())
        x, y = at[-1].tolist()
        inside = 0 <= x <= pixels.width and 0 <= y <= pixels.height
        self.ball.setPos(x, y)
        self.ball.setVisible(inside)
        self.edge.setVisible(not inside)
        if not inside:
            self._point_beyond(x, y, pixels, em)
        for item in self._lines:
            item.setVisible(not on_curve or item in (self._trail, self._dots))

    def _set_style(self, run: RunFrame, z: float, selected: bool, on_curve: bool, theme: Theme, em: float) -> None:
        colour, casing = theme.run(run.colour, run.ghost), QColor(theme.panel)
        faint = QColor(colour)
        faint.setAlpha(110)
        casing.setAlpha(200)
        width = em / 14 if run.ghost else em / 8
        self._exact.setPen(pen(colour, 1))
        self._casing.setPen(pen(casing, width + em / 8))
        self._trail.setPen(pen(faint if on_curve else colour, em / 14 if on_curve else width))
        self._dots.setPen(pen(colour, (2.8 if on_curve else 2.2) * width))
        radius = em * (0.5 if selected else 0.3 if run.ghost else 0.4)
        ring = em / 8
        self.ball.setRect(QRectF(-radius, -radius, 2 * radius, 2 * radius))
        self.ball.setBrush(QColor("white"))
        self.ball.setPen(QPen(_DARK, 1))
        inner = radius - ring
        self._inner.setRect(QRectF(-inner, -inner, 2 * inner, 2 * inner))
        self._inner.setBrush(colour)
        self._inner.setPen(QPen(_DARK, 1))
        self.edge.setBrush(colour)
        self.edge.setPen(QPen(QColor("white"), 1))
        for item in self._lines:
            item.setZValue(10 + z)
        self.ball.setZValue(300 + z)
        self.edge.setZValue(300 + z)

    def _point_beyond(self, x: float, y: float, pixels: Pixels, em: float) -> None:
        """Put the triangle where the way from the middle of the view to the ball leaves it."""
        half_x, half_y = pixels.width / 2, pixels.height / 2
        dx, dy = x - half_x, y - half_y
        inset = 0.3 * em
        reach = min((half_x - inset) / max(abs(dx), 1e-9), (half_y - inset) / max(abs(dy), 1e-9))
        tip = (half_x + dx * reach, half_y + dy * reach)
        length = math.hypot(dx, dy)
        self.edge.setPolygon(_arrow(tip, (dx / length, dy / length), 0.9 * em, 0, 0.9 * em))


class StepArrow(QGraphicsPolygonItem):
    """From the selected ball to where the step that follows lands."""

    def draw(self, frame: Frame, pixels: Pixels, em: float) -> None:
        """Show the step; where it is not known on this plane, the direction of steepest descent at one length."""
        trail = frame.run.trail
        towards: Floats | None = None
        if frame.terms and frame.theta_step == frame.step and frame.theta.size == 2:
            towards, shortest, longest = np.negative(frame.terms[-1].value, dtype=float), 1.5 * em, 9 * em
        elif not frame.terms and frame.descent is not None:
            towards, shortest, longest = np.array(frame.descent), 4 * em, 4 * em
        x, y = pixels(trail[-1]).tolist() if len(trail) else (-1, -1)
        in_view = 0 <= x <= pixels.width and 0 <= y <= pixels.height
        if towards is None or not in_view or not np.isfinite(towards).all():
            self.setVisible(False)
            return
        scale_x, scale_y = pixels.scale
        dx, dy = float(towards[0]) * scale_x, float(towards[1]) * scale_y
        length = math.hypot(dx, dy)
        self.setVisible(0 < length < math.inf)
        if not self.isVisible():
            return
        dx, dy, length = dx / length, dy / length, min(max(length, shortest), longest)
        self.setPolygon(_arrow((x + dx * length, y + dy * length), (dx, dy), length, 0.2 * em, 0.7 * em))


def _thinned(at: Floats) -> Floats:
    """At most about `_WIDE` of a trail's points (m, 2) in pixels, the last among them, evenly spaced along it.

    The spacing is a power of two, so that the points kept stay the same while the trail grows.
    """
    if len(at) <= _WIDE:
        return at
    length = np.hypot(*np.diff(at, axis=0).T).cumsum()
    spacing = 2.0 ** max(1, math.ceil(math.log2(max(length[-1], 1) / _WIDE)))
    kept: Floats = at[np.append(np.flatnonzero(np.diff(length // spacing, prepend=-1)), len(at) - 1)]
    return kept


def _arrow(tip: Point, towards: Point, length: float, shaft: float, head: float) -> QPolygonF:
    """An arrow that ends in `tip`; `towards` is its unit vector, all in pixels. Without a shaft it is a triangle."""
    (x, y), (dx, dy) = tip, towards
    outline = [(0, 0), (head, 0.45 * head), (head, shaft / 2), (length, shaft / 2)]
    outline += [(back, -side) for back, side in reversed(outline[1:])]
    return QPolygonF([QPointF(x - dx * back - dy * side, y - dy * back + dx * side) for back, side in outline])
