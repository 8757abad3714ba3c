"""What a learning rate does here and now: zones on the slider, the explorer, and the word for what the run is doing."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtWidgets import QStackedWidget

from gdviz.core.curvature import sharpness_images, zones
from gdviz.core.optimizer import Limits
from gdviz.core.optimizers import kind_of
from gdviz.core.spec import knobs
from gdviz.core.standing import regime
from gdviz.ui.panels.explorer import ExplorerPanel

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from gdviz.core.frame import Frame
    from gdviz.core.optimizer import Optimizer
    from gdviz.core.sweep import Sweep
    from gdviz.ui.controls import KnobsPanel
    from gdviz.ui.session import Session
    from gdviz.ui.theme import Theme
    from gdviz.ui.widgets import MessageBar

_READABLE = 0.25
"""seconds between two changes of what must be read rather than watched"""
_MOST_SWEPT = 1000
"""steps of a sweep unless more are asked for: under half a second"""
_SAYS = {
    "crawling": "A step hardly changes the slope: a larger learning rate would get on faster.",
    "converging": "The slope has shrunk over the last steps.",
    "speeding up": "The slope has grown over the last steps: it leaves a flat place, or runs away.",
    "bouncing": "Steps lead to and fro, and the slope is no smaller for it.",
    "unstable": "Most steps lead to the other side of the valley, and the slope grows.",
    "at rest": "The slope is as good as zero: nothing moves any more.",
    "blew up": "The cost has left the range of numbers.",
}
_SAYS_OF_NETWORKS = {
    "crawling": "The mean cost of the last steps is about that of as many before: the noise hides what has changed.",
    "converging": "The mean cost of the last steps is below that of as many before.",
    "unstable": "The mean cost of the last steps is above that of as many before.",
    "blew up": _SAYS["blew up"],
}


class StepSizes(QObject):
    """Ties the slider's zones, the explorer and the message bar to the selected run."""

    rule_changed = Signal()
    """the selected run goes on by another rule, as its recipe wants it"""

    def __init__(
        self, session: Session, knobs: KnobsPanel, messages: MessageBar, beside: QWidget, theme: Theme
    ) -> None:
        super().__init__(session)
        self._session, self._knobs, self._messages, self._theme = session, knobs, messages, theme
        self._sweep: Sweep | None = None
        self._rule: Optimizer | None = None
        """that the knobs panel shows"""
        self._waiting = False
        self._shown_at = 0.0
        self.explorer = ExplorerPanel(theme)
        self.place = QStackedWidget()
        """shows what usually stands there, or the explorer"""
        self.place.addWidget(beside)
        self.place.addWidget(self.explorer)
        self.place.setMinimumSize(beside.minimumSizeHint().expandedTo(QSize(1, 1)))  # the layout is not the explorer's
        knobs.explore_asked.connect(self._explore)
        self.explorer.sweep_asked.connect(session.explore)
        self.explorer.ghost_asked.connect(self._try_rate)
        self.explorer.closed.connect(self._close)
        session.explorer.swept.connect(self._show_sweep)

    @property
    def exploring(self) -> bool:
        """Whether the explorer is on show."""
        return self.place.currentWidget() is self.explorer

    def toggle(self) -> None:
        """Sweep the learning rates and show what came of each, or close that again."""
        if self.exploring:
            self._close()
        elif self._knobs.can_explore:
            self._explore()

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours."""
        self._theme = theme
        self.explorer.set_theme(theme)
        if self._session.timeline.frame is not None:
            self._show_regime(self._session.timeline.frame)

    def show_recipe(self) -> None:
        """Other runs are on show: what was swept was not theirs."""
        self._sweep = None
        self._rule = None if self._session.run is None else self._session.run.optimizer
        self.explorer.set_stale(True)
        if not self._knobs.can_explore:
            self._close()
        elif self.exploring and self._waiting:  # the sweep that was waited for was dropped with what it was for
            self._explore()

    def show_frame(self, frame: Frame) -> None:
        """Follow the cursor: at once, or, while it plays, as fast as one can read."""
        if self.exploring:
            self.explorer.show_frame(frame)
        if not self._session.playing or monotonic() - self._shown_at > _READABLE:
            self._shown_at = monotonic()
            self._follow_rule(frame)
            self._show_zones(frame)
            self._show_regime(frame)

    def _follow_rule(self, frame: Frame) -> None:
        """Show the rule in force at the newest step, as a recipe may change it, and say what it is at the cursor."""
        run = self._session.run
        if run is None:
            return
        if type(run.optimizer) is not type(self._rule):
            self.rule_changed.emit()
        elif run.optimizer != self._rule:
            for knob in knobs(type(run.optimizer)):
                self._knobs.set_knob(knob.name, getattr(run.optimizer, knob.name))
        self._rule, there = run.optimizer, frame.run.optimizer
        self._knobs.set_rate(frame.run.learning_rate, "" if type(there) is type(self._rule) else kind_of(type(there)))

    def _explore(self) -> None:
        run = self._session.run
        if run is not None:
            steps = min(run.horizon, _MOST_SWEPT)
            self.place.setCurrentWidget(self.explorer)
            self.explorer.set_steps(steps)
            self.explorer.show_waiting()
            self._waiting = True
            if self._session.timeline.frame is not None:
                self.explorer.show_frame(self._session.timeline.frame)
            self._session.explore(steps)

    def _close(self) -> None:
        self.place.setCurrentIndex(0)

    def _show_sweep(self, sweep: Sweep) -> None:
        self._sweep, self._waiting = sweep, False
        self.explorer.show_sweep(sweep)
        if self._session.timeline.frame is not None:
            self._show_zones(self._session.timeline.frame)

    def _try_rate(self, rate: float) -> None:
        if self._sweep is not None:
            self._session.try_rate(rate, self._sweep.steps)

    def _show_zones(self, frame: Frame) -> None:
        rule = frame.run.optimizer
        exact = frame.run.curve.window == 1  # a mini-batch's cost has another curvature at every step
        limits = rule.limits(frame.sharpness) if frame.sharpness is not None and exact else None
        if limits is not None:
            # The slider sets the rule's own rate, which the schedule scales.
            scale = frame.run.learning_rate / rule.learning_rate or 1.0
            limits = Limits(*(limit / scale for limit in limits))
            n, some = frame.problem.n_examples, sharpness_images(frame.theta.size)
            on = f", by its first {some:,} images" if n is not None and some < n else ""
            self._knobs.set_zones(zones(limits), limits.unstable, f"here, at the ball{on}")
        elif self._sweep is not None and _same_but_rate(self._sweep.optimizer, rule):
            self._knobs.set_zones(self._sweep.zones, None, "in the sweep")
        else:
            self._knobs.set_zones((), None)

    def _show_regime(self, frame: Frame) -> None:
        run = frame.run
        word = regime(run.past, run.row, run.optimizer, run.ended)
        says = _SAYS if frame.problem.n_examples is None else _SAYS_OF_NETWORKS
        self._messages.set_state(word, self._theme.regime(word), says.get(word, ""))


def _same_but_rate(one: Optimizer, other: Optimizer) -> bool:
    return one == msgspec.structs.replace(other, learning_rate=one.learning_rate)
