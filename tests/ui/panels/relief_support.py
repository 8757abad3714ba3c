"""What the tests of the relief share: frames made by hand, a relief on the screen, and what is seen where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from gdviz.core.frame import Curve, Evaluations, Frame, Landscape, RunFrame
from gdviz.core.history import History
from gdviz.core.optimizer import Term
from gdviz.core.optimizers import GradientDescent
from gdviz.core.surface import Surface
from gdviz.ui.panels.surface.relief import ReliefView

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gdviz.ui.theme import Theme

NOTHING = np.empty(0)
BOWL = Surface(
    name="bowl", description="", formula="x² + y²", default_start=(1.0, 1.0), domain=((-2, 2), (-2, 2)),
    function=lambda x, y: x * x + y * y, slope=lambda x, y: (2 * x, 2 * y), minima=((0.0, 0.0),),
)  # fmt: skip
RIDGE = replace(
    BOWL,
    formula="a ridge",
    minima=(),
    function=lambda x, y: np.exp(-((x + y) ** 2) / 0.1),
    slope=lambda x, y: (0 * x, 0 * y),
)


def landscape(problem: Surface, reach: float = 2.0) -> Landscape:
    x = np.linspace(-reach, reach, 101)
    return Landscape(x, x, problem.function(*np.meshgrid(x, x)), ("x", "y"), "")


def a_run(problem: Surface, *points: tuple[float, float], **other: object) -> RunFrame:
    trail = np.array(points, float)
    costs = np.asarray(problem.costs(trail), np.float64)
    run = RunFrame(
        colour=0, label="lr 0.1", ghost=False, on_surface=True, step=len(trail) - 1, newest=len(trail) - 1,
        epoch=None, cost=float(costs[-1]), grad_norm=1.0, learning_rate=0.1, ended="",
        curve=Curve(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, 1, 1),
        evaluations=Evaluations(np.empty(0, np.int64), NOTHING, NOTHING, NOTHING, NOTHING),
        trail=trail, trail_costs=costs, off_plane=0.0, optimizer=GradientDescent(learning_rate=0.1),
        past=History(2, 0, np.dtype(float), 64).table(), row=0,
    )  # fmt: skip
    return replace(run, **other)  # type: ignore[arg-type]  # any field


def a_frame(problem: Surface, *runs: RunFrame, selected: int = 0, ground: Landscape | None = None) -> Frame:
    run = runs[selected]
    theta = run.trail[-1] if len(run.trail) else np.zeros(2)
    slope = np.array([float(part) for part in problem.slope(*theta)])
    return Frame(
        problem=problem, runs=runs, selected=selected, live=False, landscape=ground or landscape(problem),
        remaking=False, theta=theta, theta_step=run.step, start=theta, slope=slope,
        terms=(Term("slope", slope), Term("step", 0.1 * slope, "step")), descent=None, sharpness=None,
    )  # fmt: skip


def on_screen(qtbot: QtBot, theme: Theme) -> ReliefView:
    view = ReliefView(theme)
    qtbot.addWidget(view)
    view.resize(700, 500)
    view.show()
    QApplication.processEvents()
    qtbot.wait(150)  # a resized picture rests a moment before it is drawn in full
    return view


def show(view: ReliefView, frame: Frame) -> QImage:
    view.show_frame(frame)
    return view.grab().toImage()


def place(view: ReliefView, *point: float) -> QPoint:
    """Where a point of the bowl (or of another cost, with its height) is in the picture."""
    x, y = point[:2]
    cost = point[2] if len(point) > 2 else x * x + y * y
    assert view._view is not None
    at, _ = view._view.project(np.array([[x, y, cost]]))
    return QPointF(*at[0]).toPoint()


def near(image: QImage, at: QPoint, colour: QColor | str, reach: int = 3, off: int = 12) -> int:
    """How many pixels of the square around a place have a colour."""
    wanted = QColor(colour)
    found = 0
    for dx in range(-reach, reach + 1):
        for dy in range(-reach, reach + 1):
            pixel = image.pixelColor(at.x() + dx, at.y() + dy)
            found += max(
                abs(pixel.red() - wanted.red()), abs(pixel.green() - wanted.green()), abs(pixel.blue() - wanted.blue())
            ) <= off  # fmt: skip
    return found


def difference(one: QImage, other: QImage) -> float:
    """The mean difference of two pictures' bytes."""
    a, b = (
        np.frombuffer(image.convertToFormat(QImage.Format.Format_RGB32).constBits(), np.uint8).astype(float)
        for image in (one, other)
    )
    return float(np.abs(a - b).mean())
