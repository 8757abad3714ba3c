"""What the captions of the scenarios on surfaces claim, seen in the numbers of their runs."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from gdviz.core.history import Table
from gdviz.core.run import Run
from gdviz.core.scenario import load_scenario, to_toml, with_keys

Descents = Callable[..., dict[str, Table]]


@pytest.fixture
def descents(finish_runs: Callable[[str], list[Run]]) -> Descents:
    """A function that runs a scenario to its end, keys changed on request: the past of each run by its label."""

    def run(scenario: str, **changes: object) -> dict[str, Table]:
        runs = finish_runs(to_toml(with_keys(load_scenario(scenario), 0, changes, scenario)))
        return {run.label: run.history.table() for run in runs}

    return run


def first_below(cost: float, past: Table) -> float:
    below = np.flatnonzero(past.cost < cost)
    return int(below[0]) if len(below) else math.inf


def below_for_good(cost: float, past: Table) -> int:
    return int(np.flatnonzero(past.cost >= cost)[-1]) + 1


def test_the_start_decides_which_valley_is_found_but_momentum_rolls_on(descents: Descents) -> None:
    ends = {label: float(past.cost[-1]) for label, past in descents("two-valleys").items()}
    assert ends == {
        "from the right": pytest.approx(-1.09, abs=0.005),
        "from the left": pytest.approx(-5.03, abs=0.005),
        "from x = 0.3": pytest.approx(-1.09, abs=0.005),
        "from x = 0.1": pytest.approx(-5.03, abs=0.005),
        "from the right, momentum": pytest.approx(-5.03, abs=0.005),
    }


def test_momentum_is_faster_along_the_ravine_and_too_much_of_it_is_not(descents: Descents) -> None:
    slow, fast, best, too_much = descents("ravine-and-momentum").values()
    assert [below_for_good(0.01, past) for past in (slow, fast, best)] == [126, 70, 32]
    assert slow.knobs[1, 1] == 0  # on the floor
    assert (fast.knobs[:20:2, 1] > 0).all()  # from wall
    assert (fast.knobs[1:20:2, 1] < 0).all()  # to wall
    assert too_much.knobs[:, 0].max() > 5
    assert too_much.cost[100:].max() > 0.01


def test_the_saddle_holds_a_ball_on_the_ridge_and_delays_one_beside_it(descents: Descents) -> None:
    ridge, beside, momentum, adam = descents("saddle").values()
    assert ridge.cost[-1] == 1
    assert np.abs(beside.cost[20:50] - 1).max() < 0.01
    assert first_below(0.9, beside) == 67
    assert first_below(0.9, momentum) == 32
    for past in (beside, momentum, adam):
        assert past.cost[-1] == pytest.approx(-1, abs=1e-3)
    assert math.cos(adam.knobs[0, 0]) == pytest.approx(6e-17, rel=0.03)
    assert all((past.knobs.min() > -2) and (past.knobs.max() < 2) for past in (ridge, beside, momentum, adam))


def test_a_plateau_delays_those_whose_step_shrinks_with_the_slope(descents: Descents) -> None:
    plain, momentum, rmsprop, adam = descents("plateau").values()
    assert plain.grad_norm[0] == pytest.approx(0.003, abs=0.0005)
    assert plain.travelled[1] == pytest.approx(0.001, rel=0.01)
    assert plain.cost[200] > 0.98
    assert plain.cost[230] < 1e-3
    assert [first_below(0.5, past) < 50 for past in (momentum, rmsprop, adam)] == [True] * 3


def test_no_ball_moves_on_the_stairs_and_every_ball_on_the_smooth_cost(descents: Descents) -> None:
    for past in descents("stair-step").values():
        assert (past.knobs == past.knobs[0]).all()
        assert past.travelled[-1] == 0
        assert past.cost[0] >= 1
    for past in descents("stair-step", name="smooth-step").values():
        assert (np.diff(past.cost) <= 1e-12).all()
        assert abs(past.knobs[-1, 0]) < 0.01


def test_the_race_is_run_as_told(descents: Descents) -> None:
    race = descents("optimizer-race")
    home = {label: first_below(1e-4, past) for label, past in race.items()}
    assert min(home, key=home.__getitem__) == "exact line search"
    assert [label for label, step in home.items() if step == math.inf] == ["Lion"]
    assert min(past.knobs[:, 1].min() for label, past in race.items() if label != "momentum") > -0.6
    assert race["momentum"].knobs[:, 1].min() < -0.9
    assert race["AdaGrad"].travelled[1] == pytest.approx(1)
    steps = np.diff(race["Lion"].knobs, axis=0)
    np.testing.assert_allclose(np.abs(steps[1:]), 0.04, rtol=1e-9)  # at the start the slope by x is zero
    steps = np.diff(race["exact line search"].knobs, axis=0)
    assert np.abs((steps[1:] * steps[:-1]).sum(axis=1)).max() < 1e-6


def test_the_valley_is_soon_found_and_long_to_follow(descents: Descents) -> None:
    race = descents("rosenbrock-race")
    assert all(len(past.step) == 20_001 for past in race.values())
    x, y = race["gradient descent"].knobs[2]
    assert abs(y - x * x) < 0.01
    home = {label: first_below(1e-6, past) for label, past in race.items()}
    assert [home[label] for label in ("gradient descent", "Nesterov", "momentum")] == [15_068, 1_426, 1_386]
    for label in ("Adam", "Lion"):
        assert race[label].cost[int(home[label]) :].max() > 1e-3
    assert home["RMSProp"] == math.inf
    assert race["RMSProp"].cost[-1] < 1e-4
