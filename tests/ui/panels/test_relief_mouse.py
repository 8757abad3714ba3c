"""The relief as a user turns it and takes hold of what is on it: real mouse events."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from gdviz.core.relief import Camera
from tests.ui.panels.relief_support import BOWL, RIDGE, a_frame, a_run, difference, near, on_screen, place, show

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import Floats
    from gdviz.ui.panels.surface.relief import ReliefView
    from gdviz.ui.theme import Theme

LEFT, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
view = pytest.fixture(on_screen)


def drag(qtbot: QtBot, view: ReliefView, start: QPoint, by: tuple[int, int]) -> None:
    qtbot.mousePress(view, LEFT, pos=start)
    for part in (0.25, 0.5, 0.75, 1.0):
        qtbot.mouseMove(view, QPoint(start.x() + round(part * by[0]), start.y() + round(part * by[1])))
    qtbot.mouseRelease(view, LEFT, pos=QPoint(start.x() + by[0], start.y() + by[1]))


def wheel(view: ReliefView, at: QPoint, turn: int) -> None:
    event = QWheelEvent(
        QPointF(at), QPointF(view.mapToGlobal(at)), QPoint(), QPoint(0, turn), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def test_dragging_turns_it_and_double_click_resets(view: ReliefView, qtbot: QtBot) -> None:
    first = show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    moved: list[bool] = []
    placed: list[object] = []
    view.view_moved.connect(moved.append)
    view.ball_placed.connect(lambda *args: placed.append(args))
    drag(qtbot, view, QPoint(200, 60), (100, 40))
    assert view._camera.azimuth < Camera().azimuth - 30
    assert view._camera.elevation > Camera().elevation + 10
    assert moved.pop()
    assert view._rest.isActive()
    view.grab()
    qtbot.waitUntil(lambda: not view._rest.isActive(), timeout=2000)
    assert not view._draft
    turned = view.grab().toImage()
    assert difference(first, turned) > 3
    assert placed == []
    drag(qtbot, view, QPoint(200, 60), (0, 400))
    assert view._camera.elevation == 85
    drag(qtbot, view, QPoint(200, 460), (0, -450))
    assert view._camera.elevation == 10
    qtbot.mouseDClick(view, LEFT, pos=QPoint(300, 300))
    assert not moved.pop()
    assert view._camera == Camera()
    assert difference(first, view.grab().toImage()) == 0
    assert placed == []


def test_what_is_grabbed_goes_with_the_mouse(view: ReliefView, qtbot: QtBot) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    before = place(view, 1.5, -1.5)  # near the camera
    drag(qtbot, view, QPoint(300, 60), (30, 0))
    view.grab()
    assert place(view, 1.5, -1.5).x() > before.x() + 10


def test_the_wheel_zooms_about_the_mouse(view: ReliefView, qtbot: QtBot) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    moved: list[bool] = []
    view.view_moved.connect(moved.append)
    at = place(view, 0.5, 0.5)
    for _ in range(3):
        wheel(view, at, 120)
        view.grab()
    assert view._camera.zoom == pytest.approx(1.0015**360)
    assert (place(view, 0.5, 0.5) - at).manhattanLength() <= 2
    assert moved == [True] * 3
    qtbot.waitUntil(lambda: not view._rest.isActive(), timeout=2000)
    view.reset_view()
    assert not moved.pop()


def test_hiding_stops_the_timers(view: ReliefView) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    wheel(view, QPoint(300, 300), 120)
    assert view._rest.isActive()
    view.hide()
    assert not view._rest.isActive()
    assert not view._draft


@pytest.mark.parametrize("another", [False, True])
def test_a_click_puts_a_ball_on_the_terrain(view: ReliefView, qtbot: QtBot, another: bool) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    at = place(view, -1.2, 1.4)
    with qtbot.waitSignal(view.ball_placed) as placed:
        qtbot.mouseClick(view, LEFT, SHIFT if another else Qt.KeyboardModifier.NoModifier, pos=at)
    point, is_another = placed.args
    np.testing.assert_allclose(point, (-1.2, 1.4), atol=0.03)
    assert is_another is another


def test_a_click_on_a_turned_view_waits_for_a_second(view: ReliefView, qtbot: QtBot) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    placed: list[Floats] = []
    view.ball_placed.connect(lambda point, _: placed.append(np.array(point)))
    drag(qtbot, view, QPoint(200, 60), (40, 0))
    view.grab()
    at = place(view, -0.8, 0.4)
    qtbot.mouseClick(view, LEFT, pos=at)
    assert placed == []
    qtbot.mouseDClick(view, LEFT, pos=at)
    qtbot.wait(QApplication.styleHints().mouseDoubleClickInterval() + 100)
    assert placed == []
    drag(qtbot, view, QPoint(200, 60), (40, 0))
    view.grab()
    qtbot.mouseClick(view, LEFT, pos=place(view, -0.8, 0.4))
    qtbot.waitUntil(lambda: len(placed) == 1, timeout=3000)
    np.testing.assert_allclose(placed[0], (-0.8, 0.4), atol=0.04)


def test_a_click_beside_the_terrain_does_nothing(view: ReliefView, qtbot: QtBot) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    with qtbot.assertNotEmitted(view.ball_placed), qtbot.assertNotEmitted(view.run_selected):
        qtbot.mouseClick(view, LEFT, pos=QPoint(5, 5))


def test_a_click_on_a_ball_or_a_trail_selects_its_run(view: ReliefView, qtbot: QtBot) -> None:
    runs = a_run(BOWL, (1.0, 1.0)), a_run(BOWL, (-1.5, -0.5), (0.5, -0.5), colour=1)
    show(view, a_frame(BOWL, *runs))
    for point in ((0.5, -0.5), (-0.6, -0.5)):
        with qtbot.waitSignal(view.run_selected) as selected:
            qtbot.mouseClick(view, LEFT, pos=place(view, *point))
        assert selected.args == [1]


def test_a_ball_is_dragged_over_the_terrain(view: ReliefView, qtbot: QtBot, theme: Theme) -> None:
    runs = a_run(BOWL, (1.0, 1.0)), a_run(BOWL, (-0.5, -0.5), colour=1)
    show(view, a_frame(BOWL, *runs))
    start, end = place(view, -0.5, -0.5), place(view, -1.2, 1.4)
    by = end.x() - start.x(), end.y() - start.y()
    qtbot.mousePress(view, LEFT, pos=start)
    qtbot.mouseMove(view, start + QPoint(by[0] // 2, by[1] // 2))
    qtbot.mouseMove(view, end)
    assert near(view.grab().toImage(), end, theme.run(1), 12) > 20  # a ring
    with qtbot.waitSignal(view.ball_moved) as moved:
        qtbot.mouseRelease(view, LEFT, pos=end)
    assert moved.args[0] == 1
    np.testing.assert_allclose(moved.args[1], (-1.2, 1.4), atol=0.03)
    assert view._camera == Camera()


def test_escape_and_the_air_let_go_of_a_ball(view: ReliefView, qtbot: QtBot) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    with qtbot.assertNotEmitted(view.ball_moved):
        drag(qtbot, view, place(view, 1.0, 1.0), (-place(view, 1.0, 1.0).x() + 5, -place(view, 1.0, 1.0).y() + 5))
        qtbot.mousePress(view, LEFT, pos=place(view, 1.0, 1.0))
        qtbot.mouseMove(view, place(view, 0.5, 0.5))
        qtbot.keyClick(view, Qt.Key.Key_Escape)
        qtbot.mouseRelease(view, LEFT, pos=place(view, 0.5, 0.5))


def test_another_cost_is_looked_at_from_the_front(view: ReliefView, qtbot: QtBot) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    drag(qtbot, view, QPoint(200, 60), (60, 0))
    show(view, a_frame(replace(BOWL, default_start=(0.0, 1.0)), a_run(BOWL, (0.0, 1.0))))
    assert view._camera != Camera()
    show(view, a_frame(RIDGE, a_run(RIDGE, (0.0, 1.0))))
    assert view._camera == view._home
