"""Every analytic cost of the catalogue: its gradient against finite differences, its minima, its first view."""

from itertools import pairwise

import numpy as np
import pytest

from gdviz.core.surface import Surface
from gdviz.core.surfaces import SURFACES

each_surface = pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
each_smooth = pytest.mark.parametrize("surface", [s for s in SURFACES if s.smooth], ids=lambda surface: surface.name)
BY_NAME = {surface.name: surface for surface in SURFACES}
H = 6e-6


def points(surface: Surface, n: int) -> np.ndarray:
    low, high = np.array(surface.domain).T
    return np.random.default_rng(0).uniform(low, high, (n, surface.n_params))


def gradient_at(surface: Surface, theta: np.ndarray) -> np.ndarray:
    gradient = np.full(surface.n_params, np.nan)
    surface.cost_and_gradient(theta, gradient)
    return gradient


def hessian_at(surface: Surface, theta: np.ndarray) -> np.ndarray:
    offsets = H * np.eye(surface.n_params)
    rows = [gradient_at(surface, theta + step) - gradient_at(surface, theta - step) for step in offsets]
    return np.array(rows) / (2 * H)


def newton(surface: Surface, theta: np.ndarray, steps: int = 20) -> np.ndarray:
    for _ in range(steps):
        theta = theta - np.linalg.lstsq(hessian_at(surface, theta), gradient_at(surface, theta))[0]
    return theta


def test_every_entry_has_its_own_name_and_says_what_it_is() -> None:
    assert len(BY_NAME) == len(SURFACES)
    for surface in SURFACES:
        assert surface.name == surface.name.lower().replace(" ", "-")
        assert surface.formula.startswith(f"C({', '.join(surface.knobs)}) = ")
        assert surface.description.endswith(".")
        assert "\n" not in surface.description


@each_surface
def test_the_gradient_is_the_slope(surface: Surface) -> None:
    # None of these points is within H of a jump or a cusp, where a difference quotient means nothing.
    for theta in points(surface, 200):
        gradient = gradient_at(surface, theta)
        for knob, step in enumerate(H * np.eye(surface.n_params)):
            numeric = (surface.costs(theta + step) - surface.costs(theta - step)) / (2 * H)
            assert abs(gradient[knob] - numeric) < 1e-6 * max(1.0, float(np.linalg.norm(gradient)))


@each_surface
def test_many_points_at_once_are_each_of_them(surface: Surface) -> None:
    thetas = np.concatenate([points(surface, 23), np.zeros((1, surface.n_params))])
    costs, gradients = surface.costs_and_gradients(thetas)
    assert costs.shape == (24,)
    assert gradients.shape == thetas.shape
    np.testing.assert_array_equal(surface.costs(thetas.reshape(2, 3, 4, -1)).ravel(), costs)
    for theta, cost, gradient in zip(thetas, costs, gradients, strict=True):
        mine = np.empty(surface.n_params)
        # An array's functions may round otherwise than those of one number, hence not equal to the last bit.
        assert surface.cost_and_gradient(theta, mine) == pytest.approx(cost, rel=1e-13, abs=1e-13)
        np.testing.assert_allclose(mine, gradient, rtol=1e-13, atol=1e-13)


@each_smooth
def test_the_known_minima_are_minima(surface: Surface) -> None:
    for known in map(np.array, surface.minima):
        refined = newton(surface, known)
        np.testing.assert_allclose(refined, known, atol=1e-9)
        assert np.linalg.norm(gradient_at(surface, refined)) < 1e-6
        hessian = hessian_at(surface, known)
        np.testing.assert_allclose(hessian, hessian.T, rtol=1e-6, atol=1e-6)
        assert np.linalg.eigvalsh(hessian)[0] > 0


@each_surface
def test_the_first_minimum_is_the_lowest(surface: Surface) -> None:
    minima = [surface.costs(np.array(minimum)) for minimum in surface.minima]
    assert all(lower <= higher + 1e-12 for lower, higher in pairwise(minima))
    # The monkey saddle has no floor.
    assert surface.minima or surface.name == "monkey-saddle"
    if surface.minima:
        assert minima[0] <= surface.costs(points(surface, 10_000)).min()


# Rastrigin has a minimum in each of 121 unit squares: all but the lowest are left unmarked.
@pytest.mark.parametrize("surface", [s for s in SURFACES if s.smooth and s.name != "rastrigin"], ids=lambda s: s.name)
def test_no_minimum_in_the_first_view_is_missing(surface: Surface) -> None:
    low, high = np.array(surface.domain).T
    with np.errstate(all="ignore"):  # Newton's method from just anywhere may go anywhere
        found = [newton(surface, theta, 30) for theta in points(surface, 200)]
        found = [theta for theta in found if ((low <= theta) & (theta <= high)).all()]
        found = [theta for theta in found if np.linalg.norm(gradient_at(surface, theta)) < 1e-9]
        found = [theta for theta in found if np.linalg.eigvalsh(hessian_at(surface, theta))[0] > 1e-3]
    for theta in found:
        assert min(np.linalg.norm(theta - np.array(known)) for known in surface.minima) < 1e-6
    for known in surface.minima:
        assert min(np.linalg.norm(theta - np.array(known)) for theta in found) < 1e-6


@each_surface
def test_the_start_is_fresh_and_in_view(surface: Surface) -> None:
    first, second = (surface.start(np.random.default_rng(seed)) for seed in (0, 1))
    np.testing.assert_array_equal(first, second)
    assert first is not second
    assert first.dtype == np.float64
    assert all(low < value < high for value, (low, high) in zip(first, surface.domain, strict=True))
    gradient = np.empty(surface.n_params)
    assert np.isfinite(surface.cost_and_gradient(first, gradient))
    assert np.isfinite(gradient).all()
    assert surface.starting_at((0.5,) * surface.n_params).start(np.random.default_rng(0)).tolist() == [0.5] * len(first)


def test_what_is_not_smooth_says_so_and_has_no_slope_there() -> None:
    """Ackley and the ripples have a cusp at the origin; the stairs jump at each input of the neuron."""
    corners = {"ackley": np.zeros((1, 2)), "ripples": np.zeros((1, 2)), "stair-step": np.arange(-3.5, 4)[:, None]}
    assert {surface.name for surface in SURFACES if not surface.smooth} == set(corners)
    for name, places in corners.items():
        surface = BY_NAME[name]
        for place in places:
            assert not gradient_at(surface, place).any()
            steps = np.stack([place - H, place + H])
            if name == "stair-step":
                assert abs(np.diff(surface.costs(steps))) == 1
            else:  # the slope jumps to the other side: more than any curvature could make of so short a way
                assert (surface.costs_and_gradients(steps)[1] * [[-1], [1]] > 1e-3).all()


def test_the_stairs_are_the_smooth_cost_with_hard_steps() -> None:
    smooth, stairs = BY_NAME["smooth-step"], BY_NAME["stair-step"]
    w = np.linspace(-4, 4, 1000)[:, None]
    assert set(stairs.costs(w)) == {0, 1, 2, 3, 4}
    assert np.abs(smooth.costs(w) - stairs.costs(w)).max() < 0.8
    assert not stairs.costs_and_gradients(w)[1].any()
    walk = np.linspace(0.2, 4, 500)[:, None]
    assert (smooth.costs_and_gradients(walk)[1] > 0.3).all()  # downhill all the way


@pytest.mark.parametrize(
    ("name", "theta", "cost"),
    [
        ("parabola", (5,), 25),
        ("bowl", (3, 4), 25),
        ("saddle", (np.pi / 2, 0), 1),
        ("rosenbrock", (-1.2, 1), 24.2),
        ("himmelblau", (0, 0), 170),
        ("beale", (0, 0), 14.203125),
        ("booth", (0, 0), 74),
        ("six-hump-camel", (0.0898420131, -0.7126564033), -1.0316284535),
        ("ackley", (1, 0), 20 * (1 - np.exp(-0.2 * np.sqrt(0.5)))),
        ("rastrigin", (1, 2), 5),
        ("styblinski-tang", (-2.903534, -2.903534), -78.33233),
        # and the formulas of gradient_descent_viz at its start, in its own notation
        ("elliptic-bowl", (1.5, 1.5), -np.exp(-(0.75**2 + 5 * 0.75**2)) + 0.75**2 + 0.5 * 0.75**2),
        (
            "two-valleys",
            (0.5, 0.5),
            -2 * np.exp(-(0.25 + 0.49) / 0.2) - 6 * np.exp(-(2.25 + 0.49) / 0.2) + 0.25 + 0.49,
        ),
        (
            "hills",
            (0.5, -0.5),
            2 * np.exp(-(0.25 + 0.49) / 0.2)
            + 6 * np.exp(-(2.25 + 0.49) / 0.2)
            - 2 * np.exp(-(0.25 + 0.09) / 0.2)
            + (0.25 + 0.49),
        ),
        ("ripples", (0.3, 0.4), -np.sin(5.01) / 5.01 + 0.01 * 5.01**2),
    ],
)
def test_known_values_hold(name: str, theta: tuple[float, ...], cost: float) -> None:
    assert BY_NAME[name].costs(np.array(theta, float)) == pytest.approx(cost, rel=1e-7)
