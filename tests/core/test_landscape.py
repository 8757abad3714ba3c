from itertools import pairwise

import numpy as np
import pytest

from gdviz.core.datasets import DataSet
from gdviz.core.digits import Digits
from gdviz.core.landscape import EXTENT, SLICE_IMAGES, SLICE_POINTS, Slice, digits_slices
from gdviz.core.landscape import doublings_to_hold as doublings
from gdviz.core.landscape import surface_landscape as landscape
from gdviz.core.network import Network
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


@pytest.fixture
def digits(mnist: DataSet) -> Digits:
    return Digits(Network((784, 16, 16, 10)), mnist, mnist.train_labels[:1200], "xavier")


def test_slices_come_coarse_then_fine_and_can_be_left_in_between(digits: Digits) -> None:
    theta = digits.start(np.random.default_rng(0))
    yielded = list(digits_slices(digits, theta, 1240, seed=0))
    slices = [made for made in yielded if isinstance(made, Slice)]
    assert [len(made.landscape.x) for made in slices] == list(SLICE_POINTS)
    # Between any two slices whoever drives it can stop at every point.
    at = [-1] + [i for i, made in enumerate(yielded) if made is not None]
    assert [b - a - 1 for a, b in pairwise(at)] == [SLICE_POINTS[0] ** 2 + 1, SLICE_POINTS[1] ** 2]
    assert slices[0].plane is slices[1].plane


def test_a_slice_is_the_cost_through_the_ball_and_says_what_it_is(digits: Digits) -> None:
    theta = digits.start(np.random.default_rng(0))
    plane, made = next(x for x in digits_slices(digits, theta, 1240, seed=0) if x is not None)
    images, labels = digits.images[:SLICE_IMAGES] / np.float32(255), digits.labels[:SLICE_IMAGES]
    middle = SLICE_POINTS[0] // 2
    cost, gradient = digits.network.cost_and_gradient(theta, images, labels)
    assert made.costs[middle, middle] == pytest.approx(cost, rel=1e-5)
    np.testing.assert_allclose(made.x[[0, -1]], [-EXTENT, EXTENT])
    assert made.costs[middle, middle + 1] < cost < made.costs[middle, middle - 1]  # the first axis goes downhill
    cosine = plane.directions[0] @ gradient / np.linalg.norm(plane.directions[0]) / np.linalg.norm(gradient)
    assert cosine == pytest.approx(-1, abs=1e-5)
    for part in ("1,000 images", "17 × 17", "step 1,240"):
        assert part in made.note
    assert made.labels == ("along the negative slope", "a random direction")


def test_a_small_set_says_how_many_images_there_were(mnist: DataSet) -> None:
    digits = Digits(Network((784, 4, 10)), mnist, mnist.train_labels[:50], "xavier")
    theta = digits.start(np.random.default_rng(0))
    made = next(x for x in digits_slices(digits, theta, 0, seed=0) if x is not None)
    assert "50 images" in made.landscape.note


@pytest.mark.parametrize("init", ["xavier", "he", "normal", "zeros"])
def test_every_start_has_a_slice(mnist: DataSet, init: str) -> None:
    digits = Digits(Network((784, 4, 10)), mnist, mnist.train_labels[:100], init)  # type: ignore[arg-type] # a str
    theta = digits.start(np.random.default_rng(0))
    for made in digits_slices(digits, theta, 0, seed=0):
        if made is not None:
            assert np.isfinite(made.landscape.costs).all()
            assert np.ptp(made.landscape.costs) > 0
