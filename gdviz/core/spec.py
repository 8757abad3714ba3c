"""The base of everything that a recipe is made of: typed, bounded, described where it is declared."""

from __future__ import annotations

import math
import re
from collections import ChainMap
from functools import cache
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

import msgspec
from msgspec import Meta, inspect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


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
    above_low: bool = False
    """``low`` itself is not accepted"""
    below_high: bool = False
    """``high`` itself is not accepted"""


@cache
def knobs(spec: type[Spec]) -> tuple[Knob, ...]:
    """The bounded floating-point fields of ``spec``, in order of declaration."""
    hints = get_type_hints(spec, include_extras=True)
    found = []
    for field in msgspec.structs.fields(spec):
        hint = hints[field.name]
        if getattr(hint, "__origin__", None) is float:
            # One field may have several: the bounds from an alias, the description of its own.
            said = ChainMap(*(_said(meta) for meta in hint.__metadata__ if isinstance(meta, Meta)))
            low, high = said.get("gt", said.get("ge", -math.inf)), said.get("lt", said.get("le", math.inf))
            bounds = low, high, "gt" in said, "lt" in said
            found.append(Knob(field.name, said.get("description", ""), field.default, *bounds))
    return tuple(found)


def _said(meta: Meta) -> dict[str, Any]:
    names = ("gt", "ge", "lt", "le", "description")
    return {name: value for name in names if (value := getattr(meta, name)) is not None}


def changed(spec: Any, name: str, value: float) -> Any:
    """``spec`` with one field replaced, validated like a file. Raises msgspec.ValidationError naming the key."""
    return msgspec.convert(msgspec.to_builtins(spec) | {name: value}, type(spec))


def explain(error: msgspec.ValidationError, tree: Any, spec: type[Spec]) -> str:
    """Msgspec's message on converting ``tree`` to ``spec``, as "runs[0].optimizer.kind: expected ..., got 'adm'"."""
    what, at, where = str(error).rpartition(" - at `$")
    what, key = (what, where.rstrip("`").removeprefix(".")) if at else (where, "")
    if what[0].islower():  # our own, which begins with the key inside of what it found wrong
        return f"{key}.{what}" if key else what
    types, value = [inspect.type_info(spec)], tree
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+|\.\.\.)\]", key):
        if index == "...":  # msgspec does not say which entry of a table it means
            name = next(entry for entry in value if isinstance(value[entry], bool | str | list | dict))
            key = key.replace("[...]", f".{name}")
        types = list(_inside(types, value, name))
        value = value[int(index)] if index and index != "..." else value.get(name)
    if wrong := re.match(r"Object (contains unknown|missing required) field `(.*)`", what):
        key = f"{key}.{wrong[2]}" if key else wrong[2]
        if wrong[1] == "contains unknown":
            return f"{key}: unknown key, expected one of {', '.join(_keys(_chosen(types, value)))}"
        return f"{key}: missing, expected {_describe(_inside(types, value, wrong[2]))}"
    return f"{key or 'the whole'}: expected {_describe(types)}, got {shortened(value)}"


def _plain(types: Iterable[inspect.Type]) -> Iterator[inspect.Type]:
    """The alternatives that unions and annotations hold."""
    for kind in types:
        if isinstance(kind, inspect.Metadata):
            yield from _plain([kind.type])
        elif isinstance(kind, inspect.UnionType):
            yield from _plain(kind.types)
        else:
            yield kind


def _chosen(types: Iterable[inspect.Type], value: Any) -> list[inspect.StructType]:
    """The specs among ``types``: the one that the value's kind names, otherwise all of them."""
    structs = [kind for kind in _plain(types) if isinstance(kind, inspect.StructType)]
    return [kind for kind in structs if kind.tag_field and value.get(kind.tag_field) == kind.tag] or structs


def _keys(structs: Iterable[inspect.StructType]) -> list[str]:
    keys = [key for kind in structs for key in (kind.tag_field, *(field.encode_name for field in kind.fields)) if key]
    return list(dict.fromkeys(keys))


def _inside(types: Iterable[inspect.Type], value: Any, name: str) -> Iterator[inspect.Type]:
    """The types of the key ``name`` of ``value``, or of each entry of a list."""
    for kind in _plain(types):
        if isinstance(kind, inspect.VarTupleType):
            yield kind.item_type
        elif isinstance(kind, inspect.TupleType):
            yield from kind.item_types
        elif isinstance(kind, inspect.DictType):
            yield kind.value_type
    if name:
        for struct in _chosen(types, value):
            if name == struct.tag_field:
                yield inspect.LiteralType((struct.tag,))
            yield from (field.type for field in struct.fields if field.encode_name == name)


def _describe(types: Iterable[inspect.Type]) -> str:
    found = []
    for kind in _plain(types):
        match kind:
            case inspect.LiteralType():
                found += [str(value) for value in kind.values]
            case inspect.IntType() | inspect.FloatType():
                limits = ((">", kind.gt), (">=", kind.ge), ("<", kind.lt), ("<=", kind.le))
                bounds = " and ".join(f"{sign} {limit:g}" for sign, limit in limits if limit is not None)
                name = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
                found.append(f"{name} {bounds}".rstrip())
            case inspect.StrType():
                found.append("a text")
            case inspect.TupleType():
                found.append(f"a list of {len(kind.item_types)}")
            case inspect.VarTupleType():
                most = "" if kind.max_length is None else f" to {kind.max_length}"
                found.append("a list" + (f" of {kind.min_length}{most or ' or more'}" if kind.min_length else ""))
            case inspect.NoneType():
                found.append("null")
            case _:
                found.append("a table")
    *others, last = dict.fromkeys(found)
    return f"{', '.join(others)} or {last}" if others else last
