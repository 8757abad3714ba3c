"""Ways to runs that have a row each, as pieces of work that may be left in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from gdviz.core.run import Run, build
from gdviz.core.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from gdviz.core.scenario import Scenario

    Making: TypeAlias = Generator[float | None, None, Shown]
    """makes what is to be shown, pausing now and then; perhaps with the share that is done"""


def started(scenario: Scenario) -> Making:
    """The scenario's runs at step 0; pauses now and then. Raises InputError."""
    return (yield from begun(Shown(scenario, build(scenario))))


def begun(shown: Shown) -> Making:
    """Runs and ghosts that have not moved yet, each at the row where it begins; pauses now and then."""
    for run in (*shown.ghosts, *shown.runs):
        while not run.advance():
            yield None
    return (yield from made(shown))


def made(shown: Shown) -> Making:
    """Runs that are there already; those that were left stay where they are."""
    yield from ()
    for run in shown.runs:
        if run in shown.left:
            run.stay()
        else:
            run.stay_no_longer()
    return shown


def with_fork(
    scenario: Scenario, runs: Sequence[Run], index: int, step: int, change: dict[str, Any], label: str
) -> Making:
    """The same runs, and one more that branches off run ``index`` at ``step``; that one stays where it is.

    Raises InputError where there are as many as there may be, msgspec.ValidationError or ValueError for a bad change.
    """
    run = runs[index]
    fork = run.forked((yield from run.exactly(step)), change, label)
    while not fork.advance():
        yield None
    run.stay()
    return Shown(msgspec.structs.replace(scenario, runs=(*scenario.runs, fork.spec)), [*runs, fork])
