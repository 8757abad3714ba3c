"""Data that several tests of the core need."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gdviz.core.datasets import DataSet, load
from gdviz.core.run import Run, build, next_run
from gdviz.core.scenario import parse

IdxWriter = Callable[[Path, NDArray[Any]], None]


@pytest.fixture(scope="session")
def mnist() -> DataSet:
    return load("mnist")


@pytest.fixture(scope="session")
def write_idx() -> IdxWriter:
    """A function that writes an array as an IDX file of unsigned bytes, gzipped where the name ends so."""

    def write(path: Path, values: NDArray[Any]) -> None:
        header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
        content = header + values.astype(np.uint8).tobytes()
        path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)

    return write


@pytest.fixture
def digits_folder(tmp_path: Path, write_idx: IdxWriter) -> Path:
    """A tiny data set: 60 training and 20 test images of 6 x 5 pixels, some files gzipped, some not."""
    folder = tmp_path / "digits"
    folder.mkdir()
    rng = np.random.default_rng(0)
    write_idx(folder / "train-images-idx3-ubyte", rng.integers(0, 256, (60, 6, 5)))
    write_idx(folder / "train-labels-idx1-ubyte.gz", np.arange(60) % 10)
    write_idx(folder / "t10k-images-idx3-ubyte.gz", rng.integers(0, 256, (20, 6, 5)))
    write_idx(folder / "t10k-labels-idx1-ubyte", np.arange(20) % 10)
    return folder


@pytest.fixture(scope="session")
def start_runs() -> Callable[[str], list[Run]]:
    """The runs of a scenario's TOML text, each before its start."""
    return lambda toml: build(parse(toml, "test"))


@pytest.fixture(scope="session")
def finish_runs(start_runs: Callable[[str], list[Run]]) -> Callable[[str], list[Run]]:
    """The runs of a scenario's TOML text, run to their end in the order in which they take turns."""

    def finish(toml: str) -> list[Run]:
        runs = start_runs(toml)
        while (run := next_run(runs)) is not None:
            run.advance()
        return runs

    return finish
