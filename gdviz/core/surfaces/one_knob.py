"""Costs of one knob."""

from __future__ import annotations

from typing import Final

import numpy as np

from gdviz.core.surface import Number, Surface

# A neuron sees these inputs, and should fire for the positive ones. Its knob is the threshold above which it fires.
_INPUTS: Final = np.arange(-3.5, 4.0)
_TARGETS: Final = np.where(_INPUTS > 0, 1.0, 0.0)
_STEEPNESS: Final = 4.0  # the stairs still show, and yet the slope is small only near the minimum


def _sigmoid_outputs(w: Number) -> Number:
    # sigmoid(z) = (1 + tanh(z / 2)) / 2, which never overflows
    return (1 - np.tanh(_STEEPNESS / 2 * np.subtract.outer(w, _INPUTS))) / 2


def _smooth_step(w: Number) -> Number:
    return ((_sigmoid_outputs(w) - _TARGETS) ** 2).sum(axis=-1)


def _smooth_step_slope(w: Number) -> tuple[Number]:
    outputs = _sigmoid_outputs(w)
    return (-2 * _STEEPNESS * ((outputs - _TARGETS) * outputs * (1 - outputs)).sum(axis=-1),)


def _stair_step(w: Number) -> Number:
    outputs = np.less.outer(w, _INPUTS)
    return ((outputs - _TARGETS) ** 2).sum(axis=-1)


ONE_KNOB: tuple[Surface, ...] = (
    Surface(
        name="parabola",
        description="One knob, one valley: where every learning rate's character shows in its purest form.",
        formula="C(w) = w²",
        default_start=(5.0,),
        domain=((-6.0, 6.0),),
        knobs=("w",),
        minima=((0.0,),),
        function=lambda w: w * w,
        slope=lambda w: (2 * w,),
    ),
    Surface(
        name="double-well",
        description="One knob, two valleys: the ball stops in the one on its side of the ridge, unless it leaps over.",
        formula="C(w) = (w² − 1)² + w/4",
        default_start=(1.7,),
        domain=((-1.8, 1.8),),
        knobs=("w",),
        minima=((-1.0298959854031143,), (0.9671489388226183,)),
        function=lambda w: (w * w - 1) * (w * w - 1) + w / 4,
        slope=lambda w: (4 * w * (w * w - 1) + 0.25,),
    ),
    Surface(
        name="smooth-step",
        description="A neuron with soft outputs: every small turn of its knob changes the cost, so it can learn.",
        formula="C(w) = Σ (σ(4(a − w)) − [a > 0])²,  a = ±½, ±1½, ±2½, ±3½",
        default_start=(3.0,),
        domain=((-4.0, 4.0),),
        knobs=("w",),
        minima=((0.0,),),
        function=_smooth_step,
        slope=_smooth_step_slope,
    ),
    Surface(
        name="stair-step",
        description="The same neuron with on/off outputs: the slope is zero nearly everywhere and says nothing.",
        formula="C(w) = Σ ([a > w] − [a > 0])²,  a = ±½, ±1½, ±2½, ±3½",
        default_start=(3.0,),
        domain=((-4.0, 4.0),),
        knobs=("w",),
        minima=((0.0,),),
        smooth=False,
        function=_stair_step,
        slope=lambda w: (0.0,),
    ),
)
