"""The recipe: reading and writing it, from texts and from files, and with another cost."""

from pathlib import Path

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from gdviz.core.errors import InputError
from gdviz.core.formula import FormulaError
from gdviz.core.network import Network
from gdviz.core.optimizers import OPTIMIZERS, Adam, GradientDescent, HeavyBall
from gdviz.core.scenario import (
    DEFAULT,
    DigitsProblem,
    FormulaProblem,
    Override,
    RunSpec,
    Scenario,
    SurfaceProblem,
    load_scenario,
    parse,
    scenario_names,
    to_toml,
    to_tree,
    with_keys,
)
from gdviz.core.schedules import SCHEDULES, StepDecay
from gdviz.core.surfaces import SURFACES
from tests.core.scenario_support import DIGITS, FORMULA, SURFACE

VIDEO_LIKE = {"init": "normal", "train_size": 50_000, "epochs": 30, "batch_sizes": [10], "rates": [1.5]}
PARABOLA = {"surface": "parabola", "start": UNSET}
ASKED_FOR: dict[str, dict[str, object]] = {
    "digits": {
        **{"hidden": (16, 16), "activation": "sigmoid", "cost": "squared-error", "init": "xavier"},
        **{"train_size": UNSET, "epochs": 40, "n_runs": 1},
    },
    "video": {"hidden": (16, 16), "activation": "sigmoid", "cost": "squared-error", **VIDEO_LIKE},
    "nielsen": {"hidden": (30,), "activation": "sigmoid", "cost": "squared-error", **VIDEO_LIKE},
    "worked-run": {**PARABOLA, "rates": [0.1]},
    "overshoot": {**PARABOLA, "rates": [2.0]},
    "bounce": {**PARABOLA, "rates": [1.0]},
    "crawl": {**PARABOLA, "rates": [0.001]},
    "rates-race": {**PARABOLA, "rates": [0.001, 0.1, 0.9, 1.0, 1.05]},
    "seeds": {"n_runs": 4, "n_recipes_but_for_the_seed": 1, "seeds": [0, 1, 2, 3]},
    "batches": {"batch_sizes": ["full", 100, 10]},
    "shuffled-labels": {"train_size": 2000, "shuffled": [0.0, 1.0], "n_recipes_but_for_the_labels": 1},
}
"""what each scenario is there for, as far as a number can say it"""


class TestShipped:
    @pytest.mark.parametrize("name", scenario_names())
    def test_reads_back_from_its_own_text(self, name: str) -> None:
        scenario = load_scenario(name)
        assert scenario.title
        assert parse(to_toml(scenario), name) == scenario

    @pytest.mark.parametrize("name", scenario_names())
    def test_labels_tell_the_runs_apart(self, name: str) -> None:
        scenario = load_scenario(name)
        labels = [run.label for run in scenario.runs]
        assert len(set(labels)) == len(labels)
        assert len(labels) == 1 or all(labels)

    @pytest.mark.parametrize("name", ASKED_FOR)
    def test_is_what_was_asked_for(self, name: str) -> None:
        scenario = load_scenario(name)
        problem, runs = scenario.problem, scenario.runs
        told: dict[str, object] = {
            "n_runs": len(runs),
            "epochs": scenario.stop.epochs,
            "rates": [run.optimizer.learning_rate for run in runs],
            "batch_sizes": [run.batch_size for run in runs],
            "seeds": [run.seed for run in runs],
            "n_recipes_but_for_the_seed": len({replace(run, label="", seed=0) for run in runs}),
            "n_recipes_but_for_the_labels": len({replace(run, label="", problem=Override()) for run in runs}),
        }
        if isinstance(problem, SurfaceProblem):
            told |= {"surface": problem.name, "start": problem.start}
        elif isinstance(problem, DigitsProblem):
            told |= {key: getattr(problem, key) for key in ("hidden", "activation", "cost", "init", "train_size")}
            told["shuffled"] = [
                problem.shuffle_labels if run.problem.shuffle_labels is UNSET else run.problem.shuffle_labels
                for run in runs
            ]
        assert {key: told.get(key) for key in ASKED_FOR[name]} == ASKED_FOR[name]
        assert all(isinstance(run.optimizer, GradientDescent) for run in runs)

    def test_the_default_comes_first(self) -> None:
        first, *others = scenario_names()
        assert first == DEFAULT == "digits"
        assert others == sorted(others)
        assert "worked-run" in others


def test_everything_has_the_default_that_the_contract_names() -> None:
    scenario = parse(DIGITS, "test")
    assert scenario.problem == DigitsProblem(
        data="mnist",
        hidden=(16, 16),
        activation="sigmoid",
        cost="squared-error",
        init="xavier",
        shuffle_labels=0.0,
        evaluate="epoch",
    )
    assert scenario.runs == (RunSpec(),)
    assert Network((784, *scenario.problem.hidden, 10)).n_params == 13_002


def test_the_contracts_own_example() -> None:
    scenario = parse(
        """
        title = "Overshoot"
        caption = "Too large a step jumps clean over the valley ..."
        [view]
        speed = 2
        surface = "3d"
        cost_axis = "log"
        [problem]
        kind = "surface"
        name = "parabola"
        start = [5.0]
        [stop]
        steps = 20
        cost_below = 1e-6
        flat = { steps = 500, relative = 1e-4 }
        [[runs]]
        label = "lr 2.0"
        optimizer = { kind = "gradient-descent", learning_rate = 2.0 }
        changes = [{ step = 10, learning_rate = 0.1 }]
        """,
        "test",
    )
    (run,) = scenario.runs
    assert run.optimizer.learning_rate == 2
    assert run.changes == ({"step": 10, "learning_rate": 0.1},)
    assert "{ step = 10, learning_rate = 0.1 }" in to_toml(scenario)
    assert parse(to_toml(scenario), "test") == scenario


@pytest.mark.parametrize("rule", OPTIMIZERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_rule_and_schedule_reads_back(rule: type, schedule: type) -> None:
    scenario = Scenario(
        problem=SurfaceProblem(name="bowl", start=(0.1, 1 / 3)),
        runs=(RunSpec(label='a, "b"\n', seed=2**62, optimizer=rule(learning_rate=0.1 + 0.2), schedule=schedule()),),
    )
    assert parse(to_toml(scenario), "test") == scenario
    assert parse(to_toml(scenario), "test").runs[0].optimizer.learning_rate == 0.1 + 0.2


def test_the_tree_spells_every_value_out() -> None:
    tree = to_tree(parse(DIGITS + 'runs = [{ optimizer = { kind = "adam" }, batch_size = "full" }]', "test"))
    assert tree["runs"][0]["optimizer"] == {
        "kind": "adam",
        "learning_rate": 1e-3,
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-8,
    }
    assert tree["runs"][0]["batch_size"] == "full"
    assert list(tree["problem"]["hidden"]) == [16, 16]
    assert "train_size" not in tree["problem"], "there is no number for: all"


def test_whole_numbers_serve_as_real_ones() -> None:
    scenario = parse(
        SURFACE + 'runs = [{ optimizer = { kind = "momentum", learning_rate = 1, momentum = 0 } }]', "test"
    )
    assert scenario.runs[0].optimizer == HeavyBall(learning_rate=1.0, momentum=0.0)
    assert parse(SURFACE + 'runs = [{ schedule = { kind = "step" } }]', "t").runs[0].schedule == StepDecay()
    assert parse(SURFACE + 'runs = [{ optimizer = { kind = "adam" } }]', "t").runs[0].optimizer == Adam()


def test_a_formula_reads_back() -> None:
    scenario = parse(FORMULA.replace(" }", ", domain = [[-1, 1], [0, 2.5]], start = [0.5, 2] }"), "test")
    assert scenario.problem == FormulaProblem(expression="x**2*y", domain=((-1.0, 1.0), (0.0, 2.5)), start=(0.5, 2.0))
    assert parse(to_toml(scenario), "test") == scenario


class TestAnotherCost:
    RUNS = """
    [[runs]]
    label = "a"
    problem = { start = [1.0, 2.0] }
    [[runs]]
    label = "b"
    optimizer = { kind = "adam" }
    """
    BOWL = 'title = "Bowl"\ncaption = "Round"\nproblem = { kind = "surface", name = "bowl", start = [1, 1] }\n' + RUNS

    def test_a_surface(self) -> None:
        before = parse(self.BOWL, "test")
        after = with_keys(before, 1, {"surface": "parabola"}, "test")
        assert after.problem == SurfaceProblem(name="parabola")
        assert (after.title, after.caption) == ("parabola", SURFACES[0].description)
        assert [run.label for run in after.runs] == ["a", "b"]
        assert [run.optimizer for run in after.runs] == [run.optimizer for run in before.runs]
        assert all(run.problem == Override() for run in after.runs)

    def test_a_formula(self) -> None:
        after = with_keys(parse(self.BOWL, "test"), 0, {"formula": "w**2 + 1"}, "test")
        assert after.problem == FormulaProblem(expression="w**2 + 1")
        assert (after.title, after.caption) == ("w**2 + 1", "Slope: 2w")
        assert after.runs[0].problem == Override()

    def test_one_after_the_other(self) -> None:
        scenario = with_keys(parse(self.BOWL, "test"), 0, {"formula": "w**2"}, "test")
        scenario = with_keys(scenario, 0, {"surface": "bowl"}, "test")
        scenario = with_keys(scenario, 0, {"formula": "x*y"}, "test")
        assert scenario.problem == FormulaProblem(expression="x*y")
        assert with_keys(scenario, 0, {"start": [0.5, 0.25]}, "test").problem == FormulaProblem(
            expression="x*y", start=(0.5, 0.25)
        )

    def test_after_the_digits(self) -> None:
        digits = parse(
            DIGITS + "stop = { epochs = 3, cost_below = 0.5 }\n"
            'runs = [{ batch_size = "full", problem = { shuffle_labels = 1.0 } }]',
            "test",
        )
        after = with_keys(digits, 0, {"surface": "bowl"}, "test")
        assert after.runs == (RunSpec(),)
        assert (after.stop.epochs, after.stop.cost_below) == (UNSET, 0.5)

    def test_a_mistake(self) -> None:
        scenario = parse(self.BOWL, "test")
        with pytest.raises(FormulaError, match=r"^write \*\* for powers") as raised:
            with_keys(scenario, 0, {"formula": "x^2"}, "test")
        assert raised.value.span == (1, 2)
        with pytest.raises(FormulaError, match="no finite value"):
            with_keys(scenario, 0, {"formula": "log(x - 9)"}, "test")
        with pytest.raises(InputError, match=r"^test: problem\.name: expected one of parabola, "):
            with_keys(scenario, 0, {"surface": "nope"}, "test")


class TestFiles:
    def test_a_file_is_read_by_its_path(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text(SURFACE + 'title = "η → 0"', "utf-8")
        assert load_scenario(str(path)).title == "η → 0"

    @pytest.mark.parametrize("name", ["nope", "", "../scenarios/digits", "digits\n", "a/b", "x" * 5000, "a\0b"])
    def test_an_unknown_name(self, name: str) -> None:
        with pytest.raises(InputError) as raised:
            load_scenario(name)
        assert str(raised.value) == f"{name!r}: expected the name of a scenario (see: gdviz list) or a .toml file"

    def test_a_file_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "folder.toml").mkdir()
        (tmp_path / "large.toml").write_text("#" * ((1 << 20) + 1))
        (tmp_path / "latin.toml").write_bytes(b'title = "\xe9"')
        for name, message in (
            ("none.toml", "a .toml file expected, none is there"),
            ("folder.toml", "a .toml file expected, not a folder"),
            ("large.toml", "larger than 1 MB, expected a scenario file"),
            ("latin.toml", "not a TOML file: not UTF-8 at byte 9"),
            ("x" * 300 + ".toml", "can't be read: File name too long"),
        ):
            path = tmp_path / name
            with pytest.raises(InputError) as raised:
                load_scenario(str(path))
            assert str(raised.value) == f"{path}: {message}"
