"""A window of its own process, measured: prints one line of JSON. Arguments: start, or a scenario and seconds."""

import json
import os
import resource
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter, time
from typing import Literal

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from gdviz.core.frame import Frame
from gdviz.core.run import Run, build, next_run
from gdviz.core.scenario import Scenario, from_tree, read_tree, to_toml
from gdviz.ui.app import make_window, settle
from gdviz.ui.theme import DARK
from gdviz.ui.window import Window

_app: QApplication
"""kept, because Python would collect it"""


def first_paint() -> None:
    """Print the seconds since the epoch at which the window was first painted, all panels in it."""
    window = _window("digits")
    while window.session.timeline.frame is None:
        QApplication.processEvents()
    window.grab()
    print(json.dumps({"painted": time()}))
    window.close()


def live(name: str, seconds: float) -> None:
    """Train at full speed with all panels live; steps/s beside and without the window, in turns."""
    window, scenario = _endless(name)
    timeline, session = window.session.timeline, window.session
    ticks: list[float] = []
    frames: list[float] = []
    timeline._timer.timeout.connect(lambda: ticks.append(perf_counter()))
    timeline.frame_ready.connect(lambda frame: frames.append(perf_counter()))
    alone, beside, intervals, waits = [], [], [], []
    session.play()
    _spin(2 * seconds)
    session.pause()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    headless = build(scenario)
    _steps_per_second(headless, seconds)  # both sides leave the evaluations of the first epoch behind
    session.play()
    _spin(0.3)
    for _ in range(4):
        ticks.clear()
        frames.clear()
        before, begun = sum(run.step for run in session.runs), perf_counter()
        _spin(seconds)
        beside.append((sum(run.step for run in session.runs) - before) / (perf_counter() - begun))
        intervals += [1000 * (b - a) for a, b in pairwise(frames)]
        waits += [1000 * (b - a) for a, b in pairwise(ticks)]
        session.pause()
        _spin(0.3)
        alone.append(_steps_per_second(headless, seconds))
        session.play()
        _spin(0.3)
    session.pause()
    result = {
        "alone": alone,
        "beside": beside,
        "frame_ms": quantiles(intervals, n=100),
        "tick_ms": quantiles(waits, n=100),
        "peak_mb": peak_mb,
    }
    print(json.dumps(result))
    window.close()


def landscape(name: str, seconds: float, view: Literal["2d", "3d"]) -> None:
    """Train at full speed while the slice is kept fresh and while it is left alone, in turns; map or relief."""
    window, _ = _endless(name)
    timeline, session = window.session.timeline, window.session
    window.surface.set_view(view)
    frames: list[float] = []
    timeline.frame_ready.connect(lambda frame: frames.append(perf_counter()))
    made: set[int] = set()
    timeline.frame_ready.connect(lambda frame: made.add(id(frame.landscape)))
    slices, pictures = session._slices, []
    look = slices.look
    speeds: dict[bool, list[float]] = {True: [], False: []}
    intervals: dict[bool, list[float]] = {True: [], False: []}

    def overlook(frame: Frame, *, moving: bool) -> None:
        """Do not look after the slice."""

    session.play()
    _spin(2 * seconds)
    for on in (True, False, False, True) * 3:
        slices.look = look if on else overlook  # type: ignore[method-assign]  # the other side of the comparison
        _spin(0.5)
        frames.clear()
        made.clear()
        before, begun = sum(run.step for run in session.runs), perf_counter()
        _spin(seconds)
        speeds[on].append((sum(run.step for run in session.runs) - before) / (perf_counter() - begun))
        intervals[on] += [1000 * (b - a) for a, b in pairwise(frames)]
        if on:
            pictures.append(len(made) / seconds)
    session.pause()
    print(
        json.dumps(
            {
                "on": speeds[True],
                "off": speeds[False],
                "pictures": pictures,
                "on_ms": quantiles(intervals[True], n=100),
                "off_ms": quantiles(intervals[False], n=100),
            }
        )
    )
    window.close()


def _steps_per_second(runs: Sequence[Run], seconds: float) -> float:
    begun, steps = perf_counter(), 0
    while perf_counter() - begun < seconds:
        run = next_run(runs)
        assert run is not None  # none of them ends
        steps += run.advance()
    return steps / (perf_counter() - begun)


def _endless(name: str) -> tuple[Window, Scenario]:
    """A window on a scenario that never ends, at full speed; everything else is as it ships."""
    tree = read_tree(name)
    stop = {"epochs": 100_000} if tree["problem"]["kind"] == "digits" else {"steps": 10**9}
    scenario = from_tree(tree | {"stop": stop}, name)
    with TemporaryDirectory() as folder:
        file = Path(folder, f"{name}.toml")
        file.write_text(to_toml(scenario), "utf-8")
        window = _window(str(file))
    while window.session.timeline.frame is None:
        _spin(0.05)
    window.session.set_speed(float("inf"))
    return window, scenario


def _spin(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(int(1000 * seconds), loop.quit)
    loop.exec()


def _window(name: str) -> Window:
    global _app
    _app = QApplication([])
    window = make_window(DARK)
    window.resize(1440, 900)
    window.show()
    window.open(name)
    settle()
    return window


if __name__ == "__main__":
    if sys.argv[1] == "start":
        first_paint()
    elif sys.argv[1] == "landscape":
        landscape(sys.argv[2], float(sys.argv[3]), "3d" if sys.argv[4] == "3d" else "2d")
    else:
        live(sys.argv[1], float(sys.argv[2]))
