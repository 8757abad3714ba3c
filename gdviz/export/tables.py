"""Histories as CSV and JSON; every number reads back exactly."""

from __future__ import annotations

import json
import math
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

import msgspec

from gdviz.core.history import KNOB_COLUMNS, Table
from gdviz.core.problem import Evaluation
from gdviz.core.scenario import Scenario, to_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gdviz.core.run import Run
    from gdviz.core.scenario import RunSpec

COLUMNS = (
    *("run", "step", "epoch", "cost", "grad_norm", "learning_rate"),
    *("train_cost", "train_accuracy", "test_cost", "test_accuracy"),
    *KNOB_COLUMNS,
)

_NOT_MEASURED = (None,) * len(Evaluation._fields)
_AT_A_TIME = 2000
"""rows that are made into text at a time"""


class Past(NamedTuple):
    """A run's rows up to a moment; another thread may write them down while the run goes on."""

    label: str
    steps_per_epoch: int | None
    table: Table
    evaluations: list[tuple[int, Evaluation]]
    recipe: RunSpec
    """with the changes that were made up to there"""

    @classmethod
    def of(cls, run: Run) -> Past:
        """All that there is by now."""
        table = run.history.table()
        return cls(run.label, run.steps_per_epoch, table, run.history.evaluations, run.recipe)

    def epoch(self, step: int) -> float | None:
        """None for a surface."""
        return step / self.steps_per_epoch if self.steps_per_epoch else None

    @property
    def thinned(self) -> bool:
        """Whether there were more steps than there are rows."""
        return len(self.table.step) > 0 and len(self.table.step) <= self.table.step[-1]


class CsvWriter:
    """Writes rows as they come, one a step; of runs side by side, in the order in which they take turns."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        file.write(",".join(COLUMNS) + "\n")

    def write(self, run: Run) -> None:
        """Write the run's newest row."""
        row = run.row
        knobs = row.theta.tolist() if len(row.theta) <= len(KNOB_COLUMNS) else []
        epoch = row.step / run.steps_per_epoch if run.steps_per_epoch else None
        cells = (row.step, epoch, row.cost, row.grad_norm, row.learning_rate, *(row.evaluation or _NOT_MEASURED))
        self._write(run.label, cells, knobs)

    def write_past(self, past: Past) -> Iterator[float]:
        """Write all rows that were kept, one after the other; pauses now and then, with the share that is done."""
        table, measured = past.table, dict(past.evaluations)
        n = len(table.step)
        for rows in _some(n):
            columns = (table.step, table.cost, table.grad_norm, table.learning_rate, table.knobs)
            for step, *numbers, knobs in zip(*(column[rows].tolist() for column in columns), strict=True):
                self._write(past.label, (step, past.epoch(step), *numbers, *measured.get(step, _NOT_MEASURED)), knobs)
            yield min(1.0, rows.stop / n)

    def _write(self, label: str, cells: Sequence[float | None], knobs: list[float]) -> None:
        missing = [None] * (len(KNOB_COLUMNS) - len(knobs))
        self._file.write(",".join([_quoted(label), *map(_cell, cells), *map(_cell, [*knobs, *missing])]) + "\n")


def write_json(file: TextIO, scenario: Scenario, pasts: Sequence[Past]) -> Iterator[float]:
    """Write one object: the recipe, with the changes made on the way, and each run's columns as arrays.

    Pauses now and then, with the share that is done.
    """
    tree = to_tree(msgspec.structs.replace(scenario, runs=tuple(past.recipe for past in pasts)))
    file.write(f'{{"scenario": {_json(tree)}, "runs": [')
    for index, past in enumerate(pasts):
        columns, n = _columns(past), len(past.table.step)
        file.write(f'{", " * (index > 0)}{{"run": {_json(past.label)}')
        for number, (name, values) in enumerate(columns.items()):
            file.write(f', "{name}": [')
            for rows in _some(n):
                file.write(", " * (rows.start > 0) + _json(_finite(values(rows)))[1:-1])
                yield (index + (number + min(1.0, rows.stop / n)) / len(columns)) / len(pasts)
            file.write("]")
        file.write("}")
    file.write("]}\n")


def _columns(past: Past) -> dict[str, Callable[[slice], list[float | None]]]:
    """All but the run's name, which is not an array: what gives the values of some rows."""
    table, measured = past.table, dict(past.evaluations)

    def evaluated(index: int, rows: slice) -> list[float | None]:
        return [measured[step][index] if step in measured else None for step in table.step[rows].tolist()]

    def knob(index: int, rows: slice) -> list[float | None]:
        if index < table.knobs.shape[1]:
            values: list[float | None] = table.knobs[rows, index].tolist()
            return values
        return [None] * len(table.step[rows])

    return {
        "step": lambda rows: table.step[rows].tolist(),
        "epoch": lambda rows: [past.epoch(step) for step in table.step[rows].tolist()],
        "cost": lambda rows: table.cost[rows].tolist(),
        "grad_norm": lambda rows: table.grad_norm[rows].tolist(),
        "learning_rate": lambda rows: table.learning_rate[rows].tolist(),
        **{name: partial(evaluated, index) for index, name in enumerate(Evaluation._fields)},
        **{name: partial(knob, index) for index, name in enumerate(KNOB_COLUMNS)},
    }


def _some(n: int) -> Iterator[slice]:
    """Some of ``n`` rows at a time."""
    return (slice(first, first + _AT_A_TIME) for first in range(0, n, _AT_A_TIME))


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def _finite(values: list[float | None]) -> list[float | str | None]:
    """JSON knows no inf and nan: they become strings."""
    return [str(value) if value is not None and not math.isfinite(value) else value for value in values]


def _cell(value: float | None) -> str:
    return "" if value is None else repr(value)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text
