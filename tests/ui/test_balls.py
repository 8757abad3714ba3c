"""Balls put, dragged and added with the mouse: what the session and the window make of it."""

from collections.abc import Callable
from typing import Any

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
    runs = renewed(lambda: session.add_ball((-1.0, 0.5)))
    assert starts(runs) == [[1.5, 1.5], [1.5, 1.5], [-1.0, 0.5]]
    assert runs[2].optimizer == runs[1].optimizer
    assert runs[2].label == "from -1, 0.5"
    assert len({run.label for run in runs}) == 3


def test_a_sixty_fifth_ball_is_refused_in_words(
    session: Session, opened: Open, messages: list[Message], renewed: Renewed
) -> None:
    runs = opened(BOWL + '[[runs]]\noptimizer = { kind = "gradient-descent" }\n' * 62)
    session.add_ball((0.0, 0.5))
    assert messages[-1][0] == "error"
    assert "runs" in messages[-1][1]
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
    assert session.name == session.scenario.title
    assert [run.optimizer.learning_rate for run in runs] == [0.001, 0.01]
    assert session.timeline.frame is not None
    assert not any(run.ghost for run in session.timeline.frame.runs)


def test_a_wrong_formula_leaves_all_as_it_was(session: Session, opened: Open, messages: list[Message]) -> None:
    runs = opened(BOWL)
    session.rebuild({"formula": "x**2 + import"})
    assert messages[-1][0] == "error"
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
