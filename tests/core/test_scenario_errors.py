"""The recipe: what is said about a mistake in it."""

import pytest

from gdviz.core.errors import InputError
from gdviz.core.formula.grammar import FUNCTIONS
from gdviz.core.optimizers import OPTIMIZERS, kind_of
from gdviz.core.scenario import parse
from gdviz.core.surfaces import SURFACES
from tests.core.scenario_support import DIGITS, FORMULA, SURFACE

FORMULAS = [
    ("x^2", "write ** for powers, as in x**2 (at character 2)"),
    ("y + os", "os is not known, expected x, y, w, pi, e or one of " + ", ".join(FUNCTIONS) + " (at character 5)"),
    ("2", "there is no knob in it, expected x, y or w (at character 1)"),
]
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


def test_a_key_that_would_take_for_ever_is_refused_at_once() -> None:
    with pytest.raises(InputError, match="test: line 2: expected at most 200 dots, got 300000"):
        parse('title = "x"\n' + "a." * 300_000 + "b = 1", "test")
