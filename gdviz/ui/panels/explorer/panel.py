"""The step-size explorer: what came of a descent at every learning rate, and one of them to be looked at."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gdviz.ui.icons import icon
from gdviz.ui.numbers import number
from gdviz.ui.panels.explorer.chart import Chart
from gdviz.ui.widgets import Button, ElidedLabel, NumberEntry, mark, tip

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from gdviz.core.frame import Frame
    from gdviz.core.problem import Problem
    from gdviz.core.sweep import Sweep
    from gdviz.ui.theme import Theme

_MOST_STEPS = 100_000
"""a minute of work for a surface"""


class StepsEntry(NumberEntry):
    """A number of steps, written out."""

    def __init__(self) -> None:
        expected = f"a whole number from 1 to {_MOST_STEPS:,}"
        super().__init__("number of steps", 1000, lambda x: x.is_integer() and 1 <= x <= _MOST_STEPS, expected)

    def set_value(self, value: float) -> None:
        super().set_value(value)
        self.setText(f"{value:.0f}")
        self.setModified(False)


class ExplorerPanel(QWidget):
    """Shows a sweep over learning rates, and asks for others."""

    sweep_asked = Signal(int)
    """with so many steps"""
    ghost_asked = Signal(float)
    """a learning rate whose run is to be shown"""
    closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._sweep: Sweep | None = None
        self._problem: Problem | None = None
        self._stale = False
        self._chart = Chart(theme)
        self._entry = StepsEntry()
        self._entry.setToolTip(tip("How many steps each learning rate is given; Enter sweeps again"))
        self._again, self._close = Button(), Button()
        self._again.set_text("Sweep again")
        self._again.setToolTip(tip("Run the descent at all learning rates again, from its start as it is now"))
        self._close.setAccessibleName("Close the step-size explorer")
        self._close.setToolTip(tip("Close the step-size explorer (X)"))
        self._close.setProperty("flat", True)
        self._title = title = QLabel("STEP SIZES")
        title.setProperty("role", "heading")
        title.setToolTip(
            tip("What came of the same descent, from the same start by the same rule, at each of 61 learning rates")
        )
        caption = QLabel("steps")
        caption.setBuddy(self._entry)
        self._says = ElidedLabel()
        header = QHBoxLayout()
        header.setSpacing(6)
        header.addWidget(title, 1)
        for part in (self._entry, caption, self._again, self._close):
            header.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 8, 6)
        column.setSpacing(4)
        column.addLayout(header)
        column.addWidget(self._chart, 1)
        column.addWidget(self._says)
        self._entry.value_changed.connect(lambda steps: self.sweep_asked.emit(int(steps)))
        self._entry.rejected.connect(lambda text: self._say(text, "warning"))
        self._entry.done.connect(self._entry.clearFocus)
        self._again.clicked.connect(self._ask_again)
        self._close.clicked.connect(self.closed)
        self._chart.hovered.connect(self._say_rate)
        self._chart.chosen.connect(self._choose)
        self.set_theme(theme)
        self._say_state()

    # What the window calls

    def set_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        em = self.fontMetrics().height()
        self._entry.setFixedWidth(5 * em)
        self._close.setIcon(icon("close", theme))
        self._close.setIconSize(QSize(em, em))
        self._chart.set_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._title.setVisible(self.width() > 24 * self.fontMetrics().height())  # what can be done comes first

    def set_steps(self, steps: int) -> None:
        """Show a number of steps; says nothing."""
        self._entry.set_value(steps)

    def show_waiting(self) -> None:
        """A sweep is on its way."""
        self._sweep = None
        self._chart.show_sweep(None)
        self._say("Sweeping …", "muted")

    def show_sweep(self, sweep: Sweep) -> None:
        """Show the outcome of a sweep."""
        self._sweep = sweep
        self._chart.show_sweep(sweep)
        self.set_stale(False)

    def set_stale(self, stale: bool) -> None:
        """Whether what is swept is no longer what the selected run is."""
        self._stale = stale
        self._say_state()

    def show_frame(self, frame: Frame) -> None:
        """Move the marks of the rate in force and of the stability limit."""
        if frame.problem is not self._problem:
            self._problem = frame.problem
            self._chart.set_lowest(_lowest(frame.problem))
        rule = frame.run.optimizer
        limits = rule.limits(frame.sharpness) if frame.sharpness is not None else None
        # The axis has the rule's own rate, which the schedule scales.
        scale = frame.run.learning_rate / rule.learning_rate or 1.0
        self._chart.show_rate(rule.learning_rate, limits.unstable / scale if limits else math.nan)

    # What is said below

    def _say(self, text: str, role: str) -> None:
        self._says.set_text(text)
        mark(self._says, "role", role)

    def _say_state(self) -> None:
        stale = self._stale and self._sweep is not None
        mark(self._again, "accent", stale)
        if stale:
            self._say("The start, the rule or the cost has changed since this sweep.", "warning")
        elif self._sweep is not None:
            self._say("Click a point to see its run as a ghost.", "muted")
        else:
            self._say("", "muted")

    def _say_rate(self, index: int) -> None:
        if self._sweep is None:
            return
        if index < 0:
            self._say_state()
            return
        sweep, rate = self._sweep, f"rate {number(float(self._sweep.rates[index]))}"
        if sweep.blew_up[index] >= 0:
            self._say(f"{rate}: blew up at step {sweep.blew_up[index]:,}", "")
        else:
            state = f", {sweep.states[index]}" if sweep.states[index] else ""
            cost = number(float(sweep.costs[index]))
            self._say(f"{rate}: cost {cost} after {sweep.steps:,} step{'s' * (sweep.steps != 1)}{state}", "")

    # What is asked

    def _ask_again(self) -> None:
        if self._entry.isModified():
            self._entry.clearFocus()  # what was typed counts, and asks
        else:
            self.sweep_asked.emit(int(self._entry.value))

    def _choose(self, index: int) -> None:
        if self._sweep is not None:
            self.ghost_asked.emit(float(self._sweep.rates[index]))


def _lowest(problem: Problem) -> float | None:
    """The cost at the best known minimum."""
    minima: tuple[tuple[float, ...], ...] = getattr(problem, "minima", ())
    if not minima:
        return None
    return problem.cost_and_gradient(np.array(minima[0]), np.empty(len(minima[0])))
