"""Saved runs in the window: Ctrl+S writes them, they open as they were, and Play goes on from there."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from gdviz.core.scenario import DEFAULT, parse
from gdviz.core.shown import Shown
from gdviz.export.saved import load, save
from gdviz.ui import files as files_module
from gdviz.ui.app import _open_instead
from gdviz.ui.files import file_to_save
from tests.support import (
    DIGITS,
    LONG_DIGITS,
    LONG_PARABOLAS,
    PAIR,
    Message,
    Open,
    Renewed,
    assert_same_history,
    finish,
    frame_of,
    synchronous,
)

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gdviz.ui.session import Session
    from gdviz.ui.window import Window


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.gdviz"


def reopen(session: Session, path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(session.opened, timeout=20_000):
        assert session.open(str(path))


@pytest.mark.parametrize("toml", [DIGITS, PAIR], ids=["one run", "two runs"])
def test_what_was_saved_half_way_plays_on_as_if_never_closed(
    toml: str, session: Session, qtbot: QtBot, path: Path, messages: list[Message]
) -> None:
    scenario = parse(toml, "test")
    save(path, Shown(scenario, synchronous(scenario, 20)))
    reopen(session, path, qtbot)
    assert session.scenario == scenario
    assert session.name == str(path)
    assert session.runs[0].step == 20
    frame = session.timeline.frame
    assert frame is not None
    assert (frame.step, frame.live) == (20, True)
    newest = session.runs[0].history.newest()
    assert newest is not None
    assert newest.gradient is not None, "for the arrow down the slope and the images of the gradient"
    session.seek(7)
    assert session.timeline.frame is not None
    assert session.timeline.frame.step == 7
    session.to_live()
    session.play()
    finish(session, qtbot)
    for ours, theirs in zip(session.runs, synchronous(scenario), strict=True):
        assert_same_history(ours, theirs)
    qtbot.waitUntil(lambda: bool(messages))  # with the frame that shows the end
    assert {kind for kind, _, _ in messages} == {"info"}, messages


def test_it_opens_as_it_was_looked_at(
    session: Session, opened: Open, renewed: Renewed, qtbot: QtBot, path: Path
) -> None:
    opened(DIGITS)
    session.play()
    finish(session, qtbot)
    renewed(lambda: session.rebuild({"hidden": [5]}))
    session.play()
    finish(session, qtbot)
    session.seek(10)
    renewed(lambda: session.fork({"learning_rate": 0.1}, "slower"))
    session.forward()
    session.forward()
    qtbot.waitUntil(lambda: session.runs[1].step == 12)
    session.select(0)
    session.hide(session.everyone[0])
    session.rename(session.runs[1], "a name of its own")
    session.seek(7)

    def drawn() -> list[tuple[object, ...]]:
        frame = session.timeline.frame
        assert frame is not None
        return [
            (run.label, run.colour, run.ghost, run.hidden, run.left, run.step, run.newest, run.cost, run is frame.run)
            for run in frame.runs
        ]

    before = drawn()
    assert [run[2] for run in before] == [True, False, False]
    with qtbot.waitSignal(session.saved, timeout=20_000):
        session.save(path)
    opened(PAIR)
    reopen(session, path, qtbot)
    assert (drawn(), session.timeline.live) == (before, False)
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.undo()
    assert len(session.everyone) == 2
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.redo()
    assert drawn() == before


def test_a_damaged_file_at_the_start_leaves_something_to_look_at(window: Window, qtbot: QtBot, path: Path) -> None:
    scenario, session = parse(DIGITS, "test"), window.session
    save(path, Shown(scenario, synchronous(scenario, 5)))
    path.write_bytes(path.read_bytes()[:-1])
    session.refused.connect(
        partial(_open_instead, window), Qt.ConnectionType.SingleShotConnection
    )  # as the program does
    with qtbot.waitSignal(session.opened, timeout=20_000):
        assert window.open(str(path))
    assert session.name == DEFAULT
    assert window.messages.kind == "error"
    assert window.messages._text.accessibleName() == f"{path}: damaged: it is cut short"


def test_runs_that_began_anew_do_not_take_a_files_place_without_a_question(
    window: Window, shown: Open, qtbot: QtBot, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def choose(parent: Window, name: str) -> str:
        asked.append(name)
        return ""

    monkeypatch.setattr(files_module, "file_to_save", choose)
    scenario = parse(DIGITS, "test")
    save(path, Shown(scenario, synchronous(scenario, 20)))
    session = window.session
    with qtbot.waitSignal(session.opened, timeout=20_000):
        window.open(str(path))
    with qtbot.waitSignal(session.saved, timeout=20_000):
        window.files.save()
    session.seek(10)
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.fork({"learning_rate": 0.1}, "slower")
    with qtbot.waitSignal(session.saved, timeout=20_000):
        window.files.save()
    assert asked == []
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.reset()
    window.files.save()
    assert asked == [str(path)]
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.undo()
    with qtbot.waitSignal(session.saved, timeout=20_000):
        window.files.save()
    assert len(asked) == 1


def test_saving_while_it_trains_takes_down_one_moment(
    session: Session, opened: Open, qtbot: QtBot, path: Path, messages: list[Message]
) -> None:
    (run,) = opened(LONG_DIGITS)
    session.play()
    qtbot.waitUntil(lambda: run.step > 100)
    session.change("learning_rate", 0.05)
    for _ in range(5):
        with qtbot.waitSignal(session.message, timeout=20_000):
            session.save(path)
        assert messages[-1][:2] == ("info", f"Saved as {path}. Ctrl+O opens it again.")
    step = run.step
    qtbot.waitUntil(lambda: run.step > step + 10)
    assert session.playing
    session.pause()
    (again,) = load(path).runs
    at = again.history.newest_step
    while again.step < at + 5:
        again.advance()
    qtbot.waitUntil(lambda: run.step > at + 5)
    ours, theirs = run.history.table(), again.history.table()
    for name in ("step", "cost", "grad_norm", "learning_rate"):
        np.testing.assert_array_equal(getattr(ours, name)[: at + 6], getattr(theirs, name)[: at + 6])
    assert [change[1:] for change in again.changes] == [("learning_rate", 0.05)]


def test_where_it_cannot_be_saved_it_says_so_and_trains_on(
    session: Session, opened: Open, qtbot: QtBot, tmp_path: Path, messages: list[Message]
) -> None:
    (run, _) = opened(LONG_PARABOLAS)
    session.play()
    place = tmp_path / "no" / "a.gdviz"
    session.save(place)
    qtbot.waitUntil(lambda: bool(messages))
    assert messages[0][:2] == ("error", f"{place}: can't be written: No such file or directory")
    step = run.step
    qtbot.waitUntil(lambda: run.step > step + 10)
    assert session.playing


def test_saved_and_closed_at_once_is_saved(session: Session, opened: Open, path: Path) -> None:
    (run, _) = opened(LONG_PARABOLAS)
    session.play()
    session.save(path)
    session.finish()
    assert load(path).runs[0].history.newest_step <= run.step


def test_a_file_that_is_broken_leaves_all_as_it_is(
    session: Session, opened: Open, qtbot: QtBot, path: Path, messages: list[Message]
) -> None:
    scenario = parse(DIGITS, "test")
    save(path, Shown(scenario, synchronous(scenario, 5)))
    (run, _) = opened(LONG_PARABOLAS)
    session.play()
    data = path.read_bytes()
    path.write_bytes(data[:-1])  # found out by the thread that reads it
    with qtbot.waitSignal(session.refused, timeout=20_000):
        assert session.open(str(path))
    path.write_bytes(data[:100])  # found out at once
    assert not session.open(str(path))
    assert [text for _, text, _ in messages] == [
        f"{path}: damaged: it is cut short",
        f"{path}: damaged: its second line is not the one that was saved",
    ]
    assert session.runs[0] is run
    step = run.step
    qtbot.waitUntil(lambda: run.step > step + 10)


def test_loaded_runs_are_reset_and_forked_like_any(session: Session, qtbot: QtBot, path: Path) -> None:
    scenario = parse(DIGITS, "test")
    save(path, Shown(scenario, synchronous(scenario, 20)))
    reopen(session, path, qtbot)
    session.seek(10)
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.fork({"learning_rate": 0.1}, "slower")
    assert [run.label for run in session.runs][1:] == ["slower from 10"]
    session.save(path)
    with qtbot.waitSignal(session.message, timeout=20_000):
        session.pause()
    assert [run.step for run in session.runs] == [20, 10]
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.reset()
    assert [run.step for run in session.runs] == [0, 0]
    reopen(session, path, qtbot)
    assert [run.step for run in session.runs] == [20, 10]
    assert [run.ended for run in session.runs] == ["left at step 20", ""]


def test_ctrl_s_asks_where_and_ctrl_o_opens_it(
    window: Window, shown: Open, qtbot: QtBot, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run, _) = shown(LONG_PARABOLAS)
    window.session.forward()
    qtbot.waitUntil(lambda: run.step == 1)
    asked: list[str] = []

    def choose(parent: Window, name: str) -> str:
        asked.append(name)
        return str(path)

    monkeypatch.setattr(files_module, "file_to_save", choose)
    monkeypatch.setattr(files_module, "file_to_open", lambda _: str(path))
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert asked == [window.session.name]
    qtbot.waitUntil(lambda: window.messages.kind == "info" and path.is_file())
    with qtbot.waitSignal(window.session.opened, timeout=20_000):
        QTest.keyClick(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    assert window.session.runs[0] is not run
    assert frame_of(window).step == 1
    assert window.windowTitle() == "a.gdviz — gdviz"
    assert window.transport.scenarios.currentText() == "a.gdviz"


@pytest.mark.parametrize(
    ("name", "proposed"),
    [("digits", "digits"), ("/some/where/my.toml", "my"), ("x**2 + 3*sin(y)/2", "x-2-3-sin-y-2"), ("**", "runs")],
)
def test_the_file_is_named_after_the_scenario(name: str, proposed: str, qtbot: QtBot, window: Window) -> None:
    seen: list[str] = []

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QFileDialog)
        seen.extend(dialog.selectedFiles())
        dialog.reject()

    QTimer.singleShot(100, answer)
    assert file_to_save(window, name) == ""
    assert [Path(file).name for file in seen] == [f"{proposed}.gdviz"]


def test_what_was_opened_is_proposed_again(path: Path, qtbot: QtBot, window: Window) -> None:
    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QFileDialog)
        dialog.accept()

    QTimer.singleShot(100, answer)
    assert Path(file_to_save(window, str(path))) == path


def test_runs_open_as_they_were_looked_at(window: Window, shown: Open, qtbot: QtBot, path: Path) -> None:
    shown(LONG_PARABOLAS.replace("parabola", "rosenbrock"))
    window.surface.set_view("3d")
    window.loss.set_cost_axis("log")
    window.session.set_speed(7.0)
    with qtbot.waitSignal(window.session.saved, timeout=20_000):
        window.session.save(path)
    with qtbot.waitSignal(window.session.opened, timeout=20_000):
        window.open("worked-run")
    assert (window.surface.chosen, window.loss.cost_axis) == ("2d", "linear")
    reopen(window.session, path, qtbot)
    assert (window.surface.chosen, window.loss.cost_axis, window.session.timeline.pace) == ("3d", "log", 7.0)


def test_the_second_time_it_is_saved_where_it_was_the_first(
    window: Window, shown: Open, qtbot: QtBot, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(LONG_PARABOLAS)
    asked: list[str] = []

    def choose(parent: Window, name: str) -> str:
        asked.append(name)
        return str(path)

    monkeypatch.setattr(files_module, "file_to_save", choose)
    for step in (1, 2):
        window.session.forward()
        qtbot.waitUntil(lambda: frame_of(window).step == step)  # noqa: B023 - waited for here
        with qtbot.waitSignal(window.session.saved, timeout=20_000):
            QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert len(asked) == 1
    assert load(path).runs[0].history.newest_step == 2
    with qtbot.waitSignal(window.session.opened, timeout=20_000):
        window.open("worked-run")
    with qtbot.waitSignal(window.session.saved, timeout=20_000):
        QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert asked[1:] == ["worked-run"], "other runs are not written over these"
