"""Histories as CSV and JSON; every number reads back exactly."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from gdviz.core.history import KNOB_COLUMNS, Table
from gdviz.core.problem import Evaluation
from gdviz.core.scenario import Scenario, to_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gdviz.core.run import Run

COLUMNS = (
    *("run", "step", "epoch", "cost", "grad_norm", "learning_rate"),
    *("train_cost", "train_accuracy", "test_cost", "test_accuracy"),
    *KNOB_COLUMNS,
)

_NOT_MEASURED = (None,) * len(Evaluation._fields)
_AT_A_TIME = 2000
"""rows that are made into text at a time"""


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

    def write_past(self, run: Run) -> Iterator[float]:
        """Write all rows that were kept, one after the other; pauses now and then, with the share that is done."""
        table, measured = run.history.table(), dict(run.history.evaluations)
        n = len(table.step)
        for first in range(0, n, _AT_A_TIME):
            rows = slice(first, first + _AT_A_TIME)
            columns = (table.step, table.cost, table.grad_norm, table.learning_rate, table.knobs)
            for step, *numbers, knobs in zip(*(column[rows].tolist() for column in columns), strict=True):
                epoch = step / run.steps_per_epoch if run.steps_per_epoch else None
                self._write(run.label, (step, epoch, *numbers, *measured.get(step, _NOT_MEASURED)), knobs)
            yield min(1.0, (first + _AT_A_TIME) / n)

    def _write(self, label: str, cells: Sequence[float | None], knobs: list[float]) -> None:
        missing = [None] * (len(KNOB_COLUMNS) - len(knobs))
        self._file.write(",".join([_quoted(label), *map(_cell, cells), *map(_cell, [*knobs, *missing])]) + "\n")


def write_json(file: TextIO, scenario: Scenario, runs: Sequence[Run]) -> Iterator[float]:
    """Write one object: the recipe, with the changes made on the way, and each run's columns as arrays.

    Pauses now and then, with the share that is done.
    """
    tree = to_tree(msgspec.structs.replace(scenario, runs=tuple(run.recipe for run in runs)))
    file.write(f'{{"scenario": {_json(tree)}, "runs": [')
    for index, run in enumerate(runs):
        columns = _columns(run)
        file.write(f'{", " * (index > 0)}{{"run": {_json(run.label)}')
        for number, (name, values) in enumerate(columns.items(), start=1):
            file.write(f', "{name}": [')
            for first in range(0, len(values), _AT_A_TIME):
                file.write(", " * (first > 0) + _json(values[first : first + _AT_A_TIME])[1:-1])
            file.write("]")
            yield (index + number / len(columns)) / len(runs)
        file.write("}")
    file.write("]}\n")


def _columns(run: Run) -> dict[str, list[Any]]:
    """All but the run's name, which is not an array."""
    table: Table = run.history.table()
    measured = dict(run.history.evaluations)
    steps = table.step.tolist()
    columns: dict[str, list[Any]] = {
        "step": steps,
        "epoch": [step / run.steps_per_epoch if run.steps_per_epoch else None for step in steps],
        "cost": _finite(table.cost.tolist()),
        "grad_norm": _finite(table.grad_norm.tolist()),
        "learning_rate": _finite(table.learning_rate.tolist()),
    }
    for index, name in enumerate(Evaluation._fields):
        columns[name] = _finite([measured[step][index] if step in measured else None for step in steps])
    for index, name in enumerate(KNOB_COLUMNS):
        here = index < table.knobs.shape[1]
        columns[name] = _finite(table.knobs[:, index].tolist() if here else [None] * len(steps))
    return columns


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def _finite(values: list[float | None]) -> list[float | str | None]:
    """JSON knows no inf and nan: they become strings."""
    return [str(value) if value is not None and not math.isfinite(value) else value for value in values]


def _cell(value: float | None) -> str:
    return "" if value is None else repr(value)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text
