"""What is open: the scenario, its runs, the threads that work on them, and every verb that the window offers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, Signal

from gdviz.core.errors import InputError
from gdviz.core.frame import SliceView
from gdviz.core.revise import as_set, reseeded, slower, with_another, without
from gdviz.core.scenario import Scenario, load_scenario, with_keys
from gdviz.core.scene import Scene
from gdviz.ui.background import Background
from gdviz.ui.endings import ending
from gdviz.ui.explorer import Explorer
from gdviz.ui.precedence import Precedence
from gdviz.ui.slices import Slices
from gdviz.ui.timeline import Timeline
from gdviz.ui.worker import Worker

if TYPE_CHECKING:
    from gdviz.core.frame import Frame
    from gdviz.core.run import Run

Action = tuple[str, Callable[[], None]]


class Session(QObject):
    """One scenario at work. A new one, or a reset, replaces the runs; the runs before a reset stay as ghosts."""

    opened = Signal()
    """other runs are on show: `scenario` and `runs` are theirs"""
    refused = Signal()
    """what was to be opened could not be built: all is as it was"""
    playing_changed = Signal(bool)
    message = Signal(str, str, object)
    """(kind: info, warning or error; one sentence; Action or None)"""
    loading = Signal(str)
    """a scenario is being built: what is waited for"""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.scenario: Scenario | None = None
        self.name = ""
        """under which `scenario` was opened"""
        self.timeline = Timeline(self)
        self.playing = False
        self._worker = Worker(self)
        self.precedence = Precedence(self._worker, self)
        self._background = Background(self)
        self._scene: Scene | None = None
        self._target = 0.0
        self._keep_ghosts = False
        self._coming = ""
        self._coming_selected = 0
        self._opening = False
        self._loading: Scenario | None = None
        self._resume = False
        self._slices = Slices(self._background, self)
        self.view = SliceView()
        """which slice of a network's cost is looked at"""
        self.explorer = Explorer(self._background, self)
        self._announced: set[tuple[Run, str]] = set()
        self._worker.built.connect(self._show)
        self._worker.failed.connect(self._failed)
        self._worker.rested.connect(self._rested)
        self.explorer.tried.connect(self._add_ghost)
        for helper in (self._slices, self.explorer):
            helper.failed.connect(lambda reason: self.message.emit("error", reason, None))
        self.timeline.frame_ready.connect(self._after_frame)
        self.timeline.drawing.connect(self.precedence.take)
        self.timeline.replayed.connect(self._go)

    def start(self) -> None:
        """Start the threads and the timer."""
        self._worker.start()
        self._background.start()
        self.timeline.start()

    def finish(self) -> None:
        """End the threads; nothing can be done afterwards."""
        self.timeline.stop()
        self._slices.finish()
        self._background.finish()
        self._worker.finish()

    # What is open

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

    def open(self, name: str) -> bool:
        """Open a scenario by name or file; False, with a message, where it cannot be."""
        try:
            scenario = load_scenario(name)
        except InputError as error:
            self.message.emit("error", f"{error}", None)
            return False
        self._load(scenario, keep_ghosts=False, name=name, opening=True)
        return True

    def reset(self) -> None:
        """Start again from the same knobs, with the numbers as they are now set; this run stays as a ghost."""
        if self.scenario is not None:
            self._load(self._current(), keep_ghosts=True)

    def new_seed(self) -> None:
        """Start again with seeds that none of the runs has."""
        if self.run is not None:
            self._load(reseeded(self._current()), keep_ghosts=True)
            if self.run.steps_per_epoch is None:
                self.message.emit("info", "A surface has no randomness: every seed gives the same run.", None)

    def rebuild(self, changes: dict[str, Any], index: int | None = None, *, play_on: bool = False) -> None:
        """Start anew with other keys of the recipe, of the selected run or of all; a mistake leaves all as it is."""
        if self.scenario is None:
            return
        current = self._current()
        index = min(self.selected if index is None else index, len(current.runs) - 1)  # of what is coming, if it is
        try:
            scenario = with_keys(current, index, changes, "not rebuilt")
        except InputError as error:
            self.message.emit("error", str(error), None)
            return
        other_cost = not {"surface", "formula"}.isdisjoint(changes)
        self._load(scenario, keep_ghosts=not other_cost, name=scenario.title if other_cost else "", play_on=play_on)

    def put_ball(self, point: Sequence[float], index: int | None = None) -> None:
        """Start again from ``point``: all runs that share their start, or only that run which has a start of its own.

        What played goes on playing, from there.
        """
        if self._loading is None:  # else it was meant for what is no longer there
            self.rebuild({"start": list(point)}, index, play_on=True)

    def add_run(self, start: Sequence[float] | None = None) -> None:
        """Start all again with one more run, by the selected one's rule: from its start, or from another."""
        if self.run is None or self._loading is not None:
            return
        try:
            scenario = with_another(self._current(), self.selected, start)
        except InputError as error:
            self.message.emit("error", str(error), None)
            return
        self._load(scenario, keep_ghosts=False, select=len(scenario.runs) - 1, play_on=True)

    def remove_run(self) -> None:
        """Start all again but the selected run."""
        if len(self.runs) > 1 and self._loading is None:
            scenario = without(self._current(), self.selected)
            self._load(scenario, keep_ghosts=False, select=max(0, self.selected - 1), play_on=True)

    def explore(self, steps: int) -> None:
        """Try many learning rates on the selected run's cost from its start; `explorer.swept` brings the outcome."""
        if self.run is not None:
            self.explorer.sweep(self.run, steps)

    def try_rate(self, rate: float, steps: int) -> None:
        """Show as a ghost what the selected run would have done at another rate."""
        if self.run is not None:
            self.explorer.try_rate(self.run, rate, steps)

    def slower(self, blown_up: Run) -> None:
        """Start again with a third of this run's learning rate."""
        if blown_up in self.runs and self._loading is None:
            self._load(slower(self._current(), self.runs.index(blown_up)), keep_ghosts=True)

    def select(self, index: int) -> None:
        """Let another of `runs` own the surface, the third panel and the readouts."""
        frame = self.timeline.frame
        if self._scene is not None and frame is not None and index != self._scene.selected:
            there = frame.runs[len(frame.runs) - len(self.runs) + index].step  # the same moment, in its own steps
            self._scene.select(index)
            self._slices.renew()
            self.explorer.drop()
            if self.timeline.live:
                self.timeline.draw_now()
            else:
                self.timeline.seek(there)
            self.opened.emit()

    def look_at(self, view: SliceView) -> None:
        """Look at another slice of a network's cost."""
        if self._scene is not None and view != self.view:
            self.view = self._scene.view = view
            self._slices.renew()
            self.timeline.draw_now()

    def measure_sharpness(self, wanted: bool) -> None:
        """Measure how curved a network's cost is wherever one looks, also where that sets no limit to the rate."""
        self._slices.measure_all(wanted)

    # Transport

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
        """Look at ``step`` of the selected run; training goes on meanwhile."""
        self.timeline.seek(step)

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

    # What follows

    def _load(
        self,
        scenario: Scenario,
        *,
        keep_ghosts: bool,
        name: str = "",
        select: int | None = None,
        opening: bool = False,
        play_on: bool = False,
    ) -> None:
        played = self.playing
        self.pause()
        self._resume = played
        self._set_playing(play_on and played)  # what is asked for while it is loading begins when it is there
        # A reset of what is only coming has no run before it.
        self._keep_ghosts = keep_ghosts and (self._loading is None or self._keep_ghosts)
        self._coming = name or (self._coming if self._loading else self.name)
        self._coming_selected = self.selected if select is None else select
        self._opening = opening or (self._opening and self._loading is not None)
        self._loading = scenario
        self.loading.emit(scenario.title)
        self._worker.load(scenario)

    def _current(self) -> Scenario:
        """The scenario with the numbers as they are now set: what a reset starts from."""
        if self._loading is not None:
            return self._loading
        assert self.scenario is not None  # nothing can be reset before something is open
        return as_set(self.scenario, self.runs)

    def _show(self, scenario: Scenario, runs: list[Run]) -> None:
        before = self._scene
        selected = min(0 if self._opening else self._coming_selected, len(runs) - 1)
        ghosts = before.runs if before and self._keep_ghosts else []
        self.scenario, self.name, self._resume, self._loading = scenario, self._coming, False, None
        if self._opening:  # the user's choice outlives whatever else starts anew
            self.set_speed(math.inf if scenario.view.speed == "max" else scenario.view.speed)
            self.view = SliceView(scenario.view.plane, scenario.view.images)
        self._scene = Scene(runs, ghosts, selected)
        self._scene.view = self.view
        self._slices.show(self._scene)
        self.explorer.drop()
        self._target = 0.0
        self._announced = set()
        self.timeline.show(self._scene)
        self.opened.emit()
        self.timeline.draw_now()
        if self.playing:  # asked for while it was loading
            self._go()

    def _failed(self, reason: str) -> None:
        self._loading = None
        self._set_playing(False)
        self.message.emit("error", reason, None)
        self.refused.emit()
        if self._resume:  # what could not be built leaves what ran before it as it was
            self.play()

    def _can_go(self) -> bool:
        """Make the runs able to go on; beyond their stop if need be. False where all of them blew up."""
        if not self.runs:
            return False
        if all(run.ended for run in self.runs):
            for run in self.runs:
                run.go_on()
        if all(run.ended for run in self.runs):
            if self.run is not None:
                self._announce(self.run)
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
        if self.playing and all(run.ended for run in self.runs):
            self._set_playing(False)

    def _after_frame(self, frame: Frame) -> None:
        for run in self.runs:
            if run.ended and (run, run.ended) not in self._announced:
                self._announced.add((run, run.ended))
                self._announce(run)
        self._slices.look(frame, moving=self.playing or self._worker.going)

    def _add_ghost(self, run: Run) -> None:
        if self._scene is not None and run.cost_key == self._scene.run.cost_key:
            self._scene.add_ghost(run)
            self.timeline.draw_now()

    def _announce(self, run: Run) -> None:
        kind, text = ending(run)
        offer: Action | None = ("Restart at a smaller rate", lambda: self.slower(run)) if kind == "warning" else None
        self.message.emit(kind, text, offer)
