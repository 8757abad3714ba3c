"""The factor on the learning rate, at the steps where it matters."""

import math

import pytest

from gdviz.core.schedules import SCHEDULES, Constant, Cosine, Schedule, StepDecay, WarmUp


def factors(schedule: Schedule, horizon: int) -> list[float]:
    return [schedule.factor(step, horizon) for step in range(horizon)]


def test_constant() -> None:
    assert factors(Constant(), 5) == [1] * 5


def test_step_drops_at_even_intervals() -> None:
    assert factors(StepDecay(), 6) == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])
    assert factors(StepDecay(factor_per_drop=0.5, every=0.25), 8) == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]
    assert factors(StepDecay(every=1), 4) == [1] * 4


@pytest.mark.parametrize("horizon", [10, 100, 1000])
def test_a_drop_is_not_late_for_rounding(horizon: int) -> None:
    expected = [0.5 ** (10 * step // horizon) for step in range(horizon)]
    assert factors(StepDecay(factor_per_drop=0.5, every=0.1), horizon) == expected


def test_cosine() -> None:
    half = math.sqrt(0.5)
    assert factors(Cosine(), 4) == pytest.approx([1, (1 + half) / 2, 0.5, (1 - half) / 2])
    assert factors(Cosine(), 1000)[-1] == pytest.approx((math.pi / 1000) ** 2 / 4, rel=1e-5)


def test_warm_up() -> None:
    assert factors(WarmUp(share=0.5), 8) == [0.01, 0.25, 0.5, 0.75, 1, 1, 1, 1]
    assert WarmUp(share=0.1).factor(5, 100) == pytest.approx(0.5)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_last_factor_above_zero_goes_on(schedule: type[Schedule]) -> None:
    for horizon in (1, 2, 1000):
        every = factors(schedule(), horizon)
        assert all(0 < factor <= 1 for factor in every)
        for beyond in (horizon, horizon + 1, 50 * horizon):
            assert schedule().factor(beyond, horizon) == every[-1]
