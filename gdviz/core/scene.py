"""From runs and a cursor to the Frame that all panels draw."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gdviz.core.curvature import sharpness
from gdviz.core.curve import CurveBuilder
from gdviz.core.digits import Digits
from gdviz.core.frame import NO_CURVATURES, Curvatures, Evaluations, Floats, Frame, Landscape, RunFrame, SliceView
from gdviz.core.landscape import doublings_to_hold, surface_landscape
from gdviz.core.problem import Evaluation, Vector
from gdviz.core.slices import TRAIL_POINTS, Gauge, trail_stride
from gdviz.core.surface import Surface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gdviz.core.history import Checkpoint, Table
    from gdviz.core.optimizer import Term
    from gdviz.core.problem import Problem
    from gdviz.core.run import Run
    from gdviz.core.slices import Slice

MOST_GHOSTS = 8

MEAN_STEPS = 100
"""steps in the running mean of a mini-batch cost"""

_ARROW_OFF = 1 / 3
"""of what makes a ball hollow: farther off the plane, a slope at the ball says nothing about the picture under it"""
_LEAST_OFF = 0.05
"""of the same: so far off, a ball at rest gets a slice of its own"""
_FARTHEST_OUT = 1e12
"""knobs so large are those of a run that blows up; float32 tells too little apart for a picture around them"""
_TRAIL_POINTS = 1000


class Scene:
    """The runs as they are shown: who is selected, what is a ghost, which picture of the cost lies under the balls.

    It keeps what was computed for the frame before, so that a frame costs only what is new.
    """

    def __init__(self, runs: Sequence[Run], ghosts: Sequence[Run] = (), selected: int = 0) -> None:
        self.runs = list(runs)
        self._views = [_RunView(run, i, ghost=True) for i, run in enumerate(ghosts)]
        self._views += [_RunView(run, i, ghost=False) for i, run in enumerate(runs)]
        self.selected = selected
        self.view = SliceView()
        """which slice of a network's cost is asked for"""
        self.slice: Slice | None = None
        """the one that is shown, of whichever view"""
        self.remaking = False
        self.exact: tuple[Run, Checkpoint] | None = None
        """the knobs of a run at a past step, where only those of a step before were kept"""
        self._gauge: tuple[Digits, int, Gauge] | None = None
        self._landscape: Landscape | None = None
        self._doublings = -1

    @property
    def run(self) -> Run:
        """The selected run."""
        return self.runs[self.selected]

    @property
    def everyone(self) -> list[Run]:
        """The runs and the ghosts."""
        return [view.run for view in self._views]

    def version(self) -> object:
        """Compares equal as long as a frame at the same cursor would show the same."""
        newest = self.run.history.newest()
        runs = tuple((view.run, view.run.history.version, view.run.ended) for view in self._views)
        measured = tuple(view.measured for view in self._views)
        shown = id(self.slice), self.view, self.remaking, measured, id(self.exact)
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
        self.selected = index

    def add_ghost(self, run: Run) -> None:
        """Show one more run in grey; of too many the oldest go."""
        ghosts = [view for view in self._views if view.ghost][1 - MOST_GHOSTS :]
        self._views = [*ghosts, _RunView(run, 0, ghost=True), *self._views[-len(self.runs) :]]

    def _checkpoint(self, run: Run, step: int) -> Checkpoint:
        """What is known of the knobs: at ``step``, or at the nearest step before it."""
        if self.exact is not None and self.exact[0] is run and self.exact[1].step == step:
            return self.exact[1]
        return run.history.checkpoint(step)

    @property
    def compared(self) -> Run | None:
        """The run whose ball the selected one's is compared with; None where there is no other on its surface."""
        others = [run for run in self.runs if run is not self.run and run.cost_key == self.run.cost_key]
        chosen = self.runs[self.view.other] if self.view.other < len(self.runs) else None
        return chosen if chosen in others else next(iter(others), None)

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
        shown, gauge = [], self.gauge()
        for view in self._views:
            there = at if view.run is run else _same_moment(run, view.run, at)
            ball = checkpoint if view.run is run else view.run.history.checkpoint(there)
            on_surface = view.run.cost_key == run.cost_key
            shown.append(view.frame(there, ball, self.slice, on_surface, gauge))
        n_ghosts = len(self._views) - len(self.runs)
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
        )

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


class _RunView:
    """One run as it is drawn, with what was computed for the frame before."""

    def __init__(self, run: Run, colour: int, *, ghost: bool) -> None:
        self.run = run
        self._colour = colour
        self.ghost = ghost
        self._thinnings = 0
        self._consumed = 0
        self._measured = -1
        self._evaluations = _evaluations([])
        self.measured = 0
        """how often its sharpness was"""
        self.curvatures = NO_CURVATURES
        """and what came of it"""
        self._rules_read = run.rules
        self._rules = tuple(run.rules)
        self._gauged: tuple[object, int, float] = (None, -1, math.nan)
        self._slice: Slice | None = None
        self._trail_steps = np.empty(0, np.int64)
        self._trail = np.empty((0, 2))
        self._every = 1
        self._new_curve()

    def _new_curve(self) -> None:
        exact = not self.run.steps_per_epoch or self.run.steps_per_epoch == 1
        self._curve = CurveBuilder(window=1 if exact else MEAN_STEPS)
        self._consumed = 0

    def measure(self, step: int, sharpness: float) -> None:
        """Take down the sharpness at a step; what was measured there before is replaced."""
        known = dict(zip(self.curvatures.steps.tolist(), self.curvatures.values.tolist(), strict=True))
        known[step] = sharpness
        steps = sorted(known)
        self.curvatures = Curvatures(np.array(steps, np.int64), np.array([known[at] for at in steps]))
        self.measured += 1

    def frame(
        self, step: int, ball: Checkpoint, slice_: Slice | None, on_surface: bool, gauge: Gauge | None
    ) -> RunFrame:
        """The run at ``step``, its knobs as in ``ball``."""
        # Asked first: a thinning between the two costs a curve drawn anew, not one that stands still.
        if self.run.history.thinnings != self._thinnings:
            self._thinnings = self.run.history.thinnings
            self._new_curve()
        table = self.run.history.table()
        if len(table.step) > self._consumed:
            self._curve.extend(table.step[self._consumed :], table.cost[self._consumed :])
            self._consumed = len(table.step)
        measured = self.run.history.evaluations
        if len(measured) != self._measured:
            self._measured, self._evaluations = len(measured), _evaluations(measured)
        if self.run.rules is not self._rules_read:
            self._rules_read = self.run.rules
            self._rules = tuple(self._rules_read)
        empty = not len(table.step)
        row = table.index(step)
        off_plane = 0.0
        trail, costs = np.empty((0, 2)), np.empty(0)
        if on_surface and not empty:
            if isinstance(self.run.problem, Surface):
                trail, costs = _surface_trail(table, row)
            elif slice_ is not None and gauge is not None:
                trail, costs, off_plane = self._network_trail(slice_, ball, gauge)
        nan = float("nan")
        return RunFrame(
            colour=self._colour,
            label=self.run.label,
            ghost=self.ghost,
            on_surface=on_surface,
            step=0 if empty else int(table.step[row]),
            newest=max(0, self.run.history.newest_step),
            epoch=step / self.run.steps_per_epoch if self.run.steps_per_epoch else None,
            cost=nan if empty else float(table.cost[row]),
            grad_norm=nan if empty else float(table.grad_norm[row]),
            learning_rate=nan if empty else float(table.learning_rate[row]),
            ended=self.run.ended,
            curve=self._curve.curve(),
            evaluations=self._evaluations,
            trail=trail,
            trail_costs=costs,
            off_plane=off_plane,
            far=slice_ is not None and off_plane > slice_.farthest,
            sharpness=self.curvatures,
            rules=self._rules,
            optimizer=self.run.optimizer_at(step),
            past=table,
            row=row,
        )

    def _network_trail(self, slice_: Slice, ball: Checkpoint, gauge: Gauge) -> tuple[Floats, Floats, float]:
        """The checkpoints up to the ball, and the ball, projected; only those that are new since the last frame."""
        if not np.isfinite(ball.theta).all():
            return np.empty((0, 2)), np.empty(0), 0.0
        if ball.step == slice_.step and self.run.history is slice_.through[0]:
            cost = slice_.cost
        else:
            if self._gauged[:2] != (gauge, ball.step):
                self._gauged = gauge, ball.step, gauge.cost(ball.theta)
            cost = self._gauged[2]
        here = slice_.plane.project(ball.theta)[None]
        off_plane = slice_.plane.distance(ball.theta)
        if slice_.kind == "line":
            # One knob: how far along; the other coordinate is off the line as well.
            off_plane = math.hypot(off_plane, float(here[0, 1]) * float(np.linalg.norm(slice_.plane.directions[1])))
            return np.array([[here[0, 0], cost]]), np.array([cost]), off_plane / slice_.unit
        history = self.run.history
        every = trail_stride(history)
        if slice_ is not self._slice or every > 2 * self._every or len(self._trail) > 4 * TRAIL_POINTS:
            self._slice, self._every = slice_, every
            self._trail_steps, self._trail = slice_.trails.get(history, (np.empty(0, np.int64), np.empty((0, 2))))
        after = int(self._trail_steps[-1]) if len(self._trail_steps) else -1
        steps, thetas = history.checkpoints(after, self._every)
        if len(steps):
            self._trail_steps = np.concatenate([self._trail_steps, steps])
            self._trail = np.concatenate([self._trail, slice_.plane.project(thetas)])
        before = int(np.searchsorted(self._trail_steps, ball.step))
        trail = np.concatenate([self._trail[:before], here])
        finite = np.isfinite(trail).all(axis=1)
        costs = np.full(len(trail), np.nan)
        costs[-1] = cost
        return trail[finite], costs[finite], off_plane / slice_.unit


def _surface_trail(table: Table, row: int) -> tuple[Floats, Floats]:
    """Positions and costs up to ``row``: the first and the last thousand steps all, about as many of those between."""
    # Only a run's last row can be anything but finite: there it ended.
    end = row + (math.isfinite(table.cost[row]) and bool(np.isfinite(table.knobs[row]).all()))
    between = end - 2 * _TRAIL_POINTS
    parts = [slice(end)]
    if between > 0:
        # By powers of two, so that the trail holds still until the next doubling; its last point is the ball.
        every = 1 << ((between - 1) // _TRAIL_POINTS).bit_length()
        after = _TRAIL_POINTS + between
        parts = [slice(_TRAIL_POINTS), slice(_TRAIL_POINTS, after, every), slice(after, end)]
    points, costs = (np.concatenate([column[part] for part in parts]) for column in (table.knobs, table.cost))
    return (np.column_stack([points, costs]) if points.shape[1] == 1 else points), costs


def _evaluations(measured: list[tuple[int, Evaluation]]) -> Evaluations:
    steps = np.array([step for step, _ in measured], np.int64)
    values = np.array([evaluation for _, evaluation in measured], np.float64).reshape(-1, len(Evaluation._fields))
    return Evaluations(steps, *values.T)
