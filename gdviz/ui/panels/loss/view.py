"""The view of the loss panel: what its mouse and its axes do, and how much of the costs it shows."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal

from gdviz.core.frame import Frame, RunFrame

SMALLEST = 1e-300
"""costs up to this are left out of the logarithmic view, which would spend its height on what rounding left over"""
_NICE = (1.5, 2.0, 3.0, 5.0, 7.0, 10.0)
"""where an axis may end, times a power of ten"""


class View(pg.ViewBox):
    """A view in which the left button asks for a place, and the others and the wheel zoom and move."""

    sought = Signal(float)
    """an x"""
    reset = Signal()

    def mouseClickEvent(self, ev: Any) -> None:
        if ev.button() != Qt.MouseButton.LeftButton or not self.sceneBoundingRect().contains(ev.scenePos()):
            ev.ignore()
        elif ev.double():
            ev.accept()
            self.reset.emit()
        else:
            ev.accept()
            self.sought.emit(self.mapSceneToView(ev.scenePos()).x())

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        if axis is None and ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            self.sought.emit(self.mapSceneToView(ev.scenePos()).x())
        else:
            super().mouseDragEvent(ev, axis)


def visible(frame: Frame) -> list[RunFrame]:
    """The runs that are drawn; the selected one always is."""
    return [run for run in frame.runs if not run.hidden]


def above(value: float) -> float:
    """The next round number above a positive one."""
    decade = 10.0 ** math.floor(math.log10(value))
    return next(nice * decade for nice in _NICE if nice * decade > value)


def linear_range(runs: Sequence[RunFrame]) -> tuple[float, float]:
    """From 0, or below the lowest cost, to above the highest; who left the start far behind counts with the start."""
    ends = [0.0]
    for run in runs:
        curve, evaluations = run.curve, run.evaluations
        low, high = (curve.low, curve.high) if curve.window == 1 else (curve.mean, curve.mean)
        for costs in (low, high, evaluations.train_cost, evaluations.test_cost):
            costs = costs[np.isfinite(costs)]
            if len(costs):
                near = abs(float(costs[0]))
                for end in (float(costs.min()), float(costs.max())):
                    ends.append(end if abs(end) <= 1e4 * near else math.copysign(10 * near, end))
    lowest, highest = min(ends), max(ends)
    bottom = -above(-lowest) if lowest < 0 else 0.0
    return bottom, above(highest) if highest > 0 else 0.0 if lowest < 0 else 1.0


def log_range(runs: Sequence[RunFrame]) -> tuple[float, float]:
    """Half decades around all costs above zero; single mini-batches widen it by one decade at most."""
    lows, highs = [], []
    for run in runs:
        curve = run.curve
        mean = curve.mean[curve.mean > SMALLEST]
        if len(mean):
            least = curve.low[curve.low > SMALLEST].min(initial=mean.min())
            lows.append(max(least, mean.min() / (1 if curve.window == 1 else 10)))
            highs.append(max(mean.max(), curve.high.max() if curve.window == 1 else 0.0))
        for costs in (run.evaluations.train_cost, run.evaluations.test_cost):
            shown = costs[np.isfinite(costs) & (costs > SMALLEST)]
            lows.extend(shown)
            highs.extend(shown)
    if not lows:
        return -1.0, 0.0
    bottom, top = math.floor(2 * math.log10(min(lows))) / 2, math.ceil(2 * math.log10(max(highs))) / 2
    return bottom, max(top, bottom + 1)
