"""What the tests of scenes share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gdviz.core.frame import Frame
    from gdviz.core.run import Run
    from gdviz.core.scene import Scene


def at_rest(runs: list[Run]) -> list[Run]:
    """The runs with their newest knobs on show, as the training thread leaves them."""
    for run in runs:
        run.history.snapshot(run.row)
    return runs


def drawn(scene: Scene, step: int | None = None) -> Frame:
    frame = scene.frame(step)
    assert frame is not None
    return frame
