"""The horizontal axis of the loss panel: what it counts, where steps stand on it, and the button that names it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QFontMetricsF
from PySide6.QtWidgets import QMenu, QWidget

from gdviz.core.frame import Floats, RunFrame
from gdviz.core.stopwatch import Clock
from gdviz.ui.panels.plot import Axis
from gdviz.ui.widgets import Button, number, tip

Kind: TypeAlias = Literal["step", "epoch", "seconds"]

_WORDS: dict[Kind, str] = {
    "step": "Every run by its own steps",
    "epoch": "How often a run has seen all of its training images",
    "seconds": "How long a run has worked: the time inside its steps, without pauses and evaluations",
}
_FEW = 9.0
"""steps, for which there always is room"""
_QUICK = 1e-5
"""seconds that a step takes at least, about"""
_MARGIN = 8
"""pixels at the panel's left, nearly all of them"""


@dataclass(frozen=True, slots=True)
class Even:
    """All steps are equally long: ``unit`` of them, a single one or an epoch's, are 1 on the axis."""

    unit: float = 1.0

    def at(self, step: float) -> float:
        """Where a step stands."""
        return step / self.unit

    def spread(self, steps: Floats) -> Floats:
        """Where (n,) steps stand."""
        return steps / self.unit

    def step(self, x: float) -> float:
        """What stands there, in steps and parts of one."""
        return x * self.unit

    @property
    def least(self) -> float:
        """So far the axis goes at least."""
        return self.at(_FEW)


@dataclass(frozen=True, slots=True)
class Timed:
    """Steps are as long as the work on them took; nan where nobody took the time."""

    clock: Clock

    def at(self, step: float) -> float:
        """Where a step stands."""
        return self.clock.at(step)

    def spread(self, steps: Floats) -> Floats:
        """Where (n,) steps stand."""
        return self.clock.spread(steps)

    def step(self, x: float) -> float:
        """What stands there, in steps and parts of one."""
        return float(np.interp(x, self.clock.seconds, self.clock.steps))

    @property
    def least(self) -> float:
        """So far the axis goes at least."""
        return _FEW * _QUICK


Scale: TypeAlias = Even | Timed


def scale_of(kind: Kind, run: RunFrame) -> Scale:
    """Where a run's steps stand."""
    if kind == "seconds":
        return Timed(run.clock)
    return Even(run.steps_per_epoch or 1.0) if kind == "epoch" else Even()


def possible(runs: Sequence[RunFrame]) -> tuple[Kind, ...]:
    """What can be counted: epochs only where there are some."""
    return ("step", "epoch", "seconds") if any(run.steps_per_epoch for run in runs) else ("step", "seconds")


def usual(runs: Sequence[RunFrame]) -> Kind:
    """What is counted where nobody chose: epochs where they have more steps in one run than in another, else steps."""
    return "step" if len({run.steps_per_epoch for run in runs}) == 1 else "epoch"


def named(kind: Kind, step: int, x: float) -> str:
    """A place on the axis, as text."""
    if kind == "step":
        return f"step {step:,}"
    return f"epoch {x:.2f}" if kind == "epoch" else _seconds(x)


def _seconds(value: float) -> str:
    """Three digits: "0.0214 s", "1.07 s", "1,250 s"."""
    return f"{value:,.0f} s" if value >= 1000 else f"{number(float(f'{value:.3g}'))} s"


class StepAxis(Axis):
    """An axis under a plot whose numbers keep their distance."""

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        levels: list[tuple[float, float]] = super().tickSpacing(minVal, maxVal, size)
        if not levels:
            return levels
        major, metrics = levels[0][0], QFontMetricsF(self.style["tickFont"])
        ticks = range(math.ceil(minVal / major), math.floor(maxVal / major) + 1)
        texts = self.tickStrings([major * i for i in ticks], 1, major)
        widest = max(metrics.horizontalAdvance(text) for text in ["0", *texts]) + metrics.horizontalAdvance("00")
        least = widest * (maxVal - minVal) / max(size, 1.0)
        if major > least:
            return levels
        decade = 10.0 ** math.floor(math.log10(least))
        return [(next(nice * decade for nice in (1, 2, 5, 10) if nice * decade >= least), 0.0), (major, 0.0)]


class AxisButton(Button):
    """The name of the axis, under its left end; a list of all that it could count drops from it."""

    chosen = Signal(str)
    """a kind"""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._kind: Kind = "step"
        self._kinds: tuple[Kind, ...] = ()
        for look in ("flat", "caption"):
            self.setProperty(look, True)
        self.setToolTip(tip("What the axis counts: steps, epochs (where there are any) or seconds of work"))
        self.clicked.connect(self._offer)

    @property
    def room(self) -> float:
        """Pixels that it takes left of the plot, without what it takes of the panel's margin."""
        return self.sizeHint().width() + self._distance - _MARGIN

    @property
    def _distance(self) -> float:
        """From the plot: half of the 0 under its lower left corner, and a gap."""
        return self.fontMetrics().horizontalAdvance("0") / 2 + 4

    def place(self, corner: QPoint) -> None:
        """Stand left of the numbers under the plot, whose lower left corner this is."""
        size = QSize(self.sizeHint().width(), self.fontMetrics().height() + 6)
        middle = corner.y() + 5 + 0.4 * self.fontMetrics().height()  # as of the numbers, which have no descenders
        at = QPoint(round(corner.x() - self._distance - size.width()), round(middle - size.height() / 2))
        self.setGeometry(QRect(at, size))

    def show_kind(self, kind: Kind, kinds: tuple[Kind, ...]) -> None:
        """Say what the axis counts, and what else it could."""
        self._kind, self._kinds = kind, kinds
        self.setText(f"{kind} ▾")
        self.setAccessibleName(f"horizontal axis: {kind}")

    def _offer(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        group = QActionGroup(menu)
        for kind in self._kinds:
            action = QAction(kind, group, checkable=True, checked=kind == self._kind)
            action.setToolTip(tip(_WORDS[kind]))
            action.triggered.connect(partial(self.chosen.emit, kind))
            menu.addAction(action)
        menu.setActiveAction(group.checkedAction())
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))
