"""What tells runs apart by their recipes, in few words."""

from __future__ import annotations

import pytest

from gdviz.core.differences import Recipe, differences
from gdviz.core.scenario import Scenario, load_scenario, parse, scenario_names

DIGITS = '[problem]\nkind = "digits"\n'
BOWL = '[problem]\nkind = "surface"\nname = "bowl"\n'


def recipes(toml: str) -> list[Recipe]:
    return of(parse(toml, "here"))


def of(scenario: Scenario) -> list[Recipe]:
    return [Recipe(scenario.problem, run, run.changes) for run in scenario.runs]


def short(toml: str) -> list[str]:
    return [difference.short for difference in differences(recipes(toml))]


def full(toml: str) -> list[str]:
    return [difference.full for difference in differences(recipes(toml))]


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("seed = 0", "seed = 7", ["seed 0", "seed 7"]),
        ('batch_size = "full"', "batch_size = 100", ["full batch", "batch 100"]),
        ("", "batch_size = 100", ["batch 10", "batch 100"]),  # 10 is what is taken where nothing is said
        ("", "batch_size = 10", ["", ""]),
        ("", "problem = { hidden = [30] }", ["16-16", "30"]),
        ("", 'problem = { init = "zeros" }', ["init xavier", "init zeros"]),
        ("", "problem = { shuffle_labels = 1.0 }", ["true labels", "random labels"]),
        ("", "problem = { shuffle_labels = 0.25 }", ["true labels", "25 % random labels"]),
        ("", "problem = { train_size = 2000 }", ["all images", "2,000 images"]),
        ("", 'schedule = { kind = "cosine" }', ["constant rate", "cosine"]),
        (
            'schedule = { kind = "step" }',
            'schedule = { kind = "step", every = 0.5 }',
            ["step", "step, factor per drop 0.1, every 0.5"],
        ),
    ],
)
def test_of_digits(one: str, other: str, said: list[str]) -> None:
    assert short(f"{DIGITS}[[runs]]\n{one}\n[[runs]]\n{other}\n") == said


def test_what_is_the_same_is_not_told() -> None:
    alike = "seed = 3\nbatch_size = 20\nproblem = { hidden = [30] }\n"
    assert full(f"{DIGITS}[[runs]]\n{alike}[[runs]]\n{alike}") == ["", ""]
    assert short(f"{DIGITS}[[runs]]\n{alike}") == [""]


def test_the_kind_of_the_rule_and_its_rate_have_columns_of_their_own() -> None:
    rules = [
        '{ kind = "gradient-descent", learning_rate = 0.1 }',
        '{ kind = "adam", learning_rate = 0.01 }',
        '{ kind = "momentum", learning_rate = 0.1 }',
    ]
    assert short(BOWL + "".join(f"[[runs]]\noptimizer = {rule}\n" for rule in rules)) == ["", "", ""]


def test_other_numbers_of_a_rule_are_told_where_they_were_chosen() -> None:
    rules = [
        '{ kind = "momentum", momentum = 0.5 }',
        '{ kind = "momentum" }',
        '{ kind = "nesterov" }',  # has the same number, as usual
        '{ kind = "adam", beta1 = 0.8 }',  # alone with it
        '{ kind = "adagrad" }',  # another epsilon than adam's, but its own usual one
    ]
    assert short(BOWL + "".join(f"[[runs]]\noptimizer = {rule}\n" for rule in rules)) == [
        "momentum 0.5",
        "momentum 0.9",
        "",
        "",
        "",
    ]


def test_a_start_of_its_own_is_told_beside_the_usual_one() -> None:
    assert short(f"{BOWL}[[runs]]\n[[runs]]\nproblem = {{ start = [-1.0, 0.25] }}\n") == [
        "from (1.5, 1.5)",
        "from (-1, 0.25)",
    ]


def test_a_surface_has_no_seed() -> None:
    assert short(f"{BOWL}[[runs]]\n[[runs]]\nseed = 4\n") == ["", ""]


def test_changes_are_told_with_their_step() -> None:
    changes = [
        "",
        'changes = [{ step = 400, optimizer = { kind = "adam" } }]',
        "changes = [{ step = 1200, learning_rate = 0.5 }, { step = 3, learning_rate = 0.1 }]",
    ]
    toml = BOWL + "".join(f"[[runs]]\n{change}\n" for change in changes)
    assert short(toml) == ["", "adam from 400", "rate 0.5 from 1,200 (+1)"]
    assert full(toml) == ["", "adam from 400", "rate 0.1 from 3, rate 0.5 from 1,200"]


def test_of_very_many_changes_the_last_are_told() -> None:
    scenario = parse(f"{BOWL}[[runs]]\n[[runs]]\n", "here")
    plain, _ = of(scenario)
    dragged = plain._replace(changes=[{"step": step, "learning_rate": 0.01} for step in range(300)])
    told = differences([plain, dragged])[1]
    assert told.short == "rate 0.01 from 299 (+299)"
    assert told.full.startswith("292 other changes, rate 0.01 from 292, ")
    assert told.full.count("from") == 8


def test_a_ghost_of_other_settings_is_told_apart_by_its_own_problem() -> None:
    (now,) = recipes(f"{DIGITS}activation = 'relu'\ntrain_size = 2000\n[[runs]]\n")
    (before,) = recipes(f"{DIGITS}[[runs]]\n")
    told = differences([before, now])
    assert [each.short for each in told] == ["sigmoid, all images", "relu, 2,000 images"]
    unknown = Recipe(None, before.spec, ())  # of a run whose scenario is not known, as much as it says itself
    assert [each.short for each in differences([unknown, now])] == ["", ""]


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_tells_its_runs_apart_in_few_words(name: str) -> None:
    scenario = load_scenario(name)
    for difference in differences(of(scenario)):
        assert len(difference.short) <= 40
        assert bool(difference.short) == bool(difference.full)


def test_the_seeds_are_told_apart_by_their_seeds() -> None:
    assert [each.short for each in differences(of(load_scenario("seeds")))] == [f"seed {n}" for n in range(4)]
