"""Whatever is typed as a formula: only a surface or a mistake comes of it, soon, and it does no harm."""

import ast
import gc
import subprocess
import sys
import time
from collections.abc import Callable, Iterable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gdviz.core.formula import FormulaError, formula_surface
from gdviz.core.formula.grammar import FUNCTIONS, MOST_DEPTH, MOST_NODES, MOST_POWER, Reader, read

import numpy as np  # isort: skip  - after gdviz, which sets the number of its threads

SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def test_the_largest_that_is_let_through() -> None:
    assert formula_surface(f"x**{MOST_POWER}").cost_and_gradient(np.ones(1), gradient := np.empty(1)) == 1
    assert gradient[0] == MOST_POWER
    deep = formula_surface("sin(" * MOST_DEPTH + "x" + ")" * MOST_DEPTH)
    assert deep.costs(np.zeros(1)) == 0
    assert formula_surface("+".join(["x"] * (MOST_NODES // 2))).costs(np.ones(1)) == MOST_NODES // 2
    assert formula_surface("9007199254740991*x + 9007199254740993*x").costs(np.ones(1)) == 2.0**54


# Whatever is typed


def tried(text: str) -> None:
    """Only a surface or a FormulaError comes out, in its own time of 0.2 s at most."""
    gc.disable()  # neither what the tests leave behind counts, nor what else the machine is busy with
    begun = time.thread_time()
    try:
        surface = formula_surface(text)
        taken = time.thread_time() - begun
        with np.errstate(all="ignore"):  # 1/inf on the way to a finite cost
            assert np.isfinite(surface.costs(np.array(surface.default_start)))
    except FormulaError as error:
        taken = time.thread_time() - begun
        (start, end), told = error.span, str(error)
        assert 0 <= start <= end <= len(text)
        assert "\n" not in told
    finally:
        gc.enable()
    assert taken < 0.2


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    formula_surface("sin(x)*cos(y)**2")


@given(st.text() | st.text("xyw0123456789+-*/(). ,episncolgqrtabf^²·π_", max_size=60))
@settings(SLOW, max_examples=400)
@example("x" * 10**7)
@example("1if x else y")
def test_any_text(text: str) -> None:
    tried(text)


NAMES = st.sampled_from(["x", "y", "x", "y", "w", "pi", "e", "sin", "os", "__import__"])
CONSTANTS = st.sampled_from([0, 1, 2, 3, 64, 10**30, 10**400, 0.5, 1e300, 1e-300, 2j, True, None, "x", b"x", ...])


def trees() -> st.SearchStrategy[ast.expr]:
    """Expressions of every kind that Python has, most of them sums, products, powers and calls."""
    load = ast.Load()
    leaves = NAMES.map(lambda name: ast.Name(name, load)) | CONSTANTS.map(ast.Constant)
    operators = [ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow] * 4 + [ast.FloorDiv, ast.Mod, ast.MatMult, ast.LShift]

    def grown(inner: st.SearchStrategy[ast.expr]) -> st.SearchStrategy[ast.expr]:
        comprehended = ast.comprehension(ast.Name("x", ast.Store()), ast.Name("y", load), [], 0)
        binary = st.builds(lambda op, a, b: ast.BinOp(a, op(), b), st.sampled_from(operators), inner, inner)
        call = st.builds(
            lambda name, args: ast.Call(ast.Name(name, load), args, []),
            st.sampled_from([*FUNCTIONS, "eval"]),
            st.lists(inner, min_size=1, max_size=1) | st.lists(inner, max_size=2),
        )
        rare = st.one_of(
            inner.map(lambda a: ast.Attribute(a, "real", load)),
            inner.map(lambda a: ast.Lambda(ast.arguments([], [], None, [], [], None, []), a)),
            inner.map(lambda a: ast.ListComp(a, [comprehended])),
            inner.map(lambda a: ast.GeneratorExp(a, [comprehended])),
            inner.map(lambda a: ast.NamedExpr(ast.Name("x", ast.Store()), a)),
            inner.map(ast.Await),
            inner.map(ast.Yield),
            st.builds(lambda a, b: ast.Subscript(a, b, load), inner, inner),
            st.builds(lambda a, b: ast.Compare(a, [ast.Lt()], [b]), inner, inner),
            st.builds(lambda a, b: ast.BoolOp(ast.And(), [a, b]), inner, inner),
            st.builds(ast.IfExp, inner, inner, inner),
            st.builds(lambda a, b: ast.Call(a, [ast.Starred(b, load)], []), inner, inner),
            st.builds(lambda a, b: ast.Call(a, [], [ast.keyword("key", b)]), inner, inner),
            st.lists(inner, max_size=2).map(lambda parts: ast.Tuple(parts, load)),
            st.just(ast.JoinedStr([ast.Constant("x")])),
        )
        unary = st.builds(
            lambda op, a: ast.UnaryOp(op(), a), st.sampled_from([ast.USub, ast.UAdd, ast.Invert, ast.Not]), inner
        )
        return st.one_of(binary, binary, binary, call, call, unary, rare)

    return st.recursive(leaves, grown, max_leaves=25)


@given(trees())
@settings(SLOW, max_examples=400)
def test_any_syntax_tree(tree: ast.expr) -> None:
    text = ast.unparse(ast.fix_missing_locations(tree))
    tried(text)
    # The whitelist of nodes holds alone, too: without the look at the signs that comes before it.
    parsed = ast.parse(text, mode="eval").body
    try:
        Reader(text, [(at, at + 1) for at in range(len(text))]).node(parsed)
    except FormulaError:
        return
    allowed = ast.Constant | ast.Name | ast.BinOp | ast.UnaryOp | ast.Call
    parts = [part for part in ast.walk(parsed) if isinstance(part, ast.expr)]
    assert all(isinstance(part, allowed) for part in parts)
    assert {type(part.value) for part in parts if isinstance(part, ast.Constant)} <= {int, float}


def formulas() -> st.SearchStrategy[str]:
    """Formulas without a mistake, small and large."""
    leaves = st.sampled_from(["x", "y", "2", "0.3", "pi", "9007199254740990", "1e300"])

    def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        binary = st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner)
        return binary | st.builds("{}({})".format, st.sampled_from(list(FUNCTIONS)), inner)

    return st.recursive(leaves, grown, max_leaves=40)


@given(formulas())
@settings(SLOW, max_examples=250)
def test_any_formula(text: str) -> None:
    tried(text)


def grown(text: str, step: Callable[[str, int], str]) -> str:
    """``text`` with as many steps taken as the limits allow."""
    for count in range(MOST_NODES):
        longer = step(text, count)
        try:
            read(longer)
        except FormulaError:
            return text
        text = longer
    return text


GROWING: dict[str, Callable[[str, int], str]] = {
    **{name: lambda s, i, name=name: f"{name}({s})" for name in FUNCTIONS},  # type: ignore[misc]  # its default
    "tower": lambda s, i: f"(x+y)**{s}",
    "power of power": lambda s, i: f"({s})**(x*y)",
    "products": lambda s, i: f"{s}*(x+{i}*y)",
    "quotients": lambda s, i: f"{s}/(x+{i}*y)",
    "tangents": lambda s, i: f"{s}/tan({i}*x)",
    "squares": lambda s, i: f"({s})*({s})",
    "self to self": lambda s, i: f"({s})**({s})",
    "functions of quotients": lambda s, i: f"tan({s})/sin({s})",
    "Horner": lambda s, i: f"(x+y)*({s}+y)",
    "continued fraction": lambda s, i: f"x/(y+{s})",
    "arcs": lambda s, i: f"acos({s})*tan({i}*x)",
    "large numbers": lambda s, i: f"{s}*(9007199254740990*x)**100",
    "hidden large powers": lambda s, i: f"(99*({s}))**(10**15*y/y)",
    "hidden large numbers": lambda s, i: f"exp({s}*1e300*x/x)",
}


@pytest.mark.parametrize("kind", GROWING)
@pytest.mark.parametrize("seed", ["x", "tan(x*y)"])
def test_the_worst_that_the_limits_allow(kind: str, seed: str) -> None:
    tried(grown(seed, GROWING[kind]))


# What it leaves alone


def in_a_process(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True, timeout=60, check=False)


def test_sympy_is_imported_only_when_a_formula_is_typed() -> None:
    done = in_a_process(
        "import sys, pkgutil, importlib, gdviz.core as core\n"
        "from gdviz.core.scenario import load_scenario, scenario_names, parse\n"
        "for module in pkgutil.iter_modules(core.__path__): importlib.import_module(f'gdviz.core.{module.name}')\n"
        "from gdviz.core.run import build\n"
        "build(load_scenario('rates-race'))\n"
        "scenario = parse('problem = { kind = \"formula\", expression = \"x**2\" }', 'test')\n"
        "assert 'sympy' not in sys.modules\n"
        "build(scenario)\n"
        "assert 'sympy' in sys.modules\n"
    )
    assert done.returncode == 0, done.stderr


HARMFUL: Iterable[str] = [
    *("9**9**9*x", "(((9**64)**64)**64)*x", "x*10**10**10", "x**(9**9**9)", "x**1e300", "9" * 290 + "*x", "9" * 10**5),
    *("((((99*x)**100)**100)**100)**100", "(99*x)**(10**15*y/y)", "exp(exp(exp(exp(exp(1e300*x/x)))))"),
    *("x**" * 3 + "9**9**9", "sin(" * 1000 + "x", "(" * 10**5, "-" * 10**5 + "x", "[" * 10**5, "x+" * 10**5 + "x"),
    *("'x' * 10**9", "[0] * 10**9 * x", "[x for x in y for x in y]", "__import__('os').abort()"),
]


def test_no_input_grows_memory() -> None:
    pytest.importorskip("resource", reason="only Unix limits a process's memory")
    done = in_a_process(
        "import resource, warnings; warnings.simplefilter('error')\n"
        "from gdviz.core.formula import FormulaError, formula_surface\n"
        "formula_surface('sin(x)*cos(y)**2')\n"
        f"texts = {[*HARMFUL, *(grown('tan(x*y)', step) for step in GROWING.values())]!r}\n"
        "import psutil; most = psutil.Process().memory_info().vms + (200 << 20)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (most, most))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for text in texts:\n"
        "    try: formula_surface(text)\n"
        "    except FormulaError: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, 'kB')"
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[0]) < 100_000
