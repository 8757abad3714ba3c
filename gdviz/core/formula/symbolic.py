"""A formula's tree as functions of numbers: its cost and its exact slope, by symbolic differentiation.

Nothing but this module imports sympy, and only a typed formula imports this module.
"""

from __future__ import annotations

import math
import re
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter
from sympy.simplify.cse_main import tree_cse

from gdviz.core.formula.grammar import CONSTANTS, FUNCTIONS, Node, parse

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT = 60
"""characters of a slope that can be read at a glance"""


@lru_cache(maxsize=32)  # each run of a scenario asks for it
def compiled(node: Node, knobs: tuple[str, ...]) -> tuple[Callable[..., Any], Callable[..., tuple[Any, ...]], str]:
    """The cost and its slope as functions of one float or array a knob, and the slope in writing where it is short.

    Raises ArithmeticError where one of its numbers is infinite or too large.
    """
    cost, *parts = _differentiated(node, knobs)
    slope = sympy.Tuple(*parts)
    return _function(knobs, cost), _function(knobs, slope), _written(slope)


def _differentiated(node: Node, knobs: tuple[str, ...]) -> tuple[Any, ...]:
    """The tree in sympy's terms, and its derivative by each knob.

    Sympy tidies sums, products and whole powers as they are put together. The rules are applied here, node by node:
    the slope of a product of n factors takes n steps then, where sympy's own derivative has n terms of n factors.
    """
    if not node.args:
        value = sympy.Symbol(node.op) if node.op != "number" else _number(node.value or 0.0)
        return value, *(sympy.Integer(node.op == knob) for knob in knobs)
    (u, *du), *others = (_differentiated(arg, knobs) for arg in node.args)
    v, *dv = others[0] if others else (None,)
    match node.op, v:
        case "+", None:
            return u, *du
        case "-", None:
            return -u, *(-p for p in du)
        case "+", _:
            return u + v, *(p + q for p, q in zip(du, dv, strict=True))
        case "-", _:
            return u - v, *(p - q for p, q in zip(du, dv, strict=True))
        case "*", _:
            return u * v, *(_times(p, v) + _times(q, u) for p, q in zip(du, dv, strict=True))
        case "/", _:
            return u / v, *(_times(p, 1 / v) - _times(q, u / v**2) for p, q in zip(du, dv, strict=True))
        # Only an exponent that was bounded when it was read: one such as 10**15*y/y becomes a whole number, too.
        case "**", sympy.Integer() if node.args[1].op == "number":
            return u**v, *(_times(p, v * u ** (v - 1)) for p in du)
        case "**", _ if node.args[0].op == "e":
            power = _inert("exp")(v)
            return power, *(_times(q, power) for q in dv)
        case "**", _:
            power, rise, log = _inert("power")(u, v), v * _inert("power")(u, v - 1), _inert("log")(u)
            return power, *(_times(p, rise) + _times(q, power * log) for p, q in zip(du, dv, strict=True))
    # Not looked up in vain: the slope of sin has a cos in it, whose slope has a sin.
    slope = _slope(node.op).xreplace({sympy.Symbol("x"): u}) if any(du) else 0
    return _inert(node.op)(u), *(_times(p, slope) for p in du)


def _times(slope: Any, factor: Any) -> Any:
    """The product; before sympy said 0, it would ask at length whether each part of the factor is finite."""
    return factor * slope if slope else slope


def _number(value: float) -> Any:
    return sympy.Integer(int(value)) if value.is_integer() and abs(value) < 2**53 else sympy.Float(value)


@cache
def _inert(name: str) -> Any:
    """A function of which sympy knows nothing.

    Its own functions rewrite themselves, to what is equal for complex numbers, in any time and memory:
    exp(exp(1000*x/x)) would be worked out as a number of 10^434 digits.
    """
    return type(name, (sympy.Function,), {"_eval_evalf": lambda self, precision: None})


@cache
def _slope(name: str) -> Any:
    """The derivative of a function of one argument, in terms of x."""
    return _differentiated(parse(FUNCTIONS[name][1])[0], ())[0]


class _Code(StrPrinter):  # type: ignore[misc]  # sympy ships no types
    """Python that computes with floats: whole numbers of any length would not go with arrays."""

    def _number(self, value: float) -> str:
        return repr(value)

    def _print_Rational(self, expr: Any) -> str:
        return self._number(expr.p / expr.q)  # whole numbers too; raises OverflowError

    _print_Integer = _print_Rational

    def _print_Float(self, expr: Any) -> str:
        if math.isinf(value := float(expr)):
            raise OverflowError
        return self._number(value)

    def _print_Symbol(self, expr: Any) -> str:
        return f"{expr.name}_" if expr.name in CONSTANTS else str(expr.name)

    def _print_ComplexInfinity(self, expr: Any) -> str:
        raise ZeroDivisionError

    _print_NaN = _print_Infinity = _print_NegativeInfinity = _print_ComplexInfinity


class _Written(_Code):
    """For people."""

    def _number(self, value: float) -> str:
        return f"{value:.12g}"

    def _print_Symbol(self, expr: Any) -> str:
        return str(expr.name)

    def _print_power(self, expr: Any) -> str:
        base, exponent = (self.parenthesize(arg, PRECEDENCE["Pow"]) for arg in expr.args)
        return f"{base}**{exponent}"


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _written(slope: Any) -> str:
    """A slope as "2x, 6y"; empty where it is not short."""
    if next(islice(sympy.preorder_traversal(slope), SHORT, None), None) is not None:  # a long one is not even printed
        return ""
    whole = {number: _number(float(number)) for number in slope.atoms(sympy.Float)}
    text = ", ".join(map(_Written().doprint, slope.xreplace(whole)))
    text = re.sub(r"\*\*([0-9]+)(?![0-9.e]|\*\*)", lambda power: power[1].translate(_RAISED), text)
    text = re.sub(r"(?<![a-z0-9.])([0-9.]+)\*(?=[a-z(])", r"\1", text).replace("**", "^").replace("*", "·")
    return text if len(text) <= SHORT else ""


# Constants of numpy, for among arrays nobody would catch the exception that (1e300*pi)**2 is in plain floats.
_NAMES: dict[str, Any] = {
    **{f"{name}_": np.float64(value) for name, value in CONSTANTS.items()},
    **{name: ufunc for name, (ufunc, _) in FUNCTIONS.items()},
    "power": np.power,
}


def _function(knobs: tuple[str, ...], result: Any) -> Callable[..., Any]:
    """Python's function of what is whitelisted, where whatever occurs twice is computed once."""

    def steps(expression: Any) -> tuple[Any, Any]:
        replacements, (reduced,) = tree_cse([expression], sympy.numbered_symbols("t"), order="none")
        return replacements, reduced

    function: Callable[..., Any] = sympy.lambdify(
        knobs, result, modules=[_NAMES], printer=_Code(), cse=steps, docstring_limit=0
    )
    return function
