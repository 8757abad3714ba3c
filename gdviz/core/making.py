"""Ways to runs that have a row each, as pieces of work that may be left in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from gdviz.core.run import Run, build

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence

    from gdviz.core.scenario import Scenario

    Making: TypeAlias = Generator[float | None, None, tuple[Scenario, list[Run]]]
    """makes runs of a scenario, pausing now and then; perhaps with the share that is done"""


def started(scenario: Scenario) -> Making:
    """The scenario and its runs at step 0; pauses now and then. Raises InputError."""
    return (yield from begun(scenario, build(scenario)))


def begun(scenario: Scenario, runs: list[Run]) -> Making:
    """Runs that have not moved yet, each at the row where it begins; pauses now and then."""
    for run in runs:
        while not run.advance():
            yield None
    return scenario, runs


def made(scenario: Scenario, runs: list[Run], left: Collection[Run]) -> Making:
    """Runs that are there already, as those that `started` makes; those that are ``left`` stay where they are."""
    yield from ()
    for run in runs:
        if run in left:
            run.stay()
        else:
            run.stay_no_longer()
    return scenario, runs


def at_once(making: Making) -> tuple[Scenario, list[Run]]:
    """What is made, without a pause."""
    while True:
        try:
            next(making)
        except StopIteration as done:
            made: tuple[Scenario, list[Run]] = done.value
            return made


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
    return msgspec.structs.replace(scenario, runs=(*scenario.runs, fork.spec)), [*runs, fork]
