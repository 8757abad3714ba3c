"""One run as a scene shows it, with what was computed for the frame before: a frame costs only what is new."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gdviz.core.curve import CurveBuilder
from gdviz.core.differences import Recipe
from gdviz.core.digits import Digits
from gdviz.core.frame import NO_CURVATURES, Curvatures, Evaluations, Floats, RunFrame
from gdviz.core.problem import Evaluation
from gdviz.core.slices import TRAIL_POINTS, Gauge, trail_stride
from gdviz.core.surface import Surface

if TYPE_CHECKING:
    from gdviz.core.differences import Difference
    from gdviz.core.history import Checkpoint, Table
    from gdviz.core.run import Run
    from gdviz.core.scenario import AnyProblem
    from gdviz.core.slices import Slice

MEAN_STEPS = 100
"""steps in the running mean of a mini-batch cost"""

_TRAIL_POINTS = 1000


class RunView:
    """One run as it is drawn, with what was computed for the frame before."""

    def __init__(self, run: Run, colour: int, problem: AnyProblem | None = None) -> None:
        self.run, self.colour = run, colour
        self.problem = problem
        """what the scenario says for all of its runs, where that is known"""
        self.ghost = self.hidden = False
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

    @property
    def recipe(self) -> Recipe:
        """The spec as it was given, and all changes, those too that were made while it ran."""
        made = ({"step": step, name: value} for step, name, value in self.run.changes)
        return Recipe(self.problem, self.run.spec, (*self.run.spec.changes, *made))

    @property
    def sizes(self) -> tuple[int, ...] | None:
        """Of its network's layers; None where it is no network."""
        return self.run.problem.network.sizes if isinstance(self.run.problem, Digits) else None

    def frame(
        self,
        step: int,
        ball: Checkpoint,
        slice_: Slice | None,
        on_surface: bool,
        gauge: Gauge | None,
        left: bool,
        alike: bool,
        differs: Difference,
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
        if on_surface and not (empty or self.hidden):
            if isinstance(self.run.problem, Surface):
                trail, costs = _surface_trail(table, row)
            elif slice_ is not None and gauge is not None:
                trail, costs, off_plane = self._network_trail(slice_, ball, gauge)
        nan = float("nan")
        return RunFrame(
            colour=self.colour,
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
            clock=self.run.stopwatch.clock,
            steps_per_epoch=self.run.steps_per_epoch,
            hidden=self.hidden,
            alike=alike,
            left=left,
            differs=differs.short,
            differs_in_full=differs.full,
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
