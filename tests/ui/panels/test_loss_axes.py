"""The horizontal axis of the loss panel: by step, epoch or seconds, chosen with the mouse and with keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from gdviz.core.frame import Curvatures
from gdviz.core.stopwatch import Clock
from gdviz.ui import style
from gdviz.ui.panels.loss.axis import AxisButton, StepAxis, named
from gdviz.ui.theme import DARK
from tests.support import PAIR, Open, frame_of
from tests.ui.panels.loss_support import Shown, measured, run

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import RunFrame
    from gdviz.ui.panels.loss import LossPanel
    from gdviz.ui.window import Window

SLOWER_AND_SLOWER = Clock(np.array([0, 60, 100]), np.array([0.0, 1.0, 4.0]))
"""step 80 is at 2.5 seconds"""


@pytest.fixture
def loss(qtbot: QtBot) -> Shown:
    return Shown(qtbot)


def two_halves(**fields: object) -> RunFrame:
    """100 steps: at first the cost is 1, from step 50 on it is 2."""
    costs = np.append(np.full(50, 1.0), np.full(51, 2.0))
    return replace(run(costs, clock=SLOWER_AND_SLOWER, steps_per_epoch=20, step=0), **fields)  # type: ignore[arg-type]  # any field


def axis_of(panel: LossPanel) -> AxisButton:
    (button,) = panel.findChildren(AxisButton)
    return button


def opened(button: AxisButton) -> QMenu:
    """What a click on the axis' name opens."""
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def choose(panel: LossPanel, kind: str) -> None:
    """Choose an axis with the mouse."""
    menu = opened(axis_of(panel))
    (action,) = (each for each in menu.actions() if each.text() == kind)
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
    QApplication.processEvents()
    assert axis_of(panel).text() == f"{kind} ▾"


class TestChoosing:
    @pytest.mark.parametrize(("per_epoch", "kinds"), [(None, "step seconds"), (20, "step epoch seconds")])
    def test_there_are_epochs_only_where_there_are_some(self, loss: Shown, per_epoch: int | None, kinds: str) -> None:
        loss.show(two_halves(steps_per_epoch=per_epoch))
        button = axis_of(loss.panel)
        assert button.text() == "step ▾"
        menu = opened(button)
        assert [action.text() for action in menu.actions()] == kinds.split()
        assert [action.text() for action in menu.actions() if action.isChecked()] == ["step"]
        menu.close()

    def test_by_mouse(self, loss: Shown) -> None:
        loss.show(two_halves())
        for kind, end in (("seconds", 4.0), ("epoch", 5.0), ("step", 100.0)):
            choose(loss.panel, kind)
            assert end < loss.ranges()[0, 1] < 2 * end
            assert loss.panel._plot.accessibleName() == f"Cost by {kind}"
            assert axis_of(loss.panel).accessibleName() == f"horizontal axis: {kind}"

    def test_by_keys(self, loss: Shown, qtbot: QtBot) -> None:
        loss.show(two_halves())
        button = axis_of(loss.panel)
        loss.button("log").setFocus()
        for _ in range(9):  # beyond the other button, and the runs and signs above the plot
            focus = QApplication.focusWidget()
            if focus is not None and focus is not button:
                QTest.keyClick(focus, Qt.Key.Key_Tab)
        assert button.hasFocus()
        for key, kind in ((Qt.Key.Key_Down, "epoch"), (Qt.Key.Key_Down, "seconds"), (Qt.Key.Key_Up, "epoch")):
            QTest.keyClick(button, Qt.Key.Key_Return)
            menu = QApplication.activePopupWidget()
            assert isinstance(menu, QMenu)
            QTest.keyClick(menu, key)
            QTest.keyClick(menu, Qt.Key.Key_Return)
            assert button.text() == f"{kind} ▾"

    def test_steps_of_other_lengths_of_an_epoch_are_shown_by_epoch(self, loss: Shown) -> None:
        loss.show(two_halves(), two_halves(colour=1, steps_per_epoch=5))
        assert axis_of(loss.panel).text() == "epoch ▾"
        choose(loss.panel, "step")
        loss.show(two_halves(), two_halves(colour=1, steps_per_epoch=5))
        assert axis_of(loss.panel).text() == "step ▾"
        loss.panel.set_x_axis(None)
        assert axis_of(loss.panel).text() == "epoch ▾"
        loss.show(two_halves(), two_halves(colour=1, steps_per_epoch=5, hidden=True))
        assert axis_of(loss.panel).text() == "step ▾"

    def test_a_choice_holds_until_another_scenario_is_opened(self, window: Window, shown: Open, qtbot: QtBot) -> None:
        shown(PAIR)
        button = axis_of(window.loss)
        assert button.text() == "epoch ▾"
        choose(window.loss, "seconds")
        for act in (window.session.reset, lambda: window.session.select(1), window.session.new_seed):
            with qtbot.waitSignal(window.session.opened, timeout=20_000):
                act()
            assert button.text() == "seconds ▾"
        window.session.forward()
        qtbot.waitUntil(lambda: frame_of(window).step == 1, timeout=20_000)
        run = frame_of(window).run
        assert run.clock.at(1) > 0
        qtbot.waitUntil(lambda: window.loss._marker._text.text().startswith(named("seconds", 1, run.clock.at(1))))
        with qtbot.waitSignal(window.session.opened, timeout=20_000):
            window.open("worked-run")
        assert button.text() == "step ▾"


class TestPlaces:
    def test_by_step_every_run_has_its_own(self, loss: Shown) -> None:
        loss.show(two_halves(), run(np.full(201, 3.0), colour=1, steps_per_epoch=40))
        choose(loss.panel, "step")
        assert loss.has(DARK.runs[0], 30, 1.0)
        assert loss.has(DARK.runs[0], 70, 2.0)
        assert not loss.has(DARK.runs[0], 120, 2.0)
        assert loss.has(DARK.runs[1], 190, 3.0)

    def test_by_epoch_and_by_seconds(self, loss: Shown) -> None:
        loss.show(two_halves())
        choose(loss.panel, "epoch")
        assert loss.has(DARK.runs[0], 2.2, 1.0)
        assert loss.has(DARK.runs[0], 2.8, 2.0)
        choose(loss.panel, "seconds")
        assert loss.has(DARK.runs[0], 0.7, 1.0)  # step 42
        assert loss.has(DARK.runs[0], 0.9, 2.0)  # step 54
        assert loss.has(DARK.runs[0], 3.9, 2.0)
        assert not loss.has(DARK.runs[0], 1.0, 1.0)

    def test_marker_dots_accuracy_cross_and_sharpness_follow(self, loss: Shown) -> None:
        evaluations = measured([0, 80], [0.8, 0.5], [1.5, 1.6], [0.1, 0.75])
        costs = np.append(np.full(99, 1.0), [np.inf, np.nan])
        sharpness = Curvatures(np.array([0, 80]), np.array([3.0, 4.0]))
        ours = run(
            costs, window=10, clock=SLOWER_AND_SLOWER, steps_per_epoch=20, step=80, evaluations=evaluations,
            sharpness=sharpness, ended="blew up at step 99",
        )  # fmt: skip
        loss.panel.set_sharpness(True)
        loss.show(ours)
        loss.panel._sharpness.set_visible(True)  # as for a network
        loss.show(ours)
        for kind, at, end in (("step", 80, 98), ("epoch", 4, 4.9), ("seconds", 2.5, 3.85)):
            choose(loss.panel, kind)
            bottom, top = loss.ranges()[1]
            assert loss.has(DARK.text, at, 1.0, within=1), "the marker"
            assert loss.has(DARK.runs[0], at, 0.5, within=4), "the train cost's dot"
            assert loss.has(DARK.muted, at, bottom + 0.75 * (top - bottom), within=3), "the accuracy's"
            assert loss.panel._runs[0]._cross.pos().x() == pytest.approx(end)
            plot = loss.panel._sharpness
            assert plot._dots.path().elementAt(2).x == pytest.approx(at)
            left, right = plot.view.viewRange()[0]
            assert plot._marker.line().x1() == pytest.approx(plot.view.width() * (at - left) / (right - left), abs=1)

    def test_the_marker_says_where_it_is(self, loss: Shown) -> None:
        loss.show(two_halves(step=80, cost=2.0))
        for kind, words in (("step", "step 80"), ("epoch", "epoch 4.00"), ("seconds", "2.5 s")):
            choose(loss.panel, kind)
            assert loss.panel._marker._text.text() == f"{words}   cost 2"

    @pytest.mark.parametrize(
        ("x", "words"), [(0, "0 s"), (0.000123456, "0.000123 s"), (2.34567, "2.35 s"), (1250.6, "1,251 s")]
    )
    def test_seconds_have_three_digits(self, x: float, words: str) -> None:
        assert named("seconds", 3, x) == words

    def test_a_past_whose_time_nobody_took_is_not_drawn(self, loss: Shown) -> None:
        late = Clock(np.array([60, 100]), np.array([0.0, 4.0]))
        evaluations = measured([0, 80], [1.5, 1.5], [0.5, 0.5], [0.1, 0.75])
        loss.show(two_halves(clock=late, evaluations=evaluations))
        choose(loss.panel, "seconds")
        assert loss.panel._runs[0]._strong.path().elementAt(0).x == 0
        assert loss.has(DARK.runs[0], 3, 2.0)
        assert loss.has(DARK.runs[0], 2, 1.5)
        assert not loss.has(DARK.text, 0, 1.0, within=4), "nor is the marker, at step 0"
        assert not loss.panel._marker._pill.isVisible()
        loss.show(two_halves(clock=late, step=90))
        assert loss.has(DARK.text, 3, 1.0, within=1)
        assert loss.panel._marker._pill.isVisible()

    def test_a_click_leads_to_the_step_that_stands_there(self, loss: Shown, qtbot: QtBot) -> None:
        loss.show(two_halves(), two_halves(colour=1, clock=Clock(np.array([0, 100]), np.array([0.0, 50.0]))))
        asked: list[int] = []
        loss.panel.seek.connect(asked.append)
        for kind, x in (("step", 80), ("epoch", 4.0), ("seconds", 2.5)):
            choose(loss.panel, kind)
            loss.panel._view.setXRange(0, 1.2 * x)
            QTest.mouseClick(loss.viewport, Qt.MouseButton.LeftButton, pos=loss.at(x, 1.5))
            qtbot.wait(QApplication.doubleClickInterval())
        assert asked == [80, 80, 80]
        QTest.mouseClick(loss.viewport, Qt.MouseButton.LeftButton, pos=loss.at(2.9, 1.5))
        assert asked[3] in (85, 86)


class TestRanges:
    def test_another_axis_shows_all_again(self, loss: Shown) -> None:
        loss.show(two_halves())
        whole = loss.ranges()
        loss.wheel(loss.at(50, 1.5), 5)
        assert loss.button("Reset view").isVisible()
        choose(loss.panel, "step")
        assert loss.button("Reset view").isVisible(), "it is the same axis"
        choose(loss.panel, "seconds")
        assert not loss.button("Reset view").isVisible()
        assert 4 < loss.ranges()[0, 1] < 6
        choose(loss.panel, "step")
        np.testing.assert_array_equal(loss.ranges(), whole)

    def test_they_hold_still_between_jumps(self, loss: Shown) -> None:
        loss.panel.set_x_axis("seconds")
        ends = []
        for newest in range(1, 100):
            now = 0.0012 * newest
            clock = Clock(np.array([0, newest]), np.array([0.0, now]))
            loss.show(run(np.ones(newest + 1), clock=clock))
            ends.append(round(loss.ranges()[0, 1] / 1.012, 9))
            assert ends[-1] > now
        assert sorted(set(ends)) == [0.0015, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15]

    @pytest.mark.parametrize("kind", ["step", "epoch", "seconds"])
    def test_at_the_start_there_is_room_for_a_few_steps(self, loss: Shown, kind: str) -> None:
        loss.show(run(np.ones(1), steps_per_epoch=6000), run(np.ones(1), colour=1, steps_per_epoch=1))
        choose(loss.panel, kind)
        assert loss.ranges()[0, 1] == pytest.approx(
            1.012 * {"step": 10, "epoch": 0.002, "seconds": 1e-4}[kind], rel=1e-9
        )

    def test_one_can_zoom_in_on_a_few_steps(self, loss: Shown) -> None:
        loss.show(two_halves())
        for kind, least in (("step", 2.25), ("epoch", 2.25 / 20)):
            choose(loss.panel, kind)
            for _ in range(20):
                loss.wheel(loss.at(least, 1.5), 5)
            assert np.ptp(loss.ranges()[0]) == pytest.approx(least)

    def test_a_hidden_run_is_drawn_nowhere(self, loss: Shown) -> None:
        long = run(np.full(1001, 30.0), colour=1, label="long")
        loss.show(two_halves(), long)
        assert loss.has(DARK.runs[1], 500, 30)
        assert "long" in loss.legend()
        loss.show(replace(long, hidden=True), two_halves(), selected=1)
        assert loss.ranges()[:, 1].max() < 200
        assert loss.has(DARK.runs[0], 70, 2.0)
        assert "long" not in loss.legend()
        assert len(loss.panel._runs) == 1
        loss.show(two_halves(), long)
        assert loss.has(DARK.runs[1], 500, 30)


class TestLettering:
    @pytest.mark.parametrize("kind", ["step", "epoch", "seconds"])
    @pytest.mark.parametrize("points", [8, 10, 16])
    def test_the_name_stands_clear_of_the_numbers(
        self, qapp: QApplication, look: None, loss: Shown, kind: str, points: int
    ) -> None:
        style.apply(qapp, DARK, points)
        loss.panel.set_theme(DARK)
        loss.panel.resize(300, 260)
        loss.show(two_halves())
        choose(loss.panel, kind)
        name, plot = axis_of(loss.panel).geometry(), loss.panel._plot
        assert loss.panel.rect().contains(name)
        zero = plot.x() + loss.at(0, 0).x() - QFontMetrics(loss.panel.font()).horizontalAdvance("0") / 2
        assert zero - 16 < name.right() < zero
        below = plot.y() + plot.mapFromScene(loss.view.mapRectToScene(loss.view.rect()).bottomLeft()).y()
        assert name.top() > below - 4

    @pytest.mark.parametrize("width", [120, 200, 333])
    @pytest.mark.parametrize("right", [0.1, 1.5, 20_000.0, 3e-4])
    def test_numbers_keep_their_distance(self, loss: Shown, width: int, right: float) -> None:
        axis: StepAxis = loss.panel._bottom
        levels = axis.tickValues(0, right, width)
        spacing, values = levels[0]
        metrics = QFontMetrics(loss.panel.font())
        texts = axis.tickStrings(values, 1, spacing)
        assert len(texts) >= 2
        room = width * spacing / right
        assert max(metrics.horizontalAdvance(text) for text in texts) < room
