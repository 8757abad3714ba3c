"""The relief under the mouse: turned, zoomed and clicked."""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QWheelEvent,
)

from gdviz.core.frame import Floats, Frame, RunFrame
from gdviz.core.relief import View
from gdviz.ui.numbers import number
from gdviz.ui.panels.surface.pixels import pen
from gdviz.ui.panels.surface.relief import marks
from gdviz.ui.panels.surface.relief.arrows import paint_pill
from gdviz.ui.panels.surface.relief.picture import Relief, back_to_front
from gdviz.ui.theme import Theme
from gdviz.ui.widgets import tip

_NEAR = 10
"""pixels; what is this close to the mouse is meant"""
_DEGREES = 0.45
"""that a pixel turns the block by"""
_ZOOM = 1.0015
"""for an eighth of a degree of the wheel"""


class ReliefView(Relief):
    """A relief that the mouse turns, and on whose terrain it puts balls."""

    run_selected = Signal(int)
    """index in `Frame.runs` of the run whose ball or trail was clicked"""
    ball_placed = Signal(object, bool)
    """where a ball was put, (x, y); and whether it is another one"""
    ball_moved = Signal(int, object)
    """index in `Frame.runs` of the run whose ball was dragged, and where to, (x, y)"""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._pressed: QPointF | None = None
        self._moved = False
        self._held: int | None = None
        """the run whose ball is being dragged"""
        self._ring: tuple[float, float] | None = None
        """where on the plane it would be put"""
        self._click = (QPointF(), False)
        """where the last click was, and whether it asks for another ball"""
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self._place)
        self.setMouseTracking(True)

    def show_frame(self, frame: Frame) -> None:
        """Draw a frame."""
        before = self._frame
        super().show_frame(frame)
        if before is None or frame.landscape is not before.landscape:
            self.setToolTip(_what_the_mouse_does(frame))
        if before is not None and len(frame.runs) != len(before.runs):
            self._let_go()  # the index of the ball that is held may be another run's now

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._later.stop()
        self._let_go()

    def _paint_over(self, painter: QPainter, frame: Frame, view: View) -> None:
        """Where the ball that is dragged would be put, and the cost there."""
        if self._held is None or self._ring is None:
            return
        cost = self._cost(self._ring)
        x, y = view.pixels(marks.lifted(np.array([self._ring]), np.array([math.nan]), view))[0].tolist()
        colour, radius = self._look.colour(frame.runs[self._held]), self._em / 2
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for stroke in (QPen(QColor("white"), 0.37 * self._em), pen(colour, self._em / 6)):
            painter.setPen(stroke)
            painter.drawEllipse(QPointF(x, y), radius, radius)
        text = f"cost {number(cost)}" if math.isfinite(cost) else "no cost here"
        width, height = painter.fontMetrics().horizontalAdvance(text) + 12, self._em
        above = y - 1.6 * self._em if y > 3 * self._em else y + 1.6 * self._em
        left = min(max(x - width / 2, 2), max(2, view.width - width - 2))
        paint_pill(painter, text, QRectF(left, above - height / 2, width, height), self._theme, colour)

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._moved, self._held = event.position(), False, self._ball_at(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._pressed is None:
            self._show_cursor(at)
            return
        way = at - self._pressed
        if not self._moved and way.manhattanLength() < QGuiApplication.styleHints().startDragDistance():
            return
        self._moved = True
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._held is not None:
            self._ring = self._under(at)
            self.update()
            return
        self._pressed = at
        self._later.stop()
        self._set_camera(self._camera.turned(-_DEGREES * way.x(), _DEGREES * way.y()), draft=True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        held, ring, moved = self._held, self._ring, self._moved
        self._let_go()
        if moved:
            if held is not None and ring is not None and math.isfinite(self._cost(ring)):
                self.ball_moved.emit(held, ring)
        else:
            self._clicked(event.position(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._later.stop()
            self.reset_view()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if (view := self._view) is not None and (turn := event.angleDelta().y()):
            at = event.position()
            unit = view.scale / self._camera.zoom
            about = (at.x() - view.middle[0]) / unit, (view.middle[1] - at.y()) / unit
            self._later.stop()
            self._set_camera(self._camera.zoomed(_ZOOM**turn, about), draft=True)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._held is not None:
            self._let_go()
        else:
            super().keyPressEvent(event)

    def _let_go(self) -> None:
        self._pressed = self._held = self._ring = None
        self.unsetCursor()
        self.update()

    def _clicked(self, at: QPointF, another: bool) -> None:
        if not another and (index := self._run_at(at)) is not None:
            self.run_selected.emit(index)
        elif self._takes_balls and self._under(at) is not None:
            self._click = at, another
            # Turned or zoomed, it may be the first half of a double click, which has another meaning.
            if self._camera != self._home:
                self._later.start(QGuiApplication.styleHints().mouseDoubleClickInterval())
            else:
                self._place()

    def _place(self) -> None:
        at, another = self._click
        point = self._under(at) if self._takes_balls else None
        if point is not None and math.isfinite(self._cost(point)):
            self.ball_placed.emit(point, another)

    def _show_cursor(self, at: QPointF) -> None:
        if self._ball_at(at) is not None:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        elif self._run_at(at) is not None:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        elif self._takes_balls and self._under(at) is not None:
            self.setCursor(Qt.CursorShape.CrossCursor)
        else:
            self.unsetCursor()

    # What is where

    @property
    def _takes_balls(self) -> bool:
        """Whether a point of the picture is all the knobs: not so on a network's slice."""
        return self._frame is not None and self._frame.theta.size == 2

    def _under(self, at: QPointF) -> tuple[float, float] | None:
        """The point of the plane whose terrain is seen at a place."""
        return None if self._view is None else self._view.pick(at.x(), at.y())

    def _cost(self, point: tuple[float, float]) -> float:
        assert self._frame is not None
        with np.errstate(all="ignore"):
            return float(self._frame.problem.costs_and_gradients(np.array([point]))[0][0])

    def _ball_at(self, at: QPointF) -> int | None:
        """The run whose ball is at a place and can be dragged; of several at one point, the selected."""
        if not self._takes_balls or self._view is None:
            return None
        assert self._frame is not None
        frame, distances = self._frame, {}
        runs = [run for run in back_to_front(frame) if not run.ghost]
        for ball in marks.balls(runs, frame.run, self._view, self._look):
            distance = float(np.hypot(*(ball.at - (at.x(), at.y()))))
            distances[frame.runs.index(ball.run)] = distance, not ball.selected
        nearest = min(distances, key=distances.__getitem__, default=None)
        return nearest if nearest is not None and distances[nearest][0] <= _NEAR else None

    def _run_at(self, at: QPointF) -> int | None:
        """The run whose trail, ball included, is seen nearest to a place; None where none is near."""
        if self._frame is None or self._view is None:
            return None
        place = np.array([at.x(), at.y()])
        distances = [_distance(place, run, self._view) for run in self._frame.runs]
        nearest = min(distances, default=math.inf)
        return distances.index(nearest) if nearest <= _NEAR else None


def _distance(place: Floats, run: RunFrame, view: View) -> float:
    """From a place (2,) to what is seen of a trail."""
    if not run.on_surface or not len(run.trail):
        return math.inf
    world = marks.lifted(run.trail, run.trail_costs, view)
    ball_at = float(np.hypot(*(view.pixels(world[-1:])[0] - place)))
    if len(world) == 1:
        return ball_at
    (laid,) = marks.ways([marks.thinned(world, view)], view)
    seen = laid.at[(laid.seen == 1) | np.append(False, laid.seen[:-1] == 1)]
    return min(ball_at, float(np.hypot(*(seen - place).T).min(initial=math.inf)))


def _what_the_mouse_does(frame: Frame) -> str:
    moves = "Drag: turn. Wheel: zoom. Double-click: as at first. Click a ball or its trail: select its run."
    if frame.theta.size > 2:
        return tip(moves)
    return tip(f"Click: put the ball there; with Shift: another. Drag a ball: put it elsewhere. {moves}")
