"""What lies on the terrain: trails, balls, and the known minima."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from gdviz.core.frame import Floats, Frame, RunFrame
from gdviz.core.relief import View
from gdviz.ui.panels.surface.pixels import DARK, pairs, pen
from gdviz.ui.theme import Theme

MANY = 300
"""points of a trail that are drawn when all of it is drawn anew"""
PIECE = 6.0
"""pixels; what is longer is laid over the terrain in pieces"""
_PIECES = 1500
"""of a trail at most"""
_OUTSIDE = 200.0
"""pixels beyond the picture where nothing is drawn any more"""


class Way(NamedTuple):
    """A line laid over the terrain."""

    at: Floats
    """(k, 2) pixels"""
    seen: Floats
    """(k,) 1 where the way on to the next point is seen, 0 where it is hidden, nan where it is out of the picture"""


@dataclass(frozen=True)
class Look:
    """How large and in which colours; `em` is the height of text."""

    theme: Theme
    em: float
    _sprites: dict[tuple[str, str, float, float], QPixmap] = field(default_factory=dict)

    def colour(self, run: RunFrame) -> QColor:
        return self.theme.run(run.colour, run.ghost, run.left)

    def radius(self, run: RunFrame, selected: bool) -> float:
        return self.em * (0.5 if selected else 0.3 if run.ghost or run.left else 0.4)

    def sprite(self, kind: str, colour: str, radius: float, ratio: float) -> QPixmap:
        """A ball's picture, "near", "far" off the plane or "hidden"; painted once."""
        key = kind, colour, radius, ratio
        if key not in self._sprites:
            side = math.ceil(2 * radius + self.em)
            sprite = QPixmap(math.ceil(side * ratio), math.ceil(side * ratio))
            sprite.setDevicePixelRatio(ratio)
            sprite.fill(Qt.GlobalColor.transparent)
            painter = QPainter(sprite)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(sprite.deviceIndependentSize().width() / 2, sprite.deviceIndependentSize().height() / 2)
            _paint_sprite(painter, kind, QColor(colour), radius, self)
            painter.end()
            self._sprites[key] = sprite
        return self._sprites[key]


class Ball(NamedTuple):
    """A run's ball at its true cost, where that is known."""

    run: RunFrame
    selected: bool
    world: Floats
    """(3,)"""
    at: Floats
    """(2,) pixels"""
    foot: Floats
    """(2,) pixels; below or above it, on the terrain"""
    hidden: bool


def balls(runs: Sequence[RunFrame], selected: RunFrame, view: View, look: Look) -> list[Ball]:
    """The balls of runs with a trail; all at once, because one takes as long."""
    if not runs:
        return []
    trail, costs = np.array([run.trail[-1] for run in runs]), np.array([run.trail_costs[-1] for run in runs])
    world = lifted(trail, costs, view)
    surface = np.column_stack([world[:, :2], view.terrain.surface(world[:, :2])])
    radii = np.array([look.radius(run, run is selected) for run in runs]) / 2
    columns = zip(
        runs, world, view.pixels(world), view.pixels(surface), view.hidden(world, radii).tolist(), strict=True
    )
    return [Ball(run, run is selected, *others) for run, *others in columns]


def lifted(points: Floats, costs: Floats, view: View) -> Floats:
    """Points of the plane (m, 2) in world coordinates (m, 3): as high as their costs (m,), else on the terrain."""
    ground = view.terrain.ground(points)
    height = np.where(np.isnan(costs), view.terrain.surface(ground), view.terrain.height(costs))
    return np.column_stack([ground, height])


def ways(lines: Sequence[Floats], view: View, piece: float = PIECE) -> list[Way]:
    """Lay lines through points (m, 3) in world coordinates over the terrain; all at once, because one takes as long."""
    if not lines:
        return []
    world = np.concatenate(lines)
    ends = np.cumsum([len(points) for points in lines]) - 1
    lengths = np.hypot(*np.diff(view.pixels(world), axis=0).T)
    lengths[ends[:-1]] = 0  # from one line to the next
    pieces = np.clip(np.ceil(lengths / max(piece, float(lengths.sum()) / (_PIECES * len(lines)))), 1, 200).astype(int)
    above = world[:, 2] - view.terrain.surface(world[:, :2])
    first, begins = np.repeat(np.arange(len(pieces)), pieces), np.cumsum(pieces) - pieces
    part = (np.arange(len(first)) - begins[first]) / pieces[first]
    laid = world[first] + part[:, None] * (world[first + 1] - world[first])
    laid[:, 2] = view.terrain.surface(laid[:, :2]) + above[first] + part * (above[first + 1] - above[first])
    world = np.concatenate([laid, world[-1:]])
    at, seen = view.pixels(world), np.logical_not(view.hidden(world, 3.0))
    size = np.array([view.width, view.height]) + _OUTSIDE
    in_picture = np.all((at > -_OUTSIDE) & (at < size), axis=1)
    drawn: NDArray[np.bool_] = np.logical_and(in_picture, np.abs(world[:, :2]).max(axis=1) <= 1.001)
    shown = seen[:-1] & seen[1:]
    goes_on = np.full(len(at), np.nan)
    goes_on[:-1] = np.where(drawn[:-1] & drawn[1:], shown, np.nan)
    last = np.append(begins, len(first))[ends]
    goes_on[last] = np.nan
    return [Way(*line) for line in zip(np.split(at, last[:-1] + 1), np.split(goes_on, last[:-1] + 1), strict=True)]


def thinned(world: Floats, view: View, many: int = MANY) -> Floats:
    """At most about ``many`` points (m, 3) of a trail, first and last among them; one of those on the same pixel."""
    if len(world) > 2:
        cells = np.rint(view.pixels(world))
        moved = (cells[1:-1] != cells[:-2]).any(axis=1)
        world = world[np.concatenate([[True], moved, [True]])]
    kept: Floats = world[np.unique(np.append(np.arange(0, len(world), -(-len(world) // many)), len(world) - 1))]
    return kept


def paint_trail(painter: QPainter, run: RunFrame, laid: Way, look: Look, cased: bool = True) -> None:
    """Paint a part of a run's trail, faint and thin where it is behind the terrain."""
    em, colour, casing = look.em, look.colour(run), QColor(DARK)
    width = em / 14 if run.ghost or run.left else em / 8
    faint = QColor(colour)
    faint.setAlpha(90)
    casing.setAlpha(150)
    if run.far:
        colour, casing = faint, QColor(0, 0, 0, 0)
    hidden: NDArray[np.bool_] = laid.seen == 0
    seen: NDArray[np.bool_] = laid.seen == 1
    if hidden.any():
        painter.strokePath(outline(laid.at, hidden), pen(faint, max(1.0, width / 2)))
    if seen.any():
        path = outline(laid.at, seen)
        if cased:
            painter.strokePath(path, pen(casing, width + em / 8))
        painter.strokePath(path, pen(colour, width))


def outline(at: Floats, connect: NDArray[np.bool_]) -> QPainterPath:
    """Those lines between points (m, 2) that are to be drawn; without the points that have none."""
    used = connect | np.append(False, connect[:-1])
    path: QPainterPath = pg.arrayToQPath(
        at[used, 0], at[used, 1], connect=connect[used].astype(np.int32), finiteCheck=False
    )
    return path


def paint_ball(painter: QPainter, ball: Ball, view: View, look: Look) -> None:
    """Paint a run's ball: as on the map, with a shadow; a ring where it is hidden; else an arrow to where it is."""
    run, (x, y) = ball.run, ball.at.tolist()
    em, radius, colour = look.em, look.radius(run, ball.selected), look.colour(run)
    if np.abs(ball.world[:2]).max() > 1.001 or not (0 <= x <= view.width and 0 <= y <= view.height):
        _paint_beyond(painter, ball, colour, view, em)
        return
    if run.off_plane and abs(ball.foot[1] - y) > radius:
        painter.setPen(pen(colour, max(1.0, em / 12), Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, y), QPointF(*ball.foot))
    kind = "hidden" if ball.hidden else "far" if run.far else "near"
    sprite = look.sprite(kind, colour.name(), radius, painter.device().devicePixelRatioF())
    middle = sprite.deviceIndependentSize() / 2
    painter.drawPixmap(QPointF(x - middle.width(), y - middle.height()), sprite)


def _paint_sprite(painter: QPainter, kind: str, colour: QColor, radius: float, look: Look) -> None:
    """A ball around the origin."""
    ring, middle = look.em / 8, QPointF(0, 0)
    if kind == "hidden":
        for stroke in (QPen(QColor(255, 255, 255, 90), 2 * ring), pen(colour, ring, Qt.PenStyle.DotLine)):
            painter.setPen(stroke)
            painter.drawEllipse(middle, radius, radius)
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 70))
    painter.drawEllipse(QPointF(0.3, 0.55) * radius, 1.25 * radius, 0.8 * radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if kind == "far":
        casing = QColor(look.theme.panel)
        casing.setAlpha(200)
        for stroke in (QPen(casing, 3 * ring), QPen(colour, ring)):
            painter.setPen(stroke)
            painter.drawEllipse(middle, radius, radius)
        return
    painter.setPen(QPen(DARK, 1))
    for brush, size in ((QColor("white"), radius), (colour, radius - ring)):
        painter.setBrush(brush)
        painter.drawEllipse(middle, size, size)


def _paint_beyond(painter: QPainter, ball: Ball, colour: QColor, view: View, em: float) -> None:
    """A triangle where the way from the middle to a ball leaves the terrain, or else the picture."""
    size, inset = np.array([view.width, view.height], float), 0.3 * em
    beyond = float(np.abs(ball.world[:2]).max())
    tip, aim, start = ball.at, ball.at, size / 2
    if beyond > 1.001:
        edge = (ball.world[:2] / beyond)[None]
        height = view.terrain.surface(edge)
        (tip, aim) = view.pixels(np.column_stack([np.concatenate([edge, 2 * edge]), np.repeat(height, 2)]))
        start = tip
    if not ((tip >= inset) & (tip <= size - inset)).all():
        start, aim = size / 2, tip
        towards = _unit(aim - start)
        tip = start + towards * np.min((size / 2 - inset) / np.maximum(np.abs(towards), 1e-9))
    painter.setPen(QPen(QColor("white"), 1))
    painter.setBrush(colour)
    painter.drawPolygon(head(tip, _unit(aim - start), 0.9 * em, 0.45 * em))


def _unit(vector: Floats) -> Floats:
    return vector / max(float(np.hypot(*vector)), 1e-9)


def paint_minima(painter: QPainter, frame: Frame, view: View, look: Look) -> None:
    """A small cross at each known minimum that is in the picture, faint where it is hidden."""
    points = np.array(getattr(frame.problem, "minima", ()), float)
    if not len(points) or points.shape[1] != 2:
        return
    world = lifted(points, np.full(len(points), np.nan), view)
    at, hidden = view.pixels(world), view.hidden(world, 4.0)
    inside = (np.abs(world[:, :2]) <= 1).all(axis=1)
    arms = 0.3 * look.em * np.array([[(-1, -1), (1, 1)], [(-1, 1), (1, -1)]])
    for which, alpha in ((inside & ~hidden, 255), (inside & hidden, 70)):
        if which.any():
            path = pairs((at[which][:, None, None] + arms).reshape(-1, 2, 2))
            for colour, width in ((DARK, look.em / 8 + look.em / 6), (QColor("white"), look.em / 8)):
                faint = QColor(colour)
                faint.setAlpha(alpha)
                painter.strokePath(path, pen(faint, width))


def head(tip: Floats, towards: Floats, length: float, half: float) -> QPolygonF:
    """A triangle with its tip there, pointing along a unit vector."""
    back, across = tip - towards * length, np.array([-towards[1], towards[0]]) * half
    return QPolygonF([QPointF(*point) for point in (tip, back + across, back - across)])
