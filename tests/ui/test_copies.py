"""The scenario as text to take away, with all that was changed by hand: it runs as what was on show did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication

from gdviz.core.scenario import load_scenario
from gdviz.ui import files as files_module
from gdviz.ui.recent import recent
from tests.support import DIGITS, PARABOLA, Open, Opening, assert_same_history, finish, go, synchronous

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gdviz.ui.window import Window

Said = list[tuple[str, str]]


def test_the_copy_runs_as_it_did_with_what_was_changed_and_forked(
    window: Window, shown: Open, opening: Opening, said: Said, qtbot: QtBot
) -> None:
    session = window.session
    (first,) = shown(DIGITS)
    go(window, qtbot, 20)
    session.change("learning_rate", 0.25)
    qtbot.waitUntil(lambda: bool(first.changes))
    go(window, qtbot, 40)
    session.seek(30)
    opening(lambda: session.fork({"optimizer": {"kind": "adam"}}, "adam"))
    _, fork = session.runs
    session.play()
    qtbot.waitUntil(lambda: fork.step > 50)
    session.change("learning_rate", 0.01)
    finish(session, qtbot)
    assert len(fork.changes) == 1
    said.clear()
    window.files.copy_scenario()
    words = "The scenario is on the clipboard: Ctrl+V opens it again, here or in another window."
    assert said == [("info", words)]
    opening(window.files.paste)
    session.play()
    finish(session, qtbot)
    again, fork_again = session.runs
    assert_same_history(fork, fork_again)
    assert (first.step, first.ended) == (40, "left at step 40")
    ours, theirs = first.history.table(), again.history.table()
    for name in ("step", "cost", "grad_norm", "learning_rate"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name)[:41], err_msg=name)


def test_it_is_written_to_a_file(
    window: Window,
    shown: Open,
    opening: Opening,
    said: Said,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (run,) = shown(PARABOLA)
    go(window, qtbot, 5)
    window.session.change("learning_rate", 0.4)
    go(window, qtbot, 8)
    path = tmp_path / "mine.toml"
    asked: list[str] = []

    def choose(parent: Window, name: str) -> str:
        asked.append(name)
        return str(path)

    monkeypatch.setattr(files_module, "scenario_file_to_write", choose)
    window.files.ask_where_to_write_scenario()
    assert asked == [window.session.name]
    assert said == [("info", f"The scenario is saved as {path}. Ctrl+O opens it again.")]
    assert recent()[0] == path
    (again,) = synchronous(load_scenario(str(path)), 8)
    assert_same_history(run, again)
    opening(lambda: window.open(str(path)))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none/a.toml", "can't be written: No such file or directory"),
        ("a.txt", "expected a file that ends in .toml"),
    ],
)
def test_a_place_that_cannot_be_written_to_is_said(
    name: str,
    words: str,
    window: Window,
    shown: Open,
    said: Said,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown(PARABOLA)
    monkeypatch.setattr(files_module, "scenario_file_to_write", lambda *_: str(tmp_path / name))
    window.files.ask_where_to_write_scenario()
    assert said == [("error", f"{tmp_path / name}: {words}")]
    assert not (tmp_path / name).exists()


def test_what_could_not_be_opened_again_is_not_copied(window: Window, shown: Open, said: Said) -> None:
    (run,) = shown(PARABOLA)
    run.changes = [(0, "learning_rate", 0.1)] * 30_000
    QGuiApplication.clipboard().setText("before")
    window.files.copy_scenario()
    assert said[0][0] == "error"
    assert "larger than 1 MB" in said[0][1]
    assert QGuiApplication.clipboard().text() == "before"
