"""Runs: a recipe brought to life, one optimizer descending one problem each, and which goes next."""

from __future__ import annotations

from bisect import bisect_right
from copy import copy
from dataclasses import dataclass, field, replace
from operator import attrgetter, itemgetter
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from gdviz.core.descent import Batches, Exact, FullBatch, MiniBatches, Row, Streams, descend, revised
from gdviz.core.digits import Digits
from gdviz.core.errors import InputError
from gdviz.core.history import Checkpoint, History
from gdviz.core.optimizer import Optimizer
from gdviz.core.optimizers import kind_of
from gdviz.core.problems import problem_of
from gdviz.core.spec import changed
from gdviz.core.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable, Sequence

    from gdviz.core.descent import Changes
    from gdviz.core.problem import Problem, Vector
    from gdviz.core.scenario import RunSpec, Scenario, Stop

DEFAULT_STEPS, DEFAULT_EPOCHS, DEFAULT_BATCH = 1000, 10, 10
LEFT = "left"
"""how a run has ended that stays where it was when another one branched off"""
CHECKPOINT_BYTES = 64 << 20
"""for all runs of a scenario together"""
MOST_MEMORY = 8 << 30
"""bytes that runs beside each other may take while they train; one alone may be as large as networks may be"""
_A_KNOB, _A_SLOT = 36, 26
"""bytes that a network's run takes for each knob, and for each number that its rule remembers of it (measured)"""


@dataclass(eq=False)
class Run:
    """One optimizer descending one problem from one start with one seed; it owns a history."""

    spec: RunSpec
    problem: Problem
    cost_key: Hashable
    """runs with equal keys descend the same cost, so their balls belong on one surface"""
    batches: Batches
    stop: Stop
    horizon: int
    """steps to the stop's bound on steps and epochs"""
    label: str
    checkpoint_bytes: int = CHECKPOINT_BYTES
    evaluate_every: int | None = None
    """steps between two evaluations; None: an epoch"""
    ended: str = ""
    """why it stopped; empty while it can go on"""
    fixed: bool = False
    """it blew up or failed, and cannot go on whatever the stop condition says"""
    unbounded: bool = False
    """it goes on beyond the stop condition"""
    changes: list[tuple[int, str, float]] = field(default_factory=list)
    """what was changed while it ran: (step, knob of the optimizer, value); part of the recipe"""
    taken_up: tuple[History, Checkpoint] | None = None
    """its past, where it does not begin at step 0, and where in it the descent goes on; that row may be in it"""
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    def __post_init__(self) -> None:
        self.optimizer: Optimizer = self.spec.optimizer
        """the rule of the next step, with all changes up to now"""
        self.rules: list[tuple[int, Optimizer]] = [(0, self.optimizer)]
        """the rules that were in force, each from the step that follows the row it is listed with"""
        self._coming = self.revisions
        step, state, self._known = 0, None, -1
        if self.taken_up is None:
            theta = self.problem.start(Streams(self.spec.seed).init())
            self.history = History(theta.size, n_slots(self.spec), theta.dtype, self.checkpoint_bytes)
        else:
            self.history, (step, theta, state, _) = self.taken_up
            self._revise(step - 1)
            self._known = self.history.newest_step
        self._steps = self._descent(step, theta, state, self.evaluate_every)
        self.progress = (step - 1) / (self.steps_per_epoch or 1)
        """epochs gone (surfaces: steps), by which runs take turns"""
        self._row: Row | None = None
        self._pending: dict[str, float] = {}
        self._between = False

    def _descent(
        self, step: int, theta: Vector, state: Vector | None, evaluate_every: int | None
    ) -> Generator[Row | None, Changes | None, None]:
        """The loop from some knobs on, by the recipe with all that was changed while it ran.

        Where ``state`` holds fewer vectors than the rule remembers, that begins with nothing.
        """
        rule: Optimizer = self.spec.optimizer
        for at, change in self.revisions:
            if at <= step:
                rule = revised(rule, change)
        n = len(rule.slots)
        state = state[:n].copy() if state is not None and len(state) >= n else None
        # Not by way of the run, which holds the loop: a circle would keep its past in memory for a while.
        problem, stopwatch = self.problem, self.stopwatch
        return descend(
            problem,
            self.spec.optimizer,
            self.spec.schedule,
            self.batches,
            theta.copy(),
            self.horizon,
            self.revisions,
            evaluate_every,
            step,
            state,
            lambda at: stopwatch.leave_out(problem.evaluate(at)),
        )

    @property
    def revisions(self) -> list[tuple[int, Changes]]:
        """All changes in order, the recipe's and those that were made while it ran."""
        made = [(step, {name: value}) for step, name, value in self.changes]
        return sorted([*self.spec.revisions, *made], key=itemgetter(0))

    def exactly(self, step: int) -> Generator[float, None, Checkpoint]:
        """The knobs at a past step, computed anew from the checkpoint before it, bit for bit.

        Yields as it goes the share of the way that is done. Meant for another thread than the one that trains: it
        shares nothing that either of them writes.
        """
        known = self.history.checkpoint(step)
        if known.step == step:
            return known
        twin = copy(self)
        twin.problem, twin.batches = copy(self.problem), copy(self.batches)
        done = 0.0
        for row in twin._descent(known.step, known.theta, known.state, evaluate_every=0):
            if row is not None and row.step == step:
                return Checkpoint(step, row.theta.copy(), row.state.copy(), row.gradient.copy())
            if row is not None:
                done = (row.step - known.step) / (step - known.step)
            yield done
        raise RuntimeError(f"a descent that reached step {step} does so again")

    def forked(self, checkpoint: Checkpoint, change: dict[str, Any], label: str) -> Run:
        """Another run with the same past up to an exact checkpoint, and from there on something changed.

        Same knobs, same order of the data; ``change`` is one of a recipe's, such as {"learning_rate": 0.1} or
        {"optimizer": {"kind": "adam"}}. Raises msgspec.ValidationError or ValueError for a bad one.
        """
        step = checkpoint.step
        before = [c for c in self.recipe.changes if c["step"] <= step]
        spec = msgspec.structs.replace(self.spec, changes=(*before, {"step": step, **change}), label=label)
        begin = checkpoint._replace(state=checkpoint.state[:0]) if "optimizer" in change else checkpoint
        past = self.history.before(step, n_slots(spec), self.checkpoint_bytes)
        return self._another(spec, (past, begin), self.stopwatch.until(step))

    def _another(self, spec: RunSpec, taken_up: tuple[History, Checkpoint] | None, stopwatch: Stopwatch) -> Run:
        """Another run on the same cost, sharing nothing that either of them writes."""
        return replace(
            self,
            spec=spec,
            problem=copy(self.problem),
            batches=copy(self.batches),
            label=spec.label,
            ended="",
            fixed=False,
            unbounded=False,
            changes=[],
            taken_up=taken_up,
            stopwatch=stopwatch,
        )

    @property
    def steps_per_epoch(self) -> int | None:
        """None for a surface."""
        return self.batches.steps_per_epoch

    @property
    def step(self) -> int:
        """The newest row's step; -1 before there is one."""
        return -1 if self._row is None else self._row.step

    @property
    def row(self) -> Row:
        """The newest row; its arrays move on with the next step. Only once there is one (`step` is 0 or more)."""
        if self._row is None:
            raise RuntimeError("a run has no row before its first step")
        return self._row

    def advance(self) -> bool:
        """Go on to the loop's next pause; True when that brought a new row. Only while `ended` is empty."""
        if not self._between:
            self.apply_changes()
        self._between = True
        begun = perf_counter()
        try:
            row = next(self._steps)
        except Exception:
            # A loop that failed can't be taken up again.
            self._between, self.fixed, self.ended = False, True, f"stopped at step {self.step:,}"
            raise
        seconds = perf_counter() - begun
        self._between = row is None
        if row is None:
            self.stopwatch.add_part(seconds)
            return False
        self.stopwatch.add(seconds, row.step)
        self._row = row
        self.progress = row.step / (self.steps_per_epoch or 1)
        self.history.append(row)
        self._revise(row.step)
        if row.step > self._known:  # else it is the last of a past that knows how it ended
            self.fixed = not row.finite
            # A run may have been told to stay while this step was being taken.
            self.ended = self._why_ended(row) or (self._left_here() if self.left else "")
        return True

    @property
    def between(self) -> bool:
        """In the midst of a step: knobs and gradient have moved on, and the row that belongs to them is not there."""
        return self._between

    def change(self, name: str, value: float) -> None:
        """Change a knob of the optimizer from the next step on. Raises msgspec.ValidationError for a bad value."""
        self.optimizer = changed(self.optimizer, name, value)
        self._pending[name] = value

    def apply_changes(self) -> None:
        """Hand the changes to the loop, where it stands at a row; they show in that row at once."""
        if not self._pending or self._row is None or self._between or self.fixed:
            return
        # Taken one by one: another thread may add to them meanwhile.
        sent = {name: self._pending.pop(name) for name in list(self._pending)}
        row = self._steps.send(sent)
        assert row is not None  # a change is answered by the same row again
        self.history.append(row)
        # Of many at one step, as a slider makes them, only the last one counts.
        self.changes = [change for change in self.changes if change[0] != row.step or change[1] not in sent]
        self.changes.extend((row.step, name, value) for name, value in sent.items())
        self._keep_rule(row.step)

    def _revise(self, step: int) -> None:
        """Follow the recipe's changes up to row ``step``."""
        while self._coming and self._coming[0][0] <= step:
            at, change = self._coming.pop(0)
            self.optimizer = revised(self.optimizer, change)
            self._keep_rule(at)

    def _keep_rule(self, step: int) -> None:
        # A new list, because another thread may be reading this one.
        self.rules = [*(rule for rule in self.rules if rule[0] != step), (step, self.optimizer)]

    def optimizer_at(self, step: int) -> Optimizer:
        """The rule that the step after row ``step`` follows, with all changes up to there."""
        if step >= self.step:
            return self.optimizer
        rules = self.rules
        return rules[bisect_right(rules, step, key=itemgetter(0)) - 1][1]

    def go_on(self) -> None:
        """Go on beyond the stop condition; a run that blew up or failed stays where it is."""
        if not self.fixed:
            self.unbounded, self.ended = True, ""

    @property
    def left(self) -> bool:
        """It stays where it was when another run branched off from it."""
        return self.ended.startswith(LEFT)

    def stay(self) -> None:
        """Stay here, if it could go on: another run branches off. For the thread that trains."""
        self.ended = self.ended or self._left_here()

    def stay_no_longer(self) -> None:
        """Go on where a fork of it had made it stay."""
        if self.left and not self.fixed:
            self.ended = ""

    def _left_here(self) -> str:
        return f"{LEFT} at step {self.step:,}"

    def again(self, optimizer: Optimizer, label: str) -> Run:
        """Another run, at its start: the same descent by another rule."""
        spec = msgspec.structs.replace(self.spec, optimizer=optimizer, changes=(), label=label)
        return self._another(spec, None, Stopwatch())

    @property
    def tuned(self) -> set[str]:
        """Names of the optimizer's knobs that were changed while it ran."""
        return {name for _, name, _ in self.changes} | set(self._pending)

    @property
    def recipe(self) -> RunSpec:
        """The spec with the changes that were made while it ran."""
        made = tuple({"step": step, name: value} for step, name, value in self.changes)
        return msgspec.structs.replace(self.spec, changes=self.spec.changes + made)

    def _why_ended(self, row: Row) -> str:
        if not row.finite:
            return f"blew up at step {row.step:,}"
        if self.unbounded:
            return ""
        stop = self.stop
        if stop.cost_below is not UNSET and row.cost < stop.cost_below:
            return f"cost below {stop.cost_below:g}"
        if stop.flat is not UNSET and self._is_flat(stop.flat.steps, stop.flat.relative):
            return f"flat for {stop.flat.steps:,} steps"
        if row.step >= self.horizon:
            if self.steps_per_epoch and row.step % self.steps_per_epoch == 0:
                return _done(row.step // self.steps_per_epoch, "epoch")
            return _done(row.step, "step")
        return ""

    def _is_flat(self, steps: int, relative: float) -> bool:
        # Looked at ten times a window: a mean over the same costs less a few says nothing new.
        if self.step < 2 * steps or self.step % max(1, steps // 10):
            return False
        table = self.history.table()
        now, before, end = (table.index(self.step - back) for back in (steps, 2 * steps, 0))
        earlier = float(table.cost[before + 1 : now + 1].mean())
        later = float(table.cost[now + 1 : end + 1].mean())
        return earlier - later <= relative * abs(earlier)


def n_slots(spec: RunSpec) -> int:
    """How many vectors the rules of a recipe remember, at most."""
    return max(len(rule.slots) for rule in _rules(spec))


def _rules(spec: RunSpec) -> list[Optimizer]:
    """All rules of a recipe, in the order in which they come."""
    later = [value for _, change in spec.revisions for value in change.values()]
    return [spec.optimizer, *(value for value in later if isinstance(value, Optimizer))]


def _done(count: int, unit: str) -> str:
    return f"{count:,} {unit}{'' if count == 1 else 's'} done"


def build(scenario: Scenario) -> list[Run]:
    """The scenario's runs, each at its start. Reads data sets from disk. Raises InputError."""
    runs: list[Run] = []
    needed = 0
    for index, spec in enumerate(scenario.runs):
        problem, cost_key = problem_of(scenario.problem, spec)
        needed += problem.n_params * (_A_KNOB + _A_SLOT * n_slots(spec))
        if needed > MOST_MEMORY and runs:
            most = f"expected at most {MOST_MEMORY >> 30} GB"
            raise InputError(f"runs: training runs[0] to runs[{index}] takes {needed / (1 << 30):.1f} GB, {most}")
        batches: Batches = Exact()
        if problem.n_examples is not None:
            n = problem.n_examples
            for rule in (rule for rule in _rules(spec) if rule.searches):
                kind = kind_of(type(rule))
                raise InputError(f"runs[{index}].optimizer.kind: {kind} needs a surface, expected another for digits")
            size = min(DEFAULT_BATCH, n) if spec.batch_size is UNSET else spec.batch_size
            if size != "full" and size > n:
                raise InputError(f"runs[{index}].batch_size: expected at most the {n:,} training images, got {size:,}")
            batches = FullBatch(n) if size == "full" else MiniBatches(n, size, Streams(spec.seed))
        runs.append(
            Run(
                spec,
                problem,
                cost_key,
                batches,
                scenario.stop,
                _horizon(scenario.stop, batches.steps_per_epoch),
                spec.label or _label(problem, spec, index if len(scenario.runs) > 1 else None),
                CHECKPOINT_BYTES // len(scenario.runs),
                every if isinstance(every := getattr(scenario.problem, "evaluate", None), int) else None,
            )
        )
    return runs


def _label(problem: Problem, spec: RunSpec, index: int | None) -> str:
    """What a run without a label of its own is called: by what stays true of it, whatever is changed while it runs."""
    if index is not None:
        return f"run {index + 1}"
    if isinstance(problem, Digits):
        return "-".join(map(str, problem.network.sizes))
    return kind_of(type(spec.optimizer))


def next_run(runs: Sequence[Run]) -> Run | None:
    """Whose turn it is: of those that can go on, the one with the fewest epochs (surfaces: steps)."""
    going = [run for run in runs if not run.ended]
    return min(going, key=attrgetter("progress"), default=None)


def _horizon(stop: Stop, steps_per_epoch: int | None) -> int:
    bounds = []
    if stop.steps is not UNSET:
        bounds.append(stop.steps)
    if stop.epochs is not UNSET and steps_per_epoch:
        bounds.append(stop.epochs * steps_per_epoch)
    return min(bounds, default=DEFAULT_EPOCHS * steps_per_epoch if steps_per_epoch else DEFAULT_STEPS)
