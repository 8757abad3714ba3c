"""What the tests of the weights panel share: frames made by hand, a panel on the screen, its clock and its colours."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtGui import QColor

from gdviz.core.frame import Curve, Evaluations, Frame, RunFrame
from gdviz.core.history import History
from gdviz.core.network import Network
from gdviz.core.optimizers import GradientDescent
from gdviz.core.surfaces import SURFACES
from gdviz.ui.panels.weights import WeightsPanel

if TYPE_CHECKING:
    import pytest
    from PySide6.QtCore import QPoint
    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from gdviz.core.optimizer import Optimizer
    from gdviz.core.problem import Vector
    from gdviz.ui.theme import Theme


class Net:
    """As much of a digit problem as the panel looks at."""

    def __init__(self, n_hidden: int = 16, n_in: int = 784) -> None:
        self.network = Network((n_in, n_hidden, 10))
        self.n_params = self.network.n_params
        self.theta = np.zeros(self.n_params, np.float32)
        self.weights, self.biases = next(self.network.layers(self.theta))


def run_frame(step: int = 0, label: str = "", colour: int = 0) -> RunFrame:
    none = np.zeros(0)
    return RunFrame(
        colour=colour,
        label=label,
        ghost=False,
        on_surface=True,
        step=step,
        newest=step,
        epoch=None,
        cost=1.0,
        grad_norm=1.0,
        learning_rate=0.1,
        ended="",
        curve=Curve(none, none, none, none, none, 1, 1),
        evaluations=Evaluations(none.astype(np.int64), none, none, none, none),
        trail=np.zeros((0, 2)),
        trail_costs=none,
        off_plane=0.0,
        optimizer=GradientDescent(),
        past=History(1, 0, np.dtype(float), 64).table(),
        row=0,
    )


def frame(problem: Any, theta: Vector, **others: Any) -> Frame:
    runs = others.pop("runs", (run_frame(others.pop("step", 0)),))
    values: dict[str, Any] = {
        "problem": problem,
        "runs": runs,
        "selected": len(runs) - 1,
        "live": False,
        "landscape": None,
        "remaking": False,
        "theta": theta,
        "theta_step": runs[-1].step,
        "start": np.zeros_like(theta),
        "slope": None,
        "terms": (),
        "descent": None,
        "sharpness": None,
    }
    return Frame(**(values | others))


def surface_frame(*theta: float, optimizer: Optimizer | None = None, **others: Any) -> Frame:
    optimizer = optimizer or GradientDescent(learning_rate=0.1)
    surface = next(surface for surface in SURFACES if surface.n_params == len(theta))
    at, slope = np.array(theta), np.empty(len(theta))
    with np.errstate(all="ignore"):
        surface.cost_and_gradient(at, slope)
        terms = optimizer.terms(at, slope, optimizer.new_state(at), optimizer.learning_rate, 1)
    return frame(surface, at, slope=slope, terms=terms, **others)


def on_screen(qtbot: QtBot, theme: Theme) -> WeightsPanel:
    made = WeightsPanel(theme, clock=lambda: time.monotonic())  # as it is then: a test may have set it
    qtbot.addWidget(made)
    made.resize(480, 480)
    made.show()
    return made


def standing_clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still until it is moved."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def colour_at(widget: QWidget, at: QPoint) -> QColor:
    return widget.grab().toImage().pixelColor(at)


def near(one: QColor, other: str, by: int = 2) -> bool:
    """The same colour but for the rounding of one level of 127."""
    wanted = QColor(other)
    pairs = ((one.red(), wanted.red()), (one.green(), wanted.green()), (one.blue(), wanted.blue()))
    return all(abs(a - b) <= by for a, b in pairs)
