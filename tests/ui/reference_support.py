"""Recipes, what they bring forth, driven step by step, and whether a run's past is exactly that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import pytest
from msgspec.structs import replace

from gdviz.core.descent import revised
from gdviz.core.run import build
from gdviz.core.scenario import parse, to_toml

if TYPE_CHECKING:
    from gdviz.core.optimizer import Optimizer
    from gdviz.core.problem import Evaluation, Vector
    from gdviz.core.run import Run
    from gdviz.core.scenario import RunSpec, Scenario

SCENARIOS = {
    "race": """
title = "Race"
[problem]
kind = "surface"
name = "beale"
[stop]
steps = 40
[[runs]]
label = "heavy"
optimizer = { kind = "momentum", learning_rate = 0.01 }
[[runs]]
label = "light"
optimizer = { kind = "adam", learning_rate = 0.1 }
""",
    "one knob": """
title = "One knob"
[problem]
kind = "surface"
name = "parabola"
[stop]
steps = 25
[[runs]]
optimizer = { kind = "gradient-descent", learning_rate = 0.1 }
""",
    "digits": """
title = "Digits"
[problem]
kind = "digits"
data = "{folder}"
hidden = [3]
[view]
images = 20
[stop]
epochs = 3
[[runs]]
batch_size = 20
optimizer = { kind = "momentum", learning_rate = 0.5 }
schedule = { kind = "cosine" }
""",
}
COLUMNS = ("cost", "grad_norm", "learning_rate")


class Kept(NamedTuple):
    """All of a step, in copies."""

    numbers: tuple[float, ...]
    """as in `COLUMNS`"""
    travelled: float
    theta: Vector
    state: Vector
    gradient: Vector
    evaluation: Evaluation | None
    finite: bool


class Reference:
    """A recipe, written as TOML and read again, at work without a window; it remembers every step whole."""

    _known: ClassVar[dict[str, Reference]] = {}

    @classmethod
    def of(cls, run: Run, scenario: Scenario) -> Reference:
        """What this run of a scenario should be; of equal recipes the same one."""
        toml = to_toml(replace(scenario, runs=(run.recipe,)))
        if toml not in cls._known:
            cls._known[toml] = cls(toml)
        return cls._known[toml]

    def __init__(self, toml: str) -> None:
        (self._run,) = build(parse(toml, "test"))
        self._kept: list[Kept] = []

    def at(self, step: int) -> Kept:
        """What there is at a step."""
        run = self._run
        while len(self._kept) <= step:
            if run.advance():
                row, travelled = run.row, run.history.table().travelled
                assert row.step == len(self._kept)
                kept = Kept(
                    numbers=(row.cost, row.grad_norm, row.learning_rate),
                    travelled=float(travelled[-1]) if travelled.size else 0.0,
                    theta=row.theta.copy(),
                    state=row.state.copy(),
                    gradient=row.gradient.copy(),
                    evaluation=row.evaluation,
                    finite=row.finite,
                )
                self._kept.append(kept)
        return self._kept[step]


def rule_at(spec: RunSpec, step: int) -> Optimizer:
    """The rule that a recipe has for the step after this one."""
    rule: Optimizer = spec.optimizer
    for at, change in spec.revisions:
        if at <= step:
            rule = revised(rule, change)
    return rule


def assert_same_bits(ours: Any, theirs: Any, what: str) -> None:
    """Two arrays are the same, down to the sign of a zero."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if (ours.shape, ours.dtype, ours.tobytes()) != (theirs.shape, theirs.dtype, theirs.tobytes()):
        np.testing.assert_array_equal(ours, theirs, what, strict=True)
        pytest.fail(f"{what}: equal, but not bit for bit")


def assert_true_to(reference: Reference, run: Run) -> None:
    """All that a run's history holds, however it was thinned, is what its recipe brings forth."""
    history, table = run.history, run.history.table()
    expected = [reference.at(step) for step in table.step.tolist()]
    assert (table.step[0], table.step[-1]) == (0, run.step)
    for index, name in enumerate(COLUMNS):
        assert_same_bits(getattr(table, name), np.array([kept.numbers[index] for kept in expected]), name)
    if table.knobs.size:
        assert_same_bits(table.knobs, np.array([kept.theta for kept in expected]), "knobs")
        assert_same_bits(table.travelled, np.array([kept.travelled for kept in expected]), "travelled")
    for step in history.checkpoints()[0].tolist():
        checkpoint, kept = history.checkpoint(step), reference.at(step)
        assert checkpoint.step == step
        assert_same_bits(checkpoint.theta, kept.theta, f"knobs at {step}")
        assert_same_bits(checkpoint.state[: len(kept.state)], kept.state, f"memory at {step}")
        assert not checkpoint.state[len(kept.state) :].any(), "what no rule has written"
    measured = [(at, kept.evaluation) for at in range(run.step + 1) if (kept := reference.at(at)).evaluation]
    assert history.evaluations == measured
    newest = reference.at(run.step)
    if not run.between:  # as one that was replaced in the midst of a step may stay
        for name in ("theta", "state", "gradient"):
            assert_same_bits(getattr(run.row, name), getattr(newest, name), f"{name} of the newest row")
    assert run.fixed != newest.finite
    assert run.ended.startswith("blew up") == run.fixed
