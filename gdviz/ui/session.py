"""What is open: the scenario, its runs, the threads that work on them, and every verb that the window offers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Signal

from gdviz.core.errors import InputError
from gdviz.core.frame import SliceView
from gdviz.core.making import made, started, with_fork
from gdviz.core.revise import as_set, reseeded, slower, told_apart, with_another
from gdviz.core.scenario import MOST_RUNS, Scenario, with_keys
from gdviz.core.scene import Scene
from gdviz.export.saved import SUFFIX, reopened, scenario_of
from gdviz.ui.background import Background
from gdviz.ui.endings import difference_made, ending
from gdviz.ui.explorer import Explorer
from gdviz.ui.lineup import Lineup
from gdviz.ui.slices import Slices

if TYPE_CHECKING:
    from gdviz.core.frame import Frame
    from gdviz.core.making import Making
    from gdviz.core.run import Run
    from gdviz.core.shown import Shown
    from gdviz.ui.worker import Saved

Action = tuple[str, Callable[[], None]]

_MOST_TITLE = 80  # characters of a title in a name


@dataclass(frozen=True, eq=False)
class _Coming:
    """What is being made, and how it is to be shown."""

    making: Making
    scenario: Scenario
    name: str
    selected: int | None
    """index of a run; None: as it was made"""
    keep_ghosts: bool
    opening: bool
    """another scenario, or another look at it: as that says"""
    before: Shown | None = None
    """what is on show until then"""
    back: Shown | None = None
    """what is brought back"""
    redo: bool = False


class Session(Lineup):
    """One scenario at work. A new one, or a reset, replaces the runs; the runs before a reset stay as ghosts."""

    refused = Signal(str)
    """(one sentence): why what was to be opened could not be built; all is as it was"""
    loading = Signal(str)
    """a scenario is being built: what is waited for"""
    saved = Signal(object)
    """(Saved): what came of an order to save"""
    read = Signal(object)
    """(Shown): what was in a file of saved runs is now on show"""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._own: dict[str, Scenario] = {}
        """scenarios that have no file, by their names"""
        self._background = Background(self)
        self._coming: _Coming | None = None
        """what is being made"""
        self._slices = Slices(self._background, self)
        self.explorer = Explorer(self._background, self)
        self._announced: set[tuple[Run, str]] = set()
        self._worker.built.connect(self._built)
        self._worker.failed.connect(self._failed)
        self._worker.saved.connect(self._tell_saved)
        self.reselected.connect(self._slices.renew)
        self.reselected.connect(self.explorer.drop)
        self.stuck.connect(self._announce)
        self.explorer.tried.connect(self._add_ghost)
        for helper in (self._slices, self.explorer):
            helper.failed.connect(lambda reason: self.message.emit("error", reason, None))
        self.timeline.frame_ready.connect(self._after_frame)

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
        self._coming = None
        QCoreApplication.sendPostedEvents(self, QEvent.Type.MetaCall.value)  # what it had still to say

    # What is open

    def open(self, name: str) -> bool:
        """Open a scenario by its name, or a file of one or of saved runs; False, with a message, where it cannot be."""
        try:
            scenario = self._own.get(name) or scenario_of(name)
        except InputError as error:
            self.message.emit("error", f"{error}", None)
            return False
        making = reopened(Path(name)) if name.endswith(SUFFIX) else None
        self._load(scenario, keep_ghosts=False, name=name, opening=True, making=making)
        return True

    def open_own(self, scenario: Scenario, making: Making | None = None) -> None:
        """Open a scenario that has no file, under its title; ``making`` makes its runs as they were."""
        self._load(scenario, keep_ghosts=False, name=self._named(scenario), opening=True, making=making)

    def save(self, path: Path, *, silent: bool = False) -> None:
        """Save the runs as they are now; `saved`, and a message unless ``silent``, says what came of it."""
        if (shown := self.shown) is not None:
            self._worker.save(path, shown, silent)

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
        name = self._named(scenario) if other_cost else ""
        self._load(scenario, keep_ghosts=not other_cost, name=name, play_on=play_on)

    def put_ball(self, point: Sequence[float], index: int | None = None) -> None:
        """Start again from ``point``: all runs that share their start, or only that run which has a start of its own.

        What played goes on playing, from there.
        """
        if not self.loading_now:  # else it was meant for what is no longer there
            self.rebuild({"start": list(point)}, index, play_on=True)

    def add_run(self, start: Sequence[float] | None = None) -> None:
        """Start all again with one more run, by the selected one's rule: from its start, or from another."""
        if self.run is None or self.loading_now:
            return
        try:
            scenario = with_another(self._current(), self.selected, start)
        except InputError as error:
            self.message.emit("error", str(error), None)
            return
        self._load(scenario, keep_ghosts=False, select=len(scenario.runs) - 1, play_on=True)

    def fork(self, change: dict[str, Any], says: str) -> None:
        """Branch off the selected run at the step on show: the same up to there, and from there on something changed.

        ``change`` is one of a recipe's, such as {"learning_rate": 0.1}; ``says`` what of it the label says.
        """
        scene = self._scene
        if self.scenario is None or scene is None or self.loading_now:
            return
        if len(scene.runs) >= MOST_RUNS:
            self.message.emit("error", f"not forked: expected at most {MOST_RUNS} runs", None)
            return
        scenario = replace(self.scenario, runs=tuple(run.recipe for run in scene.runs))
        step = self.timeline.step
        label = told_apart(f"{says} from {step:,}", [run.label for run in scene.runs])
        making = with_fork(scenario, scene.runs, scene.selected, step, change, label)
        self._load(scenario, keep_ghosts=False, select=len(scene.runs), making=making)

    def undo(self) -> None:
        """Bring back what was there before the last reset, removal, fork or change of scenario."""
        if self._before:
            self._bring_back(self._before[-1], redo=False)

    def redo(self) -> None:
        """Take back the last undo."""
        if self._after:
            self._bring_back(self._after[-1], redo=True)

    def _bring_back(self, before: Shown, *, redo: bool) -> None:
        now = self.shown
        if self.loading_now or now is None:
            return
        change = difference_made(now, before)
        if not self._brought_back(before, redo=redo):
            making = made(before)
            self._load(before.scenario, keep_ghosts=False, name=before.name, making=making, back=before, redo=redo)
        says = "Done again: {}. Ctrl+Z undoes it." if redo else "Undone: {}. Ctrl+Shift+Z does it again."
        self.message.emit("info", says.format(change), None)

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
        if blown_up in self.runs and not self.loading_now:
            self._load(slower(self._current(), self.runs.index(blown_up)), keep_ghosts=True)

    def look_at(self, view: SliceView) -> None:
        """Look at another slice of a network's cost."""
        if self._scene is not None and view != self.view:
            self.view = self._scene.view = view
            self._slices.renew()
            self.timeline.draw_now()

    def measure_sharpness(self, wanted: bool) -> None:
        """Measure how curved a network's cost is wherever one looks, also where that sets no limit to the rate."""
        self._slices.measure_all(wanted)

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
        making: Making | None = None,
        back: Shown | None = None,
        redo: bool = False,
    ) -> None:
        played, pending = self.playing, self._coming
        self.pause()
        self._resume = played
        self._set_playing(play_on and played)  # what is asked for while it is loading begins when it is there
        opening = opening or (pending is not None and pending.opening)
        self._coming = coming = _Coming(
            making=making or started(scenario),
            scenario=scenario,
            name=name or (self.name if pending is None else pending.name),
            selected=select if select is not None or opening or back is not None else self.selected,
            # A reset of what is only coming has no run before it.
            keep_ghosts=keep_ghosts and (pending is None or pending.keep_ghosts),
            opening=opening or (back is not None and back.name != self.name),
            before=self.shown,  # with a fork, the run that it leaves goes on until then
            back=back,
            redo=redo,
        )
        self.loading.emit(scenario.title)
        self._worker.load(coming.making)

    @property
    def loading_now(self) -> bool:
        """Other runs are being made, and those on show are about to go."""
        return self._coming is not None

    def _named(self, scenario: Scenario) -> str:
        """The name of a scenario that has no file: its title in quotes, as no scenario that we ship and no file has."""
        title = f"“{' '.join(scenario.title.split())[:_MOST_TITLE] or 'untitled'}”"
        name, count = title, 1
        while self._own.setdefault(name, scenario) != scenario:
            count += 1
            name = f"{title} {count}"
        return name

    def _current(self) -> Scenario:
        """The scenario with the numbers as they are now set: what a reset starts from."""
        if self._coming is not None:
            return self._coming.scenario
        assert self.scenario is not None  # nothing can be reset before something is open
        return as_set(self.scenario, self.runs)

    def show(self, shown: Shown, name: str) -> None:
        """Show runs that were not made here, without threads."""
        self._show(shown, _Coming(made(shown), shown.scenario, name, None, keep_ghosts=False, opening=True))
        self._slices.catch_up()

    def _built(self, shown: Shown, making: Making) -> None:
        coming = self._coming
        if coming is not None and coming.making is making:  # else it was overtaken by another order
            self._coming = None
            self._show(shown, coming)

    def _show(self, shown: Shown, coming: _Coming) -> None:
        scene, scenario, runs = self._scene, shown.scenario, shown.runs
        if coming.back is None:
            self._remember(coming.before)
        else:
            self._go_back(coming.back, redo=coming.redo, now=coming.before)
        ghosts, hidden = shown.ghosts, set(shown.hidden)
        if scene is not None and coming.back is None and not coming.opening:
            hidden |= scene.hidden
            if coming.keep_ghosts:
                ghosts = scene.runs if any(run.step > 0 for run in scene.runs) else scene.ghosts
            elif scene.run in runs:  # a fork leaves all where they are
                ghosts = scene.ghosts
            if len(scene.runs) == len(runs):  # a reset hides what was hidden
                hidden |= {run for run, other in zip(runs, scene.runs, strict=True) if other in hidden}
        self.scenario, self.name, self._resume = scenario, coming.name, False
        if coming.opening:  # the user's choice outlives whatever else starts anew
            self.set_speed(math.inf if scenario.view.speed == "max" else scenario.view.speed)
            self.view = SliceView(scenario.view.plane, scenario.view.images)
        selected = shown.selected if coming.selected is None else coming.selected
        self._scene = Scene(runs, ghosts, min(selected, len(runs) - 1), scenario.problem, scene, shown.views)
        self._scene.view = self.view
        self._scene.hide_just(hidden)
        self._slices.show(self._scene)
        self.precedence.of_all = runs[0].steps_per_epoch is None
        self.explorer.drop()
        self._target, self._announced = 0.0, {(run, run.ended) for run in runs if run.ended}
        self.timeline.show(self._scene)
        if coming.opening and coming.back is None and coming.name.endswith(SUFFIX):
            self.read.emit(shown)
        self.opened.emit()
        if shown.step is None:
            self.timeline.draw_now()
        else:
            self.timeline.seek(shown.step)
        if self.playing:  # asked for while it was loading
            self._go()

    def _failed(self, reason: str, making: Making | None) -> None:
        self.message.emit("error", reason, None)
        coming = self._coming
        if coming is not None and making is not coming.making:
            return  # it was overtaken by another order
        self._coming = None
        self._set_playing(False)
        self.refused.emit(reason)
        if self._resume:  # what could not be built leaves what ran before it as it was
            self.play()

    def _tell_saved(self, saved: Saved) -> None:
        self.saved.emit(saved)
        if saved.reason and not saved.silent:
            self.message.emit("error", saved.reason, None)
        elif not saved.silent:
            n = saved.n_left_out
            without = f", without {n} of the runs before: there is no room for them in a file" if n else ""
            self.message.emit("info", f"Saved as {saved.path}{without}. Ctrl+O opens it again.", None)

    def _after_frame(self, frame: Frame) -> None:
        for run in self.runs:
            if run.ended and not run.left and (run, run.ended) not in self._announced:
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
