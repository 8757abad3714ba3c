"""What moves on the surface: each run's trail and ball."""

import itertools
import math

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QBrush, QColor, QPen
from PySide6.QtWidgets import QGraphicsEllipseItem, QGraphicsItem, QGraphicsPolygonItem

from gdviz.core.frame import Floats, RunFrame
from gdviz.ui.panels.surface.pixels import DARK, Pixels, Stroke, arrow, dots, pairs, pen
from gdviz.ui.panels.surface.trail import MANY, Trail
from gdviz.ui.theme import Theme

_DOTS = 300
"""newest points of a trail on a curve that have a dot"""
_ZIGZAG = 60
"""newest points of a trail on a curve that are joined by lines"""
_STEPS_ON = 4096
"""steps between two frames that are all drawn; of more, as after a jump, the trail shows a choice"""
_FAINT = 0.35
"""opacity of the trail of a run that is far off the plane"""


class RunMarks:
    """One run's trail and ball, or the arrow at the edge of the view behind which the ball is."""

    def __init__(self, parent: QGraphicsItem) -> None:
        self._trail, self._zigzag, self._dots = Trail(parent), Stroke(parent, 0), Stroke(parent, 0)
        self.ball = QGraphicsEllipseItem(parent)
        self._inner = QGraphicsEllipseItem(self.ball)
        self.edge = QGraphicsPolygonItem(parent)
        self._style: tuple[object, ...] = ()
        self._drawn: tuple[RunFrame, Pixels] | None = None
        self.hide()

    def hide(self) -> None:
        """Take the run off the surface."""
        self._drawn = None
        for item in (self._trail, self._zigzag, self._dots, self.ball, self.edge):
            item.setVisible(False)

    def draw(
        self, run: RunFrame, rank: int, selected: bool, on_curve: bool, pixels: Pixels, theme: Theme, em: float
    ) -> None:
        """Show the run at the cursor.

        `rank` orders the runs from back to front; `em` is the size of text in pixels. On a curve, where a trail zigzags
        through the air, its dots count, and its line is faint and short. A ball far off the plane is only a ring there,
        and its trail is faint: the map under it is not the cost that it has.
        """
        if not run.on_surface or not len(run.trail):
            self.hide()
            return
        far = run.far
        style = (run.colour, run.ghost, run.left, far, rank, selected, theme, em)
        if style != self._style:
            self._style, self._drawn = style, None
            self._set_style(run, 100 * selected + rank, selected, far, theme, em)
        before = self._drawn[0] if self._drawn is not None and self._drawn[1] is pixels else None
        if before is not None and before.trail is run.trail:
            return
        self._drawn = (run, pixels)
        at = pixels(run.trail)
        if on_curve:
            jumps, places = _distinct(at[-_ZIGZAG:], at[-_DOTS:])
            self._zigzag.set_path(pairs(jumps))
            self._dots.set_path(dots(places))
        elif before is not None and len(way := _way_on(before, run)):
            self._trail.go_on(pixels(way))
        else:
            self._trail.draw(at, pixels)
        x, y = at[-1].tolist()
        inside = pixels.hold(x, y)
        self.ball.setPos(x, y)
        self.ball.setVisible(inside)
        self.edge.setVisible(not inside)
        if not inside:
            self._point_beyond(x, y, pixels, em)
        self._trail.setVisible(not on_curve)
        self._zigzag.setVisible(on_curve)
        self._dots.setVisible(on_curve)

    def _set_style(self, run: RunFrame, z: float, selected: bool, far: bool, theme: Theme, em: float) -> None:
        colour, casing = theme.run(run.colour, run.ghost, run.left), QColor(theme.panel)
        faint = QColor(colour)
        faint.setAlpha(110)
        casing.setAlpha(200)
        width = em / 14 if run.ghost or run.left else em / 8
        self._trail.set_style(colour, casing, width, em)
        self._trail.setOpacity(_FAINT if far else 1)
        self._zigzag.setPen(pen(faint, em / 14))
        self._dots.setPen(pen(colour, 2.8 * width))
        ring = em / 8
        radius = em * (0.5 if selected else 0.3 if run.ghost or run.left else 0.4) + (ring / 2 if far else 0)
        self.ball.setRect(QRectF(-radius, -radius, 2 * radius, 2 * radius))
        inner = radius if far else radius - ring
        self._inner.setRect(QRectF(-inner, -inner, 2 * inner, 2 * inner))
        solid = QPen(DARK, 1)
        # Hollow, the inner ellipse is the ring and the outer one, a wider line about as large, its casing.
        self.ball.setPen(QPen(casing, 3 * ring) if far else solid)
        self.ball.setBrush(QBrush() if far else QColor("white"))
        self._inner.setPen(QPen(colour, ring) if far else solid)
        self._inner.setBrush(QBrush() if far else colour)
        self.edge.setPen(QPen(colour if far else QColor("white"), ring if far else 1))
        self.edge.setBrush(casing if far else colour)
        for item in (self._trail, self._zigzag, self._dots):
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
        self.edge.setPolygon(arrow(tip, (dx / length, dy / length), 0.9 * em, 0, 0.9 * em))


def _way_on(before: RunFrame, run: RunFrame) -> Floats:
    """All positions (m, 2) from where a run was to where it is; empty where it did not simply go some steps on."""
    knobs, first, last = run.past.knobs, before.row, run.row
    if min(len(before.trail), len(run.trail)) <= MANY or knobs.shape[1] != 2 or not first < last <= first + _STEPS_ON:
        return np.empty((0, 2))
    way = knobs[first : last + 1]
    simply = np.array_equal(way[0], before.trail[-1]) and np.array_equal(way[-1], run.trail[-1])
    return way if simply else np.empty((0, 2))


def _distinct(joined: Floats, dotted: Floats) -> tuple[Floats, Floats]:
    """The different jumps (k, 2, 2) between joined points (m, 2) in pixels, and the different dotted points (l, 2).

    To half a pixel: a run that bounces for ever or has arrived is a line and a few dots, at any number of steps.
    """
    ends, places = ((np.rint(2 * at) / 2).tolist() for at in (joined, dotted))
    jumps = dict.fromkeys((*min(a, b), *max(a, b)) for a, b in itertools.pairwise(ends) if a != b)
    return np.array(list(jumps)).reshape(-1, 2, 2), np.array(list(dict.fromkeys(map(tuple, places))))
