"""What is said when a run comes to its end, and when something is brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdviz.core.schedules import Constant
from gdviz.ui.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gdviz.core.run import Run
    from gdviz.core.shown import Shown


def ending(run: Run) -> tuple[str, str]:
    """The kind of the message (info, warning or error) and its sentence."""
    if not run.fixed:
        constant = isinstance(run.spec.schedule, Constant)
        rate = "" if constant else f", at the schedule's last rate, {number(run.row.learning_rate)}"
        return "info", f"{run.label}: {run.ended}. Play goes on beyond it{rate}."
    if run.ended.startswith("blew up"):
        rate = f"{run.row.learning_rate:.4g}"
        left = f"at a learning rate of {rate} its cost has left the range of numbers."
        return "warning", f"{run.label} {run.ended}: {left}"
    return "error", f"{run.label} {run.ended} and can't go on; R starts it again."


def difference_made(before: Shown, after: Shown) -> str:
    """What an undo or a redo changes that brings ``after`` on show in place of ``before``."""
    if after.name != before.name:
        return f"“{after.scenario.title or after.name}” is open again"
    if after.is_of(before.runs, before.ghosts):
        renamed = ((run.label, label) for run, (label, _) in after.names.items() if label != run.label)
        return next((f"“{now}” is called “{then}” again" for now, then in renamed), "nothing has changed")
    here, there = ({*shown.runs, *shown.ghosts} for shown in (before, after))
    if here < there:
        return f"{_named(after, there - here)} back"
    return f"{_named(before, here - there)} gone" if there < here else "the runs are those of before"


def _named(shown: Shown, some: Iterable[Run]) -> str:
    labels = [label for run, (label, _) in shown.names.items() if run in {*some}]
    return f"“{labels[0]}” is" if len(labels) == 1 else f"{len(labels)} runs are"
