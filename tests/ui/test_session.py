from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from gdviz.core.run import Run, build, next_run
from gdviz.core.scenario import Scenario, load_scenario, parse, to_toml
from gdviz.ui.session import Session

DIGITS = """
title = "Small"
[problem]
kind = "digits"
train_size = 2000
[stop]
epochs = 1
[[runs]]
batch_size = 16
optimizer = { kind = "momentum", learning_rate = 0.5 }
schedule = { kind = "cosine" }
"""
PAIR = (
    DIGITS
    + """
[[runs]]
label = "large batches"
batch_size = 80
"""
)
PARABOLA = """
title = "Parabola"
[problem]
kind = "surface"
name = "parabola"
[stop]
steps = 50
[[runs]]
optimizer = { kind = "gradient-descent", learning_rate = 0.1 }
"""
Open = Callable[[str], list[Run]]
Message = tuple[str, str, Any]


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    made = Session()
    made.start()
    yield made
    made.finish()


@pytest.fixture
def messages(session: Session) -> list[Message]:
    """All that was said."""
    said: list[Message] = []
    session.message.connect(lambda *message: said.append(message))
    return said


@pytest.fixture
def opened(session: Session, qtbot: QtBot, tmp_path: Path) -> Open:
    """A function that opens a scenario's text and gives its runs."""

    def carry_out(toml: str) -> list[Run]:
        path = tmp_path / "scenario.toml"
        path.write_text(toml, "utf-8")
        with qtbot.waitSignal(session.opened, timeout=20_000):
            assert session.open(str(path))
        return session.runs

    return carry_out


@pytest.fixture
def renewed(session: Session, qtbot: QtBot) -> Callable[[Callable[[], None]], list[Run]]:
    """A function that does what brings new runs, and gives them."""

    def carry_out(act: Callable[[], None]) -> list[Run]:
        with qtbot.waitSignal(session.opened, timeout=20_000):
            act()
        return session.runs

    return carry_out


Renewed = Callable[[Callable[[], None]], list[Run]]


def synchronous(scenario: Scenario, step: int | None = None) -> list[Run]:
    """The scenario's runs, driven here to their end, or until the first has gone so many steps."""
    runs = build(scenario)
    while (run := next_run(runs)) is not None and (step is None or runs[0].step < step):
        run.advance()
    return runs


def assert_same_history(one: Run, two: Run) -> None:
    ours, theirs = one.history.table(), two.history.table()
    for name in ("step", "cost", "grad_norm", "learning_rate", "knobs"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)
    for a, b in zip(one.history.checkpoints(), two.history.checkpoints(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.history.evaluations == two.history.evaluations
    np.testing.assert_array_equal(one.row.theta, two.row.theta)
    np.testing.assert_array_equal(one.row.state, two.row.state)
    assert one.ended == two.ended


def finish(session: Session, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: all(run.ended for run in session.runs) and not session.playing, timeout=20_000)


def at(session: Session) -> tuple[int, bool]:
    frame = session.timeline.frame
    assert frame is not None
    return frame.step, frame.live


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


# Reset, seeds, recipes


def test_a_reset_starts_from_the_same_knobs_and_leaves_a_ghost(
    session: Session, opened: Open, renewed: Renewed, qtbot: QtBot
) -> None:
    (before,) = opened(DIGITS)
    session.change("learning_rate", 0.125)
    for _ in range(3):
        session.forward()
    qtbot.waitUntil(lambda: at(session) == (3, True))
    (after,) = renewed(session.reset)
    assert after is not before
    assert at(session) == (0, True)
    np.testing.assert_array_equal(after.row.theta, before.history.checkpoint(0).theta)
    assert after.optimizer.learning_rate == 0.125
    assert after.row.learning_rate == 0.125
    frame = session.timeline.frame
    assert frame is not None
    assert [run.ghost for run in frame.runs] == [True, False]
    assert frame.runs[0].newest == 3
    (third,) = renewed(session.reset)  # one ghost, not one more at every reset
    assert third.optimizer.learning_rate == 0.125
    assert session.timeline.frame is not None
    assert len(session.timeline.frame.runs) == 2


def test_a_new_seed_draws_other_knobs_than_any_run_has(session: Session, opened: Open, renewed: Renewed) -> None:
    before = opened(DIGITS + "[[runs]]\nseed = 1\n")
    after = renewed(session.new_seed)
    seeds = {run.spec.seed for run in (*before, *after)}
    assert len(seeds) == 4
    starts = [run.history.checkpoint(0).theta for run in (*before, *after)]
    assert all((a != b).any() for i, a in enumerate(starts) for b in starts[:i])


def test_after_the_stop_play_goes_on_at_the_last_rate_above_zero(
    session: Session, opened: Open, qtbot: QtBot, messages: list[Message]
) -> None:
    (run,) = opened(DIGITS)
    session.play()
    finish(session, qtbot)
    assert run.step == 125
    qtbot.waitUntil(lambda: [(kind, text) for kind, text, _ in messages] == [
        ("info", "784-16-16-10: 1 epoch done. Play goes on beyond it.")
    ])  # fmt: skip
    session.play()
    qtbot.waitUntil(lambda: run.step > 150)
    session.pause()
    rates = run.history.table().learning_rate
    assert rates[0] == 0.5
    assert 0 < rates[124] < 0.001
    assert set(rates[125:].tolist()) == {rates[124]}


def test_a_run_that_blew_up_offers_a_smaller_rate_for_itself(
    session: Session, opened: Open, renewed: Renewed, qtbot: QtBot, messages: list[Message]
) -> None:
    text = PARABOLA.replace("steps = 50", "steps = 500")
    text += '[[runs]]\nlabel = "wild"\noptimizer = { kind = "gradient-descent", learning_rate = 9.0 }\n'
    opened(text)
    session.play()
    finish(session, qtbot)
    qtbot.waitUntil(lambda: len(messages) == 2)
    warnings = [message for message in messages if message[0] == "warning"]
    assert len(warnings) == 1
    _, said, (label, act) = warnings[0]
    assert said.startswith("wild blew up at step ")
    assert "rate of 9" in said
    assert label == "Restart at a smaller rate"
    assert session.selected == 0
    runs = renewed(act)
    assert [run.optimizer.learning_rate for run in runs] == [0.1, 3.0]
    assert at(session) == (0, True)
    renewed(session.reset)
    messages.clear()
    act()  # of a run that is gone: nothing becomes smaller
    qtbot.wait(50)
    assert [run.optimizer.learning_rate for run in session.runs] == [0.1, 3.0]


def test_when_all_blew_up_play_says_so_again(
    session: Session, opened: Open, qtbot: QtBot, messages: list[Message]
) -> None:
    opened(PARABOLA.replace("0.1", "1e6").replace("steps = 50", "steps = 500"))
    session.play()
    finish(session, qtbot)
    qtbot.waitUntil(lambda: len(messages) == 1)
    session.play()
    assert not session.playing
    assert len(messages) == 2
    session.seek(3)
    assert at(session) == (3, False)


def test_a_run_that_blows_up_beyond_its_stop_says_that_too(
    session: Session, opened: Open, qtbot: QtBot, messages: list[Message]
) -> None:
    (run,) = opened(PARABOLA.replace("0.1", "2.0"))
    session.play()
    finish(session, qtbot)
    qtbot.waitUntil(lambda: len(messages) == 1)
    session.play()
    qtbot.waitUntil(lambda: len(messages) == 2)
    assert run.ended == "blew up at step 322"
    assert messages[-1][0] == "warning"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"hidden": [0]}, "problem.hidden[0]"),
        ({"hidden": [99999]}, "problem.hidden[0]"),
        ({"hidden": []}, "problem.hidden"),
        ({"batch_size": 0}, "runs[0].batch_size"),
        ({"batch_size": 2001}, "runs[0].batch_size"),
        ({"train_size": 10**6}, "problem.train_size"),
        ({"shuffle_labels": 1.5}, "problem.shuffle_labels"),
        ({"shuffle_labels": float("nan")}, "shuffle_labels"),
        ({"seed": -1}, "runs[0].seed"),
        ({"data": "/nowhere"}, "problem.data"),
        ({"optimizer": "luck"}, "runs[0].optimizer"),
    ],
)
@pytest.mark.parametrize("playing", [False, True])
def test_a_recipe_that_cannot_be_leaves_the_runs_as_they_are(
    changes: dict[str, Any], key: str, playing: bool, session: Session, opened: Open, qtbot: QtBot,
    messages: list[Message],
) -> None:  # fmt: skip
    before = opened(DIGITS.replace("epochs = 1", "epochs = 1000"))
    if playing:
        session.play()
        qtbot.waitUntil(lambda: before[0].step > 3)
    session.rebuild(changes)
    qtbot.waitUntil(lambda: len(messages) == 1)
    kind, said, action = messages[0]
    assert (kind, action) == ("error", None)
    assert key in said
    assert "\n" not in said
    assert session.runs == before
    step = before[0].step
    if not playing:
        session.forward()
    qtbot.waitUntil(lambda: before[0].step > step)
    assert session.playing is playing
    assert len(messages) == 1


def test_a_recipe_that_can_be_starts_anew_with_the_rates_that_were_set(
    session: Session, opened: Open, renewed: Renewed
) -> None:
    opened(DIGITS)
    session.change("learning_rate", 0.25)
    (run,) = renewed(lambda: session.rebuild({"hidden": [8], "batch_size": "full", "train_size": 100, "init": "he"}))
    assert run.problem.n_params == 784 * 8 + 8 + 8 * 10 + 10
    assert run.steps_per_epoch == 1
    assert run.problem.n_examples == 100
    assert run.optimizer.learning_rate == 0.25
    (run,) = renewed(lambda: session.rebuild({"optimizer": "adam", "seed": 4}))
    assert (run.spec.seed, run.optimizer.slots) == (4, ("first moment", "second moment"))
    assert run.problem.n_params == 784 * 8 + 8 + 8 * 10 + 10


def test_a_surface_takes_another_start(session: Session, opened: Open, renewed: Renewed) -> None:
    opened(PARABOLA)
    (run,) = renewed(lambda: session.rebuild({"start": [-3.0]}))
    assert run.row.cost == 9


@pytest.mark.parametrize(
    "text",
    ["[problem", "", '[problem]\nkind = "digits"\nhiden = [3]', "\udcff"],
    ids=["syntax", "empty", "key", "bytes"],
)
def test_a_broken_file_is_one_message_and_changes_nothing(
    text: str, session: Session, opened: Open, qtbot: QtBot, messages: list[Message], tmp_path: Path
) -> None:
    before = opened(PARABOLA.replace("steps = 50", "steps = 1000000000"))
    session.play()
    path = tmp_path / "broken.toml"
    path.write_text(text, "utf-8", "surrogateescape")
    assert not session.open(str(path))
    assert not session.open("no such scenario")
    assert [message[0] for message in messages] == ["error", "error"]
    assert "broken.toml" in messages[0][1]
    assert session.runs == before
    assert session.playing
    assert session.name.endswith("scenario.toml")
    step = before[0].step
    qtbot.waitUntil(lambda: before[0].step > step)


def test_what_cannot_be_built_changes_neither_name_nor_speed(
    session: Session, opened: Open, qtbot: QtBot, messages: list[Message], tmp_path: Path
) -> None:
    before = opened(PARABOLA + "[view]\nspeed = 5\n")
    path = tmp_path / "far.toml"
    path.write_text('[problem]\nkind = "digits"\ndata = "/nowhere"\n')
    assert session.open(str(path))
    qtbot.waitUntil(lambda: len(messages) == 1)
    assert "/nowhere" in messages[0][1]
    assert session.runs == before
    assert session.name.endswith("scenario.toml")
    assert session.timeline.pace == 5


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


# Slices


def test_a_network_gets_a_slice_and_after_a_reset_one_of_its_own(
    session: Session, opened: Open, renewed: Renewed, qtbot: QtBot
) -> None:
    opened(DIGITS)
    qtbot.waitUntil(lambda: (f := session.timeline.frame) is not None and f.landscape is not None, timeout=10_000)
    qtbot.waitUntil(lambda: (f := session.timeline.frame) is not None and not f.remaking, timeout=20_000)
    frame = session.timeline.frame
    assert frame is not None
    assert frame.landscape is not None
    assert "1,000 images, 49 × 49 points, through step 0" in frame.landscape.note
    np.testing.assert_allclose(frame.run.trail, [[0, 0]], atol=1e-6)
    renewed(session.reset)
    assert session.timeline.frame is not None
    assert session.timeline.frame.landscape is None  # that of the run before says nothing of this one
    qtbot.waitUntil(lambda: (f := session.timeline.frame) is not None and f.landscape is not None, timeout=10_000)


def test_a_ball_that_comes_to_rest_off_its_slice_gets_another(session: Session, opened: Open, qtbot: QtBot) -> None:
    opened(DIGITS.replace("0.5", "2.0"))
    qtbot.waitUntil(lambda: (f := session.timeline.frame) is not None and f.landscape is not None, timeout=10_000)
    for _ in range(3):
        for _ in range(8):
            session.forward()
        qtbot.wait(10)

    def rests_on_its_slice() -> bool:
        frame = session.timeline.frame
        return frame is not None and frame.step == 24 and not session._scene.wants_slice(frame)  # type: ignore[union-attr]

    qtbot.waitUntil(rests_on_its_slice, timeout=10_000)


# Threads


def threads() -> list[str]:
    """Names of the running threads of Qt that belong to us."""
    import gc

    found = [o for o in gc.get_objects() if issubclass(type(o), QThread) and shiboken6.isValid(o)]
    return sorted(o.objectName() for o in found if o.isRunning() and o.objectName().startswith("gdviz"))


@pytest.mark.parametrize("playing", [False, True])
def test_fifty_fast_resets_leave_one_thread_of_each_kind(
    playing: bool, session: Session, opened: Open, qtbot: QtBot, messages: list[Message]
) -> None:
    opened(DIGITS)
    for i in range(50):
        if playing:
            session.play()
        session.reset() if i % 3 else session.new_seed()
        qtbot.wait(i % 4)
    qtbot.wait(100)
    assert threads() == ["gdviz-pictures", "gdviz-training"]
    assert messages == []
    if session.playing:
        session.pause()
    qtbot.wait(100)
    assert session.run is not None
    step = session.run.step
    session.forward()
    qtbot.waitUntil(lambda: session.run is not None and session.run.step == step + 1)


def test_fifty_fast_changes_of_scenario_end_with_the_last(
    session: Session, opened: Open, qtbot: QtBot, messages: list[Message]
) -> None:
    opened(DIGITS)
    names = ["worked-run", "overshoot", "bounce", "crawl", "rates-race"]
    for i in range(50):
        assert session.open(names[i % len(names)])
        session.play()
        qtbot.wait(i % 4)
    qtbot.waitUntil(lambda: session.name == "rates-race")
    qtbot.wait(50)
    assert session.scenario == load_scenario("rates-race")
    assert threads() == ["gdviz-pictures", "gdviz-training"]
    assert not [message for message in messages if message[0] == "error"]


def test_it_is_harmless_while_nothing_is_open(session: Session) -> None:
    for act in (session.play, session.pause, session.toggle, session.forward, session.back, session.epoch):
        act()
    for act in (session.to_start, session.to_live, session.reset, session.new_seed):
        act()
    session.change("learning_rate", 1.0)
    session.rebuild({"seed": 1})
    session.select(3)
    assert not session.playing
    assert session.runs == []


def test_a_step_asked_for_while_it_loads_does_not_train_what_comes(
    session: Session, opened: Open, qtbot: QtBot, tmp_path: Path
) -> None:
    opened(DIGITS)
    session.play()
    qtbot.waitUntil(lambda: session.runs[0].step > 100)
    path = tmp_path / "other.toml"
    path.write_text(DIGITS.replace("0.5", "0.25"), "utf-8")
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.open(str(path))
        session.forward()
        session.epoch()
    qtbot.wait(300)
    assert session.runs[0].step <= 1


def test_a_reset_while_another_loads_opens_the_other(session: Session, opened: Open, qtbot: QtBot) -> None:
    opened(PARABOLA)
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.open("bounce")
        session.reset()
    assert session.name == "bounce"
    assert session.run is not None
    assert session.run.optimizer.learning_rate == 1.0
    qtbot.waitUntil(lambda: session.timeline.frame is not None)
    assert session.timeline.frame is not None
    assert [run.ghost for run in session.timeline.frame.runs] == [False]  # it has no run before it


def test_a_view_that_is_not_built_is_said(session: Session, opened: Open, messages: list[Message]) -> None:
    opened(PARABOLA.replace("[stop]", '[view]\nsurface = "3d"\n[stop]'))
    assert [text for _, text, _ in messages] == ["The 3-D view is not built yet; this is the map."]


def test_a_new_seed_says_that_a_surface_has_no_use_for_it(
    session: Session, opened: Open, renewed: Renewed, messages: list[Message]
) -> None:
    opened(PARABOLA)
    renewed(session.new_seed)
    assert ["no randomness" in text for _, text, _ in messages] == [True]


def test_a_picture_that_fails_is_said_and_the_next_one_is_made(
    session: Session, opened: Open, qtbot: QtBot, messages: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: object) -> Iterator[None]:
        yield None
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("gdviz.ui.session.digits_slices", failing)
        patch.setattr("sys.excepthook", lambda *error: None)
        opened(DIGITS)
        qtbot.waitUntil(lambda: bool(messages), timeout=10_000)
    qtbot.waitUntil(
        lambda: (frame := session.timeline.frame) is not None and frame.landscape is not None, timeout=10_000
    )
