"""Frames made by hand, and a panel to show them on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from gdviz.core.frame import Curve, Evaluations, Floats, Frame, Landscape, RunFrame
from gdviz.core.history import History
from gdviz.core.optimizer import Term
from gdviz.core.optimizers import GradientDescent
from gdviz.ui.panels.surface import SurfacePanel
from gdviz.ui.panels.surface.pixels import Pixels
from gdviz.ui.panels.surface.readout import Readout

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QImage
    from pytestqt.qtbot import QtBot

    from gdviz.core.problem import Problem
    from gdviz.ui.panels.surface.map_view import MapView
    from gdviz.ui.theme import Theme

NOTHING = np.empty(0)


@dataclass(eq=False)
class Cost:
    """A cost by formula, with what a panel asks of a problem."""

    function: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    n_params: int
    minima: tuple[tuple[float, ...], ...] = ()
    network: str | None = None
    n_examples: None = None

    def costs_and_gradients(self, thetas: Floats, batch: None = None) -> tuple[Floats, Floats]:
        return self.function(thetas), self.slope(thetas)


class Frames:
    """Frames of a parabola, C(w) = w^2, and of a bowl, C(x, y) = x^2 + 3 y^2."""

    parabola = Cost(lambda t: t[:, 0] ** 2, lambda t: 2 * t, 1, ((0.0,),))
    bowl = Cost(lambda t: t[:, 0] ** 2 + 3 * t[:, 1] ** 2, lambda t: t * (2, 6), 2, ((0.0, 0.0),))
    network = replace(bowl, minima=(), network="any")

    def curve_landscape(self, reach: float = 6.0) -> Landscape:
        w = np.linspace(-reach, reach, 121)
        return Landscape(w, NOTHING, w**2, ("w", "cost"), "")

    def map_landscape(self, reach: float = 2.0, note: str = "") -> Landscape:
        x = np.linspace(-reach, reach, 81)
        return Landscape(x, x, x**2 + 3 * x[:, None] ** 2, ("x", "y"), note)

    def run(self, cost: Cost, thetas: Floats, learning_rate: float = 0.1, **other: object) -> RunFrame:
        costs = cost.function(thetas)
        run = RunFrame(
            colour=0, label="lr 0.1", ghost=False, on_surface=True, step=len(thetas) - 1, newest=len(thetas) - 1,
            epoch=None, cost=float(costs[-1]), grad_norm=1.0, learning_rate=learning_rate, ended="",
            curve=Curve(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, 1, 1),
            evaluations=Evaluations(np.empty(0, np.int64), NOTHING, NOTHING, NOTHING, NOTHING),
            trail=np.stack([thetas[:, 0], costs], axis=1) if cost.n_params == 1 else thetas,
            trail_costs=costs, off_plane=0.0, optimizer=GradientDescent(learning_rate=learning_rate),
            past=History(1, 0, np.dtype(float), 64).table(), row=0,
        )  # fmt: skip
        return replace(run, **other)  # type: ignore[arg-type]  # a name of any field

    def frame(self, cost: Cost, landscape: Landscape | None, *runs: RunFrame, selected: int = 0) -> Frame:
        run = runs[selected]
        theta = run.trail[-1, : cost.n_params] if len(run.trail) else np.zeros(cost.n_params)
        slope = cost.slope(theta[None])[0]
        return Frame(
            problem=cast("Problem", cost), runs=runs, selected=selected, live=False, landscape=landscape,
            remaking=False, theta=theta, theta_step=run.step, start=theta, slope=slope,
            terms=(Term("slope", slope), Term("step", run.learning_rate * slope, "step")), descent=None,
            sharpness=None,
        )  # fmt: skip

    def on_parabola(self, *w: float, learning_rate: float = 0.1) -> Frame:
        run = self.run(self.parabola, np.array(w)[:, None], learning_rate)
        return self.frame(self.parabola, self.curve_landscape(), run)

    def on_bowl(self, *points: tuple[float, float], learning_rate: float = 0.1, ended: str = "") -> Frame:
        run = self.run(self.bowl, np.array(points), learning_rate, ended=ended)
        return self.frame(self.bowl, self.map_landscape(), run)

    def with_memory(self, frame: Frame) -> Frame:
        """The same, the step that follows being one of a rule with a velocity and a size."""
        slope, step = frame.terms
        velocity = Term("velocity", slope.value * 2, "direction", "v")
        size = Term("mean square", slope.value**2 / 4, "size", "s")
        return replace(frame, terms=(slope, velocity, size, replace(step, value=step.value * 3)))


@dataclass
class Screen:
    """A panel on screen, and what is seen there."""

    panel: SurfacePanel

    @property
    def map(self) -> MapView:
        return self.panel.map

    def show(self, frame: Frame) -> QImage:
        self.panel.show_frame(frame)
        QApplication.processEvents()
        return self.picture()

    def picture(self) -> QImage:
        return self.panel.grab().toImage()

    def pixels(self) -> Pixels:
        """Where points of the plane should be, from the panel's size alone."""
        (x, y), box = self.map._view.viewRange(), self.map._view.rect()
        return Pixels(tuple(x), tuple(y), box.width(), box.height())

    def in_plot(self, x: float, y: float) -> QPoint:
        """Where a point of the plane is in the plot's viewport."""
        view = self.map._view
        place: QPoint = self.map.plot.mapFromScene(view.mapFromView(QPointF(x, y)) + view.sceneBoundingRect().topLeft())
        return place

    def colour(self, image: QImage, x: float, y: float, right: int = 0, down: int = 0) -> str:
        """The colour at a point of the plane, or so many pixels beside it."""
        place = self.map.plot.viewport().mapTo(self.panel, self.in_plot(x, y))
        return image.pixelColor(place.x() + right, place.y() + down).name()

    def texts(self) -> list[str]:
        return [label.text() for label in self.panel.findChildren(QLabel) if label.isVisible()]

    def reading(self) -> str:
        readout = self.panel.findChild(Readout)
        assert readout is not None
        return readout.accessibleDescription()

    def click(self, x: float, y: float, down: int = 0, shift: bool = False, double: bool = False) -> None:
        """Click at a point of the plane, or so many pixels below it."""
        event = QEvent.Type
        for kind in (event.MouseButtonPress, event.MouseButtonRelease):
            self._mouse(kind, x, y, down, shift)
        if double:
            for kind in (event.MouseButtonDblClick, event.MouseButtonRelease):
                self._mouse(kind, x, y, down, shift)

    def press(self, x: float, y: float) -> None:
        self._mouse(QEvent.Type.MouseButtonPress, x, y)

    def move(self, x: float, y: float, held: bool = True) -> None:
        QTest.qSleep(15)  # what moves more often is not looked at
        self._mouse(QEvent.Type.MouseMove, x, y, held=held)

    def release(self, x: float, y: float) -> None:
        self._mouse(QEvent.Type.MouseButtonRelease, x, y)

    def _mouse(
        self, kind: QEvent.Type, x: float, y: float, down: int = 0, shift: bool = False, held: bool = True
    ) -> None:
        # QTest moves without a button, and its double click has a press too many.
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        modifier = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
        viewport = self.map.plot.viewport()
        place = QPointF(self.in_plot(x, y) + QPoint(0, down))
        cause = none if kind == QEvent.Type.MouseMove else left
        buttons = left if held and kind != QEvent.Type.MouseButtonRelease else none
        event = QMouseEvent(kind, place, QPointF(viewport.mapToGlobal(place)), cause, buttons, modifier)
        QApplication.sendEvent(viewport, event)


@pytest.fixture
def frames() -> Frames:
    return Frames()


@pytest.fixture
def new_screen(qtbot: QtBot, theme: Theme) -> Callable[[], Screen]:
    """A function that makes a panel and shows it."""

    def make() -> Screen:
        panel = SurfacePanel(theme)
        qtbot.addWidget(panel)
        panel.resize(700, 500)
        panel.show()
        QApplication.processEvents()
        return Screen(panel)

    return make


@pytest.fixture
def screen(new_screen: Callable[[], Screen]) -> Screen:
    return new_screen()
