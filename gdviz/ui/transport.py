"""The bars above and below the panels: what to run and how fast, and where in time the window stands."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QPainter, QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from gdviz.ui.icons import icon
from gdviz.ui.sliders import Track
from gdviz.ui.style import on_accent
from gdviz.ui.widgets import Button, Picker, tip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gdviz.ui.theme import Theme

SPEEDS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, math.inf)
"""Steps a second that the slider stops at."""


_WORTH = {name: rank for rank, name in enumerate(("sun", "start", "back", "step", "live", "epoch", "seed", "reset"))}
"""in which order the buttons' words go where there is no room for all; those of the others go last"""


def steps_per_second(speed: float) -> str:
    """A speed in words: "20 steps/s", "max"."""
    if math.isinf(speed):
        return "max"
    return f"{speed:,.0f} steps/s" if speed >= 1000 else f"{speed:.4g} step{'s' * (speed != 1)}/s"


class TransportBar(QWidget):
    """The toolbar. Its buttons only ask; the setters show what is so."""

    scenario_chosen = Signal(str)
    open_asked = Signal()
    start_asked = Signal()
    back_asked = Signal()
    play_toggled = Signal(bool)
    step_asked = Signal()
    epoch_asked = Signal()
    live_asked = Signal()
    fork_asked = Signal()
    compare_asked = Signal()
    export_asked = Signal()
    reset_asked = Signal()
    new_seed_asked = Signal()
    theme_asked = Signal()
    speed_changed = Signal(float)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._buttons: list[tuple[Button, str]] = []
        self.playing = False
        self.speed = 20.0
        """steps a second; inf is as fast as possible"""
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)

        self.scenarios = Picker()
        self.scenarios.setAccessibleName("Scenario")
        self.scenarios.setToolTip("Scenario: what to watch")
        self.scenarios.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.scenarios.activated.connect(lambda at: self.scenario_chosen.emit(self.scenarios.itemData(at)))
        line.addWidget(self.scenarios, 4)
        add = self._add
        says = "Open a scenario or saved runs: from a file (Ctrl+O), pasted (Ctrl+V), or one of the last"
        self.open = add("open", "Open", says, self.open_asked)
        line.addWidget(self.open)
        line.addWidget(_divider())
        line.addWidget(add("start", "Start", "To the start (Home)", self.start_asked))
        line.addWidget(add("back", "Back", "One step back (Left)", self.back_asked))
        self.play = Button()
        self.play.setProperty("accent", True)
        self.play.clicked.connect(lambda: self.play_toggled.emit(not self.playing))
        self.play.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        line.addWidget(self.play)
        line.addWidget(add("step", "Step", "One step (Right)", self.step_asked))
        self.epoch = add("epoch", "Epoch", "One epoch: every training image once (E)", self.epoch_asked)
        line.addWidget(self.epoch)
        line.addWidget(add("live", "Live", "To the newest step (End)", self.live_asked))
        line.addWidget(_divider())
        line.addWidget(
            add("reset", "Reset", "Start again from the same knobs; this run stays as a ghost (R)", self.reset_asked)
        )
        line.addWidget(add("seed", "New seed", "Start again with a new seed (Shift+R)", self.new_seed_asked))
        line.addWidget(_divider())

        self.track = Track(len(SPEEDS) - 1)
        self.track.setAccessibleName("Speed")
        self.track.setToolTip(tip("Speed, from one step a second to as fast as possible"))
        self.track.moved.connect(lambda at: self._choose(SPEEDS[at]))
        self.track.nudged.connect(self._nudge)
        self._speed_text = QLabel()
        line.addWidget(self.track, 2)
        line.addWidget(self._speed_text)
        line.addStretch(1)
        says = "Branch off here: the same up to this step, and from here on another rate or rule (F)"
        self.fork = add("fork", "Fork", says, self.fork_asked)
        line.addWidget(self.fork)
        keeps_place = self.fork.sizePolicy()
        keeps_place.setRetainSizeWhenHidden(True)
        self.fork.setSizePolicy(keeps_place)
        self.set_past(False)
        says = "All runs in a table: to compare, hide, rename and remove them (C)"
        self.compare = add("compare", "Compare", says, self.compare_asked)
        self.compare.setCheckable(True)
        line.addWidget(self.compare)
        self.export = add("export", "Export", "Pictures, films, numbers and weights, as files", self.export_asked)
        line.addWidget(self.export)
        self.theme = add("sun", "Theme", "Light or dark (T)", self.theme_asked)
        line.addWidget(self.theme)
        self.set_theme(theme)
        self.set_speed(self.speed)

    def _add(self, name: str, text: str, says: str, asked: SignalInstance) -> Button:
        button = Button()
        button.set_text(text, pictured=True)
        button.setToolTip(tip(says))
        button.setAccessibleDescription(says)
        button.clicked.connect(lambda: asked.emit())
        self._buttons.append((button, name))
        return button

    def set_theme(self, theme: Theme) -> None:
        """Recolour the pictures, show the theme that a press would bring, and measure the font anew."""
        self._theme = theme
        em = self.fontMetrics().height()
        self.scenarios.setMinimumWidth(12 * em)
        self.scenarios.setMaximumWidth(20 * em)
        self.track.setMaximumWidth(14 * em)
        for button, name in self._buttons:
            button.setIconSize(QSize(em, em))
            name = name if button is not self.theme else ("sun" if theme.name == "dark" else "moon")
            button.setIcon(icon(name, theme))
        self.play.setIconSize(QSize(em, em))
        # The texts that change get the width of their widest, so that nothing beside them moves.
        self._speed_text.setFixedWidth(self._speed_text.fontMetrics().horizontalAdvance(steps_per_second(5000)) + 4)
        widths = []
        for playing in (not self.playing, self.playing):
            self.set_playing(playing)
            widths.append(self.play.sizeHint().width())
        self.play.setFixedWidth(max(widths))

    def set_past(self, past: bool) -> None:
        """Offer to branch off, where there is something after the step on show."""
        self.fork.setVisible(past)

    def set_comparing(self, comparing: bool) -> None:
        """Show whether the runs' table is there."""
        self.compare.setChecked(comparing)

    def show_scenarios(self, scenarios: Iterable[tuple[str, str]], chosen: str) -> None:
        """Fill the list.

        Parameters
        ----------
        scenarios : (name, title) of each; the name stands in the tooltip and is what `scenario_chosen` carries
        chosen : the name of the one that runs; none is shown as chosen when it is not in the list
        """
        self.scenarios.clear()
        for name, title in scenarios:
            self.scenarios.addItem(title, name)
            self.scenarios.setItemData(self.scenarios.count() - 1, tip(name), Qt.ItemDataRole.ToolTipRole)
        self.scenarios.setCurrentIndex(self.scenarios.findData(chosen))

    def set_playing(self, playing: bool) -> None:
        """Show whether it plays."""
        self.playing = playing
        self.play.set_text("Pause" if playing else "Play", pictured=True)
        self.play.setIcon(icon("pause" if playing else "play", self._theme, on_accent(self._theme)))
        self.play.setToolTip("Pause (Space)" if playing else "Play (Space)")

    def set_has_epochs(self, has_epochs: bool) -> None:
        """Show the button for an epoch, which analytic surfaces do not have."""
        self.epoch.setVisible(has_epochs)
        self._fit()

    def set_speed(self, speed: float) -> None:
        """Show a speed, exactly; the handle stands at the nearest stop. Says nothing."""
        self.speed = speed
        at = min(range(len(SPEEDS)), key=lambda i: abs(math.log(min(SPEEDS[i], 1e9) / min(speed, 1e9))))
        self.track.setValue(at)
        self._speed_text.setText(steps_per_second(speed))

    def _choose(self, speed: float) -> None:
        self.set_speed(speed)
        self.speed_changed.emit(speed)

    def _nudge(self, steps: int) -> None:
        # From between two stops, one step goes to the next stop.
        at = bisect_right(SPEEDS, self.speed) - 1 + steps if steps > 0 else bisect_left(SPEEDS, self.speed) + steps
        speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]
        if speed != self.speed:
            self._choose(speed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leave words out where they do not fit: first of the pictures that everybody knows."""
        whole = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        for button, _ in self._buttons:
            button.setToolButtonStyle(whole)
        for button, _ in sorted(self._buttons, key=lambda named: _WORTH.get(named[1], len(_WORTH))):
            if self.minimumSizeHint().width() + self._spare() <= self.width():
                break
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)

    @property
    def least_width(self) -> int:
        """Pixels that it needs without the words."""
        for button, _ in self._buttons:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        width = self.minimumSizeHint().width()
        self._fit()
        return width

    def _spare(self) -> int:
        """Pixels that the list of scenarios and the track should have beyond the least that they need."""
        return 6 * self.fontMetrics().height()


class TimelineTrack(Track):
    """All steps from 0 to the newest; filled up to the cursor, the handle too when it is live."""

    def __init__(self) -> None:
        super().__init__(0)
        self.live = True
        self.setAccessibleName("Timeline")
        self.setToolTip(tip("Timeline: drag to any step; Up and Down go step by step"))

    def paint_handle(self, painter: QPainter, centre: QPointF) -> None:
        super().paint_handle(painter, centre)
        if self.live:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.palette().color(QPalette.ColorRole.Highlight))
            painter.drawEllipse(centre, 0.5 * self._radius(), 0.5 * self._radius())


class TimelineBar(QWidget):
    """The cursor through time, what stands there in figures, and the way back to now."""

    seek = Signal(int)
    live_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.track = TimelineTrack()
        self.track.moved.connect(self.seek)
        self.track.nudged.connect(self._nudge)
        self.readout = QLabel()
        self.readout.setTextFormat(Qt.TextFormat.PlainText)
        self.readout.setAccessibleName("Readout")
        self.live = Button()
        self.live.setObjectName("live")
        self.live.setText("LIVE")
        self.live.setCheckable(True)
        self.live.setAccessibleName("Follow the newest step")
        self.live.setToolTip(tip("Lit while the newest step is shown; press to go there (End)"))
        self.live.clicked.connect(self._go_live)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(10)
        line.addWidget(self.track, 1)
        line.addWidget(self.live)
        line.addWidget(self.readout)
        self.set_position(0, 0, live=True)

    def set_position(self, step: int, newest: int, live: bool) -> None:
        """Show the cursor, up to 60 times a second; says nothing.

        Parameters
        ----------
        step : the cursor, 0 to ``newest``
        newest : the last step there is
        live : whether the cursor follows the newest step
        """
        if live != self.track.live or live != self.live.isChecked():
            self.track.live = live
            self.live.setChecked(live)
            self.track.update()
        if newest != self.track.maximum():
            self.track.setMaximum(newest)
        if step != self.track.value():
            self.track.setValue(step)

    def set_readout(self, text: str, widest: str) -> None:
        """Show the figures at the cursor. There is room for the ``widest``, which never shrinks: nothing trembles."""
        if text != self.readout.text():
            self.readout.setText(text)
            metrics = self.readout.fontMetrics()
            em = metrics.height()
            wanted = 2 * em * math.ceil(metrics.horizontalAdvance(widest) / (2 * em))
            if wanted > self.readout.minimumWidth():
                self.readout.setMinimumWidth(wanted)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.readout.setMinimumWidth(0)

    def _nudge(self, steps: int) -> None:
        before = self.track.value()
        self.track.setValue(before + steps)
        if self.track.value() != before:
            self.seek.emit(self.track.value())

    def _go_live(self) -> None:
        self.live.setChecked(self.track.live)  # only `set_position` lights it
        self.live_asked.emit()


def _divider() -> QFrame:
    line = QFrame()
    line.setFixedWidth(9)
    line.setFrameShape(QFrame.Shape.NoFrame)
    return line
