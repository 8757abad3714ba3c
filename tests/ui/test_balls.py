"""Balls put, dragged and added with the mouse: what the session and the window make of it."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from gdviz.core.run import Run
from gdviz.ui.session import Session

BOWL = """
title = "Bowl"
[problem]
kind = "surface"
name = "bowl"
[stop]
steps = 1000000
[[runs]]
label = "gentle"
optimizer = { kind = "gradient-descent", learning_rate = 0.001 }
[[runs]]
label = "bold"
optimizer = { kind = "momentum", learning_rate = 0.01 }
"""
APART = BOWL + "problem = { start = [-1.0, -1.0] }\n"
Open = Callable[[str], list[Run]]
Renewed = Callable[[Callable[[], None]], list[Run]]
Message = tuple[str, str, Any]


def starts(runs: list[Run]) -> list[list[float]]:
    return [run.history.checkpoint(0).theta.tolist() for run in runs]


def test_a_race_starts_again_from_where_the_ball_was_put(session: Session, opened: Open, renewed: Renewed) -> None:
    opened(BOWL)
    session.change("learning_rate", 0.002)
    runs = renewed(lambda: session.put_ball((0.5, -1.5)))
    assert starts(runs) == [[0.5, -1.5], [0.5, -1.5]]
    assert [run.optimizer.learning_rate for run in runs] == [0.002, 0.01]
    assert not session.playing


def test_a_ball_with_a_start_of_its_own_is_put_alone(session: Session, opened: Open, renewed: Renewed) -> None:
    opened(APART)
    assert starts(renewed(lambda: session.put_ball((0.5, 0.25), 1))) == [[1.5, 1.5], [0.5, 0.25]]
    assert starts(renewed(lambda: session.put_ball((0.0, 1.0)))) == [[0.0, 1.0], [0.5, 0.25]]


def test_what_played_goes_on_from_where_the_ball_was_put(
    session: Session, opened: Open, renewed: Renewed, qtbot: QtBot
) -> None:
    opened(BOWL)
    session.play()
    runs = renewed(lambda: session.put_ball((1.0, 1.0)))
    assert session.playing
    qtbot.waitUntil(lambda: all(run.step > 10 for run in runs), timeout=5000)


def test_another_ball_runs_by_the_selected_rule(session: Session, opened: Open, renewed: Renewed) -> None:
    opened(BOWL)
    session.select(1)
    runs = renewed(lambda: session.add_run((-1.0, 0.5)))
    assert starts(runs) == [[1.5, 1.5], [1.5, 1.5], [-1.0, 0.5]]
    assert runs[2].optimizer == runs[1].optimizer
    assert runs[2].label == "from -1, 0.5"
    assert len({run.label for run in runs}) == 3


def test_a_sixty_fifth_ball_is_refused_in_words(
    session: Session, opened: Open, messages: list[Message], renewed: Renewed
) -> None:
    runs = opened(BOWL + '[[runs]]\noptimizer = { kind = "gradient-descent" }\n' * 62)
    session.add_run((0.0, 0.5))
    assert messages[-1][:2] == ("error", "no run was added: expected at most 64 of them")
    assert session.runs is runs or session.runs == runs


@pytest.mark.parametrize(
    ("changes", "title"), [({"surface": "parabola"}, "parabola"), ({"formula": "x**2 + 3*y**2"}, "x**2 + 3*y**2")]
)
def test_another_cost_is_another_scenario(
    changes: dict[str, Any], title: str, session: Session, opened: Open, renewed: Renewed
) -> None:
    opened(APART)
    runs = renewed(lambda: session.rebuild(changes))
    assert session.scenario is not None
    assert title in session.scenario.title
    assert session.name == f"“{session.scenario.title}”"
    assert [run.optimizer.learning_rate for run in runs] == [0.001, 0.01]
    assert session.timeline.frame is not None
    assert not any(run.ghost for run in session.timeline.frame.runs)


def test_a_wrong_formula_leaves_all_as_it_was(session: Session, opened: Open, messages: list[Message]) -> None:
    runs = opened(BOWL)
    session.rebuild({"formula": "x**2 + import"})
    assert messages[-1][0] == "error"
    assert session.runs == runs


def test_a_race_is_put_together_and_taken_apart(session: Session, opened: Open, renewed: Renewed) -> None:
    opened(BOWL)
    session.select(1)
    session.set_speed(60)
    runs = renewed(session.add_run)
    assert [run.label for run in runs] == ["gentle", "bold", "momentum 3"]
    assert (session.selected, session.timeline.pace) == (2, 60)  # the user's speed stays
    runs = renewed(lambda: session.rebuild({"optimizer": "adam"}))
    assert [type(run.optimizer).__name__ for run in runs] == ["GradientDescent", "HeavyBall", "Adam"]
    assert [run.label for run in renewed(lambda: session.remove(session.runs[session.selected]))] == ["gentle", "bold"]
    assert session.selected == 1
    renewed(lambda: session.remove(session.runs[session.selected]))
    session.remove(session.runs[0])  # the last one stays
    assert [run.label for run in session.runs] == ["gentle"]


def test_what_was_meant_for_runs_that_are_going_is_left_undone(
    session: Session, opened: Open, renewed: Renewed, qtbot: QtBot
) -> None:
    opened(BOWL)
    session.select(1)

    def click_too_late() -> None:
        session.open("worked-run")  # one run, of one knob
        session.put_ball((1.0, 1.0), 1)
        session.add_run((1.0, 1.0))
        session.remove(session.runs[0])
        session.slower(session.runs[1])
        session.rebuild({"optimizer": "momentum"})

    (run,) = renewed(click_too_late)
    assert (run.label, session.name) == ("momentum", "worked-run")


def test_a_late_sweep_is_not_shown(session: Session, opened: Open, qtbot: QtBot) -> None:
    opened(BOWL)
    swept: list[object] = []
    session.explorer.swept.connect(swept.append)
    session.explore(50)
    time.sleep(0.5)  # it is done, and what it found waits in this thread's queue
    session.explorer.drop()
    qtbot.wait(100)
    assert swept == []


def test_a_tried_rate_goes_on_beyond_the_stop_as_the_sweep_does(session: Session, opened: Open, qtbot: QtBot) -> None:
    opened(BOWL.replace("steps = 1000000", "steps = 1000\ncost_below = 0.1"))
    with qtbot.waitSignal(session.explorer.swept, timeout=10_000) as signal:
        session.explore(200)
    (sweep,) = signal.args
    at = int(np.argmin(np.abs(sweep.rates - 0.1)))
    with qtbot.waitSignal(session.explorer.tried, timeout=10_000) as signal:
        session.try_rate(float(sweep.rates[at]), 200)
    (run,) = signal.args
    assert run.step == 200
    assert run.row.cost == pytest.approx(sweep.costs[at], rel=1e-9)


def test_a_start_without_a_cost_is_refused_in_words(session: Session, opened: Open, qtbot: QtBot) -> None:
    runs = opened(BOWL.replace('kind = "surface"\nname = "bowl"', 'kind = "formula"\nexpression = "log(x) + y"'))
    with qtbot.waitSignal(session.message, timeout=10_000) as signal:
        session.put_ball((-1.0, 0.0))
    assert signal.args[:2] == ["error", "problem.start: expected a point where the cost is finite, got [-1.0, 0.0]"]
    assert session.runs == runs


def test_a_sweep_tries_the_rule_as_it_is_set(session: Session, opened: Open, qtbot: QtBot) -> None:
    opened(BOWL)
    session.select(1)
    session.change("momentum", 0.5)
    with qtbot.waitSignal(session.explorer.swept, timeout=10_000) as signal:
        session.explore(200)
    (sweep,) = signal.args
    assert sweep.steps == 200
    assert sweep.optimizer.momentum == 0.5
    assert sweep.start_cost == 2 * 1.5**2


def test_a_tried_rate_is_a_ghost_on_the_surface(session: Session, opened: Open, qtbot: QtBot) -> None:
    opened(BOWL)
    with qtbot.waitSignal(session.explorer.tried, timeout=10_000):
        session.try_rate(0.25, 30)
    frame = session.timeline.frame
    assert frame is not None
    ghost, *runs = frame.runs
    assert (ghost.ghost, ghost.label, ghost.newest) == (True, "rate 0.25", 30)
    assert [run.label for run in runs] == ["gentle", "bold"]
    assert frame.run.label == "gentle"
    assert ghost.on_surface
    # halved at each step, in both knobs
    assert ghost.past.cost[-1] == pytest.approx((2 * 1.5**2) * 0.25**30)


def test_of_many_ghosts_the_newest_stay(session: Session, opened: Open, qtbot: QtBot) -> None:
    opened(BOWL)
    for rate in range(1, 11):
        with qtbot.waitSignal(session.explorer.tried, timeout=10_000):
            session.try_rate(rate / 100, 5)
    frame = session.timeline.frame
    assert frame is not None
    assert [run.label for run in frame.runs if run.ghost] == [f"rate {rate / 100:.3g}" for rate in range(3, 11)]
