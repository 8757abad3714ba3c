"""What is on show at a moment: to be brought back by an undo, to be saved, and to be opened again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gdviz.core.run import Run
    from gdviz.core.run_view import RunView
    from gdviz.core.scenario import RunSpec, Scenario


@dataclass(frozen=True, eq=False)
class Shown:
    """Runs of a scenario, and how they are looked at."""

    scenario: Scenario
    runs: list[Run]
    ghosts: Sequence[Run] = ()
    """the runs before them, the oldest first"""
    views: Sequence[RunView] = ()
    """of both, as far as they have been drawn: each has a colour, and a problem of its own"""
    selected: int = 0
    """index of the run that owns the surface"""
    hidden: Collection[Run] = ()
    """those of both that are drawn nowhere"""
    names: Mapping[Run, tuple[str, RunSpec]] = field(default_factory=dict)
    """what each of both is called, and its recipe, which has its name too"""
    left: Collection[Run] = ()
    """those of the runs that stayed where another one had branched off"""
    step: int | None = None
    """of the selected run that is looked at; None: its newest"""
    name: str = ""
    """under which the scenario was opened, where it was"""

    def is_of(self, runs: Sequence[Run], ghosts: Sequence[Run]) -> bool:
        """It shows just these."""
        return [*self.runs, None, *self.ghosts] == [*runs, None, *ghosts]
