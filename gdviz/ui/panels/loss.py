"""The cost by step: each run's mini-batches, their running mean and the evaluations, with a marker at the cursor."""

from __future__ import annotations

import html
import math
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QResizeEvent, QTransform
from PySide6.QtWidgets import (
    QAbstractGraphicsShapeItem,
    QButtonGroup,
    QFrame,
    QGraphicsEllipseItem,
    QGraphicsItem,
    QGraphicsLineItem,
    QGraphicsPathItem,
    QGraphicsSimpleTextItem,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from gdviz.core.frame import Curve, Evaluations, Floats, Frame, RunFrame
from gdviz.ui.theme import Theme
from gdviz.ui.widgets import Button, mark, number, tip

Item = TypeVar("Item", bound=QGraphicsItem)

_SMALLEST = 1e-300
"""costs up to this are left out of the logarithmic view, which would spend its height on what rounding left over"""
_COLUMNS, _COLUMNS_OF_OTHERS = 1024, 512
"""columns drawn of the selected run and of each other: as fine as the pixels, and a wide pen's time grows with them"""
_REDRAW, _SETTLE = 1 / 30, 1 / 8
"""seconds between drawings of the curves, and of the texts and axes, while training"""
_NICE = (1.5, 2.0, 3.0, 5.0, 7.0, 10.0)
"""where an axis may end, times a power of ten"""
_LEGEND = 8
"""runs that the legend has room for"""


class LossPanel(QWidget):
    """The cost curves of all runs."""

    seek = Signal(int)
    """a step of the selected run, clicked or dragged to"""
    run_selected = Signal(int)
    """an index into the frame's runs, chosen in the legend"""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._frame: Frame | None = None
        self._log = self._zoomed = self._behind = False
        self._runs: list[_RunItems] = []
        self._evaluations: Evaluations | None = None
        self._drawn = 0.0
        self._sought = -1
        self._late = QTimer(self, singleShot=True, interval=round(1000 * _SETTLE))
        self._late.timeout.connect(self._catch_up)

        self._view = _View()
        self._left, self._bottom, self._right = _Axis("left"), _Axis("bottom"), _Axis("right")
        axes = {"left": self._left, "bottom": self._bottom, "right": self._right}
        self._plot = pg.PlotWidget(viewBox=self._view, axisItems=axes, enableMenu=False)
        self._plot.setFrameShape(QFrame.Shape.NoFrame)
        self._plot.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._plot.hideButtons()
        self._plot.setMinimumSize(120, 60)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setAccessibleName("Cost by step")
        self._right.unlinkFromView()
        self._right.setRange(0, 100)
        self._view.disableAutoRange()
        self._view.setDefaultPadding(0)
        self._view.setLimits(minXRange=2)

        self._grid = _placed(QGraphicsPathItem(self._view), -20)
        self._accuracy, self._accuracy_dots = _placed(QGraphicsPathItem(), 5), _placed(QGraphicsPathItem(), 5)
        for item in (self._accuracy, self._accuracy_dots):
            self._view.addItem(item, ignoreBounds=True)
        self._marker = _Marker(self._view, self._plot.plotItem)

        title = QLabel("COST")
        title.setProperty("role", "heading")
        title.setToolTip(
            tip("Click or drag: go to that step. Wheel or right drag: zoom. Middle drag: move. Double click: reset.")
        )
        self._reset = Button()
        self._reset.setText("Reset view")
        self._reset.setToolTip("Show the whole curves again (double click on them)")
        self._reset.setProperty("flat", True)
        self._reset.clicked.connect(self._reset_view)
        keeps_place = self._reset.sizePolicy()
        keeps_place.setRetainSizeWhenHidden(True)
        self._reset.setSizePolicy(keeps_place)
        self._reset.hide()
        self._scales = {name: self._scale_button(name) for name in ("log", "linear")}
        group = QButtonGroup(self)
        header = QHBoxLayout()
        header.setSpacing(2)
        header.addWidget(title, 1)
        header.addWidget(self._reset)
        for button in self._scales.values():
            group.addButton(button)
            header.addWidget(button)
        self._legend = QLabel()
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._legend.setWordWrap(True)
        self._legend.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse)
        self._legend.setAccessibleName("Runs and signs")
        self._legend.linkActivated.connect(lambda link: self.run_selected.emit(int(link)))
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 8, 6)
        column.setSpacing(4)
        column.addLayout(header)
        column.addWidget(self._legend)
        column.addWidget(self._plot, 1)

        self._view.sought.connect(self._seek)
        self._view.reset.connect(self._reset_view)
        self._view.sigRangeChangedManually.connect(self._keep_view)
        self._view.sigRangeChanged.connect(self._place)
        self._view.sigResized.connect(self._place)
        self.set_theme(theme)
        self.set_cost_axis("linear")

    def _scale_button(self, name: str) -> Button:
        button = Button()
        button.setText(name)
        button.setCheckable(True)
        button.setProperty("flat", True)
        button.setAccessibleName(f"{name} cost axis")
        button.setToolTip("Equal heights are equal factors" if name == "log" else "Equal heights are equal differences")
        button.clicked.connect(lambda: self.set_cost_axis(name))
        return button

    # What the window calls

    def show_frame(self, frame: Frame) -> None:
        """Draw a frame: at once where the cursor was moved by hand, else as often as eyes can follow.

        What is held back is drawn when the timer runs out, so the last frame is always shown in full.
        """
        before, self._frame = self._frame, frame
        if not (frame.live and self._late.isActive()) or before is None or len(before.runs) != len(frame.runs):
            self._catch_up(force=True)
        else:
            self._behind = True
            if perf_counter() - self._drawn >= _REDRAW:
                self._draw(frame)

    def set_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        self._theme = theme
        self._plot.setBackground(theme.panel)
        for axis in (self._left, self._bottom, self._right):
            axis.setPen(pg.mkPen(theme.border))
            axis.setTextPen(pg.mkPen(theme.muted))
        self._grid.setPen(_pen(theme.grid, 1))
        faint = _pen(theme.muted, 1.2)
        faint.setDashPattern([4, 3])
        self._accuracy.setPen(faint)
        self._accuracy_dots.setPen(_dots(theme.muted, 4))
        self._marker.set_theme(theme)
        self._fit_font()
        self._catch_up(force=True)

    def set_cost_axis(self, scale: str) -> None:
        """Show costs on a "log" or "linear" axis."""
        self._log = scale == "log"
        self._scales[scale].setChecked(True)
        self._left.setLogMode(self._log)
        self._view.setLimits(minYRange=0.3 if self._log else 1e-12)
        self._reset_view()

    # Drawing

    def _catch_up(self, force: bool = False) -> None:
        """Draw all that the newest frame has, and give the next such drawing its time."""
        frame = self._frame
        if frame is None or not (force or self._behind):
            return
        self._behind = False
        while len(self._runs) < len(frame.runs):
            self._runs.append(_RunItems(self._view))
        while len(self._runs) > len(frame.runs):
            self._runs.pop().remove()
        if not self._zoomed:
            self._fit(frame)
        self._draw(frame)
        self._say(frame)
        if frame.live:
            self._late.start()

    def _draw(self, frame: Frame) -> None:
        self._drawn = perf_counter()
        (left, right), (bottom, top) = self._view.viewRange()
        for index, (items, run) in enumerate(zip(self._runs, frame.runs, strict=True)):
            selected = index == frame.selected
            items.set_style(run, selected, self._theme)
            items.set_x_scale(_x_scale(frame, run))
            columns = _COLUMNS if selected else _COLUMNS_OF_OTHERS
            items.draw_curve(run, self._log, columns, 1e3 * max(abs(top), abs(bottom)))
            items.draw_evaluations(run, self._log, (right - left) * 2.0**-12)
        measured = frame.run.evaluations
        if measured is not self._evaluations:
            self._evaluations = measured
            known = np.isfinite(measured.test_accuracy)
            steps, accuracy = measured.steps[known].astype(float), measured.test_accuracy[known]
            self._accuracy.setPath(_path(steps, accuracy))
            self._accuracy_dots.setPath(_points(steps, accuracy, (right - left) * 2.0**-12))
        self._marker.move(frame.step, self._runs[frame.selected].at(frame.step))

    def _say(self, frame: Frame) -> None:
        run = frame.run
        what, value = "cost", run.cost
        if run.curve.window > 1 and len(run.curve.steps):
            what, value = "mean cost", run.curve.mean[np.searchsorted(run.curve.steps, run.step, side="right") - 1]
        self._marker.say(f"step {run.step:,}   {what} {number(value)}")
        measured = any(len(r.evaluations.steps) for r in frame.runs)
        if self._right.isVisible() != measured:
            self._right.setVisible(measured)
        signs = _key(frame, self._theme, self._runs[frame.selected].stride)
        lines = [_run_list(frame, self._theme), *([signs] if signs and self._roomy() else [])]
        text = "<br>".join(lines)
        if text != self._legend.text():
            self._legend.setText(text)
            self._legend.setToolTip(signs)

    def _fit(self, frame: Frame) -> None:
        """Show the whole curves: in jumps, so that the axes hold still in between."""
        right = max(_above(max(run.newest * _x_scale(frame, run), 9.0)) for run in frame.runs)
        bottom, top = (_log_range if self._log else _linear_range)(frame.runs)
        # A little more, so that dots at the edges are whole.
        x_edge, y_edge = 0.012 * right, 0.025 * (top - bottom)
        shown = [[-x_edge, right + x_edge], [bottom - y_edge, top + y_edge]]
        if self._view.viewRange() != shown:
            self._view.setRange(xRange=shown[0], yRange=shown[1])

    def _place(self) -> None:
        """Follow the view: what lives in its pixels, and the accuracy, whose axis does not zoom."""
        _, (bottom, top) = self._view.viewRange()
        stretch = QTransform(1, 0, 0, top - bottom, 0, bottom)
        self._accuracy.setTransform(stretch)
        self._accuracy_dots.setTransform(stretch)
        area = self._view.rect()
        lines = QPainterPath()
        for value in self._left.tickValues(bottom, top, area.height())[0][1]:
            y = area.height() * (top - value) / (top - bottom)
            lines.moveTo(0, y)
            lines.lineTo(area.width(), y)
        self._grid.setPath(lines)
        self._marker.place()

    def _fit_font(self) -> None:
        metrics = QFontMetricsF(self.font())
        for axis in (self._left, self._bottom, self._right):
            axis.setStyle(tickFont=self.font(), tickLength=-4, tickTextOffset=4, hideOverlappingLabels=False)
        self._left.setWidth(metrics.horizontalAdvance("0.0000") + 8)
        self._right.setWidth(metrics.horizontalAdvance("100 %") + 8)
        self._marker.set_font(self.font())
        self._plot.plotItem.layout.setContentsMargins(0, metrics.height() + 8, 0, 0)

    def _roomy(self) -> bool:
        return self.height() > 18 * self.fontMetrics().height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        values = (0, 25, 50, 75, 100) if self._roomy() else (0, 50, 100)
        self._right.setTicks([[(value, f"{value} %") for value in values]])
        self._catch_up(force=True)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit_font()

    # The mouse

    def _seek(self, x: float) -> None:
        if self._frame is not None:
            step = min(max(round(x), 0), self._frame.run.newest)
            if step != self._frame.step:
                self.seek.emit(step)

    def _keep_view(self) -> None:
        self._zoomed = True
        self._reset.show()
        self._catch_up(force=True)

    def _reset_view(self) -> None:
        self._zoomed = False
        self._reset.hide()
        self._catch_up(force=True)


class _View(pg.ViewBox):
    """A view in which the left button asks for a place, and the others and the wheel zoom and move."""

    sought = Signal(float)
    reset = Signal()

    def mouseClickEvent(self, ev: Any) -> None:
        if ev.button() != Qt.MouseButton.LeftButton or not self.sceneBoundingRect().contains(ev.scenePos()):
            ev.ignore()
        elif ev.double():
            ev.accept()
            self.reset.emit()
        else:
            ev.accept()
            self.sought.emit(self.mapSceneToView(ev.scenePos()).x())

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        if axis is None and ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            self.sought.emit(self.mapSceneToView(ev.scenePos()).x())
        else:
            super().mouseDragEvent(ev, axis)


class _Axis(pg.AxisItem):
    """An axis whose numbers read as they do everywhere else in the window."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        if not self.logMode:
            ticks: list[tuple[float, list[float]]] = super().tickValues(minVal, maxVal, size)
            return ticks
        decades = range(math.floor(minVal), math.ceil(maxVal) + 1)
        closest = (maxVal - minVal) * 30 / max(size, 1.0)  # in decades: 30 pixels
        every = next((n for n in (1, 2, 5, 10, 20, 50) if n >= closest), 100)
        between = [] if maxVal - minVal > 2 else [2, 5] if maxVal - minVal > 0.8 else [1.5, 2, 3, 4, 5, 6, 7, 8, 9]
        major = [float(d) for d in decades if d % every == 0]
        levels = [(float(every), major), (1.0, [d + math.log10(factor) for d in decades for factor in between])]
        return [(space, [v for v in values if minVal <= v <= maxVal]) for space, values in levels]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self.logMode:
            return [number(10.0**v) if abs(v) < 300 else f"1e{v:.0f}" for v in values]
        texts = [number(v) if abs(v) < 1 or abs(v) >= 1e7 else f"{v:,.7g}" for v in values]
        return ["step 0" if text == "0" and self.orientation == "bottom" else text for text in texts]


class _Marker:
    """A line at the cursor, a dot on the selected run's curve, and above the view a pill with the numbers; all in pixels."""

    def __init__(self, view: _View, above: QGraphicsItem) -> None:
        self._view, self._x, self._y = view, 0.0, math.nan
        self._line = _placed(QGraphicsLineItem(view), 20)
        self._dot = _placed(QGraphicsEllipseItem(-5, -5, 10, 10, view), 30)
        self._pill = _placed(QGraphicsPathItem(above), 25)
        self._text = QGraphicsSimpleTextItem(self._pill)
        self._text.setPos(7, 2)

    def set_theme(self, theme: Theme) -> None:
        self._line.setPen(_pen(theme.text, 1))
        self._dot.setPen(_pen(theme.panel, 2))
        self._dot.setBrush(QBrush(QColor(theme.text)))
        self._pill.setPen(_pen(theme.border, 1))
        self._pill.setBrush(QBrush(QColor(theme.raised)))
        self._text.setBrush(QBrush(QColor(theme.text)))

    def set_font(self, font: Any) -> None:
        self._text.setFont(font)

    def say(self, text: str) -> None:
        if text != self._text.text():
            self._text.setText(text)
            size, shape = self._text.boundingRect(), QPainterPath()
            shape.addRoundedRect(QRectF(0, 0, size.width() + 14, size.height() + 4), 6, 6)
            self._pill.setPath(shape)
            self.place()

    def move(self, x: float, y: float) -> None:
        if (x, y) != (self._x, self._y):
            self._x, self._y = x, y
            self.place()

    def place(self) -> None:
        (left, right), (bottom, top) = self._view.viewRange()
        area = self._view.rect()
        x = area.width() * (self._x - left) / (right - left)
        self._line.setLine(x, 0, x, area.height())
        on_curve = math.isfinite(self._y)
        self._dot.setVisible(on_curve)
        if on_curve:
            self._dot.setPos(x, area.height() * (top - self._y) / (top - bottom))
        pill, corner = self._pill.boundingRect(), self._view.pos()
        at = min(max(x, 0.0), area.width()) + corner.x() - pill.width() / 2
        room = self._pill.parentItem().boundingRect().width() - pill.width()
        self._pill.setPos(max(min(at, room), 1.0), corner.y() - pill.height() - 2)


class _RunItems:
    """The native items that draw one run, in its own steps; each is touched only when what it shows has changed."""

    def __init__(self, view: _View) -> None:
        self._view = view
        self._thin, self._strong, self._ring, self._hole, self._rim, self._dot = (QGraphicsPathItem() for _ in range(6))
        self._cross = QGraphicsPathItem(_cross(5))
        self._cross.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self._all = (self._thin, self._strong, self._ring, self._hole, self._rim, self._dot, self._cross)
        """in the order of drawing"""
        for item in self._all:
            view.addItem(item, ignoreBounds=True)
        self._style: object = None
        self._curve_key: object = None
        self._curve: Curve | None = None
        self._evaluations_key: object = None
        self._evaluations: Evaluations | None = None
        self._x_scale = 1.0
        self._ends = self._levels = np.empty(0)
        self.stride = 1
        """steps in a drawn column"""

    def remove(self) -> None:
        for item in self._all:
            self._view.removeItem(item)

    def set_style(self, run: RunFrame, selected: bool, theme: Theme) -> None:
        style = run.colour, run.ghost, selected, theme
        if style == self._style:
            return
        self._style = style
        colour = theme.run(run.colour, run.ghost)
        # Mixed and not see-through, because where the line crosses itself it would add up to the full colour.
        share, back = 0.45, QColor(theme.panel)
        mixed = (share * c + (1 - share) * b for c, b in zip(colour.getRgbF()[:3], back.getRgbF()[:3], strict=True))
        self._thin.setPen(_pen(QColor.fromRgbF(*mixed), 1))
        self._strong.setPen(_pen(colour, 1 if run.ghost else 2))
        self._ring.setPen(_dots(colour, 9.5))
        self._hole.setPen(_dots(theme.panel, 6))
        self._rim.setPen(_dots(theme.panel, 8))
        self._dot.setPen(_dots(colour, 5.5))
        self._cross.setPen(_pen(colour, 2.5))
        self._thin.setVisible(selected)  # those of several runs hide each other
        for item in (self._ring, self._hole, self._rim, self._dot):
            item.setVisible(not run.ghost)
        height = -10 if run.ghost else 10 if selected else 0
        for item in self._all:
            item.setZValue(height)
        self._thin.setZValue(-15)

    def set_x_scale(self, scale: float) -> None:
        if scale != self._x_scale:
            self._x_scale = scale
            for item in self._all[:-1]:
                item.setTransform(QTransform.fromScale(scale, 1))

    def draw_curve(self, run: RunFrame, log: bool, columns: int, limit: float) -> None:
        """Draw at most so many columns; heights up to `limit`, which is off the view, keep the painter in its range."""
        key = log, columns, limit
        if run.curve is self._curve and key == self._curve_key:
            return
        self._curve, self._curve_key = run.curve, key
        curve, self.stride = _fold(run.curve, columns)
        ends = curve.steps + (self.stride - 1)
        if len(ends):
            ends[-1] = min(ends[-1], run.newest)
        low, high, mean = (_log10(c) if log else np.clip(c, -limit, limit) for c in (curve.low, curve.high, curve.mean))
        band = ends, mean
        if self.stride > 1:
            # The end that is nearer to the mean comes last, so that a curve which falls is drawn falling.
            falls = mean - low < high - mean
            heights = np.stack([np.where(falls, high, low), np.where(falls, low, high)], axis=1).ravel()
            band = np.stack([curve.steps, ends], axis=1).ravel(), heights
        elif curve.window > 1:
            band = curve.steps, low
        self._ends, self._levels = ends, mean
        exact = curve.window == 1
        self._strong.setPath(_path(*(band if exact else (ends, mean))))
        self._thin.setPath(QPainterPath() if exact else _path(*band))
        blew_up = run.ended.startswith("blew up") and len(ends) > 0
        self._cross.setVisible(blew_up)
        if blew_up:
            (_, _), (bottom, top) = self._view.viewRange()
            edge = 0.03 * (top - bottom)
            self._cross.setPos(ends[-1] * self._x_scale, min(max(mean[-1], bottom + edge), top - edge))

    def draw_evaluations(self, run: RunFrame, log: bool, dot: float) -> None:
        """Draw train and test costs as dots; `dot` is a length on the x axis that is too short to be seen."""
        key = log, dot
        if run.evaluations is self._evaluations and key == self._evaluations_key:
            return
        self._evaluations, self._evaluations_key = run.evaluations, key
        steps = run.evaluations.steps.astype(float)
        train, test = run.evaluations.train_cost, run.evaluations.test_cost
        for costs, back, front in ((test, self._ring, self._hole), (train, self._rim, self._dot)):
            path = _points(steps, _log10(costs) if log else costs, dot)
            back.setPath(path)
            front.setPath(path)

    def at(self, step: int) -> float:
        """The height of the drawn curve at a step, nan where there is none."""
        return float(np.interp(step, self._ends, self._levels)) if len(self._ends) else math.nan


def _placed(item: Item, z: float) -> Item:
    item.setZValue(z)
    return item


def _pen(colour: str | QColor, width: float) -> QPen:
    pen = QPen(QColor(colour), width)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.BevelJoin)
    return pen


def _dots(colour: str | QColor, size: float) -> QPen:
    """A pen that draws a line too short to be seen as a dot: native, and round at every zoom."""
    pen = _pen(colour, size)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen


def _path(x: Floats, y: Floats) -> QPainterPath:
    """A line through the finite points, broken where there are others."""
    path: QPainterPath = pg.arrayToQPath(x, y, connect="all" if np.isfinite(y).all() else "finite")
    return path


def _points(x: Floats, y: Floats, length: float) -> QPainterPath:
    shown = np.isfinite(y)
    x, y = x[shown], y[shown]
    path: QPainterPath = pg.arrayToQPath(np.stack([x, x + length], axis=1).ravel(), np.repeat(y, 2), connect="pairs")
    return path


def _cross(arm: float) -> QPainterPath:
    path = QPainterPath()
    for y in (-arm, arm):
        path.moveTo(-arm, y)
        path.lineTo(arm, -y)
    return path


def _log10(costs: Floats) -> Floats:
    """(m,) log10 of costs, nan where there is none to show."""
    return np.log10(costs, where=costs > _SMALLEST, out=np.full(len(costs), np.nan))


def _fold(curve: Curve, columns: int) -> tuple[Curve, int]:
    """A curve of at most so many buckets, and the steps in each."""
    n = len(curve.steps)
    fold = (
        1 << ((max(n, 1) - 1) // columns).bit_length()
    )  # a power of two, so that columns hold still as the curve grows
    if fold == 1:
        return curve, curve.stride
    firsts = np.arange(0, n, fold)
    lasts = np.minimum(firsts + fold - 1, n - 1)
    low, high = np.minimum.reduceat(curve.low, firsts), np.maximum.reduceat(curve.high, firsts)
    stride = fold * curve.stride
    return Curve(curve.steps[firsts], low, high, curve.mean[lasts], stride, curve.window), stride


def _x_scale(frame: Frame, run: RunFrame) -> float:
    """How many of the selected run's steps are one of this run's: both are shown at the same epoch."""
    selected = frame.run
    if run is selected or not (run.epoch and run.step and selected.epoch and selected.step):
        return 1.0
    return (selected.step / selected.epoch) * (run.epoch / run.step)


def _above(value: float) -> float:
    """The next round number above a positive one."""
    decade = 10.0 ** math.floor(math.log10(value))
    return next(nice * decade for nice in _NICE if nice * decade > value)


def _linear_range(runs: tuple[RunFrame, ...]) -> tuple[float, float]:
    """From 0, or below the lowest cost, to above the highest; a run that blew up counts with how it began."""
    lowest, highest = 0.0, 0.0
    for run in runs:
        curve, evaluations = run.curve, run.evaluations
        if len(curve.steps):
            high = float((curve.high if curve.window == 1 else curve.mean).max())
            if run.ended.startswith("blew up"):
                high = min(high, 10 * abs(float(curve.mean[0])))
            lowest = min(lowest, float((curve.low if curve.window == 1 else curve.mean).min()))
            highest = max(highest, high)
        for costs in (evaluations.train_cost, evaluations.test_cost):
            highest = max(highest, float(np.max(costs, initial=0.0, where=np.isfinite(costs))))
    top = _above(highest) if highest > 0 else 1.0
    return (-_above(-lowest) if lowest < 0 else 0.0), top


def _log_range(runs: tuple[RunFrame, ...]) -> tuple[float, float]:
    """Half decades around all costs above zero; single mini-batches widen it by one decade at most."""
    lows, highs = [], []
    for run in runs:
        curve = run.curve
        mean = curve.mean[curve.mean > _SMALLEST]
        if len(mean):
            least = curve.low[curve.low > _SMALLEST].min(initial=mean.min())
            lows.append(max(least, mean.min() / (1 if curve.window == 1 else 10)))
            highs.append(max(mean.max(), curve.high.max() if curve.window == 1 else 0.0))
        for costs in (run.evaluations.train_cost, run.evaluations.test_cost):
            shown = costs[np.isfinite(costs) & (costs > _SMALLEST)]
            lows.extend(shown)
            highs.extend(shown)
    if not lows:
        return -1.0, 0.0
    bottom, top = math.floor(2 * math.log10(min(lows))) / 2, math.ceil(2 * math.log10(max(highs))) / 2
    return bottom, max(top, bottom + 1)


def _run_list(frame: Frame, theme: Theme) -> str:
    """The runs, to be clicked, as rich text."""
    order = sorted(range(len(frame.runs)), key=lambda i: frame.runs[i].ghost)
    hidden = len(order) - _LEGEND
    if hidden > 0:
        order = [i for i in order if i != frame.selected][: _LEGEND - 2] + [frame.selected]
        order.sort(key=lambda i: (frame.runs[i].ghost, i))
    entries = []
    for i in order:
        run = frame.runs[i]
        longest = 28 if len(order) <= 4 else 16
        label = run.label if len(run.label) <= longest else f"{run.label[: longest - 1]}…"
        label += " (before)" if run.ghost else ""
        label = html.escape(label).replace(" ", "&nbsp;").replace("-", "&#8209;")
        if i == frame.selected:
            label = f"<b>{label}</b>"
        swatch = f'<span style="color:{theme.run(run.colour, run.ghost).name()}">━━</span>'
        entries.append(f'<a href="{i}" style="color:{theme.text};text-decoration:none">{swatch}&nbsp;{label}</a>')
    if hidden > 0:
        entries.append(f"+{hidden + 1}")
    return "&nbsp;&nbsp; ".join(entries)


def _key(frame: Frame, theme: Theme, stride: int) -> str:
    """What the signs mean, as rich text."""
    curve = frame.run.curve
    signs = []
    if curve.window > 1:
        signs.append("─ mini-batch" if stride == 1 else f"─ mini-batch, lowest to highest of {stride:,} steps")
        signs.append(f"━ mean of {curve.window:,} steps")
    elif stride > 1:
        signs.append(f"━ lowest to highest of {stride:,} steps")
    if len(frame.run.evaluations.steps):
        signs += ["● train", "○ test", "┄┄ test accuracy"]
    signs = [sign.replace(" ", "&nbsp;").replace("mini-batch", "mini&#8209;batch") for sign in signs]
    return f'<span style="color:{theme.muted}">{"&nbsp;&nbsp; ".join(signs)}</span>' if signs else ""
