"""The plot of the step-size explorer: native items in the view's pixels, placed when something stands elsewhere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPolygonF
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsEllipseItem,
    QGraphicsItem,
    QGraphicsLineItem,
    QGraphicsPathItem,
    QGraphicsRectItem,
    QGraphicsSimpleTextItem,
)

from gdviz.ui.numbers import number
from gdviz.ui.panels.explorer.heights import Heights, heights
from gdviz.ui.panels.plot import Axis, line_pen, placed
from gdviz.ui.zones import WORDS, named, side_by_side

if TYPE_CHECKING:
    from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent

    from gdviz.core.curvature import Regime
    from gdviz.core.sweep import Sweep
    from gdviz.ui.theme import Theme

_STRIP = 1.3
"""em; at the top for what blew up, and at the bottom for the zones' words"""


class Chart(pg.GraphicsLayoutWidget):
    """Final cost by learning rate, both logarithmic, coloured by what each rate did."""

    hovered = Signal(int)
    """the rate under the mouse, an index into the sweep's; -1 for none"""
    chosen = Signal(int)
    """the rate that was clicked"""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._sweep: Sweep | None = None
        self._heights: Heights | None = None
        self._lowest: float | None = None
        self._rate = self._limit = math.nan
        self._at = -1
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumSize(120, 60)
        self.setAccessibleName("Final cost by learning rate")
        self._view = pg.ViewBox(enableMenu=False)
        self._view.setMouseEnabled(x=False, y=False)
        self._view.disableAutoRange()
        self._view.setDefaultPadding(0)
        self._left, self._bottom = Axis("left"), Axis("bottom")
        self.addItem(self._left, 0, 0)
        self.addItem(self._view, 0, 1)
        self.addItem(self._bottom, 1, 1)
        self.ci.layout.setSpacing(0)
        for axis in (self._left, self._bottom):
            axis.linkToView(self._view)
            axis.enableAutoSIPrefix(False)
            axis.setLogMode(True)
        self._still: list[QGraphicsItem] = []
        """what stands where it is until another sweep, size or theme"""
        self._rate_line = placed(QGraphicsLineItem(self._view), 20)
        self._limit_line = placed(QGraphicsLineItem(self._view), 15)
        self._rate_text, self._limit_text = (placed(QGraphicsSimpleTextItem(self.ci), 20) for _ in range(2))
        self._ring = placed(QGraphicsEllipseItem(self._view), 40)
        self._view.sigResized.connect(self._place)
        self.sigDeviceRangeChanged.connect(self._label)  # with every size; GraphicsView's __init__ has a first one
        self.scene().sigMouseMoved.connect(self._hover)
        self.scene().sigMouseClicked.connect(self._click)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        self._theme = theme
        self.setBackground(theme.panel)
        for axis in (self._left, self._bottom):
            axis.setPen(pg.mkPen(theme.border))
            axis.setTextPen(pg.mkPen(theme.muted))
        self._rate_line.setPen(line_pen(theme.text, 2))
        dashed = line_pen(theme.text, 2)
        dashed.setDashPattern([3, 2])
        self._limit_line.setPen(dashed)
        self._rate_text.setBrush(QColor(theme.text))
        self._limit_text.setBrush(QColor(theme.muted))
        self._ring.setPen(line_pen(theme.text, 2))
        self._fit_font()

    def show_sweep(self, sweep: Sweep | None) -> None:
        """Show the outcome of a sweep; none: an empty plot."""
        self._sweep = sweep
        self._hover_at(-1)
        self._measure()

    def set_lowest(self, cost: float | None) -> None:
        """Learn the lowest cost there is."""
        if cost != self._lowest:
            self._lowest = cost
            self._measure()

    def show_rate(self, rate: float, limit: float) -> None:
        """Mark the rate in force and the stability limit; nan for none."""
        if (rate, limit) != (self._rate, self._limit):
            self._rate, self._limit = rate, limit
            self._place_lines()

    # Drawing

    def _measure(self) -> None:
        sweep = self._sweep
        self._heights = None if sweep is None else heights(sweep, self._lowest)
        for axis in (self._left, self._bottom):
            axis.setStyle(showValues=self._heights is not None)
        self._label()
        self._place()

    def _label(self) -> None:
        """Name the axes where there is room, and say what was taken from the costs."""
        above = f" + {number(-self._heights.base)}" if self._heights is not None and self._heights.base else ""
        tall = self.height() > 12 * self.fontMetrics().height()
        for axis, text in ((self._left, f"final cost{above}"), (self._bottom, "learning rate")):
            axis.setLabel(text, color=self._theme.muted)
            axis.label.setFont(self.font())
            axis.showLabel(tall)
        metrics = QFontMetricsF(self.font())
        self._left.setWidth(metrics.horizontalAdvance("1e−12") + 12 + tall * 1.3 * metrics.height())
        self._bottom.setHeight((2.7 if tall else 1.4) * metrics.height())

    def _place(self) -> None:
        """Fit the axes and make anew what stands still."""
        for item in self._still:
            self.scene().removeItem(item)
        self._still = []
        sweep, found, em = self._sweep, self._heights, float(self.fontMetrics().height())
        width, height = self._view.width(), self._view.height()
        # Between the strips, and with room for whole dots at the sides.
        strip, side = _STRIP * em, 0.5 * em
        if sweep is not None and found is not None and height > 3 * strip and width > 4 * side:
            first, last = np.log10(sweep.rates[[0, -1]]).tolist()
            x, y = (last - first) / (width - 2 * side), (found.top - found.bottom) / (height - 2 * strip)
            ends = [first - side * x, last + side * x], [found.bottom - strip * y, found.top + strip * y]
            self._view.setRange(xRange=ends[0], yRange=ends[1], padding=0)
            self._draw_zones(sweep, strip)
            self._draw_start(sweep, found)
            self._draw_points(sweep, found, strip, em)
        self._place_lines()
        self._place_ring()

    def _x(self, rate: float) -> float:
        left, right = self._view.viewRange()[0]
        return float(self._view.width() * (math.log10(rate) - left) / (right - left))

    def _y(self, value: float) -> float:
        bottom, top = self._view.viewRange()[1]
        return float(self._view.height() * (top - value) / (top - bottom))

    def _keep(self, item: QGraphicsItem, z: float) -> None:
        item.setParentItem(self._view)
        self._still.append(placed(item, z))

    def _draw_zones(self, sweep: Sweep, strip: float) -> None:
        width, height = self._view.width(), self._view.height()
        metrics = QFontMetricsF(self.font())
        dot = 0.45 * metrics.height()
        words, spans = [], []
        for zone in sweep.zones:
            left = 0.0 if zone.low <= sweep.rates[0] else self._x(zone.low)
            right = width if zone.high >= sweep.rates[-1] else self._x(zone.high)
            band = QGraphicsRectItem(QRectF(left, 0, right - left, height))
            colour = self._theme.regime(zone.regime)
            band.setPen(Qt.PenStyle.NoPen)
            colour.setAlpha(38)
            band.setBrush(colour)
            self._keep(band, -30)
            words.append(WORDS.get(zone.regime, ""))
            spans.append((left, right, metrics.horizontalAdvance(words[-1]) + 1.35 * dot))
        for i, at in named(spans, width, 0.35 * metrics.height()):
            text = QGraphicsSimpleTextItem(words[i])
            text.setFont(self.font())
            text.setBrush(QColor(self._theme.text))
            text.setPos(at + 1.35 * dot, height - (strip + metrics.height()) / 2)
            self._keep(text, -10)
            bullet = QGraphicsEllipseItem(QRectF(at, height - (strip + dot) / 2, dot, dot))
            bullet.setPen(Qt.PenStyle.NoPen)
            bullet.setBrush(self._theme.regime(sweep.zones[i].regime))
            self._keep(bullet, -10)

    def _draw_start(self, sweep: Sweep, found: Heights) -> None:
        y = self._y(found.start)
        line = QGraphicsLineItem(0, y, self._view.width(), y)
        pen = line_pen(self._theme.muted, 1)
        pen.setDashPattern([2, 3])
        line.setPen(pen)
        self._keep(line, -20)
        text = QGraphicsSimpleTextItem(f"start {number(sweep.start_cost)}")
        text.setFont(self.font())
        text.setBrush(QColor(self._theme.muted))
        text.setPos(self._view.width() - text.boundingRect().width() - 4, y + 1)
        self._keep(text, -10)

    def _draw_points(self, sweep: Sweep, found: Heights, strip: float, em: float) -> None:
        """A dot each; a triangle that points to where a cost beyond the axis lies; a cross for what blew up."""
        radius = 0.26 * em
        shapes: dict[Regime, QPainterPath] = {}
        crosses = QPainterPath()
        # Crosses stand side by side in one line: smaller where the rates are closer.
        arm = min(0.8 * radius, 0.36 * self._view.width() / len(sweep.rates))
        for rate, value, beyond, blew_up, state in zip(
            sweep.rates.tolist(), found.values, found.beyond, sweep.blew_up >= 0, sweep.states, strict=True
        ):
            x = self._x(rate)
            if blew_up or not math.isfinite(value):
                for slope in (-1, 1):
                    crosses.moveTo(x - arm, strip / 2 - slope * arm)
                    crosses.lineTo(x + arm, strip / 2 + slope * arm)
                continue
            y = self._y(float(value))
            shape = shapes.setdefault(state, QPainterPath())
            if beyond:
                corners = [(x - radius, y), (x + radius, y), (x, y - 2 * beyond * radius)]
                shape.addPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
                shape.closeSubpath()
            else:
                shape.addEllipse(QPointF(x, y), radius, radius)
        for state, shape in shapes.items():
            shape.setFillRule(Qt.FillRule.WindingFill)
            item = QGraphicsPathItem(shape)
            item.setPen(line_pen(self._theme.panel, 1))
            item.setBrush(self._theme.regime(state))
            self._keep(item, 10)
        item = QGraphicsPathItem(crosses)
        item.setPen(line_pen(self._theme.regime("blew up"), 2))
        self._keep(item, 10)

    def _place_lines(self) -> None:
        """Move the two marks, and write beside each other above the plot what they are."""
        shown = []
        for value, line, text, word in (
            (self._rate, self._rate_line, self._rate_text, "rate"),
            (self._limit, self._limit_line, self._limit_text, "limit"),
        ):
            known = self._heights is not None and 0 < value < math.inf
            x = self._x(value) if known else 0.0
            line.setVisible(known and 0 <= x <= self._view.width())
            text.setVisible(known)
            if known:
                column = math.floor(x) + 0.5  # the middle of a pixel: crisp
                line.setLine(column, 0, column, self._view.height() - _STRIP * self.fontMetrics().height())
                if text.text() != (says := f"{word} {number(value)}"):
                    text.setText(says)
                shown.append((x, text))
        shown.sort(key=lambda pair: pair[0])
        corner = self._view.pos()
        places = [(x + corner.x(), text.boundingRect().width()) for x, text in shown]
        for (_, text), left in zip(shown, side_by_side(places, self.width(), 8), strict=True):
            text.setPos(left, corner.y() - text.boundingRect().height())

    def _place_ring(self) -> None:
        sweep, found, em = self._sweep, self._heights, float(self.fontMetrics().height())
        known = sweep is not None and found is not None and 0 <= self._at < len(sweep.rates)
        self._ring.setVisible(known)
        if known and sweep is not None and found is not None:
            value = float(found.values[self._at])
            y = self._y(value) if math.isfinite(value) else _STRIP * em / 2
            self._ring.setRect(QRectF(self._x(float(sweep.rates[self._at])) - em / 2, y - em / 2, em, em))

    def _fit_font(self) -> None:
        metrics = QFontMetricsF(self.font())
        beyond = round(metrics.horizontalAdvance("0.001"))  # px that a number may stand beyond the end of its axis
        for axis in (self._left, self._bottom):
            axis.setStyle(tickFont=self.font(), tickLength=-4, tickTextOffset=4, hideOverlappingLabels=beyond)
        for text in (self._rate_text, self._limit_text):
            text.setFont(self.font())
        self.ci.layout.setContentsMargins(0, math.ceil(metrics.height()) + 2, round(beyond / 2), 0)
        self._measure()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit_font()

    # The mouse

    def _rate_at(self, scene: QPointF) -> int:
        """The rate whose column is the nearest to a point of the scene; -1 outside of the plot."""
        if self._sweep is None or not self._view.sceneBoundingRect().contains(scene):
            return -1
        at = self._view.mapSceneToView(scene).x()
        return int(np.abs(np.log10(self._sweep.rates) - at).argmin())

    def _hover(self, scene: QPointF) -> None:
        self._hover_at(self._rate_at(scene))

    def _hover_at(self, index: int) -> None:
        if index != self._at:
            self._at = index
            self._place_ring()
            self.hovered.emit(index)

    def _click(self, event: MouseClickEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and (index := self._rate_at(event.scenePos())) >= 0:
            event.accept()
            self.chosen.emit(index)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover_at(-1)
