"""What the race's table says of every run."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from gdviz.core.optimizers import kind_of
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
    COST = 3
    STEPS = 4
    BEST = 5
    TRAVELLED = 6
    STATE = 7


CAPTIONS = ("run", "optimizer", "rate", "cost", "steps", "best", "travelled", "state")
SAYS = (
    "Click a run to let it own the surface and the readouts",
    "The rule that turns slopes into steps",
    "The learning rate of the step that follows",
    "The cost at the cursor",
    "The first step whose cost is at most the one above",
    "The lowest cost so far",
    "The length of the way so far, every step counted",
    "What the run has been doing over the last steps",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A run as its row shows it."""

    index: int
    """into the frame's runs"""
    texts: tuple[str, ...]
    """one a column"""
    tips: tuple[str, ...]
    colour: int
    ghost: bool
    selected: bool
    state: Regime
    leads: Column | None
    """what puts it in front"""


def entries(frame: Frame, target: float) -> tuple[Entry, ...]:
    """The rows, in the order of the runs, with those of before a reset at the end."""
    stand = [standing(run, target) for run in frame.runs]
    leads = _leaders(frame.runs, stand)
    order = sorted(range(len(frame.runs)), key=lambda i: frame.runs[i].ghost)
    return tuple(
        _entry(i, frame.runs[i], stand[i], selected=i == frame.selected, leads=leads.get(i), target=target)
        for i in order
    )


def _leaders(runs: Sequence[RunFrame], stand: Sequence[Standing]) -> dict[int, Column]:
    """Who needed the fewest steps to the target; until somebody did, who has the lowest cost; never all of them."""
    racing = [i for i, run in enumerate(runs) if not run.ghost]
    there = {i: float(reached) for i in racing if (reached := stand[i].reached) is not None}
    scores = there or {i: runs[i].cost for i in racing if math.isfinite(runs[i].cost)}
    # Equal but for rounding is equal.
    first = [i for i, score in scores.items() if math.isclose(score, min(scores.values()), rel_tol=1e-9)]
    return dict.fromkeys(first, Column.STEPS if there else Column.COST) if len(first) < len(racing) else {}


def _entry(index: int, run: RunFrame, stand: Standing, *, selected: bool, leads: Column | None, target: float) -> Entry:
    rule = type(run.optimizer)
    description = (inspect.getdoc(rule) or "").partition("\n")[0]
    reached = "" if stand.reached is None else f"{stand.reached:,}"
    before = " (before)" if run.ghost else ""
    steps = f"at step {reached}" if reached else f"not by step {run.step:,}"
    return Entry(
        index,
        (
            run.label + before,
            kind_of(rule),
            number(run.learning_rate),
            number(run.cost),
            reached or NOT_YET,
            number(stand.best),
            "" if stand.travelled is None else number(stand.travelled),
            stand.state,
        ),
        (
            f"{run.label}{before}: {kind_of(rule)}, rate {number(run.learning_rate)}",
            f"{description} {rule.formula}",
            SAYS[Column.RATE],
            f"The cost at step {run.step:,}",
            f"A cost of {number(target)}: {steps}",
            f"at step {stand.best_step:,}",
            SAYS[Column.TRAVELLED],
            run.ended or SAYS[Column.STATE],
        ),
        run.colour,
        run.ghost,
        selected,
        stand.state,
        leads,
    )
