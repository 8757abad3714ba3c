"""The base of everything that a recipe is made of: typed, bounded, described where it is declared."""

from __future__ import annotations

import math
from typing import Annotated, Any, NamedTuple, get_type_hints

import msgspec
from msgspec import Meta


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A frozen piece of a recipe. Its fields' `Meta` holds bounds and one-line description, and nothing else does."""

    def __post_init__(self) -> None:
        # A bound does not catch nan (every comparison with it is false), nor a missing upper bound inf.
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{name}: expected a finite number, got {value}")


class Knob(NamedTuple):
    """One number of a spec that may be changed while a run goes on: what a control needs to know about it."""

    name: str
    description: str
    default: float
    low: float
    high: float


def knobs(spec: type[Spec]) -> tuple[Knob, ...]:
    """The bounded floating-point fields of ``spec``, in order of declaration."""
    hints = get_type_hints(spec, include_extras=True)
    found = []
    for field in msgspec.structs.fields(spec):
        hint = hints[field.name]
        for meta in getattr(hint, "__metadata__", ()):
            if isinstance(meta, Meta) and hint.__origin__ is float:
                low = meta.gt if meta.gt is not None else meta.ge
                high = meta.lt if meta.lt is not None else meta.le
                found.append(
                    Knob(
                        field.name,
                        meta.description or "",
                        field.default,
                        -math.inf if low is None else low,
                        math.inf if high is None else high,
                    )
                )
    return tuple(found)


def changed(spec: Any, name: str, value: float) -> Any:
    """``spec`` with one field replaced, validated like a file. Raises msgspec.ValidationError naming the key."""
    return msgspec.convert(msgspec.to_builtins(spec) | {name: value}, type(spec))


Positive = Annotated[float, Meta(gt=0)]
