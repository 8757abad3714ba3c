"""Typed formulas: their values and slopes, and what is said about a mistake."""

from collections.abc import Callable
from typing import Any

import pytest

from gdviz.core.errors import InputError
from gdviz.core.formula import FormulaError, formula_surface
from gdviz.core.formula.grammar import FUNCTIONS, MOST_CHARACTERS, MOST_DEPTH, MOST_NODES
from gdviz.core.surface import Surface

import numpy as np  # isort: skip  - after gdviz, which sets the number of its threads

H = 6e-6

Cost = Callable[..., Any]
Slopes = Callable[..., tuple[Any, ...]]
COSTS: dict[str, tuple[Cost, Slopes]] = {
    "x**2 + 3*y**2": (lambda x, y: x * x + 3 * y * y, lambda x, y: (2 * x, 6 * y)),
    "x**2 + 3*sin(y)": (lambda x, y: x * x + 3 * np.sin(y), lambda x, y: (2 * x, 3 * np.cos(y))),
    "w**4 - 3*w**2 + w": (lambda w: w**4 - 3 * w**2 + w, lambda w: (4 * w**3 - 6 * w + 1,)),
    "(1 - x)**2 + 100*(y - x**2)**2": (
        lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        lambda x, y: (-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)),
    ),
    "sin(pi*x)*exp(-y)": (
        lambda x, y: np.sin(np.pi * x) * np.exp(-y),
        lambda x, y: (np.pi * np.cos(np.pi * x) * np.exp(-y), -np.sin(np.pi * x) * np.exp(-y)),
    ),
    "x/(1 + y**2)": (lambda x, y: x / (1 + y * y), lambda x, y: (1 / (1 + y * y), -2 * x * y / (1 + y * y) ** 2)),
    "-x**2": (lambda x: -(x * x), lambda x: (-2 * x,)),
    "2**3**0.5*x": (lambda x: 2 ** (3**0.5) * x, lambda x: (2 ** (3**0.5) * np.ones_like(x),)),
    "2**x + e**x": (lambda x: 2**x + np.exp(x), lambda x: (2**x * np.log(2) + np.exp(x),)),
    "(x**2)**1.5": (lambda x: np.abs(x) ** 3, lambda x: (3 * x * np.abs(x),)),
    "(x**2 + 1)**y": (
        lambda x, y: (x * x + 1) ** y,
        lambda x, y: (2 * x * y * (x * x + 1) ** (y - 1), (x * x + 1) ** y * np.log(x * x + 1)),
    ),
    "abs(x) + floor(y) + sign(y)": (
        lambda x, y: np.abs(x) + np.floor(y) + np.sign(y),
        lambda x, y: (np.sign(x), np.zeros_like(y)),
    ),
    "tan(x/2) + sinh(y) - cosh(x) + tanh(y)": (
        lambda x, y: np.tan(x / 2) + np.sinh(y) - np.cosh(x) + np.tanh(y),
        lambda x, y: (0.5 / np.cos(x / 2) ** 2 - np.sinh(x), np.cosh(y) + 1 / np.cosh(y) ** 2),
    ),
    "asin(x/3) + 2*acos(y/3) + atan(x*y)": (
        lambda x, y: np.arcsin(x / 3) + 2 * np.arccos(y / 3) + np.arctan(x * y),
        lambda x, y: (
            1 / np.sqrt(9 - x * x) + y / (1 + (x * y) ** 2),
            -2 / np.sqrt(9 - y * y) + x / (1 + (x * y) ** 2),
        ),
    ),
    "sqrt(x + 3)*log(y + 3) - ln(x + 4)": (
        lambda x, y: np.sqrt(x + 3) * np.log(y + 3) - np.log(x + 4),
        lambda x, y: (0.5 * np.log(y + 3) / np.sqrt(x + 3) - 1 / (x + 4), np.sqrt(x + 3) / (y + 3)),
    ),
    "-20*exp(-0.2*sqrt(0.5*(x**2 + y**2))) + 20": (
        lambda x, y: 20 - 20 * np.exp(-0.2 * np.sqrt((x * x + y * y) / 2)),
        lambda x, y: tuple(
            2 * z * np.exp(-0.2 * np.sqrt((x * x + y * y) / 2)) / np.sqrt((x * x + y * y) / 2) for z in (x, y)
        ),
    ),
    "x² + 3·y³ − 2×π": (lambda x, y: x * x + 3 * y**3 - 2 * np.pi, lambda x, y: (2 * x, 9 * y * y)),
}


def points(surface: Surface, n: int) -> np.ndarray:
    low, high = np.array(surface.domain).T
    return np.random.default_rng(0).uniform(low, high, (n, surface.n_params))


@pytest.mark.parametrize("text", COSTS)
def test_values_and_slopes_are_those_worked_out_by_hand(text: str) -> None:
    surface = formula_surface(text)
    cost, slopes = COSTS[text]
    thetas = points(surface, 200)
    knobs = np.moveaxis(thetas, -1, 0)
    costs, gradients = surface.costs_and_gradients(thetas)
    np.testing.assert_allclose(costs, cost(*knobs), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(gradients, np.stack(slopes(*knobs), axis=-1), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(surface.costs(thetas.reshape(4, 50, -1)).ravel(), costs)
    for theta, value, gradient in zip(thetas[:20], costs, gradients, strict=False):
        one = np.empty(surface.n_params)
        assert surface.cost_and_gradient(theta, one) == pytest.approx(value, rel=1e-14, abs=1e-14)
        np.testing.assert_allclose(one, gradient, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("text", [text for text in COSTS if "floor" not in text])
def test_slopes_are_the_rise_of_the_values(text: str) -> None:
    surface = formula_surface(text)
    thetas = points(surface, 200)
    _, gradients = surface.costs_and_gradients(thetas)
    for knob, step in enumerate(H * np.eye(surface.n_params)):
        numeric = (surface.costs(thetas + step) - surface.costs(thetas - step)) / (2 * H)
        assert np.max(np.abs(gradients[:, knob] - numeric) / np.maximum(1, np.abs(numeric))) < 1e-6


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_the_slope_that_it_should(name: str) -> None:
    surface = formula_surface(f"{name}(x/7 + 0.5)")  # from 0.21 to 0.79, where all of them have values
    thetas = points(surface, 50)
    _, gradients = surface.costs_and_gradients(thetas)
    numeric = (surface.costs(thetas + H) - surface.costs(thetas - H)) / (2 * H)
    np.testing.assert_allclose(gradients[:, 0], numeric, rtol=1e-7, atol=1e-8)
    assert surface.smooth == (name not in ("abs", "sign", "floor", "sqrt"))


def test_at_a_cusp_and_at_a_jump_the_slope_is_0() -> None:
    gradient = np.full(1, 9.0)
    for text in ("abs(x)", "sign(x)", "floor(x)"):
        assert formula_surface(text).cost_and_gradient(np.zeros(1), gradient) == 0
        assert gradient[0] == 0


def test_where_floats_fail_the_cost_has_inf_or_nan() -> None:
    gradient = np.empty(1)
    for text, at, cost in (
        ("1/x", 0.0, np.inf),
        ("x**0.5", -1.0, np.nan),
        ("x**1.5", -1.0, np.nan),
        ("log(x)", 0.0, -np.inf),
        ("x**99", 1e9, np.inf),
        ("(99*x)**(10**15*x/x)", 1.0, np.inf),
        ("atan(x*(pi - 1e300) + x)", 1.0, -np.pi / 2),
    ):
        with np.errstate(all="ignore"):
            measured = formula_surface(text, start=(1.0,)).cost_and_gradient(np.array([at]), gradient)
        np.testing.assert_equal(measured, cost)


class TestSurface:
    @pytest.mark.parametrize(
        ("text", "domain", "knobs", "formula", "description"),
        [
            ("w**2", None, ("w",), "C(w) = w**2", "Slope: 2w"),
            ("x**2", None, ("x",), "C(x) = x**2", "Slope: 2x"),
            ("x**2", 2, ("x", "y"), "C(x, y) = x**2", "Slope: (2x, 0)"),
            ("y**2", None, ("x", "y"), "C(x, y) = y**2", "Slope: (0, 2y)"),
            ("y**2", 1, ("y",), "C(y) = y**2", "Slope: 2y"),
            ("  x**2\n +  3*y**2 ", 2, ("x", "y"), "C(x, y) = x**2 + 3*y**2", "Slope: (2x, 6y)"),
            ("0.5*x**12", None, ("x",), "C(x) = 0.5*x**12", "Slope: 6x¹¹"),
            ("x*sin(2*pi*y)", None, ("x", "y"), "C(x, y) = x*sin(2*pi*y)", "Slope: (sin(2pi·y), 2pi·x·cos(2pi·y))"),
            ("2**x + x**0.5", None, ("x",), "C(x) = 2**x + x**0.5", "Slope: 2^x·log(2) + 0.5x^(-0.5)"),
            ("tan(x*y)**2/(1+exp(-x*y))", None, ("x", "y"), None, "Its slope is exact."),
        ],
    )
    def test_what_it_says_of_itself(
        self, text: str, domain: int | None, knobs: tuple[str, ...], formula: str | None, description: str
    ) -> None:
        surface = formula_surface(text, ((-1.0, 3.0),) * domain if domain else None)
        assert surface.knobs == knobs
        assert surface.formula == (f"C(x, y) = {text}" if formula is None else formula)
        assert surface.description == description
        assert surface.domain == ((-1.0, 3.0) if domain else (-2.0, 2.0),) * len(knobs)

    def test_it_starts_off_the_centre_and_the_axes_of_symmetry(self) -> None:
        assert formula_surface("x**2 + y**2").default_start == (1.5, 1.2)
        assert formula_surface("w**2", ((2.0, 10.0),)).default_start == (9.0,)
        assert formula_surface("w**2", start=(0.25,)).default_start == (0.25,)

    @pytest.mark.parametrize(
        "text", ["log(-x)", "sqrt(-1 - x - y)", "1/sqrt(x - 1.6)", "log(-x)*log(-y)", "x*(-y)**0.5"]
    )
    def test_it_starts_where_there_is_a_cost_and_a_slope(self, text: str) -> None:
        surface = formula_surface(text)
        cost, gradient = surface.costs_and_gradients(np.array(surface.default_start))
        assert np.isfinite(cost)
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() < 20
        assert all(-2 <= value <= 2 for value in surface.default_start)

    @pytest.mark.parametrize("text", ["sqrt(x - 5)", "log(-x**2)", "1/(x - x)", "(-2)**(x + pi)", "exp(exp(1000*x/x))"])
    def test_nowhere_a_value(self, text: str) -> None:
        with pytest.raises(FormulaError, match="no finite value and slope anywhere in its domain") as raised:
            formula_surface(text)
        assert raised.value.span == (0, len(text))

    @pytest.mark.parametrize(
        ("text", "domain", "start", "message"),
        [
            ("w", ((0, 1), (1, 2)), None, "domain: expected 1 pair(s) of numbers for w, got 2"),
            ("x*y", ((0, 1),), None, "domain: expected 2 pair(s) of numbers for x, y, got 1"),
            ("x", ((0, 1),) * 3, None, "domain: expected 1 or 2 pair(s) of numbers for x, got 3"),
            ("x", ((1, 1),), None, "domain: expected pairs of finite numbers, the lower first, got [1, 1]"),
            ("x", ((0, np.inf),), None, "domain: expected pairs of finite numbers, the lower first, got [0, inf]"),
            ("x", ((np.nan, 1),), None, "domain: expected pairs of finite numbers, the lower first, got [nan, 1]"),
            ("x", None, (1, 2), "start: expected 1 finite number(s), got [1, 2]"),
            ("x", None, (np.nan,), "start: expected 1 finite number(s), got [nan]"),
        ],
    )
    def test_a_wrong_domain_or_start(self, text: str, domain: Any, start: Any, message: str) -> None:
        with pytest.raises(InputError) as raised:
            formula_surface(text, domain, start)
        assert str(raised.value) == message


MISTAKES = [
    # text, the part of it that is underlined, what is said
    ("", "", "there is nothing yet"),
    (" \t ", " \t ", "there is nothing yet"),
    ("3 + pi", "3 + pi", "there is no knob in it, expected x, y or w"),
    ("w + x", "x", "w stands alone"),
    ("x*y + w", "w", "w stands alone"),
    # what is usual on paper
    ("x^2", "^", "write ** for powers"),
    ("1 + 2x", "2x", "write 2 * x for a product"),
    ("2π*x", "2π", "write 2 * pi for a product"),
    ("2(x + 1)", "2(", "write * between the factors"),
    ("(x)(y)", ")(", "write * between the factors"),
    ("x(y + 1)", "x(", "write * between the factors"),
    ("x²y", "²y", "write * between the factors"),
    ("1 + xy", "xy", "write x * y for a product"),
    ("sin x", "sin x", "write sin(x)"),
    ("sin² x", "sin", "write sin(x)"),
    ("x + sin", "sin", "write sin(x)"),
    ("0,5*x", ",", "write a point for decimals"),
    ("C = x**2", "C", "C is not known"),
    ("x == 2", "=", "write only what is right of the equals sign"),
    ("|x|", "|", "write abs(x) for |x|"),
    ("√x", "√", "write sqrt(x)"),
    ("x//2", "//", "write / for a division"),
    ("[x]", "[", "write round brackets"),
    # unfinished
    ("x +", "+", "there is nothing after +"),
    ("x**2 * ", "*", "there is nothing after *"),
    ("*x", "*", "there is nothing before *"),
    ("x *** y", "*", "there is nothing before *"),
    ("x + ²", "²", "there is nothing before ²"),
    ("sin()", ")", "there is nothing before )"),
    ("(x + (y)", "(", "this bracket is never closed"),
    ("x)", ")", "this bracket was never opened"),
    ("01*x", "01*x", "this can't be read as a formula"),
    # no numbers
    ("x/0", "x/0", "this divides by zero"),
    ("x + log(0)", "log(0)", "log(0) is no finite real number"),
    ("x*sqrt(-1)", "sqrt(-1)", "sqrt(-1) is no finite real number"),
    ("(-8)**(1/3)*x", "(-8)**(1/3)", "is no finite real number"),
    ("1e999 + x", "1e999", "1e999 is no finite real number"),
    # too large
    ("9**9**9*x", "9**9**9", "9**9**9 is no finite real number"),
    ("x + (((9**64)**64)**64)", "(9**64)**64", "is no finite real number"),
    ("x**101", "101", "the power 101 is too large, expected at most 100"),
    ("(x**20)**20", "20", "the power 400 is too large, expected at most 100"),
    ("-" * 20 + "x", "-" * 7 + "x", "this is nested too deep"),
    ("x**" * 20 + "x", None, "this is nested too deep"),
    ("(" * 5000 + "x", None, f"this is too long, expected at most {MOST_CHARACTERS} characters"),
    ("(" * 20 + "x", "(", f"this is nested too deep, expected at most {MOST_DEPTH} brackets"),
    ("x+" * 60 + "x", "x+" * 60 + "x", f"this is too long, expected at most {MOST_NODES} numbers"),
    ("9" * 400 + "*x", None, "this is too long"),
    # code
    ("__import__('os').system('ls')", "__import__", "__import__ is not known"),
    ("import os", "import", "import is not known"),
    ("x.real", ".", ". has no meaning in a formula"),
    ("sin.__class__(x)", ".", ". has no meaning in a formula"),
    ("lambda: x", "lambda", "lambda is not known"),
    ("(x for x in y)", "for", "for is not known"),
    ("x if y else x", "if", "if is not known"),
    ("(x := 3)", ":", ": has no meaning in a formula"),
    ("await x", "await", "await is not known"),
    ("'x'", "'", "' has no meaning in a formula"),
    ("f'{x}'", "f", "f is not known"),
    ("x # y", "#", "# has no meaning in a formula"),
    ("x; y", ";", "; has no meaning in a formula"),
    ("True*x", "True", "True is not known"),
    ("1j*x", "j", "j is not known"),
    ("0x10*x", "x10", "x10 is not known"),
    ("1_000*x", "_000", "_000 is not known"),
    ("sin(*x)", "*", "there is nothing before *"),
    ("sin(x, y)", ",", "a function takes one number"),
    ("a" * 200 + "*x", "a" * 200, f"{'a' * 20}… is not known"),
    # signs that only look like others
    ("ｘ**2", "ｘ", "ｘ (U+FF58) has no meaning in a formula, expected plain letters and signs"),
    ("x + 𝑥", "𝑥", "(U+1D465) has no meaning"),
    ("х**2", "х", "(U+0445) has no meaning"),
    ("x + ２", "２", "(U+FF12) has no meaning"),
    ("x\0", "\0", "(U+0000) has no meaning"),
    ("x + \u202ey", "\u202e", "(U+202E) has no meaning"),
    ("x\ud800", "\ud800", "(U+D800) has no meaning"),
]


@pytest.mark.parametrize(("text", "part", "message"), MISTAKES, ids=[repr(text)[:30] for text, *_ in MISTAKES])
def test_a_mistake_is_told_in_a_sentence_with_its_place(text: str, part: str | None, message: str) -> None:
    with pytest.raises(FormulaError) as raised:
        formula_surface(text)
    told, (start, end) = str(raised.value), raised.value.span
    assert message in told
    assert "\n" not in told
    assert len(told) < 180
    assert 0 <= start <= end <= len(text)
    if part is not None:
        assert text[start:end] == part
