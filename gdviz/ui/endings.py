"""What is said when a run comes to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdviz.core.schedules import Constant
from gdviz.ui.numbers import number

if TYPE_CHECKING:
    from gdviz.core.run import Run


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
