"""The runs' table under mouse and keys: rows are sorted, hidden, renamed and removed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QHelpEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QToolTip

from gdviz.core.revise import MOST_LABEL
from gdviz.core.run import build, next_run
from gdviz.core.scenario import parse
from gdviz.core.scene import Scene
from gdviz.ui.panels.race import RacePanel
from gdviz.ui.panels.race.entries import Column
from gdviz.ui.theme import DARK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QImage
    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import Frame
    from gdviz.core.run import Run

    Asked: TypeAlias = list[tuple[Any, ...]]

Key, Left = Qt.Key, Qt.MouseButton.LeftButton
RATES = {"crawls": 0.001, "Best": 0.4, "fine": 0.1, "runs away": 1.05}


def runs(*names: str, steps: int = 20) -> list[Run]:
    toml = '[problem]\nkind = "surface"\nname = "parabola"\nstart = [5.0]\n'
    for name in names:
        toml += (
            f'[[runs]]\nlabel = "{name}"\noptimizer = {{ kind = "gradient-descent", learning_rate = {RATES[name]} }}\n'
        )
    made = build(parse(f"{toml}[stop]\nsteps = {steps}\n", "here"))
    while (run := next_run(made)) is not None:
        run.advance()
    for run in made:
        run.history.snapshot(run.row)
    return made


def at(scene: Scene, step: int | None = 20) -> Frame:
    frame = scene.frame(step)
    assert frame is not None
    return frame


@pytest.fixture
def scene() -> Scene:
    return Scene(runs(*RATES), ghosts=runs("fine"))


@pytest.fixture
def panel(qtbot: QtBot, scene: Scene) -> Iterator[RacePanel]:
    made = RacePanel(DARK)
    qtbot.addWidget(made)
    made.resize(1100, 260)
    with qtbot.waitExposed(made):
        made.show()
    made.activateWindow()
    made.show_frame(at(scene))
    yield made
    while (popup := QApplication.activePopupWidget()) is not None:
        popup.close()


@pytest.fixture
def asked(panel: RacePanel) -> Asked:
    """All that the panel asked for."""
    heard: Asked = []
    for name in ("run_chosen", "only_asked", "all_asked", "removal_asked", "comparison_asked", "rejected"):
        getattr(panel, name).connect(lambda *what, name=name: heard.append((name, *what)))
    for name in ("hide_asked", "renamed"):
        getattr(panel, name).connect(lambda one, two, name=name: heard.append((name, one, two)))
    return heard


def names(panel: RacePanel) -> list[str]:
    return [entry.texts[Column.RUN] for entry in panel.table.entries]


def place(panel: RacePanel, row: int, column: Column = Column.COST) -> QPoint:
    return panel.table.visualRect(panel.table.model().index(row, column)).center()


def dot(panel: RacePanel, row: int) -> QPoint:
    rect = panel.table.visualRect(panel.table.model().index(row, Column.RUN))
    return QPoint(rect.left() + round(0.9 * panel.fontMetrics().height()), rect.center().y())


def click(panel: RacePanel, at: QPoint) -> None:
    QTest.mouseClick(panel.table.viewport(), Left, pos=at)


def click_twice(panel: RacePanel, at: QPoint) -> None:
    click(panel, at)
    QTest.mouseDClick(panel.table.viewport(), Left, pos=at)


def sort(panel: RacePanel, column: Column) -> None:
    header = panel.table.horizontalHeader()
    middle = header.sectionViewportPosition(column) + header.sectionSize(column) // 2
    QTest.mouseClick(header.viewport(), Left, pos=QPoint(middle, header.height() // 2))


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


def picture(panel: RacePanel, row: int, column: Column) -> QImage:
    return panel.table.viewport().grab(panel.table.visualRect(panel.table.model().index(row, column))).toImage()


def colours(image: QImage) -> dict[str, int]:
    counted: dict[str, int] = {}
    for x in range(image.width()):
        for y in range(image.height()):
            name = image.pixelColor(x, y).name()
            counted[name] = counted.get(name, 0) + 1
    return counted


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
