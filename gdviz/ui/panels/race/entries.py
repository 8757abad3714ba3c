"""What the race's table says of every run."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from gdviz.core.optimizers import kind_of
from gdviz.core.run import LEFT
from gdviz.core.standing import standing
from gdviz.ui.numbers import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gdviz.core.curvature import Regime
    from gdviz.core.frame import Frame, RunFrame
    from gdviz.core.standing import Standing

NOT_YET = "–"


class Column(IntEnum):
    """What the table tells of a run."""

    RUN = 0
    OPTIMIZER = 1
    RATE = 2
    DIFFERS = 3
    STEP = 4
    COST = 5
    BEST = 6
    ACCURACY = 7
    STEPS = 8
    TRAVELLED = 9
    SECONDS = 10
    STATE = 11


CAPTIONS = (
    *("run", "optimizer", "rate", "differs", "step", "cost", "best"),
    *("accuracy", "to target", "travelled", "seconds", "state"),
)
SAYS = (
    "Click a run to let it own the surface and the readouts, its dot to hide it; double-click its name to rename it",
    "The rule that turns slopes into steps",
    "The learning rate of the step that follows",
    "What else of its recipe is not the same in all runs",
    "How far the run is",
    "The cost at the cursor; of mini-batches, the mean of the last ones",
    "The lowest cost so far",
    "The share of the test images that are read rightly, as last measured",
    "The first step whose cost is at most the one above",
    "The length of the way so far, every step counted",
    "Seconds of work so far, without pauses",
    "What the run has been doing over the last steps",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A run as its row shows it."""

    index: int
    """into the frame's runs"""
    label: str
    texts: tuple[str, ...]
    """one a column"""
    values: tuple[float | str | None, ...]
    """one a column, by which rows are sorted; None where it is not known"""
    tips: tuple[str, ...]
    colour: int
    ghost: bool
    hidden: bool
    left: bool
    """it stays where it was when another one branched off"""
    selected: bool
    state: Regime
    leads: Column | None
    """what puts it in front"""


def entries(frame: Frame, target: float) -> tuple[Entry, ...]:
    """The rows, in the order of the runs, with those of before a reset at the end."""
    stand = [standing(run, target) for run in frame.runs]
    leads = _leaders(frame, stand)
    order = sorted(range(len(frame.runs)), key=lambda i: frame.runs[i].ghost)
    return tuple(
        _entry(i, frame.runs[i], stand[i], selected=i == frame.selected, leads=leads.get(i), target=target)
        for i in order
    )


def telling(frame: Frame) -> frozenset[Column]:
    """The columns that say something of these runs."""
    surface = {Column.STEPS, Column.TRAVELLED}
    silent = set() if is_surface(frame) else surface
    if all(run.accuracy is None for run in frame.runs):
        silent.add(Column.ACCURACY)
    if not any(map(_differs, frame.runs)):
        silent.add(Column.DIFFERS)
    return frozenset(Column) - silent


def is_surface(frame: Frame) -> bool:
    """Whether there is a cost to race to: that of mini-batches is too noisy for it."""
    return frame.view is None


def _leaders(frame: Frame, stand: Sequence[Standing]) -> dict[int, Column]:
    """Who is in front, and by what; never all of them.

    On a surface who needed the fewest steps to the target, and until somebody did, who has the lowest cost; among
    networks who reads the most test images rightly.
    """
    racing = [i for i, run in enumerate(frame.runs) if not (run.ghost or run.hidden)]
    costs = {i: stand[i].cost for i in racing if math.isfinite(stand[i].cost)}
    if is_surface(frame):
        there = {i: float(reached) for i in racing if (reached := stand[i].reached) is not None}
        by, scores = (Column.STEPS, there) if there else (Column.COST, costs)
    else:
        measured = {i: -accuracy for i in racing if (accuracy := frame.runs[i].accuracy) is not None}
        by, scores = (Column.ACCURACY, measured) if measured else (Column.COST, costs)
    # Equal but for rounding is equal.
    first = [i for i, score in scores.items() if math.isclose(score, min(scores.values()), rel_tol=1e-9)]
    return dict.fromkeys(first, by) if len(first) < len(racing) else {}


def _entry(index: int, run: RunFrame, stand: Standing, *, selected: bool, leads: Column | None, target: float) -> Entry:
    rule = type(run.optimizer)
    description = (inspect.getdoc(rule) or "").partition("\n")[0]
    reached = "" if stand.reached is None else f"{stand.reached:,}"
    name = run.label + (" (before)" if run.ghost else "")
    steps = f"at step {reached}" if reached else f"not by step {run.step:,}"
    seconds = run.clock.at(run.step)
    left = run.ended.startswith(LEFT) and run.step == run.newest
    mean = f"mean cost of the last {run.curve.window:,} mini-batches" if run.curve.window > 1 else "cost"
    epoch = "" if run.epoch is None else f", epoch {run.epoch:.2f}"
    state = "left" if left else stand.state
    worked = "" if math.isnan(seconds) else f"{_seconds(seconds)} seconds of work"
    told = ", ".join(filter(None, (kind_of(rule), f"rate {number(run.learning_rate)}", run.differs_in_full, worked)))
    cells: dict[Column, tuple[str, float | str | None, str]] = {
        Column.RUN: (name, name, f"{name}: {told}"),
        Column.OPTIMIZER: (kind_of(rule), kind_of(rule), f"{description} {rule.formula}"),
        Column.RATE: (number(run.learning_rate), run.learning_rate, SAYS[Column.RATE]),
        Column.DIFFERS: (_differs(run), run.differs or None, run.differs_in_full or SAYS[Column.DIFFERS]),
        Column.STEP: (f"{run.step:,}", run.step, f"step {run.step:,} of {run.newest:,}{epoch}"),
        Column.COST: (number(stand.cost), stand.cost, f"The {mean} at step {run.step:,}"),
        Column.BEST: (number(stand.best), stand.best, f"The lowest {mean}: at step {stand.best_step:,}"),
        Column.ACCURACY: _accuracy(run),
        Column.STEPS: (reached or NOT_YET, stand.reached, f"A cost of {number(target)}: {steps}"),
        Column.TRAVELLED: (
            "" if stand.travelled is None else number(stand.travelled), stand.travelled, SAYS[Column.TRAVELLED],
        ),
        Column.SECONDS: (_seconds(seconds), seconds, f"{SAYS[Column.SECONDS]}: up to step {run.step:,}"),
        Column.STATE: (state, state or None, run.ended or SAYS[Column.STATE]),
    }  # fmt: skip
    texts, values, tips = zip(*(cells[column] for column in Column), strict=True)
    return Entry(
        index,
        run.label,
        texts,
        tuple(None if isinstance(value, float) and math.isnan(value) else value for value in values),
        tips,
        run.colour,
        run.ghost,
        run.hidden,
        left,
        selected,
        "" if left else stand.state,
        leads,
    )


def _accuracy(run: RunFrame) -> tuple[str, float | None, str]:
    if run.accuracy is None:
        return NOT_YET, None, SAYS[Column.ACCURACY]
    measured = run.evaluations.steps
    at = int(measured[measured <= run.step][-1])
    return f"{100 * run.accuracy:.1f} %", run.accuracy, f"{100 * run.accuracy:.2f} % of the test images, at step {at:,}"


def _seconds(seconds: float) -> str:
    """To the hundredth of a second, below one to the thousandth: so many digits as stand still while they count."""
    if math.isnan(seconds):
        return NOT_YET
    return f"{seconds:.3f}" if seconds < 1 else f"{seconds:,.2f}"


def _differs(run: RunFrame) -> str:
    """What its label does not say already."""
    return "" if run.differs in run.label else run.differs
