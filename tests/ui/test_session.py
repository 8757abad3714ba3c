from collections.abc import Callable

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from gdviz.core.scenario import parse, to_toml
from gdviz.ui.session import Session
from tests.support import DIGITS, PAIR, PARABOLA, Message, Open, assert_same_history, at, finish, synchronous

# Threaded equals synchronous


def as_fast_as_possible(session: Session, qtbot: QtBot) -> None:
    session.play()


def paced(session: Session, qtbot: QtBot) -> None:
    session.set_speed(400)
    session.play()


def with_single_steps(session: Session, qtbot: QtBot) -> None:
    for _ in range(3):
        session.forward()
    session.set_speed(200)
    session.play()
    qtbot.wait(60)
    session.pause()
    for _ in range(4):
        session.forward()
        qtbot.wait(5)
    session.back()
    session.play()
    qtbot.wait(40)
    session.pause()
    session.to_live()
    session.set_speed(float("inf"))
    session.play()


@pytest.mark.parametrize("toml", [PARABOLA, DIGITS, PAIR], ids=["surface", "digits", "two runs"])
@pytest.mark.parametrize("way", [as_fast_as_possible, paced, with_single_steps])
def test_the_thread_makes_the_same_history_bit_for_bit(
    way: Callable[[Session, QtBot], None], toml: str, session: Session, opened: Open, qtbot: QtBot
) -> None:
    runs = opened(toml)
    way(session, qtbot)
    finish(session, qtbot)
    for ours, theirs in zip(runs, synchronous(parse(toml, "test")), strict=True):
        assert_same_history(ours, theirs)


@pytest.mark.parametrize("toml", [PARABOLA.replace("steps = 50", "steps = 200"), DIGITS], ids=["surface", "digits"])
def test_changes_made_while_it_runs_are_part_of_the_recipe(
    toml: str, session: Session, opened: Open, qtbot: QtBot
) -> None:
    (run,) = opened(toml)
    session.change("learning_rate", 0.3)  # before the first step
    session.set_speed(300)
    session.play()
    for step, rate in ((20, 0.05), (50, 0.02), (51, 0.2)):
        qtbot.waitUntil(lambda: run.step > step)  # noqa: B023 - waited for here
        session.change("learning_rate", rate)
    if "momentum" in toml:
        session.change("momentum", 0.5)
    session.set_speed(float("inf"))
    finish(session, qtbot)
    assert run.changes[0] == (0, "learning_rate", 0.3)
    assert {value for _, name, value in run.changes if name == "learning_rate"} >= {0.3, 0.05, 0.2}
    assert session.scenario is not None
    recipe = msgspec.structs.replace(session.scenario, runs=(run.recipe,))
    (again,) = synchronous(parse(to_toml(recipe), "test"))
    assert_same_history(run, again)
    (unchanged,) = synchronous(session.scenario)
    assert unchanged.row.cost != run.row.cost


# Transport


def test_twenty_presses_are_exactly_twenty_steps(session: Session, opened: Open, qtbot: QtBot) -> None:
    for toml in (PARABOLA, DIGITS):
        (run,) = opened(toml)
        for _ in range(20):
            session.forward()
        qtbot.waitUntil(lambda: at(session) == (20, True))
        qtbot.wait(40)
        assert run.step == 20
        assert at(session) == (20, True)


def test_single_steps_come_at_once_at_any_pace(session: Session, opened: Open, qtbot: QtBot) -> None:
    opened(PARABOLA)
    session.set_speed(1.0)
    for _ in range(20):
        session.forward()
    qtbot.waitUntil(lambda: at(session) == (20, True), timeout=500)


def test_an_epoch_ends_at_its_end(session: Session, opened: Open, qtbot: QtBot) -> None:
    (run,) = opened(DIGITS.replace("epochs = 1", "epochs = 5"))
    session.forward()
    session.epoch()
    qtbot.waitUntil(lambda: at(session) == (125, True), timeout=10_000)
    session.epoch()
    session.epoch()
    qtbot.waitUntil(lambda: at(session) == (375, True), timeout=10_000)
    assert run.step == 375


def test_a_step_back_while_it_plays_pauses(session: Session, opened: Open, qtbot: QtBot) -> None:
    (run,) = opened(PARABOLA.replace("steps = 50", "steps = 1000000"))
    session.play()
    qtbot.waitUntil(lambda: at(session)[0] > 50)
    before = at(session)[0]
    session.back()
    assert not session.playing
    assert at(session) == (before - 1, False)
    qtbot.wait(50)
    step = run.step
    qtbot.wait(50)
    assert run.step == step
    assert at(session) == (before - 1, False)


def test_forward_in_the_past_walks_to_now_and_then_trains(session: Session, opened: Open, qtbot: QtBot) -> None:
    (run,) = opened(PARABOLA)
    for _ in range(5):
        session.forward()
    qtbot.waitUntil(lambda: at(session) == (5, True))
    session.seek(3)
    session.forward()
    assert at(session) == (4, False)
    session.forward()
    assert at(session) == (5, True)
    assert run.step == 5
    session.forward()
    qtbot.waitUntil(lambda: at(session) == (6, True))


def test_playing_from_the_past_replays_and_then_trains_on(session: Session, opened: Open, qtbot: QtBot) -> None:
    (run,) = opened(PARABOLA.replace("steps = 50", "steps = 100000"))
    for _ in range(30):
        session.forward()
    qtbot.waitUntil(lambda: at(session) == (30, True))
    session.set_speed(100)
    session.seek(10)
    session.play()
    assert session.playing
    qtbot.wait(60)
    assert run.step == 30  # what is replayed is not trained
    assert 10 < at(session)[0] < 30
    qtbot.waitUntil(lambda: run.step > 40)
    assert session.timeline.live
    session.pause()


def test_to_live_in_the_middle_of_a_replay_trains_on_at_once(session: Session, opened: Open, qtbot: QtBot) -> None:
    (run,) = opened(PARABOLA.replace("steps = 50", "steps = 100000"))
    for _ in range(30):
        session.forward()
    qtbot.waitUntil(lambda: at(session) == (30, True))
    session.set_speed(20)
    session.to_start()
    assert at(session) == (0, False)
    session.play()
    session.to_live()
    assert session.playing
    qtbot.waitUntil(lambda: run.step > 31)


def test_seeking_lets_the_training_go_on(session: Session, opened: Open, qtbot: QtBot) -> None:
    (run,) = opened(PARABOLA.replace("steps = 50", "steps = 1000000"))
    session.play()
    qtbot.waitUntil(lambda: at(session)[0] > 100)
    session.seek(7)
    step = run.step
    qtbot.waitUntil(lambda: run.step > step + 100)
    assert at(session) == (7, False)
    assert session.playing
    session.to_live()
    assert session.timeline.live
    qtbot.waitUntil(lambda: at(session)[0] > step + 100)


def test_play_pressed_while_it_loads_plays_what_was_loaded(session: Session, opened: Open, qtbot: QtBot) -> None:
    opened(PARABOLA)
    for _ in range(5):
        session.forward()
    qtbot.waitUntil(lambda: at(session) == (5, True))
    session.to_start()
    session.reset()
    session.play()
    qtbot.waitUntil(lambda: session.run is not None and session.run.ended == "50 steps done")


# Several runs


def test_another_run_is_selected_at_the_same_moment(session: Session, opened: Open, qtbot: QtBot) -> None:
    runs = opened(PAIR)  # 125 and 25 steps an epoch
    session.play()
    finish(session, qtbot)
    session.seek(50)
    frame = session.timeline.frame
    assert frame is not None
    assert [run.step for run in frame.runs] == [50, 10]
    session.select(1)
    assert session.run is runs[1]
    assert at(session) == (10, False)
    assert session.timeline.step == 10
    session.back()
    assert at(session) == (9, False)
    session.to_live()
    session.select(0)
    assert at(session) == (125, True)


def test_a_change_is_the_selected_runs_alone(session: Session, opened: Open) -> None:
    runs = opened(PAIR)
    session.select(1)
    session.change("learning_rate", 0.75)
    assert [run.optimizer.learning_rate for run in runs] == [0.5, 0.75]


def test_a_wrong_value_is_a_message_and_the_old_one_stays(
    session: Session, opened: Open, messages: list[Message]
) -> None:
    (run,) = opened(DIGITS)
    for wrong in (0.0, -1.0, float("nan"), float("inf"), 1e9):
        session.change("learning_rate", wrong)
    assert len(messages) == 5
    assert all(kind == "error" and text.startswith("learning_rate: ") for kind, text, _ in messages)
    assert run.optimizer.learning_rate == 0.5
