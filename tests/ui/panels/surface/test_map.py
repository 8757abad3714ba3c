from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtGui import QColor

from gdviz.ui.panels.surface.contour import band_colours
from gdviz.ui.panels.surface.levels import nice_levels
from gdviz.ui.panels.surface.pixels import Pixels

if TYPE_CHECKING:
    from gdviz.ui.theme import Theme
    from tests.ui.panels.surface.conftest import Frames, Screen


def test_ticks_have_a_true_minus_and_room_for_the_last(screen: Screen, frames: Frames) -> None:
    screen.show(frames.on_bowl((1.0, 1.0)))
    axis = screen.map._bottom
    assert axis.tickStrings([-0.5, 1e-5, 1.0], 1.0, 0.5) == ["−0.5", "1e−05", "1.0"]
    last = screen.map._view.sceneBoundingRect().right()
    half = screen.panel.fontMetrics().horizontalAdvance("−0.5") / 2
    assert axis.mapRectToScene(axis.boundingRect()).right() >= last + half
    assert screen.map.plot.width() >= last + half


def test_the_map_shows_each_cost_in_its_band(screen: Screen, frames: Frames) -> None:
    landscape = frames.map_landscape()
    image = screen.show(frames.on_bowl((-1.8, -1.5)))
    levels = nice_levels(landscape.costs)
    colours = [QColor(*colour).name() for colour in band_colours(levels.size).tolist()]
    right = 0
    for x, y in np.random.default_rng(0).uniform(-1.9, 1.9, (60, 2)):
        right += screen.colour(image, x, y) == colours[int(np.searchsorted(levels, x**2 + 3 * y**2))]
    assert right >= 40  # the others are under a line, a label or the ball
    assert colours[0] == screen.colour(image, 0.1, 0.1)


def test_infinite_costs_are_the_lightest(screen: Screen, frames: Frames) -> None:
    landscape = frames.map_landscape()
    landscape.costs[:, :20] = np.inf
    image = screen.show(replace(frames.on_bowl((0.5, 0.5)), landscape=landscape))
    assert screen.colour(image, -1.8, 0) == QColor(*band_colours(5)[-1].tolist()).name()


def test_ball_trail_and_arrow(screen: Screen, frames: Frames, theme: Theme) -> None:
    image = screen.show(frames.on_bowl((-1.5, 1.5), (-1.5, 0.0), (-1.0, -0.5)))
    colour = QColor(theme.runs[0]).name()
    assert screen.colour(image, -1, -0.5) == colour
    assert screen.colour(image, -1.5, 0) == colour  # a dot on the trail
    assert len({screen.colour(image, x, 1) for x in (-1.55, -1.5, -1.45)}) >= 2  # the line between two of them
    # The step is 0.1 * (-2, -3): the arrow's tip is where it lands, or as near as an arrow can be that is seen.
    tip = screen.map._arrow.polygon().at(0)
    landing = screen.pixels()(np.array([-0.8, -0.2]))
    np.testing.assert_allclose((tip.x(), tip.y()), landing, atol=1e-6)


def test_a_long_step_has_a_long_arrow_but_not_too_long(screen: Screen, frames: Frames) -> None:
    screen.show(frames.on_bowl((-1.5, 1.5), learning_rate=1e6))
    tip, ball = screen.map._arrow.polygon().at(0), screen.pixels()(np.array([-1.5, 1.5]))
    assert 60 < np.hypot(tip.x() - ball[0], tip.y() - ball[1]) < 250


def test_labels_do_not_overlap_and_name_their_line(screen: Screen, frames: Frames) -> None:
    screen.show(frames.on_bowl((1.0, 1.0)))
    shown = [label for label in screen.map._map._labels if label._pill.isVisible()]
    assert 4 <= len(shown) <= 10
    boxes = [label._pill.sceneBoundingRect() for label in shown]
    assert not any(a.intersects(b) for i, a in enumerate(boxes) for b in boxes[:i])
    for label in shown:
        centre = screen.map._view.mapToView(label._pill.pos())
        cost = centre.x() ** 2 + 3 * centre.y() ** 2
        assert cost == pytest.approx(float(label._text.text()), abs=0.05)


def test_a_ball_beyond_the_view_has_an_arrow_at_the_edge(screen: Screen, frames: Frames) -> None:
    screen.show(frames.on_bowl((0.0, 0.0), (30.0, 0.0)))
    (marks,) = screen.map._marks
    place = screen.pixels()
    assert not marks.ball.isVisible()
    assert marks.edge.isVisible()
    tip = marks.edge.polygon().at(0)
    assert place.width - 10 < tip.x() < place.width
    assert tip.y() == pytest.approx(place.height / 2)


def test_far_points_keep_their_direction() -> None:
    pixels = Pixels((-1, 1), (-1, 1), 400, 400)
    x, y = pixels(np.array([[1e200, -2e200]]))[0].tolist()
    assert max(abs(x), abs(y)) <= 1e4
    assert y / x == pytest.approx(2)


def test_ghosts_are_grey_and_the_selected_ball_is_larger_and_on_top(
    screen: Screen, frames: Frames, theme: Theme
) -> None:
    here = np.array([[-1.5, 1.0], [0.5, 0.5]])
    ghost = frames.run(frames.bowl, here * (1, -1), ghost=True, label="before")
    runs = (ghost, frames.run(frames.bowl, here, colour=1), frames.run(frames.bowl, here * (1, 0.5), colour=2))
    image = screen.show(frames.frame(frames.bowl, frames.map_landscape(), *runs, selected=1))
    assert screen.colour(image, 0.5, 0.5) == QColor(theme.runs[1]).name()
    assert screen.colour(image, 0.5, 0.25) == QColor(theme.runs[2]).name()
    assert screen.colour(image, 0.5, -0.5) == QColor(theme.ghost).name()
    before, selected, other = (marks.ball.rect().width() for marks in screen.map._marks)
    assert before < other < selected
    assert screen.map._marks[1].ball.zValue() > screen.map._marks[2].ball.zValue()
