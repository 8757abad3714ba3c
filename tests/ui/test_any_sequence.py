"""Any sequence of what can be done: the panels stay at one step, and every past is what its recipe brings forth."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from gdviz.core import history as history_module
from gdviz.core import run as run_module
from gdviz.core.datasets import load
from gdviz.ui import slices as slices_module
from gdviz.ui import timeline as timeline_module
from tests.ui.moves_support import Moves

if TYPE_CHECKING:
    from pathlib import Path

    from gdviz.ui.window import Window

CHECKPOINT_BYTES = 140_000
"""room for 7 of the network's checkpoints with a velocity each: what lies between them is computed anew"""
MOST_ROWS = 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A few digits: 300 to train on and 100 more."""
    mnist = load("mnist")
    for name, values in (
        ("train-images-idx3-ubyte", mnist.train_images[:300].reshape(-1, 28, 28)),
        ("train-labels-idx1-ubyte", mnist.train_labels[:300]),
        ("t10k-images-idx3-ubyte", mnist.test_images[:100].reshape(-1, 28, 28)),
        ("t10k-labels-idx1-ubyte", mnist.test_labels[:100]),
    ):
        header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
        (tmp_path / name).write_bytes(header + values.tobytes())
    return tmp_path


@pytest.fixture
def moves(window: Window, folder: Path, monkeypatch: pytest.MonkeyPatch) -> type[Moves]:
    """The machine with a window to play in, in which short runs are thinned as else long ones."""
    monkeypatch.setattr(run_module, "CHECKPOINT_BYTES", CHECKPOINT_BYTES)
    monkeypatch.setattr(history_module, "MOST_ROWS", MOST_ROWS)
    # Eyes need pauses between two texts and two pictures; this test doesn't.
    monkeypatch.setattr(slices_module, "_SECONDS", 0.0)
    monkeypatch.setattr(timeline_module, "_SETTLE_MS", 5)
    window.resize(window.minimumSize())
    window.loss._late.setInterval(5)
    window.surface._readout._timer.setInterval(5)
    Moves.window, Moves.folder = window, folder
    return Moves


def test_any_sequence_leaves_all_panels_at_one_step_and_every_past_true_to_its_recipe(moves: type[Moves]) -> None:
    # Not made smaller: each of the many tries for that may wait for something that never comes.
    chosen = settings(max_examples=10, stateful_step_count=20, phases=[Phase.generate], report_multiple_bugs=False)
    run_state_machine_as_test(moves, settings=chosen)


FAILED: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "a step after the end": [
        ("begin", {"name": "one knob", "times": 3}),
        ("play_to_the_end", {}),
        ("forward", {"times": 1}),
    ],
    "an epoch after the end": [("begin", {"name": "digits", "times": 3}), ("play_to_the_end", {}), ("epoch", {})],
    "more steps than are left, and one": [
        ("begin", {"name": "one knob", "times": 20}),
        ("forward", {"times": 7}),
        ("forward", {"times": 1}),
    ],
    "a reset of a fork whose rule was changed by hand": [
        ("begin", {"name": "one knob", "times": 7}),
        ("fork", {"times": 0, "tenth": 5, "rate": 0.2, "kind": "nadam"}),
        ("change", {"index": 1, "value": 0.4}),
        ("forward", {"times": 7}),
        ("reset", {}),
    ],
    "a reset before the rule that a fork brought": [
        ("begin", {"name": "digits", "times": 12}),
        ("fork", {"times": 0, "tenth": 8, "rate": 0.003, "kind": "gradient-descent"}),
        ("reset", {}),
        ("change", {"index": 1, "value": 0.4}),
        ("reset", {}),
    ],
    "a look at another step while it replays": [
        ("begin", {"name": "one knob", "times": 20}),
        ("seek", {"tenth": 8}),
        ("do_not_wait", {"play": True}),
        ("seek", {"tenth": 2}),
    ],
    "an undone fork of a fork": [
        ("begin", {"name": "race", "times": 7}),
        ("fork", {"times": 0, "tenth": 5, "rate": 0.2, "kind": ""}),
        ("fork", {"times": 7, "tenth": 5, "rate": 0.2, "kind": ""}),
        ("undo", {"again": False}),
    ],
}


@pytest.mark.parametrize("name", FAILED)
def test_sequences_that_once_failed(name: str, moves: type[Moves]) -> None:
    state = moves()
    try:
        for act, keys in FAILED[name]:
            getattr(state, act)(**keys)
            state.all_panels_draw_one_frame()
            state.what_plays_goes_on()
            state.at_rest_all_is_as_it_should_be()
    finally:
        state.teardown()
