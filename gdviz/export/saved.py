"""Saved runs: `.gdviz` files, which hold all of some runs' past and what it takes to go on from there bit for bit.

A file is two lines of text, and then packed numbers up to its end::

    gdviz runs 1 5d2c0a17 90f3be44       what it is, the version of the format, CRC-32 of line 2 and of the numbers
    {"gdviz": "0.1.0", "numpy": ...}     the manifest in JSON: recipe, labels, changes, counts, times; see `Manifest`

The numbers are, first of the runs and then of the ghosts, these arrays, little-endian, each of them packed as one raw
DEFLATE stream:

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
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import msgspec
import numpy as np

from gdviz import __version__
from gdviz.core.errors import InputError
from gdviz.core.history import History, Parts
from gdviz.core.making import begun
from gdviz.core.problem import Evaluation
from gdviz.core.problems import problem_of
from gdviz.core.run import LEFT, build, n_slots
from gdviz.core.run_view import RunView
from gdviz.core.scenario import RunSpec, Scenario, load_scenario
from gdviz.core.shown import Shown
from gdviz.core.stopwatch import Stopwatch
from gdviz.export.manifest import (
    MOST_BYTES,
    MOST_MANIFEST,
    Manifest,
    SavedGhost,
    SavedRun,
    decoded,
    first_line,
    read_manifest,
)
from gdviz.export.packing import pack, unpack
from gdviz.export.whole import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gdviz.core.making import Making
    from gdviz.core.problem import Problem
    from gdviz.core.run import Run
    from gdviz.export.packing import Array

SUFFIX = ".gdviz"


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
def saving(path: Path) -> Iterator[Callable[[Shown], int]]:
    """A function that does what `save` does; a place that can't be written to is known before. Raises InputError."""
    with _named(path):
        if path.suffix != SUFFIX:
            raise InputError(f"expected a file that ends in {SUFFIX}")
    with whole(path) as beside:

        def write(shown: Shown) -> int:
            with _named(path):
                return _write(beside, shown)

        yield write


def save(path: Path, shown: Shown) -> int:
    """Write what is on show to a file that is there as a whole or not at all. Raises InputError.

    For the thread that trains: a run that is in the midst of a step is brought to its end first. Ghosts for which there
    is no room are left out, the oldest first: returns how many.
    """
    with saving(path) as write:
        return write(shown)


def load(path: Path) -> Shown:
    """The runs in a file, with all that happened in them, and how they were looked at. Raises InputError.

    Like runs that are built, each waits for its first `advance`, which brings its newest row once more.
    """
    with _opened(path) as file:
        manifest, crc = read_manifest(file)
        scenario, n_runs = manifest.scenario, len(manifest.runs)
        saved = [*manifest.runs, *(ghost.saved for ghost in manifest.ghosts)]
        recipes = [(scenario.problem, run) for run in scenario.runs]
        recipes += [(ghost.problem, ghost.run) for ghost in manifest.ghosts]
        shapes = [
            _shapes(one, spec, problem_of(problem, spec)[0])
            for one, (problem, spec) in zip(saved, recipes, strict=True)
        ]
        _check_size([_Arrays(*(math.prod(shape) * dtype.itemsize for shape, dtype in each)) for each in shapes])
        pasts = [_Arrays(*(np.empty(*each) for each in one)) for one in shapes]
        found = 0
        for past in pasts:
            for array in past.streams:
                found = unpack(file, array, found)
        if found != crc or file.read(1):
            raise InputError("damaged: its numbers are not those that were saved")
        everyone = build(scenario)
        for ghost in manifest.ghosts:
            everyone += build(msgspec.structs.replace(scenario, problem=ghost.problem, runs=(ghost.run,)))
        for index, (run, one) in enumerate(zip(everyone, saved, strict=True)):
            try:
                everyone[index] = _taken_up(run, one, pasts.pop(0))
            except ValueError as error:
                where = f"runs[{index}]" if index < n_runs else f"ghosts[{index - n_runs}]"
                raise InputError(f"{where}: {error}") from None
    runs = everyone[:n_runs]
    return Shown(
        scenario,
        runs,
        ghosts=everyone[n_runs:],
        views=[
            RunView(run, index if one.colour is None else one.colour, problem)
            for index, (run, one, (problem, _)) in enumerate(zip(everyone, saved, recipes, strict=True))
            if one.colour is not None or index >= n_runs  # whose problem need not be the scenario's
        ],
        selected=manifest.selected,
        hidden={run for run, one in zip(everyone, saved, strict=True) if one.hidden},
        left={run for run in runs if run.left},
        step=manifest.step,
    )


def reopened(path: Path) -> Making:
    """The same at their newest rows; pauses now and then. Raises InputError."""
    return (yield from begun(load(path)))


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
        manifest = read_manifest(file)[0]
    return manifest.scenario, max(run.newest for run in manifest.runs)


def _write(place: Path, shown: Shown) -> int:
    runs = [*shown.runs, *shown.ghosts]
    for run in runs:
        while run.step < 0 or run.between:
            run.advance()
        run.apply_changes()
    pasts = [_laid_out(run.history.parts(run.row)) for run in runs]
    n_left_out = 0
    while True:
        try:
            _check_size([_Arrays(*(array.nbytes for array in past)) for past in pasts])
            manifest = msgspec.json.encode(_manifest_of(shown, runs, pasts))
            decoded(manifest)  # what could not be read back is not written
            break
        except InputError:
            if len(runs) == len(shown.runs):
                raise
            n_left_out += 1
            del runs[len(shown.runs)], pasts[len(shown.runs)]
    with place.open("wb") as file:
        file.write(first_line(manifest, 0) + manifest + b"\n")
        crc = 0
        for past in pasts:
            for array in past.streams:
                crc = pack(file, array, crc)
        file.seek(0)
        file.write(first_line(manifest, crc))
        file.flush()
        os.fsync(file.fileno())
    return n_left_out


def _manifest_of(shown: Shown, runs: list[Run], pasts: list[_Arrays]) -> Manifest:
    """What is said of the runs, and of the ghosts behind them."""
    views = {view.run: view for view in shown.views}
    saved = [
        _saved(run, past, views[run].colour if run in views else None, run in shown.hidden)
        for run, past in zip(runs, pasts, strict=True)
    ]
    n_runs, scenario = len(shown.runs), shown.scenario
    ghosts = zip(runs[n_runs:], saved[n_runs:], strict=True)
    return Manifest(
        gdviz=__version__,
        numpy=np.__version__,
        scenario=msgspec.structs.replace(scenario, runs=tuple(run.spec for run in shown.runs)),
        runs=tuple(saved[:n_runs]),
        ghosts=tuple(
            SavedGhost((run in views and views[run].problem) or scenario.problem, run.spec, one) for run, one in ghosts
        ),
        selected=shown.selected,
        step=shown.step,
    )


def _saved(run: Run, past: _Arrays, colour: int | None, hidden: bool) -> SavedRun:
    return SavedRun(
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
        colour=colour,
        hidden=hidden,
    )


def _laid_out(parts: Parts) -> _Arrays:
    evaluated = np.array([step for step, _ in parts.evaluations], np.int64)
    measured = np.array([each for _, each in parts.evaluations], np.float64).reshape(-1, len(Evaluation._fields))
    return _Arrays(parts.step, parts.numbers, evaluated, measured, parts.kept, parts.newest)


def _shapes(saved: SavedRun, spec: RunSpec, problem: Problem) -> _Arrays:
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


def _check_size(each: Sequence[_Arrays]) -> None:
    """Raise InputError where the runs with arrays of so many bytes are more than the memory should hold."""
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
            if path.stat().st_size > MOST_BYTES + MOST_BYTES // 1000 + MOST_MANIFEST:
                raise InputError("larger than any file of saved runs")
            with path.open("rb") as file:
                yield file
        except OSError as error:
            raise InputError(f"can't be read: {error.strerror or error}") from error


def _taken_up(run: Run, saved: SavedRun, past: _Arrays) -> Run:
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


def _check(saved: SavedRun, past: _Arrays, network: bool) -> None:
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
    if saved.fixed and (not saved.ended or saved.ended.startswith(LEFT)):
        raise ValueError("ended: expected to say why the run can't go on")
