"""Runs side by side in the window: hidden, renamed, forked, and how their weights differ."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from gdviz.core.scenario import parse, to_toml
from gdviz.export.saved import load
from gdviz.export.tables import CsvWriter
from gdviz.ui.panels.race.entries import Column
from tests.support import (
    LONG_PARABOLAS,
    PARABOLA,
    Open,
    assert_same_history,
    at,
    frame_of,
    go,
)
from tests.ui.compare_support import BOWLS, LONG, NETWORKS, Key, alone, balls, click, labels, press_dot, type_name, undo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gdviz.ui.window import Window

# The table


def test_the_table_comes_with_several_runs_and_by_its_button_or_key(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(PARABOLA)
    assert not window.race.isVisible()
    assert not window.transport.compare.isChecked()
    QTest.keyClick(window, Key.Key_C)
    assert window.race.isVisible()
    assert window.transport.compare.isChecked()
    assert [entry.label for entry in window.race.table.entries] == ["gradient-descent"]
    shown(BOWLS)
    assert window.race.isVisible()
    QTest.mouseClick(window.transport.compare, Qt.MouseButton.LeftButton)
    assert not window.race.isVisible()
    assert not window.transport.compare.isChecked()
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.reset()
    assert not window.race.isVisible()  # as somebody wants it
    window.session.open("worked-run")
    qtbot.waitUntil(lambda: len(window.session.runs) == 1, timeout=LONG)
    window.session.open("overshoot")
    qtbot.waitUntil(lambda: window.session.name == "overshoot", timeout=LONG)
    assert window.race.isVisible() == (len(window.session.runs) > 1)


def test_the_table_has_the_height_of_its_rows_until_one_takes_another(
    window: Window, shown: Open, qtbot: QtBot
) -> None:
    shown(BOWLS)
    table = window.race.table
    qtbot.waitUntil(lambda: table.verticalScrollBar().maximum() == 0)
    below = table.viewport().height() - 3 * table.rowHeight(0)
    assert 0 <= below < table.rowHeight(0)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.add_run()
    qtbot.waitUntil(lambda: 0 <= table.viewport().height() - 4 * table.rowHeight(0) < table.rowHeight(0))
    window._centre.moveSplitter(window._centre.height() - 200, 2)
    height = window.race.height()
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.add_run()
    qtbot.wait(20)
    assert window.race.height() == height


def test_a_step_taken_apart_and_the_table_take_turns(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(BOWLS)
    QTest.keyClick(window, Key.Key_A)
    assert (window.anatomy.isVisible(), window.race.isVisible()) == (True, False)
    assert not window.transport.compare.isChecked()
    QTest.keyClick(window, Key.Key_C)
    assert (window.anatomy.isVisible(), window.race.isVisible()) == (False, True)
    QTest.keyClick(window, Key.Key_A)
    QTest.keyClick(window, Key.Key_A)
    assert window.race.isVisible()


# Hiding


def test_a_hidden_run_is_nowhere_but_in_the_table(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(BOWLS)
    go(window, qtbot, 20)
    assert balls(window) == ["slow", "middle", "fast"]
    press_dot(window, "fast")
    assert balls(window) == ["slow", "middle"]
    assert "fast" not in window.loss._legend.text()
    assert [entry.hidden for entry in window.race.table.entries] == [False, False, True]
    window.surface.set_view("3d")
    relief = window.surface.relief
    relief.grab()
    assert [run.label for run in relief._painted] == ["middle", "slow"]
    press_dot(window, "fast")
    relief.grab()
    assert [run.label for run in relief._painted] == ["middle", "fast", "slow"]
    window.surface.set_view("2d")
    assert balls(window) == ["slow", "middle", "fast"]


def test_a_hidden_ball_is_not_hit(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(BOWLS)
    go(window, qtbot, 20)
    view = window.surface.map._view

    def hit(label: str) -> bool:
        run = next(run for run in frame_of(window).runs if run.label == label)
        at = view._pixels(here[label])
        found = view._run_at(QPointF(*at.tolist()))
        return found is not None and frame_of(window).runs[found] is run

    here = {run.label: run.trail[-1] for run in frame_of(window).runs}
    assert hit("fast")
    press_dot(window, "fast")
    assert not hit("fast")


def test_hiding_the_selected_run_selects_the_next_and_selecting_shows(window: Window, shown: Open) -> None:
    shown(BOWLS)
    press_dot(window, "slow")
    assert frame_of(window).run.label == "middle"
    press_dot(window, "fast")
    press_dot(window, "middle")  # the last one
    assert labels(window, hidden=True) == ["slow", "fast"]
    assert window.messages.kind == "error"
    click(window, "fast")
    assert frame_of(window).run.label == "fast"
    assert labels(window, hidden=True) == ["slow"]


def test_what_is_hidden_stays_hidden_but_for_another_scenario(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(BOWLS)
    go(window, qtbot, 10)
    session = window.session
    press_dot(window, "middle")
    session.seek(4)
    assert labels(window, hidden=True) == ["middle"]
    with qtbot.waitSignal(session.opened, timeout=LONG):
        session.fork({"learning_rate": 0.05}, "faster")
    assert labels(window, hidden=True) == ["middle"]
    with qtbot.waitSignal(session.opened, timeout=LONG):
        session.undo()
    assert labels(window, hidden=True) == ["middle"]
    with qtbot.waitSignal(session.opened, timeout=LONG):
        session.reset()
    assert [run.label for run in frame_of(window).runs if run.hidden] == ["middle", "middle"]  # its ghost, too
    with qtbot.waitSignal(session.opened, timeout=LONG):
        session.undo()
    assert labels(window, hidden=True) == ["middle"]
    shown(BOWLS.replace("Bowls", "Others"))
    assert labels(window, hidden=True) == []
    with qtbot.waitSignal(session.opened, timeout=LONG):
        session.undo()
    assert labels(window, hidden=True) == ["middle"]


def test_only_one_and_all(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(BOWLS)
    go(window, qtbot, 1)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.reset()
    ghost = window.session.everyone[1]
    window.session.show_only(window.session.runs[2])
    assert (labels(window, hidden=False), frame_of(window).run.label) == (["fast"], "fast")
    window.session.show_only(ghost)
    assert [(run.label, run.ghost) for run in frame_of(window).runs if not run.hidden] == [
        ("middle", True),
        ("fast", False),
    ]
    window.session.show_all()
    assert labels(window, hidden=True) == []


# Renaming


def test_a_new_name_is_everywhere(window: Window, shown: Open, qtbot: QtBot, tmp_path: Path) -> None:
    runs = shown(BOWLS)
    go(window, qtbot, 3)
    type_name(window, "middle", "R 1 %, ", "“η”")
    session = window.session
    assert session.scenario is not None
    assert [run.label for run in runs] == ["slow", "R 1 %, “η”", "fast"]
    assert labels(window)[1] == "R 1 %, “η”"
    assert frame_of(window).run.label == "R 1 %, “η”"
    qtbot.waitUntil(lambda: "1&nbsp;%" in window.loss._legend.text())
    assert parse(to_toml(session.scenario), "test").runs[1].label == "R 1 %, “η”"
    assert (window.session.playing, runs[0].step) == (False, 3)  # its Space and R were letters
    file = StringIO()
    CsvWriter(file).write(runs[1])
    assert "R 1 %, “η”" in file.getvalue()
    with qtbot.waitSignal(session.saved, timeout=LONG):
        session.save(tmp_path / "runs.gdviz")
    there = load(tmp_path / "runs.gdviz")
    assert (there.runs[1].label, there.scenario.runs[1].label) == ("R 1 %, “η”", "R 1 %, “η”")
    with qtbot.waitSignal(session.opened, timeout=LONG):
        session.reset()
    assert [run.label for run in session.runs] == ["slow", "R 1 %, “η”", "fast"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [(" ", "not renamed: a run needs a name"), ("fast", "not renamed: another run is called “fast”")],
)
def test_a_name_that_cannot_be_is_refused(
    name: str, reason: str, window: Window, shown: Open, said: list[tuple[str, str]]
) -> None:
    runs = shown(BOWLS)
    type_name(window, "middle", name)
    assert said[-1] == ("error", reason)
    assert [run.label for run in runs] == ["slow", "middle", "fast"]


def test_a_run_is_renamed_while_it_trains_and_an_undo_brings_its_name_back(
    window: Window, shown: Open, qtbot: QtBot
) -> None:
    runs = list(shown(BOWLS))
    window.session.play()
    qtbot.waitUntil(lambda: runs[2].step > 100, timeout=LONG)
    for count in range(30):
        window.session.rename(runs[2], f"name {count}")
        qtbot.wait(2)
    window.session.pause()
    assert runs[2].label == runs[2].spec.label == "name 29"
    window.session.remove(runs[0])
    window.session.rename(runs[2], "last name")

    def names() -> list[str]:
        assert window.session.scenario is not None
        assert [run.label for run in window.session.scenario.runs] == [run.label for run in window.session.runs]
        return [run.label for run in window.session.runs]

    assert names() == ["middle", "last name"]
    undo(window)
    assert window.messages._text.accessibleName().startswith("Undone: “last name” is called “name 29” again. ")
    assert names() == ["middle", "name 29"]
    undo(window)
    assert names() == ["slow", "middle", "name 29"]
    window.session.redo()
    window.session.redo()
    assert names() == ["middle", "last name"]
    for _ in range(32):
        undo(window)
    assert names() == ["slow", "middle", "fast"], "names take no room from what was removed"
    n = -1
    while n != runs[2].step:  # the step that was being taken is taken to its end
        n = runs[2].step
        qtbot.wait(100)
    assert_same_history(runs[2], alone(BOWLS, 2, n))


def test_undo_of_a_name_changes_nothing_else(window: Window, shown: Open, qtbot: QtBot) -> None:
    session, (slow, middle, fast) = window.session, shown(BOWLS)
    session.rename(middle, "another")
    session.select(2)
    session.hide(slow)
    session.play()
    qtbot.waitUntil(lambda: fast.step > 20, timeout=LONG)
    undo(window)
    assert middle.label == "middle"
    assert (session.selected, session.playing, [run.hidden for run in frame_of(window).runs]) == (
        2,
        True,
        [True, False, False],
    )
    step = fast.step
    qtbot.waitUntil(lambda: fast.step > step, timeout=LONG)
    session.pause()


def test_a_ghost_has_a_name_of_its_own(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(BOWLS)
    go(window, qtbot, 1)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.reset()
    ghost = window.session.everyone[0]
    window.session.rename(ghost, "first try")
    assert labels(window) == ["first try", "middle", "fast", "slow", "middle", "fast"]
    assert window.session.scenario is not None
    assert [run.label for run in window.session.scenario.runs] == ["slow", "middle", "fast"]


# Forks


def test_a_fork_leaves_the_run_before_it_and_the_ghosts_where_they_are(
    window: Window, shown: Open, qtbot: QtBot
) -> None:
    shown(BOWLS)
    go(window, qtbot, 10)
    session = window.session
    with qtbot.waitSignal(session.opened, timeout=LONG):
        session.reset()
    go(window, qtbot, 8)
    session.seek(4)
    with qtbot.waitSignal(session.opened, timeout=LONG):
        session.fork({"optimizer": {"kind": "adam"}}, "adam")
    frame = frame_of(window)
    assert labels(window, ghost=True) == ["slow", "middle", "fast"]
    assert frame.run.label == "adam from 4"
    assert frame.run.differs == "adam from 4"
    assert balls(window) == labels(window)
    go(window, qtbot, 12)
    qtbot.waitUntil(lambda: window.race.table.entries[3].texts[Column.STEP] == "12", timeout=LONG)
    rows = {entry.texts[Column.RUN]: entry for entry in window.race.table.entries}
    assert rows["slow"].texts[Column.STATE] == "left"
    assert rows["slow"].left
    assert not rows["adam from 4"].left
    assert rows["slow (before)"].ghost


# Differences of weights


def test_the_weights_panel_shows_a_difference_while_it_learns(window: Window, shown: Open, qtbot: QtBot) -> None:
    runs = shown(NETWORKS)
    go(window, qtbot, 10)
    panel = window.weights
    assert panel.rival.isVisible()
    assert frame_of(window).rival is None  # nobody has asked for it
    qtbot.waitUntil(lambda: runs[1].step == 10)
    QTest.mouseClick(panel.rival, Qt.MouseButton.LeftButton)

    def differs() -> bool:
        frame = frame_of(window)
        if frame.rival is None:
            return False
        ours, theirs = (next(frame.problem.network.layers(theta))[0] for theta in (frame.theta, frame.rival.theta))  # type: ignore[attr-defined]  # it is a Digits
        return np.array_equal(panel.layer._values, ours - theirs)

    assert differs()
    qtbot.waitUntil(lambda: frame_of(window).theta_step == frame_of(window).rival.step == 10)  # type: ignore[union-attr]  # it is there
    window.session.play()
    qtbot.waitUntil(lambda: runs[0].step > 60, timeout=LONG)
    window.session.pause()
    qtbot.waitUntil(differs, timeout=LONG)
    window.session.seek(7)
    qtbot.waitUntil(lambda: differs() and frame_of(window).rival.step == 7, timeout=LONG)  # type: ignore[union-attr]
    panel.change.click()
    qtbot.waitUntil(lambda: frame_of(window).rival is None, timeout=LONG)


def test_the_tables_menu_leads_to_the_difference(window: Window, shown: Open, qtbot: QtBot) -> None:
    runs = shown(NETWORKS)
    go(window, qtbot, 4)
    window.race.comparison_asked.emit(1)
    frame = frame_of(window)
    assert window.weights.rival.isChecked()
    assert frame.rival is not None
    assert frame.runs[frame.rival.index].label == "other seed"
    click(window, "other seed")  # the same two, the other way round
    frame = frame_of(window)
    assert frame.rival is not None
    assert frame.runs[frame.rival.index].label == runs[0].label
    # A reset compares with the new one in that place.
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.reset()
    frame = frame_of(window)
    assert frame.rival is not None
    assert not frame.runs[frame.rival.index].ghost
    # Who is gone is compared with no longer.
    window.session.remove(window.session.everyone[frame.rival.index])
    assert frame_of(window).rival is None or frame_of(window).runs[frame_of(window).rival.index].ghost  # type: ignore[union-attr]
    assert at(window.session)[0] == 0


def test_another_scenario_ends_the_comparison(window: Window, shown: Open, renewed_window: Callable[..., Any]) -> None:
    renewed_window(NETWORKS)
    window.weights.rival.click()
    assert window.weights.rival.isChecked()
    renewed_window(LONG_PARABOLAS)
    assert not window.weights.rival.isVisible()
    renewed_window(NETWORKS)
    assert window.weights.weights.isChecked()


@pytest.fixture
def renewed_window(window: Window, shown: Open, qtbot: QtBot) -> Callable[[str], None]:
    """A function that opens a text, and waits until its frame is drawn."""

    def carry_out(toml: str) -> None:
        runs = shown(toml)
        qtbot.waitUntil(lambda: len(frame_of(window).runs) == len(runs), timeout=LONG)

    return carry_out
