"""One scenario made into another: what a reset, a ball put down, one run more or less, or a smaller rate start from."""

from __future__ import annotations

from itertools import chain, count
from operator import itemgetter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gdviz.core.errors import InputError
from gdviz.core.optimizers import kind_of
from gdviz.core.scenario import MOST_RUNS, Scenario, from_tree, to_tree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from gdviz.core.run import Run
    from gdviz.core.scenario import RunSpec

MOST_LABEL = 60
"""characters of a run's name that is typed"""


def as_set(scenario: Scenario, runs: Sequence[Run]) -> Scenario:
    """The scenario of these runs with the optimizers' numbers as they are now."""
    return replace(scenario, runs=tuple(_as_set(run) if run.tuned else run.spec for run in runs))


def _as_set(run: Run) -> RunSpec:
    """A number that was set by hand holds from where its rule begins; the recipe's own changes of others stand."""
    # Of a rule before the one in force, it may have been a number that this one has not.
    tuned = {name: getattr(run.optimizer, name) for name in run.tuned if hasattr(run.optimizer, name)}
    known = sorted(run.spec.changes, key=itemgetter("step"))
    rules = [index for index, change in enumerate(known) if "optimizer" in change]
    since = max((index for index in rules if known[index]["step"] <= run.step), default=-1)
    until = min((index for index in rules if index > since), default=len(known))
    changes = known[: max(since, 0)]
    if since >= 0:
        changes.append({**known[since], "optimizer": {**known[since]["optimizer"], **tuned}})
    for change in known[since + 1 : until]:
        if len(left := {key: value for key, value in change.items() if key not in tuned}) > 1:
            changes.append(left)
    optimizer = run.spec.optimizer if since >= 0 else replace(run.spec.optimizer, **tuned)
    return replace(run.spec, optimizer=optimizer, changes=(*changes, *known[until:]))


def reseeded(scenario: Scenario) -> Scenario:
    """With seeds that none of the runs had."""
    seeds = [run.seed for run in scenario.runs]
    beyond = max(seeds) - min(seeds) + 1  # as far on as the runs' own seeds reach, so that none comes twice
    return replace(scenario, runs=tuple(replace(run, seed=run.seed + beyond) for run in scenario.runs))


def slower(scenario: Scenario, index: int) -> Scenario:
    """With a third of run ``index``'s learning rate, from its start to its end."""
    run = scenario.runs[index]
    rate = float(f"{run.optimizer.learning_rate / 3:.2g}")
    gentle = replace(run, optimizer=replace(run.optimizer, learning_rate=rate), changes=())
    return replace(scenario, runs=(*scenario.runs[:index], gentle, *scenario.runs[index + 1 :]))


def with_another(scenario: Scenario, index: int, start: Sequence[float] | None = None) -> Scenario:
    """With one more run: by run ``index``'s rule, from its start or from another. Raises InputError."""
    if len(scenario.runs) >= MOST_RUNS:
        raise InputError(f"no run was added: expected at most {MOST_RUNS} of them")
    tree = to_tree(scenario)
    added = dict(tree["runs"][index])
    if start is None:
        added["label"] = f"{kind_of(type(scenario.runs[index].optimizer))} {len(scenario.runs) + 1}"
    else:
        added["problem"] = added["problem"] | {"start": list(start)}
        added["label"] = f"from {', '.join(f'{knob:.3g}' for knob in start)}"
    tree["runs"] = [*tree["runs"], added]
    return from_tree(tree, "no run was added")


def without(scenario: Scenario, index: int) -> Scenario:
    """With one run less; the last one stays."""
    left = scenario.runs[:index] + scenario.runs[index + 1 :]
    return replace(scenario, runs=left or scenario.runs)


def label_from(typed: str, others: Iterable[str]) -> str:
    """The label that was typed for a run beside ``others``, on one line. Raises InputError."""
    label = " ".join("".join(c if c.isprintable() else " " for c in typed).split())
    if not label:
        raise InputError("not renamed: a run needs a name")
    if len(label) > MOST_LABEL:
        raise InputError(f"not renamed: expected at most {MOST_LABEL} characters, got {len(label)}")
    if label in others:
        raise InputError(f"not renamed: another run is called “{label}”")
    return label


def told_apart(label: str, others: Collection[str]) -> str:
    """The label, with a number behind it where another run has it already."""
    return next(name for name in chain([label], (f"{label} ({n})" for n in count(2))) if name not in others)


def relabelled(scenario: Scenario, runs: Sequence[Run]) -> Scenario:
    """With the labels that these runs have by now."""
    specs = (
        spec if spec.label == run.spec.label else replace(spec, label=run.spec.label)
        for spec, run in zip(scenario.runs, runs, strict=True)
    )
    return replace(scenario, runs=tuple(specs))
