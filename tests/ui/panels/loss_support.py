"""What the tests of the loss panel share: runs as they are shown, and a panel on the screen with a mouse over it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from gdviz.core.curve import CurveBuilder
from gdviz.core.frame import Evaluations, Floats, Frame, RunFrame
from gdviz.core.history import Table
from gdviz.core.optimizers import GradientDescent
from gdviz.core.surfaces import SURFACES
from gdviz.ui.panels.loss import LossPanel
from gdviz.ui.theme import DARK, Theme
from gdviz.ui.widgets import Button

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

NONE = np.empty(0)
UNMEASURED = Evaluations(np.empty(0, np.int64), NONE, NONE, NONE, NONE)


def measured(steps: list[int], train: list[float], test: list[float], accuracy: list[float]) -> Evaluations:
    return Evaluations(np.array(steps), np.array(train), np.array(accuracy), np.array(test), np.array(accuracy))


def run(costs: Floats, window: int = 1, **fields: object) -> RunFrame:
    builder = CurveBuilder(window)
    builder.extend(np.arange(len(costs)), costs)
    newest = len(costs) - 1
    row = fields.get("step", newest)
    assert isinstance(row, int)
    past = Table(np.arange(len(costs)), np.asarray(costs, float), NONE, NONE, np.empty((len(costs), 0)), NONE)
    known = RunFrame(
        colour=0, label="run", ghost=False, on_surface=True, step=newest, newest=newest, epoch=None,
        cost=float(costs[-1]), grad_norm=1.0, learning_rate=0.1, ended="", curve=builder.curve(),
        evaluations=UNMEASURED, trail=np.empty((0, 2)), trail_costs=NONE, off_plane=0.0,
        optimizer=GradientDescent(), past=past, row=row,
    )  # fmt: skip
    return replace(known, **fields)  # type: ignore[arg-type]  # any field


def frame(*runs: RunFrame, selected: int = 0, live: bool = False) -> Frame:
    theta = np.zeros(1)
    step = runs[selected].step
    return Frame(SURFACES[0], runs, selected, live, None, False, theta, step, theta, None, (), None, None)


class Shown:
    """A panel on the screen, its picture, and the mouse over it."""

    def __init__(self, qtbot: QtBot, theme: Theme = DARK) -> None:
        self.panel = LossPanel(theme)
        qtbot.addWidget(self.panel)
        self.panel.resize(700, 500)
        self.panel.show()
        qtbot.waitExposed(self.panel)
        self.view = self.panel._view
        self.viewport: QWidget = self.panel._plot.viewport()

    def show(self, *runs: RunFrame, selected: int = 0) -> None:
        self.panel.show_frame(frame(*runs, selected=selected))
        QApplication.processEvents()

    def at(self, x: float, y: float) -> QPoint:
        """Where a point of the axes is on the viewport."""
        return self.panel._plot.mapFromScene(self.view.mapViewToScene(QPointF(x, y)))  # type: ignore[no-any-return]  # no types

    def picture(self) -> QImage:
        return self.viewport.grab().toImage()

    def has(self, colour: str, x: float, y: float, within: int = 2) -> bool:
        """Whether this colour is at a point of the axes, or a few pixels away."""
        picture, centre, wanted = self.picture(), self.at(x, y), QColor(colour)
        near = range(-within, within + 1)
        pixels = [picture.pixelColor(centre + QPoint(dx, dy)) for dx in near for dy in near]
        differences = ((p.red() - wanted.red(), p.green() - wanted.green(), p.blue() - wanted.blue()) for p in pixels)
        return any(max(map(abs, difference)) < 24 for difference in differences)

    def ink(self, x: float, y: float) -> int:
        """How much the strongest pixel around a point of the axes differs from the background, 0 to 255."""
        picture, centre, back = self.picture(), self.at(x, y), QColor(DARK.panel)
        pixels = [picture.pixelColor(centre + QPoint(0, dy)) for dy in (-2, -1, 0, 1, 2)]
        return max(max(abs(p.red() - back.red()), abs(p.green() - back.green())) for p in pixels)

    def mouse(self, kind: QEvent.Type, at: QPoint, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
        there = QPointF(self.viewport.mapToGlobal(at))
        event = QMouseEvent(kind, QPointF(at), there, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.viewport, event)

    def wheel(self, at: QPoint, notches: int) -> None:
        there, none = QPointF(self.viewport.mapToGlobal(at)), Qt.KeyboardModifier.NoModifier
        turn = QPoint(0, 120 * notches)
        event = QWheelEvent(
            QPointF(at), there, QPoint(), turn, Qt.MouseButton.NoButton, none, Qt.ScrollPhase.NoScrollPhase, False
        )
        QApplication.sendEvent(self.viewport, event)

    def ranges(self) -> NDArray[np.float64]:
        return np.array(self.view.viewRange())

    def button(self, text: str) -> Button:
        return next(button for button in self.panel.findChildren(Button) if button.text() == text)

    def legend(self) -> str:
        text: str = self.panel._legend.text()
        return text
