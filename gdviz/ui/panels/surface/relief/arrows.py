"""The step that follows, over the terrain: as one arrow, or taken apart into what the optimizer makes it of."""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from gdviz.core.frame import Floats, Frame, RunFrame
from gdviz.core.optimizer import Term
from gdviz.core.relief import View
from gdviz.ui.panels.surface.arrows import term_colour
from gdviz.ui.panels.surface.pixels import DARK, pen
from gdviz.ui.panels.surface.relief.marks import Look, head, lifted, outline, ways
from gdviz.ui.theme import Theme

_LONGEST = 7.0
"""em; the longest of the arrows that share the slope's unit"""


def paint_step(painter: QPainter, frame: Frame, view: View, look: Look) -> None:
    """The arrow of the step that follows, over the ground to where it lands, else down the slope at one length."""
    run, em = frame.run, look.em
    if frame.terms and frame.theta_step == frame.step and frame.theta.size == 2:
        towards, shortest, longest = -np.asarray(frame.terms[-1].value, float), 1.5 * em, 9 * em
    elif not frame.terms and frame.descent is not None:
        towards, shortest, longest = np.array(frame.descent), 4 * em, 4 * em
    else:
        return
    _paint_arrow(painter, _reach(run, towards, shortest, longest, view), QColor("white"), DARK, view, em)


def paint_parts(painter: QPainter, frame: Frame, part: int, view: View, look: Look) -> None:
    """The first terms of the step, ``part`` of them and one more, with their names; past the last, the new point.

    Slopes and what is made of them point downhill and share one scale, sizes are boxes on the same scale; the step is
    as long as it is.
    """
    run, em, theme = frame.run, look.em, look.theme
    shared = [term for term in frame.terms if term.role != "step"]
    lengths = [float(np.hypot(*_pixels_along(_push(term), view))) for term in shared]
    factor = _LONGEST * em / max([*lengths, 1e-300])
    labels: list[tuple[str, Floats, Floats, QColor]] = []
    start = view.pixels(lifted(run.trail[-1:], run.trail_costs[-1:], view))[0]
    for term in frame.terms[: part + 1]:
        colour, push = term_colour(theme, term.role), _push(term)
        if not np.isfinite(push).all():
            continue
        if term.role == "size":
            end = _paint_box(painter, run, push * factor, colour, view, em)
        else:
            length = float(np.hypot(*_pixels_along(push, view)))
            reach = (max(1.5 * em, length), length + 1.5 * em) if term.role == "step" else (length * factor,) * 2
            end = _paint_arrow(painter, _reach(run, push, *reach, view), colour, QColor(theme.panel), view, em)
        labels.append((term.name if np.any(term.value) else f"{term.name} = 0", end, end - start, colour))
    if part >= len(frame.terms):
        landing = (frame.theta - np.asarray(frame.terms[-1].value, float))[None]
        if np.isfinite(landing).all():
            end = view.pixels(lifted(landing, np.array([np.nan]), view))[0]
            painter.setPen(pen(theme.text, em / 8))
            painter.setBrush(QColor(theme.panel))
            painter.drawEllipse(QPointF(*end), 0.4 * em, 0.4 * em)
            labels.append(("new point", end, end - start, QColor(theme.text)))
    taken = [QRectF(start[0] - em / 2, start[1] - em / 2, em, em)]
    for label in labels:
        _paint_name(painter, *label, view, look, taken)


def _push(term: Term) -> Floats:
    """The way a term pushes on the plane (2,), or for a size the halves of its box."""
    value = np.asarray(term.value, float)
    with np.errstate(all="ignore"):
        return np.sqrt(np.abs(value)) if term.role == "size" else -value


def _pixels_along(vector: Floats, view: View) -> Floats:
    """How far a vector of the plane (2,) reaches on the screen, were the ground seen straight from above."""
    spans: Floats = view.terrain.plane(np.ones(2)) - view.terrain.plane(-np.ones(2))
    return vector / spans * (2 * view.scale)


def _reach(run: RunFrame, towards: Floats, shortest: float, longest: float, view: View) -> Floats:
    """Points of the plane (2, 2): the ball, and the end of an arrow between so many pixels long; (0, 2) if none."""
    length = float(np.hypot(*_pixels_along(towards, view))) if np.isfinite(towards).all() else 0.0
    if not 0 < length < math.inf:
        return np.empty((0, 2))
    factor = min(max(length, shortest), max(longest, shortest)) / length
    return np.stack([run.trail[-1], run.trail[-1] + towards * factor])


def _paint_arrow(painter: QPainter, ends: Floats, colour: QColor, casing: QColor, view: View, em: float) -> Floats:
    """An arrow over the terrain between two points of the plane; where its tip is, (2,) in pixels."""
    if not len(ends):
        return np.zeros(2)
    heights = np.full(2, np.nan)
    (laid,) = ways([lifted(ends, heights, view)], view)
    on_block = np.abs(view.terrain.ground(ends[1])).max() <= 1
    at = laid.at if on_block else laid.at[: max(2, int(np.argmax(np.isnan(laid.seen))) + 1)]
    tip: Floats = at[-1]
    # The head is as long on the screen from whatever side the arrow is seen.
    behind = np.hypot(*(at - tip).T)
    length = min(0.75 * em, 0.8 * float(behind[0]))
    back = int(np.flatnonzero(behind >= length)[-1]) if (behind >= length).any() else 0
    towards = (tip - at[back]) / max(float(np.hypot(*(tip - at[back]))), 1e-9)
    shaft = at[: back + 1]
    line = QPainterPath(QPointF(*shaft[0]))
    for point in shaft[1:]:
        line.lineTo(*point)
    line.lineTo(*(tip - towards * 0.6 * length))
    edge = QPen(casing, 1.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.strokePath(line, pen(casing, 0.2 * em + 2.2))
    painter.setPen(edge)
    painter.setBrush(colour)
    painter.drawPolygon(head(tip, towards, length, 0.48 * length + 1))
    flat = pen(colour, 0.2 * em)
    flat.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.strokePath(line, flat)
    return tip


def _paint_box(painter: QPainter, run: RunFrame, half: Floats, colour: QColor, view: View, em: float) -> Floats:
    """A box on the terrain around the ball; where its right end is, (2,) in pixels."""
    corners = run.trail[-1] + half * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)])
    (laid,) = ways([lifted(corners, np.full(5, np.nan), view)], view)
    path = outline(laid.at, np.append(~np.isnan(laid.seen[:-1]), False))
    painter.strokePath(path, pen(DARK, em / 8 + 2))
    painter.strokePath(path, pen(colour, em / 8))
    end: Floats = laid.at[int(np.argmax(laid.at[:, 0]))]
    return end


def _paint_name(
    painter: QPainter,
    text: str,
    end: Floats,
    along: Floats,
    colour: QColor,
    view: View,
    look: Look,
    taken: list[QRectF],
) -> None:
    """A word on a pill beyond the end of what it names, or beside it where something else is there."""
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(text) + 8.0, float(metrics.height())
    angle = math.atan2(along[1], along[0]) if np.any(along) else 0.0
    room = QRectF(2, 2, view.width - 4, view.height - 4)
    boxes = []
    for gap in (0.5, 1.8, 3.1):
        for turn in np.radians([0, 50, -50, 100, -100, 150, -150]):
            dx, dy = math.cos(angle + turn), math.sin(angle + turn)
            out = gap * look.em + abs(dx) * width / 2 + abs(dy) * height / 2
            box = QRectF(end[0] + dx * out - width / 2, end[1] + dy * out - height / 2, width, height)
            box.moveLeft(min(max(box.left(), room.left()), max(room.left(), room.right() - width)))
            box.moveTop(min(max(box.top(), room.top()), max(room.top(), room.bottom() - height)))
            boxes.append(box)
    box = next((box for box in boxes if not any(box.intersects(other) for other in taken)), boxes[0])
    taken.append(box)
    paint_pill(painter, text, box, look.theme, colour)


def paint_pill(painter: QPainter, text: str, box: QRectF, theme: Theme, edge: QColor) -> None:
    """A word in a box."""
    ground = QColor(theme.panel)
    ground.setAlpha(225)
    painter.setBrush(ground)
    painter.setPen(QPen(edge, 1.5))
    painter.drawRoundedRect(box, box.height() / 3, box.height() / 3)
    painter.setPen(QColor(theme.text))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
