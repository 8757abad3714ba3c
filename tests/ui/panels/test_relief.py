"""What the relief shows: the pixels that come of a frame."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QLabel

from gdviz.core.frame import Landscape
from gdviz.core.optimizer import Term
from gdviz.core.relief import Camera
from gdviz.ui.panels.surface.contour import band_colours
from gdviz.ui.panels.surface.relief.axes import Axes
from gdviz.ui.theme import DARK, LIGHT, Theme
from tests.ui.panels.relief_support import (
    BOWL,
    RIDGE,
    a_frame,
    a_run,
    difference,
    landscape,
    near,
    on_screen,
    place,
    show,
)

if TYPE_CHECKING:
    from gdviz.ui.panels.surface.relief import ReliefView

view = pytest.fixture(on_screen)


def test_the_ball_is_where_the_projection_says(view: ReliefView, theme: Theme) -> None:
    image = show(view, a_frame(BOWL, a_run(BOWL, (-1.0, 1.5), (0.5, 0.8))))
    assert near(image, place(view, 0.5, 0.8), theme.run(0)) > 30
    assert near(image, place(view, -1.0, 1.5), theme.run(0)) < 10  # there is only the trail


def test_the_trail_lies_on_the_terrain(view: ReliefView, theme: Theme) -> None:
    image = show(view, a_frame(BOWL, a_run(BOWL, (-1.5, 0.4), (1.5, 0.4), (1.5, 1.0))))
    for x in (-1.0, -0.5, 0.5, 1.0):  # a straight line through the air would be far above
        assert near(image, place(view, x, 0.4), theme.run(0), 2) > 2


def test_the_background_is_the_panels(view: ReliefView, theme: Theme) -> None:
    image = show(view, a_frame(BOWL, a_run(BOWL, (0.5, 0.8))))
    for corner in (QPoint(2, 2), QPoint(697, 2), QPoint(697, 497)):
        assert image.pixelColor(corner).name() == theme.panel


def test_another_theme_is_taken(view: ReliefView, theme: Theme) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (0.5, 0.8))))
    other = LIGHT if theme is DARK else DARK
    view.set_theme(other)
    image = view.grab().toImage()
    assert image.pixelColor(2, 2).name() == other.panel
    assert near(image, place(view, 0.5, 0.8), other.run(0)) > 30


def test_a_ball_behind_a_ridge_is_a_ghost(view: ReliefView, theme: Theme) -> None:
    azimuth = np.radians(Camera().azimuth)
    towards = np.array([np.cos(azimuth), np.sin(azimuth)])
    x = np.linspace(-2, 2, 101)
    costs = np.exp(-((np.multiply.outer(x, [towards[1]]) + x * towards[0]) ** 2) / 0.1)
    behind, before = tuple((-0.6 * towards).tolist()), tuple((1.2 * towards).tolist())
    runs = [replace(a_run(RIDGE, point), trail_costs=np.array([np.nan])) for point in (behind, before)]
    image = show(view, a_frame(RIDGE, *runs, ground=Landscape(x, x, costs, ("x", "y"), "")))
    assert view._view is not None
    ground = np.array([behind, before]) / 2
    hidden, shown = view._view.pixels(np.column_stack([ground, view._view.terrain.surface(ground)]))
    assert near(image, QPointF(*shown).toPoint(), theme.run(0)) > 30
    assert near(image, QPointF(*hidden).toPoint(), theme.run(0), 2) == 0  # the ridge shows through its ring
    assert near(image, QPointF(*hidden).toPoint(), theme.run(0), 10, 60) > 0


def test_a_frame_that_goes_on_paints_what_a_new_window_would(view: ReliefView) -> None:
    t = np.linspace(0, 1.5, 30)
    points = [(float(a), float(b)) for a, b in zip(1.5 - t, 1.2 * np.cos(2 * t), strict=True)]
    ground = landscape(BOWL)
    for n in (5, 6, 12, 30):
        grown = show(view, a_frame(BOWL, a_run(BOWL, *points[:n]), ground=ground))
    view._still = None
    anew = view.grab().toImage()
    assert difference(grown, anew) < 0.2
    back = show(view, a_frame(BOWL, a_run(BOWL, *points[:6]), ground=ground))
    view._still = None
    assert difference(back, view.grab().toImage()) == 0


def test_a_moving_ball_does_not_draw_the_terrain_again(view: ReliefView) -> None:
    ground = landscape(BOWL)
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0)), ground=ground))
    still = view._still
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0), (0.8, 0.8)), ground=ground))
    assert view._still is still


def test_the_arrow_ends_where_the_step_lands(view: ReliefView) -> None:
    frame = a_frame(BOWL, a_run(BOWL, (1.5, 0.5)))
    frame = replace(frame, terms=(frame.terms[0], Term("step", np.array([1.2, 0.0]), "step")))
    image = show(view, frame)
    assert near(image, place(view, 0.8, 0.5), "white", 2) > 4
    assert near(image, place(view, 0.36, 0.5), "white", 6) > 4
    assert near(image, place(view, 0.05, 0.5), "white", 3) == 0


def test_the_parts_of_a_step_appear_one_by_one(view: ReliefView, theme: Theme) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.5, 0.5))))
    pictures = []
    for part in (None, 0, 1, 2):
        view.set_part(part)
        pictures.append(view.grab().toImage())
    assert all(difference(a, b) > 0 for a, b in itertools.pairwise(pictures))
    landing = place(view, 1.2, 0.4)
    assert near(pictures[3], landing, theme.panel) > 15 > near(pictures[2], landing, theme.panel)


def test_a_known_minimum_is_marked(view: ReliefView) -> None:
    run = a_run(BOWL, (1.5, 0.5))
    with_cross = show(view, a_frame(BOWL, run))
    without = show(view, a_frame(replace(BOWL, minima=()), run))
    assert near(with_cross, place(view, 0, 0), "white", 5) > near(without, place(view, 0, 0), "white", 5) + 5


def test_a_ball_beyond_the_edge_is_pointed_at(view: ReliefView, theme: Theme) -> None:
    image = show(view, a_frame(BOWL, a_run(BOWL, (9.0, 0.0))))
    assert near(image, place(view, 2.0, 0.0), theme.run(0), 8) > 20


def test_remarks_are_made_over_it(view: ReliefView) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (0.5, 0.8), ended="blew up at step 6")))
    assert "blew up at step 6" in [label.text() for label in view.findChildren(QLabel) if label.isVisible()]


@pytest.mark.parametrize("size", [(400, 300), (700, 600), (1280, 700), (260, 160)])
@pytest.mark.parametrize("azimuth", [-52, -90, 0, 37, 180])
def test_no_number_is_cut_off_or_covers_another(
    view: ReliefView, theme: Theme, size: tuple[int, int], azimuth: float
) -> None:
    view.resize(*size)
    view._camera = Camera(azimuth)
    show(view, a_frame(BOWL, a_run(BOWL, (0.5, 0.8))))
    assert view._view is not None
    picture = QImage(*size, QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    painter.setFont(view.font())
    axes = Axes(painter, view._view, theme, band_colours(view._view.terrain.levels.size))
    axes.paint()
    painter.end()
    assert len(axes.taken) >= (7 if min(size) >= 300 else 3)
    for i, box in enumerate(axes.taken):
        assert QRectF(0, 0, *size).contains(box)
        assert not any(box.intersects(other) for other in axes.taken[:i])


def test_nothing_is_drawn_before_there_is_a_landscape(view: ReliefView, theme: Theme) -> None:
    frame = replace(a_frame(BOWL, a_run(BOWL, (0.5, 0.8))), landscape=None)
    image = show(view, frame)
    assert image.pixelColor(350, 120).name() == theme.panel


@pytest.mark.parametrize("logarithmic", [True, False])
def test_logarithmic_height_lifts_low_ground(view: ReliefView, logarithmic: bool) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (0.5, 0.8))))
    linear = place(view, 0.5, 0.5).y()
    view.set_logarithmic(logarithmic)
    view.grab()
    assert (place(view, 0.5, 0.5).y() < linear - 10) == logarithmic
