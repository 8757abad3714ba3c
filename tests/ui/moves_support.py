"""A window's session in the hands of somebody who does whatever it offers, in any order, waited for or not."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, ClassVar, NamedTuple, cast

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace
from PySide6.QtCore import QEventLoop, QTimer

from gdviz.core.scenario import parse, to_toml
from gdviz.core.spec import knobs
from gdviz.core.surface import Surface
from gdviz.ui.panels.surface.readout import read
from gdviz.ui.widgets import number
from tests.support import everywhere_at, frame_of
from tests.ui.reference_support import SCENARIOS, Reference, assert_same_bits, assert_true_to, rule_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gdviz.core.digits import Digits
    from gdviz.core.frame import Floats
    from gdviz.core.run import Run
    from gdviz.core.scenario import Scenario
    from gdviz.core.scene import Scene
    from gdviz.ui.session import Session
    from gdviz.ui.window import Window

MOST, LONG = 6, 20.0
"""runs, so that it doesn't take too long; seconds after which something never comes"""


class Stood(NamedTuple):
    """Who was on show."""

    everyone: list[Run]
    selected: Run
    steps: dict[Run, int]
    left: set[Run]
    """those of the runs that stay where they are, because another one has branched off"""


class Moves(RuleBasedStateMachine):
    """Whatever the window offers, in any order, waited for or not."""

    window: ClassVar[Window]
    folder: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self._rested = False
        """nothing was at work when the last thing was done"""
        self._hurried = 0
        """so many of the next things are not waited for"""
        self._seen: dict[Run, Scenario] = {}
        """every run that was ever shown, with its scenario"""
        self._before: list[Stood] = []
        self._after: list[Stood] = []
        """what undo and redo are to bring back"""
        self._known = True
        """whether they are"""
        self.session.opened.connect(self._see)

    @property
    def session(self) -> Session:
        return self.window.session

    @property
    def scene(self) -> Scene:
        assert self.session._scene is not None
        return self.session._scene

    @initialize(name=st.sampled_from(sorted(SCENARIOS)), times=st.integers(0, 20))
    def begin(self, name: str, times: int) -> None:
        self._open(name)
        self._rest()
        self.session._before.clear()  # what was there before belongs to another example
        self.forward(times)

    @rule(name=st.sampled_from(sorted(SCENARIOS)))
    def open(self, name: str) -> None:
        self._renew(lambda: self._open(name))

    def _open(self, name: str) -> None:
        path = self.folder / f"{name}.toml"
        path.write_text(SCENARIOS[name].replace("{folder}", str(self.folder)), "utf-8")
        assert self.window.open(str(path))

    @rule(times=st.sampled_from([1, 2, 7, 40, 400]))
    def forward(self, times: int) -> None:
        run = self.scene.run
        most = max(run.step, self.session.timeline.step + times)
        for _ in range(times):
            self.session.forward()
        if self._rested:
            self._rest()
            assert run.step <= most, "farther than was asked for"

    @rule()
    def play_to_the_end(self) -> None:
        """Where there is one: who has come to it goes on beyond it for ever."""
        going = [run for run in self.session.runs if not run.ended]
        if going and not any(run.unbounded for run in going):
            self.session.play()
            end = time.monotonic() + LONG
            while self.session.playing:
                self._let_go_on()
                assert time.monotonic() < end, "it never comes to its end"

    @rule()
    def epoch(self) -> None:
        if self.scene.run.steps_per_epoch is not None:  # else the window offers none
            self.session.epoch()

    @rule(tenth=st.integers(0, 10))
    def seek(self, tenth: int) -> None:
        step = self.scene.live_step * tenth // 10
        self.session.seek(step)
        self._stands_at(step)

    @rule(where=st.sampled_from(["back", "start", "live"]))
    def jump(self, where: str) -> None:
        if where == "back":
            step, go = max(0, self.session.timeline.step - 1), self.session.back
        elif where == "start":
            step, go = 0, self.session.to_start
        else:
            step, go = self.scene.live_step, self.session.to_live
        go()
        self._stands_at(step)

    def _stands_at(self, step: int) -> None:
        """The cursor is at a step; where its row was thinned out, at the one before."""
        if self._rested:
            self._rest()
            table = self.scene.run.history.table()
            shown = int(table.step[table.index(step)])
            assert everywhere_at(self.window) == (shown, step >= self.scene.live_step)

    @rule(index=st.integers(0, 5))
    def select(self, index: int) -> None:
        self.session.select(index % len(self.session.runs))

    @rule(
        times=st.sampled_from([0, 5, 25]),
        tenth=st.integers(0, 9),
        rate=st.sampled_from([0.003, 0.2, 1.5]),
        kind=st.sampled_from(["", "nadam", "momentum", "gradient-descent"]),
    )
    def fork(self, times: int, tenth: int, rate: float, kind: str) -> None:
        """Some steps on, back in time, and off on another way."""
        self.session.to_live()
        self.forward(times)
        if self._rested:
            self._rest()
        self.session.seek(self.scene.live_step * tenth // 10)
        timeline, before, run = self.session.timeline, self.session.runs, self.scene.run
        if timeline.live or len(before) == MOST:  # live, the window offers none
            return
        change = {"optimizer": {"kind": kind, "learning_rate": rate}} if kind else {"learning_rate": rate}
        step = timeline.step
        self._renew(lambda: self.session.fork(change, "fork"))
        if self._rested:
            *others, fork = self.session.runs
            assert others == before
            assert run.ended, "it stays"
            assert fork.label.startswith(f"fork from {step:,}")
            assert (fork.step, self.session.run) == (step, fork)
            assert everywhere_at(self.window) == (step, True)

    @rule()
    def reset(self) -> None:
        stood = [(run.step, run.optimizer) for run in self.session.runs]
        self._renew(self.session.reset)
        if self._rested:
            for run, (step, in_force) in zip(self.session.runs, stood, strict=True):
                assert rule_at(run.spec, step) == in_force

    @rule()
    def add_run(self) -> None:
        if len(self.session.runs) < MOST:
            self._renew(self.session.add_run)

    @rule(index=st.integers(0, 9))
    def remove(self, index: int) -> None:
        """A run or a ghost goes; the others stay where they are."""
        everyone = self.session.everyone
        gone = everyone[index % len(everyone)]
        self._renew(lambda: self.session.remove(gone))

    @rule(point=st.tuples(st.integers(-30, 30), st.integers(-30, 30)))
    def put_ball(self, point: tuple[int, int]) -> None:
        problem = self.scene.run.problem
        if isinstance(problem, Surface):
            self._renew(lambda: self.session.put_ball([at / 10 for at in point[: problem.n_params]]))

    def _renew(self, act: Callable[[], None]) -> None:
        """Do what brings other runs, and can be undone."""
        now = self._stood()
        act()
        if self._rested:
            self._rest()
            if self._stood().everyone != now.everyone:
                self._before, self._after = [*self._before, now][-3:], []

    def _stood(self) -> Stood:
        everyone, runs = self.session.everyone, self.session.runs
        steps, left = {run: run.step for run in everyone}, {run for run in runs if run.left}
        return Stood(everyone, self.scene.run, steps, left)

    @rule(again=st.booleans())
    def undo(self, again: bool) -> None:
        """And what was undone, once more."""
        there, here = (self._after, self._before) if again else (self._before, self._after)
        now = self._stood()
        (self.session.redo if again else self.session.undo)()
        if not self._rested:
            self._known = False
        elif self._known:
            self._rest()
            wanted = now
            if there:
                wanted = there.pop()
                here.append(now)
            # Who was on show meanwhile may have gone on, or come to its end.
            steps = wanted.steps | {run: step for run, step in now.steps.items() if run in wanted.steps}
            left = {run for run in wanted.left if run.left or not run.ended}
            assert self._stood() == wanted._replace(steps=steps, left=left)

    @rule(index=st.integers(0, 9), value=st.sampled_from([0.001, 0.05, 0.4, 0.9, 30.0]))
    def change(self, index: int, value: float) -> None:
        """A knob of the rule in force; a value that it can't have is refused."""
        found = knobs(type(self.scene.run.optimizer))
        self.session.change(found[index % len(found)].name, value)

    @rule(play=st.booleans())
    def do_not_wait(self, play: bool) -> None:
        """The next two things follow each other while the one before is at work."""
        if play:
            self.session.play()
        self._rested, self._known, self._hurried = False, False, 2

    @invariant()
    def all_panels_draw_one_frame(self) -> None:
        if self.session.timeline.frame is not None:
            everywhere_at(self.window)

    @invariant()
    def what_plays_goes_on(self) -> None:
        session = self.session
        if session.playing and not session.loading_now and not all(run.ended for run in session.runs):
            assert session._worker.going or session.timeline.replaying

    @invariant()
    def at_rest_all_is_as_it_should_be(self) -> None:
        if self._hurried:
            self._hurried -= 1
        elif self._seen:
            self._rest()
            self._rested = True
            self._pasts_are_true()
            self._panels_are_true()

    def teardown(self) -> None:
        try:
            self._rest()
            self._pasts_are_true()
        finally:
            self.session.opened.disconnect(self._see)

    def _see(self) -> None:
        assert self.session.scenario is not None
        self._seen |= dict.fromkeys(self.session.runs, self.session.scenario)

    def _rest(self) -> None:
        """Wait until nothing goes on any more, nor is on its way from a thread."""
        end, looks = time.monotonic() + LONG, 0
        while looks < 2:
            self._let_go_on()
            if self.session.playing:
                self.session.pause()
            looks = 0 if self._at_work() else looks + 1
            assert time.monotonic() < end, f"it never comes to rest: {self._at_work()}"

    def _let_go_on(self) -> None:
        """A moment in a real event loop: where events are only looked at now and then, the training waits."""
        loop = QEventLoop()
        QTimer.singleShot(1, loop.quit)
        loop.exec()

    def _at_work(self) -> list[str]:
        session, timeline, slices = self.session, self.session.timeline, self.session._slices
        if session.loading_now:
            return ["a scenario"]
        cursor = None if timeline._cursor is None else int(timeline._cursor)
        asked = {
            "the runs": session.playing or session._worker.going or not self._worker_waits(),
            "a frame": timeline._shown != (self.scene, cursor, self.scene.version()) or not timeline._settled,
            "a slice": slices._key is not None or slices._later.isActive(),
            "the curves": self.window.loss._behind,
            "the readout": self.window.surface._readout._waiting is not None,
        }
        return [what for what, goes_on in asked.items() if goes_on]

    def _worker_waits(self) -> bool:
        """Whether the training thread sleeps until there is another order: a pause ends only after the step at hand."""
        worker = self.session._worker
        with worker._orders:
            return not worker._attention.is_set() and bool(worker._orders._waiters)  # type: ignore[attr-defined]

    def _reference(self, run: Run) -> Reference:
        return Reference.of(run, self._seen[run])

    def _pasts_are_true(self) -> None:
        session = self.session
        assert session.scenario is not None
        scenario = replace(session.scenario, runs=tuple(run.recipe for run in session.runs))
        assert parse(to_toml(scenario), "test") == scenario
        for run in self.scene.everyone:
            assert_true_to(self._reference(run), run)

    def _panels_are_true(self) -> None:
        """What is written and drawn in each panel is the selected run at the cursor."""
        step, live = everywhere_at(self.window)
        window, frame, run = self.window, frame_of(self.window), self.scene.run
        assert run.step == self.scene.live_step
        assert live == (step == run.step)
        kept = self._reference(run).at(step)

        pill = re.fullmatch(r"step ([\d,]+)   (mean cost|cost) (.*)", window.loss._marker._text.text())
        assert pill is not None
        assert pill[1] == f"{step:,}"
        assert pill[2] == "mean cost" or pill[3] == number(kept.numbers[0])

        assert frame.theta_step == step
        assert not window.weights.note.text.startswith(("weights of", "knobs of")), "a badge: of another step"
        if isinstance(run.problem, Surface):
            assert window.weights.bars._rows[0] == ("value", kept.theta.tolist())
        else:
            pictures, _ = next(cast("Digits", run.problem).network.layers(kept.theta))
            assert_same_bits(window.weights.layer.mosaic._values, pictures, "pictures")

        assert window.surface._readout.reading == read(frame)
        for shown, each, marks in zip(frame.runs, self.scene.everyone, window.surface.map._marks, strict=False):
            if not (shown.on_surface and len(shown.trail)):
                assert not marks.ball.isVisible()
                assert not marks.edge.isVisible()
            elif marks.ball.isVisible():
                at = window.surface.map._pixels(self._place(each, shown.step))
                assert (marks.ball.x(), marks.ball.y()) == pytest.approx(tuple(at), abs=0.01)
            else:
                assert marks.edge.isVisible()

    def _place(self, run: Run, step: int) -> Floats:
        """Where a run's ball belongs on the plane."""
        reference = self._reference(run)
        if isinstance(run.problem, Surface):
            steps = run.history.table().step
            if not reference.at(step).finite:  # drawn at its last finite knobs
                step = int(steps[np.searchsorted(steps, step) - 1])
            kept = reference.at(step)
            return np.array([*kept.theta, kept.numbers[0]][:2])
        assert self.scene.slice is not None
        if run is not self.scene.run:  # for the others, what was kept has to do
            step = run.history.checkpoint(step).step
        return self.scene.slice.plane.project(reference.at(step).theta)
