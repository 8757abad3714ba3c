"""A step in words, symbols and numbers, part by part."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gdviz.ui.numbers import number, operand

if TYPE_CHECKING:
    from gdviz.core.frame import Frame
    from gdviz.core.optimizer import Optimizer, Role, Term

_SQUARED_POWER = re.compile(r"([\d.]+e−?\d+)(?=²)")
"""1e−7² would read as 1e−(7²)"""
_TWICE = re.compile(r"\((\([^()]*\))\)")
"""sign((−2)), where the rule has parentheses around a negative operand's own"""


@dataclass(frozen=True, slots=True)
class Row:
    """One part of the step in words, in symbols and, for every knob, in numbers."""

    name: str
    rule: str
    role: Role | None
    """None for the new point"""
    sums: tuple[str, ...]
    """(n_knobs,) the rule with this step's numbers"""
    values: tuple[str, ...]
    """(n_knobs,) what comes of it"""


def rows(frame: Frame) -> tuple[Row, ...]:
    """All parts of the step that follows, the new point last; none where its terms are not known."""
    if not frame.terms:
        return ()
    slope, *made = frame.terms
    knobs = frame.problem.knobs  # type: ignore[attr-defined]  # terms are of surfaces, whose knobs have names
    return _measured(slope, knobs), *(_row(term, len(knobs)) for term in made), _landing(frame, made[-1], knobs)


def _measured(slope: Term, knobs: tuple[str, ...]) -> Row:
    if len(knobs) == 1:
        rule, derivative = f"C′({knobs[0]})", "dC/d{}"
    else:
        rule, derivative = f"∇C({', '.join(knobs)})", "∂C/∂{}"
    return Row(slope.name, rule, slope.role, tuple(map(derivative.format, knobs)), tuple(map(number, slope.value)))


def _row(term: Term, n_knobs: int) -> Row:
    parts = {key: np.broadcast_to(part, n_knobs) for key, part in term.parts.items()}
    filled = (term.rule.format_map({key: operand(part[i]) for key, part in parts.items()}) for i in range(n_knobs))
    sums = tuple(_TWICE.sub(r"\1", _SQUARED_POWER.sub(r"(\1)", text)) for text in filled)
    rule = term.rule.format_map({key: key for key in parts})
    return Row(term.name, f"{term.symbol} ← {rule}", term.role, sums, tuple(map(number, term.value)))


def _landing(frame: Frame, step: Term, knobs: tuple[str, ...]) -> Row:
    name, theta = (f"new {knobs[0]}", knobs[0]) if len(knobs) == 1 else ("new point", "θ")
    sums = tuple(f"{number(at)} − {operand(by)}" for at, by in zip(frame.theta, step.value, strict=True))
    with np.errstate(all="ignore"):  # after the last finite step, too
        landing = frame.theta - step.value
    return Row(name, f"{theta} ← {theta} − {step.symbol}", None, sums, tuple(map(number, landing)))


def missing(frame: Frame) -> str:
    """Why there is nothing to take apart, in a sentence."""
    if frame.theta.size > 2:
        return (
            f"{frame.theta.size:,} knobs at once, and for each of them this rule: "
            "a step is taken apart for costs of one or two knobs."
        )
    return f"What the optimizer remembered at step {frame.step:,} was not kept, so this step cannot be taken apart."


def title(rule: type[Optimizer]) -> tuple[str, str]:
    """The rule's name, and what its description says of it."""
    name, _, says = " ".join((inspect.getdoc(rule) or rule.__name__).split()).partition(": ")
    return name, says[:1].upper() + says[1:]
