"""The head of a file of saved runs: two lines of text that say what the numbers after them are."""

from __future__ import annotations

import re
import zlib
from typing import Annotated, BinaryIO, TypeAlias

import msgspec
from msgspec import Meta

from gdviz.core.errors import InputError
from gdviz.core.history import MOST_ROWS
from gdviz.core.run import CHECKPOINT_BYTES
from gdviz.core.scenario import MOST_RUNS, AnyProblem, RunSpec, Scenario
from gdviz.core.spec import Spec, explain
from gdviz.core.stopwatch import MOST_MARKS

FORMAT = 1
MOST_BYTES = 384 << 20
"""of numbers, with what it takes to go on from them; one run of any length has about 180 MB of them at most"""
MOST_MANIFEST = 4 << 20  # some 70,000 changes by hand
_MOST_WORDS = 300  # characters of what is wrong in a manifest, whose keys may be long
_LINE = 64  # characters; the first line has fewer

Step: TypeAlias = Annotated[int, Meta(ge=0, le=10**13)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=1e10)]


class SavedRun(Spec, frozen=True):
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
    colour: Annotated[int, Meta(ge=0, le=10**6)] | None = None
    """index into the colours of runs; None: the next one that is free"""
    hidden: bool = False


class SavedGhost(Spec, frozen=True):
    """A run of before, which may have had another recipe than the runs."""

    problem: AnyProblem
    run: RunSpec
    saved: SavedRun


class Manifest(Spec, frozen=True):
    """The second line of a file."""

    gdviz: str
    numpy: str
    scenario: Scenario
    """with the runs' own recipes"""
    runs: Annotated[tuple[SavedRun, ...], Meta(min_length=1, max_length=MOST_RUNS)]
    ghosts: Annotated[tuple[SavedGhost, ...], Meta(max_length=MOST_RUNS)] = ()
    """the oldest first"""
    selected: Annotated[int, Meta(ge=0)] = 0
    """index of the run that owns the surface"""
    step: Step | None = None
    """of it that is looked at; None: its newest"""


def first_line(manifest: bytes, crc: int) -> bytes:
    """What a file begins with: ``manifest`` is its second line, ``crc`` the checksum of the numbers."""
    return b"gdviz runs %d %08x %08x\n" % (FORMAT, zlib.crc32(manifest), crc)


def read_manifest(file: BinaryIO) -> tuple[Manifest, int]:
    """What the two lines of text say: the manifest, and the checksum of the numbers. Raises InputError."""
    found = re.fullmatch(rb"gdviz runs ([0-9]{1,9}) ([0-9a-f]{8}) ([0-9a-f]{8})\n", file.readline(_LINE))
    if found is None:
        raise InputError("not a file of saved runs")
    if int(found[1]) != FORMAT:
        raise InputError(f"written by another version of gdviz: format {int(found[1])}, expected {FORMAT}")
    text = file.readline(MOST_MANIFEST + 1)
    if zlib.crc32(text[:-1]) != int(found[2], 16) or not text.endswith(b"\n"):
        raise InputError("damaged: its second line is not the one that was saved")
    return decoded(text[:-1]), int(found[3], 16)


def decoded(text: bytes) -> Manifest:
    """The manifest in a second line. Raises InputError."""
    if len(text) >= MOST_MANIFEST:
        raise InputError(f"recipe and changes by hand of {len(text):,} bytes, expected less than {MOST_MANIFEST:,}")
    try:
        tree = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"its second line is not JSON: {error}") from None
    try:
        manifest = msgspec.convert(tree, Manifest)
    except msgspec.ValidationError as error:
        words = " ".join(explain(error, tree, Manifest).split())
        raise InputError(words[:_MOST_WORDS]) from None
    if len(manifest.runs) != len(manifest.scenario.runs):
        raise InputError(f"runs: expected {len(manifest.scenario.runs)} of them, got {len(manifest.runs)}")
    for index, ghost in enumerate(manifest.ghosts):
        if type(ghost.problem) is not type(manifest.scenario.problem):
            raise InputError(f"ghosts[{index}].problem: expected the kind of problem that the runs have")
    if manifest.selected >= len(manifest.runs):
        raise InputError(f"selected: expected less than {len(manifest.runs)}, got {manifest.selected}")
    return manifest
