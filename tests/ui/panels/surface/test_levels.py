import numpy as np
import pytest

from gdviz.core.frame import Floats
from gdviz.ui.panels.surface.levels import MOST, level_text, nice_levels


def test_even_levels_are_round_and_inside() -> None:
    levels = nice_levels(np.linspace(0.13, 9.1, 1000))
    np.testing.assert_allclose(levels, np.arange(0.5, 9.1, 0.5))


def test_levels_of_a_steep_valley_are_spaced_by_their_logarithm() -> None:
    x, y = np.meshgrid(np.linspace(-2, 2, 200), np.linspace(-1, 3, 200))
    levels = nice_levels((1 - x) ** 2 + 100 * (y - x**2) ** 2)
    assert 8 <= levels.size <= MOST
    assert {1.0, 10.0, 100.0, 1000.0} <= set(np.round(levels, 9))


def test_levels_above_a_low_minimum_are_round_where_they_differ_from_it() -> None:
    rise = np.geomspace(1e-4, 100, 4000)
    levels = nice_levels(rise - 1.0316)
    written = [level_text(level) for level in levels]
    assert {"−0.9", "0", "10"} <= set(written)
    assert "−0" not in written
    for text, rises in zip(written, levels + 1.0316, strict=True):
        # Written to the first digit of the rise above the minimum; rounding may halve the smallest.
        assert len(text.partition(".")[2]) <= max(0, 1 - np.floor(np.log10(rises))), (text, rises)


@pytest.mark.parametrize("costs", [np.full(9, 3.0), np.full(9, np.inf), np.full(9, np.nan)])
def test_a_plateau_has_no_levels(costs: Floats) -> None:
    assert nice_levels(costs).size == 0


def test_infinite_costs_do_not_move_the_levels() -> None:
    costs = np.linspace(0, 9, 100)
    np.testing.assert_array_equal(nice_levels(np.append(costs, np.inf)), nice_levels(costs))
