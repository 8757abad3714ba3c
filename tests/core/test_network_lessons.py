"""What the captions of the scenarios on the digit network's landscape claim, seen in the numbers of their runs."""

import numpy as np
import pytest

from gdviz.core.curvature import network_sharpness
from gdviz.core.digits import Digits
from gdviz.core.generators import finished
from gdviz.core.plane import Plane
from gdviz.core.run import Run, build
from gdviz.core.scenario import load_scenario, with_keys


def shipped(name: str, **changes: object) -> list[Run]:
    return build(with_keys(load_scenario(name), 0, changes, name))


def take(run: Run, steps: int) -> None:
    while run.step < steps:
        run.advance()


def sharpness(run: Run) -> float:
    assert isinstance(run.problem, Digits)
    images, labels = run.problem.sample(run.problem.n_examples)
    return finished(network_sharpness(run.problem.network, run.row.theta, images, labels)).value


def test_the_sharpness_climbs_to_the_edge_of_stability_and_stays_there() -> None:
    (run,) = shipped("edge-of-stability")
    borne = 2 / run.optimizer.learning_rate
    measured = {}
    for step in (0, 500, 1000, *range(2000, 2500, 100), *range(2500, 3001, 50)):
        take(run, step)
        measured[step] = sharpness(run) / borne
    assert run.ended == "3,000 epochs done"
    assert measured[0] < measured[500] < 0.6
    assert measured[500] < measured[1000] < 1.1
    # It jumps about the edge from step to step, and rounding decides where it is at a given one.
    for steps in (range(2000, 2500, 100), range(2500, 3001, 50)):
        assert 0.9 < np.median([measured[step] for step in steps]) < 1.25, measured
    assert 0.8 < np.median([measured[step] for step in range(2900, 3001, 50)]) < 1.3, measured
    cost = run.history.table().cost
    late = np.diff(cost[1500:])
    assert 0.2 < (late > 0).mean() < 0.6  # up and down from step to step,
    assert cost[3000] < cost[2500] < cost[2000] < cost[1000]  # and yet down


def test_a_network_of_on_off_neurons_does_not_move_on_its_terraces() -> None:
    (run,) = shipped("stair-step-network")
    assert isinstance(run.problem, Digits)
    take(run, 0)
    start = run.row.theta.copy()
    take(run, run.horizon)
    np.testing.assert_array_equal(run.row.theta, start)
    assert not run.history.table().grad_norm.any()
    net = run.problem.network
    plane = Plane.random(start, net, np.random.default_rng(run.spec.seed))
    grid = plane.cost_grid(net, *run.problem.sample(10), extent=0.5, n=65)
    assert len(np.unique(np.round(grid, 6))) < 40  # a handful of heights
    assert np.mean(grid[:, 1:] == grid[:, :-1]) > 0.7  # and mostly level


def test_the_same_network_of_sigmoids_learns() -> None:
    (run,) = shipped("stair-step-network", activation="sigmoid")
    take(run, run.horizon)
    cost = run.history.table().cost
    assert cost[-1] < 0.8 * cost[0]


def test_between_two_minima_there_is_a_ridge_as_high_as_knowing_nothing() -> None:
    one, two = shipped("two-minima")
    for run in (one, two):
        take(run, 2 * (run.steps_per_epoch or 0))
    assert isinstance(one.problem, Digits)
    images, labels = one.problem.sample(1000)
    costs = [
        one.problem.network.cost(one.row.theta + np.float32(part) * (two.row.theta - one.row.theta), images, labels)
        for part in (0.0, 0.5, 1.0)
    ]
    assert costs[0] == pytest.approx(costs[2], rel=0.3)
    nothing = 0.9  # all outputs at 0.1: 0.9^2 + 9 x 0.1^2
    assert costs[1] == pytest.approx(nothing, abs=0.15)
    assert max(costs[0], costs[2]) < 0.2
