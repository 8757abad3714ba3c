"""Saved runs: they come back bit for bit and go on as if never stopped; a broken or hostile file is one sentence."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gdviz.cli import main
from gdviz.core import history as history_module
from gdviz.core.errors import InputError
from gdviz.core.generators import finished
from gdviz.core.making import begun, with_fork
from gdviz.core.run import build, next_run
from gdviz.core.scenario import Scenario, parse
from gdviz.export import saved
from gdviz.export.saved import load, reopened, save, scenario_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from gdviz.core.run import Run

DIGITS = """
title = "Some digits"
[problem]
kind = "digits"
train_size = 320
hidden = [8]
{problem}
[stop]
steps = 40
[[runs]]
batch_size = 16
seed = 3
{run}
"""
SURFACE = """
[problem]
{problem}
[stop]
steps = 40
[[runs]]
{run}
"""
ADAM = 'optimizer = { kind = "adam", learning_rate = 0.01 }'
BEALE = 'kind = "surface"\nname = "beale"'
FORMULA = 'kind = "formula"\nexpression = "x**2 + 3*sin(x)"\nstart = [4.0]'
SCENARIOS = {
    "one knob": SURFACE.format(problem='kind = "surface"\nname = "parabola"', run=""),
    "two knobs": SURFACE.format(problem=BEALE, run=ADAM),
    "a formula": SURFACE.format(problem=FORMULA, run='optimizer = { kind = "nadam" }'),
    "line search": SURFACE.format(problem=BEALE, run='optimizer = { kind = "exact-line-search" }'),
    "blows up": SURFACE.format(problem=BEALE, run='optimizer = { kind = "momentum", learning_rate = 5.0 }'),
    "cost below": SURFACE.format(problem=FORMULA, run="").replace("steps = 40", "cost_below = 2.0"),
    "mini-batches": DIGITS.format(problem="", run=ADAM),
    "a full batch": DIGITS.format(problem="evaluate = 10", run='optimizer = { kind = "momentum" }').replace(
        "= 16", '= "full"'
    ),
    "evaluated every 7 steps": DIGITS.format(problem="evaluate = 7", run='schedule = { kind = "cosine" }'),
    "shuffled labels": DIGITS.format(problem="shuffle_labels = 0.5", run="problem = { hidden = [4, 4] }"),
    "digits that blow up": DIGITS.format(problem="", run='optimizer = { kind = "lion", learning_rate = 1e6 }').replace(
        "hidden = [8]", 'hidden = [8, 8, 8, 8, 8, 8, 8]\nactivation = "relu"\ncost = "cross-entropy"'
    ),
    "another rule later": DIGITS.format(
        problem="",
        run='optimizer = { kind = "momentum" }\n'
        'changes = [{ step = 9, learning_rate = 0.3 }, { step = 17, optimizer = { kind = "adam" } }]',
    ),
    "several": DIGITS.format(problem="evaluate = 10", run='label = "a"')
    + f'[[runs]]\nseed = 4\n{ADAM}\n[[runs]]\nbatch_size = "full"',
}


def drive(runs: list[Run], step: int = 10**9) -> list[Run]:
    """The runs, each gone on to a step or to its end."""
    while (run := next_run([run for run in runs if run.step < step])) is not None:
        run.advance()
    return runs


def ran(toml: str, step: int = 10**9) -> tuple[Scenario, list[Run]]:
    scenario = parse(toml, "test")
    return scenario, drive(build(scenario), step)


def contents(run: Run) -> dict[str, Any]:
    """All that was taken down, in bytes: equal means bit for bit."""
    table = run.history.table()
    columns = {name: getattr(table, name).tobytes() for name in table.__slots__}
    kept = run.history._kept[: run.history._n_kept]
    return columns | {
        "evaluations": repr(run.history.evaluations),
        "kept": kept.tobytes(),
        "room": (len(run.history._kept), run.history.stride),
        "says": (run.label, run.ended, run.fixed, run.unbounded, run.changes, run.spec, run.horizon),
    }


def standing(run: Run) -> dict[str, Any]:
    """The same, and where it stands."""
    row = run.row
    theta, state, gradient = row.theta.tobytes(), row.state.tobytes(), row.gradient.tobytes()
    return contents(run) | {"row": (row.step, theta, state, gradient), "rules": (run.rules, run.optimizer)}


def said(path: Path | str) -> str:
    """Why a file is refused."""
    with pytest.raises(InputError) as raised:
        load(Path(path))
    text = str(raised.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert len(text) < 600
    return text.removeprefix(f"{path}: ")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.gdviz"


@pytest.mark.parametrize("step", [0, 1, 23, 10**9])
@pytest.mark.parametrize("name", SCENARIOS)
def test_runs_come_back_bit_for_bit_and_go_on_as_if_never_stopped(name: str, step: int, path: Path) -> None:
    scenario, runs = ran(SCENARIOS[name], step)
    save(path, scenario, runs)
    again, loaded = load(path)
    assert again == scenario == scenario_of(str(path))
    assert [contents(run) for run in loaded] == [contents(run) for run in runs]
    for run, one in zip(loaded, runs, strict=True):
        at = run.history.newest()
        assert at is not None
        assert (at.step, at.theta.tobytes()) == (one.step, one.row.theta.tobytes())
    _, loaded = finished(begun(again, loaded))
    assert [standing(run) for run in loaded] == [standing(run) for run in runs], "at the newest row"
    for both in (runs, loaded):
        drive(both)
        for run in both:
            run.go_on()
        drive(both, 60)
    assert [standing(run) for run in loaded] == [standing(run) for run in runs], "later on"
    assert all(run.step >= 40 or run.ended for run in runs)


def test_a_run_that_blew_up_keeps_its_last_row(path: Path) -> None:
    for name in ("blows up", "digits that blow up"):
        scenario, runs = ran(SCENARIOS[name])
        assert runs[0].ended.startswith("blew up")
        save(path, scenario, runs)
        _, (run,) = finished(reopened(path))
        assert not np.isfinite(run.history.table().cost[-1])
        assert run.fixed
        run.go_on()
        assert run.ended == runs[0].ended


def test_a_run_that_failed_stays_where_it_is(path: Path) -> None:
    scenario, (run,) = ran(SCENARIOS["two knobs"], 10)
    run._steps.close()
    with pytest.raises(StopIteration):
        run.advance()
    run.change("learning_rate", 0.5)
    assert run.ended == "stopped at step 10"
    save(path, scenario, [run])
    _, (again,) = finished(reopened(path))
    assert (again.step, again.ended, again.fixed) == (10, "stopped at step 10", True)


@pytest.mark.parametrize("name", ["two knobs", "mini-batches"])
def test_what_was_changed_by_hand_and_a_run_past_its_stop(name: str, path: Path) -> None:
    scenario, (run,) = ran(SCENARIOS[name], 12)
    run.change("learning_rate", 0.02)
    run.change("beta1", 0.8)
    drive([run], 20)
    run.change("learning_rate", 0.03)
    drive([run])
    run.go_on()
    drive([run], 50)
    run.change("learning_rate", 0.04)  # not yet in force
    save(path, scenario, [run])
    _, (again,) = finished(reopened(path))
    assert again.changes == [(12, "learning_rate", 0.02), (12, "beta1", 0.8), (20, "learning_rate", 0.03),
                             (50, "learning_rate", 0.04)]  # fmt: skip
    assert standing(again) == standing(run)
    assert again.recipe == run.recipe
    drive([run], 60)
    drive([again], 60)
    assert standing(again) == standing(run)
    assert finished(again.exactly(55)).theta.tobytes() == finished(run.exactly(55)).theta.tobytes()


@pytest.mark.parametrize("name", ["two knobs", "mini-batches", "another rule later"])
def test_forks_and_forks_of_what_was_loaded(name: str, path: Path) -> None:
    scenario, runs = ran(SCENARIOS[name], 30)
    other = {"optimizer": {"kind": "nadam", "learning_rate": 0.002}}
    scenario, runs = finished(with_fork(scenario, runs, 0, 21, other, "nadam from 21"))
    scenario, runs = finished(with_fork(scenario, runs, 0, 12, {"learning_rate": 0.5}, "faster"))
    drive(runs, 35)
    save(path, scenario, runs)
    again, loaded = finished(reopened(path))
    assert [run.ended for run in loaded] == ["left at step 30", "left at step 21", ""]
    assert [run.label for run in loaded][1:] == ["nadam from 21", "faster"]
    assert [standing(run) for run in loaded] == [standing(run) for run in runs]
    fork = {"learning_rate": 0.1}
    ends = [drive(finished(with_fork(a, b, 1, 10, fork, "fork"))[1]) for a, b in ((scenario, runs), (again, loaded))]
    assert [standing(run) for run in ends[0]] == [standing(run) for run in ends[1]]


@pytest.mark.parametrize("step", [2047, 2048, 2049, 5000])
def test_thinned_histories(step: int, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MOST_ROWS", 2048)
    scenario, runs = ran(SCENARIOS["two knobs"].replace("steps = 40", "steps = 9000"), step)
    save(path, scenario, runs)
    _, loaded = finished(reopened(path))
    assert standing(loaded[0]) == standing(runs[0])
    assert standing(drive(loaded)[0]) == standing(drive(runs)[0])
    assert runs[0].history.stride > 1


def test_a_fork_of_a_long_run_is_thinned_where_any_run_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MOST_ROWS", 2048)
    _, (run,) = ran(SCENARIOS["two knobs"].replace("steps = 40", "steps = 5000"), 1501)
    fork = run.forked(finished(run.exactly(1500)), {"learning_rate": 0.02}, "fork")
    drive([fork])
    assert fork.step == 5000
    assert len(fork.history) <= 2048


def test_a_file_can_be_saved_again(path: Path) -> None:
    scenario, runs = ran(SCENARIOS["several"], 15)
    save(path, scenario, runs)
    before = path.read_bytes()
    save(path, *load(path))
    assert path.read_bytes() == before, "runs that were not yet brought to a row, too"
    assert list(path.parent.iterdir()) == [path]


def test_saving_in_the_midst_of_a_step_ends_it_first(path: Path) -> None:
    scenario, (run,) = ran(SCENARIOS["a full batch"].replace("train_size = 320", "train_size = 3000"), 3)
    run.advance()
    assert run.between
    save(path, scenario, [run])
    assert run.step == 4
    _, (again,) = finished(reopened(path))
    assert standing(again) == standing(run)


def test_memory_that_no_rule_has_written_is_never_saved(path: Path) -> None:
    """The first rule remembers less than the later one: what is reserved for that is zero, not some old memory."""
    _, (run,) = ran(SCENARIOS["another rule later"], 16)
    assert run.history._kept.shape[1] == 3
    assert not run.history._kept[: run.history._n_kept, 2].any()


def everything(path: Path) -> Any:
    scenario, runs = load(path)
    return scenario, [contents(run) for run in runs]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Any]:
    """A small file, and what is in it."""
    path = tmp_path_factory.mktemp("good") / "a.gdviz"
    toml = SURFACE.format(problem=BEALE, run=ADAM) + '[[runs]]\noptimizer = { kind = "momentum" }'
    save(path, *ran(toml))
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


def rewritten(path: Path, change: Callable[[Any, list[bytes]], None]) -> None:
    """Another manifest and other numbers, with checksums that fit: what only malice makes."""
    _, line, rest = path.read_bytes().split(b"\n", 2)
    tree, streams = json.loads(line), []
    while rest:
        inflate = zlib.decompressobj(wbits=-15)
        streams.append(inflate.decompress(rest))
        rest = inflate.unused_data
    change(tree, streams)
    crc, packed = 0, b""
    for stream in streams:
        crc = zlib.crc32(stream, crc)
        deflate = zlib.compressobj(wbits=-15)
        packed += deflate.compress(stream) + deflate.flush()
    line = json.dumps(tree).encode()
    path.write_bytes(b"gdviz runs 1 %08x %08x\n%s\n" % (zlib.crc32(line), crc, line) + packed)


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
        save(path, *ran(SCENARIOS["two knobs"]))
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
        save(path, *ran(SCENARIOS["mini-batches"]))
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
        save(path, *ran(SCENARIOS["two knobs"] + f"[[runs]]\n{ADAM}\n", 1))
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


class TestWriting:
    def test_what_could_not_be_opened_is_not_written(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        scenario, runs = ran(SCENARIOS["two knobs"])
        save(path, scenario, runs)
        before = path.read_bytes()
        monkeypatch.setattr(saved, "MOST_BYTES", 1000)
        with pytest.raises(InputError, match=r"a\.gdviz: 0 MB of numbers, expected at most 0$"):
            save(path, scenario, runs)
        monkeypatch.undo()
        runs[0].changes = [(step, "learning_rate", 0.1) for step in range(200_000)]
        with pytest.raises(InputError, match=r"a\.gdviz: recipe and changes by hand of .* bytes, expected less than"):
            save(path, scenario, runs)
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]

    def test_a_place_that_cannot_be_written_to(self, path: Path) -> None:
        scenario, runs = ran(SCENARIOS["two knobs"], 3)
        with pytest.raises(InputError, match=r"a\.zip: expected a file that ends in \.gdviz$"):
            save(path.with_suffix(".zip"), scenario, runs)
        with pytest.raises(InputError, match=r"no/a\.gdviz: can't be written: No such file or directory$"):
            save(path.parent / "no" / path.name, scenario, runs)

    def test_from_the_command_line(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", "rates-race", "--steps", "30", "--csv", "-", "--save", str(path)]) == 0
        scenario, runs = load(path)
        assert scenario.stop.steps == 30
        assert len(capsys.readouterr().out.splitlines()) == 1 + sum(len(run.history) for run in runs)
        assert {run.ended for run in runs} <= {"30 steps done"} | {run.ended for run in runs if run.fixed}

    @pytest.mark.skipif(sys.platform == "win32", reason="there a kill is another matter")
    def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(self, path: Path) -> None:
        code = (
            "import sys; from pathlib import Path; from gdviz.core.run import build, next_run;"
            "from gdviz.core.scenario import parse; from gdviz.export.saved import save\n"
            "scenario = parse(sys.argv[2], 'test'); runs = build(scenario)\n"
            "while (run := next_run(runs)) and run.step < 3000: run.advance()\n"
            "while True:\n"
            "    save(Path(sys.argv[1]), scenario, runs)\n"
            "    print(runs[0].step, flush=True)\n"
            "    for run in runs:\n"
            "        run.advance()\n"
        )
        toml = SCENARIOS["two knobs"].replace("steps = 40", "steps = 1000000")
        draw = random.Random(1)
        seen = set()
        workers = [subprocess.Popen([sys.executable, "-c", code, path, toml], stdout=subprocess.PIPE) for _ in "ab"]
        kills = 0
        try:
            while kills < 30:
                worker = workers.pop(0)
                assert worker.stdout is not None
                worker.stdout.readline()
                time.sleep(0.02 * draw.random())
                worker.send_signal(signal.SIGKILL)
                worker.wait()
                worker.stdout.close()
                kills += 1
                _, (run,) = load(path)
                assert run.history.newest_step >= 3000
                seen.add(run.history.newest_step)
                workers.append(subprocess.Popen([sys.executable, "-c", code, path, toml], stdout=subprocess.PIPE))
        finally:
            for worker in workers:
                worker.kill()
                worker.communicate()
        assert seen
