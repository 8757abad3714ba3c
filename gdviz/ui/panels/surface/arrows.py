"""The step that follows, drawn from the ball: as one arrow, or taken apart into what the optimizer makes it of."""

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QFont, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsEllipseItem, QGraphicsItem, QGraphicsPolygonItem

from gdviz.core.frame import Floats, Frame
from gdviz.core.optimizer import Role, Term
from gdviz.ui.panels.surface.curve import tangent
from gdviz.ui.panels.surface.pill import Pill
from gdviz.ui.panels.surface.pixels import DARK, CasedStroke, Pixels, arrow, pen
from gdviz.ui.theme import Theme

_LONGEST = 7.0
"""em; the longest of the arrows that share the slope's unit"""
_SHORTEST_STEP = 1.5
"""em; a shorter step could not be seen"""
_FAR = 1e4
"""pixels; no arrow goes farther"""
_AROUND = np.radians([0, 50, -50, 100, -100, 150, -150])
"""where a label may stand around the end of what it names, from straight on"""


def term_colour(theme: Theme, role: Role) -> QColor:
    """The colour of a part of a step, in the picture and in the numbers."""
    colours = {"slope": theme.accent, "direction": theme.warning, "size": theme.muted, "step": theme.text}
    return QColor(colours[role])


class StepArrow(QGraphicsPolygonItem):
    """From the selected ball to where the step that follows lands."""

    def __init__(self, parent: QGraphicsItem) -> None:
        super().__init__(parent)
        self.setBrush(QColor("white"))
        self.setPen(QPen(DARK, 1))
        self.setZValue(200)
        self.hide()

    def draw(self, frame: Frame, pixels: Pixels, em: float) -> None:
        """Show the step; where it is not known on this plane, the direction of steepest descent at one length."""
        trail = frame.run.trail
        towards: Floats | None = None
        if frame.terms and frame.theta_step == frame.step and frame.theta.size == 2:
            towards, shortest, longest = np.negative(frame.terms[-1].value, dtype=float), _SHORTEST_STEP * em, 9 * em
        elif not frame.terms and frame.descent is not None:
            towards, shortest, longest = np.array(frame.descent), 4 * em, 4 * em
        x, y = pixels(trail[-1]).tolist() if len(trail) else (-1, -1)
        if towards is None or not pixels.hold(x, y) or not np.isfinite(towards).all():
            self.setVisible(False)
            return
        scale_x, scale_y = pixels.scale
        dx, dy = float(towards[0]) * scale_x, float(towards[1]) * scale_y
        length = math.hypot(dx, dy)
        self.setVisible(0 < length < math.inf)
        if not self.isVisible():
            return
        dx, dy, length = dx / length, dy / length, min(max(length, shortest), longest)
        self.setPolygon(arrow((x + dx * length, y + dy * length), (dx, dy), length, 0.2 * em, 0.7 * em))


class StepParts:
    """The first terms of the step at the selected ball, each with its name, and at last the point where it lands.

    Slopes and what is made of them point downhill, the way that they push, and share one scale. Sizes, which have no
    direction, are boxes around the ball as wide as their roots, on the same scale. The step is as long as it is on the
    map. On a curve, where all lie along one axis, they stand one above the other.
    """

    def __init__(self, parent: QGraphicsItem) -> None:
        self._parent = parent
        self._arrows: list[QGraphicsPolygonItem] = []
        self._boxes: list[CasedStroke] = []
        self._pills: list[Pill] = []
        self._landing = QGraphicsEllipseItem(parent)
        self._landing.setZValue(250)
        self.hide()

    def set_theme(self, theme: Theme, font: QFont, em: float) -> None:
        """Take another look."""
        self._theme, self._font, self._em = theme, font, em
        radius = 0.4 * em
        self._landing.setRect(QRectF(-radius, -radius, 2 * radius, 2 * radius))
        self._landing.setPen(pen(theme.text, em / 8))
        self._landing.setBrush(QColor(theme.panel))

    def hide(self) -> None:
        """Take all away."""
        for item in (*self._arrows, *self._boxes, self._landing):
            item.hide()
        for pill in self._pills:
            pill.hide()

    def draw(self, frame: Frame, part: int, pixels: Pixels) -> None:
        """Show the terms up to number ``part``, and where that is one past the last, the new point."""
        self.hide()
        ball = pixels(frame.run.trail[-1])
        if not pixels.hold(*ball):
            return
        em, terms, on_curve = self._em, frame.terms, frame.theta.size == 1
        vectors = [_on_screen(term, pixels) for term in terms]
        drawn = [i for i, term in enumerate(terms) if term.role != "step" and not (on_curve and _is_plain(terms))]
        factor = self._shared_factor(ball, [vectors[i] for i in drawn], pixels)
        around = QRectF(ball[0] - 0.6 * em, ball[1] - 0.6 * em, 1.2 * em, 1.2 * em)
        self._taken, self._within = [around], QRectF(0, 0, pixels.width, pixels.height)
        row = np.array([0.0, 1.7 * em if ball[1] < pixels.height / 2 else -1.7 * em])
        named = []
        for i, (term, vector) in enumerate(zip(terms[: part + 1], vectors, strict=False)):
            colour, text, at = term_colour(self._theme, term.role), term.name, ball
            if i in drawn:
                vector = vector * factor
                at = ball + row * (1 + drawn.index(i)) if on_curve else ball
                self._draw_term(term, at, vector, colour)
            elif term.role == "slope":
                at, vector = _lower_half(tangent(frame, pixels))
                self._keep_free(at, vector)
            elif on_curve:
                self._keep_free(ball, vector)
            else:
                length = float(np.hypot(*vector))
                if 0 < length < _SHORTEST_STEP * em:
                    vector, text = vector * (_SHORTEST_STEP * em / length), f"{term.name}, drawn longer"
                self._draw_arrow(ball, vector, colour)
            if not np.any(term.value):
                text = f"{term.name} = 0"
            named.append((text, at + vector * (0.5 if on_curve and term.role == "step" else 1), vector, colour))
        if part >= len(terms):
            named.append(self._land(frame, ball, pixels))
        for text, end, vector, colour in named:
            self._name(text, end, vector, colour)

    def _shared_factor(self, ball: Floats, vectors: Sequence[Floats], pixels: Pixels) -> float:
        """What makes the longest vector in pixels `_LONGEST`, or less where it would leave the view soon after."""
        longest = max((float(np.hypot(*vector)) for vector in vectors), default=0.0)
        if not longest:
            return 1.0
        size, edge = np.array([pixels.width, pixels.height]), 0.5 * self._em
        factor = _LONGEST * self._em / longest
        for vector in vectors:
            room = np.where(vector < 0, ball, size - ball) - edge
            with np.errstate(divide="ignore"):
                factor = min(factor, float(np.min(room / np.abs(vector))))
        return max(factor, _LONGEST * self._em / longest / 3)

    def _draw_term(self, term: Term, at: Floats, vector: Floats, colour: QColor) -> None:
        if term.role == "size":
            self._draw_box(at, vector, colour)
        else:
            self._draw_arrow(at, vector, colour)

    def _draw_arrow(self, start: Floats, vector: Floats, colour: QColor) -> None:
        length = float(np.hypot(*vector))
        if not 0.5 < length < math.inf:
            return
        item = next((item for item in self._arrows if not item.isVisible()), None)
        if item is None:
            item = QGraphicsPolygonItem(self._parent)
            self._arrows.append(item)
        em = self._em
        tip, towards = (start + vector).tolist(), (vector / length).tolist()
        item.setPolygon(arrow(tip, towards, length, min(0.22 * em, 0.2 * length), min(0.75 * em, 0.7 * length)))
        item.setZValue(240 - min(length / _FAR, 1))  # the shorter over the longer
        item.setBrush(colour)
        item.setPen(QPen(QColor(self._theme.panel), 1.5))
        item.show()
        self._keep_free(start, vector)

    def _keep_free(self, start: Floats, vector: Floats) -> None:
        """Let no label cover a line."""
        half, length = 0.4 * self._em, float(np.hypot(*vector))
        if not math.isfinite(length):
            return
        for share in np.arange(half, length, 2 * half) / max(length, half):
            x, y = (start + share * vector).tolist()
            self._taken.append(QRectF(x - half, y - half, 2 * half, 2 * half))

    def _draw_box(self, at: Floats, half: Floats, colour: QColor) -> None:
        """A box, or, flat on a curve, a line with an end on either side."""
        item = next((item for item in self._boxes if not item.isVisible()), None)
        if item is None:
            item = CasedStroke(self._parent, 230)
            self._boxes.append(item)
        item.set_pens(pen(colour, self._em / 9), QColor(self._theme.panel), 1.5)
        (x, y), (width, height) = at.tolist(), half.tolist()
        path = QPainterPath()
        path.addRect(QRectF(x - width, y - height, 2 * width, 2 * height))
        if not height:
            for end in (x - width, x + width):
                path.moveTo(end, y - 0.3 * self._em)
                path.lineTo(end, y + 0.3 * self._em)
        item.set_path(path)
        item.show()

    def _land(self, frame: Frame, ball: Floats, pixels: Pixels) -> tuple[str, Floats, Floats, QColor]:
        """The ring on a map (a curve has its own), and its name."""
        theta = frame.theta - frame.terms[-1].value
        if theta.size == 1:
            with np.errstate(all="ignore"):
                theta = np.append(theta, frame.problem.costs_and_gradients(theta[None])[0])
        if not np.isfinite(theta).all():
            self._landing.setVisible(False)
            return "no new point: it blows up", ball, np.array([0.0, -1.0]), term_colour(self._theme, "step")
        at = pixels(theta)
        self._keep_free(at, np.array([0.0, ball[1] - at[1]]))  # on a curve, the way down to it
        self._taken.append(QRectF(at[0] - self._em / 2, at[1] - self._em / 2, self._em, self._em))
        self._landing.setPos(*at.tolist())
        self._landing.setVisible(frame.theta.size == 2 and pixels.hold(*at))
        text = "new point" if pixels.hold(*at) else "new point, out of view"
        return text, at, at - ball, term_colour(self._theme, "step")

    def _name(self, text: str, end: Floats, along: Floats, colour: QColor) -> None:
        pill = next((pill for pill in self._pills if not pill.text), None)
        if pill is None:
            pill = Pill(self._parent, 500)
            self._pills.append(pill)
        pill.write(text, self._theme, self._font, colour)
        length = float(np.hypot(*along))
        x, y = (along / length).tolist() if 0 < length < math.inf else (1.0, 0.0)
        width, height = pill.size
        places = []
        for gap in (0.5, 1.8, 3.1):
            for angle in _AROUND:
                dx, dy = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
                out = gap * self._em + abs(dx) * width / 2 + abs(dy) * height / 2
                places.append((end[0] + dx * out, end[1] + dy * out))
        pill.show_beside(places, self._taken, self._within)


def _is_plain(terms: Sequence[Term]) -> bool:
    """Whether the step is made of the slope alone; on a curve, the tangent then says all."""
    return all(term.role in ("slope", "step") for term in terms)


def _on_screen(term: Term, pixels: Pixels) -> Floats:
    """A term in pixels (2,), at the scale of the map: the way it pushes, or for a size the halves of its box."""
    value = np.append(term.value, 0.0)[:2].astype(float)
    with np.errstate(all="ignore"):
        if term.role == "size":
            vector: Floats = np.sqrt(np.abs(value)) * np.abs(pixels.scale)
        else:
            vector = -value * pixels.scale
    finite = np.nan_to_num(vector, nan=0.0, posinf=1e300, neginf=-1e300)
    return finite if np.hypot(*finite) <= _FAR else finite * (_FAR / np.hypot(*finite))


def _lower_half(ends: Floats) -> tuple[Floats, Floats]:
    """The middle of a tangent (2, 2) in pixels, and from there the way down it."""
    middle = ends.mean(axis=0)
    return middle, ends[int(np.argmax(ends[:, 1]))] - middle
