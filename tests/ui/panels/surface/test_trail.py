from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QGraphicsRectItem

from gdviz.ui.panels.surface.pixels import Pixels
from gdviz.ui.panels.surface.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Callable

    from gdviz.ui.theme import Theme
    from tests.ui.panels.surface.conftest import Frames, Screen


def test_a_long_trail_is_thinned_to_points_of_its_own(screen: Screen, frames: Frames) -> None:
    turn = np.linspace(0, 3, 5000)
    points = np.stack([1.5 * np.cos(turn), 1.5 * np.sin(turn)], axis=1)
    screen.show(frames.frame(frames.bowl, frames.map_landscape(), frames.run(frames.bowl, points)))
    trail = screen.map._marks[0]._trail
    assert 100 < len(trail._wide) <= 301
    np.testing.assert_allclose(trail._wide[-1], screen.pixels()(points[-1]))
    steps = np.hypot(*np.diff(trail._points, axis=0).T)
    assert 0.3 < np.median(steps) < 1  # and a thin line goes through all that are apart


def test_what_has_not_changed_is_not_drawn_again(screen: Screen, frames: Frames) -> None:
    frame = frames.on_bowl((1.0, 1.0), (0.5, 0.2), (0.4, 0.2))
    screen.show(frame)
    trail, image = screen.map._marks[0]._trail, screen.map._map._image.pixmap().cacheKey()
    drawn = trail._picture.cacheKey()
    screen.show(replace(frame, runs=(replace(frame.run, trail=np.array([[1.0, 1.0], [0.5, 0.2], [0.3, 0.1]])),)))
    assert trail._picture.cacheKey() == drawn  # only the ball has moved
    screen.show(replace(frame, runs=(replace(frame.run, trail=np.array([[1.0, 1.0], [0.5, 0.2], [0, 0], [1, 0]])),)))
    assert trail._picture.cacheKey() != drawn
    assert screen.map._map._image.pixmap().cacheKey() == image


@pytest.mark.parametrize("n_points", [40, 600])
def test_a_trail_that_grew_looks_like_one_drawn_at_once(
    screen: Screen, new_screen: Callable[[], Screen], frames: Frames, n_points: int
) -> None:
    turn = np.linspace(0, 5, n_points)
    points = np.stack([1.5 * np.cos(turn), 1.5 * np.sin(turn)], axis=1)
    for n in range(1, n_points + 1, 3):
        # As a run of the digits, whose ball is not one of the points that are kept.
        screen.panel.show_frame(frames.on_bowl(*points[:n], points[n - 1] * 1.1))
        QApplication.processEvents()
    grown = screen.show(last := frames.on_bowl(*points, points[-1] * 0.9))
    at_once = new_screen().show(last)
    strip = screen.panel._readout.geometry().top()
    a, b = (
        np.array(image.bits(), np.int16).reshape(image.height(), -1, 4)[:strip, :, :3] for image in (grown, at_once)
    )
    difference = np.abs(a - b).max(axis=2)
    assert (difference > 64).sum() <= 20  # the casing overlaps itself where a piece joins the next


def test_a_trail_goes_back_with_the_cursor(screen: Screen, frames: Frames, theme: Theme) -> None:
    points = ((-1.5, 1.5), (-1.5, 0.0), (-1.5, -1.5), (0.0, -1.5), (1.5, -1.5))
    before = screen.show(frames.on_bowl(*points[:2]))
    after = screen.show(frames.on_bowl(*points))
    assert screen.colour(after, -1.5, -1.5) == QColor(theme.runs[0]).name()
    again = screen.show(frames.on_bowl(*points[:2]))
    assert screen.colour(again, -1.5, -1.5) == screen.colour(before, -1.5, -1.5) != QColor(theme.runs[0]).name()


def test_a_trail_is_as_sharp_as_the_screen() -> None:
    parent = QGraphicsRectItem()
    trail = Trail(parent)
    trail.set_style(QColor("red"), QColor("black"), 2, 16)
    trail.draw(np.array([[10.0, 10.0], [90.0, 10.0], [90.0, 40.0]]), Pixels((0, 1), (0, 1), 100, 50, 2.0))
    picture = trail._picture.toImage()
    assert (picture.width(), picture.height()) == (200, 100)
    assert picture.pixelColor(100, 20).name() == "#ff0000"
    assert picture.pixelColor(100, 40).alpha() == 0


def test_a_run_that_bounces_for_ever_is_one_line_and_two_dots(screen: Screen, frames: Frames) -> None:
    screen.show(frames.on_parabola(*([5.0, -5.0] * 200)))
    marks = screen.map._marks[0]
    assert marks._zigzag.path().elementCount() == 2
    assert marks._dots.path().elementCount() == 2 * 2
