"""A cost that is typed, such as x**2 + 3*sin(y): only what is whitelisted is read, and its slope is exact."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gdviz.core.errors import InputError
from gdviz.core.formula.grammar import KNOBS, Formula, FormulaError, read
from gdviz.core.surface import Surface

if TYPE_CHECKING:
    from gdviz.core.problem import Vector

__all__ = ["Domain", "FormulaError", "checked", "formula_surface"]

Domain: TypeAlias = tuple[tuple[float, float], ...]

_KINKED = {"abs", "sign", "floor", "sqrt"}
_TELLING = (0.75, 0.6)
"""where the ball starts, in half-widths off the centre: where most formulas are steep, and on no axis of symmetry"""
_TRIED = 41
"""values of each knob among which a start is looked for where the formula has no value there, as log(-x) has none"""


def formula_surface(expression: str, domain: Domain | None = None, start: tuple[float, ...] | None = None) -> Surface:
    """The cost that ``expression`` says, in w, in x, or in x and y.

    Parameters
    ----------
    domain : the first view, by knob; its length says how many knobs, where that is open; default -2 to 2 each
    start : default: a telling point of the domain

    Raises
    ------
    FormulaError
        with the place of what is wrong
    InputError
        that names domain or start
    """
    formula, knobs = checked(expression, domain)
    if start is not None and (len(start) != len(knobs) or not all(map(math.isfinite, start))):
        raise InputError(f"start: expected {len(knobs)} finite number(s), got {list(start)}")
    from gdviz.core.formula.symbolic import compiled  # it takes a third of a second to import sympy

    try:
        function, slope, written = compiled(formula.node, knobs)
    except ArithmeticError:
        raise _no_value(expression) from None
    surface = Surface(
        name=formula.text,
        description=f"Slope: {written if len(knobs) == 1 else f'({written})'}" if written else "Its slope is exact.",
        formula=f"C({', '.join(knobs)}) = {formula.text}",
        default_start=start or (),
        domain=domain or ((-2.0, 2.0),) * len(knobs),
        function=function,
        slope=slope,
        knobs=knobs,
        smooth=not formula.names & _KINKED,
    )
    if start is not None:
        return surface
    telling = _telling_start(surface)
    if telling is None:
        raise _no_value(expression)
    return surface.starting_at(telling)


def checked(expression: str, domain: Domain | None = None) -> tuple[Formula, tuple[str, ...]]:
    """The formula and the names of its knobs, without sympy. Raises as `formula_surface` does."""
    formula = read(expression)
    used = tuple(knob for knob in KNOBS if knob in formula.names)
    # One knob is called what it is called; y alone has an x beside it unless the domain says otherwise.
    possible = [used] if "w" in used or len(used) == 2 else [used, KNOBS[1:]]
    if used == ("y",):
        possible.reverse()
    knobs = next((names for names in possible if domain is None or len(names) == len(domain)), None)
    if knobs is None:
        counts = " or ".join(str(len(names)) for names in possible)
        raise InputError(f"domain: expected {counts} pair(s) of numbers for {', '.join(used)}, got {len(domain or ())}")
    for low, high in domain or ():
        if not 0 < high - low < math.inf:
            raise InputError(f"domain: expected pairs of finite numbers, the lower first, got {[low, high]}")
    return formula, knobs


def _telling_start(surface: Surface) -> tuple[float, ...] | None:
    """A point where cost and slope are finite: the telling one, or one that is near it and off the edge."""
    low, high = np.array(surface.domain).T
    half = (high - low) / 2

    def finite(places: Vector) -> Vector:
        with np.errstate(all="ignore"):
            costs, gradients = surface.costs_and_gradients(low + half + half * places)
        kept: Vector = places[np.isfinite(costs) & np.isfinite(gradients).all(axis=-1)]
        return kept

    telling = np.array([_TELLING[: surface.n_params]])
    found = finite(telling)
    if not len(found):
        axes = np.meshgrid(*[np.linspace(-1, 1, _TRIED)] * surface.n_params)
        found = finite(np.stack(axes, axis=-1).reshape(-1, surface.n_params))
        if not len(found):
            return None
        # The nearest lies where the formula ceases to have a value, and is often steep; so only half the way there.
        found = _by_distance(found, (_by_distance(found, telling)[0] + found.mean(axis=0)) / 2)
    return tuple((low + half + half * found[0]).tolist())


def _by_distance(places: Vector, to: Vector) -> Vector:
    nearest_first: Vector = places[np.argsort(np.sum((places - to) ** 2, axis=-1), kind="stable")]
    return nearest_first


def _no_value(expression: str) -> FormulaError:
    return FormulaError("this has no finite value and slope anywhere in its domain", (0, len(expression)))
