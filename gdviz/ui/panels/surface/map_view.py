"""The cost from above as a map, or of one knob as a curve, with the runs' balls on it."""

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QPixmapCache, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gdviz.core.frame import Frame, Landscape
from gdviz.core.problem import Problem
from gdviz.core.surface import Surface
from gdviz.ui.panels.surface.arrows import StepArrow, StepParts
from gdviz.ui.panels.surface.axis import Axis
from gdviz.ui.panels.surface.colour_bar import ColourBar
from gdviz.ui.panels.surface.contour import ContourMap
from gdviz.ui.panels.surface.curve import CostCurve
from gdviz.ui.panels.surface.marks import RunMarks
from gdviz.ui.panels.surface.minima import Minima, places
from gdviz.ui.panels.surface.mouse import View
from gdviz.ui.panels.surface.pixels import Pixels
from gdviz.ui.panels.surface.remarks import Remarks
from gdviz.ui.panels.surface.slopes import SlopeField
from gdviz.ui.theme import Theme
from gdviz.ui.widgets import tip

_STILL = 4
"""pictures of the view that Qt keeps, because they stand still: the map, its lines, the slopes, the curve"""


class MapView(QWidget):
    """A map of a cost of two knobs or of a network's slice, a curve of a cost of one.

    What stands still (map, lines, labels, slopes, axes) is made once for each landscape; a frame only moves the runs'
    marks.
    """

    run_selected = Signal(int)
    """index in `Frame.runs` of the run whose ball or trail was clicked"""
    ball_placed = Signal(object, bool)
    """where a ball was put, a tuple with a float for each knob; and whether it is another one"""
    ball_moved = Signal(int, object)
    """index in `Frame.runs` of the run whose ball was dragged, and where to"""
    view_moved = Signal(bool)
    """whether another part than the whole is shown"""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._frame: Frame | None = None
        self._landscape: Landscape | None = None
        self._part: int | None = None
        self._slopes_shown = False
        # Put together here, because a PlotWidget makes seven menus that nobody opens and that outlive it.
        self.plot = pg.GraphicsLayoutWidget()
        self.plot.setAccessibleName("Cost surface")
        self.plot.setAntialiasing(True)
        self._bar = ColourBar(theme)
        self._view = View()
        self._left, self._bottom = Axis("left"), Axis("bottom")
        self.plot.addItem(self._left, 0, 0)
        self.plot.addItem(self._view, 0, 1)
        self.plot.addItem(self._bottom, 1, 1)
        self._grid = self.plot.ci.layout
        self._grid.setSpacing(0)
        for axis in (self._left, self._bottom):
            axis.linkToView(self._view)
            axis.enableAutoSIPrefix(False)
        self._view.disableAutoRange()
        self._view.setDefaultPadding(0)
        self._map = ContourMap(self._view)
        self._curve = CostCurve(self._view)
        self._minima, self._slopes = Minima(self._view), SlopeField(self._view)
        self._arrow, self._parts = StepArrow(self._view), StepParts(self._view)
        self._marks: list[RunMarks] = []
        self._remarks = Remarks(self.plot)
        self.fineness = 1.0
        """pixels drawn for one of the screen's, along each side"""
        self._pixels = Pixels((0, 1), (0, 1), 1, 1)

        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.plot, 1)
        row.addWidget(self._bar)

        view = self._view
        view.sigRangeChanged.connect(self._view_changed)
        view.sigResized.connect(self._view_changed)
        view.sigRangeChangedManually.connect(self._view_zoomed)
        view.run_selected.connect(self.run_selected)
        view.ball_placed.connect(self.ball_placed)
        view.ball_moved.connect(self.ball_moved)
        view.reset_asked.connect(self.reset_view)
        self.set_theme(theme)

    # What the panel calls

    def show_frame(self, frame: Frame) -> None:
        """Draw a frame."""
        before, self._frame = self._frame, frame
        moved_on = before is not None and (frame.plane != before.plane or not _same_cost(frame.problem, before.problem))
        said_otherwise = self._remarks.show_frame(frame)
        if moved_on or frame.landscape is not self._landscape:
            self._show_landscape(frame.landscape, keep_view=self._view.zoomed and not moved_on)
        elif said_otherwise:
            self._view_changed()
        else:
            self._draw()

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours, or the application's new font."""
        self._theme = self._bar.theme = theme
        self._em = em = float(self.fontMetrics().height())
        self.plot.setBackground(theme.panel)
        for axis in (self._left, self._bottom):
            axis.setPen(theme.border)
            axis.setTextPen(theme.muted)
            axis.setStyle(tickFont=self.font(), tickLength=-4, hideOverlappingLabels=False)
            axis.label.setFont(self.font())
        self._view.setBorder(pg.mkPen(theme.border))
        self._view.set_theme(theme, self.font(), em)
        self._map.set_theme(theme, self.font())
        self._curve.set_theme(theme, em)
        self._minima.set_style(theme, em, self._is_curve)
        self._parts.set_theme(theme, self.font(), em)
        self._remarks.set_theme(theme)
        self._label_axes()
        self._arrange()
        self._view_changed()
        self._bar.updateGeometry()
        self._bar.update()

    def reset_view(self) -> None:
        """Show the whole landscape."""
        self._set_zoomed(False)
        self._fit()

    def set_slopes(self, shown: bool) -> None:
        """Show or hide the field of slopes."""
        self._slopes_shown = shown
        self._draw()

    def set_fineness(self, fineness: float) -> None:
        """Draw so many times as many pixels along each side as the screen has."""
        if fineness != self.fineness:
            self.fineness = fineness
            self._view_changed()

    def set_part(self, part: int | None) -> None:
        """Show the step as far as number ``part`` of its terms, one past the last being the new point; None: as one."""
        if part != self._part:
            self._part = part
            self._draw()

    # Drawing

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.set_theme(self._theme)

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._view_changed()
        return handled

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    @property
    def _is_curve(self) -> bool:
        return self._landscape is not None and not self._landscape.y.size

    def _show_landscape(self, landscape: Landscape | None, keep_view: bool) -> None:
        self._landscape = landscape
        flat = landscape is not None and landscape.y.size > 0
        self._map.show_landscape(landscape if flat else None)
        self._curve.hide()
        self._minima.set_style(self._theme, self._em, self._is_curve)
        self._bar.show_levels(self._map.levels)
        self._label_axes()
        self._arrange()
        self.plot.setToolTip(_what_the_mouse_does(self._frame))
        if keep_view:
            self._view_changed()
        else:
            self.reset_view()

    def _label_axes(self) -> None:
        labels = self._landscape.labels if self._landscape is not None else ("", "")
        rooms = (self._view.width(), self._view.height())
        for axis, text, room in zip((self._bottom, self._left), labels, rooms, strict=True):
            fits = self.fontMetrics().horizontalAdvance(text) < room
            said = text if fits else text.partition(" (")[0]  # the figure in brackets is in the note as well
            if axis.labelText != said or axis.labelStyle.get("color") != self._theme.muted:
                axis.setLabel(said, color=self._theme.muted)
                axis.resizeEvent()  # puts it in the middle
            axis.setStyle(showValues=self._landscape is not None)

    def _arrange(self) -> None:
        """Leave the legend and the names of the axes out where the map needs the room."""
        roomy, tall = self.width() > 25 * self._em, self.height() > 13 * self._em
        self._bar.setVisible(self._map.levels.size > 0 and roomy)
        # Axes of a fixed size, because one that follows its numbers moves the whole picture.
        below, edge, right = (round(ems * self._em) for ems in (2.6 if tall else 1.5, 0.6, 1.4))
        for axis in (self._left, self._bottom):
            axis.showLabel(tall)
            axis.room = right
        self._left.setWidth(round((4.2 if tall else 3) * self._em))
        self._bottom.setHeight(below)
        margin = 5 if tall else 0  # pyqtgraph lets the name stick out by as much
        self._grid.setContentsMargins(0, edge, right, margin)
        self._bar.setContentsMargins(0, edge, 0, below + margin)

    def _fit(self) -> None:
        """Set the view to the whole landscape."""
        landscape = self._landscape
        if landscape is not None:
            if landscape.y.size:
                x, y = landscape.x[[0, -1]], landscape.y[[0, -1]]
            else:
                finite = landscape.costs[np.isfinite(landscape.costs)]
                low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
                room = 0.08 * (high - low) or max(1.0, 1e-6 * abs(high))  # which floats can still tell apart
                x, y = landscape.x[[0, -1]], np.array([low - room, high + room])
            self._view.setRange(xRange=tuple(x), yRange=tuple(y), padding=0)
        self._view_changed()

    def _view_changed(self) -> None:
        x, y = self._view.viewRange()
        width, height = max(self._view.width(), 1), max(self._view.height(), 1)
        ratio = self.fineness * self.devicePixelRatioF()
        self._pixels = Pixels(tuple(x), tuple(y), width, height, ratio)
        # Qt's default is too small for a large screen.
        kept = _STILL * 4 * width * height * self._pixels.ratio**2 / 1024
        QPixmapCache.setCacheLimit(max(QPixmapCache.cacheLimit(), math.ceil(kept)))
        self._label_axes()
        area = self._view.sceneBoundingRect().toRect()
        self._remarks.set_area(area.x(), area.y(), area.width(), area.height())
        if self._frame is not None:
            trails = [run.trail[:: -max(1, len(run.trail) // 20)] for run in self._frame.runs]
            minima = places(self._frame.problem, self._pixels)
            avoid = [*map(self._pixels, trails), self._remarks.covered(), minima]
            self._map.place_labels(self._pixels, np.concatenate(avoid))
            self._minima.draw(self._frame.problem, self._pixels)
        self._draw()

    def _view_zoomed(self) -> None:
        self._set_zoomed(True)

    def _set_zoomed(self, zoomed: bool) -> None:
        self._view.zoomed = zoomed
        self.view_moved.emit(zoomed)

    def _draw(self) -> None:
        """Move what moves."""
        frame, landscape = self._frame, self._landscape
        if frame is None:
            return
        while len(self._marks) < len(frame.runs):
            self._marks.append(RunMarks(self._view))
        for marks in self._marks[len(frame.runs) :]:
            marks.hide()
        for i, (marks, run) in enumerate(zip(self._marks, frame.runs, strict=False)):
            if landscape is None:
                marks.hide()
            else:
                marks.draw(run, i, i == frame.selected, self._is_curve, self._pixels, self._theme, self._em)
        self._view.know(frame if landscape is not None else None, self._pixels)
        self._minima.setVisible(landscape is not None)
        self._draw_slopes(frame)
        self._draw_step(frame)

    def _draw_slopes(self, frame: Frame) -> None:
        shown = self._slopes_shown and not self._is_curve and self._landscape is not None and frame.theta.size == 2
        self._slopes.setVisible(shown)
        if shown:
            self._slopes.draw(frame.problem, self._pixels, self._em)

    def _draw_step(self, frame: Frame) -> None:
        landscape = self._landscape
        known = bool(frame.terms) and len(frame.run.trail) > 0 and frame.theta_step == frame.step
        part = self._part if known and landscape is not None else None
        if landscape is not None and self._is_curve:
            self._curve.draw(frame, landscape, self._pixels, part)
        if landscape is not None and not self._is_curve and part is None:
            self._arrow.draw(frame, self._pixels, self._em)
        else:
            self._arrow.hide()
        if part is None:
            self._parts.hide()
        else:
            self._parts.draw(frame, part, self._pixels)


def _same_cost(one: Problem, other: Problem) -> bool:
    """Whether two problems differ at most in their start; then another ball is no reason to leave what is in view."""
    if isinstance(one, Surface) and isinstance(other, Surface):
        return (one.formula, one.domain) == (other.formula, other.domain)
    return one is other


def _what_the_mouse_does(frame: Frame | None) -> str:
    moves = "Drag: move. Wheel: zoom. Double-click: the whole surface. Click a ball or its trail: select its run."
    if frame is None or frame.theta.size > 2:
        return tip(moves)
    return tip(f"Click: put the ball there; with Shift: another. Drag a ball: put it elsewhere. {moves}")
