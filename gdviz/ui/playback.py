"""Playing: where in time everyone looks, whether the runs on show train, and every verb of the transport."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal

from gdviz.ui.precedence import Precedence
from gdviz.ui.timeline import Timeline
from gdviz.ui.worker import Worker

if TYPE_CHECKING:
    from gdviz.core.run import Run
    from gdviz.core.scene import Scene


class Playback(QObject):
    """The runs on show, the thread that trains them, and the timeline on which they are looked at."""

    playing_changed = Signal(bool)
    message = Signal(str, str, object)
    """(kind: info, warning or error; one sentence; Action or None)"""
    stuck = Signal(object)
    """(Run): it was to play, and cannot go on"""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.timeline = Timeline(self)
        self.playing = False
        self._worker = Worker(self)
        self.precedence = Precedence(self._worker, self)
        self._scene: Scene | None = None
        self._target = 0.0
        self._resume = False
        self._worker.rested.connect(self._rested)
        self.timeline.replayed.connect(self._go)

    @property
    def runs(self) -> list[Run]:
        """The runs on show, without ghosts."""
        return [] if self._scene is None else self._scene.runs

    @property
    def run(self) -> Run | None:
        """The selected run."""
        return None if self._scene is None else self._scene.run

    @property
    def selected(self) -> int:
        """Index of the selected run."""
        return 0 if self._scene is None else self._scene.selected

    def toggle(self) -> None:
        """Play or pause."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Replay from the cursor to the newest step, then train on; after the stop condition, beyond it."""
        if not self._can_go():
            return
        self._set_playing(True)
        if self.timeline.live:
            self._go()
        else:
            self.timeline.replay()

    def pause(self) -> None:
        """Stop at the next step."""
        self._resume = False
        self.timeline.hold()
        self._worker.pause()
        self._target = 0.0
        self._set_playing(False)

    def forward(self) -> None:
        """One step: towards the newest, and from there on into the new."""
        self._halt_playing()
        if not self.timeline.live:
            self.timeline.seek(self.timeline.step + 1)
        elif (run := self.run) is not None and self._can_go():
            self._go_until(max(self._target, run.progress) + 1 / (run.steps_per_epoch or 1))

    def back(self) -> None:
        """One step back."""
        self._halt_playing()
        self.timeline.seek(self.timeline.step - 1)

    def epoch(self) -> None:
        """On to the end of the epoch."""
        self._halt_playing()
        self.timeline.go_live()
        if (run := self.run) is not None and self._can_go():
            self._go_until(math.floor(max(self._target, run.progress) + 1e-6) + 1.0)

    def to_start(self) -> None:
        """Look at step 0."""
        self._halt_playing()
        self.timeline.seek(0)

    def to_live(self) -> None:
        """Look at the newest step; what plays goes on playing."""
        replaying = self.timeline.replaying
        self.timeline.go_live()
        if replaying:
            self._go()

    def seek(self, step: int) -> None:
        """Look at ``step`` of the selected run; training goes on meanwhile, and a replay from there."""
        replaying = self.timeline.replaying
        self.timeline.seek(step)
        self._replay_on(replaying)

    def _replay_on(self, replaying: bool) -> None:
        """Go on with a replay whose cursor was moved."""
        if replaying and self.timeline.live:
            self._go()
        elif replaying:
            self.timeline.replay()

    def set_speed(self, steps_per_second: float) -> None:
        """The pace of playing; inf is as fast as possible."""
        self.timeline.pace = steps_per_second
        self._worker.set_pace(steps_per_second)

    def change(self, name: str, value: float) -> None:
        """Change a number of the selected run's optimizer from the next step on."""
        if self.run is None:
            return
        try:
            self._worker.change(self.run, name, value)
        except msgspec.ValidationError as error:
            self.message.emit("error", f"{name}: {error}", None)
            return
        if not self.timeline.live:
            now = f"{self.run.label} goes on otherwise from its newest step, {self.run.step:,}"
            self.message.emit("info", f"{now}, and not from here: F branches off here.", None)

    # Within

    def _can_go(self) -> bool:
        """Make the runs able to go on; beyond their stop if need be. False where all of them blew up."""
        if not self.runs:
            return False
        if self.run is not None:
            self.run.stay_no_longer()  # who plays it wants it to go on
        if all(run.ended for run in self.runs):
            for run in self.runs:
                if not run.left:
                    run.go_on()
        if all(run.ended for run in self.runs):
            if self.run is not None:
                self.stuck.emit(self.run)
            return False
        return True

    def _go(self) -> None:
        self._go_until(math.inf)

    def _go_until(self, target: float) -> None:
        self._target = target
        self._worker.go(target)

    def _halt_playing(self) -> None:
        if self.playing:
            self.pause()

    def _set_playing(self, playing: bool) -> None:
        if playing != self.playing:
            self.playing = playing
            self.playing_changed.emit(playing)

    def _rested(self) -> None:
        if all(run.ended for run in self.runs):
            self._target = 0.0  # where they ended before it, the next single step must not go there
            self._set_playing(False)
