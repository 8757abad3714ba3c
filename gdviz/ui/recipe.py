"""A session's recipe as the knobs panel shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from msgspec import UNSET

from gdviz.core.optimizers import OPTIMIZERS, kind_of
from gdviz.core.run import DEFAULT_BATCH
from gdviz.core.scenario import DigitsProblem
from gdviz.core.spec import knobs
from gdviz.ui.controls import KnobsRecipe, RunRow
from gdviz.ui.fields import Rebuild

if TYPE_CHECKING:
    from gdviz.ui.session import Session
    from gdviz.ui.theme import Theme

_DIGITS = {
    "hidden": "neurons in each hidden layer",
    "activation": "what a hidden neuron makes of its weighted sum",
    "cost": "what is minimised",
    "init": "how the initial weights are drawn",
    "train_size": "how many training images, from the first",
    "shuffle_labels": "fraction of the training labels replaced by random ones",
    "data": "mnist, or a folder with the four IDX files",
}


def knobs_recipe(session: Session, theme: Theme) -> KnobsRecipe:
    """What the panel shows of the selected run. Only while a scenario is open."""
    scenario, run = session.scenario, session.run
    assert scenario is not None and run is not None  # noqa: PT018 - one condition: something is open
    optimizer = run.optimizer
    return KnobsRecipe(
        optimizer=kind_of(type(optimizer)),
        optimizers=tuple((kind_of(kind), _first_line(kind.__doc__), kind.formula) for kind in OPTIMIZERS),
        live=tuple(
            (knob.name, knob.description, float(getattr(optimizer, knob.name)), knob.low, knob.high)
            for knob in knobs(type(optimizer))
        ),
        rebuild=_rebuild(session),
        caption=scenario.caption,
        runs=tuple(
            RunRow(each.label, theme.run(index), index == session.selected) for index, each in enumerate(session.runs)
        ),
    )


def _rebuild(session: Session) -> tuple[Rebuild, ...]:
    scenario, run = session.scenario, session.run
    assert scenario is not None and run is not None  # noqa: PT018 - as above
    problem = scenario.problem
    if not isinstance(problem, DigitsProblem):
        start = [float(value) for value in run.history.checkpoint(0).theta]
        return (Rebuild("start", "where the ball starts", start),)
    fields = []
    for name, description in _DIGITS.items():
        own = getattr(run.spec.problem, name, UNSET)
        value: Any = getattr(problem, name) if own is UNSET else own
        if isinstance(value, tuple):
            value = list(value)
        choices = get_args(get_type_hints(DigitsProblem)[name])
        words = tuple(choice for choice in choices if isinstance(choice, str))
        fields.append(Rebuild(name, description, "all" if value is UNSET else value, words))
    batch = DEFAULT_BATCH if run.spec.batch_size is UNSET else run.spec.batch_size
    fields.insert(1, Rebuild("batch_size", "training images that each step looks at; or full", batch))
    fields.append(Rebuild("seed", "what all randomness is drawn from", run.spec.seed))
    return tuple(fields)


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]
