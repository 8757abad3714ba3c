"""A run that is taken out of the comparison: the others go on, and an undo brings it back as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtTest import QTest

from tests.support import (
    PARABOLA,
    Open,
    everywhere_at,
    frame_of,
    go,
)
from tests.ui.compare_support import BOWLS, LONG, NETWORKS, Key, alone, click, labels, press, undo

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gdviz.ui.window import Window


@pytest.mark.parametrize("toml", [BOWLS, NETWORKS], ids=["surface", "digits"])
def test_who_is_removed_leaves_the_others_where_they_are(
    toml: str, window: Window, shown: Open, qtbot: QtBot, said: list[tuple[str, str]]
) -> None:
    runs = list(shown(toml))
    go(window, qtbot, 12)
    click(window, runs[1].label)
    press(window, Key.Key_Delete)
    left = [run for run in runs if run is not runs[1]]
    assert window.session.runs == left
    assert window.session.scenario is not None
    assert [run.label for run in window.session.scenario.runs] == [run.spec.label for run in left]
    assert everywhere_at(window) == (12, True)
    assert said[-1] == ("info", f"“{runs[1].label}” is removed; Ctrl+Z brings it back.")
    window.session.select(0)
    go(window, qtbot, 20)
    qtbot.waitUntil(lambda: all(run.step == 20 for run in left), timeout=LONG)
    assert runs[1].step == 12  # nobody trains it any longer
    undo(window)
    assert said[-1] == ("info", f"Undone: “{runs[1].label}” is back. Ctrl+Shift+Z does it again.")
    assert window.session.runs == runs
    assert labels(window) == [run.label for run in runs]
    np.testing.assert_array_equal(runs[1].history.table().cost, alone(toml, 1, 12).history.table().cost)
    # And it goes on, and catches up.
    window.session.select(1)
    window.session.epoch() if toml is NETWORKS else go(window, qtbot, 25)
    qtbot.waitUntil(lambda: runs[1].step >= 25, timeout=LONG)
    window.session.pause()
    n = 26
    np.testing.assert_array_equal(runs[1].history.table().cost[:n], alone(toml, 1, 25).history.table().cost[:n])


def test_what_plays_goes_on_playing(window: Window, shown: Open, qtbot: QtBot) -> None:
    slow, middle, fast = shown(BOWLS)
    window.session.set_speed(200)
    window.session.play()
    qtbot.waitUntil(lambda: slow.step > 20, timeout=LONG)
    window.session.remove(middle)
    assert window.session.playing
    there = slow.step
    qtbot.waitUntil(lambda: slow.step > there + 20 and fast.step > there + 20, timeout=LONG)
    assert middle.step <= there + 1
    undo(window)
    assert window.session.playing
    qtbot.waitUntil(lambda: middle.step > there + 30, timeout=LONG)
    window.session.pause()
    assert window.session.runs == [slow, middle, fast]


def test_who_looks_back_goes_on_looking_back(window: Window, shown: Open, qtbot: QtBot) -> None:
    slow, middle, fast = shown(BOWLS)
    go(window, qtbot, 12)
    window.session.seek(5)
    window.session.remove(fast)
    assert everywhere_at(window) == (5, False)
    window.session.remove(slow)  # the selected one
    assert everywhere_at(window) == (5, False)
    assert window.session.run is middle
    undo(window)
    undo(window)
    assert everywhere_at(window) == (5, False)
    assert window.session.run is slow
    assert window.session.runs == [slow, middle, fast]


def test_a_replay_goes_on_with_another_run(window: Window, shown: Open, qtbot: QtBot) -> None:
    slow, middle, _ = shown(BOWLS)
    go(window, qtbot, 40)
    window.session.set_speed(100)
    window.session.seek(2)
    window.session.play()
    qtbot.waitUntil(lambda: frame_of(window).step > 5, timeout=LONG)
    window.session.remove(slow)
    assert window.session.run is middle
    qtbot.waitUntil(lambda: middle.step > 45, timeout=LONG)
    window.session.pause()


def test_a_removed_run_that_was_left_alone_lets_the_one_before_go_on(window: Window, shown: Open, qtbot: QtBot) -> None:
    (run,) = shown(PARABOLA)
    go(window, qtbot, 12)
    window.session.seek(6)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.fork({"learning_rate": 0.02}, "slower")
    assert run.ended.startswith("left")
    window.session.remove(window.session.runs[1])
    assert run.ended == ""
    window.session.to_live()
    go(window, qtbot, 14)
    assert not run.unbounded


def test_a_ghost_is_removed_and_comes_back(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(BOWLS)
    go(window, qtbot, 5)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.reset()
    qtbot.waitUntil(lambda: labels(window, ghost=True) == ["slow", "middle", "fast"], timeout=LONG)
    before = window.session.runs
    click(window, "middle (before)")
    press(window, Key.Key_Delete)
    assert labels(window, ghost=True) == ["slow", "fast"]
    assert window.session.runs == before
    assert all(run.step == 0 for run in before)
    undo(window)
    assert labels(window, ghost=True) == ["slow", "middle", "fast"]


def test_the_last_run_stays(window: Window, shown: Open, qtbot: QtBot) -> None:
    (run,) = shown(PARABOLA)
    QTest.keyClick(window, Key.Key_C)
    window.race.table.setFocus()
    QTest.keyClick(window.race.table, Key.Key_Delete)
    assert window.messages.kind == "error"
    assert "there is no other run" in window.messages._text.accessibleName()
    assert window.session.runs == [run]
    window.session.remove(run)
    assert window.session.runs == [run]
