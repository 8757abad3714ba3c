from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import Frame
    from gdviz.core.problem import Problem
    from tests.ui.panels.surface.conftest import Frames, Screen


@pytest.fixture
def two_balls(frames: Frames) -> Frame:
    runs = [[(-1.5, 1.0), (-0.5, 1.0)], [(1.5, -1.0), (1.0, 0.0)]]
    return frames.frame(
        frames.bowl, frames.map_landscape(), *(frames.run(frames.bowl, np.array(points)) for points in runs)
    )


def cursor(screen: Screen, x: float, y: float) -> Qt.CursorShape:
    screen.move(x, y, held=False)
    shape: Qt.CursorShape = screen.map.plot.viewport().cursor().shape()
    return shape


def test_a_click_on_a_ball_or_a_trail_selects_its_run(qtbot: QtBot, screen: Screen, two_balls: Frame) -> None:
    screen.show(two_balls)
    with qtbot.assertNotEmitted(screen.panel.ball_placed):
        with qtbot.waitSignal(screen.panel.run_selected) as selected:
            screen.click(1.0, 0.0, down=4)
        assert selected.args == [1]
        with qtbot.waitSignal(screen.panel.run_selected) as selected:
            screen.click(-1.0, 1.0, down=4)  # half way along the trail
        assert selected.args == [0]


def test_a_click_elsewhere_puts_the_ball_there_and_shift_another(
    qtbot: QtBot, screen: Screen, two_balls: Frame
) -> None:
    screen.show(two_balls)
    with qtbot.assertNotEmitted(screen.panel.run_selected):
        for place, another in (((0.3, -1.5), False), ((-1.2, -0.7), True), ((1.0, 0.0), True)):  # the last on a ball
            with qtbot.waitSignal(screen.panel.ball_placed) as placed:
                screen.click(*place, shift=another)
            point, asked = placed.args
            assert asked is another
            assert type(point) is tuple
            scale = np.abs(screen.pixels().scale)
            np.testing.assert_allclose(point, place, atol=1.5 / scale.min())
            # No digit more than the screen can tell apart.
            assert all(len(repr(abs(value)).partition(".")[2]) <= 3 for value in point)


def test_on_a_curve_the_height_of_the_click_does_not_count(qtbot: QtBot, screen: Screen, frames: Frames) -> None:
    screen.show(frames.on_parabola(5.0))
    for height in (2.0, 20.0):
        with qtbot.waitSignal(screen.panel.ball_placed) as placed:
            screen.click(-3.0, height)
        ((w,), another) = placed.args
        assert w == pytest.approx(-3, abs=0.02)
        assert not another


def test_a_ball_is_dragged_to_where_the_mouse_lets_it_go(qtbot: QtBot, screen: Screen, two_balls: Frame) -> None:
    screen.show(two_balls)
    before = screen.map._view.viewRange()
    assert cursor(screen, 1.0, 0.0) == Qt.CursorShape.OpenHandCursor
    screen.press(1.0, 0.0)
    screen.move(0.5, -0.5)
    screen.move(0.5, -1.0)
    ring, cost = screen.map._view._ring, screen.map._view._cost
    assert ring.isVisible()
    assert (ring.x(), ring.y()) == pytest.approx(tuple(screen.pixels()(np.array([0.5, -1.0]))), abs=1)
    assert float(cost.text.removeprefix("cost ")) == pytest.approx(0.25 + 3, abs=0.06)
    assert screen.map.plot.viewport().cursor().shape() == Qt.CursorShape.ClosedHandCursor
    with qtbot.waitSignal(screen.panel.ball_moved) as moved:
        screen.release(0.5, -1.0)
    index, point = moved.args
    assert index == 1
    np.testing.assert_allclose(point, (0.5, -1.0), atol=0.02)
    assert not ring.isVisible()
    assert not cost.text
    assert screen.map._view.viewRange() == before


def test_a_ring_on_a_curve_stays_on_it(screen: Screen, frames: Frames) -> None:
    screen.show(frames.on_parabola(5.0))
    screen.press(5.0, 25.0)
    screen.move(2.0, 30.0)
    screen.move(-4.0, 35.0)
    ring = screen.map._view._ring
    assert (ring.x(), ring.y()) == pytest.approx(tuple(screen.pixels()(np.array([-4.0, 16.0]))), abs=2)
    screen.release(-4.0, 35.0)


def test_escape_lets_go_of_a_ball(qtbot: QtBot, screen: Screen, two_balls: Frame) -> None:
    screen.show(two_balls)
    before = screen.map._view.viewRange()
    with qtbot.assertNotEmitted(screen.panel.ball_moved):
        screen.press(1.0, 0.0)
        screen.move(0.5, -0.5)
        screen.move(0.5, -1.0)
        QTest.keyClick(screen.map.plot, Qt.Key.Key_Escape)
        assert not screen.map._view._ring.isVisible()
        screen.move(0.0, -1.0)
        assert not screen.map._view._ring.isVisible()
        screen.release(0.0, -1.0)
    assert screen.map._view.viewRange() == before


def test_of_balls_at_one_place_the_selected_is_dragged_and_never_a_ghost(
    qtbot: QtBot, screen: Screen, frames: Frames
) -> None:
    here = np.array([[1.0, 0.0]])
    runs = [frames.run(frames.bowl, here, ghost=ghost) for ghost in (True, False, False, False)]
    screen.show(frames.frame(frames.bowl, frames.map_landscape(), *runs, selected=2))
    for expected in (2, None):
        moved: list[int] = []
        screen.panel.ball_moved.connect(lambda index, point, moved=moved: moved.append(index))
        screen.press(1.0, 0.0)
        screen.move(0.5, 0.5)
        screen.move(0.0, 1.0)
        screen.release(0.0, 1.0)
        assert moved == ([expected] if expected is not None else [])
        screen.show(frames.frame(frames.bowl, frames.map_landscape(), runs[0]))


def test_a_drag_elsewhere_moves_the_view(qtbot: QtBot, screen: Screen, two_balls: Frame) -> None:
    screen.show(two_balls)
    with qtbot.assertNotEmitted(screen.panel.ball_moved):
        screen.press(0.0, -1.0)
        screen.move(0.2, -1.0)
        screen.move(0.5, -1.0)
        screen.release(0.5, -1.0)
    (left, right), _ = screen.map._view.viewRange()
    assert left < -2.2
    assert right - left == pytest.approx(4)


def test_a_double_click_on_a_zoomed_map_resets_it_and_puts_no_ball(
    qtbot: QtBot, screen: Screen, two_balls: Frame
) -> None:
    screen.show(two_balls)
    screen.map._view.scaleBy((0.5, 0.5))
    screen.map._view.sigRangeChangedManually.emit([True, True])
    with qtbot.assertNotEmitted(screen.panel.ball_placed, wait=600):
        screen.click(0.0, -0.5, double=True)
    assert screen.map._view.viewRange()[0] == pytest.approx([-2, 2])
    screen.map._view.sigRangeChangedManually.emit([True, True])
    with qtbot.waitSignal(screen.panel.ball_placed):
        screen.click(0.0, -0.5)


def test_no_ball_is_put_where_there_is_no_cost(qtbot: QtBot, screen: Screen, frames: Frames, two_balls: Frame) -> None:
    broken = replace(frames.bowl, function=lambda t: np.where(t[:, 0] < 0, np.nan, 1.0))
    screen.show(replace(two_balls, problem=cast("Problem", broken)))
    with qtbot.assertNotEmitted(screen.panel.ball_placed), qtbot.assertNotEmitted(screen.panel.ball_moved):
        screen.click(-1.0, -1.0)
        screen.press(1.0, 0.0)
        screen.move(0.0, -1.0)
        screen.move(-1.0, -1.0)
        assert screen.map._view._cost.text == "no cost here"
        screen.release(-1.0, -1.0)


def test_no_ball_is_put_on_a_slice(qtbot: QtBot, screen: Screen, frames: Frames) -> None:
    run = frames.run(frames.network, np.array([[0.5, 0.5], [1.0, 0.0]]))
    frame = frames.frame(frames.network, frames.map_landscape(note="slice"), run)
    screen.show(replace(frame, theta=np.zeros(13002), terms=(), slope=None))
    assert cursor(screen, -1.0, -1.0) == Qt.CursorShape.ArrowCursor
    assert cursor(screen, 1.0, 0.0) == Qt.CursorShape.PointingHandCursor
    with qtbot.assertNotEmitted(screen.panel.ball_placed), qtbot.assertNotEmitted(screen.panel.ball_moved):
        screen.click(-1.0, -1.0)
        screen.press(1.0, 0.0)
        screen.move(0.5, 0.0)
        screen.release(0.5, 0.0)


def test_the_cursor_says_what_can_be_done(screen: Screen, two_balls: Frame) -> None:
    screen.show(two_balls)
    assert cursor(screen, 1.0, 0.0) == Qt.CursorShape.OpenHandCursor
    assert cursor(screen, -1.0, 1.0) == Qt.CursorShape.PointingHandCursor
    assert cursor(screen, -1.0, -1.0) == Qt.CursorShape.CrossCursor
