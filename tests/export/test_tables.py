"""What is written reads back, to the last bit."""

import csv
import io
import json
from typing import Any

import numpy as np
import pytest

from gdviz.core.datasets import load
from gdviz.core.run import Run, build, next_run
from gdviz.core.scenario import Scenario, from_tree, parse
from gdviz.export.tables import COLUMNS, CsvWriter, Past, write_json

SURFACE = """
problem = { kind = "surface", name = "NAME" }
stop.steps = 400
[[runs]]
label = 'a, "b"'
optimizer = { kind = "gradient-descent", learning_rate = 2.0 }
[[runs]]
optimizer = { kind = "momentum", learning_rate = 0.1 }
changes = [{ step = 3, momentum = 0.1 }]
"""
DIGITS = """
problem = { kind = "digits", train_size = 200, hidden = [2] }
stop.epochs = 2
"""


def written(toml: str) -> tuple[Scenario, list[Run], list[dict[str, str]], dict[str, Any]]:
    """The scenario run to its end: runs, rows of the CSV, the JSON object."""
    scenario = parse(toml, "test")
    runs, text = build(scenario), io.StringIO(newline="")
    writer = CsvWriter(text)
    while (run := next_run(runs)) is not None:
        if run.advance():
            writer.write(run)
    out = io.StringIO()
    for _ in write_json(out, scenario, [Past.of(run) for run in runs]):
        pass
    text.seek(0)
    return scenario, runs, list(csv.DictReader(text)), json.loads(out.getvalue())


@pytest.fixture(scope="module")
def surface() -> Any:
    return written(SURFACE.replace("NAME", "parabola"))


@pytest.fixture(scope="module")
def surface_of_two() -> Any:
    return written(SURFACE.replace("NAME", "bowl"))


@pytest.fixture(scope="module")
def digits() -> Any:
    load("mnist")
    return written(DIGITS)


def numbers(values: list[Any]) -> np.ndarray:
    return np.array([np.nan if value in (None, "") else float(value) for value in values])


@pytest.mark.parametrize("kind", ["surface", "surface_of_two", "digits"])
def test_csv_and_json_hold_the_histories_bit_for_bit(kind: str, request: pytest.FixtureRequest) -> None:
    _, runs, rows, tree = request.getfixturevalue(kind)
    assert tuple(rows[0]) == COLUMNS
    assert len(tree["runs"]) == len(runs)
    for run, columns in zip(runs, tree["runs"], strict=True):
        mine = [row for row in rows if row["run"] == run.label]
        table = run.history.table()
        assert tuple(columns) == COLUMNS
        assert columns["run"] == run.label
        assert [int(row["step"]) for row in mine] == columns["step"] == table.step.tolist()
        expected = {
            "cost": table.cost,
            "grad_norm": table.grad_norm,
            "learning_rate": table.learning_rate,
            **{f"w{index}": knob for index, knob in enumerate(table.knobs.T)},
        }
        for name, values in expected.items():
            np.testing.assert_array_equal(numbers([row[name] for row in mine]), values)
            np.testing.assert_array_equal(numbers(columns[name]), values)


def test_a_surface_leaves_empty_what_it_has_not(surface: Any) -> None:
    _, _, rows, tree = surface
    empty = ["epoch", "train_cost", "train_accuracy", "test_cost", "test_accuracy"]
    for name in (*empty, "w1"):
        assert {row[name] for row in rows} == {""}
        assert set(tree["runs"][0][name]) == {None}


def test_rows_come_in_the_order_of_turns(surface: Any) -> None:
    _, _, rows, _ = surface
    assert [(row["run"], row["step"]) for row in rows[:4]] == [
        ('a, "b"', "0"),
        ("run 2", "0"),
        ('a, "b"', "1"),
        ("run 2", "1"),
    ]


def test_infinities_are_words(surface: Any) -> None:
    _, runs, rows, tree = surface
    assert runs[0].ended.startswith("blew up")
    assert [row["cost"] for row in rows if row["run"] == 'a, "b"'][-1] == "inf"
    assert tree["runs"][0]["cost"][-1] == "inf"
    assert all(isinstance(cost, float) for cost in tree["runs"][0]["cost"][:-1])


def test_json_carries_the_recipe_with_the_changes(surface: Any) -> None:
    scenario, _, _, tree = surface
    assert from_tree(tree["scenario"], "json") == scenario
    assert tree["scenario"]["runs"][1]["changes"] == [{"step": 3, "momentum": 0.1}]


def test_json_carries_changes_made_on_the_way() -> None:
    scenario = parse(SURFACE.replace("NAME", "bowl"), "test")
    runs, out = build(scenario), io.StringIO()
    runs[1].advance()
    runs[1].change("learning_rate", 0.2)
    runs[1].advance()
    for _ in write_json(out, scenario, [Past.of(run) for run in runs]):
        pass
    told = json.loads(out.getvalue())
    assert told["scenario"]["runs"][1]["changes"] == [{"step": 3, "momentum": 0.1}, {"step": 0, "learning_rate": 0.2}]
    assert told["runs"][0]["step"] == []


def test_evaluations_stand_where_they_were_made(digits: Any) -> None:
    _, (run,), rows, tree = digits
    columns = tree["runs"][0]
    assert [step for step, _ in run.history.evaluations] == [0, 1, 2, 5, 10, 20, 40]
    measured = dict(run.history.evaluations)
    for step, row in enumerate(rows):
        assert float(row["epoch"]) == columns["epoch"][step] == step / 20
        for index, name in enumerate(("train_cost", "train_accuracy", "test_cost", "test_accuracy")):
            expected = measured[step][index] if step in measured else None
            assert columns[name][step] == expected
            assert row[name] == ("" if expected is None else repr(expected))
    assert {row["w0"] for row in rows} == {""}
    assert 0 <= float(rows[0]["test_accuracy"]) <= 1
