"""The surface panel: the cost, and where each run is on it."""

import math

import numpy as np
import pyqtgraph as pg
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent
from PySide6.QtCore import QEvent, QPointF, Signal
from PySide6.QtGui import QColor, QFont, QPixmapCache, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from gdviz.core.frame import Floats, Frame, Landscape
from gdviz.ui.panels.surface.axis import Axis
from gdviz.ui.panels.surface.colour_bar import ColourBar
from gdviz.ui.panels.surface.contour import ContourMap
from gdviz.ui.panels.surface.curve import CostCurve
from gdviz.ui.panels.surface.marks import RunMarks, StepArrow
from gdviz.ui.panels.surface.pixels import Pixels
from gdviz.ui.panels.surface.readout import Readout
from gdviz.ui.panels.surface.remarks import Remarks
from gdviz.ui.theme import Theme

_NEAR = 10
"""pixels; a click this close to a ball or trail means it"""


class SurfacePanel(QWidget):
    """A map of a cost of two knobs or of a network's slice, a curve of a cost of one, with the runs' balls on it.

    What stands still (map, lines, labels, axes) is made once for each landscape; a frame only moves the runs' marks.
    """

    run_selected = Signal(int)
    """index in `Frame.runs` of the run whose ball or trail was clicked"""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._frame: Frame | None = None
        self._landscape: Landscape | None = None
        self._zoomed = False

        self._title = QLabel("COST SURFACE")
        self._reset = QToolButton()
        self._reset.setText("Reset view")
        self._reset.setAutoRaise(True)
        self._reset.hide()
        self._reset.setAccessibleName("Reset view")
        self._reset.setToolTip("Show the whole surface again (or double-click it)")
        self._reset.clicked.connect(self.reset_view)
        # Put together here, because a PlotWidget makes seven menus that nobody opens and that outlive it.
        self.plot = pg.GraphicsLayoutWidget()
        self.plot.setAccessibleName("Cost surface")
        self.plot.setToolTip("Wheel: zoom. Drag: move. Double-click: the whole surface. Click a ball: select its run.")
        self._bar = ColourBar(theme)
        self._readout = Readout(theme)

        self.plot.setAntialiasing(True)
        self._view = pg.ViewBox(enableMenu=False)
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
        self._arrow = StepArrow(self._view)
        self._arrow.setZValue(200)
        self._arrow.hide()
        self._marks: list[RunMarks] = []
        self._remarks = Remarks(self.plot)
        self._pixels = Pixels((0, 1), (0, 1), 1, 1)

        header = QHBoxLayout()
        header.addWidget(self._title)
        header.addStretch()
        header.addWidget(self._reset)
        middle = QHBoxLayout()
        middle.setSpacing(6)
        middle.addWidget(self.plot, 1)
        middle.addWidget(self._bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        column.addLayout(header)
        column.addLayout(middle, 1)
        column.addWidget(self._readout)

        self._view.sigRangeChanged.connect(self._view_changed)
        self._view.sigResized.connect(self._view_changed)
        self._view.sigRangeChangedManually.connect(self._view_zoomed)
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours, or the application's new font."""
        self._theme = self._bar.theme = self._readout.theme = theme
        self._em = float(self.fontMetrics().height())
        font = QFont(self.font())
        font.setBold(True)
        font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 106)
        self._title.setFont(font)
        self._title.setStyleSheet(f"color: {theme.text};")
        self.plot.setBackground(theme.panel)
        for axis in (self._left, self._bottom):
            axis.setPen(theme.border)
            axis.setTextPen(theme.muted)
            axis.setStyle(tickFont=self.font(), tickLength=-4, hideOverlappingLabels=False)
            axis.label.setFont(self.font())
        self._view.setBorder(pg.mkPen(theme.border))
        self._map.set_theme(theme, self.font())
        self._curve.set_theme(theme, self._em)
        self._arrow.setBrush(QColor("white"))
        self._arrow.setPen(pg.mkPen("#0b0e14", width=1))
        self._remarks.set_theme(theme)
        self._label_axes()
        self._arrange()
        self._view_changed()
        for child in (self._bar, self._readout):
            child.updateGeometry()
            child.update()

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

    def show_frame(self, frame: Frame) -> None:
        """Draw a frame."""
        moved_on = self._frame is not None and frame.problem is not self._frame.problem
        self._frame = frame
        said_otherwise = self._remarks.show_frame(frame)
        if moved_on or frame.landscape is not self._landscape:
            self._show_landscape(frame.landscape, keep_view=self._zoomed and not moved_on)
        elif said_otherwise:
            self._view_changed()
        self._draw()
        self._readout.show_frame(frame)

    def reset_view(self) -> None:
        """Show the whole landscape."""
        self._zoomed = False
        self._reset.hide()
        self._fit()

    @property
    def _is_curve(self) -> bool:
        return self._landscape is not None and not self._landscape.y.size

    def _show_landscape(self, landscape: Landscape | None, keep_view: bool) -> None:
        self._landscape = landscape
        flat = landscape is not None and landscape.y.size > 0
        self._map.show_landscape(landscape if flat else None)
        self._curve.hide()
        self._bar.show_levels(self._map.levels)
        self._label_axes()
        self._arrange()
        if keep_view:
            self._view_changed()
        else:
            self.reset_view()

    def _label_axes(self) -> None:
        labels = self._landscape.labels if self._landscape is not None else ("", "")
        for axis, text in zip((self._bottom, self._left), labels, strict=True):
            axis.setLabel(text, color=self._theme.muted)
            axis.setStyle(showValues=self._landscape is not None)

    def _arrange(self) -> None:
        """Leave the legend and the names of the axes out where the map needs the room."""
        roomy, tall = self.width() > 26 * self._em, self.height() > 17 * self._em
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
        """Set the view to the whole landscape, or what of it the user hasn't zoomed away from."""
        landscape = self._landscape
        if landscape is None:
            return
        if landscape.y.size:
            x, y = landscape.x[[0, -1]], landscape.y[[0, -1]]
        else:
            finite = landscape.costs[np.isfinite(landscape.costs)]
            low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
            room = 0.08 * (high - low) or 1.0
            x, y = landscape.x[[0, -1]], np.array([low - room, high + room])
        if not self._zoomed:
            self._view.setRange(xRange=tuple(x), yRange=tuple(y), padding=0)
        self._view_changed()

    def _view_changed(self) -> None:
        x, y = self._view.viewRange()
        width, height = max(self._view.width(), 1), max(self._view.height(), 1)
        self._pixels = Pixels(tuple(x), tuple(y), width, height, self.devicePixelRatioF())
        # Three still pictures of the view are kept: map, lines and curve. Qt's default is too small for a large screen.
        kept = 3 * 4 * width * height * self._pixels.ratio**2 / 1024
        QPixmapCache.setCacheLimit(max(QPixmapCache.cacheLimit(), math.ceil(kept)))
        area = self._view.sceneBoundingRect().toRect()
        self._remarks.set_area(area.x(), area.y(), area.width(), area.height())
        trails = [run.trail[:: -max(1, len(run.trail) // 20)] for run in self._frame.runs] if self._frame else []
        self._map.place_labels(self._pixels, np.concatenate([*map(self._pixels, trails), self._remarks.covered()]))
        self._draw()

    def _view_zoomed(self) -> None:
        self._zoomed = True
        self._reset.show()

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
        if landscape is not None and self._is_curve:
            self._curve.draw(frame, landscape, self._pixels)
        if landscape is not None and not self._is_curve:
            self._arrow.draw(frame, self._pixels, self._em)
        else:
            self._arrow.setVisible(False)

    def _clicked(self, event: MouseClickEvent) -> None:
        if event.double():
            self.reset_view()
            return
        at = self._view.mapFromScene(event.scenePos())
        if self._frame is not None and (index := self._nearest(at)) is not None:
            self.run_selected.emit(index)

    def _nearest(self, at: QPointF) -> int | None:
        """The run whose trail, ball included, comes nearest to a point in pixels; None where none is near."""
        assert self._frame is not None
        point = np.array([at.x(), at.y()])
        distances = [
            _distance(point, self._pixels(run.trail)) if run.on_surface and len(run.trail) else math.inf
            for run in self._frame.runs
        ]
        nearest = min(distances, default=math.inf)
        return distances.index(nearest) if nearest <= _NEAR else None


def _distance(point: Floats, line: Floats) -> float:
    """From a point (2,) to a line through points (m, 2)."""
    start, along = line, np.diff(line, axis=0, append=line[-1:])
    length = np.maximum((along**2).sum(axis=1), 1e-12)
    part = np.clip(((point - start) * along).sum(axis=1) / length, 0, 1)
    return float(np.hypot(*(start + part[:, None] * along - point).T).min())
