"""Who is on show: which of the runs is selected, which are hidden, what they are called, and who leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from gdviz.core.errors import InputError
from gdviz.core.frame import SliceView
from gdviz.core.revise import label_from, relabelled, without
from gdviz.core.shown import Shown
from gdviz.ui.playback import Playback

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gdviz.core.run import Run
    from gdviz.core.scenario import Scenario, View

_UNDOS = 3
"""steps back to other runs; each keeps a whole past in memory"""


class Lineup(Playback):
    """The runs on show and the ghosts. Nothing here starts anything again, and what plays goes on playing."""

    opened = Signal()
    """other runs are on show, or another is selected: `scenario` and `runs` are theirs"""
    reselected = Signal()
    """another of the runs on show is selected: what was computed for the one before is of no use"""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.scenario: Scenario | None = None
        self.name = ""
        """under which `scenario` was opened"""
        self.view = SliceView()
        """which slice of a network's cost is looked at"""
        self.look: Callable[[View], View] = lambda opened: opened
        """how it is looked at now, which whoever shows it knows, by how it was opened"""
        self._before: list[Shown] = []
        self._after: list[Shown] = []
        """what an undo took away"""

    @property
    def loading_now(self) -> bool:
        """Other runs are being made, and those on show are about to go."""
        return False

    @property
    def everyone(self) -> list[Run]:
        """Ghosts and runs, as they stand in a frame."""
        return [] if self._scene is None else self._scene.everyone

    def select(self, index: int) -> None:
        """Let another of `runs` own the surface, the third panel and the readouts; it is no longer hidden."""
        scene = self._scene
        if scene is not None and self.timeline.frame is not None and index != scene.selected:
            there = scene.moment(scene.runs[index], self.timeline.step)
            scene.select(index)
            self._draw_reselected(there)
            self.opened.emit()

    def hide(self, run: Run, hidden: bool = True) -> None:
        """Draw a run or ghost nowhere, or again; in place of the selected one another is selected, if there is one."""
        scene = self._scene
        if scene is None:
            return
        if hidden and run is scene.run:
            at, n = scene.selected, len(scene.runs)
            others = [i % n for i in range(at + 1, at + n) if scene.runs[i % n] not in scene.hidden]
            if not others:
                return
            self.select(others[0])
        scene.hide(run, hidden)
        self.timeline.draw_now()

    def show_only(self, run: Run) -> None:
        """Hide all others, but for the selected one beside a ghost."""
        scene = self._scene
        if scene is None:
            return
        if run in scene.runs:
            self.select(scene.runs.index(run))
        for other in scene.everyone:
            scene.hide(other, other is not run)
        self.timeline.draw_now()

    def show_all(self) -> None:
        """Hide nothing any longer."""
        if self._scene is not None:
            for run in self._scene.everyone:
                self._scene.hide(run, False)
            self.timeline.draw_now()

    def compare(self, rival: Run | None) -> None:
        """Have the knobs of another run, or none, beside the selected one's in every frame."""
        if self._scene is not None and rival is not self._scene.rival:
            self._scene.rival = rival
            if rival is not None:  # else nobody waits for the frame without it
                self.timeline.draw_now()

    def rename(self, run: Run, typed: str) -> None:
        """Call a run or ghost otherwise, here and in its recipe; a message says what is wrong with what was typed."""
        scene = self._scene
        if scene is None or self.scenario is None or self.loading_now:
            return
        peers = scene.runs if run in scene.runs else scene.ghosts
        try:
            label = label_from(typed, [other.label for other in peers if other is not run])
        except InputError as error:
            self.message.emit("error", str(error), None)
            return
        if label == run.label:
            return
        self._remember(self.shown)
        # The thread that trains reads them and never writes: it finds the one or the other.
        run.label, run.spec = label, replace(run.spec, label=label)
        self._show_names()

    def remove(self, run: Run) -> None:
        """Take a run or ghost away; all others stay where they are. The last run stays."""
        scene = self._scene
        if scene is None or self.scenario is None or self.loading_now:
            return
        runs, ghosts = ([other for other in each if other is not run] for each in (scene.runs, scene.ghosts))
        if not runs or len(runs) + len(ghosts) == len(scene.everyone):
            return
        label, selected = run.label + (" (before)" if run in scene.ghosts else ""), scene.run
        self._remember(self.shown)
        scenario = self.scenario if run in scene.ghosts else without(self.scenario, scene.runs.index(run))
        if run is selected:  # then its neighbour that is drawn
            at = scene.selected
            near = sorted(runs, key=lambda other: (other in scene.hidden, abs(scene.runs.index(other) - at - 0.5)))
            selected = near[0]
        if all(other.ended for other in runs):
            for other in runs:
                other.stay_no_longer()
        self._line_up(scenario, runs, ghosts, runs.index(selected))
        self.message.emit("info", f"“{label}” is removed; Ctrl+Z brings it back.", None)

    @property
    def as_seen(self) -> Scenario | None:
        """The scenario as it would have to be to open as it is looked at now; None before something is open."""
        return None if self.scenario is None else replace(self.scenario, view=self.look(self.scenario.view))

    @property
    def shown(self) -> Shown | None:
        """What is on show; None before something is open."""
        scene, scenario = self._scene, self.as_seen
        if scene is None or scenario is None:
            return None
        return Shown(
            scenario,
            scene.runs,
            scene.ghosts,
            scene.views,
            scene.selected,
            scene.hidden,
            names={run: (run.label, run.spec) for run in scene.everyone},
            left={run for run in scene.runs if run.left},
            step=None if self.timeline.live else self.timeline.step,
            name=self.name,
        )

    # Within

    def _remember(self, now: Shown | None) -> None:
        """Keep what was on show, to be brought back; what was undone before is gone."""
        self._after = []
        if now is None:
            return
        kept, others = [now], 1
        for before in reversed(self._before):
            others += not before.is_of(kept[0].runs, kept[0].ghosts)
            if others > _UNDOS:
                break
            kept.insert(0, before)
        self._before = kept

    def _go_back(self, wanted: Shown, *, redo: bool, now: Shown | None) -> None:
        """Take note that ``wanted`` is on show again, in place of what is on show ``now``."""
        there, here = (self._after, self._before) if redo else (self._before, self._after)
        there.remove(wanted)
        for run, (label, spec) in wanted.names.items():
            run.label, run.spec = label, spec
        if now is not None:
            here.append(now)

    def _show_names(self) -> None:
        """Draw what the runs are called by now."""
        assert self.scenario is not None  # there are runs
        self.scenario = relabelled(self.scenario, self.runs)
        self.timeline.draw_now()

    def _brought_back(self, before: Shown, *, redo: bool) -> bool:
        """Take back a new name or a removal, or carry it out again, where no more has happened; False where it has."""
        scene = self._scene
        assert scene is not None  # something was there before it
        pairs = (set(scene.runs), set(before.runs)), (set(scene.ghosts), set(before.ghosts))
        if not (all(here <= there for here, there in pairs) or all(here >= there for here, there in pairs)):
            return False
        self._go_back(before, redo=redo, now=self.shown)
        if before.is_of(scene.runs, scene.ghosts):
            self._show_names()
            return True
        for run in before.runs:
            if run not in before.left:
                run.stay_no_longer()
        self._line_up(before.scenario, before.runs, before.ghosts, before.selected, before)
        return True

    def _line_up(
        self, scenario: Scenario, runs: list[Run], ghosts: Sequence[Run], selected: int, before: Shown | None = None
    ) -> None:
        """Show these of the runs that are there, or that were ``before``, without any of them starting again."""
        scene = self._scene
        assert scene is not None  # there are runs
        reselected = runs[selected] is not scene.run
        there = scene.moment(runs[selected], self.timeline.step)
        scene.line_up(runs, ghosts, selected, () if before is None else before.views)
        if before is not None:
            scene.hide_just(before.hidden)
        self.scenario, self.view, self._target = scenario, scene.view, 0.0
        self._worker.train(runs, () if before is None else before.left)
        if reselected:
            self._draw_reselected(there)
        else:
            self.timeline.draw_now()
        self.opened.emit()

    def _draw_reselected(self, step: int) -> None:
        """Draw the newly selected run: at its newest step, or where one looks back, at this one."""
        live, replaying = self.timeline.live, self.timeline.replaying
        self.reselected.emit()
        if live:
            self.timeline.draw_now()
        else:
            self.timeline.seek(step)
        self._replay_on(replaying)
