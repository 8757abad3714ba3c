"""Handwritten digits in the IDX format, plain or gzipped, from the package or from any folder.

The format (LeCun, Cortes & Burges, MNIST): two zero bytes, a type byte (8: unsigned byte), the number of dimensions,
each dimension as a big-endian 32-bit number, then the data.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.core.errors import InputError
from gdviz.core.resources import resource

Bytes = NDArray[np.uint8]

DATASETS: tuple[str, ...] = ("mnist",)
"""Names of the data sets in the package; any folder with the four files works as well."""

N_CLASSES = 10
_UNSIGNED_BYTE = 8
_MOST_BYTES = 1 << 30  # twenty times MNIST's training images; a gzip bomb stops here
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """Images as bytes, one row each, and their labels; 0 is background, 255 ink."""

    train_images: Bytes
    """(n, pixels)"""
    train_labels: Bytes
    """(n,) of 0 to 9"""
    test_images: Bytes
    test_labels: Bytes


def read_idx(path: Path, n_dimensions: int) -> Bytes:
    """The array in an IDX file of unsigned bytes, plain or .gz.

    Raises InputError, naming the file, unless type, number of dimensions and length are exactly as declared. Memory is
    taken for the data that is there, never on the header's word.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            header = file.read(4 + 4 * n_dimensions)
            if len(header) < 4 + 4 * n_dimensions:
                raise InputError(f"{path}: an IDX header of {4 + 4 * n_dimensions} bytes expected, got {len(header)}")
            zero, kind, declared = struct.unpack(">HBB", header[:4])
            if (zero, kind, declared) != (0, _UNSIGNED_BYTE, n_dimensions):
                raise InputError(
                    f"{path}: an IDX file of unsigned bytes with {n_dimensions} dimension(s) expected, "
                    f"its first bytes are {header[:4].hex(' ')}"
                )
            shape = struct.unpack(f">{n_dimensions}I", header[4:])
            size = int(np.prod(shape, dtype=object))
            if not 0 < size <= _MOST_BYTES:
                raise InputError(f"{path}: dimensions {shape}, expected 1 to {_MOST_BYTES:,} bytes in all")
            data = bytearray()
            while len(data) <= size and (chunk := file.read(min(_CHUNK, size + 1 - len(data)))):
                data += chunk
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{path}: can't be read: {reason}") from error
    if len(data) != size:
        more = "more" if len(data) > size else f"only {len(data):,}"
        raise InputError(f"{path}: {size:,} bytes of data expected for dimensions {shape}, there are {more}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def load(name: str) -> DataSet:
    """A data set by name, or from a folder with the four canonical files, plain or .gz."""
    try:
        folder = resource(name) if name in DATASETS else Path(name).expanduser()
        found = folder.is_dir()
    except (OSError, RuntimeError):  # a name too long, a folder that is closed to us, ~ of nobody
        found = False
    if not found:
        raise InputError(f"problem.data: expected {' or '.join(DATASETS)} or a folder with IDX files, got {name!r}")
    return _load(folder.resolve(), tuple(_find(folder, stem) for stem in _STEMS))


_STEMS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def _find(folder: Path, stem: str) -> tuple[Path, int]:
    """The file and its time of change, so that a replaced file is read anew."""
    for path in (folder / stem, folder / f"{stem}.gz"):
        if path.is_file():
            return path, path.stat().st_mtime_ns
    raise InputError(f"{folder}: {stem} or {stem}.gz expected, found neither")


@lru_cache(maxsize=2)
def _load(folder: Path, files: tuple[tuple[Path, int], ...]) -> DataSet:
    train_images, train_labels = _pair(files[0][0], files[1][0])
    test_images, test_labels = _pair(files[2][0], files[3][0])
    if train_images.shape[1] != test_images.shape[1]:
        raise InputError(
            f"{folder}: training images of {train_images.shape[1]} pixels, test images of {test_images.shape[1]}; "
            "expected the same"
        )
    return DataSet(train_images, train_labels, test_images, test_labels)


def _pair(images_path: Path, labels_path: Path) -> tuple[Bytes, Bytes]:
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise InputError(f"{labels_path}: {len(images):,} labels expected, one an image, there are {len(labels):,}")
    wrong = np.flatnonzero(labels >= N_CLASSES)
    if wrong.size:
        raise InputError(f"{labels_path}: label {labels[wrong[0]]} at position {wrong[0]:,}, expected 0 to 9")
    images = images.reshape(len(images), -1)
    # One copy is shared by all runs and threads.
    images.flags.writeable = labels.flags.writeable = False
    return images, labels


def shuffled(labels: NDArray[Any], fraction: float, rng: np.random.Generator) -> Bytes:
    """A copy of ``labels`` (n,) with that fraction of them, chosen at random, replaced by random ones.

    As in Zhang et al., arXiv:1611.03530, "partially corrupted labels": a replacement is uniform over all classes, so
    that one in ten keeps its label by chance.
    """
    replaced = labels.astype(np.uint8)
    chosen = rng.permutation(len(labels))[: round(fraction * len(labels))]
    replaced[chosen] = rng.integers(0, N_CLASSES, len(chosen))
    return replaced
