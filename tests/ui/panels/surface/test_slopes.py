"""The field of slopes, and the crosses at the minima."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from PySide6.QtGui import QColor

from gdviz.core.surfaces import SURFACES
from gdviz.ui.panels.surface.pixels import Pixels
from gdviz.ui.panels.surface.slopes import field

if TYPE_CHECKING:
    from collections.abc import Callable

    from gdviz.core.frame import Floats
    from gdviz.core.problem import Problem
    from tests.ui.panels.surface.conftest import Cost, Frames, Screen

VIEW = Pixels((-2, 2), (-1, 1), 400, 600)
"""twelve pixels up for one across: directions on screen are not those of the plane"""


def arrows_of(cost: Cost, slope: Callable[[Floats], Floats]) -> tuple[Floats, Floats, Floats]:
    """Middles, unit directions and lengths of the arrows, from their tips and the middles of their ends."""
    corners = field(cast("Problem", replace(cost, slope=slope)), VIEW, 40)
    tips, ends = corners[:, 0], corners[:, 3:5].mean(axis=1)
    along = tips - ends
    lengths = np.hypot(*along.T)
    return (tips + ends) / 2, along / lengths[:, None], lengths


def test_arrows_stand_on_an_even_grid_and_point_down_the_slope_as_it_is_on_screen(frames: Frames) -> None:
    middles, towards, _ = arrows_of(frames.bowl, frames.bowl.slope)
    assert len(middles) == 10 * 15
    np.testing.assert_allclose(np.unique(middles[:, 0].round(6)), np.arange(20, 400, 40))
    np.testing.assert_allclose(np.unique(middles[:, 1].round(6)), np.arange(20, 600, 40))
    x, y = middles[:, 0] / 100 - 2, 1 - middles[:, 1] / 300
    down = np.stack([-2 * x * 100, 6 * y * 300], axis=1)  # pixels count downwards
    np.testing.assert_allclose(towards, down / np.hypot(*down.T)[:, None], atol=1e-9)


def test_lengths_are_even_in_the_logarithm_of_the_slope(frames: Frames) -> None:
    # Ten times as steep from each column to the next.
    _, _, lengths = arrows_of(frames.bowl, lambda t: np.stack([10.0 ** (t[:, 0] / 0.4), 0 * t[:, 0]], axis=1))
    row = lengths.reshape(15, 10)[0]
    # The four highest decades grow evenly; what is flatter has the shortest length.
    np.testing.assert_allclose(np.diff(row[5:]), np.diff(row[5:])[0])
    assert row[6] > row[5]
    np.testing.assert_allclose(row[:6], row[0])
    assert row[0] == pytest.approx(0.25 * 40)
    assert row[-1] == pytest.approx(0.85 * 40)


def test_no_arrow_where_the_slope_is_zero_or_unknown(frames: Frames) -> None:
    def slope(t: Floats) -> Floats:
        x = t[:, 0]
        return np.stack([np.where(x < -1, 0.0, np.where(x < 0, np.nan, np.where(x < 1, np.inf, 3e200))), 0 * x], axis=1)

    middles, towards, lengths = arrows_of(frames.bowl, slope)
    np.testing.assert_allclose(np.unique(middles[:, 0].round(6)), (300, 340, 380))
    assert len(middles) == 3 * 15
    np.testing.assert_allclose(towards, np.broadcast_to((-1, 0), towards.shape))
    np.testing.assert_allclose(lengths, 0.85 * 40)


def test_the_field_is_made_again_only_for_another_view(screen: Screen, frames: Frames) -> None:
    plain = screen.show(frames.on_bowl((1.0, 1.0)))
    screen.panel.toggle_slopes()
    assert screen.picture() != plain
    slopes = screen.map._slopes
    before = slopes.path()
    screen.show(replace(frames.on_bowl((0.5, 1.0)), landscape=screen.map._landscape))
    assert slopes.path() == before
    screen.map._view.scaleBy((0.5, 0.5), (1.0, 1.0))
    assert slopes.path() != before
    screen.panel.toggle_slopes()
    assert not slopes.isVisible()


def test_one_knob_has_no_field(screen: Screen, frames: Frames) -> None:
    screen.panel.toggle_slopes()
    screen.show(frames.on_bowl((1.0, 1.0)))
    screen.show(frames.on_parabola(5.0))
    assert not screen.map._slopes.isVisible()


def test_known_minima_have_a_cross(screen: Screen, frames: Frames) -> None:
    image = screen.show(frames.on_bowl((-1.5, 1.0)))

    def brightest(right: int, down: int) -> int:
        # The middle is up to half a pixel off.
        near = [(right + i, down + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        return max(QColor(screen.colour(image, 0, 0, *offset)).lightness() for offset in near)

    for right, down in ((0, 0), (3, 3), (-3, 3), (3, -3), (-3, -3)):
        assert brightest(right, down) > 180
    for beside in (-5, 5):
        assert QColor(screen.colour(image, 0, 0, right=beside)).lightness() < 80  # the casing, or the lowest band
    screen.map._view.setRange(xRange=(0.5, 2), yRange=(0.5, 2), padding=0)
    assert screen.map._minima.path().isEmpty()
    image = screen.show(frames.on_parabola(5.0))
    theme = screen.map._theme
    cross, text, ground = (QColor(c).lightness() for c in (screen.colour(image, 0, 0), theme.text, theme.panel))
    assert abs(cross - text) < abs(cross - ground)


def test_the_crosses_of_every_surface_are_at_its_lowest_costs_in_view() -> None:
    for surface in SURFACES:
        if surface.minima and surface.n_params == 2:
            lowest = float(surface.costs(np.array([surface.minima[0]]))[0])
            sides = [np.linspace(*side, 101) for side in surface.domain]
            with np.errstate(all="ignore"):
                costs = surface.costs(np.stack(np.meshgrid(*sides), axis=-1))
            assert lowest <= np.nanmin(costs) + 1e-6 * max(1, abs(lowest)), surface.name
