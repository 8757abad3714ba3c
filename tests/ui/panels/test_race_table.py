"""The runs' table under mouse and keys: rows are sorted and hidden."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from gdviz.ui.panels.race.entries import Column
from gdviz.ui.theme import DARK
from tests.ui.panels.race_support import (
    Key,
    all_asked,
    all_rates,
    at,
    click,
    colours,
    dot,
    names,
    on_screen,
    picture,
    place,
    sort,
)

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from gdviz.core.scene import Scene
    from gdviz.ui.panels.race import RacePanel
    from tests.ui.panels.race_support import Asked

scene = pytest.fixture(all_rates)
panel = pytest.fixture(on_screen)
asked = pytest.fixture(all_asked)


# --- sorting ---


def test_a_header_sorts_by_value_turns_round_and_lets_go(panel: RacePanel) -> None:
    own = ["crawls", "Best", "fine", "runs away", "fine (before)"]
    assert names(panel) == own
    sort(panel, Column.COST)
    assert names(panel) == ["Best", "fine", "fine (before)", "crawls", "runs away"]
    sort(panel, Column.COST)
    assert names(panel) == ["runs away", "crawls", "fine", "fine (before)", "Best"]
    sort(panel, Column.COST)
    assert names(panel) == own


def test_who_has_no_value_stands_last_either_way(panel: RacePanel) -> None:
    for expected in (["Best", "fine", "fine (before)"], ["fine", "fine (before)", "Best"]):
        sort(panel, Column.STEPS)
        assert names(panel) == [*expected, "crawls", "runs away"]


def test_words_are_sorted_whatever_their_capitals(panel: RacePanel) -> None:
    sort(panel, Column.RUN)
    assert names(panel) == ["Best", "crawls", "fine", "fine (before)", "runs away"]
    sort(panel, Column.RATE)
    assert [entry.texts[Column.RATE] for entry in panel.table.entries] == ["0.001", "0.1", "0.1", "0.4", "1.05"]


def test_an_arrow_shows_the_order_and_moves_no_column(panel: RacePanel) -> None:
    def header() -> QImage:
        return panel.table.horizontalHeader().grab().toImage()

    widths = [panel.table.columnWidth(column) for column in Column]
    accent = QColor(DARK.accent).name()
    plain = header()
    assert accent not in colours(plain)
    sort(panel, Column.COST)
    rising = header()
    assert accent in colours(rising)
    sort(panel, Column.COST)
    assert header() not in (plain, rising)
    sort(panel, Column.COST)
    assert header() == plain
    assert [panel.table.columnWidth(column) for column in Column] == widths


def test_a_click_on_a_sorted_row_chooses_its_run(panel: RacePanel, asked: Asked) -> None:
    sort(panel, Column.COST)
    click(panel, place(panel, 0))  # Best, the third in the frame, behind a ghost
    assert asked == [("run_chosen", 2)]
    QTest.keyClick(panel.table, Key.Key_Up)  # from the selected, crawls
    assert panel.table.acted_on == 0  # the ghost that stands there can't be chosen
    QTest.keyClick(panel.table, Key.Key_Up)
    assert asked == [("run_chosen", 2), ("run_chosen", 3)]


def test_while_runs_go_on_the_order_holds_for_a_while(
    panel: RacePanel, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("gdviz.ui.panels.race.table.time.monotonic", lambda: now[0])

    def show(step: int) -> None:
        panel._timer.stop()  # as if it had run out
        panel.show_frame(replace(at(scene, step), live=True))

    show(0)
    sort(panel, Column.COST)
    before = names(panel)  # all cost the same
    panel.set_playing(True)
    show(10)
    costs = [entry.texts[Column.COST] for entry in panel.table.entries]
    assert names(panel) == before == ["crawls", "Best", "fine", "runs away", "fine (before)"]
    assert costs[0] != "25"  # the numbers have gone on
    now[0] += 2
    show(11)
    assert names(panel) == ["Best", "fine", "fine (before)", "crawls", "runs away"]
    show(0)
    assert names(panel)[0] == "Best"
    panel.set_playing(False)
    assert names(panel) == before


# --- hiding ---


def test_the_dot_hides_and_shows_and_does_not_choose(panel: RacePanel, scene: Scene, asked: Asked) -> None:
    click(panel, dot(panel, 1))
    assert asked == [("hide_asked", 2, True)]
    scene.hide(scene.runs[1], True)
    full = colours(picture(panel, 1, Column.RUN))[DARK.runs[1]]
    panel.show_frame(at(scene))
    ring = colours(picture(panel, 1, Column.RUN)).get(DARK.runs[1], 0)
    assert ring < 0.6 * full
    assert QColor(DARK.muted).name() in colours(picture(panel, 1, Column.COST))
    click(panel, dot(panel, 1))
    assert asked[1:] == [("hide_asked", 2, False)]
    click(panel, dot(panel, 4))  # the ghost
    assert asked[2:] == [("hide_asked", 0, True)]


def test_who_is_hidden_does_not_lead(panel: RacePanel, scene: Scene) -> None:
    assert [entry.leads for entry in panel.table.entries] == [None, Column.STEPS, None, None, None]
    scene.hide(scene.runs[1], True)
    panel.show_frame(at(scene))
    assert [entry.leads for entry in panel.table.entries] == [None, None, Column.STEPS, None, None]


def test_the_last_run_on_show_stays(panel: RacePanel, scene: Scene, asked: Asked) -> None:
    for run in scene.runs[1:]:
        scene.hide(run, True)
    panel.show_frame(at(scene))
    click(panel, dot(panel, 0))
    assert asked == [("rejected", "“crawls” stays: it is the last run on show.")]


def test_the_dot_says_what_it_does(panel: RacePanel, scene: Scene) -> None:
    def said() -> str:
        at = dot(panel, 1)
        event = QHelpEvent(QEvent.Type.ToolTip, at, panel.table.viewport().mapToGlobal(at))
        QApplication.sendEvent(panel.table.viewport(), event)
        return QToolTip.text()

    assert "Hide this run" in said()
    scene.hide(scene.runs[1], True)
    panel.show_frame(at(scene))
    assert "Show this run" in said()
    QToolTip.hideText()


def test_the_mouse_shows_what_can_be_pressed(panel: RacePanel) -> None:
    viewport = panel.table.viewport()

    def over(at: QPoint) -> Qt.CursorShape:
        none = Qt.MouseButton.NoButton
        spot = at.toPointF()
        event = QMouseEvent(QEvent.Type.MouseMove, spot, spot, none, none, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(viewport, event)
        return viewport.cursor().shape()

    assert over(dot(panel, 2)) == Qt.CursorShape.PointingHandCursor
    assert over(place(panel, 2)) == Qt.CursorShape.ArrowCursor
