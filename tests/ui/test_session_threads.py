import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QEvent, QThread
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gdviz.core.scenario import load_scenario
from gdviz.ui.session import Session
from tests.support import DIGITS, PARABOLA, Message, Open, Renewed

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
    assert "plane down the slope through step 0 · 1,000 images, 65 × 65 points" in frame.landscape.note
    np.testing.assert_allclose(frame.run.trail, [[0, 0]], atol=1e-5)
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
        scene = session._scene
        return (
            frame is not None and frame.step == 24 and scene is not None and not scene.wants_slice(frame, moving=False)
        )

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


def test_the_training_waits_until_the_window_has_nothing_at_hand(session: Session, opened: Open, qtbot: QtBot) -> None:
    (run,) = opened(PARABOLA.replace("steps = 50", "steps = 100_000_000"))
    session.set_speed(math.inf)
    session.play()
    qtbot.waitUntil(lambda: run.step > 100)
    session.precedence.heed(QEvent(QEvent.Type.User))
    time.sleep(0.01)  # the step that was begun ends
    step = run.step
    for _ in range(10):
        QApplication.processEvents()
    assert run.step == step
    qtbot.waitUntil(lambda: run.step > step)
    session.pause()


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
        patch.setattr("gdviz.ui.slices.slices", failing)
        patch.setattr("sys.excepthook", lambda *error: None)
        opened(DIGITS)
        qtbot.waitUntil(lambda: bool(messages), timeout=10_000)
    qtbot.waitUntil(
        lambda: (frame := session.timeline.frame) is not None and frame.landscape is not None, timeout=10_000
    )
