"""Values between evenly spaced ones, against functions that are known everywhere."""

import numpy as np
import pytest

from gdviz.core.slices import finer


@pytest.mark.parametrize("degree", [0, 1, 2])
@pytest.mark.parametrize("n", [3, 4, 17])
def test_finer_is_exact_for_parabolas(n: int, degree: int) -> None:
    polynomial = np.polynomial.Polynomial([2.0, -3.0, 0.7][: degree + 1])
    coarse, fine = np.linspace(-1, 4, n), np.linspace(-1, 4, 2 * n - 1)
    values = np.stack([polynomial(coarse), -polynomial(coarse)], axis=1)
    np.testing.assert_allclose(finer(values), np.stack([polynomial(fine), -polynomial(fine)], axis=1), atol=1e-12)


def test_finer_keeps_what_is_given_and_is_of_third_order() -> None:
    """Half the distance, about an eighth of what it is off by, at the edge as well."""
    off = []
    for n in (17, 33, 65):
        coarse, fine = np.linspace(0, 2, n), np.linspace(0, 2, 2 * n - 1)
        made = finer(np.sin(3 * coarse)[:, None])[:, 0]
        np.testing.assert_array_equal(made[::2], np.sin(3 * coarse))
        off.append(abs(made - np.sin(3 * fine)).max())
    assert off[0] > 7 * off[1] > 49 * off[2]


def test_finer_of_a_cubic_is_exact_inside() -> None:
    coarse, fine = np.linspace(-1, 1, 9), np.linspace(-1, 1, 17)
    made = finer((coarse**3)[:, None])[:, 0]
    np.testing.assert_allclose(made[2:-2], fine[2:-2] ** 3, atol=1e-12)
