"""The step taken apart, on the map and on the curve."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gdviz.core.optimizer import Term
from gdviz.ui.panels.surface.arrows import term_colour

if TYPE_CHECKING:
    from gdviz.core.frame import Floats, Frame
    from gdviz.ui.theme import Theme
    from tests.ui.panels.surface.conftest import Frames, Screen

BALL = (0.8, -0.5)


@pytest.fixture
def frame(frames: Frames) -> Frame:
    """Slope (1.6, -3), velocity twice that, a box of half of it, a step of 0.3 slopes."""
    return frames.with_memory(frames.on_bowl((1.0, -1.0), BALL))


def vectors(screen: Screen) -> list[Floats]:
    """Of the arrows that are seen, in the order that they were drawn, from the ball or their row to the tip."""
    shapes = [arrow.polygon() for arrow in screen.map._parts._arrows if arrow.isVisible()]
    corners = [np.array([(shape.at(i).x(), shape.at(i).y()) for i in range(7)]) for shape in shapes]
    return [points[0] - points[3:5].mean(axis=0) for points in corners]


def names(screen: Screen) -> list[str]:
    return [pill.text for pill in screen.map._parts._pills if pill.text]


def test_terms_come_one_by_one_and_the_new_point_last(screen: Screen, frame: Frame) -> None:
    screen.show(frame)
    assert screen.map._arrow.isVisible()
    seen = []
    for part in range(5):
        screen.panel.set_part(part)
        assert not screen.map._arrow.isVisible()
        seen.append(names(screen))
        assert screen.map._parts._landing.isVisible() == (part == 4)
    assert seen[-1] == ["slope", "velocity", "mean square", "step", "new point"]
    assert seen == [seen[-1][: part + 1] for part in range(5)]
    screen.panel.set_part(None)
    assert screen.map._arrow.isVisible()
    assert not names(screen)
    assert not vectors(screen)


def test_arrows_point_downhill_on_one_scale_and_the_step_is_as_long_as_it_is(screen: Screen, frame: Frame) -> None:
    screen.show(frame)
    screen.panel.set_part(4)
    em, scale = screen.map._em, screen.pixels().scale
    slope, velocity, step = vectors(screen)
    down = -np.array([1.6, -3.0]) * scale
    np.testing.assert_allclose(slope / np.hypot(*slope), down / np.hypot(*down))
    np.testing.assert_allclose(velocity, 2 * slope)
    assert np.hypot(*velocity) <= 7 * em + 1e-6
    np.testing.assert_allclose(step, -0.3 * np.array([1.6, -3.0]) * scale, rtol=1e-9)
    (box,) = screen.map._parts._boxes
    outline = box.path().boundingRect()
    np.testing.assert_allclose((outline.width(), outline.height()), np.abs(slope))  # halves of half of the slope
    ball = screen.pixels()(np.array(BALL))
    np.testing.assert_allclose((outline.center().x(), outline.center().y()), ball)
    landing = screen.map._parts._landing.pos()
    np.testing.assert_allclose((landing.x(), landing.y()), ball + step)


def test_a_part_does_not_change_when_the_next_one_comes(screen: Screen, frame: Frame) -> None:
    screen.show(frame)
    screen.panel.set_part(0)
    (slope,) = vectors(screen)
    screen.panel.set_part(1)
    np.testing.assert_array_equal(vectors(screen)[0], slope)


def test_a_step_too_short_to_be_seen_is_drawn_longer_and_says_so(screen: Screen, frame: Frame) -> None:
    *terms, step = frame.terms
    screen.show(replace(frame, terms=(*terms, replace(step, value=np.array([1e-4, 0.0])))))
    screen.panel.set_part(4)
    assert np.hypot(*vectors(screen)[-1]) == pytest.approx(1.5 * screen.map._em)
    assert "step, drawn longer" in names(screen)
    landing, ball = screen.map._parts._landing.pos(), screen.pixels()(np.array(BALL))
    assert np.hypot(landing.x() - ball[0], landing.y() - ball[1]) < 0.1


@pytest.mark.parametrize("value", [0.0, 1e300, np.inf, np.nan])
def test_any_value_is_drawn_or_left_out(screen: Screen, frame: Frame, value: float) -> None:
    screen.show(replace(frame, terms=tuple(replace(term, value=np.array([value, 0.0])) for term in frame.terms)))
    screen.panel.set_part(4)
    screen.picture()
    assert len(names(screen)) == 5
    assert ("slope = 0" in names(screen)) == (value == 0)
    assert all(np.isfinite(vector).all() for vector in vectors(screen))


def test_labels_do_not_overlap_and_are_in_view(screen: Screen, frame: Frame) -> None:
    for place in (BALL, (0.0, 0.4), (-1.9, -1.9), (1.9, 1.9)):
        run = replace(frame.run, trail=np.array([place]))
        screen.show(replace(frame, runs=(run,), theta=np.array(place)))
        screen.panel.set_part(4)
        boxes = [pill.box for pill in screen.map._parts._pills if pill.text]
        assert not any(a.intersects(b) for i, a in enumerate(boxes) for b in boxes[:i]), place
        assert all(screen.map._view.rect().contains(box) for box in boxes), place


def test_arrows_of_a_ball_out_of_view_are_not_drawn(screen: Screen, frame: Frame) -> None:
    screen.show(frame)
    screen.panel.set_part(4)
    screen.map._view.setRange(xRange=(-2, 0), yRange=(0, 2), padding=0)
    assert not names(screen)
    assert not vectors(screen)


def test_without_terms_the_arrow_is_as_ever(screen: Screen, frame: Frame) -> None:
    screen.panel.set_part(2)
    screen.show(replace(frame, terms=(), descent=(-1.0, 0.0)))
    assert screen.map._arrow.isVisible()
    assert not names(screen)


def test_on_a_curve_come_tangent_jump_and_landing(screen: Screen, frames: Frames) -> None:
    screen.show(frames.on_parabola(5.0, 4.0))
    curve, shown = screen.map._curve, []
    for part in range(3):
        screen.panel.set_part(part)
        shown.append((curve._tangent.isVisible(), curve._jump.isVisible(), curve.landing.isVisible(), names(screen)))
    assert shown == [
        (True, False, False, ["slope"]),
        (True, True, False, ["slope", "step"]),
        (True, True, True, ["slope", "step", "new point"]),
    ]
    assert curve._jump.path().elementCount() == 3
    screen.panel.set_part(1)
    assert curve._jump.path().elementCount() == 2  # across, and not yet down
    assert not vectors(screen)


def test_on_a_curve_what_has_memory_lies_along_the_axis(screen: Screen, frames: Frames) -> None:
    screen.show(frames.with_memory(frames.on_parabola(4.0, 3.0)))
    screen.panel.set_part(4)
    slope, velocity = vectors(screen)
    np.testing.assert_allclose(velocity, 2 * slope)
    assert slope[0] < 0
    assert slope[1] == pytest.approx(0)
    rows = [arrow.polygon().at(0).y() for arrow in screen.map._parts._arrows if arrow.isVisible()]
    assert abs(rows[1] - rows[0]) > screen.map._em


def test_every_role_has_a_colour_of_its_own(theme: Theme, screen: Screen, frame: Frame) -> None:
    colours = {role: term_colour(theme, role).name() for role in ("slope", "direction", "size", "step")}
    assert len(set(colours.values())) == 4
    screen.show(replace(frame, terms=(Term("slope", np.array([-1.0, 0.0])), Term("step", np.zeros(2), "step"))))
    screen.panel.set_part(0)
    (arrow,) = (arrow for arrow in screen.map._parts._arrows if arrow.isVisible())
    assert arrow.brush().color().name() == colours["slope"]
