"""A long run in a process of its own, measured: prints one line of JSON.

Arguments: grow, "surface" or the batch size of a digits run, how many steps, and a file to save it to; or scrub, and
such a file.
"""

from __future__ import annotations

import json
import math
import os
import random
import sys
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from gdviz.core.run import build
from gdviz.core.scenario import from_tree
from gdviz.core.shown import Shown
from gdviz.export.saved import save
from gdviz.ui.app import make_window, settle
from gdviz.ui.theme import DARK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gdviz.ui.window import Window

_POSITIONS = 240
_MB = 1 << 20


def grow(what: str, steps: int, file: Path) -> None:
    """Go so many steps; how much memory the history takes by its own account, and the process by the system's."""
    tree: dict[str, Any]
    if what == "surface":
        adam = {"kind": "adam", "learning_rate": 0.001}  # which remembers most
        tree = {"problem": {"kind": "surface", "name": "rosenbrock"}, "runs": [{"optimizer": adam}]}
    else:
        momentum = {"kind": "momentum", "learning_rate": 0.1}
        tree = {"problem": {"kind": "digits"}, "runs": [{"batch_size": int(what), "optimizer": momentum}]}
    scenario = from_tree(tree | {"stop": {"steps": steps}}, "benchmark")
    (run,) = build(scenario)
    while run.step < 100:  # the images and the buffers are no history
        run.advance()
    before, begun = _memory("VmRSS"), perf_counter()
    while not run.ended:
        run.advance()
    seconds, grown, peak = perf_counter() - begun, _memory("VmRSS") - before, _memory("VmHWM") - before
    save(file, Shown(scenario, [run]))
    history = run.history
    rows = history._step.nbytes + history._numbers.nbytes
    kept = history._kept[: history._n_kept].nbytes  # what was reserved beyond takes no memory until it is written
    result = {
        "steps": run.step,
        "seconds": seconds,
        "rows": len(history),
        "rows_mb": rows / _MB,
        "kept_mb": kept / _MB,
        "most_kept_mb": history._kept.nbytes / _MB,
        "grown_mb": grown,
        "peak_mb": peak,
    }
    print(json.dumps(result))


def _memory(what: str) -> float:
    """Of this process, in MB."""
    return int(Path("/proc/self/status").read_text("utf-8").split(f"{what}:")[1].split()[0]) / 1024


def scrub(file: Path) -> None:
    """Go to random and to successive positions, with all panels painted at each; at rest, and while it trains on."""
    app = QApplication([])
    window = make_window(DARK)
    window.resize(1440, 900)
    window.show()
    window.open(str(file))
    settle()
    session = window.session
    while session.timeline.frame is None or session.timeline.frame.landscape is None:
        _spin(0.05)
    _spin(1)
    newest = session.timeline.step
    draw = random.Random(0)
    anywhere = [draw.randrange(newest) for _ in range(_POSITIONS)]
    onward = [newest // 2 + i for i in range(_POSITIONS)]
    found: dict[str, Any] = {"painted": _painted(app, window, anywhere[:20])}
    for name, positions in (("random", anywhere), ("successive", onward)):
        found[name] = _seek(window, positions)
    session.to_live()
    session.play()
    _spin(1)
    for name, positions in (("random", anywhere), ("successive", onward)):
        before, begun = session.runs[0].step, perf_counter()
        found[f"{name} while it trains"] = _seek(window, positions, a_second=60)
        found[f"steps a second beside {name}"] = (session.runs[0].step - before) / (perf_counter() - begun)
    print(json.dumps(found))
    window.close()


class _Hand(QObject):
    """Asks for positions by events, as a hand does, and sees when they are painted."""

    moved = Signal(int)

    def __init__(self, window: Window) -> None:
        super().__init__()
        self._window, self._seen = window, False
        self.moved.connect(self._seek, Qt.ConnectionType.QueuedConnection)
        window.surface.map.plot.viewport().installEventFilter(self)

    def _seek(self, position: int) -> None:
        self._window.session.seek(position)
        self._seen = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self._seen |= event.type() == QEvent.Type.Paint
        return False

    def go(self, position: int) -> float:
        """Seconds until a position is painted; with the surface, all that has changed is."""
        begun, self._seen = perf_counter(), True
        self.moved.emit(position)
        QApplication.processEvents()
        while not self._seen:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        return perf_counter() - begun


def _seek(window: Window, positions: Sequence[int], a_second: float = math.inf) -> list[float]:
    """Seconds that each position takes; at most so many of them are asked for a second."""
    hand, seconds = _Hand(window), []
    for position in positions:
        seconds.append(hand.go(position))
        _spin(max(0.0, 1 / a_second - seconds[-1]))
    return seconds


class _Painting(QObject):
    """Counts how often each widget is painted."""

    def __init__(self) -> None:
        super().__init__()
        self.count: Counter[QObject] = Counter()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count[watched] += event.type() == QEvent.Type.Paint
        return False


def _painted(app: QApplication, window: Window, positions: Sequence[int]) -> list[float]:
    """How often each of the three panels is painted for a position."""
    weights = window.weights
    third = weights.layer.mosaic if weights.layer.isVisible() else weights.bars
    painting = _Painting()
    app.installEventFilter(painting)
    _seek(window, positions)
    app.removeEventFilter(painting)
    panels = window.surface.map.plot.viewport(), window.loss._plot.viewport(), third
    return [painting.count[panel] / len(positions) for panel in panels]


def _spin(seconds: float) -> None:
    if not seconds:
        return
    loop = QEventLoop()
    QTimer.singleShot(int(1000 * seconds), loop.quit)
    loop.exec()


if __name__ == "__main__":
    if sys.argv[1] == "grow":
        grow(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    else:
        scrub(Path(sys.argv[2]))
