"""The cost as runs go on: mini-batches, their running mean and the evaluations, with a marker at the cursor."""

from time import perf_counter
from typing import Literal

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QGraphicsPathItem,
    QGraphicsView,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from gdviz.core.curve import running_mean
from gdviz.core.frame import Frame
from gdviz.ui.panels.loss import sharpness
from gdviz.ui.panels.loss.axis import AxisButton, Kind, StepAxis, named, possible, scale_of, usual
from gdviz.ui.panels.loss.items import AccuracyItems, Marker, RunItems
from gdviz.ui.panels.loss.legend import key, run_list
from gdviz.ui.panels.loss.sharpness import SharpnessPlot
from gdviz.ui.panels.loss.strokes import Pixel
from gdviz.ui.panels.loss.view import View, above, linear_range, log_range, visible
from gdviz.ui.panels.plot import Axis, Pens, line_pen, placed
from gdviz.ui.theme import Theme
from gdviz.ui.widgets import Button, number, tip

_REDRAW, _SETTLE = 1 / 20, 1 / 8
"""seconds between drawings of the curves, and of the texts and axes, while training"""


class LossPanel(QWidget):
    """The cost curves of all runs."""

    seek = Signal(int)
    """a step of the selected run, clicked or dragged to"""
    run_selected = Signal(int)
    """an index into the frame's runs, chosen in the legend"""
    sharpness_asked = Signal(bool)
    """how curved a network's cost is shall be shown, or no longer"""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._frame: Frame | None = None
        self._log = self._zoomed = self._behind = False
        self._least = 0.0
        """so far the horizontal axis goes at least"""
        self._fitted: object = None
        self._runs: list[RunItems] = []
        """one for each run that is not hidden"""
        self._kind: Kind = "step"
        """what the horizontal axis counts"""
        self.x_axis: Kind | None = None
        """the same, where somebody chose"""
        self._drawn = 0.0
        self._late = QTimer(self, singleShot=True, interval=round(1000 * _SETTLE))
        self._late.timeout.connect(self._catch_up)

        self._view = View(enableMenu=False)
        self._left, self._bottom, self._right = Axis("left"), StepAxis("bottom"), Axis("right")
        # Put together here, because a PlotWidget makes seven menus that nobody opens and that outlive it.
        self._plot = pg.GraphicsLayoutWidget()
        self._plot.setFrameShape(QFrame.Shape.NoFrame)
        self._plot.setRenderHint(QPainter.RenderHint.Antialiasing)
        # By default only what changed is painted, clipped to its many rectangles, and that takes twice as long.
        self._plot.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self._plot.setMinimumSize(120, 60)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.ci.layout.setSpacing(0)
        self._plot.addItem(self._left, 0, 0)
        self._plot.addItem(self._view, 0, 1)
        self._plot.addItem(self._right, 0, 2)
        self._plot.addItem(self._bottom, 2, 1)
        self._left.linkToView(self._view)
        self._bottom.linkToView(self._view)
        for axis in (self._left, self._bottom, self._right):
            axis.enableAutoSIPrefix(False)
        self._right.hide()
        self._right.setRange(0, 100)
        self._view.disableAutoRange()
        self._view.setDefaultPadding(0)

        self._grid = placed(QGraphicsPathItem(self._view), -20)
        self._accuracy = AccuracyItems(self._view)
        self._marker = Marker(self._view, self._plot.ci)
        self._sharpness = SharpnessPlot(self._plot, self._view)

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
        self._curved = Button()
        self._curved.set_text("sharpness")
        self._curved.setCheckable(True)
        self._curved.setProperty("flat", True)
        self._curved.setToolTip(
            tip("How curved the cost is at the ball, in its sharpest direction, and what the learning rate bears (S)")
        )
        self._curved.toggled.connect(self._show_sharpness)
        self._curved.hide()
        header.addWidget(self._curved)
        for button in self._scales.values():
            group.addButton(button)
            header.addWidget(button)
        self._legend = QLabel()
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._legend.setWordWrap(True)
        self._legend.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self._legend.setAccessibleName("Runs and signs")
        self._legend.linkActivated.connect(lambda link: self.run_selected.emit(int(link)))
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 8, 6)
        column.setSpacing(4)
        column.addLayout(header)
        column.addWidget(self._legend)
        column.addWidget(self._plot, 1)
        self._name = AxisButton(self)  # the last, which lies over the others
        self._name.chosen.connect(self.set_x_axis)

        self._sharpness.view.sought.connect(self._seek)
        self._sharpness.view.reset.connect(self._reset_view)
        self._sharpness.view.sigRangeChangedManually.connect(self._keep_view)
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
        others = before is None or [run.hidden for run in before.runs] != [run.hidden for run in frame.runs]
        if others or not (frame.live and self._late.isActive()):
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
        self._grid.setPen(line_pen(theme.grid, 1))
        for part in (self._accuracy, self._marker, self._sharpness):
            part.set_theme(theme)
        self._fit_font()
        self._catch_up(force=True)

    def set_pens(self, scale: float) -> None:
        """Draw lines and dots so many times as wide, for a picture that is larger."""
        Pens.scale = scale
        self.set_theme(self._theme)

    def set_cost_axis(self, scale: str) -> None:
        """Show costs on a "log" or "linear" axis."""
        self._log = scale == "log"
        self._scales[scale].setChecked(True)
        self._left.setLogMode(self._log)
        self._view.setLimits(minYRange=0.3 if self._log else None)
        self._reset_view()

    def set_x_axis(self, kind: Kind | None) -> None:
        """Show costs by "step", "epoch" or "seconds" of work; None: by what suits the runs."""
        self.x_axis = kind
        self._catch_up(force=True)

    @property
    def cost_axis(self) -> Literal["log", "linear"]:
        """How the costs stand on their axis."""
        return "log" if self._log else "linear"

    @property
    def sharpness_shown(self) -> bool:
        """How curved a network's cost is, is asked for."""
        return self._curved.isChecked()

    def set_sharpness(self, shown: bool) -> None:
        """Show how curved a network's cost is, or leave the room to the costs."""
        self._curved.setChecked(shown)

    def toggle_sharpness(self) -> None:
        """As if by its button; of a surface the slider says it."""
        if not self._curved.isHidden():
            self._curved.toggle()

    def _show_sharpness(self, shown: bool) -> None:
        self._fit_sharpness()
        self.sharpness_asked.emit(shown)
        self._catch_up(force=True)

    def _fit_sharpness(self) -> None:
        self._sharpness.set_visible(self._curved.isChecked() and not self._curved.isHidden())

    # Drawing

    def _catch_up(self, force: bool = False) -> None:
        """Draw all that the newest frame has, and give the next such drawing its time."""
        frame = self._frame
        if frame is None or not (force or self._behind):
            return
        self._behind = False
        shown = visible(frame)
        while len(self._runs) < len(shown):
            self._runs.append(RunItems(self._view))
        while len(self._runs) > len(shown):
            self._runs.pop().remove()
        self._fit_axis(frame)
        if not self._zoomed:
            self._fit(frame)
        is_network = frame.view is not None
        if self._curved.isHidden() == is_network:
            self._curved.setVisible(is_network)
            self._fit_sharpness()
        self._draw(frame)
        self._say(frame)
        if self._sharpness.view.isVisible():
            self._sharpness.draw(frame, scale_of(self._kind, frame.run))
        if frame.live:
            self._late.start()

    def _draw(self, frame: Frame) -> None:
        self._drawn = perf_counter()
        x_range, y_range = (tuple(ends) for ends in self._view.viewRange())
        # At most a column a pixel, and half as many for the other runs: a wide pen's time grows with them.
        width, height = max(self._view.width(), 1.0), max(self._view.height(), 1.0)
        columns, across = max(256, round(width)), (x_range[1] - x_range[0]) / width
        for items, run in zip(self._runs, visible(frame), strict=True):
            selected = run is frame.run
            items.scale = scale_of(self._kind, run)
            items.set_style(run, selected, self._theme)
            items.draw_curve(run, self._log, columns if selected else columns // 2, x_range, y_range)
            items.draw_evaluations(run, self._log, Pixel(across, (y_range[1] - y_range[0]) / height), y_range)
        ours = self._selected(frame)
        self._accuracy.draw(frame.run.evaluations, ours.scale, Pixel(across, 1 / height))
        self._marker.move(ours.scale.at(frame.step), ours.at(frame.run, self._log, y_range))

    def _say(self, frame: Frame) -> None:
        run = frame.run
        what, value = "cost", run.cost
        if run.curve.window > 1 and len(run.curve.steps):
            what, value = "mean cost", running_mean(run.past, run.row, run.curve.window)
        curved = self._sharpness.view.isVisible()
        more = f"   {sharpness.said(frame)}" if curved else ""
        ours = self._selected(frame)
        where = named(self._kind, run.step, ours.scale.at(run.step))
        self._marker.say(f"{where}   {what} {number(value)}{more}")
        measured = any(len(r.evaluations.steps) for r in visible(frame))
        if self._right.isVisible() != measured:
            self._right.setVisible(measured)
            self._fit_font()
        signs = key(frame, self._theme, ours.stride)
        if curved:
            signs += f'&nbsp;&nbsp; <span style="color:{self._theme.muted}">{sharpness.signs(frame)}</span>'
        lines = [run_list(frame, self._theme), *([signs] if signs and self._roomy() else [])]
        text = "<br>".join(lines)
        if text != self._legend.text():
            self._legend.setText(text)
            self._legend.setToolTip(key(frame, self._theme, ours.stride, in_full=True))

    def _selected(self, frame: Frame) -> RunItems:
        """What draws the selected run."""
        return self._runs[visible(frame).index(frame.run)]

    def _fit_axis(self, frame: Frame) -> None:
        """Count what was chosen, where that is possible; a part of one axis is no part of another."""
        runs = visible(frame)
        kinds = possible(runs)
        kind = self.x_axis if self.x_axis in kinds else usual(runs)
        if kind != self._kind:
            self._zoomed = False
            self._reset.hide()
        self._least = min(scale_of(kind, run).least for run in runs)
        if (kind, kinds, self._least) != self._fitted:
            self._kind, self._fitted = kind, (kind, kinds, self._least)
            self._view.setLimits(minXRange=self._least / 4)
            self._plot.setAccessibleName(f"Cost by {kind}")
            self._name.show_kind(kind, kinds)
            self._fit_font()

    def _fit(self, frame: Frame) -> None:
        """Show the whole curves: in jumps, so that the axes hold still in between."""
        runs = visible(frame)
        right = above(max(self._least, *(scale_of(self._kind, run).at(run.newest) for run in runs)))
        bottom, top = (log_range if self._log else linear_range)(runs)
        # A little more, so that dots at the edges are whole.
        x_edge, y_edge = 0.012 * right, 0.025 * (top - bottom)
        shown = [[-x_edge, right + x_edge], [bottom - y_edge, top + y_edge]]
        if self._view.viewRange() != shown:
            self._view.setRange(xRange=shown[0], yRange=shown[1])

    def _place(self) -> None:
        """Follow the view: what lives in its pixels, and the accuracy, whose axis does not zoom."""
        left = self._plot.mapFromScene(self._view.scenePos()).x()
        self._name.place(self._plot.pos() + QPoint(left, self._plot.height() - round(self._bottom.minimumHeight())))
        _, (bottom, top) = self._view.viewRange()
        area = self._view.rect()
        if not (bottom < top and area.height()):  # costs so large that floats have nothing in between; or no room
            return
        self._accuracy.place(bottom, top)
        lines = QPainterPath()
        for value in next(iter(self._left.tickValues(bottom, top, area.height())), (0, ()))[1]:
            y = area.height() * (top - value) / (top - bottom)
            lines.moveTo(0, y)
            lines.lineTo(area.width(), y)
        self._grid.setPath(lines)
        self._marker.place()

    def _fit_font(self) -> None:
        """Make room for the numbers at the axes and for the marker's pill."""
        metrics = QFontMetricsF(self.font())
        beyond = round(metrics.horizontalAdvance("00,000"))  # px that a number may stand beyond the end of its axis
        for axis in (self._left, self._bottom, self._right):
            axis.setStyle(tickFont=self.font(), tickLength=-4, tickTextOffset=4, hideOverlappingLabels=beyond)
        column = max(metrics.horizontalAdvance("0.0000") + 8, self._name.room)
        self._left.setWidth(column)
        self._sharpness.set_font(self.font(), column)
        self._right.setWidth(metrics.horizontalAdvance("100 %") + 8)
        self._marker.set_font(self.font())
        right = 0.0 if self._right.isVisible() else beyond / 2
        self._plot.ci.layout.setContentsMargins(0, metrics.height() + 14, right, 0)

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
            step = min(max(round(scale_of(self._kind, self._frame.run).step(x)), 0), self._frame.run.newest)
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
