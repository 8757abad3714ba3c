"""A session's recipe as the knobs panel shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from msgspec import UNSET

from gdviz.core.optimizers import OPTIMIZERS, kind_of
from gdviz.core.run import DEFAULT_BATCH
from gdviz.core.scenario import DigitsProblem, FormulaProblem, SurfaceProblem
from gdviz.core.schedules import Constant
from gdviz.core.spec import knobs
from gdviz.core.surfaces import SURFACES
from gdviz.ui.controls import KnobsRecipe
from gdviz.ui.cost import CostRecipe
from gdviz.ui.fields import Rebuild

if TYPE_CHECKING:
    from gdviz.core.scenario import AnyProblem
    from gdviz.ui.session import Session

_DIGITS = {
    "hidden": "neurons in each hidden layer",
    "activation": "what a hidden neuron makes of its weighted sum",
    "cost": "what is minimised",
    "init": "how the initial weights are drawn",
    "train_size": "how many training images, from the first",
    "shuffle_labels": "fraction of the training labels replaced by random ones",
    "data": "mnist, or a folder with the four IDX files",
}


def knobs_recipe(session: Session) -> KnobsRecipe:
    """What the panel shows of the selected run. Only while a scenario is open."""
    scenario, run = session.scenario, session.run
    assert scenario is not None and run is not None  # noqa: PT018 - one condition: something is open
    optimizer = run.optimizer
    digits = isinstance(scenario.problem, DigitsProblem)
    # A search looks at the cost many times a step: cheap on a surface, minutes on all the images.
    kinds = [kind for kind in OPTIMIZERS if not (digits and kind.searches)]
    return KnobsRecipe(
        optimizer=kind_of(type(optimizer)),
        optimizers=tuple((kind_of(kind), _first_line(kind.__doc__), kind.formula) for kind in kinds),
        live=tuple((knob, float(getattr(optimizer, knob.name))) for knob in knobs(type(optimizer))),
        rebuild=_rebuild(session),
        caption=scenario.caption,
        cost=_cost(scenario.problem),
        can_explore=not digits and not optimizer.searches,
        zoned=not optimizer.searches
        and (not digits or (run.steps_per_epoch == 1 and optimizer.limits(1.0) is not None)),
        n_runs=len(session.runs),
        schedule="" if isinstance(run.spec.schedule, Constant) else str(run.spec.schedule.__struct_config__.tag),
    )


def _cost(problem: AnyProblem) -> CostRecipe | None:
    surfaces = tuple((surface.name, surface.description, surface.formula) for surface in SURFACES)
    match problem:
        case SurfaceProblem():
            return CostRecipe(surfaces, problem.name, "")
        case FormulaProblem():
            return CostRecipe(surfaces, "", problem.expression)
    return None


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
