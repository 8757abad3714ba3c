"""The relief as a picture: what stands still is painted once, and a frame paints what moved."""

import math

import numpy as np
from PySide6.QtCore import QEvent, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QHideEvent, QImage, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QWidget

from gdviz.core.frame import Frame, Landscape, RunFrame
from gdviz.core.relief import DRAFT, FULL, Camera, Terrain, View
from gdviz.core.surface import Surface
from gdviz.ui.panels.surface.contour import band_colours
from gdviz.ui.panels.surface.levels import level_text, nice_levels
from gdviz.ui.panels.surface.relief import arrows, marks
from gdviz.ui.panels.surface.relief.axes import Axes
from gdviz.ui.panels.surface.remarks import Remarks
from gdviz.ui.theme import Theme

_REST_MS = 120
"""after so long without a turn the picture is drawn in full"""
_DRAFT_PIXELS, _FEWEST = 310_000, 120_000
"""drawn while it turns, less a tenth of the window's, which take their time to be filled"""
_AS_LOW = 1.1
"""of a mean height that makes no difference"""
_DRAFT_POINTS, _DRAFT_PIECE = 60, 14.0
"""of a trail while the picture turns, and pixels of its pieces"""


class Relief(QWidget):
    """A block of terrain. A frame only adds to the trails and moves the balls; the terrain waits for the camera."""

    view_moved = Signal(bool)
    """whether the camera is not where it is at first"""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._part: int | None = None
        self._frame: Frame | None = None
        self.fineness = 1.0
        """pixels drawn for one of the screen's, along each side"""
        self._home = self._camera = Camera()
        """from where one looks at first, and now"""
        self._logarithmic = False
        self._terrain: Terrain | None = None
        self._view: View | None = None
        self._draft = False
        """the camera is moving"""
        self._still: QPixmap | None = None
        """terrain, axes and minima; None where they must be painted anew"""
        self._drawn: QPixmap | None = None
        """those, and the trails but for the lines to the balls"""
        self._painted: list[RunFrame] = []
        """whose trails those are"""
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._come_to_rest)
        self._remarks = Remarks(self)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Cost surface in relief")
        self.set_theme(theme)

    # What the panel calls

    def show_frame(self, frame: Frame) -> None:
        """Draw a frame."""
        before, self._frame = self._frame, frame
        if before is None or frame.landscape is not before.landscape:
            self._terrain = self._view = self._still = None
            # A slice that is kept fresh: drawn in full when the run rests, as when the camera does.
            followed = before is not None and before.landscape is not None and frame.view is not None
            self._draft = self._draft or followed
        elif frame.problem is not before.problem:
            self._still = None  # it may know other minima
        if frame.landscape is not None and (
            before is None or before.landscape is None or not _same_cost(before, frame)
        ):
            self._home = _looking_in(frame.landscape)
            self.reset_view()
        if self._draft:
            self._rest.start()
        self._remarks.show_frame(frame)
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours, or the application's new font."""
        self._theme, self._em = theme, float(self.fontMetrics().height())
        self._look = marks.Look(theme, self._em)
        self._remarks.set_theme(theme)
        self._still = self._view = None
        self.update()

    def reset_view(self) -> None:
        """Look from where one looks at first."""
        if self._camera != self._home:
            self._set_camera(self._home, draft=False)

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Let the height be the logarithm of the cost above the lowest, or the cost."""
        if logarithmic != self._logarithmic:
            self._logarithmic = logarithmic
            self._terrain = self._view = self._still = None
            self.update()

    def set_fineness(self, fineness: float) -> None:
        """Draw so many times as many pixels along each side as the screen has."""
        if fineness != self.fineness:
            self.fineness = fineness
            self._view = self._still = None

    def set_part(self, part: int | None) -> None:
        """Show the step as far as number ``part`` of its terms, one past the last being the new point; None: as one."""
        if part != self._part:
            self._part = part
            self.update()

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self.font())
        frame, view = self._frame, self._look_again()
        if frame is None or view is None:
            painter.fillRect(self.rect(), QColor(self._theme.panel))
            return
        self._paint_still(frame, view)
        self._paint_trails(frame, view)
        assert self._drawn is not None
        painter.drawPixmap(0, 0, self._drawn)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        shown = back_to_front(frame)
        self._paint_heads(painter, shown, view)
        known = bool(frame.terms) and frame.theta_step == frame.step and frame.theta.size == 2
        part = self._part if known else None
        has_ball = bool(shown) and shown[-1] is frame.run
        if has_ball and part is None:
            arrows.paint_step(painter, frame, view, self._look)
        for ball in marks.balls(shown, frame.run, view, self._look):
            marks.paint_ball(painter, ball, view, self._look)
        if has_ball and part is not None:
            arrows.paint_parts(painter, frame, part, view, self._look)
        self._paint_over(painter, frame, view)

    def _look_again(self) -> View | None:
        """The terrain as the camera sees it now; None where there is none."""
        landscape = self._frame.landscape if self._frame is not None else None
        if landscape is None or not landscape.y.size or not self.width() or not self.height():
            return None
        if self._terrain is None:
            levels = nice_levels(landscape.costs)
            self._terrain = Terrain(landscape, levels, band_colours(levels.size), self._logarithmic)
        if self._view is None:
            em, metrics = self._em, self.fontMetrics()
            widest = max((metrics.horizontalAdvance(level_text(level)) for level in self._terrain.levels), default=0)
            margins = (widest + 1.6 * em, 1.2 * em, 1.6 * em, 1.0 * em)
            width, height = self.width(), self.height()
            ratio = self._ratio
            if self._draft:
                ratio = min(1.0, math.sqrt(max(_DRAFT_PIXELS / (width * height) - 0.1, _FEWEST / (width * height))))
            quality = DRAFT if self._draft else FULL
            self._view = View(self._terrain, self._camera, width, height, quality, ratio, margins)
            self._still = None
        return self._view

    def _paint_still(self, frame: Frame, view: View) -> None:
        """Paint what stands still, unless it is there."""
        if self._still is not None:
            return
        picture = view.render()
        rows, columns, _ = picture.shape
        image = QImage(picture.data, columns, rows, QImage.Format.Format_RGBA8888_Premultiplied)
        self._still = self._blank()
        self._still.fill(QColor(self._theme.panel))
        painter = QPainter(self._still)
        painter.setFont(self.font())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(0, 0, view.width, view.height), image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        Axes(painter, view, self._theme, band_colours(view.terrain.levels.size)).paint()
        marks.paint_minima(painter, frame, view, self._look)
        painter.end()
        self._drawn = None

    def _paint_trails(self, frame: Frame, view: View) -> None:
        """Add to the still picture how the trails went on; where one did otherwise, paint all of them anew."""
        runs = back_to_front(frame)
        first = [0] * len(runs)
        if self._drawn is not None and _go_on(self._painted, runs):
            first = [len(before.trail) - 2 for before in self._painted]
        else:
            assert self._still is not None
            self._drawn = self._still.copy()
        self._painted = runs
        painter = QPainter(self._drawn)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        many, piece = (_DRAFT_POINTS, _DRAFT_PIECE) if self._draft else (marks.MANY, marks.PIECE)
        parts = [(run, slice(max(begin, 0), -1)) for run, begin in zip(runs, first, strict=True)]
        parts = [(run, points) for run, points in parts if len(run.trail[points]) > 1]
        lines = [marks.lifted(run.trail[points], run.trail_costs[points], view) for run, points in parts]
        laid = marks.ways([marks.thinned(line, view, many) for line in lines], view, piece)
        for (run, _), way in zip(parts, laid, strict=True):
            marks.paint_trail(painter, run, way, self._look, cased=not self._draft)
        painter.end()

    def _paint_heads(self, painter: QPainter, runs: list[RunFrame], view: View) -> None:
        """Paint the last line of each trail, to its ball, which may be elsewhere in the next frame."""
        runs = [run for run in runs if len(run.trail) > 1]
        if not runs:
            return
        points, costs = (
            np.concatenate(of) for of in zip(*((r.trail[-2:], r.trail_costs[-2:]) for r in runs), strict=True)
        )
        world = marks.lifted(points, costs, view)
        at = view.pixels(world)
        apart = np.abs(at[1::2] - at[::2]).max(axis=1) > 1  # else the ball covers it
        laid = marks.ways([world[2 * i : 2 * i + 2] for i in np.flatnonzero(apart)], view)
        for i, way in zip(np.flatnonzero(apart), laid, strict=True):
            marks.paint_trail(painter, runs[i], way, self._look)

    @property
    def _ratio(self) -> float:
        return self.fineness * self.devicePixelRatioF()

    def _blank(self) -> QPixmap:
        ratio = self._ratio
        pixmap = QPixmap(math.ceil(self.width() * ratio), math.ceil(self.height() * ratio))
        pixmap.setDevicePixelRatio(ratio)
        return pixmap

    def _paint_over(self, painter: QPainter, frame: Frame, view: View) -> None:
        """Paint what comes last."""

    # The camera

    def _set_camera(self, camera: Camera, draft: bool) -> None:
        self._camera, self._draft, self._view = camera, draft, None
        if draft:
            self._rest.start()
        self.view_moved.emit(camera != self._home)
        self.update()

    def _come_to_rest(self) -> None:
        self._draft, self._view = False, None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._remarks.set_area(0, 0, self.width(), self.height())
        self._view, self._draft = None, True
        self._rest.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._rest.isActive():
            self._rest.stop()
            self._come_to_rest()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.set_theme(self._theme)

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._view = None
            self.update()
        return handled


def back_to_front(frame: Frame) -> list[RunFrame]:
    """The runs that have a ball on this surface, the selected last."""
    runs = [run for run in frame.runs if run.on_surface and len(run.trail)]
    return sorted(runs, key=lambda run: run is frame.run)


def _go_on(before: list[RunFrame], now: list[RunFrame]) -> bool:
    """Whether all that was painted of trails, that is all but their last points, is still there."""
    return len(before) == len(now) and all(
        (was.colour, was.ghost, was.left, was.far) == (run.colour, run.ghost, run.left, run.far)
        and len(was.trail) <= len(run.trail)
        and np.array_equal(was.trail[:-1], run.trail[: len(was.trail) - 1])
        for was, run in zip(before, now, strict=True)
    )


def _looking_in(landscape: Landscape) -> Camera:
    """From the corner before which the terrain is lowest, so that no mountain stands before the valley."""
    ny, nx = landscape.costs.shape if landscape.y.size else (0, 0)
    costs = landscape.costs[np.isfinite(landscape.costs)]
    if not costs.size or not landscape.y.size:
        return Camera()
    scale = max(float(np.abs(costs).max()), 1e-300)  # so that no sum of them leaves the range of numbers
    heights = np.where(np.isfinite(landscape.costs), landscape.costs, costs.max()) / scale - costs.min() / scale
    # In the order in which a camera passes them that goes round, from right of the x axis on.
    top, right = slice(ny // 2, None), slice(nx // 2, None)
    bottom, left = slice(0, ny // 2), slice(0, nx // 2)
    before = [heights[corner].mean() for corner in ((bottom, right), (top, right), (top, left), (bottom, left))]
    quarter = int(np.argmin(before))
    # Where it makes no difference, as at first.
    return Camera() if before[0] <= _AS_LOW * before[quarter] else Camera().turned(90.0 * quarter, 0)


def _same_cost(before: Frame, now: Frame) -> bool:
    """Whether the problems differ at most in their start; then another ball is no reason to leave what is in view."""
    one, other = before.problem, now.problem
    if before.plane != now.plane:
        return False
    if isinstance(one, Surface) and isinstance(other, Surface):
        return (one.formula, one.domain) == (other.formula, other.domain)
    return one is other
