from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtGui import QColor

if TYPE_CHECKING:
    from gdviz.ui.theme import Theme
    from tests.ui.panels.surface.conftest import Frames, Screen


def test_the_curve_the_ball_and_the_landing_are_where_the_numbers_say(
    screen: Screen, frames: Frames, theme: Theme
) -> None:
    image = screen.show(frames.on_parabola(5.0))
    place = screen.pixels()
    assert screen.colour(image, 5, 25) == QColor(theme.runs[0]).name()
    assert screen.colour(image, -3, 9) == QColor(theme.muted).name()  # the curve
    landing = screen.map._curve.landing
    np.testing.assert_allclose((landing.x(), landing.y()), place(np.array([4.0, 16.0])), atol=1e-6)
    assert screen.colour(image, 4, 16) == QColor(theme.panel).name()  # a hollow ring
    assert screen.colour(image, 5, 25, right=-25) != QColor(theme.panel).name() or (
        screen.colour(image, 5, 25, right=-28) != QColor(theme.panel).name()  # the jump is dashed
    )


def test_the_tangent_has_the_slope(screen: Screen, frames: Frames) -> None:
    screen.show(frames.on_parabola(5.0, 4.0))
    path = screen.map._curve._tangent.path()
    first, last = (path.elementAt(i) for i in range(2))
    scale_x, scale_y = screen.pixels().scale
    assert (last.y - first.y) / scale_y / ((last.x - first.x) / scale_x) == pytest.approx(8)


def test_earlier_positions_stay_as_dots(screen: Screen, frames: Frames, theme: Theme) -> None:
    image = screen.show(frames.on_parabola(5.0, -5.0, 4.5, -4.0, 2.0))
    assert screen.colour(image, -5, 25) == QColor(theme.runs[0]).name()
    # The line between them is fainter: neither the background nor the run's colour.
    line = {screen.colour(image, 0, 25, down=down) for down in (-1, 0, 1)} - {QColor(theme.panel).name()}
    assert line
    assert QColor(theme.runs[0]).name() not in line
