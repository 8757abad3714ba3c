"""What a file knows beside the runs: ghosts, who is hidden, which is selected, colours, and where one looks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from gdviz.core.errors import InputError
from gdviz.core.generators import finished
from gdviz.core.making import with_fork
from gdviz.core.scenario import MOST_RUNS
from gdviz.core.scene import Scene
from gdviz.core.shown import Shown
from gdviz.export import saved
from gdviz.export.saved import load, reopened, save
from tests.export.saved_support import ADAM, BEALE, DIGITS, SURFACE, contents, drive, ran, rewritten, said

if TYPE_CHECKING:
    from pathlib import Path

    from gdviz.core.run import Run
    from gdviz.core.scenario import Scenario

TWO = SURFACE.format(problem=BEALE, run=ADAM) + '[[runs]]\noptimizer = { kind = "momentum" }'
NETWORKS = DIGITS.format(problem="", run='label = "ours"') + '[[runs]]\nseed = 4\nlabel = "theirs"'


def scene_of(
    scenario: Scenario, runs: list[Run], before: Scene | None = None, ghosts: list[Run] | None = None
) -> Scene:
    for run in runs:
        run.history.snapshot(run.row)
    return Scene(runs, ghosts or [], 0, scenario.problem, before)


def shown_of(scene: Scene, scenario: Scenario, **fields: Any) -> Shown:
    left = {run for run in scene.runs if run.left}
    shown = Shown(scenario, scene.runs, scene.ghosts, scene.views, scene.selected, scene.hidden, left=left)
    return replace(shown, **fields)


def drawn(shown: Shown, step: int) -> list[tuple[Any, ...]]:
    """What is drawn of each run and ghost, of what one can tell them apart by."""
    scene = Scene(shown.runs, shown.ghosts, shown.selected, shown.scenario.problem, None, shown.views)
    scene.hide_just(shown.hidden)
    frame = scene.frame(step)
    assert frame is not None
    return [
        (run.label, run.colour, run.ghost, run.hidden, run.on_surface, run.step, run.cost, run.ended, run is frame.run)
        for run in frame.runs
    ]


def test_ghosts_and_how_all_is_looked_at_come_back(path: Path) -> None:
    first, old = ran(NETWORKS.replace("hidden = [8]", "hidden = [5]"), 12)
    scenario, runs = ran(NETWORKS, 20)
    scene = scene_of(scenario, runs, scene_of(first, old), old)
    fork = finished(with_fork(scenario, runs, 0, 9, {"learning_rate": 0.5}, "faster"))
    drive(fork.runs, 20)
    scene = scene_of(fork.scenario, fork.runs, scene, old)
    scene.select(2)
    scene.hide_just([old[1], runs[1]])
    shown = shown_of(scene, fork.scenario, step=7)
    assert save(path, shown) == 0
    again = finished(reopened(path))
    assert (again.selected, again.step, again.scenario) == (2, 7, fork.scenario)
    assert [contents(run) for run in (*again.runs, *again.ghosts)] == [contents(run) for run in (*fork.runs, *old)]
    assert drawn(again, 7) == drawn(shown, 7)
    assert {run.label for run in again.left} == {"ours"}
    save(path, again)
    assert drawn(finished(reopened(path)), 7) == drawn(shown, 7), "and once more"


def test_a_removed_runs_colour_is_not_given_to_another(path: Path) -> None:
    scenario, runs = ran(TWO, 5)
    scene = scene_of(scenario, runs)
    scene.line_up(runs[1:], [], 0)
    alone = scene.views[0]
    scenario, _ = ran(SURFACE.format(problem=BEALE, run='optimizer = { kind = "momentum" }'), 0)
    save(path, shown_of(scene, scenario))
    assert [view.colour for view in load(path).views] == [alone.colour] == [1]


def test_what_there_is_no_room_for_are_the_oldest_ghosts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario, runs = ran(TWO, 20)
    ghosts = [run for _ in range(3) for run in ran(TWO, 20)[1]]
    for index, ghost in enumerate(ghosts):
        ghost.label = f"ghost {index}"
    shown = shown_of(scene_of(scenario, runs, ghosts=ghosts), scenario)
    save(path, shown)
    everything, seen = path.stat().st_size, set()
    for most in range(1_000, 40_000, 500):
        monkeypatch.setattr(saved, "MOST_BYTES", most)
        try:
            n_left_out = save(path, shown)
        except InputError:
            continue
        again = load(path)
        assert len(again.runs) == 2
        assert [ghost.label for ghost in again.ghosts] == [f"ghost {i}" for i in range(n_left_out, 6)]
        assert (n_left_out == 0) == (path.stat().st_size == everything)
        seen.add(n_left_out)
        if not n_left_out:
            break
    assert seen == set(range(7))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"selected": 2}, "selected: expected less than 2, got 2"),
        ({"selected": -1}, "selected: expected a whole number >= 0, got -1"),
        ({"step": -1}, "step: expected a whole number >= 0 and <= 1e+13 or null, got -1"),
    ],
)
def test_looks_that_cannot_be_are_refused(path: Path, change: dict[str, Any], reason: str) -> None:
    save(path, Shown(*ran(TWO, 5)))
    rewritten(path, lambda tree, streams: tree.update(change))
    assert said(path) == reason


def test_a_step_that_nobody_has_taken_is_the_newest(path: Path) -> None:
    save(path, Shown(*ran(TWO, 5)))
    rewritten(path, lambda tree, streams: tree.update({"step": 10**6}))
    assert load(path).step == 10**6  # a cursor beyond the newest step is at that


def test_a_ghost_of_another_kind_of_problem_is_refused(path: Path) -> None:
    scenario, runs = ran(TWO, 5)
    save(path, shown_of(scene_of(scenario, runs, ghosts=ran(TWO, 5)[1]), scenario))

    def change(tree: Any, streams: list[bytes]) -> None:
        tree["ghosts"][1]["problem"] = {"kind": "digits"}

    rewritten(path, change)
    assert said(path) == "ghosts[1].problem: expected the kind of problem that the runs have"


def test_as_many_runs_as_there_may_be_are_ghosts_after_a_reset(path: Path) -> None:
    scenario, runs = ran(TWO + "\n[[runs]]" * (MOST_RUNS - 2), 2)
    _, old = ran(TWO + "\n[[runs]]" * (MOST_RUNS - 2), 2)
    assert save(path, shown_of(scene_of(scenario, runs, ghosts=old), scenario)) == 0
    assert len(load(path).ghosts) == MOST_RUNS


def test_a_ghost_with_too_many_changes_is_left_out(path: Path) -> None:
    scenario, runs = ran(TWO, 5)
    _, ghosts = ran(TWO, 5)
    ghosts[0].changes = [(5, "learning_rate", 0.1 + i / 1e9) for i in range(120_000)]
    assert save(path, shown_of(scene_of(scenario, runs, ghosts=ghosts), scenario)) == 1
    assert len(load(path).ghosts) == 1


def test_a_ghost_without_a_colour_keeps_its_problem(path: Path) -> None:
    first, old = ran(NETWORKS.replace("hidden = [8]", "hidden = [5]"), 3)
    scenario, runs = ran(NETWORKS, 3)
    save(path, shown_of(scene_of(scenario, runs, scene_of(first, old), old), scenario))

    def change(tree: Any, streams: list[bytes]) -> None:
        for ghost in tree["ghosts"]:
            del ghost["saved"]["colour"]

    rewritten(path, change)
    save(path, load(path))
    assert [ghost.problem.n_params for ghost in load(path).ghosts] == [run.problem.n_params for run in old]


def test_a_run_that_blew_up_was_not_left(path: Path) -> None:
    save(path, Shown(*ran(TWO, 5)))
    rewritten(path, lambda tree, streams: tree["runs"][0].update({"fixed": True, "ended": "left at step 5"}))
    assert said(path) == "runs[0]: ended: expected to say why the run can't go on"


def test_a_damaged_ghost_is_named(path: Path) -> None:
    scenario, runs = ran(TWO, 5)
    save(path, shown_of(scene_of(scenario, runs, ghosts=ran(TWO, 5)[1]), scenario))

    def change(tree: Any, streams: list[bytes]) -> None:
        tree["ghosts"][0]["saved"]["clock"] = [[6, 1.0]]

    rewritten(path, change)
    assert said(path) == "ghosts[0]: clock: expected at steps of the past"


def test_a_file_that_says_nothing_of_it_opens(path: Path) -> None:
    save(path, Shown(*ran(TWO, 5)))

    def change(tree: Any, streams: list[bytes]) -> None:
        for key in ("ghosts", "selected", "step"):
            del tree[key]
        for run in tree["runs"]:
            del run["colour"], run["hidden"]

    rewritten(path, change)
    shown = load(path)
    assert (shown.selected, shown.step, shown.ghosts, shown.hidden) == (0, None, [], set())
    assert shown.views == []
