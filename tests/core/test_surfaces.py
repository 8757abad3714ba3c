"""Every analytic cost against finite differences, at one point and at many."""

import numpy as np
import pytest

from gdviz.core.surfaces import SURFACES, Surface

each_surface = pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
H = 6e-6


def points(surface: Surface, n: int) -> np.ndarray:
    low, high = np.array(surface.domain).T
    return np.random.default_rng(0).uniform(low, high, (n, surface.n_params))


@each_surface
def test_the_gradient_is_the_slope(surface: Surface) -> None:
    for theta in points(surface, 50):
        gradient = np.empty(surface.n_params)
        cost = surface.cost_and_gradient(theta, gradient)
        assert cost == surface.costs(theta)
        for knob in range(surface.n_params):
            step = H * np.eye(surface.n_params)[knob]
            numeric = (surface.costs(theta + step) - surface.costs(theta - step)) / (2 * H)
            assert gradient[knob] == pytest.approx(numeric, rel=1e-6, abs=1e-8)


@each_surface
def test_many_points_at_once_are_each_of_them(surface: Surface) -> None:
    thetas = points(surface, 20)
    costs, gradients = surface.costs_and_gradients(thetas)
    assert costs.shape == (20,)
    assert gradients.shape == thetas.shape
    np.testing.assert_array_equal(surface.costs(thetas.reshape(4, 5, -1)).ravel(), costs)
    for theta, cost, gradient in zip(thetas, costs, gradients, strict=True):
        mine = np.empty(surface.n_params)
        assert surface.cost_and_gradient(theta, mine) == cost
        np.testing.assert_array_equal(mine, gradient)


@each_surface
def test_the_start_is_fresh_and_in_view(surface: Surface) -> None:
    first, second = (surface.start(np.random.default_rng(seed)) for seed in (0, 1))
    np.testing.assert_array_equal(first, second)
    assert first is not second
    assert first.dtype == np.float64
    assert all(low < value < high for value, (low, high) in zip(first, surface.domain, strict=True))
    assert surface.starting_at((0.5,) * surface.n_params).start(np.random.default_rng(0)).tolist() == [0.5] * len(first)


def test_names_are_unique_and_known_values_hold() -> None:
    by_name = {surface.name: surface for surface in SURFACES}
    assert len(by_name) == len(SURFACES)
    assert by_name["parabola"].costs(np.array([5.0])) == 25
    assert by_name["bowl"].costs(np.array([3.0, 4.0])) == 25
