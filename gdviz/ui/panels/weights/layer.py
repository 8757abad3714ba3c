"""The first layer of a network: its mosaic, and the numbers of what is pointed at."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

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


Mode: TypeAlias = Literal["weights", "change", "difference"]
"""the weights themselves, how far they have moved from their start, or what they are more than another run's"""
_SAYS: dict[Mode, tuple[str, str]] = {
    "weights": ("weight", "bias"),
    "change": ("change", "bias change"),
    "difference": ("difference", "bias difference"),
}


class Layer(QWidget):
    """The weights into each neuron of the first hidden layer, or what they are less others."""

    def __init__(self, theme: Theme, clock: Clock = time.monotonic) -> None:
        super().__init__()
        self.mosaic = Mosaic(theme)
        self.readout = Line()
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._levels = {mode: Level(1 / 4, clock) for mode in _SAYS}
        self._mode: Mode = "weights"
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
        return self._levels[self._mode]

    @property
    def on_show(self) -> tuple[Vector, float, str]:
        """The values (n_in, n_shown) of the picture, the end of their scale, and what they are."""
        n, count = self._values.shape[1], self.n_neurons
        what = f"{self._mode} of " + (f"{n} neurons" if n == count else f"the first {n} of {count} neurons")
        return self._values, self.level.value or 1.0, what

    @property
    def n_neurons(self) -> int:
        """How many the layer has, drawn or not."""
        return len(self._biases)

    def set_theme(self, theme: Theme) -> None:
        self.mosaic.set_theme(theme)
        self.readout.set_colour(theme.text)

    def show_mode(self, mode: Mode) -> None:
        """Show the weights themselves, or less others; the difference only of frames that have a rival."""
        self._mode = mode
        if self._frame is not None:
            self._draw(self._frame, at_once=True)
            self._say()

    def show_frame(self, frame: Frame) -> None:
        before, self._frame = self._frame, frame
        at_once = not frame.live or before is None or frame.problem is not before.problem
        if before is None or any(one is not two for one, two in zip(_thetas(frame), _thetas(before), strict=True)):
            self._draw(frame, at_once)
        if at_once or time.monotonic() >= self._read + _READ_EVERY:
            self._say()

    def _draw(self, frame: Frame, at_once: bool) -> None:
        values, self._biases = _weights_and_biases(frame, frame.theta)
        values = values[:, :MOST_NEURONS]
        _, start, rival = _thetas(frame)
        less = start if self._mode == "change" else rival if self._mode == "difference" else None
        if less is not None:
            others, other_biases = _weights_and_biases(frame, less)
            with np.errstate(all="ignore"):  # inf - inf, where a run blew up
                values, self._biases = values - others[:, :MOST_NEURONS], self._biases - other_biases
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
        if self._mode != "weights" and not self._values.any():
            same = "no difference: both have the same weights"
            self.readout.set_text("no change yet" if self._mode == "change" else same, "no difference")
            return
        if tile is None or tile >= n:
            count = f"{n} neurons" if n == self.n_neurons else f"first {n} of {self.n_neurons} neurons"
            self.readout.set_text(f"{count}, {side} × {side} weights each; click to enlarge", count)
            return
        value, bias = _SAYS[self._mode]
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


def _thetas(frame: Frame) -> tuple[Vector, Vector, Vector | None]:
    """All knobs that the picture may be made of: the selected run's now and at its start, and its rival's."""
    return frame.theta, frame.start, None if frame.rival is None else frame.rival.theta


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
