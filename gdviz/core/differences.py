"""What tells runs apart by their recipes, in words, but for the kind of the rule and its rate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import UNSET
from msgspec.structs import asdict

from gdviz.core.optimizers import kind_of
from gdviz.core.run import DEFAULT_BATCH
from gdviz.core.scenario import DigitsProblem
from gdviz.core.spec import knobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gdviz.core.optimizer import Optimizer
    from gdviz.core.scenario import AnyProblem, RunSpec

_MOST_CHANGES = 8
"""that are told in full: a slider that is dragged makes hundreds"""


class Recipe(NamedTuple):
    """All that makes a run what it is."""

    problem: AnyProblem | None
    """what the scenario says for all of its runs, where that is known"""
    spec: RunSpec
    changes: Sequence[dict[str, Any]]
    """those of the spec, and more that were made while it ran"""


class Difference(NamedTuple):
    """What a run has otherwise than another; both texts are empty where there is nothing to tell."""

    short: str
    """for a table: "seed 1, batch 100" """
    full: str
    """for a tooltip, in the same order"""


class _Fact(NamedTuple):
    value: Any
    short: str
    full: str


def differences(recipes: Sequence[Recipe]) -> tuple[Difference, ...]:
    """For each recipe what of it is not the same in all of them, most telling first."""
    facts = [_facts(recipe.problem, recipe.spec) for recipe in recipes]
    keys = dict.fromkeys(key for each in facts for key in each)
    telling = [key for key in keys if not _alike(each[key].value for each in facts if key in each)]
    numbers = _numbers([recipe.spec.optimizer for recipe in recipes])
    changed = not _alike(recipe.changes for recipe in recipes)
    told = []
    for each, of_rule, recipe in zip(facts, numbers, recipes, strict=True):
        told.append([each[key] for key in telling if key in each] + of_rule)
        if changed and recipe.changes:
            told[-1].append(_changes(recipe.changes))
    return tuple(Difference(", ".join(f.short for f in each), ", ".join(f.full for f in each)) for each in told)


def _alike(values: Iterable[Any]) -> bool:
    first, *others = values
    return all(value == first for value in others)


def _facts(problem: AnyProblem | None, spec: RunSpec) -> dict[str, _Fact]:
    own: dict[str, Any] = {} if problem is None else asdict(problem)
    own |= {key: value for key, value in asdict(spec.problem).items() if value is not UNSET}
    if problem is not None and own.get("start", 0) is UNSET and not isinstance(problem, DigitsProblem):
        own["start"] = problem.surface.default_start
    if isinstance(problem, DigitsProblem):  # without batches there is nothing that a seed decides
        size = own["train_size"]
        batch = DEFAULT_BATCH if spec.batch_size is UNSET else spec.batch_size
        own["batch_size"] = batch if size is UNSET or batch == "full" else min(batch, size)
        own["seed"] = spec.seed
    facts = {key: _Fact(own[key], *words(own[key])) for key, words in _WORDS.items() if key in own}
    facts["schedule"] = _Fact(spec.schedule, *_schedule(spec))
    return facts


def _same(text: str) -> tuple[str, str]:
    return text, text


def _batch(size: int | str) -> tuple[str, str]:
    return ("full batch", "the full batch") if size == "full" else (f"batch {size}", f"batches of {size:,} images")


def _labels(shuffled: float) -> tuple[str, str]:
    if not shuffled:
        return _same("true labels")
    some = "" if shuffled == 1 else f"{100 * shuffled:.3g} % "
    return f"{some}random labels", f"{some}of the labels at random" if some else "all labels at random"


_WORDS: dict[str, Callable[[Any], tuple[str, str]]] = {
    "shuffle_labels": _labels,
    "hidden": lambda sizes: ("-".join(map(str, sizes)), f"hidden layers {'-'.join(map(str, sizes))}"),
    "activation": _same,
    "cost": _same,
    "batch_size": _batch,
    "train_size": lambda n: _same("all images" if n is UNSET else f"{n:,} images"),
    "init": lambda name: (f"init {name}", f"initial weights by {name}"),
    "start": lambda at: (where := f"from ({', '.join(f'{knob:.4g}' for knob in at)})", where),
    "data": lambda name: (f"data {Path(name).name}", f"data {name}"),
    "seed": lambda seed: _same(f"seed {seed}"),
}
"""short and in full, by the key in a recipe"""


def _schedule(spec: RunSpec) -> tuple[str, str]:
    schedule, kind = spec.schedule, str(type(spec.schedule).__struct_config__.tag)
    set_to = [f"{_spelled(knob.name)} {getattr(schedule, knob.name):.3g}" for knob in knobs(type(schedule))]
    full = f"{kind} schedule" + (f" ({', '.join(set_to)})" if set_to else "")
    usual = schedule == type(schedule)()
    return f"{kind} rate" if kind == "constant" else kind if usual else f"{kind}, {', '.join(set_to)}", full


def _numbers(rules: Sequence[Optimizer]) -> list[list[_Fact]]:
    """Of each rule those numbers that not all rules which have them share, but for what is usual for its kind."""
    told: list[list[_Fact]] = []
    for rule in rules:
        mine = []
        for knob in knobs(type(rule)):
            value = getattr(rule, knob.name)
            of_kind = [getattr(other, knob.name) for other in rules if type(other) is type(rule)]
            usual = _alike([*of_kind, knob.default])
            all_of_them = [getattr(other, knob.name, value) for other in rules]
            if knob.name != "learning_rate" and not usual and not _alike(all_of_them):
                mine.append(_Fact(value, *_same(f"{_spelled(knob.name)} {value:.4g}")))
        told.append(mine)
    return told


def _changes(changes: Sequence[dict[str, Any]]) -> _Fact:
    more, untold = len(changes) - 1, len(changes) - _MOST_CHANGES
    words = [_change(change) for change in sorted(changes, key=lambda change: change["step"])[-_MOST_CHANGES:]]
    full = words if untold <= 0 else [f"{untold:,} other changes", *words]
    return _Fact(changes, f"{words[-1]} (+{more})" if more else words[-1], ", ".join(full))


def _change(change: dict[str, Any]) -> str:
    what = []
    for key, value in change.items():
        if key == "optimizer":
            what.append(value["kind"] if isinstance(value, dict) else kind_of(type(value)))
        elif key != "step":
            what.append(f"{'rate' if key == 'learning_rate' else _spelled(key)} {value:.4g}")
    return f"{' and '.join(what)} from {int(change['step']):,}"


def _spelled(name: str) -> str:
    return name.replace("_", " ")
