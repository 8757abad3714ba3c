"""Files of saved runs that are damaged, foreign or made in malice: the same content, or one sentence."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gdviz.core.errors import InputError
from gdviz.core.shown import Shown
from gdviz.export.saved import load, save, scenario_of
from tests.export.saved_support import ADAM, BEALE, SCENARIOS, SURFACE, contents, parts, ran, rewritten, said

if TYPE_CHECKING:
    from collections.abc import Callable


def everything(path: Path) -> Any:
    scenario, runs = parts(load(path))
    return scenario, [contents(run) for run in runs]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Any]:
    """A small file, and what is in it."""
    path = tmp_path_factory.mktemp("good") / "a.gdviz"
    toml = SURFACE.format(problem=BEALE, run=ADAM) + '[[runs]]\noptimizer = { kind = "momentum" }'
    save(path, Shown(*ran(toml)))
    return path.read_bytes(), everything(path)


class TestDamage:
    def test_a_thousand_damaged_copies_are_the_same_or_one_sentence(self, good: tuple[bytes, Any], path: Path) -> None:
        data, expected = good
        draw = random.Random(0)
        refused = 0
        for i in range(1000):
            copy = bytearray(data)
            a, b, c = sorted(draw.randrange(len(data)) for _ in range(3))
            match i % 5:
                case 0:
                    copy[a] ^= 1 << draw.randrange(8)
                case 1:
                    copy[a] = draw.randrange(256)
                case 2:
                    del copy[a:]
                case 3:
                    copy = copy[:a] + copy[b:c] + copy[a:b] + copy[c:]
                case 4:
                    copy[a:b] = draw.randbytes(draw.randrange(20))
            path.write_bytes(copy)
            begun = time.perf_counter()
            why = ""
            try:
                assert everything(path) == expected
            except InputError as error:
                why = str(error)
                refused += 1
            assert not why or (why.startswith(f"{path}: ") and "\n" not in why)
            assert time.perf_counter() - begun < 1
        assert refused > 900

    def test_every_bit_of_the_two_lines_of_text(self, good: tuple[bytes, Any], path: Path) -> None:
        data, _ = good
        end = data.index(b"\n", 40) + 1
        for at in range(end):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            said(path)

    def test_more_than_a_file(self, good: tuple[bytes, Any], path: Path) -> None:
        path.write_bytes(good[0] + b"\0")
        assert said(path) == "damaged: its numbers are not those that were saved"


def put(at: int, dtype: str, index: int, value: float) -> Callable[[Any, list[bytes]], None]:
    """Another number in one of the arrays."""

    def change(tree: Any, streams: list[bytes]) -> None:
        array = np.frombuffer(streams[at], dtype).copy()
        array[index] = value
        streams[at] = array.tobytes()

    return change


def key(name: str, value: Any) -> Callable[[Any, list[bytes]], None]:
    def change(tree: Any, streams: list[bytes]) -> None:
        *place, last = name.split(".")
        for part in place:
            tree = tree[int(part) if part.isdecimal() else part]
        tree[last] = value

    return change


def stretched(tree: Any, streams: list[bytes]) -> None:
    """One array more than was said."""
    streams.append(b"")


def cut(tree: Any, streams: list[bytes]) -> None:
    streams[3] = streams[3][8:]


def swollen(tree: Any, streams: list[bytes]) -> None:
    streams[3] = bytes(100 << 20)


HOSTILE: dict[str, tuple[Callable[[Any, list[bytes]], None], str]] = {
    "rows beyond all bounds": (key("runs.0.rows", 10**15), "runs[0].rows: expected a whole number >= 1 and <= 2"),
    "no rows": (key("runs.0.rows", 0), "runs[0].rows: expected"),
    "rows that are not there": (key("runs.0.rows", 2_000_000), "damaged: fewer numbers than it says"),
    "evaluations": (key("runs.0.evaluations", 300 << 20), " MB of numbers, expected at most 384"),
    "checkpoints": (key("runs.0.newest", 10**12), " MB of numbers, expected at most 384"),
    "checkpoints without room": (key("runs.0.checkpoint_bytes", 0), "runs[0]: expected at most 4 checkpoints, got 41"),
    "room beyond all bounds": (key("runs.0.checkpoint_bytes", 10**12), "runs[0].checkpoint_bytes: expected"),
    "a stride of nothing": (key("runs.0.stride", 0), "runs[0].stride: expected"),
    "a type that is none": (key("runs.0.label", 5), "runs[0].label: expected a text, got 5"),
    "a key that is none": (key("runs.0.path", "/etc/passwd"), "runs[0].path: unknown key"),
    "a scenario that is none": (key("scenario.problem.name", "no"), "scenario.problem.name: expected one of"),
    "no scenario": (key("scenario", []), "scenario: expected a table, got []"),
    "one run too few": (key("runs", []), "runs: expected a list of 1 to 64, got []"),
    "a network beyond all bounds": (
        key("scenario", {"problem": {"kind": "digits", "hidden": [4096] * 8}, "runs": [{}]}),
        "MB of numbers, expected at most 384",
    ),
    "data that is nowhere": (
        key("scenario", {"problem": {"kind": "digits", "data": "/no/such"}, "runs": [{}]}),
        "problem.data: expected mnist or a folder with IDX files, got '/no/such'",
    ),
    "a change of nothing": (key("runs.0.changes", [[3, "no", 0.5]]), "runs[0]: Object contains unknown field `no`"),
    "a change of too much": (key("runs.0.changes", [[3, "learning_rate", 1e9]]), "runs[0]: Expected `float` <= "),
    "a change to come": (key("runs.0.changes", [[41, "beta1", 0.5]]), "runs[0]: changes: expected at steps of the"),
    "a clock of too many marks": (
        key("runs.0.clock", [[step, step] for step in range(5000)]),
        "runs[0].clock: expected a list",
    ),
    "a clock of steps in disorder": (key("runs.0.clock", [[3, 0], [3, 1]]), "runs[0]: clock: expected steps in order"),
    "a clock that runs back": (key("runs.0.clock", [[3, 0.5], [4, 0.25]]), "runs[0]: clock: expected steps in order"),
    "a clock of steps to come": (key("runs.0.clock", [[41, 0.5]]), "runs[0]: clock: expected at steps of the past"),
    "a clock of steps before": (key("runs.0.clock", [[-1, 0.5]]), "runs[0].clock[0][0]: expected"),
    "seconds below zero": (key("runs.0.clock", [[3, -0.5]]), "runs[0].clock[0][1]: expected"),
    "seconds without end": (key("runs.0.clock", [[3, 1e300]]), "a number >= 0 and <= 1e+10, got 1e+300"),
    "seconds that are none": (key("runs.0.clock", [[3, float("nan")]]), "its second line is not JSON: "),
    "a clock that is none": (key("runs.0.clock", 3), "runs[0].clock: expected a list"),
    "cannot go on for no reason": (
        lambda tree, _: tree["runs"][0].update(fixed=True, ended=""),
        "runs[0]: ended: expected to say why",
    ),
    "steps in disorder": (put(0, "<i8", 7, 5), "runs[0]: steps: expected to rise from 0 to 40"),
    "steps from -1": (put(0, "<i8", 0, -1), "runs[0]: steps: expected to rise from 0 to 40"),
    "steps to somewhere else": (put(0, "<i8", -1, 77), "runs[0]: steps: expected to rise from 0 to 40"),
    "a cost that is none": (put(1, "<f8", 3, np.nan), "runs[0]: expected finite numbers"),
    "a slope without end": (put(2, "<f8", 3, np.inf), "runs[0]: expected finite numbers"),
    "a knob that is none": (put(5, "<f8", 3, np.nan), "runs[0]: expected finite numbers"),
    "a last cost that is none": (put(1, "<f8", -1, np.nan), "runs[0]: expected finite numbers"),
    "a checkpoint that is none": (put(9, "<f8", 6, np.nan), "runs[0]: expected finite numbers"),
    "a newest knob that is none": (put(10, "<f8", 0, np.nan), "runs[0]: expected finite numbers"),
    "a key of many words": (key("b " * 10**6, 1), "b b b b b b"),
    "a formula of many words": (
        key("scenario", {"problem": {"kind": "formula", "expression": "x" + "+x" * 10**6}, "runs": [{}]}),
        "scenario.problem.expression: ",
    ),
    "one array more": (stretched, "damaged: its numbers are not those that were saved"),
    "a short array": (cut, "damaged: fewer numbers than it says"),
    "a bomb": (swollen, "damaged: more numbers than it says"),
}


class TestHostile:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_is_one_sentence(self, name: str, path: Path) -> None:
        change, words = HOSTILE[name]
        save(path, Shown(*ran(SCENARIOS["two knobs"])))
        rewritten(path, lambda tree, streams: None)
        load(path)
        rewritten(path, change)
        begun = time.perf_counter()
        assert words in said(path)
        assert time.perf_counter() - begun < 2

    @pytest.mark.parametrize(
        ("at", "dtype", "index", "value", "words"),
        [
            (4, "<i8", 1, 0, "evaluations: expected in order"),
            (4, "<i8", -1, 41, "evaluations: expected at steps"),
            (5, "<f8", 1, 1.5, "evaluations: expected accuracies"),
            (5, "<f8", 3, np.nan, "evaluations: expected accuracies"),
            (6, "<f4", 3, np.nan, "expected finite numbers"),
        ],
    )
    def test_numbers_of_a_network(self, at: int, dtype: str, index: int, value: float, words: str, path: Path) -> None:
        save(path, Shown(*ran(SCENARIOS["mini-batches"])))
        rewritten(path, put(at, dtype, index, value))
        assert said(path).startswith(f"runs[0]: {words}")

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", "not a file of saved runs"),
            (b"PK\x03\x04" + bytes(100), "not a file of saved runs"),
            (b"\n" * 1000, "not a file of saved runs"),
            (b"gdviz runs 2 00000000 00000000\n", "written by another version of gdviz: format 2, expected 1"),
            (b"gdviz runs 1 00000000 00000000\n", "damaged: its second line is not the one that was saved"),
            (b"gdviz runs 1 00000000 00000000", "not a file of saved runs"),
            (b"gdviz runs 1 %08x 00000000\n[[\n" % zlib.crc32(b"[["), "its second line is not JSON: "),
            (b"gdviz runs 1 %08x 00000000\n5\n" % zlib.crc32(b"5"), "the whole: expected a table, got 5"),
            (
                b"gdviz runs 1 %08x 00000000\n%s\n" % (zlib.crc32(b"[" * 10**5), b"[" * 10**5),
                "its second line is not JSON: ",
            ),
            (b"gdviz runs 1 00000000 00000000\n" + bytes(5 << 20), "damaged: its second line is not the one"),
        ],
    )
    def test_no_saved_runs_at_all(self, data: bytes, words: str, path: Path) -> None:
        path.write_bytes(data)
        assert said(path).startswith(words)
        with pytest.raises(InputError, match=r"^.*a\.gdviz: "):
            scenario_of(str(path))

    def test_no_file(self, path: Path) -> None:
        assert said(path) == "a .gdviz file expected, none is there"
        path.mkdir()
        assert said(path) == "a .gdviz file expected, not a folder"
        assert said("a\0.gdviz") == "a .gdviz file expected, none is there"
        assert said("a" * 500 + ".gdviz") == f"can't be read: {os.strerror(errno.ENAMETOOLONG)}"

    def test_a_file_that_is_closed_to_us(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path.touch()

        def refuse(*_: object) -> None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(Path, "open", refuse)  # root may read everything
        assert said(path) == "can't be read: Permission denied"

    def test_a_file_larger_than_any(self, path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(10**10)  # a hole, which takes no room
        assert said(path) == "larger than any file of saved runs"

    def test_the_most_memory_is_bounded(self, path: Path) -> None:
        """Numbers just below the bound, which are packed a thousand to one, of a file that is found out at its end."""
        save(path, Shown(*ran(SCENARIOS["two knobs"] + f"[[runs]]\n{ADAM}\n", 1)))
        rows = 2_000_000

        def swell(tree: Any, streams: list[bytes]) -> None:
            for run in tree["runs"]:
                run |= {"rows": rows, "newest": rows - 1, "stride": 2}
            one = [np.arange(rows).tobytes(), *[bytes(8 * rows)] * 6, b"", b"", bytes(24 * rows), bytes(48)]
            streams[:] = [*one, *one[:-1], bytes(40) + np.array([np.nan]).tobytes()]

        rewritten(path, swell)
        assert path.stat().st_size < 10 << 20
        code = (
            "import sys; from pathlib import Path; from gdviz.core.errors import InputError;"
            "from gdviz.export.saved import load\n"
            "try: load(Path(sys.argv[1]))\nexcept InputError as error: print(error)\n"
            # Not ru_maxrss, which counts what the process was before it became this one.
            "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
        )
        done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
        told, peak = done.stdout.splitlines()
        assert told == f"{path}: runs[0]: expected at most 699050 checkpoints, got 1000000"
        assert int(peak) < 500 << 10
