"""Slices that are no longer wanted while they are made: nothing of them is shown, and no thread stays behind."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import QThread

from gdviz.core.frame import SliceView
from tests.support import LONG_DIGITS, PAIR, go
from tests.support import frame_of as shown_by
from tests.ui.slice_support import LONG, RANDOM, frame_of, rest, scene_of, slice_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest
    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import Frame
    from gdviz.core.slices import Slice
    from gdviz.ui.session import Session
    from gdviz.ui.window import Window
    from tests.support import Message, Open, Renewed

ELSEWHERE = """
title = "Two networks, the first one large"
[view]
plane = "random"
images = 2000
[problem]
kind = "digits"
train_size = 2000
hidden = [256, 128]
[[runs]]
optimizer = { kind = "gradient-descent", learning_rate = 0.5 }
[[runs]]
label = "small"
problem = { hidden = [8] }
optimizer = { kind = "gradient-descent", learning_rate = 0.5 }
"""


def pool() -> list[str]:
    """The threads that help with a slice."""
    return [thread.name for thread in threading.enumerate() if "Pool" in thread.name]


def threads() -> list[str]:
    found = [o for o in gc.get_objects() if issubclass(type(o), QThread) and shiboken6.isValid(o)]
    return sorted(o.objectName() for o in found if o.isRunning() and o.objectName().startswith("gdviz"))


class Watched:
    """A session in the middle of a slice that takes long, and what was wrong with the slices shown since then."""

    def __init__(self, session: Session, qtbot: QtBot) -> None:
        self.session, self._qtbot = session, qtbot
        self.strange: list[str] = []
        """notes of slices that belong to other runs than those on show"""
        qtbot.waitUntil(lambda: slice_of_or_none(session) is not None, timeout=LONG)
        assert not slice_of(session).final
        assert frame_of(session).remaking
        self._key, self._coarse = session._slices._key, slice_of(session)
        session.timeline.frame_ready.connect(self._look)

    def _look(self, frame: Frame) -> None:
        scene = scene_of(self.session)
        if scene.slice is not None and scene.run.history not in scene.slice.trails:
            self.strange.append(scene.slice.landscape.note)
        if frame.landscape is not None and (scene.slice is None or frame.landscape is not scene.slice.landscape):
            self.strange.append(frame.landscape.note)

    def rests(self) -> None:
        """What was on its way when it was dropped is not taken, and another slice is made in its stead."""
        before = scene_of(self.session).slice
        self.session._background.result.emit(self._key, self._coarse)
        assert scene_of(self.session).slice is before is not self._coarse
        made = rest(self.session, self._qtbot)
        assert scene_of(self.session).run.history in made.trails
        self._qtbot.waitUntil(lambda: not pool(), timeout=LONG)
        assert threads() == ["gdviz-pictures", "gdviz-training"]
        assert self.strange == []


def slice_of_or_none(session: Session) -> Slice | None:
    return session._scene.slice if session._scene is not None else None


def test_a_reset_in_the_middle_of_a_slice_leaves_nothing_of_it(
    session: Session, opened: Open, renewed: Renewed, qtbot: QtBot
) -> None:
    opened(ELSEWHERE)
    watched = Watched(session, qtbot)
    renewed(session.reset)
    assert frame_of(session).landscape is None
    session.look_at(SliceView("gradient", 10))
    watched.rests()
    assert slice_of(session).n_images == 10


def test_another_scenario_in_the_middle_of_a_slice_gets_its_own(session: Session, opened: Open, qtbot: QtBot) -> None:
    opened(ELSEWHERE)
    watched = Watched(session, qtbot)
    opened(RANDOM)
    watched.rests()
    assert slice_of(session).n_images == 120


def test_a_run_with_another_cost_in_the_middle_of_a_slice_gets_its_own(
    session: Session, opened: Open, qtbot: QtBot
) -> None:
    opened(ELSEWHERE)
    watched = Watched(session, qtbot)
    session.select(1)
    assert frame_of(session).landscape is None
    session.look_at(SliceView("random", 30))
    watched.rests()
    assert slice_of(session).plane.anchor.size == session.runs[1].problem.n_params


def test_closing_the_window_in_the_middle_of_a_slice_ends_all_threads(
    new_window: Callable[[], Window], qtbot: QtBot, tmp_path: Path
) -> None:
    window = new_window()
    path = tmp_path / "large.toml"
    path.write_text(ELSEWHERE, "utf-8")
    assert window.open(str(path))
    Watched(window.session, qtbot)
    window.close()
    assert threads() == []
    assert pool() == []


def test_a_scenario_opened_over_a_trained_one_is_measured_and_sliced_from_its_own_start(
    window: Window, shown: Open, qtbot: QtBot
) -> None:
    (before,) = shown(LONG_DIGITS)
    window.loss.set_sharpness(True)
    go(window, qtbot, 40)
    (run,) = shown(LONG_DIGITS.replace("batch_size = 16", 'batch_size = "full"') + "[view]\nsharpness = true\n")
    assert run is not before
    qtbot.waitUntil(lambda: shown_by(window).sharpness is not None, timeout=20_000)
    assert shown_by(window).run.sharpness.steps.tolist() == [0]
    assert len(shown(PAIR)) == 2  # another number of runs
    qtbot.waitUntil(lambda: shown_by(window).landscape is not None, timeout=20_000)
    landscape = shown_by(window).landscape
    assert landscape is not None
    assert "through step 0 " in landscape.note


def test_what_cannot_be_measured_is_said_once(
    session: Session, opened: Open, qtbot: QtBot, messages: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: object) -> Iterator[None]:
        yield None
        raise MemoryError

    monkeypatch.setattr("gdviz.ui.slices.network_sharpness", failing)
    monkeypatch.setattr("sys.excepthook", lambda *error: None)
    opened(LONG_DIGITS.replace("batch_size = 16", 'batch_size = "full"'))
    qtbot.waitUntil(lambda: bool(messages), timeout=20_000)
    qtbot.wait(700)
    assert len(messages) == 1
