"""The text of a formula, read into a tree of whitelisted nodes; whatever else it holds is told, with its place."""

from __future__ import annotations

import ast
import math
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gdviz.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

Span: TypeAlias = tuple[int, int]
"""first and one past the last character"""

# What bounds the work that a text can ask for. Most costs of the literature take less than a third of it.
MOST_CHARACTERS = 300
MOST_NODES = 100
"""numbers, names and operators"""
MOST_DEPTH = 12
"""brackets, powers or signs inside each other"""
MOST_POWER = 100
"""the largest constant exponent; that of a power of a power is their product"""

KNOBS: tuple[str, ...] = ("w", "x", "y")
CONSTANTS = {"pi": math.pi, "e": math.e}
FUNCTIONS: dict[str, tuple[np.ufunc, str]] = {
    "sin": (np.sin, "cos(x)"),
    "cos": (np.cos, "-sin(x)"),
    "tan": (np.tan, "1 + tan(x)**2"),
    "asin": (np.arcsin, "1/sqrt(1 - x**2)"),
    "acos": (np.arccos, "-1/sqrt(1 - x**2)"),
    "atan": (np.arctan, "1/(1 + x**2)"),
    "sinh": (np.sinh, "cosh(x)"),
    "cosh": (np.cosh, "sinh(x)"),
    "tanh": (np.tanh, "1 - tanh(x)**2"),
    "exp": (np.exp, "exp(x)"),
    "log": (np.log, "1/x"),
    "ln": (np.log, "1/x"),
    "sqrt": (np.sqrt, "1/(2*sqrt(x))"),
    "abs": (np.abs, "sign(x)"),
    "sign": (np.sign, "0"),
    "floor": (np.floor, "0"),
}
"""each function of one argument, and its derivative, written as a formula itself; at a jump or cusp that is 0"""

_OPERATORS: dict[type[ast.operator], tuple[str, Callable[[float, float], float]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.Pow: ("**", operator.pow),
}
_SIGNS: dict[type[ast.unaryop], tuple[str, Callable[[float], float]]] = {
    ast.UAdd: ("+", operator.pos),
    ast.USub: ("-", operator.neg),
}

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<raised>[⁰¹²³⁴-⁹]+)|(?P<sign>\*\*|//|[-+*/(),·⋅×−π])"
)
_TYPOGRAPHY = {"·": "*", "⋅": "*", "×": "*", "−": "-", "π": "pi"}
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_HINTS = {
    "^": "write ** for powers, as in x**2",
    "=": "write only what is right of the equals sign",
    "|": "write abs(x) for |x|",
    "√": "write sqrt(x) for √x",
    "//": "write / for a division",
    "÷": "write / for a division",
    **dict.fromkeys("[]{}", "write round brackets"),
}


class FormulaError(InputError):
    """One sentence on what is wrong with a formula; ``span`` is where in the text that was typed."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


@dataclass(frozen=True)
class Node:
    """A number, a name, or an operator or function of one or two other nodes."""

    op: str
    args: tuple[Node, ...] = ()
    value: float | None = None
    """None where a knob is inside"""


@dataclass(frozen=True)
class Formula:
    """A formula that was read."""

    text: str
    """as it was typed, tidy"""
    node: Node
    names: frozenset[str]
    """the knobs, constants and functions in it"""


def read(text: str) -> Formula:
    """The tree of a formula of knobs, whose size and constants are bounded. Raises FormulaError."""
    node, names = parse(text)
    if node.value is not None:
        raise FormulaError("there is no knob in it, expected x, y or w", (0, len(text)))
    return Formula(" ".join(text.split()), node, names)


def parse(text: str) -> tuple[Node, frozenset[str]]:
    """The tree of a formula, and the knobs, constants and functions in it. Raises FormulaError."""
    plain, places = _plain(text)
    whole = (0, len(text))
    try:
        tree = ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # such as a number that begins with 0
        raise FormulaError("this can't be read as a formula, expected one such as x**2 + 3*sin(y)", whole) from None
    nodes = list(ast.walk(tree))
    if sum(isinstance(node, ast.Constant | ast.Name | ast.BinOp | ast.UnaryOp) for node in nodes) > MOST_NODES:
        raise FormulaError(f"this is too long, expected at most {MOST_NODES} numbers, names and operators", whole)
    return Reader(text, places).node(tree), frozenset(node.id for node in nodes if isinstance(node, ast.Name))


def _plain(text: str) -> tuple[str, list[Span]]:
    """The same formula in the signs of Python, and for each of its characters its place in ``text``.

    What is let through is a sequence of numbers, known names, operators and brackets in a sensible order.
    """
    if len(text) > MOST_CHARACTERS:
        too_much = (MOST_CHARACTERS, len(text))
        raise FormulaError(f"this is too long, expected at most {MOST_CHARACTERS} characters", too_much)
    plain = ""
    places: list[Span] = []
    brackets: list[Span] = []
    at, last, last_span, operand = 0, "", (0, 0), True  # operand: what comes next has to be one
    knobs: set[str] = set()
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = _TOKEN.match(text, at)
        span = (at, match.end() if match else at + 1)
        typed = text[slice(*span)]
        if match is None or typed in _HINTS:
            raise FormulaError(_HINTS.get(typed, _meaningless(typed)), span)
        token = _TYPOGRAPHY.get(typed, typed)
        kind = "name" if token == "pi" else match.lastgroup
        if kind == "name":
            if token not in (*KNOBS, *CONSTANTS, *FUNCTIONS):
                raise FormulaError(_unknown(token), span)
            knobs |= {token} & set(KNOBS)
            if "w" in knobs and len(knobs) > 1:
                raise FormulaError("w stands alone: write x and y for two knobs, or only w for one", span)
        if kind in ("number", "name") or token == "(":
            if last in FUNCTIONS and token != "(":
                raise FormulaError(f"write {last}({token})", (last_span[0], span[1]))
            if not operand and last not in FUNCTIONS:
                raise FormulaError(_times(last, token), (last_span[0], span[1]))
            operand = token == "("
            if token == "(":
                brackets.append(span)
                if len(brackets) > MOST_DEPTH:
                    raise FormulaError(f"this is nested too deep, expected at most {MOST_DEPTH} brackets", span)
        elif token == ",":
            raise FormulaError("write a point for decimals, as in 0.5; a function takes one number", span)
        elif last in FUNCTIONS:
            raise FormulaError(f"write {last}(x)", last_span)
        elif operand and (token not in ("+", "-")):
            raise FormulaError(f"there is nothing before {typed}, expected a number, a knob or a bracket", span)
        elif token == ")":
            if not brackets:
                raise FormulaError("this bracket was never opened", span)
            brackets.pop()
        else:
            operand = kind != "raised"
        if kind == "raised":
            token = "**" + token.translate(_RAISED)
        plain += token + " "
        places += [span] * (len(token) + 1)
        at, last, last_span = span[1], typed, span
    if not last:
        raise FormulaError("there is nothing yet, expected a formula such as x**2 + 3*sin(y)", (0, len(text)))
    if last in FUNCTIONS:
        raise FormulaError(f"write {last}(x)", last_span)
    if operand:
        raise FormulaError(f"there is nothing after {last}, expected a number, a knob or a bracket", last_span)
    if brackets:
        raise FormulaError("this bracket is never closed", brackets[-1])
    return plain, places


def _meaningless(character: str) -> str:
    shown = character if character.isprintable() else ""
    if character.isascii() and shown:
        return f"{shown} has no meaning in a formula"
    return f"{shown} (U+{ord(character):04X}) has no meaning in a formula, expected plain letters and signs".lstrip()


def _unknown(name: str) -> str:
    if set(name) <= set(KNOBS):
        return f"write {' * '.join(name)} for a product"
    shown = name if len(name) <= 20 else name[:20] + "…"
    return f"{shown} is not known, expected x, y, w, pi, e or one of {', '.join(FUNCTIONS)}"


def _times(left: str, right: str) -> str:
    if left[-1].isalnum() and left.isascii() and right != "(":
        return f"write {left} * {right} for a product"
    return "write * between the factors, as in 2 * (x + 1)"


class Reader:
    """Turns Python's syntax tree into nodes: only what is listed here passes, whatever comes in."""

    def __init__(self, text: str, places: list[Span]) -> None:
        self._text, self._places = text, places

    def node(self, tree: ast.expr, depth: int = 0, power: float = 1) -> Node:
        """The node of ``tree``, which the powers around it raise to ``power``. Raises FormulaError."""
        if depth > MOST_DEPTH:
            raise self._error(f"this is nested too deep, expected at most {MOST_DEPTH} levels", tree)
        match tree:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return self._folded(tree, "number", lambda: float(number))
            case ast.Name(id=name) if name in KNOBS:
                return Node(name)
            case ast.Name(id=name) if name in CONSTANTS:
                return Node(name, value=CONSTANTS[name])
            case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _SIGNS:
                name, signed = _SIGNS[type(sign)]
                return self._folded(tree, name, signed, self.node(operand, depth + 1, power))
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                exponent = self.node(right, depth + 1)
                power *= 1 if exponent.value is None else abs(exponent.value)
                base = self.node(left, depth + 1, power)
                if base.value is None and power > MOST_POWER:
                    raise self._error(f"the power {power:.6g} is too large, expected at most {MOST_POWER}", right)
                return self._folded(tree, "**", operator.pow, base, exponent)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                name, combined = _OPERATORS[type(op)]
                # A sum of many terms leans to the left, and is no deeper for it.
                first, second = self.node(left, depth, power), self.node(right, depth + 1, power)
                if name == "/" and second.value == 0:
                    raise self._error("this divides by zero", tree)
                return self._folded(tree, name, combined, first, second)
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
                return self._folded(tree, name, FUNCTIONS[name][0], self.node(argument, depth + 1))
        raise self._error("this has no meaning in a formula", tree)

    def _folded(self, tree: ast.expr, op: str, function: Callable[..., Any], *args: Node) -> Node:
        """The node; where there is no knob in it, with its value in floating point, which takes no time to find."""
        if any(arg.value is None for arg in args):
            return Node(op, args)
        try:
            with np.errstate(all="ignore"):
                value = function(*(arg.value for arg in args))
        except (OverflowError, ZeroDivisionError):
            value = math.inf
        if isinstance(value, complex) or not math.isfinite(value):
            raise self._error(f"{self._piece(tree)} is no finite real number", tree)
        if all(arg.op == "number" for arg in args):
            return Node("number", value=float(value))
        return Node(op, args, float(value))  # what has pi or e in it is kept as it was typed

    def _span(self, tree: ast.expr) -> Span:
        return self._places[tree.col_offset][0], self._places[(tree.end_col_offset or 1) - 1][1]

    def _piece(self, tree: ast.expr) -> str:
        piece = self._text[slice(*self._span(tree))]
        return piece if len(piece) <= 30 else piece[:30] + "…"

    def _error(self, message: str, tree: ast.expr) -> FormulaError:
        return FormulaError(message, self._span(tree))
