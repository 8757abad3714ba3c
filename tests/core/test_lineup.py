"""Who is in a scene: hidden runs, runs that leave and come back, and knobs beside the selected run's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from gdviz.core.run import Run, build
from gdviz.core.scenario import parse
from gdviz.core.scene import MOST_GHOSTS, Scene
from tests.core.scene_support import at_rest, drawn

if TYPE_CHECKING:
    from gdviz.core.frame import Frame

BOWLS = """
[problem]
kind = "surface"
name = "bowl"
[[runs]]
label = "a"
[[runs]]
label = "b"
seed = 5
optimizer = { kind = "momentum", learning_rate = 0.01, momentum = 0.5 }
[[runs]]
label = "c"
optimizer = { kind = "momentum", learning_rate = 0.01 }
"""
DIGITS = """
[problem]
kind = "digits"
train_size = 160
[[runs]]
label = "a"
[[runs]]
label = "b"
seed = 5
batch_size = 20
[[runs]]
label = "wide"
problem = { hidden = [30] }
"""


def made(toml: str, steps: int = 3) -> list[Run]:
    runs = build(parse(toml, "here"))
    for run in runs:
        while run.step < steps:
            run.advance()
    return at_rest(runs)


def labels(frame: Frame, **having: bool) -> list[str]:
    return [run.label for run in frame.runs if all(getattr(run, name) is value for name, value in having.items())]


def test_a_hidden_run_is_listed_and_has_no_trail() -> None:
    a, b, c = made(BOWLS)
    scene = Scene([a, b, c])
    before = scene.version()
    scene.hide(b, True)
    assert scene.version() != before
    frame = drawn(scene)
    assert labels(frame) == ["a", "b", "c"]
    assert labels(frame, hidden=True) == ["b"]
    assert [len(run.trail) for run in frame.runs] == [4, 0, 4]
    assert frame.runs[1].cost == drawn(Scene([b])).run.cost
    scene.hide(b, False)
    assert [len(run.trail) for run in drawn(scene).runs] == [4, 4, 4]


def test_the_selected_run_is_never_hidden() -> None:
    a, b, c = made(BOWLS)
    scene = Scene([a, b, c], selected=1)
    scene.hide(b, True)
    assert scene.hidden == set()
    scene.hide(c, True)
    scene.select(2)
    assert scene.hidden == set()


def test_who_leaves_takes_nothing_of_the_others_with_it() -> None:
    runs = made(BOWLS)
    a, b, c = runs
    scene = Scene(runs, selected=2)
    scene.hide(a, True)
    before = drawn(scene)
    scene.line_up([a, c], [], 1)
    frame = drawn(scene)
    assert labels(frame) == ["a", "c"]
    assert frame.selected == 1
    assert labels(frame, hidden=True) == ["a"]
    assert [run.colour for run in frame.runs] == [0, 2]  # theirs, whoever is there
    assert frame.runs[1].curve is before.runs[2].curve
    assert runs == [a, b, c]
    # Who comes takes the first colour that is free, and who comes back its own.
    assert [run.colour for run in drawn(Scene([a, c, *made(BOWLS)], before=scene)).runs] == [0, 2, 1, 3, 4]
    scene.line_up([a, b, c], [], 2)
    assert [run.colour for run in drawn(scene).runs] == [0, 1, 2]


def test_runs_become_ghosts_and_come_back_as_they_were() -> None:
    runs, others = made(BOWLS), made(BOWLS)
    scene = Scene(runs)
    scene.hide(runs[1], True)
    reset = Scene(others, ghosts=runs, before=scene)
    frame = drawn(reset)
    assert [run.ghost for run in frame.runs] == [True] * 3 + [False] * 3
    assert [run.colour for run in frame.runs] == [0, 1, 2] * 2
    assert labels(frame, hidden=True) == ["b"]
    assert reset.ghosts == runs
    undone = drawn(Scene(runs, before=reset))
    assert [(run.ghost, run.colour, run.hidden) for run in undone.runs] == [
        (False, 0, False),
        (False, 1, True),
        (False, 2, False),
    ]


def test_ghosts_are_added_up_to_a_number_and_taken_away() -> None:
    runs = made(BOWLS)
    scene = Scene(runs, selected=1)
    ghosts = [made(BOWLS)[0] for _ in range(MOST_GHOSTS + 2)]
    for ghost in ghosts:
        scene.add_ghost(ghost)
    assert scene.ghosts == ghosts[2:]
    scene.line_up(runs, ghosts[3:], 1)
    frame = drawn(scene)
    assert sum(run.ghost for run in frame.runs) == MOST_GHOSTS - 1
    assert frame.run.label == "b"


def test_a_frame_says_what_tells_its_runs_apart() -> None:
    scenario = parse(BOWLS, "here")
    runs = made(BOWLS)
    scene = Scene(runs, problem=scenario.problem)
    assert [run.differs for run in drawn(scene).runs] == ["", "momentum 0.5", "momentum 0.9"]
    runs[2].change("learning_rate", 0.5)
    runs[2].apply_changes()
    assert [run.differs for run in drawn(scene).runs] == ["", "momentum 0.5", "momentum 0.9, rate 0.5 from 3"]
    scene.line_up(runs[1:], [], 0)
    scene.line_up(runs[:1], [], 0)
    assert [run.differs for run in drawn(scene).runs] == [""]


def test_the_same_sizes_are_alike_and_the_knobs_of_one_can_be_had() -> None:
    a, b, wide = made(DIGITS, 12)
    scene = Scene([a, b, wide], ghosts=made(DIGITS, 6)[:1])
    frame = drawn(scene)
    assert [run.alike for run in frame.runs] == [True, False, True, False]
    assert frame.rival is None
    scene.rival = b
    frame = drawn(scene, 10)
    assert frame.rival is not None
    # At the same epoch: its batches are twice as large.
    assert (frame.rival.index, frame.rival.step, frame.runs[2].step) == (2, 5, 5)
    np.testing.assert_array_equal(frame.rival.theta, b.history.checkpoint(5).theta)
    scene.rival = wide
    assert drawn(scene).rival is None


def test_who_is_selected_is_compared_the_other_way_round() -> None:
    a, b, _ = runs = made(DIGITS)
    scene = Scene(runs)
    scene.rival = b
    scene.select(1)
    assert scene.rival is a
    scene.line_up([b], [], 0)
    assert scene.rival is None


def test_the_rival_has_knobs_of_the_step_that_it_says() -> None:
    runs = made(DIGITS, 40)
    history = runs[1].history
    history._kept[:3] = history._kept[:33:16].copy()  # as after a long run: every 16th
    history._n_kept, history._stride = 3, 16
    scene = Scene([runs[0], runs[1]])
    scene.rival = runs[1]
    frame = drawn(scene, 39)
    assert frame.rival is not None
    assert (frame.rival.step, frame.runs[1].step) == (16, 20)
    np.testing.assert_array_equal(frame.rival.theta, history._kept[1, 0])


def test_a_surface_has_nobody_like_it() -> None:
    runs = made(BOWLS)
    scene = Scene(runs)
    scene.rival = runs[1]
    frame = drawn(scene)
    assert frame.rival is None
    assert not any(run.alike for run in frame.runs)


@pytest.mark.parametrize("toml", [BOWLS, DIGITS], ids=["surface", "digits"])
def test_a_new_name_is_a_new_picture(toml: str) -> None:
    runs = made(toml)
    scene = Scene(runs)
    before = scene.version()
    assert before == scene.version()
    runs[1].label = "another"
    assert scene.version() != before
    assert labels(drawn(scene))[1] == "another"
