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
    from collections.abc import Sequence

    from gdviz.core.run import Run

COLUMNS = (
    *("run", "step", "epoch", "cost", "grad_norm", "learning_rate"),
    *("train_cost", "train_accuracy", "test_cost", "test_accuracy"),
    *KNOB_COLUMNS,
)

_NOT_MEASURED = (None,) * len(Evaluation._fields)


class CsvWriter:
    """Writes rows as they come, one a step; of runs side by side, in the order in which they take turns."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        file.write(",".join(COLUMNS) + "\n")

    def write(self, run: Run) -> None:
        """Write the run's newest row."""
        row = run.row
        knobs = row.theta.tolist() if len(row.theta) <= len(KNOB_COLUMNS) else []
        knobs += [None] * (len(KNOB_COLUMNS) - len(knobs))
        epoch = row.step / run.steps_per_epoch if run.steps_per_epoch else None
        cells = (row.step, epoch, row.cost, row.grad_norm, row.learning_rate, *(row.evaluation or _NOT_MEASURED))
        self._file.write(",".join([_quoted(run.label), *map(_cell, cells), *map(_cell, knobs)]) + "\n")


def write_json(file: TextIO, scenario: Scenario, runs: Sequence[Run]) -> None:
    """Write one object: the recipe, with the changes made on the way, and each run's columns as arrays."""
    tree = to_tree(msgspec.structs.replace(scenario, runs=tuple(run.recipe for run in runs)))
    json.dump({"scenario": tree, "runs": [_columns(run) for run in runs]}, file, allow_nan=False)
    file.write("\n")


def _columns(run: Run) -> dict[str, Any]:
    table: Table = run.history.table()
    measured = dict(run.history.evaluations)
    steps = table.step.tolist()
    columns: dict[str, Any] = {
        "run": run.label,
        "step": steps,
        "epoch": [step / run.steps_per_epoch if run.steps_per_epoch else None for step in steps],
        "cost": _json(table.cost.tolist()),
        "grad_norm": _json(table.grad_norm.tolist()),
        "learning_rate": _json(table.learning_rate.tolist()),
    }
    for index, name in enumerate(Evaluation._fields):
        columns[name] = _json([measured[step][index] if step in measured else None for step in steps])
    for index, name in enumerate(KNOB_COLUMNS):
        here = index < table.knobs.shape[1]
        columns[name] = _json(table.knobs[:, index].tolist() if here else [None] * len(steps))
    return columns


def _json(values: list[float | None]) -> list[float | str | None]:
    """JSON knows no inf and nan: they become strings."""
    return [str(value) if value is not None and not math.isfinite(value) else value for value in values]


def _cell(value: float | None) -> str:
    return "" if value is None else repr(value)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text
