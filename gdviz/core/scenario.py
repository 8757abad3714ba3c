"""The complete recipe of one or more runs, in TOML: run twice, it gives bit-identical histories."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
import tomli_w
from msgspec import UNSET, Meta, UnsetType

from gdviz.core.errors import InputError
from gdviz.core.formula import Domain, FormulaError, checked, formula_surface
from gdviz.core.frame import PlaneKind
from gdviz.core.network import CostName, InitName
from gdviz.core.optimizers import AnyOptimizer, GradientDescent
from gdviz.core.resources import resource
from gdviz.core.schedules import AnySchedule, Constant
from gdviz.core.spec import Spec, changed, explain, knobs
from gdviz.core.surface import Surface
from gdviz.core.surfaces import SURFACES

MOST_BYTES = 1 << 20
"""a scenario file is a page of text; anything larger is something else"""

DEFAULT = "digits"
"""the scenario that is opened where none is named"""
MOST_RUNS = 64

Count: TypeAlias = Annotated[int, Meta(ge=1, le=10**12)]
Width: TypeAlias = Annotated[int, Meta(ge=1, le=4096)]
Hidden: TypeAlias = Annotated[tuple[Width, ...], Meta(min_length=1, max_length=8)]
Part: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Start: TypeAlias = Annotated[tuple[float, ...], Meta(min_length=1, max_length=2)]


class View(Spec, frozen=True):
    """How the window opens."""

    speed: Annotated[float, Meta(gt=0, le=1e6)] | Literal["max"] = "max"
    surface: Literal["2d", "3d"] = "2d"
    cost_axis: Literal["log", "linear"] = "linear"
    plane: PlaneKind = "path"
    images: Count = 1000
    sharpness: bool = False


class SurfaceProblem(Spec, frozen=True, tag_field="kind", tag="surface"):
    """An analytic cost from the catalogue."""

    name: str
    start: Start | UnsetType = UNSET

    def __post_init__(self) -> None:
        names = [surface.name for surface in SURFACES]
        if self.name not in names:
            raise ValueError(f"name: expected one of {', '.join(names)}, got {self.name!r}")
        if self.start is not UNSET:
            check_start(self.start, self.n_params)

    @property
    def surface(self) -> Surface:
        """The entry of the catalogue, from this start."""
        surface = next(surface for surface in SURFACES if surface.name == self.name)
        return surface if self.start is UNSET else surface.starting_at(self.start)

    @property
    def n_params(self) -> int:
        """How many knobs it has."""
        return self.surface.n_params


class FormulaProblem(Spec, frozen=True, tag_field="kind", tag="formula"):
    """A typed cost, as formula.py reads it."""

    expression: str
    domain: Annotated[Domain, Meta(min_length=1, max_length=2)] | UnsetType = UNSET
    start: Start | UnsetType = UNSET

    def __post_init__(self) -> None:
        try:
            n_params = self.n_params
        except FormulaError as error:
            raise ValueError(f"expression: {error} (at character {error.span[0] + 1})") from None
        if self.start is not UNSET:
            check_start(self.start, n_params)

    @property
    def surface(self) -> Surface:
        """What is typed. Raises InputError that names the key."""
        try:
            return formula_surface(self.expression, self.domain or None, self.start or None)
        except FormulaError as error:
            raise InputError(f"problem.expression: {error}") from None

    @property
    def n_params(self) -> int:
        """How many knobs it has."""
        _, knobs = checked(self.expression, self.domain or None)
        return len(knobs)


class DigitsProblem(Spec, frozen=True, tag_field="kind", tag="digits"):
    """A network that learns to read digits."""

    data: str = "mnist"
    hidden: Hidden = (16, 16)
    activation: Literal["sigmoid", "relu", "tanh", "leaky-relu", "step"] = "sigmoid"
    cost: CostName = "squared-error"
    init: InitName = "xavier"
    train_size: Count | UnsetType = UNSET
    shuffle_labels: Part = 0.0
    evaluate: Count | Literal["epoch"] = "epoch"


AnyProblem: TypeAlias = SurfaceProblem | FormulaProblem | DigitsProblem


class Override(Spec, frozen=True):
    """What a run may have otherwise than the scenario's problem."""

    start: Start | UnsetType = UNSET
    shuffle_labels: Part | UnsetType = UNSET
    train_size: Count | UnsetType = UNSET
    init: InitName | UnsetType = UNSET
    hidden: Hidden | UnsetType = UNSET


class Flat(Spec, frozen=True):
    """The running mean over ``steps`` fell by less than ``relative`` of itself since ``steps`` before."""

    steps: Annotated[int, Meta(ge=1, le=10**6)]
    relative: Annotated[float, Meta(ge=0, lt=1)]


class Stop(Spec, frozen=True):
    """When a run ends: at the first that holds. Where neither steps nor epochs is given, their default stands too."""

    steps: Count | UnsetType = UNSET
    epochs: Count | UnsetType = UNSET
    cost_below: float | UnsetType = UNSET
    flat: Flat | UnsetType = UNSET


class RunSpec(Spec, frozen=True):
    """One ball and one curve."""

    label: str = ""
    batch_size: Annotated[int, Meta(ge=1, le=10**9)] | Literal["full"] | UnsetType = UNSET
    seed: Annotated[int, Meta(ge=0, le=2**62)] = 0
    optimizer: AnyOptimizer = GradientDescent()
    schedule: AnySchedule = Constant()
    problem: Override = Override()
    changes: tuple[dict[str, Any], ...] = ()
    """each with a `step`, numbers of the optimizer by their names, and `optimizer` where another rule begins there"""

    def __post_init__(self) -> None:
        super().__post_init__()
        for index, change in enumerate(self.changes):
            step = change.get("step", -1)
            if not isinstance(step, int | float) or step < 0 or not float(step).is_integer():
                where = f"changes[{index}].step"
                raise ValueError(f"{where}: expected a whole number >= 0, got {change.get('step', 'none')}")
        rule: AnyOptimizer = self.optimizer
        for index, change in sorted(enumerate(self.changes), key=lambda of: of[1]["step"]):
            rule = _checked(f"changes[{index}]", change, rule)

    @property
    def revisions(self) -> list[tuple[int, dict[str, float | AnyOptimizer]]]:
        """The changes in order: (step, {knob of the optimizer: value}), "optimizer" being another rule."""
        read = []
        for change in sorted(self.changes, key=lambda change: change["step"]):
            # Another rule first: the numbers beside it are its own.
            keys = sorted(change.keys() - {"step"}, key=lambda key: key != "optimizer")
            read.append((int(change["step"]), {key: _value(key, change[key]) for key in keys}))
        return read


def _value(key: str, value: Any) -> Any:
    return msgspec.convert(value, AnyOptimizer) if key == "optimizer" else value


def _checked(where: str, change: dict[str, Any], rule: AnyOptimizer) -> AnyOptimizer:
    """The rule after a change. Raises ValueError that names the key which can't be."""
    if "optimizer" in change:
        try:
            rule = _value("optimizer", change["optimizer"])
        except msgspec.ValidationError as error:
            raise ValueError(f"{where}.optimizer: {error}") from None
    allowed = [knob.name for knob in knobs(type(rule))]
    for key, value in change.items():
        if key in ("step", "optimizer"):
            continue
        if key not in allowed:
            raise ValueError(f"{where}.{key}: unknown key, expected one of step, optimizer, {', '.join(allowed)}")
        try:
            changed(rule, key, value)
        except msgspec.ValidationError as error:
            raise ValueError(f"{where}.{explain(error, change, type(rule))}") from None
    return rule


class Scenario(Spec, frozen=True):
    """A recipe; see the field types for what each part may hold."""

    problem: AnyProblem
    title: str = ""
    caption: str = ""
    view: View = View()
    stop: Stop = Stop()
    runs: Annotated[tuple[RunSpec, ...], Meta(min_length=1, max_length=MOST_RUNS)] = (RunSpec(),)

    def __post_init__(self) -> None:
        digits = isinstance(self.problem, DigitsProblem)
        if not digits and self.stop.epochs is not UNSET:
            raise ValueError("stop.epochs: a surface has no epochs, expected stop.steps")
        for index, run in enumerate(self.runs):
            where = f"runs[{index}]"
            if not digits and run.batch_size is not UNSET:
                raise ValueError(f"{where}.batch_size: a surface has no batches, expected no such key")
            for key in ("start",) if digits else ("shuffle_labels", "train_size", "init", "hidden"):
                if getattr(run.problem, key) is not UNSET:
                    kind = "the digits have" if digits else "a surface has"
                    raise ValueError(f"{where}.problem.{key}: {kind} no such key")
            if not isinstance(self.problem, DigitsProblem) and run.problem.start is not UNSET:
                check_start(run.problem.start, self.problem.n_params, f"{where}.problem.start")


_MOST_DOTS = 200


def check_start(start: tuple[float, ...], n_params: int, key: str = "start") -> None:
    """Raise ValueError unless ``start``, the value of ``key``, is a finite point of ``n_params`` knobs."""
    if len(start) != n_params or any(not abs(value) < float("inf") for value in start):
        raise ValueError(f"{key}: expected {n_params} finite number(s), got {list(start)}")


def parse(text: str, source: str) -> Scenario:
    """The scenario in a TOML text; ``source`` names it in messages. Raises InputError."""
    return from_tree(parse_tree(text, source), source)


def parse_tree(text: str, source: str) -> dict[str, Any]:
    """The raw keys and values in a TOML text. Raises InputError."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.count(".") > _MOST_DOTS:  # of a key: the time that it takes grows with their square
            raise InputError(f"{source}: line {number}: expected at most {_MOST_DOTS} dots, got {line.count('.')}")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 4,301 digits is a plain ValueError
        raise InputError(f"{source}: not a TOML file: {error}") from error


def from_tree(tree: dict[str, Any], source: str) -> Scenario:
    """The scenario that nested dicts and lists describe. Raises InputError that names the key."""
    try:
        return msgspec.convert(tree, Scenario)
    except msgspec.ValidationError as error:
        raise InputError(f"{source}: {explain(error, tree, Scenario)}") from error


def to_tree(scenario: Scenario) -> dict[str, Any]:
    """The scenario as nested dicts and lists, every value spelled out."""
    tree: dict[str, Any] = msgspec.to_builtins(scenario)
    return tree


def with_keys(scenario: Scenario, index: int, changes: dict[str, Any], source: str) -> Scenario:
    """The scenario with other values of some keys, for run ``index`` where a run has the key, else for all of them.

    ``optimizer`` is the kind of another rule, with its own default numbers; a ``train_size`` of "all" is every image;
    ``surface``, a name, and ``formula``, a text, are another cost, on which the same rules start afresh.
    Raises InputError that names the key; for a formula, FormulaError.
    """
    tree = to_tree(scenario)
    run = tree["runs"][index]
    other_cost = False
    for key, value in changes.items():
        if key in ("surface", "formula"):
            if key == "formula":
                formula_surface(value)  # its error knows the place, which the key's would lose
            tree["problem"] = {"kind": key, "name" if key == "surface" else "expression": value}
            tree["stop"].pop("epochs", None)
            for each in tree["runs"]:
                each["problem"] = {}
                each.pop("batch_size", None)
            other_cost = True
        elif key == "optimizer":
            run |= {"optimizer": {"kind": value}, "changes": []}
        elif key in ("batch_size", "seed"):
            run[key] = value
        elif key == "train_size" and value == "all":
            run["problem"].pop(key, None)
            tree["problem"].pop(key, None)
        elif key in run["problem"]:
            run["problem"][key] = value
        else:
            tree["problem"][key] = value
    changed_scenario = from_tree(tree, source)
    if other_cost and not isinstance(changed_scenario.problem, DigitsProblem):
        surface = changed_scenario.problem.surface
        return msgspec.structs.replace(changed_scenario, title=surface.name, caption=surface.description)
    return changed_scenario


def to_toml(scenario: Scenario) -> str:
    """The scenario as a TOML text that `parse` reads back equal."""
    return tomli_w.dumps(to_tree(scenario))


def scenario_names() -> list[str]:
    """What is in the package, the default first."""
    names = sorted(path.stem for path in resource("scenarios").glob("*.toml"))
    return sorted(names, key=lambda name: name != DEFAULT)


DEFAULT = "digits"


def read_tree(name: str) -> dict[str, Any]:
    """The raw keys of a scenario, by its name or from a .toml file. Raises InputError."""
    path = Path(name)
    if path.suffix != ".toml":
        path = resource("scenarios", f"{name}.toml")
        if name not in scenario_names():
            raise InputError(f"{name!r}: expected the name of a scenario (see: gdviz list) or a .toml file")
    try:
        if not path.is_file():
            raise InputError(
                f"{name}: a .toml file expected, " + ("not a folder" if path.is_dir() else "none is there")
            )
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{name}: larger than 1 MB, expected a scenario file")
        return parse_tree(path.read_text("utf-8"), name)
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: not a TOML file: not UTF-8 at byte {error.start}") from error
    except OSError as error:
        raise InputError(f"{name}: can't be read: {error.strerror}") from error


def load_scenario(name: str) -> Scenario:
    """A scenario by its name, or from a .toml file. Raises InputError."""
    return from_tree(read_tree(name), name)
