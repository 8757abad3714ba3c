"""Saved runs: `.gdviz` files, which hold all of some runs' past and what it takes to go on from there bit for bit.

A file is two lines of text, and then packed numbers up to its end::

    gdviz runs 1 5d2c0a17 90f3be44       what it is, the version of the format, CRC-32 of line 2 and of the numbers
    {"gdviz": "0.1.0", "numpy": ...}     the manifest in JSON: recipe, labels, changes, counts, times; see `_Manifest`

The numbers are, run by run, these arrays, little-endian, each of them packed as one raw DEFLATE stream:

- ``step`` (rows,) int64, and then in float64 (rows,) each: cost, gradient norm, learning rate, and of problems with one
  or two knobs these and the way travelled;
- the evaluations: steps (m,) int64, measured (m, 4) float64;
- the checkpoints (k, 1 + slots, knobs), the knobs and what the optimizer remembers at steps 0, stride, 2 stride, ...,
  and the same (1 + slots, knobs) at the newest row; float32 for networks, float64 for surfaces.

Nothing in a file names a place, a type or a size: all sizes follow from the recipe and from a few counts with bounds,
and are added up before anything is read. So nothing in it can be misplaced, and nothing can swell.
"""

from __future__ import annotations

import math
import os
import re
import zlib
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, NamedTuple, TypeAlias

import msgspec
import numpy as np
from msgspec import Meta

from gdviz import __version__
from gdviz.core.errors import InputError
from gdviz.core.history import MOST_ROWS, History, Parts
from gdviz.core.making import begun
from gdviz.core.problem import Evaluation
from gdviz.core.problems import problem_of
from gdviz.core.run import CHECKPOINT_BYTES, build, n_slots
from gdviz.core.scenario import MOST_RUNS, Scenario, load_scenario
from gdviz.core.spec import Spec, explain
from gdviz.core.stopwatch import MOST_MARKS, Stopwatch
from gdviz.export.packing import pack, unpack
from gdviz.export.whole import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gdviz.core.making import Making
    from gdviz.core.problem import Problem
    from gdviz.core.run import Run
    from gdviz.core.scenario import RunSpec
    from gdviz.export.packing import Array

SUFFIX = ".gdviz"
FORMAT = 1
MOST_BYTES = 384 << 20
"""of numbers, with what it takes to go on from them; one run of any length has about 180 MB of them at most"""
_MOST_MANIFEST = 4 << 20  # some 70,000 changes by hand
_MOST_WORDS = 300  # characters of what is wrong in a manifest, whose keys may be long
_LINE = 64  # characters; the first line has fewer

Step: TypeAlias = Annotated[int, Meta(ge=0, le=10**13)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=1e10)]


class _Saved(Spec, frozen=True):
    """What a run is beyond its recipe, and how much there is of it."""

    label: str
    ended: str
    fixed: bool
    unbounded: bool
    changes: tuple[tuple[Step, str, float], ...]
    checkpoint_bytes: Annotated[int, Meta(ge=0, le=CHECKPOINT_BYTES)]
    rows: Annotated[int, Meta(ge=1, le=MOST_ROWS)]
    newest: Step
    evaluations: Annotated[int, Meta(ge=0, le=MOST_BYTES)]
    stride: Annotated[int, Meta(ge=1, le=2**40)]
    clock: Annotated[tuple[tuple[Step, Seconds], ...], Meta(max_length=MOST_MARKS)] = ()
    """seconds of work up to some steps; empty where nobody took them"""


class _Manifest(Spec, frozen=True):
    """The second line of a file."""

    gdviz: str
    numpy: str
    scenario: Scenario
    """with the runs' own recipes"""
    runs: Annotated[tuple[_Saved, ...], Meta(min_length=1, max_length=MOST_RUNS)]


class _Arrays(NamedTuple):
    """A run's numbers as they stand in a file; or anything else of each of them."""

    step: Any
    numbers: Any
    evaluated: Any
    measured: Any
    kept: Any
    newest: Any

    @property
    def streams(self) -> Iterator[Array]:
        """The arrays that are packed, in order."""
        yield self.step
        yield from self.numbers
        yield from self[2:]


@contextmanager
def saving(path: Path, *, quick: bool = False) -> Iterator[Callable[[Scenario, Sequence[Run]], None]]:
    """A function that saves runs at ``path``; a place that can't be written to is known before. Raises InputError."""
    with _named(path):
        if path.suffix != SUFFIX:
            raise InputError(f"expected a file that ends in {SUFFIX}")
    with whole(path) as beside:

        def write(scenario: Scenario, runs: Sequence[Run]) -> None:
            with _named(path):
                _write(beside, scenario, runs, quick)

        yield write


def save(path: Path, scenario: Scenario, runs: Sequence[Run], *, quick: bool = False) -> None:
    """Write the runs of a scenario to a file that is there as a whole or not at all. Raises InputError.

    For the thread that trains: a run that is in the midst of a step is brought to its end first. A ``quick`` file is
    up to twice as large: surfaces are written in a tenth of the time.
    """
    with saving(path, quick=quick) as write:
        write(scenario, runs)


def load(path: Path) -> tuple[Scenario, list[Run]]:
    """The runs in a file, with all that happened in them, and their scenario. Raises InputError.

    Like runs that are built, each waits for its first `advance`, which brings its newest row once more.
    """
    with _opened(path) as file:
        manifest, crc = _manifest(file)
        scenario = manifest.scenario
        problems = [problem_of(scenario.problem, spec)[0] for spec in scenario.runs]
        shapes = [_shapes(*each) for each in zip(manifest.runs, scenario.runs, problems, strict=True)]
        _check_size(_Arrays(*(math.prod(shape) * dtype.itemsize for shape, dtype in each)) for each in shapes)
        pasts = [_Arrays(*(np.empty(*each) for each in one)) for one in shapes]
        found = 0
        for past in pasts:
            for array in past.streams:
                found = unpack(file, array, found)
        if found != crc or file.read(1):
            raise InputError("damaged: its numbers are not those that were saved")
        runs = []
        for index, (run, saved) in enumerate(zip(build(scenario), manifest.runs, strict=True)):
            try:
                runs.append(_taken_up(run, saved, pasts.pop(0)))
            except ValueError as error:
                raise InputError(f"runs[{index}]: {error}") from None
    return scenario, runs


def reopened(path: Path) -> Making:
    """The same at their newest rows; pauses now and then. Raises InputError."""
    return (yield from begun(*load(path)))


def scenario_of(name: str) -> Scenario:
    """The scenario with this name, or in this file, .toml or .gdviz. Raises InputError."""
    if not name.endswith(SUFFIX):
        return load_scenario(name)
    return outline(Path(name))[0]


def outline(path: Path) -> tuple[Scenario, int]:
    """The scenario in a file of saved runs, and the newest step of its runs. Raises InputError.

    That its numbers are whole is not looked at.
    """
    with _opened(path) as file:
        manifest = _manifest(file)[0]
    return manifest.scenario, max(run.newest for run in manifest.runs)


def _write(place: Path, scenario: Scenario, runs: Sequence[Run], quick: bool) -> None:
    for run in runs:
        while run.step < 0 or run.between:
            run.advance()
        run.apply_changes()
    pasts = [_laid_out(run.history.parts(run.row)) for run in runs]
    _check_size(_Arrays(*(array.nbytes for array in past)) for past in pasts)
    manifest = msgspec.json.encode(
        _Manifest(
            gdviz=__version__,
            numpy=np.__version__,
            scenario=msgspec.structs.replace(scenario, runs=tuple(run.spec for run in runs)),
            runs=tuple(_saved(run, past) for run, past in zip(runs, pasts, strict=True)),
        )
    )
    _decoded(manifest)  # what could not be read back is not written
    with place.open("wb") as file:
        file.write(_first_line(manifest, 0) + manifest + b"\n")
        crc = 0
        for past in pasts:
            for array in past.streams:
                crc = pack(file, array, crc, quick=quick)
        file.seek(0)
        file.write(_first_line(manifest, crc))
        file.flush()
        os.fsync(file.fileno())


def _first_line(manifest: bytes, crc: int) -> bytes:
    return b"gdviz runs %d %08x %08x\n" % (FORMAT, zlib.crc32(manifest), crc)


def _saved(run: Run, past: _Arrays) -> _Saved:
    return _Saved(
        label=run.label,
        ended=run.ended,
        fixed=run.fixed,
        unbounded=run.unbounded,
        changes=tuple(run.changes),
        checkpoint_bytes=run.checkpoint_bytes,
        rows=len(past.step),
        newest=run.step,
        evaluations=len(past.evaluated),
        stride=run.history.stride,
        clock=run.stopwatch.clock.marks,
    )


def _laid_out(parts: Parts) -> _Arrays:
    evaluated = np.array([step for step, _ in parts.evaluations], np.int64)
    measured = np.array([each for _, each in parts.evaluations], np.float64).reshape(-1, len(Evaluation._fields))
    return _Arrays(parts.step, parts.numbers, evaluated, measured, parts.kept, parts.newest)


def _shapes(saved: _Saved, spec: RunSpec, problem: Problem) -> _Arrays:
    """(shape, dtype) of each array."""
    n, network = problem.n_params, problem.n_examples is not None
    integer, double = np.dtype("<i8"), np.dtype("<f8")
    kept = (saved.newest // saved.stride + 1, 1 + n_slots(spec), n)
    knobs = np.dtype("<f4") if network else double
    return _Arrays(
        step=((saved.rows,), integer),
        numbers=((3 if network else 4 + n, saved.rows), double),
        evaluated=((saved.evaluations,), integer),
        measured=((saved.evaluations, len(Evaluation._fields)), double),
        kept=(kept, knobs),
        newest=(kept[1:], knobs),
    )


def _check_size(sizes: Iterable[_Arrays]) -> None:
    """Raise InputError where the runs with arrays of so many bytes are more than the memory should hold."""
    each = list(sizes)
    # Besides them, a run at its start and one that goes on hold their knobs, an evaluation becomes objects of some 500
    # bytes, and one run's checkpoints are copied.
    needed = sum(sum(size) + 4 * size.newest + 64 * size.evaluated for size in each) + max(size.kept for size in each)
    if needed > MOST_BYTES:
        raise InputError(f"{needed >> 20:,} MB of numbers, expected at most {MOST_BYTES >> 20}")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say of which file a sentence speaks."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with _named(path):
        try:
            if not path.is_file():
                raise InputError(f"a {SUFFIX} file expected, " + ("not a folder" if path.is_dir() else "none is there"))
            # DEFLATE adds less than a thousandth to what it can't make smaller.
            if path.stat().st_size > MOST_BYTES + MOST_BYTES // 1000 + _MOST_MANIFEST:
                raise InputError("larger than any file of saved runs")
            with path.open("rb") as file:
                yield file
        except OSError as error:
            raise InputError(f"can't be read: {error.strerror or error}") from error


def _manifest(file: BinaryIO) -> tuple[_Manifest, int]:
    """What the two lines of text say: the manifest, and the checksum of the numbers."""
    found = re.fullmatch(rb"gdviz runs ([0-9]{1,9}) ([0-9a-f]{8}) ([0-9a-f]{8})\n", file.readline(_LINE))
    if found is None:
        raise InputError("not a file of saved runs")
    if int(found[1]) != FORMAT:
        raise InputError(f"written by another version of gdviz: format {int(found[1])}, expected {FORMAT}")
    text = file.readline(_MOST_MANIFEST + 1)
    if zlib.crc32(text[:-1]) != int(found[2], 16) or not text.endswith(b"\n"):
        raise InputError("damaged: its second line is not the one that was saved")
    return _decoded(text[:-1]), int(found[3], 16)


def _decoded(text: bytes) -> _Manifest:
    if len(text) >= _MOST_MANIFEST:
        raise InputError(f"recipe and changes by hand of {len(text):,} bytes, expected less than {_MOST_MANIFEST:,}")
    try:
        tree = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"its second line is not JSON: {error}") from None
    try:
        manifest = msgspec.convert(tree, _Manifest)
    except msgspec.ValidationError as error:
        words = " ".join(explain(error, tree, _Manifest).split())
        raise InputError(words[:_MOST_WORDS]) from None
    if len(manifest.runs) != len(manifest.scenario.runs):
        raise InputError(f"runs: expected {len(manifest.scenario.runs)} of them, got {len(manifest.runs)}")
    return manifest


def _taken_up(run: Run, saved: _Saved, past: _Arrays) -> Run:
    """The run as it was; ``run`` is the same at its start. Raises ValueError for a past that no run can have."""
    measured = [Evaluation(*each) for each in past.measured.tolist()]
    evaluations = list(zip(past.evaluated.tolist(), measured, strict=True))
    _check(saved, past, run.steps_per_epoch is not None)
    parts = Parts(past.step, past.numbers, evaluations, past.kept, saved.stride, past.newest)
    history = History.of(parts, saved.checkpoint_bytes)
    return replace(
        run,
        label=saved.label,
        checkpoint_bytes=saved.checkpoint_bytes,
        ended=saved.ended,
        fixed=saved.fixed,
        unbounded=saved.unbounded,
        changes=list(saved.changes),
        taken_up=(history, history.checkpoint(saved.newest)),
        stopwatch=Stopwatch(saved.clock or [(saved.newest, 0.0)]),
    )


def _check(saved: _Saved, past: _Arrays, network: bool) -> None:
    """Raise ValueError for numbers that no run brings forth."""
    step, evaluated = past.step, past.evaluated
    if step[0] != 0 or step[-1] != saved.newest or not (step[1:] > step[:-1]).all():
        raise ValueError(f"steps: expected to rise from 0 to {saved.newest:,}")
    if len(evaluated) and not (network and evaluated[0] >= 0 and evaluated[-1] <= saved.newest):
        raise ValueError("evaluations: expected at steps of a network's run")
    if not (evaluated[1:] > evaluated[:-1]).all():
        raise ValueError("evaluations: expected in order")
    accuracies = past.measured[:, 1::2]
    if not ((accuracies >= 0) & (accuracies <= 1)).all():
        raise ValueError("evaluations: expected accuracies from 0 to 1")
    if any(at > saved.newest for at, _, _ in saved.changes):
        raise ValueError("changes: expected at steps of the past")
    if any(at > saved.newest for at, _ in saved.clock):
        raise ValueError("clock: expected at steps of the past")
    pairs = list(pairwise(saved.clock))
    if not all(a < b and before <= now for (a, before), (b, now) in pairs):
        raise ValueError("clock: expected steps in order, and seconds that never run back")
    # Only the last row may be anything but finite: there a run ends. Of the rest the rate and the way may be.
    before = [*past.numbers[:2, :-1], *past.numbers[3:-1, :-1], past.kept[:-1, 0]]
    last = [past.numbers[:2, -1], past.newest[0]]
    if not all(np.isfinite(each).all() for each in (before if saved.fixed else before + last)):
        raise ValueError("expected finite numbers up to where a run ends")
    if saved.fixed and not saved.ended:
        raise ValueError("ended: expected to say why the run can't go on")
