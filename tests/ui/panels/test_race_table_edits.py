"""The runs' table under mouse and keys: runs are renamed and removed, and a row's menu offers what there is to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from gdviz.core.revise import MOST_LABEL
from gdviz.core.run import build
from gdviz.core.scenario import parse
from gdviz.core.scene import Scene
from gdviz.ui.panels.race.entries import Column
from gdviz.ui.theme import DARK
from tests.ui.panels.race_support import (
    Key,
    Left,
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
    runs,
    sort,
)

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gdviz.ui.panels.race import RacePanel
    from tests.ui.panels.race_support import Asked

scene = pytest.fixture(all_rates)
panel = pytest.fixture(on_screen)
asked = pytest.fixture(all_asked)


def click_twice(panel: RacePanel, at: QPoint) -> None:
    click(panel, at)
    QTest.mouseDClick(panel.table.viewport(), Left, pos=at)


def editor(panel: RacePanel) -> QLineEdit:
    (found,) = panel.table.findChildren(QLineEdit)
    return found


def enter(field: QLineEdit) -> None:
    QTest.keyClick(field, Key.Key_Return)
    QApplication.processEvents()  # it is taken with the next events


def menu(panel: RacePanel) -> QMenu:
    popup = QApplication.activePopupWidget()
    assert isinstance(popup, QMenu)
    return popup


def offered(panel: RacePanel) -> list[str]:
    return [action.text().partition("\t")[0] for action in menu(panel).actions() if not action.isSeparator()]


def choose(panel: RacePanel, text: str) -> None:
    found = menu(panel)
    found.setActiveAction(next(a for a in found.actions() if a.text().partition("\t")[0] == text))
    QTest.keyClick(found, Key.Key_Return)


def right_click(panel: RacePanel, row: int) -> None:
    at = place(panel, row)
    reason = QContextMenuEvent.Reason.Mouse
    event = QContextMenuEvent(reason, at, panel.table.viewport().mapToGlobal(at))
    QApplication.sendEvent(panel.table.viewport(), event)


# --- renaming ---


@pytest.mark.parametrize("way", ["double click", "F2", "menu"])
def test_a_name_is_typed_in_its_place(way: str, panel: RacePanel, asked: Asked) -> None:
    if way == "double click":
        click_twice(panel, place(panel, 0, Column.RUN))
    elif way == "F2":
        QTest.keyClick(panel.table, Key.Key_F2)
    else:
        right_click(panel, 0)
        choose(panel, "Rename…")
    field = editor(panel)
    assert (field.text(), field.selectedText(), field.maxLength()) == ("crawls", "crawls", MOST_LABEL)
    assert field.hasFocus()
    QTest.keyClicks(field, "Space & R")
    enter(field)
    assert [one for one in asked if one[0] == "renamed"] == [("renamed", 1, "Space & R")]
    assert panel.focusWidget() is panel.table


@pytest.mark.parametrize("leave", ["escape", "unchanged"])
def test_a_name_that_is_left_stays(leave: str, panel: RacePanel, asked: Asked) -> None:
    QTest.keyClick(panel.table, Key.Key_F2)
    field = editor(panel)
    if leave == "escape":
        QTest.keyClicks(field, "other")
        QTest.keyClick(field, Key.Key_Escape)
    else:
        enter(field)
    assert asked == []
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not panel.table.findChildren(QLineEdit)


def test_what_is_being_typed_outlives_new_numbers_and_keeps_its_row(panel: RacePanel, scene: Scene) -> None:
    panel.show_frame(at(scene, 0))
    sort(panel, Column.COST)
    QTest.keyClick(panel.table, Key.Key_F2)
    QTest.keyClicks(editor(panel), "mine")
    before = names(panel)
    for step in (5, 10):
        panel.show_frame(at(scene, step))
    assert editor(panel).text() == "mine"
    assert names(panel) == before
    QTest.keyClick(editor(panel), Key.Key_Escape)
    panel.show_frame(at(scene, 11))
    assert names(panel)[0] == "Best"


def test_a_double_click_on_a_dot_or_a_number_renames_nothing(panel: RacePanel, asked: Asked) -> None:
    click_twice(panel, dot(panel, 0))
    click_twice(panel, place(panel, 0, Column.RATE))
    assert not panel.table.findChildren(QLineEdit)
    assert "renamed" not in [what for what, *_ in asked]


# --- removing, and the menu ---


def test_delete_removes_the_selected_or_the_ghost_that_was_clicked(panel: RacePanel, asked: Asked) -> None:
    QTest.keyClick(panel.table, Key.Key_Delete)
    click(panel, place(panel, 4))
    QTest.keyClick(panel.table, Key.Key_Delete)
    assert asked == [("removal_asked", 1), ("removal_asked", 0)]
    assert DARK.raised in colours(picture(panel, 4, Column.COST))  # it is seen where the keys act
    click(panel, place(panel, 2))
    QTest.keyClick(panel.table, Key.Key_Delete)
    assert asked[2:] == [("run_chosen", 3), ("removal_asked", 1)]


def test_the_only_run_stays(qtbot: QtBot, asked: Asked, panel: RacePanel) -> None:
    panel.show_frame(at(Scene(runs("fine"), ghosts=runs("Best"))))
    QTest.keyClick(panel.table, Key.Key_Delete)
    assert asked == [("rejected", "“fine” stays: there is no other run.")]


def test_the_menu_offers_what_there_is_to_do(panel: RacePanel, scene: Scene, asked: Asked) -> None:
    right_click(panel, 1)
    assert offered(panel) == ["Hide", "Rename…", "Remove", "Show only this one"]
    choose(panel, "Hide")
    right_click(panel, 1)
    choose(panel, "Show only this one")
    right_click(panel, 4)
    choose(panel, "Remove")
    assert asked == [("hide_asked", 2, True), ("only_asked", 2), ("removal_asked", 0)]
    for run in (*scene.runs[1:], *scene.ghosts):
        scene.hide(run, True)
    panel.show_frame(at(scene))
    right_click(panel, 0)
    assert offered(panel) == ["Hide", "Rename…", "Remove", "Show all"]
    choose(panel, "Show all")
    right_click(panel, 1)
    assert offered(panel)[0] == "Show"
    choose(panel, "Show")
    assert asked[3:] == [("all_asked",), ("hide_asked", 2, False)]


def test_a_button_opens_the_menu_of_the_selected_run(panel: RacePanel, asked: Asked) -> None:
    QTest.mouseClick(panel.more, Left)
    choose(panel, "Remove")
    assert asked == [("removal_asked", 1)]


def test_the_menu_key_opens_that_of_the_row_where_the_keys_are(panel: RacePanel, asked: Asked) -> None:
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint())
    QApplication.sendEvent(panel.table, event)
    choose(panel, "Remove")
    click(panel, place(panel, 4))
    QApplication.sendEvent(panel.table, event)
    choose(panel, "Remove")
    assert asked == [("removal_asked", 1), ("removal_asked", 0)]


def test_networks_of_the_same_sizes_can_be_compared(panel: RacePanel, asked: Asked) -> None:
    toml = '[problem]\nkind = "digits"\ntrain_size = 100\n[[runs]]\n[[runs]]\nseed = 1\n'
    made = build(parse(f"{toml}[[runs]]\nproblem = {{ hidden = [4] }}\n", "here"))
    for run in made:
        while run.step < 0:
            run.advance()
        run.history.snapshot(run.row)
    panel.show_frame(at(Scene(made), None))
    compare = "Compare weights with the selected run"
    right_click(panel, 0)
    assert compare not in offered(panel)
    menu(panel).close()
    right_click(panel, 2)
    assert compare not in offered(panel)
    menu(panel).close()
    right_click(panel, 1)
    choose(panel, compare)
    assert asked == [("comparison_asked", 1)]


def test_a_run_that_was_left_is_quiet(panel: RacePanel) -> None:
    made = runs("crawls", "fine")
    made[1].ended = "left at step 20"
    panel.show_frame(at(Scene(made), None))
    assert [entry.left for entry in panel.table.entries] == [False, True]
    assert panel.table.entries[1].texts[Column.STATE] == "left"
    assert DARK.muted in colours(picture(panel, 1, Column.COST))
