"""What the tests of the command line share: a way to run it in this process, and a data set."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gdviz.cli import main

Outcome = tuple[int, str, str]
Command = Callable[..., Outcome]


def in_this_process(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in this process: exit code, standard output, standard error."""

    def run(*arguments: object) -> Outcome:
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def tiny_digits(tmp_path: Path) -> Path:
    """A tiny data set: 40 training and 20 test images of 2 x 3 pixels."""
    folder = tmp_path / "digits"
    folder.mkdir()
    for stem, n in (("train", 40), ("t10k", 20)):
        images = np.random.default_rng(n).integers(0, 256, (n, 2, 3)).astype(np.uint8)
        head = bytes([0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 2, 0, 0, 0, 3])
        (folder / f"{stem}-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + images.tobytes()))
        labels = bytes(index % 10 for index in range(n))
        (folder / f"{stem}-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, n]) + labels)
    return folder
