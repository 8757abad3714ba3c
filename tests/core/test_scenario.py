"""The recipe: reading and writing it, and what it says about a mistake."""

from pathlib import Path

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from gdviz.core.errors import InputError
from gdviz.core.formula import FormulaError
from gdviz.core.formula.grammar import FUNCTIONS
from gdviz.core.network import Network
from gdviz.core.optimizers import OPTIMIZERS, Adam, GradientDescent, HeavyBall, kind_of
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

SURFACE = 'problem = { kind = "surface", name = "parabola" }\n'
DIGITS = 'problem = { kind = "digits" }\n'
FORMULA = 'problem = { kind = "formula", expression = "x**2*y" }\n'
FORMULAS = [
    ("x^2", "write ** for powers, as in x**2 (at character 2)"),
    ("y + os", "os is not known, expected x, y, w, pi, e or one of " + ", ".join(FUNCTIONS) + " (at character 5)"),
    ("2", "there is no knob in it, expected x, y or w (at character 1)"),
]


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


RATE = "expected a number > 0 and <= 1e+06"
STEPS = "expected a whole number >= 1 and <= 1e+12"
SEED = "expected a whole number >= 0 and <= 4.61169e+18"
KINDS = "expected {} or {}".format(", ".join(map(kind_of, OPTIMIZERS[:-1])), kind_of(OPTIMIZERS[-1]))
NAMES = ", ".join(surface.name for surface in SURFACES)
MISTAKES = [
    # the whole
    ("", "problem: missing, expected a table"),
    ("problem = 3", "problem: expected a table, got 3"),
    (SURFACE + "x = 1", "x: unknown key, expected one of problem, title, caption, view, stop, runs"),
    (SURFACE + "title = 3", "title: expected a text, got 3"),
    (SURFACE + "title = 2020-01-01", "title: expected a text, got datetime.date(2020, 1, 1)"),
    # the problem
    *((FORMULA.replace("x**2*y", typed), f"problem.expression: {told}") for typed, told in FORMULAS),
    (FORMULA.replace(" }", ", domain = [[-1, 1]] }"), "problem.domain: expected 2 pair(s) of numbers for x, y, got 1"),
    (
        FORMULA.replace(" }", ", domain = [[-1, 1], [2, 2]] }"),
        "problem.domain: expected pairs of finite numbers, the lower first, got [2.0, 2.0]",
    ),
    (FORMULA.replace(" }", ", domain = [[-1, 1], [2]] }"), "problem.domain[1]: expected a list of 2, got [2]"),
    (FORMULA.replace(" }", ", domain = [[-1, 'a'], [2, 3]] }"), "problem.domain[0][1]: expected a number, got 'a'"),
    (FORMULA.replace(" }", ", domain = [] }"), "problem.domain: expected a list of 1 to 2, got []"),
    (FORMULA.replace(" }", ", start = [1] }"), "problem.start: expected 2 finite number(s), got [1.0]"),
    (
        FORMULA + "runs = [{}, { problem = { start = [1] } }]",
        "runs[1].problem.start: expected 2 finite number(s), got [1.0]",
    ),
    (FORMULA + "runs = [{ problem = { hidden = [3] } }]", "runs[0].problem.hidden: a surface has no such key"),
    (FORMULA + "stop = { epochs = 3 }", "stop.epochs: a surface has no epochs, expected stop.steps"),
    ("problem = {}", "problem.kind: missing, expected surface, formula or digits"),
    ('problem = { kind = "foo" }', "problem.kind: expected surface, formula or digits, got 'foo'"),
    ("problem = { kind = 3 }", "problem.kind: expected surface, formula or digits, got 3"),
    ('problem = { kind = "surface" }', "problem.name: missing, expected a text"),
    (SURFACE.replace("parabola", "nope"), f"problem.name: expected one of {NAMES}, got 'nope'"),
    (SURFACE.replace(" }", ", start = [1, 2] }"), "problem.start: expected 1 finite number(s), got [1.0, 2.0]"),
    (SURFACE.replace(" }", ", start = [nan] }"), "problem.start: expected 1 finite number(s), got [nan]"),
    (SURFACE.replace(" }", ", start = [] }"), "problem.start: expected a list of 1 to 2, got []"),
    (SURFACE.replace(" }", ", start = [1, 2, 3] }"), "problem.start: expected a list of 1 to 2, got [1, 2, 3]"),
    (SURFACE.replace(" }", ", hidden = [3] }"), "problem.hidden: unknown key, expected one of kind, name, start"),
    (DIGITS.replace(" }", ", hidden = 16 }"), "problem.hidden: expected a list of 1 to 8, got 16"),
    (DIGITS.replace(" }", ", hidden = [4, 0] }"), "problem.hidden[1]: expected a whole number >= 1 and <= 4096, got 0"),
    (DIGITS.replace(" }", ", hidden = [] }"), "problem.hidden: expected a list of 1 to 8, got []"),
    (DIGITS.replace(" }", ", train_size = 1.5 }"), f"problem.train_size: {STEPS}, got 1.5"),
    (
        DIGITS.replace(" }", ", shuffle_labels = 1.1 }"),
        "problem.shuffle_labels: expected a number >= 0 and <= 1, got 1.1",
    ),
    (
        DIGITS.replace(" }", ", shuffle_labels = nan }"),
        "problem.shuffle_labels: expected a number >= 0 and <= 1, got nan",
    ),
    (
        DIGITS.replace(" }", ', activation = "elu" }'),
        "problem.activation: expected leaky-relu, relu, sigmoid, step or tanh, got 'elu'",
    ),
    # a run
    (SURFACE + "runs = []", "runs: expected a list of 1 to 64, got []"),
    (SURFACE + "runs = 3", "runs: expected a list of 1 to 64, got 3"),
    (SURFACE + "runs = [3]", "runs[0]: expected a table, got 3"),
    (SURFACE + 'runs = [{}, { seed = "a" }]', f"runs[1].seed: {SEED}, got 'a'"),
    (SURFACE + "runs = [{ seed = -1 }]", f"runs[0].seed: {SEED}, got -1"),
    (SURFACE + "runs = [{ seed = true }]", f"runs[0].seed: {SEED}, got True"),
    (
        SURFACE + "runs = [{ lr = 1 }]",
        "runs[0].lr: unknown key, expected one of label, batch_size, seed, optimizer, schedule, problem, changes",
    ),
    (SURFACE + 'runs = [{ optimizer = "adam" }]', "runs[0].optimizer: expected a table, got 'adam'"),
    (SURFACE + "runs = [{ optimizer = {} }]", f"runs[0].optimizer.kind: missing, {KINDS}"),
    (SURFACE + 'runs = [{ optimizer = { kind = "adm" } }]', f"runs[0].optimizer.kind: {KINDS}, got 'adm'"),
    (
        SURFACE + 'runs = [{ optimizer = { kind = "adam", momentum = 0.9 } }]',
        "runs[0].optimizer.momentum: unknown key, expected one of kind, learning_rate, beta1, beta2, epsilon",
    ),
    *(
        (
            SURFACE + f'runs = [{{ optimizer = {{ kind = "adam", learning_rate = {value} }} }}]',
            f"runs[0].optimizer.learning_rate: {RATE}, got {value}",
        )
        for value in ("nan", "inf", "-inf", "0", "-1.5", "'fast'")
    ),
    (
        SURFACE + 'runs = [{ optimizer = { kind = "momentum", momentum = 1 } }]',
        "runs[0].optimizer.momentum: expected a number >= 0 and < 1, got 1",
    ),
    (
        SURFACE + 'runs = [{ schedule = { kind = "cos" } }]',
        "runs[0].schedule.kind: expected constant, step, cosine or warm-up, got 'cos'",
    ),
    (SURFACE + "runs = [{ batch_size = 3 }]", "runs[0].batch_size: a surface has no batches, expected no such key"),
    *(
        (
            DIGITS + f"runs = [{{ batch_size = {value} }}]",
            f"runs[0].batch_size: expected a whole number >= 1 and <= 1e+09 or full, got {value}",
        )
        for value in ("'ful'", "0", "2.5")
    ),
    # what a run overrides
    (
        SURFACE + "runs = [{ problem = { bogus = 1 } }]",
        "runs[0].problem.bogus: unknown key, expected one of start, shuffle_labels, train_size, init, hidden",
    ),
    (SURFACE + "runs = [{ problem = { hidden = [3] } }]", "runs[0].problem.hidden: a surface has no such key"),
    (DIGITS + "runs = [{ problem = { start = [3.0] } }]", "runs[0].problem.start: the digits have no such key"),
    (
        SURFACE + "runs = [{}, { problem = { start = [1, 2] } }]",
        "runs[1].problem.start: expected 1 finite number(s), got [1.0, 2.0]",
    ),
    # changes
    (SURFACE + "runs = [{ changes = 3 }]", "runs[0].changes: expected a list, got 3"),
    (
        SURFACE + "runs = [{ changes = [{ step = 1, beta1 = 0.5 }] }]",
        "runs[0].changes[0].beta1: unknown key, expected one of step, optimizer, learning_rate",
    ),
    (
        SURFACE + "runs = [{ changes = [{ step = 1 }, { step = 2, learning_rate = -1 }] }]",
        f"runs[0].changes[1].learning_rate: {RATE}, got -1",
    ),
    (
        SURFACE + "runs = [{ changes = [{ step = 2, learning_rate = nan }] }]",
        f"runs[0].changes[0].learning_rate: {RATE}, got nan",
    ),
    *(
        (
            SURFACE + f"runs = [{{ changes = [{{ {key}learning_rate = 1 }}] }}]",
            f"runs[0].changes[0].step: expected a whole number >= 0, got {got}",
        )
        for key, got in (
            ("", "none"),
            ("step = -1, ", "-1"),
            ("step = 1.5, ", "1.5"),
            ("step = inf, ", "inf"),
            ("step = nan, ", "nan"),
        )
    ),
    # stop and view
    (SURFACE + "stop = { epochs = 3 }", "stop.epochs: a surface has no epochs, expected stop.steps"),
    (SURFACE + "stop = { steps = 0 }", f"stop.steps: {STEPS}, got 0"),
    (SURFACE + "stop = { steps = 1000000000001 }", f"stop.steps: {STEPS}, got 1000000000001"),
    (SURFACE + f"stop = {{ steps = {10**30} }}", f"stop.steps: {STEPS}, got {10**30}"),
    (SURFACE + "stop = { cost_below = nan }", "stop.cost_below: expected a finite number, got nan"),
    (SURFACE + "stop = { cost_below = inf }", "stop.cost_below: expected a finite number, got inf"),
    (SURFACE + "stop = { flat = { steps = 3 } }", "stop.flat.relative: missing, expected a number >= 0 and < 1"),
    (SURFACE + 'view = { speed = "slow" }', "view.speed: expected a number > 0 and <= 1e+06 or max, got 'slow'"),
    (SURFACE + 'view = { surface = "4d" }', "view.surface: expected 2d or 3d, got '4d'"),
    # no TOML
    ("a b", "not a TOML file: Expected '=' after a key in a key/value pair (at line 1, column 3)"),
    ("a = " + "[" * 5000, "not a TOML file: maximum recursion depth exceeded"),
    (DIGITS + f"seed = {'1' * 5000}", "not a TOML file: Exceeds the limit (4300 digits)"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=[message[:60] for _, message in MISTAKES])
def test_a_mistake_is_told_in_one_line_with_file_key_and_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        parse(text, "my.toml")
    told = str(raised.value)
    if message.startswith("not a TOML"):
        assert told.startswith(f"my.toml: {message}")
    else:
        assert told == f"my.toml: {message}"
    assert "\n" not in told
    assert len(told) < 500


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


def test_a_key_that_would_take_for_ever_is_refused_at_once() -> None:
    with pytest.raises(InputError, match="test: line 2: expected at most 200 dots, got 300000"):
        parse('title = "x"\n' + "a." * 300_000 + "b = 1", "test")
