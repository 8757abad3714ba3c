"""From runs and a cursor to the Frame that all panels draw."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from gdviz.core.curvature import sharpness
from gdviz.core.differences import differences
from gdviz.core.digits import Digits
from gdviz.core.frame import Curvatures, Floats, Frame, Landscape, Rival, SliceView
from gdviz.core.landscape import doublings_to_hold, surface_landscape
from gdviz.core.run_view import RunView
from gdviz.core.slices import Gauge
from gdviz.core.surface import Surface

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from gdviz.core.differences import Difference
    from gdviz.core.history import Checkpoint
    from gdviz.core.optimizer import Term
    from gdviz.core.problem import Problem, Vector
    from gdviz.core.run import Run
    from gdviz.core.scenario import AnyProblem
    from gdviz.core.slices import Slice

MOST_GHOSTS = 8

_ARROW_OFF = 1 / 3
"""of what makes a ball hollow: farther off the plane, a slope at the ball says nothing about the picture under it"""
_LEAST_OFF = 0.05
"""of the same: so far off, a ball at rest gets a slice of its own"""
_FARTHEST_OUT = 1e12
"""knobs so large are those of a run that blows up; float32 tells too little apart for a picture around them"""


class Scene:
    """The runs as they are shown: who is selected, what is a ghost, which picture of the cost lies under the balls.

    It keeps what was computed for the frame before, so that a frame costs only what is new.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        ghosts: Sequence[Run] = (),
        selected: int = 0,
        problem: AnyProblem | None = None,
        before: Scene | None = None,
        views: Iterable[RunView] = (),
    ) -> None:
        """Show runs of a scenario with this ``problem``; what the scene ``before`` and ``views`` know is taken over."""
        self._problem = problem
        self.runs: list[Run] = []
        self._views: list[RunView] = [*views, *(() if before is None else before._views)]
        self.selected = 0
        self.rival: Run | None = None
        """whose knobs the selected one's are compared with"""
        self._recipes: list[object] = []
        self._differences: tuple[Difference, ...] = ()
        self.view = SliceView()
        """which slice of a network's cost is asked for"""
        self.slice: Slice | None = None
        """the one that is shown, of whichever view"""
        self.remaking = False
        self.exact: dict[Run, Checkpoint] = {}
        """the knobs of runs at a past step each, where only those of a step before were kept"""
        self.nearing: float | None = None
        """the share of the way to those knobs that is done; None while nobody is on it"""
        self._gauge: tuple[Digits, int, Gauge] | None = None
        self._landscape: Landscape | None = None
        self._doublings = -1
        self.line_up(runs, ghosts, selected)
        if before is not None:
            self._take_over(before)

    def _take_over(self, before: Scene) -> None:
        """Keep what is true of these runs, too."""
        if before.run.cost_key == self.run.cost_key and not set(before.runs).isdisjoint(self.runs):
            self.slice = before.slice
        rival = before.rival
        if rival is not None and rival in before.runs and len(before.runs) == len(self.runs):
            self.rival = self.runs[before.runs.index(rival)]  # the one in its place
        elif rival in self.everyone:
            self.rival = rival

    def line_up(self, runs: Sequence[Run], ghosts: Sequence[Run], selected: int, views: Iterable[RunView] = ()) -> None:
        """Show these from now on. Those that are here, or have ``views``, stay as they are, and in their colours."""
        known = {view.run: view for view in (*views, *self._views)}
        taken = {known[run].colour for run in runs if run in known}
        free = (colour for colour in count() if colour not in taken)
        other = self.runs[self.view.other] if self.view.other < len(self.runs) else None
        shown = [known.get(run) or RunView(run, next(free), self._problem) for run in runs]
        before = [known.get(run) or RunView(run, i, self._problem) for i, run in enumerate(ghosts)]
        for view in (*before, *shown):
            view.ghost = view in before
        cost = self.run.cost_key if self.runs else None
        self.runs, self._views, self.selected = list(runs), [*before, *shown], selected
        self.view = replace(self.view, other=self.runs.index(other) if other in self.runs else 0)
        if self.run.cost_key != cost:
            self.slice, self._doublings = None, -1
        if self.rival not in self.everyone:
            self.rival = None
        self.hide(self.run, False)

    @property
    def run(self) -> Run:
        """The selected run."""
        return self.runs[self.selected]

    @property
    def everyone(self) -> list[Run]:
        """The runs and the ghosts."""
        return [view.run for view in self._views]

    def moment(self, run: Run, step: int) -> int:
        """Where a run stands when the selected one is at ``step``: at the same epoch; of a surface, the same step."""
        return step if run is self.run else _same_moment(self.run, run, step)

    @property
    def views(self) -> list[RunView]:
        """What is known of each of them for their drawing."""
        return self._views[:]

    @property
    def ghosts(self) -> list[Run]:
        """Those that are shown in grey, the oldest first."""
        return [view.run for view in self._views if view.ghost]

    @property
    def hidden(self) -> set[Run]:
        """Those of both that are drawn nowhere."""
        return {view.run for view in self._views if view.hidden}

    def hide_just(self, hidden: Collection[Run]) -> None:
        """Draw these nowhere, and all others."""
        for view in self._views:
            self.hide(view.run, view.run in hidden)

    def hide(self, run: Run, hidden: bool) -> None:
        """Draw a run nowhere, or again. The selected one always is drawn."""
        for view in self._views:
            if view.run is run:
                view.hidden = hidden and run is not self.run

    def version(self) -> object:
        """Compares equal as long as a frame at the same cursor would show the same."""
        newest = self.run.history.newest()
        runs = tuple(
            (view.run, view.run.history.version, view.run.ended, view.run.label, view.hidden) for view in self._views
        )
        measured = tuple(view.measured for view in self._views)
        exact = tuple((run, knobs.step) for run, knobs in self.exact.items())
        shown = id(self.slice), self.view, self.remaking, measured, exact, self.nearing, self.rival
        return runs, newest and newest.step, self.selected, shown

    @property
    def live_step(self) -> int:
        """The newest step that can be shown in all panels: where the latest snapshot of the knobs was taken."""
        newest = self.run.history.newest()
        return -1 if newest is None else newest.step

    def select(self, index: int) -> None:
        """Another of `runs` owns the surface from now on; a slice of another cost is dropped."""
        if self.runs[index].cost_key != self.run.cost_key:
            self.slice, self._doublings = None, -1
        if self.runs[index] is self.rival:  # the same two are compared, the other way round
            self.rival = self.run
        self.selected = index
        self.hide(self.run, False)

    def add_ghost(self, run: Run) -> None:
        """Show one more run in grey; of too many the oldest go."""
        self.line_up(self.runs, [*self.ghosts[1 - MOST_GHOSTS :], run], self.selected)

    def _checkpoint(self, run: Run, step: int) -> Checkpoint:
        """What is known of the knobs: at ``step``, or at the nearest step before it."""
        exact = self.exact.get(run)
        return exact if exact is not None and exact.step == step else run.history.checkpoint(step)

    @property
    def compared(self) -> Run | None:
        """The run whose ball the selected one's is compared with; None where there is no other on its surface."""
        others = [run for run in self.runs if run is not self.run and run.cost_key == self.run.cost_key]
        chosen = self.runs[self.view.other] if self.view.other < len(self.runs) else None
        shown = [run for run in others if run not in self.hidden]
        return chosen if chosen in others else next(iter([*shown, *others]), None)

    def wants_slice(self, frame: Frame, *, moving: bool) -> bool:
        """Whether there should be another slice: none is there that was asked for, or its ball has left it.

        While the run is ``moving`` on, and its newest step is looked at, always.
        """
        if isinstance(frame.problem, Surface) or not np.abs(frame.theta).max() < _FARTHEST_OUT:
            return False
        shown = self.slice
        if shown is None or (shown.asked, shown.n_images) != (self.view.kind, self._n_images(frame.problem)):
            return True
        if shown.through != (self.run.history, self.compared and self.compared.history)[: len(shown.through)]:
            return True
        if moving and frame.live and frame.theta_step > shown.step:
            return True
        if not (moving or shown.final):
            return True
        if shown.kind != shown.asked and frame.run.newest > shown.newest:
            return True
        # Who looks back keeps the picture for as long as it will do.
        return not self.shows(frame) or (frame.live and frame.run.off_plane > _LEAST_OFF * shown.farthest)

    def shows(self, frame: Frame) -> bool:
        """Whether the slice has the selected run's ball well within view, and not far off it."""
        return self.slice is not None and not frame.run.far and self.slice.holds(self.slice.plane.project(frame.theta))

    def _n_images(self, problem: Problem) -> int:
        return min(self.view.n_images, problem.n_examples or 0)

    def gauge(self) -> Gauge | None:
        """What measures costs on the images of the slice on show; None for a surface."""
        problem = self.run.problem
        if not isinstance(problem, Digits):
            return None
        n = self._n_images(problem) if self.slice is None else self.slice.n_images
        if self._gauge is None or self._gauge[:2] != (problem, n):
            self._gauge = problem, n, Gauge(problem, n)
        return self._gauge[2]

    def _n_measured(self, gauge: Gauge, step: int) -> int:
        """On how many images the cost at the selected run's ball is measured."""
        here = self.slice is not None and step == self.slice.step and self.run.history is self.slice.through[0]
        return self.slice.n_images if here and self.slice is not None else gauge.n_images

    def curvatures(self, run: Run) -> Curvatures:
        """The sharpness of a run's cost as far as it was measured."""
        return next(view.curvatures for view in self._views if view.run is run)

    def measure(self, run: Run, step: int, sharpness: float) -> None:
        """Take down the sharpness of a run's cost at a step."""
        for view in self._views:
            if view.run is run:
                view.measure(step, sharpness)

    def frame(self, step: int | None) -> Frame | None:
        """All at ``step`` of the selected run, None being its newest; None before step 0 is there."""
        run = self.run
        newest = run.history.newest()
        if newest is None:
            return None
        live = step is None or step >= newest.step
        # The training thread goes on meanwhile: live, all is drawn from this one snapshot.
        checkpoint = newest if step is None or live else self._checkpoint(run, step)
        table = run.history.table()
        row = table.index(newest.step if step is None or live else step)
        at = int(table.step[row])
        analytic = isinstance(run.problem, Surface)
        theta = table.knobs[row] if analytic else checkpoint.theta
        shown, gauge, rival = [], self.gauge(), None
        n_ghosts = len(self._views) - len(self.runs)
        sizes = self._views[n_ghosts + self.selected].sizes
        for index, (view, differs) in enumerate(zip(self._views, self._told_apart(), strict=True)):
            there = self.moment(view.run, at)
            alike = sizes is not None and view.run is not run and view.sizes == sizes
            left = view.run is not run and view.run.left
            compared = alike and view.run is self.rival
            if compared and live:
                view.run.history.newest()  # which asks for a fresher one, as near as can be to the selected run's
            ball = checkpoint if view.run is run else self._checkpoint(view.run, there)
            if compared:
                rival = Rival(index, ball.theta, ball.step)
            on_surface = view.run.cost_key == run.cost_key
            shown.append(view.frame(there, ball, self.slice, on_surface, gauge, left, alike, differs))
        if isinstance(run.problem, Surface):
            self._grow_landscape(run.problem, shown[n_ghosts + self.selected].trail[:, : run.problem.n_params])
        slope = np.empty_like(theta) if analytic else None
        if slope is not None:
            with np.errstate(all="ignore"):
                run.problem.cost_and_gradient(theta, slope)
        return Frame(
            problem=run.problem,
            runs=tuple(shown),
            selected=n_ghosts + self.selected,
            live=live,
            landscape=self._landscape if analytic else self.slice.landscape if self.slice is not None else None,
            remaking=self.remaking,
            nearing=self.nearing,
            theta=theta,
            theta_step=at if analytic else checkpoint.step,
            start=run.history.checkpoint(0).theta,
            slope=slope,
            terms=_terms(run, theta, slope, checkpoint, at, float(table.learning_rate[row])),
            descent=self._descent(run, checkpoint, slope, shown[n_ghosts + self.selected].off_plane),
            sharpness=sharpness(run.problem, theta) if analytic else shown[n_ghosts + self.selected].sharpness.at(at),
            view=None if analytic else self.view,
            n_gauged=0 if gauge is None else self._n_measured(gauge, checkpoint.step),
            plane=self.slice.kind if self.slice is not None and not analytic else None,
            compared=None if analytic or self.compared is None else n_ghosts + self.runs.index(self.compared),
            rival=rival,
        )

    def _told_apart(self) -> tuple[Difference, ...]:
        """What tells the recipes apart, worked out anew when one of them is another."""
        now: list[object] = [
            (each.run, each.run.spec, len(each.run.changes), each.run.changes[-1:]) for each in self._views
        ]
        if now != self._recipes:
            self._recipes, self._differences = now, differences([view.recipe for view in self._views])
        return self._differences

    def _grow_landscape(self, surface: Surface, trail: Floats) -> None:
        doublings = doublings_to_hold(surface, trail) if len(trail) else 0
        if doublings != self._doublings:
            self._doublings, self._landscape = doublings, surface_landscape(surface, doublings)

    def _descent(
        self, run: Run, checkpoint: Checkpoint, slope: Vector | None, off_plane: float
    ) -> tuple[float, float] | None:
        if slope is not None:
            return (-float(slope[0]), -float(slope[1])) if len(slope) == 2 else None
        if self.slice is None or checkpoint.gradient is None:
            return None
        if off_plane > _ARROW_OFF * self.slice.farthest or self.slice.kind == "line":
            return None
        a, b = self.slice.plane.components(-checkpoint.gradient)
        return float(a), float(b)


def _same_moment(selected: Run, other: Run, step: int) -> int:
    """The other run's step at the same epoch; at the same step where there are no epochs."""
    if selected.steps_per_epoch and other.steps_per_epoch:
        step = round(step * other.steps_per_epoch / selected.steps_per_epoch)
    return max(0, min(step, other.history.newest_step))


def _terms(
    run: Run, theta: Vector, slope: Vector | None, checkpoint: Checkpoint, step: int, learning_rate: float
) -> tuple[Term, ...]:
    # What the optimizer remembers is known only where it was kept; a step is never made up.
    if slope is None or (checkpoint.step != step and checkpoint.state.size):
        return ()
    with np.errstate(all="ignore"):
        return run.optimizer_at(step).terms(theta, slope, checkpoint.state, learning_rate, step + 1)
