"""What several tests of the window share: recipes, and ways to drive a session and to read it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from gdviz.core.frame import Frame
from gdviz.core.run import Run, build, next_run
from gdviz.core.scenario import Scenario
from gdviz.ui.session import Session
from gdviz.ui.window import Window

DIGITS = """
title = "Small"
[problem]
kind = "digits"
train_size = 2000
[stop]
epochs = 1
[[runs]]
batch_size = 16
optimizer = { kind = "momentum", learning_rate = 0.5 }
schedule = { kind = "cosine" }
"""
PAIR = (
    DIGITS
    + """
[[runs]]
label = "large batches"
batch_size = 80
"""
)
PARABOLA = """
title = "Parabola"
[problem]
kind = "surface"
name = "parabola"
[stop]
steps = 50
[[runs]]
optimizer = { kind = "gradient-descent", learning_rate = 0.1 }
"""
LONG_DIGITS = """
title = "Small"
[problem]
kind = "digits"
train_size = 2000
[stop]
epochs = 1000
[[runs]]
batch_size = 16
optimizer = { kind = "momentum", learning_rate = 0.1 }
"""
LONG_PARABOLAS = """
title = "Parabola"
[problem]
kind = "surface"
name = "parabola"
[stop]
steps = 1000000
[[runs]]
label = "gentle"
optimizer = { kind = "momentum", learning_rate = 0.001 }
[[runs]]
label = "bold"
optimizer = { kind = "gradient-descent", learning_rate = 0.002 }
"""
Open = Callable[[str], list[Run]]
Message = tuple[str, str, Any]
Renewed = Callable[[Callable[[], None]], list[Run]]
Opening = Callable[[Callable[[], object]], None]


def synchronous(scenario: Scenario, step: int | None = None) -> list[Run]:
    """The scenario's runs, driven here to their end, or until the first has gone so many steps."""
    runs = build(scenario)
    while (run := next_run(runs)) is not None and (step is None or runs[0].step < step):
        run.advance()
    return runs


def assert_same_history(one: Run, two: Run) -> None:
    ours, theirs = one.history.table(), two.history.table()
    for name in ("step", "cost", "grad_norm", "learning_rate", "knobs"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)
    for a, b in zip(one.history.checkpoints(), two.history.checkpoints(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.history.evaluations == two.history.evaluations
    np.testing.assert_array_equal(one.row.theta, two.row.theta)
    np.testing.assert_array_equal(one.row.state, two.row.state)
    assert one.ended == two.ended


def finish(session: Session, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: all(run.ended for run in session.runs) and not session.playing, timeout=20_000)


def at(session: Session) -> tuple[int, bool]:
    frame = session.timeline.frame
    assert frame is not None
    return frame.step, frame.live


def frame_of(window: Window) -> Frame:
    frame = window.session.timeline.frame
    assert frame is not None
    return frame


def everywhere_at(window: Window) -> tuple[int, bool]:
    """Step and live, and that all panels say the same."""
    frame = frame_of(window)
    surface = window.surface
    assert surface._frame is surface.map._frame is window.loss._frame is window.weights._frame is frame
    bar = window.timeline_bar
    assert (bar.track.value(), bar.track.live, bar.live.isChecked()) == (frame.step, frame.live, frame.live)
    words = f"step {frame.step:,}" + ("" if frame.live else f" of {frame.run.newest:,}")
    assert bar.readout.text().startswith(words + " · ")
    marks = surface.map._marks[frame.selected]
    assert frame.landscape is None or marks.ball.isVisible() or marks.edge.isVisible()
    return frame.step, frame.live


def go(window: Window, qtbot: QtBot, step: int) -> None:
    """Single steps, up to a step."""
    for _ in range(step - frame_of(window).step):
        window.session.forward()
    qtbot.waitUntil(lambda: everywhere_at(window) == (step, True), timeout=10_000)


def named(window: Window, kind: type[QWidget], name: str) -> Any:
    """The one widget of this kind with this accessible name or text."""
    found = [
        w
        for w in window.findChildren(kind)
        if w.isVisible()
        and (w.accessibleName() == name or (isinstance(w, QAbstractButton) and w.text().strip() == name))
    ]
    assert len(found) == 1, [w.accessibleName() for w in window.findChildren(kind)]
    return found[0]
