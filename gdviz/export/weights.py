"""A run's knobs at one step: as numbers that numpy reads, and as the pictures of the first layer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from gdviz.core.problem import Problem, Vector

    Weights = NDArray[np.floating[Any]]

_PIXEL = 8
"""pixels of the picture for a weight, along each side"""
_GAP = 8
"""pixels between two neurons, and around all of them"""


def write_weights(file: BinaryIO, problem: Problem, theta: Vector, step: int, label: str) -> None:
    """Write an .npz file of plain arrays: ``theta`` (n_params,), ``step``, ``run``, and of a network its layers.

    Layer i, counted from 1, has ``weights_i`` (n_in, n_out) and ``biases_i`` (n_out,).
    """
    arrays: dict[str, Any] = {"theta": theta, "step": np.int64(step), "run": np.str_(label)}
    if (network := getattr(problem, "network", None)) is not None:
        for index, (weights, biases) in enumerate(network.layers(theta), start=1):
            arrays[f"weights_{index}"], arrays[f"biases_{index}"] = weights, biases
    np.savez_compressed(file, **arrays)


def mosaic(weights: Weights, level: float, colours: NDArray[np.uint8]) -> Image.Image:
    """The weights into every neuron as a square picture each, in rows.

    Parameters
    ----------
    weights : (n_in, n_neurons); n_in is the square of a picture's side, else the last row of pixels is left empty
    level : what has the strongest colours, and all beyond it; zero has the colour in the middle
    colours : (256, 3), from the most negative to the most positive
    """
    n_in, n = weights.shape
    side = math.ceil(math.sqrt(n_in))
    columns = math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    pitch = side * _PIXEL + _GAP
    picture = np.empty((rows * pitch + _GAP, columns * pitch + _GAP, 3), np.uint8)
    picture[:] = _edge(colours[128])
    for neuron, tile in enumerate(_tiles(weights, side)):
        y, x = _GAP + pitch * (neuron // columns), _GAP + pitch * (neuron % columns)
        codes = np.clip(np.rint(128 + 127 * np.nan_to_num(tile / level)), 1, 255).astype(np.uint8)
        pixels = codes.repeat(_PIXEL, 0).repeat(_PIXEL, 1)
        picture[y : y + side * _PIXEL, x : x + side * _PIXEL] = colours[pixels]
    return Image.fromarray(picture)


def _tiles(weights: Weights, side: int) -> Iterable[Weights]:
    """(side, side) of each neuron."""
    padded = np.zeros((side * side, weights.shape[1]), weights.dtype)
    padded[: len(weights)] = weights
    return padded.T.reshape(-1, side, side)


def _edge(colour: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A tone that sets tiles of this colour apart."""
    towards = 255 if int(colour.sum()) < 3 * 128 else 0
    return (0.85 * colour + 0.15 * towards).astype(np.uint8)
