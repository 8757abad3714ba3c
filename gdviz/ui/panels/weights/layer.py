"""The first layer of a network: its mosaic, and the numbers of what is pointed at."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, cast

import numpy as np
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from gdviz.ui.numbers import signed
from gdviz.ui.panels.weights.level import Level
from gdviz.ui.panels.weights.line import Line
from gdviz.ui.panels.weights.mosaic import Mosaic

if TYPE_CHECKING:
    from gdviz.core.digits import Digits
    from gdviz.core.frame import Frame
    from gdviz.core.problem import Vector
    from gdviz.ui.panels.weights.level import Clock
    from gdviz.ui.theme import Theme

MOST_NEURONS = 100
"""pictures drawn; more would be too small to be read"""
_SHARE = 0.995
"""of the values lie within the level: a few extremes must not fade all the others"""
_FIT_EVERY = 0.25
"""seconds between two looks at the level while live"""
_READ_EVERY = 0.125
"""seconds between two changes of the numbers while live: faster, nobody can read them"""


class Layer(QWidget):
    """The weights into each neuron of the first hidden layer, or how far they have moved from their start."""

    def __init__(self, theme: Theme, clock: Clock = time.monotonic) -> None:
        super().__init__()
        self.mosaic = Mosaic(theme)
        self.readout = Line()
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._levels = {change: Level(1 / 4, clock) for change in (False, True)}
        self._change = False
        self._frame: Frame | None = None
        self._values: Vector = np.zeros((0, 0), np.float32)
        self._biases: Vector = np.zeros(0, np.float32)
        self._fitted = self._read = -math.inf
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.mosaic, 1)
        column.addWidget(self.readout)
        self.mosaic.pointed.connect(self._say)
        self.set_theme(theme)

    @property
    def level(self) -> Level:
        """The scale of what is shown."""
        return self._levels[self._change]

    @property
    def n_neurons(self) -> int:
        """How many the layer has, drawn or not."""
        return len(self._biases)

    def set_theme(self, theme: Theme) -> None:
        self.mosaic.set_theme(theme)
        self.readout.set_colour(theme.text)

    def show_change(self, change: bool) -> None:
        """Show the way from the start, or the weights themselves."""
        self._change = change
        if self._frame is not None:
            self._draw(self._frame, at_once=True)
            self._say()

    def show_frame(self, frame: Frame) -> None:
        before, self._frame = self._frame, frame
        at_once = not frame.live or before is None or frame.problem is not before.problem
        if before is None or frame.theta is not before.theta or frame.start is not before.start:
            self._draw(frame, at_once)
        if at_once or time.monotonic() >= self._read + _READ_EVERY:
            self._say()

    def _draw(self, frame: Frame, at_once: bool) -> None:
        values, self._biases = _weights_and_biases(frame, frame.theta)
        values = values[:, :MOST_NEURONS]
        if self._change:
            start, start_biases = _weights_and_biases(frame, frame.start)
            with np.errstate(all="ignore"):  # inf - inf, where a run blew up
                values, self._biases = values - start[:, :MOST_NEURONS], self._biases - start_biases
        self._values = values
        if at_once or time.monotonic() >= self._fitted + _FIT_EVERY:
            self._fitted = time.monotonic()
            self.level.fit(_size(values))
        self.mosaic.show_values(values, self.level.value or 1.0)

    def _say(self) -> None:
        """Write the numbers of what is pointed at, or else what the picture is."""
        self._read = time.monotonic()
        n_in, n = self._values.shape
        tile, pixel = self.mosaic.tile, self.mosaic.pixel
        side = self.mosaic.side
        if tile is None or tile >= n:
            count = f"{n} neurons" if n == self.n_neurons else f"first {n} of {self.n_neurons} neurons"
            self.readout.set_text(f"{count}, {side} × {side} weights each; click to enlarge", count)
            return
        value, bias = ("change", "bias change") if self._change else ("weight", "bias")
        neuron, bias = f"neuron {tile + 1}", f"{bias} {signed(float(self._biases[tile]))}"
        if pixel is None or (at := pixel[1] * side + pixel[0]) >= n_in:
            self.readout.set_text(f"{neuron} · {bias}")
            return
        place, number = f"({pixel[0]}, {pixel[1]})", signed(float(self._values[at, tile]))
        self.readout.set_text(
            f"{neuron} · pixel {place} · {value} {number} · {bias}",
            f"{neuron} {place} · {value} {number} · {bias}",
            f"{tile + 1} {place} {number} · {bias}",
        )


def _weights_and_biases(frame: Frame, theta: Vector) -> tuple[Vector, Vector]:
    """Views of the first layer's (n_in, n_hidden) weights and (n_hidden,) biases."""
    return next(cast("Digits", frame.problem).network.layers(theta))


def _size(values: Vector) -> float:
    """The absolute value within which `_SHARE` of the finite ``values`` lie; 0 where there are none."""
    sizes = np.abs(values).ravel()
    if not math.isfinite(sizes.sum()):
        sizes = sizes[np.isfinite(sizes)]
    if not len(sizes):
        return 0.0
    at = math.ceil(_SHARE * len(sizes)) - 1
    return float(np.partition(sizes, at)[at])
