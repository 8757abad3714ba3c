"""The loss panel, through the real widget: what stands where, and what the mouse asks for."""

import math
from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPainterPath
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gdviz.ui.panels.loss.strokes import Pixel, marks
from gdviz.ui.theme import DARK, LIGHT, Theme
from tests.ui.panels.loss_support import Shown, frame, measured, run


@pytest.fixture
def shown(qtbot: QtBot) -> Shown:
    return Shown(qtbot)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_the_cost_stands_where_the_axes_say(qtbot: QtBot, theme: Theme) -> None:
    shown = Shown(qtbot, theme)
    shown.show(run(25 * 0.64 ** np.arange(21.0), step=0))
    assert shown.picture().pixelColor(shown.at(15, 17)) == QColor(theme.panel)
    for step in (1, 3, 10, 19):
        assert shown.has(theme.runs[0], step, 25 * 0.64**step)
    shown.panel.set_cost_axis("log")
    QApplication.processEvents()
    for step in (1, 3, 10, 19):
        assert shown.has(theme.runs[0], step, np.log10(25 * 0.64**step))


def test_a_noisy_cost_is_thin_and_its_mean_strong(shown: Shown) -> None:
    costs = np.tile([1.0] * 5 + [3.0] * 5, 10)
    shown.show(run(costs, window=10, step=0))
    assert shown.has(DARK.runs[0], 62, 2.0), "the mean"
    assert 40 < shown.ink(62, 1.0) < 130
    assert 40 < shown.ink(67, 3.0) < 130
    assert "mean&nbsp;of&nbsp;10&nbsp;steps" in shown.legend()
    assert "mean&nbsp;of&nbsp;the&nbsp;last&nbsp;10&nbsp;steps&nbsp;(fewer&nbsp;at&nbsp;first)" in (
        shown.panel._legend.toolTip()
    )


def test_thinned_columns_hold_the_extremes_and_say_so(shown: Shown) -> None:
    costs = np.ones(40_000)
    costs[20_011] = 1.9
    shown.show(run(costs, window=10, step=0))
    path: QPainterPath = shown.panel._runs[0]._thin.path()
    highest = max((path.elementAt(i) for i in range(path.elementCount())), key=lambda point: point.y)
    stride = shown.panel._runs[0].stride
    assert highest.y == 1.9
    assert abs(highest.x - 20_011) < stride
    assert 40_000 / stride <= shown.view.width()
    assert f"lowest&nbsp;to&nbsp;highest&nbsp;of&nbsp;{stride}&nbsp;steps" in shown.legend()
    whole = stride
    shown.wheel(shown.at(20_011, 1.5), 40)
    QApplication.processEvents()
    assert shown.panel._runs[0].stride < whole, "a zoomed view shows finer columns"


def test_evaluations_are_dots_and_rings_and_accuracy_has_its_own_axis(shown: Shown) -> None:
    evaluations = measured([0, 50, 99], [1.8, 0.6, 0.3], [1.9, 1.2, 0.9], [0.1, 0.5, 0.9])
    shown.show(run(np.full(100, 2.0), window=10, step=0, evaluations=evaluations))
    assert shown.has(DARK.runs[0], 50, 0.6, within=1)
    assert shown.has(DARK.panel, 50, 1.2, within=0), "a ring is hollow"
    assert shown.has(DARK.runs[0], 50, 1.2, within=5)
    (_, _), (bottom, top) = shown.view.viewRange()
    for step, accuracy in ((50, 0.5), (99, 0.9)):
        assert shown.has(DARK.muted, step, bottom + accuracy * (top - bottom))
    assert shown.panel._right.isVisible()
    shown.show(run(np.full(100, 2.0)))
    assert not shown.panel._right.isVisible()


def test_train_and_test_accuracy_are_both_drawn_and_told_apart(shown: Shown) -> None:
    evaluations = measured([0, 50, 99], [1.8, 0.3, 0.1], [1.9, 2.2, 2.4], [0.1, 0.1, 0.1])
    evaluations = replace(evaluations, train_accuracy=np.array([0.1, 0.6, 1.0]))
    shown.show(run(np.full(100, 2.0), window=10, step=0, evaluations=evaluations))
    bottom, top = shown.ranges()[1]

    def muted_columns(start: tuple[float, float], end: tuple[float, float]) -> float:
        """The share of the places between two points (step, accuracy) that a muted line covers."""
        places = np.linspace(start, end, 62)[1:-1]
        return float(np.mean([shown.ink(x, bottom + y * (top - bottom)) > 90 for x, y in places]))

    assert shown.has(DARK.muted, 50, bottom + 0.6 * (top - bottom), within=1)
    assert shown.has(DARK.muted, 99, bottom + 1.0 * (top - bottom), within=1)
    assert muted_columns((10, 0.2), (40, 0.5)) > 0.95, "the train accuracy's line is solid"
    assert 0.3 < muted_columns((60, 0.1), (90, 0.1)) < 0.9, "the test accuracy's line is dashed"
    assert "•─&nbsp;train,&nbsp;•┄&nbsp;test&nbsp;accuracy" in shown.legend()
    assert "•─&nbsp;train&nbsp;accuracy" in shown.panel._legend.toolTip()


def test_many_evaluations_are_lines_with_marks_that_stand_apart_and_still(shown: Shown) -> None:
    steps = np.arange(0, 3001, 20)

    def show(newest: int) -> list[tuple[float, float]]:
        some = steps[steps <= newest].tolist()
        train = [0.5 + 0.4 * math.exp(-step / 300) for step in some]
        test = [cost + 0.8 for cost in train]
        measurements = measured(some, train, test, [0.5] * len(some))
        shown.show(run(np.full(newest + 1, 0.4), window=10, evaluations=measurements))
        ring = shown.panel._runs[0]._ring
        path = ring.mapToScene(ring.path())
        return [(path.elementAt(i).x, path.elementAt(i).y) for i in range(0, path.elementCount(), 2)]

    show(2900)  # gives the axes their room
    before, places = show(2400), show(2900)
    gaps = np.hypot(*np.diff(places, axis=0).T)
    assert gaps.min() >= 14
    assert gaps.max() < 30
    np.testing.assert_allclose(places[: len(before)], before, err_msg="marks hold still while the line grows")
    assert all(shown.ink(step, 0.5) > 60 for step in range(2010, 2880, 20)), "between them there is a line"


@pytest.mark.parametrize("n", [100, 1000, 10_000])
def test_marks_of_noise_stand_apart_and_take_no_longer(n: int) -> None:
    heights = 150 + 60 * np.random.default_rng(0).standard_normal(n)
    begun = perf_counter()
    path = marks(np.linspace(0, 600, n), heights, Pixel(1.0, 1.0))
    assert perf_counter() - begun < 0.1
    places = np.array([(path.elementAt(i).x, path.elementAt(i).y) for i in range(0, path.elementCount(), 2)])
    assert 30 < len(places) < 600 * 300 / 14**2
    apart = np.hypot(*(places[:, None] - places).transpose(2, 0, 1))
    assert apart[~np.eye(len(places), dtype=bool)].min() >= 14


def test_no_marks_where_there_is_nothing() -> None:
    nan = np.full(3, math.nan)
    assert marks(np.empty(0), np.empty(0), Pixel(1, 1)).isEmpty()
    assert marks(np.arange(3.0), nan, Pixel(1, 1)).isEmpty()
    assert marks(np.ones(1), np.ones(1), Pixel(1, 1)).elementCount() == 2


@pytest.mark.parametrize("per_epoch", [1, 6000], ids=["far apart", "close together"])
def test_evaluations_are_dots_however_far_their_steps_are_apart(shown: Shown, per_epoch: int) -> None:
    newest, others = 6 * per_epoch, 6000 // per_epoch
    evaluations = measured([0, newest // 2], [0.5, 0.5], [1.5, 1.5], [0.1, 0.2])
    shown.show(
        run(np.full(6 * others + 1, 1.0), epoch=6.0, steps_per_epoch=others),
        run(np.full(newest + 1, 2.0), epoch=6.0, steps_per_epoch=per_epoch, colour=1, evaluations=evaluations),
    )
    items = shown.panel._runs[1]
    for item in (items._ring, items._hole, items._rim, items._dot):
        ends = item.mapToScene(item.path())
        assert ends.elementCount() == 4
        for i in (0, 2):
            assert 0 < ends.elementAt(i + 1).x - ends.elementAt(i).x < 0.5, "too short to be seen, in pixels"
    assert shown.has(DARK.runs[1], 3, 0.5, within=1)
    for cost in (0.5, 1.5):
        assert not shown.has(DARK.runs[1], 4.5, cost), "no bar behind the dot"


def test_the_marker_stands_at_the_cursor_and_says_the_numbers(shown: Shown) -> None:
    costs = np.tile([1.0, 3.0], 50)
    shown.show(run(costs, window=10, step=40, cost=1.0))
    marker = shown.panel._marker
    assert marker._text.text() == "step 40   mean cost 2"
    assert shown.has(DARK.text, 40, 0.5, within=1)
    assert shown.has(DARK.text, 40, 2.0, within=2)
    shown.show(run(np.array([2025.0, 25.0]), step=0, cost=2025.0))
    assert marker._text.text() == "step 0   cost 2025"


def test_click_and_drag_seek(qtbot: QtBot, shown: Shown) -> None:
    shown.show(run(np.ones(101)))
    asked: list[int] = []
    shown.panel.seek.connect(asked.append)
    QTest.mouseClick(shown.viewport, Qt.MouseButton.LeftButton, pos=shown.at(30, 0.5))
    assert asked == [30]
    shown.show(run(np.ones(101), step=30))
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    qtbot.wait(QApplication.doubleClickInterval())
    shown.mouse(QEvent.Type.MouseButtonPress, shown.at(30, 0.5), left, left)
    for x in (40, 70, 140):
        qtbot.wait(20)  # pyqtgraph takes at most 100 moves a second
        shown.mouse(QEvent.Type.MouseMove, shown.at(x, 0.5), none, left)
    shown.mouse(QEvent.Type.MouseButtonRelease, shown.at(140, 0.5), left, none)
    assert asked[1:4] == [40, 70, 100], "not beyond the newest step"
    assert not shown.button("Reset view").isVisible()


def test_zoom_holds_until_it_is_reset(qtbot: QtBot, shown: Shown) -> None:
    shown.show(run(np.ones(101)))
    whole, reset = shown.ranges(), shown.button("Reset view")
    assert not reset.isVisible()
    shown.wheel(shown.at(50, 0.5), 5)
    zoomed = shown.ranges()
    assert (np.ptp(zoomed, axis=1) < np.ptp(whole, axis=1)).all()
    assert reset.isVisible()
    shown.show(run(np.ones(1001)))
    np.testing.assert_array_equal(shown.ranges(), zoomed)
    QTest.mouseClick(reset, Qt.MouseButton.LeftButton)
    assert shown.ranges()[0, 1] > 1000
    assert not reset.isVisible()
    shown.wheel(shown.at(50, 0.5), 5)
    QTest.mouseClick(shown.viewport, Qt.MouseButton.LeftButton, pos=shown.at(50, 0.5))
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    shown.mouse(QEvent.Type.MouseButtonDblClick, shown.at(50, 0.5), left, left)
    shown.mouse(QEvent.Type.MouseButtonRelease, shown.at(50, 0.5), left, none)
    assert not reset.isVisible()


def test_axes_move_in_jumps(shown: Shown) -> None:
    ends = []
    for newest in range(1, 60):
        shown.show(run(np.ones(newest + 1)))
        ends.append(round(shown.ranges()[0, 1] / 1.012, 6))
        assert ends[-1] > newest
    assert sorted(set(ends)) == [10, 15, 20, 30, 50, 70]


def test_log_leaves_out_what_it_cannot_show(shown: Shown) -> None:
    shown.panel.set_cost_axis("log")
    shown.show(run(np.array([100.0, 10.0, 0.0, -1.0, 1.0, 1e-3])))
    bottom, top = shown.ranges()[1]
    assert -3.2 < bottom < -3
    assert 2 < top < 2.2
    assert not shown.has(DARK.runs[0], 2.5, 0.5, within=1), "the line is broken where the cost has no logarithm"
    assert shown.has(DARK.runs[0], 4.5, -1.5)


def test_a_negative_cost_is_in_view(shown: Shown) -> None:
    shown.show(run(np.array([1.0, -1.0, -1.8])))
    assert shown.ranges()[1, 0] < -1.8


def test_a_run_that_blew_up_ends_with_a_cross(shown: Shown) -> None:
    costs = np.append(25 * 9.0 ** np.arange(322), [np.inf, np.nan])
    tame = run(np.full(324, 20.0), colour=1)
    shown.show(tame, run(costs, colour=2, ended="blew up at step 323"))
    bottom, top = shown.ranges()[1]
    assert top < 1000, "the others stay readable"
    assert shown.has(DARK.runs[1], 150, 20)
    assert shown.has(DARK.runs[2], 321, top - 0.03 * (top - bottom))
    shown.panel.set_cost_axis("log")
    QApplication.processEvents()
    assert shown.has(DARK.runs[2], 161, np.log10(25 * 9.0**161))
    assert shown.ranges()[1, 1] > 300


def test_a_run_far_off_leaves_the_view_before_the_painter_fails(shown: Shown) -> None:
    costs = np.geomspace(25, 25 * 9.0**309, 310)
    evaluations = measured([0, 300], [25.0, 1e300], [25.0, np.inf], [0.1, np.nan])
    shown.show(run(costs, step=0, evaluations=evaluations), run(-costs, colour=1))
    assert shown.ranges()[1].max() < 1000
    assert shown.has(DARK.runs[0], 0.5, 130)
    assert shown.has(DARK.runs[1], 0.5, -130)


def test_runs_stand_at_the_same_epoch(shown: Shown) -> None:
    big_steps = run(np.append(np.full(50, 1.0), np.full(51, 2.0)), epoch=10.0, steps_per_epoch=10, colour=1)
    small_steps = run(np.full(201, 3.0), epoch=10.0, steps_per_epoch=20)
    for cursor in (200, 0):
        shown.show(replace(small_steps, step=cursor), replace(big_steps, step=cursor // 2))
        assert shown.has(DARK.runs[0], 9.5, 3.0)
        assert shown.has(DARK.runs[1], 7.5, 2.0)
        assert shown.has(DARK.runs[1], 2.5, 1.0)
        assert 10 < shown.ranges()[0, 1] < 20


def test_a_ghost_is_grey_and_below(shown: Shown) -> None:
    shown.show(run(np.full(50, 2.0), ghost=True), run(np.full(20, 2.0), step=0), selected=1)
    assert shown.has(DARK.runs[0], 10, 2.0, within=1)
    assert 40 < shown.ink(40, 2.0) < 110
    assert "(before)" in shown.legend()


def test_the_legend_selects_runs_and_has_room_for_eight(qtbot: QtBot, shown: Shown) -> None:
    runs = [run(np.ones(10), colour=i, label=f"<{i}>") for i in range(11)]
    shown.show(*runs, selected=9)
    labels = [i for i in range(11) if f"&lt;{i}&gt;" in shown.legend()]
    assert labels == [0, 1, 2, 3, 4, 5, 9]
    assert "+4" in shown.legend()
    with qtbot.waitSignal(shown.panel.run_selected) as chosen:
        shown.panel._legend.linkActivated.emit("3")
    assert chosen.args == [3]


def test_the_last_of_many_live_frames_is_shown(qtbot: QtBot, shown: Shown) -> None:
    for newest in range(1, 80):
        shown.panel.show_frame(frame(run(np.ones(newest + 1)), live=True))
    marker = shown.panel._marker
    assert marker._text.text() != "step 79   cost 1", "texts are held back while frames come fast"
    qtbot.waitUntil(lambda: marker._text.text() == "step 79   cost 1")
    assert marker._y == 1.0
    assert shown.ranges()[0, 1] > 79
    qtbot.waitUntil(lambda: not shown.panel._late.isActive())


def test_theme_and_size_can_change_while_shown(shown: Shown) -> None:
    evaluations = measured([0, 50], [1.8, 0.6], [1.9, 1.2], [0.1, 0.5])
    noisy = run(np.tile([1.0, 3.0], 50), window=10, evaluations=evaluations)
    shown.show(noisy)
    shown.panel.set_theme(LIGHT)
    QApplication.processEvents()
    assert shown.picture().pixelColor(shown.at(60, 0.1)) == QColor(LIGHT.panel)
    assert shown.has(LIGHT.runs[0], 60.5, 2.0)
    shown.panel.resize(320, 200)
    QApplication.processEvents()
    assert "mean&nbsp;of" not in shown.legend(), "a small panel gives its room to the curve"
    assert "mean&nbsp;of" in shown.panel._legend.toolTip()
    assert shown.viewport.height() > 120


def test_costs_below_zero_are_in_view(shown: Shown) -> None:
    shown.show(run(np.linspace(-1.0, -78.0, 40)))
    bottom, top = shown.view.viewRange()[1]
    assert bottom < -78 < -1 < top < 20
