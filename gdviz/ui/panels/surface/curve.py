"""The cost of one knob as a curve: its tangent at the ball, and the jump that the step makes."""

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGraphicsEllipseItem, QGraphicsItem

from gdviz.core.frame import Floats, Frame, Landscape
from gdviz.ui.panels.surface.pixels import Pixels, Stroke, line, pen
from gdviz.ui.theme import Theme


class CostCurve:
    """The items of the curve in a view box."""

    def __init__(self, view: pg.ViewBox) -> None:
        self._curve, self._tangent, self._jump = Stroke(view, 1), Stroke(view, 6), Stroke(view, 7)
        # Painted again only when the view changes: a wide line costs more than all that moves over it.
        self._curve.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.landing = QGraphicsEllipseItem(view)
        self.landing.setZValue(8)
        self._drawn: tuple[Landscape, Pixels] | None = None

    def set_theme(self, theme: Theme, em: float) -> None:
        self._curve.setPen(pen(theme.muted, em / 7))
        self._tangent.setPen(pen(theme.accent, em / 8))
        self._jump.setPen(pen(theme.text, em / 12, Qt.PenStyle.DashLine))
        self.landing.setPen(pen(theme.text, em / 8))
        self.landing.setBrush(QColor(theme.panel))
        radius = em * 0.4
        self.landing.setRect(QRectF(-radius, -radius, 2 * radius, 2 * radius))
        self._drawn = None

    def hide(self) -> None:
        """Take the curve away."""
        self._drawn = None
        for item in (self._curve, self._tangent, self._jump, self.landing):
            item.setVisible(False)

    def draw(self, frame: Frame, landscape: Landscape, pixels: Pixels, part: int | None) -> None:
        """Show the landscape and the step from the ball: all of it, or as far as ``part`` of its terms has come."""
        if self._drawn is None or self._drawn[0] is not landscape or self._drawn[1] is not pixels:
            self._drawn = (landscape, pixels)
            finite = np.isfinite(landscape.costs)
            self._curve.set_path(line(pixels(np.stack([landscape.x[finite], landscape.costs[finite]], axis=1))))
            self._curve.setVisible(True)
        known = frame.run.on_surface and len(frame.run.trail) > 0 and frame.theta_step == frame.step
        sloped = known and frame.slope is not None and math.isfinite(frame.slope[0])
        self._tangent.setVisible(sloped)
        if sloped:
            self._tangent.set_path(line(tangent(frame, pixels)))
        last = len(frame.terms) - 1
        jumps = known and bool(frame.terms) and (part is None or part >= last)
        self._draw_jump(frame, pixels, jumps, lands=part is None or part > last)

    def _draw_jump(self, frame: Frame, pixels: Pixels, known: bool, lands: bool) -> None:
        """Across to the new knob at the ball's height, then down or up to the cost there."""
        landing = (math.nan, math.nan)
        if known:
            theta = frame.theta - frame.terms[-1].value
            with np.errstate(all="ignore"):
                landing = (float(theta[0]), float(frame.problem.costs_and_gradients(theta[None])[0][0]))
        known = all(map(math.isfinite, landing))
        self._jump.setVisible(known)
        self.landing.setVisible(known and lands)
        if known:
            ball = frame.run.trail[-1].tolist()
            corners = pixels(np.array([ball, (landing[0], ball[1]), landing]))
            self._jump.set_path(line(corners if lands else corners[:2]))
            self.landing.setPos(*corners[-1].tolist())


def tangent(frame: Frame, pixels: Pixels) -> Floats:
    """The ends (2, 2) in pixels of the line through the ball on a curve that has the slope there."""
    assert frame.slope is not None
    scale_x, scale_y = pixels.scale
    slope = float(frame.slope[0]) * scale_y
    along = np.array([scale_x, slope]) / max(abs(scale_x), abs(slope)) if math.isfinite(slope) else np.array([0, 1.0])
    half = along * (min(pixels.width, pixels.height) / 4 / np.hypot(*along))
    ball = pixels(frame.run.trail[-1])
    return np.array([ball - half, ball + half])
