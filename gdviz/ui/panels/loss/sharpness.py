"""How curved the cost is as a run goes on, beside the curvature for which its learning rate becomes too large."""

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsLineItem, QGraphicsPathItem, QGraphicsSimpleTextItem

from gdviz.core.curvature import sharpness_images
from gdviz.core.frame import Floats, Frame, RunFrame
from gdviz.core.optimizers import kind_of
from gdviz.ui.panels.loss.axis import Scale
from gdviz.ui.panels.loss.strokes import dot_pen, dots, line
from gdviz.ui.panels.loss.view import View, above
from gdviz.ui.panels.plot import Axis, line_pen, placed
from gdviz.ui.theme import Theme
from gdviz.ui.widgets import number

_GAP = 14
"""pixels between both, for the numbers at their ends"""
_HIGHEST = 4
"""times the largest sharpness: so far up the plot goes for the limit"""
_CORNERS = 1000
"""of a limit that changes with a schedule, at most"""
_SHARE = 0.62
"""of the height, for the cost above it"""


class SharpnessPlot:
    """A plot under the cost's, over the same axis: the selected run's sharpness, and what its rate bears."""

    def __init__(self, plot: pg.GraphicsLayoutWidget, above_it: View) -> None:
        self._layout = plot.ci.layout
        self.view, self.axis = View(enableMenu=False), Axis("left")
        plot.addItem(self.axis, 1, 0)
        plot.addItem(self.view, 1, 1)
        self.axis.linkToView(self.view)
        self.axis.enableAutoSIPrefix(False)
        self.view.disableAutoRange()
        self.view.setDefaultPadding(0)
        self.view.setXLink(above_it)
        self.view.setMouseEnabled(x=True, y=False)
        self._limit, self._curve, self._dots = (placed(QGraphicsPathItem(), z) for z in (-1, 0, 1))
        for item in (self._limit, self._curve, self._dots):
            self.view.addItem(item, ignoreBounds=True)
        self._marker = placed(QGraphicsLineItem(self.view), 20)
        self._limit_name = placed(QGraphicsSimpleTextItem(self.view), 25)
        self._x, self._limit_at, self._limit_end = 0.0, math.nan, 0.0
        self._at_left = self._is_above = False
        self.view.sigRangeChanged.connect(self._place)
        self.view.sigResized.connect(self._place)
        self.set_visible(False)

    def set_visible(self, visible: bool) -> None:
        """Show it under the cost, or leave all of the room to that."""
        for item in (self.view, self.axis):
            item.setVisible(visible)
        self._layout.setRowStretchFactor(0, 100)
        self._layout.setRowSpacing(0, _GAP if visible else 0)
        self._layout.setRowStretchFactor(1, round(100 * (1 / _SHARE - 1)) if visible else 0)
        self._layout.setRowMaximumHeight(1, 10_000 if visible else 0)
        self._layout.setRowPreferredHeight(1, 60 if visible else 0)

    def set_theme(self, theme: Theme) -> None:
        """Recolour it."""
        self._theme = theme
        self.axis.setPen(pg.mkPen(theme.border))
        self.axis.setTextPen(pg.mkPen(theme.muted))
        self._limit.setPen(_dashed(theme))
        self._marker.setPen(line_pen(theme.text, 1))
        self._limit_name.setBrush(pg.mkBrush(theme.muted))

    def set_font(self, font: QFont, width: float) -> None:
        """Letter it; ``width`` is the cost axis's."""
        self.axis.setStyle(tickFont=font, tickLength=-4, tickTextOffset=4)
        self.axis.setWidth(width)
        self._limit_name.setFont(font)
        self._place()

    def draw(self, frame: Frame, scale: Scale) -> None:
        """Show the selected run's, whose steps stand where ``scale`` says."""
        run, self._x = frame.run, scale.at(frame.step)
        x, values = scale.spread(run.sharpness.steps.astype(float)), run.sharpness.values
        colour = self._theme.run(run.colour, run.ghost)
        self._curve.setPen(line_pen(colour, 1.5))
        self._dots.setPen(dot_pen(colour, 5))
        (left, right), _ = self.view.viewRange()
        self._curve.setPath(line(x, values))
        self._dots.setPath(dots(x, values, (right - left) / 4096))
        limit_steps, limits = bearable(run)
        limit_x = scale.spread(limit_steps)
        self._limit.setPath(line(limit_x, limits) if len(limits) else QPainterPath())
        self._limit_at = float(limits[-1]) if len(limits) else math.nan
        self._limit_end = float(limit_x[-1]) if len(limits) else 0.0
        # Its name stands at that end of the line from which the curve is farther away, and on the other side of it.
        ends = values[[0, -1]] if len(values) else np.zeros(2)
        self._at_left = bool(abs(ends[0] - self._limit_at) > abs(ends[1] - self._limit_at))
        self._is_above = bool(ends[0 if self._at_left else 1] > self._limit_at)
        rule = "2 / rate" if kind_of(type(run.optimizer)) == "gradient-descent" else "stability limit"
        self._limit_name.setText(f"{rule} = {self._limit_at:.3g}" if len(limits) else "")
        shown = values[np.isfinite(values)]
        highest = float(shown.max(initial=0))
        # The limit now, as long as it leaves something to be seen of the curve: a rate that goes to 0 bears anything.
        borne = limits[max(0, int(np.searchsorted(limit_steps, frame.step, side="right")) - 1)] if len(limits) else 0.0
        highest = max(highest, min(float(borne), _HIGHEST * highest) if highest else float(borne))
        bottom = min(0.0, float(shown.min(initial=0)))
        top = above(max(highest, 1e-6))
        edge = 0.04 * (top - bottom)
        self.view.setYRange(-above(-bottom) if bottom < 0 else -edge, top + edge)
        self._place()

    def _place(self) -> None:
        (left, right), (bottom, top) = self.view.viewRange()
        area = self.view.rect()
        if not (left < right and bottom < top):
            return
        self._marker.setVisible(math.isfinite(self._x))
        if math.isfinite(self._x):
            x = math.floor(area.width() * (self._x - left) / (right - left)) + 0.5
            self._marker.setLine(x, 0, x, area.height())
        metrics = QFontMetricsF(self._limit_name.font())
        if math.isfinite(self._limit_at):
            width = metrics.horizontalAdvance(self._limit_name.text())
            y = area.height() * (top - self._limit_at) / (top - bottom)
            begin = area.width() * -left / (right - left) + 6
            end = min(area.width() * (self._limit_end - left) / (right - left), area.width()) - width - 6
            at = y + 1 if self._is_above else max(y - metrics.height() - 1, 0)
            self._limit_name.setPos(max(begin if self._at_left else end, 6), at)


def bearable(run: RunFrame) -> tuple[Floats, Floats]:
    """By step, the sharpness at which a run's learning rate is at its stability limit: corners of a line of steps.

    Empty where there is no such limit: an adaptive rule, or mini-batches.
    """
    rates, steps = run.past.learning_rate, run.past.step
    if run.curve.window != 1 or not len(steps):
        return np.empty(0), np.empty(0)
    # A rule's limit is its rate times the curvature; what it is depends on its other numbers.
    limits = [rule.limits(1.0) for _, rule in run.rules]
    products = np.array([math.nan if of is None else of.unstable for of in limits])
    in_force = np.searchsorted([step for step, _ in run.rules], steps, side="right") - 1
    changes = np.flatnonzero((np.diff(rates) != 0) | (np.diff(in_force) != 0)) + 1
    changes = changes[:: max(1, len(changes) // _CORNERS)]
    first, last = np.concatenate([[0], changes]), np.concatenate([changes, [len(rates) - 1]])
    with np.errstate(all="ignore"):
        borne = products[in_force[first]] / rates[first]
    corners = np.stack([first, last], axis=1).ravel()
    known = np.repeat(np.isfinite(borne), 2)
    return steps[corners].astype(float)[known], np.repeat(borne, 2)[known]


def said(frame: Frame) -> str:
    """The sharpness at the cursor, as text."""
    last = frame.run.sharpness.at(frame.step)
    return "measuring the sharpness…" if last is None else f"sharpness {number(last)}"


def signs(frame: Frame) -> str:
    """What the signs mean."""
    images = min(sharpness_images(frame.theta.size), frame.problem.n_examples or 0)
    return f"•─ sharpness on {images:,} images"


def _dashed(theme: Theme) -> QPen:
    pen = line_pen(theme.text, 1)
    pen.setStyle(Qt.PenStyle.DashLine)
    return pen
