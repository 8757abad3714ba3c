"""The native items of the loss panel: Qt draws them without Python, so training goes on meanwhile."""

import math
from typing import TypeAlias

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QBrush, QColor, QFont, QPainterPath, QTransform, qBlue, qGreen, qRed
from PySide6.QtWidgets import (
    QGraphicsEllipseItem,
    QGraphicsItem,
    QGraphicsLineItem,
    QGraphicsPathItem,
    QGraphicsSimpleTextItem,
)

from gdviz.core.curve import running_mean
from gdviz.core.frame import Curve, Evaluations, Floats, RunFrame
from gdviz.ui.panels.loss.axis import Even, Scale
from gdviz.ui.panels.loss.strokes import Pixel, dot_pen, line, lines, marks
from gdviz.ui.panels.loss.view import SMALLEST, View
from gdviz.ui.panels.plot import Pens, line_pen, placed
from gdviz.ui.theme import Theme

Range: TypeAlias = tuple[float, float]

_WILD = 20
"""A curve that runs up and down the view so many times gets a line of one pixel: a wide one, which covers itself again
and again, takes 60 ms to paint, and all else waits for it."""


class Marker:
    """A line at the cursor with a dot on the selected run's curve, and above the view a pill with the numbers."""

    def __init__(self, view: View, above: QGraphicsItem) -> None:
        self._view, self._x, self._y = view, 0.0, math.nan
        self._line = placed(QGraphicsLineItem(view), 20)
        self._dot = placed(QGraphicsEllipseItem(-5, -5, 10, 10, view), 30)
        self._pill = placed(QGraphicsPathItem(above), 25)
        self._text = QGraphicsSimpleTextItem(self._pill)
        self._text.setPos(7, 2)

    def set_theme(self, theme: Theme) -> None:
        """Recolour it."""
        self._line.setPen(line_pen(theme.text, 1))
        self._dot.setPen(line_pen(theme.panel, 2))
        self._dot.setBrush(QBrush(QColor(theme.text)))
        self._pill.setPen(line_pen(theme.border, 1))
        self._pill.setBrush(QBrush(QColor(theme.raised)))
        self._text.setBrush(QBrush(QColor(theme.text)))

    def set_font(self, font: QFont) -> None:
        """Letter the pill."""
        self._text.setFont(font)
        said = self._text.text()
        self._text.setText("")
        self.say(said)

    def say(self, text: str) -> None:
        """Put a text into the pill."""
        if text != self._text.text():
            self._text.setText(text)
            size, shape = self._text.boundingRect(), QPainterPath()
            shape.addRoundedRect(QRectF(0, 0, size.width() + 14, size.height() + 4), 6, 6)
            self._pill.setPath(shape)
            self.place()

    def move(self, x: float, y: float) -> None:
        """Go to a point of the view; no dot where y is not finite, and nothing where x is not."""
        if (x, y) != (self._x, self._y):
            self._x, self._y = x, y
            self.place()

    def place(self) -> None:
        """Follow the view."""
        is_anywhere = math.isfinite(self._x)
        for item in (self._line, self._pill):
            item.setVisible(is_anywhere)
        self._dot.setVisible(is_anywhere and math.isfinite(self._y))
        if not is_anywhere:
            return
        (left, right), (bottom, top) = self._view.viewRange()
        area = self._view.rect()
        x = area.width() * (self._x - left) / (right - left)
        column = math.floor(x) + 0.5  # the middle of a pixel: crisp
        self._line.setLine(column, 0, column, area.height())
        if math.isfinite(self._y):
            self._dot.setPos(x, area.height() * (top - self._y) / (top - bottom))
        pill, corner = self._pill.path().boundingRect(), self._view.pos()
        at = min(max(x, 0.0), area.width()) + corner.x() - pill.width() / 2
        room = self._pill.parentItem().boundingRect().width() - pill.width()
        self._pill.setPos(max(min(at, room), 1.0), corner.y() - pill.height() - 7)  # above the axes' topmost numbers


class RunItems:
    """The native items that draw one run; each is touched only when what it shows has changed."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._thin, self._measured, self._strong = (QGraphicsPathItem() for _ in range(3))
        self._ring, self._hole, self._rim, self._dot = (QGraphicsPathItem() for _ in range(4))
        arms = QPainterPath()
        for y in (-5, 5):
            arms.moveTo(-5, y)
            arms.lineTo(5, -y)
        self._cross = QGraphicsPathItem(arms)
        self._cross.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self._signs = (self._measured, self._ring, self._hole, self._rim, self._dot)
        """of the evaluations"""
        self._all = (self._thin, self._strong, *self._signs, self._cross)
        """in the order of drawing"""
        for item in self._all:
            view.addItem(item, ignoreBounds=True)
        self._style: object = None
        self._curve_key: object = None
        self._curve: Curve | None = None
        self._evaluations_key: object = None
        self._evaluations: Evaluations | None = None
        self.scale: Scale = Even()
        """where its steps stand"""
        self._ends = self._levels = np.empty(0)
        self.stride = 1
        """steps in a drawn column"""

    def remove(self) -> None:
        """Take the items off the view."""
        for item in self._all:
            self._view.removeItem(item)

    def set_style(self, run: RunFrame, selected: bool, theme: Theme) -> None:
        """Colours, widths and what lies over what: ghosts lowest, the selected run on top."""
        style = run.colour, run.ghost, run.left, selected, theme, Pens.scale
        if style == self._style:
            return
        self._style = style
        colour = theme.run(run.colour, run.ghost, run.left)
        # Mixed and not see-through, because where the line crosses itself it would add up to the full colour.
        ours, back = colour.rgb(), QColor(theme.panel).rgb()
        thin = (round(0.45 * part(ours) + 0.55 * part(back)) for part in (qRed, qGreen, qBlue))
        self._thin.setPen(line_pen(QColor(*thin), 1))
        self._strong.setPen(line_pen(colour, 1))
        self._curve_key = None  # the width of the line follows with the curve
        self._measured.setPen(line_pen(colour, 1))
        self._ring.setPen(dot_pen(colour, 9.5))
        self._hole.setPen(dot_pen(theme.panel, 6))
        self._rim.setPen(dot_pen(theme.panel, 8))
        self._dot.setPen(dot_pen(colour, 5.5))
        self._cross.setPen(line_pen(colour, 2.5))
        self._thin.setVisible(selected)  # those of several runs hide each other
        for item in self._signs:
            item.setVisible(not run.ghost)
        height = -10 if run.ghost else 10 if selected else 0
        for item in self._all:
            item.setZValue(height)
        self._thin.setZValue(-15)

    def draw_curve(self, run: RunFrame, log: bool, columns: int, x_range: Range, y_range: Range) -> None:
        """Draw what lies in the view's ranges, in at most so many columns."""
        key = log, columns, x_range, y_range, self.scale, run.ended
        if run.curve is self._curve and key == self._curve_key:
            return
        self._curve, self._curve_key = run.curve, key
        curve = _fold(run.curve, columns, *(self.scale.step(x) for x in x_range))
        self.stride = curve.stride
        ends = curve.steps + (self.stride - 1)
        if len(ends):
            ends[-1] = min(ends[-1], run.newest)
        low, high, mean = (_heights(costs, log, y_range) for costs in (curve.low, curve.high, curve.mean))
        starts, stops = self.scale.spread(curve.steps), self.scale.spread(ends)
        band = stops, mean
        if self.stride > 1:
            # The end that is nearer to the mean comes last, so that a curve which falls is drawn falling.
            falls = mean - low < high - mean
            heights = np.stack([np.where(falls, high, low), np.where(falls, low, high)], axis=1).ravel()
            band = np.stack([starts, stops], axis=1).ravel(), heights
        elif curve.window > 1:
            band = starts, low
        self._ends, self._levels = ends, mean
        exact = curve.window == 1
        x, y = band if exact else (stops, mean)
        climbed = np.abs(np.diff(y[np.isfinite(y)])).sum() / (y_range[1] - y_range[0])
        pen = self._strong.pen()
        pen.setWidthF(Pens.scale * (1 if run.ghost or run.left or climbed > _WILD else 2))
        self._strong.setPen(pen)
        self._strong.setPath(line(x, y))
        self._thin.setPath(QPainterPath() if exact else line(*band))
        end = self.scale.spread(np.minimum(run.curve.steps[-1:] + run.curve.stride - 1, run.newest))
        blew_up = run.ended.startswith("blew up") and bool(np.isfinite(end).all()) and len(end) > 0
        self._cross.setVisible(blew_up)
        if blew_up:
            bottom, top = y_range
            last, edge = _heights(run.curve.mean[-1:], log, y_range)[0], 0.03 * (top - bottom)
            self._cross.setPos(end[0], min(max(last, bottom + edge), top - edge))

    def draw_evaluations(self, run: RunFrame, log: bool, pixel: Pixel, y_range: Range) -> None:
        """Draw train and test costs as lines, with dots as far as there is room for them."""
        key = log, pixel, y_range, self.scale
        if run.evaluations is self._evaluations and key == self._evaluations_key:
            return
        self._evaluations, self._evaluations_key = run.evaluations, key
        x = self.scale.spread(run.evaluations.steps.astype(float))
        train, test = (_heights(c, log, y_range) for c in (run.evaluations.train_cost, run.evaluations.test_cost))
        self._measured.setPath(lines(x, train, test))
        for heights, back, front in ((test, self._ring, self._hole), (train, self._rim, self._dot)):
            path = marks(x, heights, pixel)
            back.setPath(path)
            front.setPath(path)

    def at(self, run: RunFrame, log: bool, y_range: Range) -> float:
        """The height at the run's step: of its running mean, else of the drawn curve; nan where there is none."""
        if run.curve.window > 1 and len(run.past.step):
            mean = running_mean(run.past, run.row, run.curve.window)
            return float(_heights(np.array([mean]), log, y_range)[0])
        return float(np.interp(run.step, self._ends, self._levels)) if len(self._ends) else math.nan


class AccuracyItems:
    """How often a network is right on train and on test images: a line and its dots each, on an axis of their own."""

    def __init__(self, view: View) -> None:
        self._train, self._test = ((placed(QGraphicsPathItem(), 5), placed(QGraphicsPathItem(), 5)) for _ in range(2))
        for item in (*self._train, *self._test):
            view.addItem(item, ignoreBounds=True)
        self._drawn: tuple[Evaluations, Scale, Pixel] | None = None

    def set_theme(self, theme: Theme) -> None:
        """Recolour them."""
        faint = line_pen(theme.muted, 1.2)
        self._train[0].setPen(faint)
        faint.setDashPattern([4, 3])
        self._test[0].setPen(faint)
        for _, points in (self._train, self._test):
            points.setPen(dot_pen(theme.muted, 4))

    def draw(self, measured: Evaluations, scale: Scale, pixel: Pixel) -> None:
        """Draw what was measured; ``pixel`` in shares of the view's height."""
        if (measured, scale, pixel) == self._drawn:
            return
        self._drawn = measured, scale, pixel
        x = scale.spread(measured.steps.astype(float))
        for (curve, points), accuracy in ((self._train, measured.train_accuracy), (self._test, measured.test_accuracy)):
            known = np.isfinite(accuracy)
            curve.setPath(line(x[known], accuracy[known]))
            points.setPath(marks(x, accuracy, pixel))

    def place(self, bottom: float, top: float) -> None:
        """Stand from the lower end of the view to the upper, whatever costs these are."""
        stretch = QTransform(1, 0, 0, top - bottom, 0, bottom)
        for item in (*self._train, *self._test):
            item.setTransform(stretch)


def _heights(costs: Floats, log: bool, y_range: Range) -> Floats:
    """(m,) where costs stand on the axis; nan for those that have no logarithm."""
    if log:
        return np.log10(costs, where=costs > SMALLEST, out=np.full(len(costs), np.nan))
    limit = 1e3 * max(abs(end) for end in y_range)  # far off the view, and still in the painter's range
    return np.clip(costs, -limit, limit)


def _fold(curve: Curve, columns: int, left: float, right: float) -> Curve:
    """The part of a curve between two steps, and what it is connected to, in at most so many buckets."""
    first = max(int(np.searchsorted(curve.steps, left)) - 2, 0)
    last = min(int(np.searchsorted(curve.steps, right)) + 2, len(curve.steps))
    # A power of two, from a multiple of it, so that columns hold still as the curve grows.
    fold = 1 << (max(last - first - 1, 0) // columns).bit_length()
    first -= first % fold
    steps, low, high, mean, least = (
        c[first:last] for c in (curve.steps, curve.low, curve.high, curve.mean, curve.least)
    )
    if fold > 1:
        firsts = np.arange(0, last - first, fold)
        lasts = np.minimum(firsts + fold - 1, last - first - 1)
        low, high = np.minimum.reduceat(low, firsts), np.maximum.reduceat(high, firsts)
        steps, mean, least = steps[firsts], mean[lasts], np.minimum.reduceat(least, firsts)
    return Curve(steps, low, high, mean, least, fold * curve.stride, curve.window)
