"""Which steps are evaluated, and the keys of the recipe that only networks have."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gdviz.core.errors import InputError
from gdviz.core.frame import PLANE_KINDS
from gdviz.core.run import Run
from gdviz.core.scenario import DigitsProblem, parse, to_toml

TOML = """
[problem]
kind = "digits"
data = "{folder}"
hidden = [4]
{evaluate}
[stop]
epochs = 3
[[runs]]
batch_size = {batch}
optimizer = {{ kind = "momentum", learning_rate = 0.5 }}
"""
Finish = Callable[[str], list[Run]]


@pytest.fixture
def finished_run(digits_folder: Path, finish_runs: Finish) -> Callable[..., Run]:
    """Three epochs over 60 images, 6 a step: 30 steps."""

    def finish(evaluate: str = "", batch: object = 6) -> Run:
        (run,) = finish_runs(TOML.format(folder=digits_folder.as_posix(), evaluate=evaluate, batch=batch))
        return run

    return finish


def evaluated(run: Run) -> list[int]:
    return [step for step, _ in run.history.evaluations]


def test_by_epoch_more_often_in_the_first(finished_run: Callable[..., Run]) -> None:
    assert evaluated(finished_run()) == evaluated(finished_run('evaluate = "epoch"')) == [0, 1, 2, 5, 10, 20, 30]


@pytest.mark.parametrize("every", [1, 4, 7, 10, 29, 30, 31])
def test_a_whole_number_is_that_many_steps_whatever_an_epoch_is(every: int, finished_run: Callable[..., Run]) -> None:
    assert evaluated(finished_run(f"evaluate = {every}")) == list(range(0, 31, every))


def test_a_full_batch_too(finished_run: Callable[..., Run]) -> None:
    assert evaluated(finished_run("evaluate = 2", '"full"')) == [0, 2]
    assert evaluated(finished_run("", '"full"')) == [0, 1, 2, 3]


def test_measuring_disturbs_nothing(finished_run: Callable[..., Run]) -> None:
    usual, often, never = (finished_run(text) for text in ("", "evaluate = 1", "evaluate = 1000"))
    for other in (often, never):
        for name in ("step", "cost", "grad_norm", "learning_rate"):
            ours, theirs = (getattr(run.history.table(), name) for run in (usual, other))
            np.testing.assert_array_equal(ours, theirs)
        for ours, theirs in zip(usual.history.checkpoints(), other.history.checkpoints(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(usual.row.theta, other.row.theta)
        np.testing.assert_array_equal(usual.row.state, other.row.state)
    assert len(usual.history.table().step) == 31
    # Where two measure at the same step they measure the same.
    known = dict(often.history.evaluations)
    assert all(known[step] == measured for step, measured in usual.history.evaluations)


def test_another_start_of_the_same_run_is_measured_as_often(finished_run: Callable[..., Run]) -> None:
    run = finished_run("evaluate = 7")
    again = run.again(run.spec.optimizer, "again")
    while not again.ended:
        again.advance()
    assert again.evaluate_every == 7
    assert again.history.evaluations == run.history.evaluations


def test_the_recipe_keeps_what_a_network_shows() -> None:
    text = """
        [view]
        plane = "line"
        images = 5000
        sharpness = true
        [problem]
        kind = "digits"
        activation = "step"
        evaluate = 50
        """
    scenario = parse(text, "test")
    assert (scenario.view.plane, scenario.view.images, scenario.view.sharpness) == ("line", 5000, True)
    assert isinstance(scenario.problem, DigitsProblem)
    assert (scenario.problem.activation, scenario.problem.evaluate) == ("step", 50)
    assert parse(to_toml(scenario), "test") == scenario
    usual = parse('problem = { kind = "digits" }', "test").view
    assert (usual.plane, usual.images, usual.sharpness) == ("path", 1000, False)


@pytest.mark.parametrize("kind", PLANE_KINDS)
def test_every_plane_can_be_asked_for(kind: str) -> None:
    scenario = parse(f'view = {{ plane = "{kind}" }}\nproblem = {{ kind = "digits" }}', "test")
    assert scenario.view.plane == kind


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('problem = { kind = "digits", evaluate = 0 }', "problem.evaluate"),
        ('problem = { kind = "digits", evaluate = 2.5 }', "problem.evaluate"),
        ('problem = { kind = "digits", evaluate = true }', "problem.evaluate"),
        ('problem = { kind = "digits", evaluate = "step" }', "problem.evaluate"),
        ('problem = { kind = "digits" }\nview = { plane = "circle" }', "view.plane"),
        ('problem = { kind = "digits" }\nview = { images = 0 }', "view.images"),
        ('problem = { kind = "digits" }\nview = { sharpness = "yes" }', "view.sharpness"),
    ],
)
def test_a_mistake_names_its_key(text: str, key: str) -> None:
    with pytest.raises(InputError, match=rf"^test: {key}: expected "):
        parse(text, "test")
