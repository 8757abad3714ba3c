"""CurveBuilder against a direct computation over the whole series."""

import sys
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdviz.core.curve import CurveBuilder
from gdviz.core.frame import Curve, Floats

COSTS = st.floats(-1e3, 1e3) | st.sampled_from([np.inf, -np.inf, np.nan, 1e300])


def direct(steps: list[int], costs: list[float], window: int, stride: int) -> Floats:
    """Rows of first step, low, high, mean and least mean, one bucket after the other."""
    rows = [(s, c) for s, c in zip(steps, costs, strict=True) if np.isfinite(c)]

    def mean(end: int) -> float:
        seen = [c for s, c in rows if end - window < s <= end]
        return sum(c / len(seen) for c in seen)

    buckets = []
    for start in sorted({s // stride * stride for s, _ in rows}):
        inside = [c for s, c in rows if start <= s < start + stride]
        means = [mean(s) for s, _ in rows if start <= s < start + stride]
        buckets.append((start, min(inside), max(inside), means[-1], min(means)))
    return np.array(buckets, dtype=float).reshape(-1, 5).T


def arrays(curve: Curve) -> Floats:
    return np.stack([curve.steps, curve.low, curve.high, curve.mean, curve.least])


@given(
    costs=st.lists(COSTS, max_size=60),
    gaps=st.lists(st.integers(1, 5), min_size=60, max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=5),
    window=st.integers(1, 12),
    budget=st.integers(2, 9),
)
def test_pieces_of_any_size_give_the_direct_result(
    costs: list[float], gaps: list[int], cuts: list[int], window: int, budget: int
) -> None:
    steps = np.cumsum(gaps)[: len(costs)] - 1
    builder = CurveBuilder(window, budget)
    for piece in np.split(np.arange(len(costs)), sorted(min(c, len(costs)) for c in cuts)):
        builder.extend(steps[piece], np.array(costs)[piece])
    curve = builder.curve()
    np.testing.assert_allclose(arrays(curve), direct(list(steps), costs, window, curve.stride), rtol=1e-9, atol=1e-9)
    assert len(curve.steps) <= budget
    coarser_than_needed = curve.stride > 1 and direct(list(steps), costs, 1, curve.stride // 2).shape[1] <= budget
    assert not coarser_than_needed


def test_window_of_one_is_the_cost_itself() -> None:
    costs = 25 * 0.64 ** np.arange(40.0)
    builder = CurveBuilder(window=1)
    builder.extend(np.arange(40), costs)
    np.testing.assert_array_equal(builder.curve().mean, costs)
    assert builder.curve().stride == 1


def test_fifty_thousand_rows_at_once_equal_a_thousand_pieces() -> None:
    rng = np.random.default_rng(0)
    steps, costs = np.arange(50_000), rng.exponential(size=50_000)
    whole, pieces = CurveBuilder(100), CurveBuilder(100)
    whole.extend(steps, costs)
    for i in range(0, 50_000, 50):
        pieces.extend(steps[i : i + 50], costs[i : i + 50])
    assert whole.curve().stride == pieces.curve().stride == 32
    np.testing.assert_allclose(arrays(whole.curve()), arrays(pieces.curve()), rtol=1e-12)
    assert whole.curve().mean[-1] == pytest.approx(costs[-100:].mean())


def test_one_huge_cost_leaves_no_rounding_behind() -> None:
    builder = CurveBuilder(window=4)
    builder.extend(np.arange(3), np.array([1.0, sys.float_info.max, sys.float_info.max]))
    assert np.isfinite(builder.curve().mean).all()
    builder.extend(np.arange(3, 20), np.full(17, 0.1))
    np.testing.assert_allclose(builder.curve().mean[6:], 0.1, rtol=1e-14)


def test_a_curve_handed_out_stays_as_it_is() -> None:
    builder = CurveBuilder(window=2, budget=4)
    builder.extend(np.arange(3), np.array([3.0, 2.0, 1.0]))
    curve = builder.curve()
    assert builder.curve() is curve
    builder.extend(np.array([3]), np.array([np.nan]))
    assert builder.curve() is curve, "nothing was added"
    builder.extend(np.arange(4, 9), np.full(5, 9.0))
    np.testing.assert_array_equal(arrays(curve), [[0, 1, 2], [3, 2, 1], [3, 2, 1], *2 * [[3, 2.5, 1.5]]])
    assert builder.curve().stride == 4


def test_the_work_does_not_grow_with_the_history() -> None:
    """60 us for 100 rows is the aim; the bound here allows for a machine that is busy with other things."""
    rng = np.random.default_rng(0)
    builder = CurveBuilder(100)
    builder.extend(np.arange(2_000_000), rng.exponential(size=2_000_000))
    steps, costs = np.arange(2_000_000, 2_000_100), rng.exponential(size=100)
    times = []
    for i in range(50):
        began = perf_counter()
        builder.extend(steps + 100 * i, costs)
        builder.curve()
        times.append(perf_counter() - began)
    assert min(times) < 300e-6
