"""Going back in time: the exact knobs at a past step, and another run that branches off there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from gdviz.core.errors import InputError
from gdviz.core.generators import finished
from gdviz.core.run import build
from gdviz.core.scenario import Scenario, parse, to_toml

if TYPE_CHECKING:
    from gdviz.core.run import Run

DIGITS = """
[problem]
kind = "digits"
train_size = 320
hidden = [8]
[stop]
steps = 60
[[runs]]
batch_size = 16
seed = 3
optimizer = {{ kind = "{rule}" , learning_rate = 0.05 }}
schedule = {{ kind = "cosine" }}
changes = {changes}
"""
SURFACE = """
[problem]
kind = "surface"
name = "rosenbrock"
[stop]
steps = 60
[[runs]]
optimizer = {{ kind = "{rule}", learning_rate = 0.0005 }}
changes = {changes}
"""
RULES = ("gradient-descent", "momentum", "adam", "nadam")


FULL = """
[problem]
kind = "digits"
train_size = 4000
hidden = [8]
[[runs]]
batch_size = "full"
"""


def test_a_run_that_is_left_in_the_midst_of_a_step_stays_behind_it() -> None:
    (run,) = build(parse(FULL, "test"))
    while run.step < 3 or not run.between:
        run.advance()
    run.stay()
    while run.step < 4:
        run.advance()
    assert (run.step, run.left, run.ended) == (4, True, "left at step 4")
    run.stay_no_longer()
    assert not run.ended


def scenario(toml: str, rule: str = "momentum", changes: str = "[]") -> Scenario:
    return parse(toml.format(rule=rule, changes=changes), "test")


def finish(run: Run, step: int = 10**9) -> Run:
    while not run.ended and run.step < step:
        run.advance()
    return run


def ran(recipe: Scenario, checkpoint_bytes: int | None = None) -> Run:
    (run,) = build(recipe)
    if checkpoint_bytes is not None:
        run = type(run)(
            run.spec, run.problem, run.cost_key, run.batches, run.stop, run.horizon, run.label, checkpoint_bytes
        )
    return finish(run)


def assert_same(one: Run, two: Run) -> None:
    ours, theirs = one.history.table(), two.history.table()
    for name in ("step", "cost", "grad_norm", "learning_rate", "knobs", "travelled"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)
    assert one.history.evaluations == two.history.evaluations
    for a, b in zip(one.history.checkpoints(), two.history.checkpoints(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(one.row.theta, two.row.theta)
    np.testing.assert_array_equal(one.row.state, two.row.state)
    assert one.ended == two.ended


@pytest.mark.parametrize("toml", [DIGITS, SURFACE], ids=["digits", "surface"])
@pytest.mark.parametrize("rule", RULES)
def test_a_step_between_two_checkpoints_is_computed_anew_bit_for_bit(toml: str, rule: str) -> None:
    recipe = scenario(toml, rule, "[{ step = 21, learning_rate = 0.001 }]")
    full = ran(recipe)
    assert full.history.stride == 1
    few = ran(recipe, 12 * full.row.theta.nbytes * (1 + len(full.row.state)))
    assert few.history.stride >= 4
    for step in (0, 1, 13, 21, 22, 23, 47, 59, 60):
        known, made = full.history.checkpoint(step), finished(few.exactly(step))
        assert made.step == step
        np.testing.assert_array_equal(made.theta, known.theta)
        np.testing.assert_array_equal(made.state[: len(known.state)], known.state)


def test_what_was_changed_by_hand_is_replayed_too() -> None:
    (run,) = build(scenario(DIGITS))
    finish(run, 10)
    run.change("learning_rate", 0.2)
    run.change("momentum", 0.5)
    finish(run)
    made = finished(run.exactly(30))
    np.testing.assert_array_equal(made.theta, run.history.checkpoint(30).theta)
    run.history._kept[11:31] = np.nan  # only the checkpoints up to step 10 are left to begin from
    run.history._n_kept = 11
    np.testing.assert_array_equal(finished(run.exactly(30)).theta, made.theta)


@pytest.mark.parametrize("toml", [DIGITS, SURFACE], ids=["digits", "surface"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("step", [0, 17, 40])
def test_a_fork_with_another_rate_is_the_run_whose_recipe_changes_it_there(toml: str, rule: str, step: int) -> None:
    run = ran(scenario(toml, rule))
    fork = finish(run.forked(finished(run.exactly(step)), {"learning_rate": 0.002}, "fork"))
    changes = f"[{{ step = {step}, learning_rate = 0.002 }}]"
    assert_same(fork, ran(scenario(toml, rule, changes)))
    assert fork.step == 60
    if step:
        np.testing.assert_array_equal(fork.history.table().cost[:step], run.history.table().cost[:step])
    assert fork.row.cost != run.row.cost


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("other", RULES)
def test_a_fork_with_another_rule_begins_with_nothing_to_remember(rule: str, other: str) -> None:
    run = ran(scenario(DIGITS, rule))
    change = {"optimizer": {"kind": other, "learning_rate": 0.01}}
    fork = finish(run.forked(finished(run.exactly(25)), change, "fork"))
    changes = f'[{{ step = 25, optimizer = {{ kind = "{other}", learning_rate = 0.01 }} }}]'
    assert_same(fork, ran(scenario(DIGITS, rule, changes)))
    (alone,) = build(scenario(DIGITS, other))
    assert fork.optimizer_at(24) == run.optimizer_at(24)
    assert type(fork.optimizer_at(25)) is type(alone.spec.optimizer)


def test_the_clock_of_another_rule_begins_with_it() -> None:
    """Adam corrects its first steps for beginning with zeros: each knob moves by the rate, whichever its slope."""
    run = ran(scenario(SURFACE))
    change = {"optimizer": {"kind": "adam", "learning_rate": 0.01}}
    fork = finish(run.forked(finished(run.exactly(50)), change, "fork"), 51)
    before, after = fork.history.table().knobs[50:52]
    np.testing.assert_allclose(np.abs(after - before), 0.01, rtol=1e-6)


def test_a_fork_of_a_fork_and_a_step_of_it_are_exact() -> None:
    run = ran(scenario(DIGITS, "adam"))
    one = finish(run.forked(finished(run.exactly(20)), {"optimizer": {"kind": "momentum"}}, "one"), 45)
    two = finish(one.forked(finished(one.exactly(40)), {"learning_rate": 0.5}, "two"))
    recipe = msgspec.structs.replace(scenario(DIGITS), runs=(two.spec,))
    assert_same(two, ran(parse(to_toml(recipe), "test")))
    np.testing.assert_array_equal(finished(two.exactly(50)).theta, two.history.checkpoint(50).theta)


def test_a_fork_leaves_the_run_that_it_came_from_as_it_is() -> None:
    run = ran(scenario(SURFACE))
    before, theta = run.history.table().cost.copy(), run.row.theta.copy()
    fork = finish(run.forked(finished(run.exactly(30)), {"learning_rate": 0.0001}, "fork"))
    np.testing.assert_array_equal(run.history.table().cost, before)
    np.testing.assert_array_equal(run.row.theta, theta)
    assert (fork.label, fork.ended) == ("fork", "60 steps done")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ('{ step = 3, optimizer = { kind = "sgd" } }', "changes[0].optimizer"),
        ('{ step = 3, optimizer = { kind = "adam", momentum = 0.5 } }', "changes[0].optimizer"),
        ("{ step = 3, optimizer = 5 }", "changes[0].optimizer"),
        ('{ step = 3, optimizer = { kind = "adam" }, momentum = 0.5 }', "changes[0].momentum: unknown key"),
        ('{ step = "x" }', "changes[0].step: expected a whole number >= 0"),
    ],
)
def test_a_change_of_rule_that_cannot_be_names_its_key(change: str, told: str) -> None:
    with pytest.raises(InputError, match=r"^test: ") as raised:
        scenario(DIGITS, changes=f"[{change}]")
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_line_search_is_refused_for_digits_later_on_too() -> None:
    recipe = scenario(DIGITS, changes='[{ step = 3, optimizer = { kind = "exact-line-search" } }]')
    with pytest.raises(InputError, match="exact-line-search needs a surface"):
        build(recipe)
