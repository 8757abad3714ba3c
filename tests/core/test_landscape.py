import numpy as np
import pytest

from gdviz.core.landscape import doublings_to_hold as doublings
from gdviz.core.landscape import surface_landscape as landscape
from gdviz.core.surface import Surface
from gdviz.core.surfaces import SURFACES

PARABOLA, BOWL = (next(s for s in SURFACES if s.name == name) for name in ("parabola", "bowl"))


def test_a_cost_of_one_knob_is_a_curve() -> None:
    made = landscape(PARABOLA, 0)
    np.testing.assert_allclose(made.x[[0, -1]], [-6, 6])
    assert not made.y.size
    np.testing.assert_allclose(made.costs, made.x**2)
    assert made.labels == ("w", "cost")
    assert made.note == ""  # the cost itself


def test_a_cost_of_two_knobs_is_a_map_whose_rows_are_y() -> None:
    stretched = Surface(
        name="stretched",
        description="",
        formula="",
        default_start=(1.0, 1.0),
        domain=((0.0, 2.0), (-1.0, 3.0)),
        function=lambda x, y: x + 10 * y,
        slope=lambda x, y: (1.0, 10.0),
    )
    made = landscape(stretched, 0)
    np.testing.assert_allclose((made.x[0], made.x[-1], made.y[0], made.y[-1]), (0, 2, -1, 3))
    np.testing.assert_allclose(made.costs, made.x[None, :] + 10 * made.y[:, None])
    grown = landscape(stretched, 2)
    np.testing.assert_allclose((grown.x[0], grown.x[-1], grown.y[0], grown.y[-1]), (-3, 5, -7, 9))


@pytest.mark.parametrize("surface", SURFACES, ids=lambda s: s.name)
def test_every_surface_has_a_picture_around_its_start(surface: Surface) -> None:
    made = landscape(surface, 0)
    assert np.isfinite(made.costs).all()
    assert made.costs.dtype == np.float64
    assert np.ptp(made.costs) > 0
    assert doublings(surface, np.array([surface.default_start])) == 0


@pytest.mark.parametrize(
    ("w", "expected"), [(0, 0), (6, 0), (-6, 0), (6.001, 1), (12, 1), (-12.1, 2), (96, 4), (1e300, 509)]
)
def test_a_view_doubles_until_it_holds_the_ball(w: float, expected: int) -> None:
    assert doublings(PARABOLA, np.array([[1.0], [w], [0.0]])) == expected


def test_the_axis_that_needs_more_counts() -> None:
    assert doublings(BOWL, np.array([[1.0, 1.0], [3.0, -5.0]])) == 2


def test_the_largest_view_can_still_be_drawn() -> None:
    made = landscape(PARABOLA, doublings(PARABOLA, np.array([[np.finfo(float).max]])))
    assert np.isfinite(made.x).all()
    assert np.isfinite(made.costs).all()
