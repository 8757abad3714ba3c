from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from gdviz.ui.session import Session
from tests.support import DIGITS, PARABOLA, Message, Open, Renewed, at, finish

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
        ("info", "784-16-16-10: 1 epoch done. Play goes on beyond it, at the schedule's last rate, 7.895e−5.")
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
