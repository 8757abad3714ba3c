"""Digits from files that are as they should be, and from files that are not."""

import gzip
import hashlib
import os
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gdviz.core.datasets import DataSet, load, read_idx, shuffled
from gdviz.core.errors import InputError
from gdviz.core.resources import resource

IdxWriter = Callable[[Path, NDArray[Any]], None]
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def test_mnist_is_what_was_published(mnist: DataSet) -> None:
    assert mnist.train_images.shape == (60_000, 784)
    assert mnist.train_labels.shape == (60_000,)
    assert mnist.test_images.shape == (10_000, 784)
    assert mnist.test_labels.shape == (10_000,)
    assert mnist.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.test_labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(mnist.train_labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert not mnist.train_images.flags.writeable, "one copy is shared by all runs"
    assert load("mnist") is mnist


@pytest.mark.parametrize(
    ("name", "md5"),
    [
        (FILES[0], "6bbc9ace898e44ae57da46a324031adb"),
        (FILES[1], "a25bea736e30d166cdddb491f175f624"),
        (FILES[2], "2646ac647ad5339dbf082846283269ea"),
    ],
)
def test_the_shipped_files_are_the_originals(name: str, md5: str) -> None:
    content = gzip.decompress(resource("mnist", f"{name}.gz").read_bytes())
    assert hashlib.md5(content, usedforsecurity=False).hexdigest() == md5


def test_the_shipped_test_labels_are_whole(mnist: DataSet) -> None:
    assert np.bincount(mnist.test_labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_plain_and_gzipped_files_read_back(tmp_path: Path, write_idx: IdxWriter, name: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 5)).astype(np.uint8)
    write_idx(tmp_path / name, images)
    np.testing.assert_array_equal(read_idx(tmp_path / name, 3), images)


def test_any_folder_with_the_four_files_works(digits_folder: Path) -> None:
    data = load(str(digits_folder))
    assert data.train_images.shape == (60, 30)
    assert data.test_images.shape == (20, 30)
    assert data.train_labels.tolist() == list(range(10)) * 6
    plain = read_idx(digits_folder / FILES[0], 3)
    np.testing.assert_array_equal(data.train_images, plain.reshape(60, 30))


def test_a_replaced_file_is_read_anew(digits_folder: Path, write_idx: IdxWriter) -> None:
    load(str(digits_folder))
    labels = digits_folder / f"{FILES[1]}.gz"
    write_idx(labels, np.zeros(60))
    os.utime(labels, ns=(1, 1))
    assert not load(str(digits_folder)).train_labels.any()


def idx(*shape: int, data: bytes, kind: int = 8, zero: int = 0, dimensions: int | None = None) -> bytes:
    head = struct.pack(">HBB", zero, kind, len(shape) if dimensions is None else dimensions)
    return head + struct.pack(f">{len(shape)}I", *shape) + data


GOOD = idx(2, 3, 4, data=bytes(24))
BAD = {
    "empty": (b"", "an IDX header of 16 bytes expected, got 0"),
    "cut in the header": (GOOD[:10], "an IDX header of 16 bytes expected, got 10"),
    "cut in the data": (GOOD[:-1], "24 bytes of data expected for dimensions (2, 3, 4), there are only 23"),
    "too long": (GOOD + b"x", "24 bytes of data expected for dimensions (2, 3, 4), there are more"),
    "wrong magic": (idx(2, 3, 4, data=bytes(24), zero=1), "its first bytes are 00 01 08 03"),
    "wrong type": (idx(2, 3, 4, data=bytes(24), kind=0x0D), "its first bytes are 00 00 0d 03"),
    "wrong dimensions": (idx(24, data=bytes(24)), "with 3 dimension(s) expected, its first bytes are 00 00 08 01"),
    "no images": (idx(0, 3, 4, data=b""), "dimensions (0, 3, 4), expected 1 to"),
    "4 GB claimed": (idx(65536, 256, 256, data=bytes(24)), "dimensions (65536, 256, 256), expected 1 to"),
    "all bits claimed": (idx(*[2**32 - 1] * 3, data=bytes(24)), "dimensions (4294967295, "),
    "1 GB claimed": (
        idx(1024, 1024, 1024, data=bytes(24)),
        "bytes of data expected for dimensions (1024, 1024, 1024), ",
    ),
    "no IDX at all": (b"<!DOCTYPE html><html></html>", "its first bytes are 3c 21 44 4f"),
}


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=list(BAD))
def test_a_bad_file_is_named_and_takes_no_memory(tmp_path: Path, content: bytes, message: str, suffix: str) -> None:
    path = tmp_path / f"images{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as raised:
            read_idx(path, 3)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(raised.value).startswith(f"{path}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert peak < 4 << 20


def test_a_gzip_bomb_stops_at_what_its_header_declares(tmp_path: Path) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(idx(2, 3, 4, data=bytes(64 << 20)), 9))
    assert path.stat().st_size < 1 << 17
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="there are more"):
            read_idx(path, 3)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(GOOD)[:-12], "end-of-stream"),
        (GOOD, "Not a gzipped file"),
        (gzip.compress(GOOD)[:10] + b"\xff" * 30, "Error -3"),
        (gzip.compress(GOOD)[:-8] + bytes(8), "CRC check failed"),
    ],
    ids=["cut", "not gzipped", "garbled", "wrong checksum"],
)
def test_a_broken_gzip_file_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason) as raised:
        read_idx(path, 3)
    assert str(raised.value).startswith(f"{path}: can't be read: ")


def test_a_missing_file_or_a_folder_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read: No such file or directory"):
        read_idx(tmp_path / "none", 3)
    with pytest.raises(InputError, match="can't be read: Is a directory"):
        read_idx(tmp_path, 3)


@pytest.mark.parametrize("name", ["nowhere", "/nowhere/at/all", "~nobody-of-this-name/mnist", "x" * 5000, "a\0b", "\n"])
def test_a_missing_folder_names_the_key(name: str) -> None:
    with pytest.raises(InputError, match=r"^problem\.data: expected mnist or a folder with IDX files, got '"):
        load(name)


class TestBadFolders:
    @pytest.mark.parametrize("missing", FILES)
    def test_a_missing_file(self, digits_folder: Path, missing: str) -> None:
        for path in digits_folder.glob(f"{missing}*"):
            path.unlink()
        with pytest.raises(InputError) as raised:
            load(str(digits_folder))
        assert str(raised.value) == f"{digits_folder}: {missing} or {missing}.gz expected, found neither"

    def test_a_label_10(self, digits_folder: Path, write_idx: IdxWriter) -> None:
        labels = np.arange(20) % 10
        labels[[7, 9]] = 10, 11
        write_idx(digits_folder / FILES[3], labels)
        with pytest.raises(InputError, match=r"t10k-labels-idx1-ubyte: label 10 at position 7, expected 0 to 9"):
            load(str(digits_folder))

    def test_counts_that_differ(self, digits_folder: Path, write_idx: IdxWriter) -> None:
        write_idx(digits_folder / FILES[3], np.zeros(21))
        with pytest.raises(InputError, match="t10k-labels-idx1-ubyte: 20 labels expected, one an image, there are 21"):
            load(str(digits_folder))

    def test_images_of_other_sizes(self, digits_folder: Path, write_idx: IdxWriter) -> None:
        write_idx(digits_folder / f"{FILES[2]}.gz", np.zeros((20, 6, 6)))
        with pytest.raises(InputError, match="training images of 30 pixels, test images of 36; expected the same"):
            load(str(digits_folder))


class TestShuffledLabels:
    LABELS = np.random.default_rng(1).integers(0, 10, 10_000).astype(np.uint8)

    @pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
    def test_that_fraction_is_replaced_at_random(self, fraction: float) -> None:
        before = self.LABELS.copy()
        noisy = shuffled(self.LABELS, fraction, np.random.default_rng(2))
        np.testing.assert_array_equal(self.LABELS, before)
        assert noisy.dtype == np.uint8
        # One in ten keeps its label by chance; 0.015 is more than five standard deviations.
        assert np.mean(noisy != self.LABELS) == pytest.approx(0.9 * fraction, abs=0.015)
        assert np.bincount(noisy, minlength=10).min() > 850

    def test_the_same_generator_gives_the_same_noise(self) -> None:
        first, second, other = (shuffled(self.LABELS, 0.5, np.random.default_rng(seed)) for seed in (3, 3, 4))
        np.testing.assert_array_equal(first, second)
        assert (first != other).any()
