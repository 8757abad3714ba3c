"""What the tests of saved runs share: recipes, and ways to run and to compare them."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gdviz.core.errors import InputError
from gdviz.core.run import build, next_run
from gdviz.core.scenario import Scenario, parse
from gdviz.export.saved import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from gdviz.core.run import Run
    from gdviz.core.shown import Shown

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


def parts(shown: Shown) -> tuple[Scenario, list[Run]]:
    return shown.scenario, shown.runs


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


def said(path: Path | str) -> str:
    """Why a file is refused."""
    with pytest.raises(InputError) as raised:
        load(Path(path))
    text = str(raised.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert len(text) < 600
    return text.removeprefix(f"{path}: ")
