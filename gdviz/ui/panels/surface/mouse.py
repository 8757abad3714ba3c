"""What the mouse does on a map or a curve: select a run, put a ball, drag one; elsewhere zoom and move."""

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QKeyEvent, QPainterPath
from PySide6.QtWidgets import QWidget

from gdviz.core.frame import Floats, Frame
from gdviz.ui.numbers import number
from gdviz.ui.panels.surface.pill import Pill
from gdviz.ui.panels.surface.pixels import CasedStroke, Pixels, pen
from gdviz.ui.theme import Theme

_NEAR = 10
"""pixels; what is this close to the mouse is meant"""


class View(pg.ViewBox):
    """A view box that knows the balls of a frame."""

    run_selected = Signal(int)
    """index in `Frame.runs` of the run whose ball or trail was clicked"""
    ball_placed = Signal(object, bool)
    """where a ball was put, a tuple with a float for each knob; and whether it is another one"""
    ball_moved = Signal(int, object)
    """index in `Frame.runs` of the run whose ball was dragged, and where to"""
    reset_asked = Signal()

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.zoomed = False
        self._frame: Frame | None = None
        self._pixels = Pixels((0, 1), (0, 1), 1, 1)
        self._held: int | None = None
        """the run whose ball is being dragged"""
        self._pans = True
        self._ring = CasedStroke(self, 600)
        self._ring.hide()
        self._cost = Pill(self, 600)
        self._click = QPointF(), False
        """where the last click was, and whether it asks for another ball"""
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self._place)

    def set_theme(self, theme: Theme, font: QFont, em: float) -> None:
        """Take another look."""
        self._theme, self._font, self._em = theme, font, em
        ring = QPainterPath()
        ring.addEllipse(QPointF(0, 0), em / 2, em / 2)
        self._ring.set_path(ring)

    def know(self, frame: Frame | None, pixels: Pixels) -> None:
        """Take what is drawn, and where; None where there is nothing to point at."""
        before = self._frame
        if self._held is not None and before is not None and (frame is None or len(frame.runs) != len(before.runs)):
            self._let_go()  # the index of the ball that is held may be another run's now
        self._frame, self._pixels = frame, pixels

    # Events

    def mouseClickEvent(self, ev: Any) -> None:
        if ev.button() != Qt.MouseButton.LeftButton:
            ev.ignore()
            return
        ev.accept()
        at = self.mapFromScene(ev.scenePos())
        another = bool(ev.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if ev.double():
            self._later.stop()
            self.reset_asked.emit()
        elif not another and (index := self._run_at(at)) is not None:
            self.run_selected.emit(index)
        elif self._takes_balls:
            self._click = at, another
            # Zoomed, it may be the first half of a double click, which has another meaning.
            if self.zoomed:
                self._later.start(QGuiApplication.styleHints().mouseDoubleClickInterval())
            else:
                self._place()

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        if ev.isStart():
            grabs = axis is None and ev.button() == Qt.MouseButton.LeftButton
            self._held = self._ball_at(self.mapFromScene(ev.buttonDownScenePos())) if grabs else None
            self._pans = self._held is None
        if self._pans:
            super().mouseDragEvent(ev, axis)
            return
        ev.accept()
        if self._held is None:  # let go of by Escape
            return
        at = self.mapFromScene(ev.scenePos())
        point, cost = self._under(at)
        if ev.isFinish():
            held = self._held
            self._let_go()
            if math.isfinite(cost):
                self.ball_moved.emit(held, point)
        else:
            self._drag(at, point, cost)

    def hoverEvent(self, ev: Any) -> None:
        if self._held is None:
            self._point(None if ev.isExit() else self.mapFromScene(ev.scenePos()))

    def keyPressEvent(self, ev: QKeyEvent) -> None:
        if ev.key() == Qt.Key.Key_Escape and self._held is not None:
            self._let_go()
            ev.accept()
        else:
            ev.ignore()

    # What they do

    def _place(self) -> None:
        at, another = self._click
        if self._takes_balls:
            point, cost = self._under(at)
            if math.isfinite(cost):
                self.ball_placed.emit(point, another)

    def _drag(self, at: QPointF, point: tuple[float, ...], cost: float) -> None:
        """Show a ring where the ball would be put, and the cost there."""
        assert self._frame is not None
        assert self._held is not None
        known = math.isfinite(cost)
        # On a curve it runs along the curve.
        x, y = self._pixels(np.array([*point, cost][:2])).tolist() if known else (at.x(), at.y())
        colour = self._theme.run(self._frame.runs[self._held].colour)
        self._ring.set_pens(pen(colour, self._em / 6), QColor("white"), self._em / 10)
        self._ring.setPos(x, y)
        self._ring.show()
        self._cost.write(f"cost {number(cost)}" if known else "no cost here", self._theme, self._font)
        beside = 1.5 * self._em
        ring = self._ring.mapRectToParent(self._ring.boundingRect())
        self._cost.show_beside([(x, y - beside), (x, y + beside)], [ring], self.rect())
        self._viewport.setCursor(Qt.CursorShape.ClosedHandCursor)

    def _let_go(self) -> None:
        self._held = None
        self._ring.hide()
        self._cost.hide()
        self._point(None)

    def _point(self, at: QPointF | None) -> None:
        """Have the cursor say what can be done at a place in pixels."""
        shape = Qt.CursorShape.ArrowCursor
        if at is not None and self._ball_at(at) is not None:
            shape = Qt.CursorShape.OpenHandCursor
        elif at is not None and self._run_at(at) is not None:
            shape = Qt.CursorShape.PointingHandCursor
        elif at is not None and self._takes_balls:
            shape = Qt.CursorShape.CrossCursor
        self._viewport.setCursor(shape)

    @property
    def _viewport(self) -> QWidget:
        # An item's own cursor does not change while a button is held.
        viewport: QWidget = self.getViewWidget().viewport()
        return viewport

    # What is where

    @property
    def _takes_balls(self) -> bool:
        """Whether a point of the picture is all the knobs: not so on a network's slice."""
        return self._frame is not None and self._frame.theta.size <= 2

    def _under(self, at: QPointF) -> tuple[tuple[float, ...], float]:
        """The knobs under a place in pixels, or the nearest place in view, and the cost there."""
        assert self._frame is not None
        x, y = min(max(at.x(), 0), self._pixels.width), min(max(at.y(), 0), self._pixels.height)
        point = self._pixels.point(x, y)[: self._frame.theta.size]
        with np.errstate(all="ignore"):
            return point, float(self._frame.problem.costs_and_gradients(np.array([point]))[0][0])

    def _ball_at(self, at: QPointF) -> int | None:
        """The run whose ball is at a place in pixels and can be dragged; of several at one point, the selected."""
        if not self._takes_balls:
            return None
        assert self._frame is not None
        distances = {}
        for index, run in enumerate(self._frame.runs):
            if run.on_surface and len(run.trail) and not run.ghost:
                x, y = self._pixels(run.trail[-1]).tolist()
                distances[index] = (math.hypot(x - at.x(), y - at.y()), index != self._frame.selected)
        nearest = min(distances, key=distances.__getitem__, default=None)
        return nearest if nearest is not None and distances[nearest][0] <= _NEAR else None

    def _run_at(self, at: QPointF) -> int | None:
        """The run whose trail, ball included, comes nearest to a place in pixels; None where none is near."""
        if self._frame is None:
            return None
        place = np.array([at.x(), at.y()])
        distances = [
            _distance(place, self._pixels(run.trail)) if run.on_surface and len(run.trail) else math.inf
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
