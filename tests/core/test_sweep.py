"""Every rate of a sweep against a real descent at that rate."""

import math
from copy import copy
from itertools import pairwise

import numpy as np
import pytest

from gdviz.core.curvature import Zone
from gdviz.core.datasets import DataSet
from gdviz.core.descent import Exact, FullBatch, MiniBatches, Row, Streams, descend
from gdviz.core.digits import Digits
from gdviz.core.errors import InputError
from gdviz.core.network import Network
from gdviz.core.optimizer import Optimizer
from gdviz.core.optimizers import OPTIMIZERS, GradientDescent, HeavyBall, kind_of
from gdviz.core.schedules import Constant, Cosine, Schedule
from gdviz.core.surface import Surface
from gdviz.core.surfaces import SURFACES
from gdviz.core.sweep import RATES, Sweep, sweep

CATALOGUE = {surface.name: surface for surface in SURFACES}
RULES = [rule for rule in OPTIMIZERS if not rule.searches]
SOME = RATES[::6]


def swept(surface: Surface, optimizer: Optimizer, steps: int, schedule: Schedule, rates: np.ndarray = SOME) -> Sweep:
    theta = surface.start(np.random.default_rng(0))
    *_, found = sweep(surface, optimizer, schedule, Exact(), theta, steps, steps, rates)
    assert found is not None
    return found


def real(surface: Surface, optimizer: Optimizer, steps: int, schedule: Schedule) -> Row:
    """The last row of a descent."""
    theta = surface.start(np.random.default_rng(0))
    for row in descend(surface, optimizer, schedule, Exact(), theta, steps):
        if row is not None and (row.step == steps or not row.finite):
            return row
    raise AssertionError("a descent goes on or blows up")


def same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9) or not (math.isfinite(one) or math.isfinite(other))


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_every_rate_ends_where_a_real_descent_ends(surface: Surface) -> None:
    steps, schedule = 100, Cosine()
    for rule in RULES:
        found = swept(surface, rule(), steps, schedule)
        for i, rate in enumerate(found.rates.tolist()):
            row = real(surface, rule(learning_rate=rate), steps, schedule)
            said = f"{kind_of(rule)} at {rate}: {found.costs[i]}, really {row.cost}"
            assert found.blew_up[i] == (-1 if row.finite else row.step), said
            assert same(float(found.costs[i]), row.cost), said


def test_the_rates_are_61_from_1e_5_to_10() -> None:
    assert (len(RATES), RATES[0], RATES[-1]) == (61, pytest.approx(1e-5), pytest.approx(10))
    np.testing.assert_allclose(RATES[1:] / RATES[:-1], 10**0.1)


def test_the_worked_run() -> None:
    """C = w^2 from w = 5 for 3 steps: at 0.1 down to 6.5536, at 1.0 between 5 and -5, at 2.0 up to 25 x 9^3."""
    found = swept(CATALOGUE["parabola"], GradientDescent(), 3, Constant(), np.array([0.001, 0.1, 1.0, 2.0]))
    np.testing.assert_allclose(found.costs, [25 * 0.998**6, 6.5536, 25, 18225])
    assert found.blew_up.tolist() == [-1] * 4
    assert found.states == ("crawling", "converging", "bouncing", "unstable")
    assert (found.start_cost, found.steps, found.optimizer) == (25, 3, GradientDescent())


def test_zones_of_the_parabola_border_on_its_limits() -> None:
    """Also where all of them have long come to rest: what counts is how. Neighbouring rates are a factor 1.26 apart."""
    found = swept(CATALOGUE["parabola"], GradientDescent(), 1000, Constant(), RATES)
    assert [zone.regime for zone in found.zones] == ["crawling", "converging", "bouncing", "blew up"]
    for zone, limit in zip(found.zones, (0.05, 0.5, 1.0), strict=False):
        assert limit / 1.26 < zone.high < limit * 1.26
    assert found.costs[(found.rates > 0.1) & (found.rates < 0.9)].max() < 1e-15
    assert (found.blew_up[found.rates > 1.01] > 0).all()


def test_zones_merge_and_meet_at_geometric_means() -> None:
    n = 5
    rates = np.array([0.01, 0.1, 1.0, 4.0, 9.0])
    states = ("crawling", "crawling", "converging", "blew up", "blew up")
    found = Sweep(GradientDescent(), 10, rates, np.ones(n), np.full(n, -1), states, 1.0)  # type: ignore[arg-type]  # words
    assert [zone.regime for zone in found.zones] == ["crawling", "converging", "blew up"]
    assert [(zone.low, zone.high) for zone in found.zones] == [
        (0.01, pytest.approx(math.sqrt(0.1))),
        (pytest.approx(math.sqrt(0.1)), 2),
        (2, 9),
    ]


@pytest.mark.parametrize("rule", RULES, ids=kind_of)
def test_zones_cover_the_rates_for_every_rule(rule: type[Optimizer]) -> None:
    found = swept(CATALOGUE["rosenbrock"], rule(), 60, Constant(), RATES)
    assert (found.zones[0].low, found.zones[-1].high) == (found.rates[0], found.rates[-1])
    assert all(one.high == other.low and one.regime != other.regime for one, other in pairwise(found.zones))
    assert ("blew up" in found.states) == (found.blew_up >= 0).any()


def test_a_ball_that_cannot_move_is_at_rest() -> None:
    found = swept(CATALOGUE["parabola"].starting_at((0.0,)), GradientDescent(), 30, Constant())
    assert set(found.states) == {"at rest"}
    assert not found.costs.any()


def test_a_start_without_a_number_blows_up_at_once() -> None:
    found = swept(CATALOGUE["parabola"].starting_at((math.inf,)), GradientDescent(), 30, Constant())
    assert set(found.blew_up.tolist()) == {0}
    assert found.zones == (Zone(found.rates[0], found.rates[-1], "blew up"),)


def test_a_rule_that_searches_is_refused() -> None:
    class Searching(GradientDescent, frozen=True, tag="searching"):
        searches = True

    parabola = CATALOGUE["parabola"]
    with pytest.raises(InputError, match="searching chooses its own rates"):
        next(sweep(parabola, Searching(), Constant(), Exact(), np.array([5.0]), 10, 10))


def test_it_can_be_left_every_few_milliseconds_and_settings_of_numpy_stay() -> None:
    before = np.geterr()
    job = sweep(CATALOGUE["ackley"], HeavyBall(), Constant(), Exact(), np.array([1.0, 2.0]), 1000, 1000)
    pauses = 0
    for found in job:
        assert np.geterr() == before
        pauses += found is None
    assert found is not None, "the sweep comes last"
    assert 3 <= pauses <= 200


@pytest.fixture
def digits(mnist: DataSet) -> Digits:
    return Digits(Network((784, 8, 10), "relu"), mnist, mnist.train_labels[:1200])


@pytest.mark.parametrize("full", [False, True])
def test_a_networks_costs_are_those_of_real_descents_on_1000_images(digits: Digits, full: bool) -> None:
    steps, rates, optimizer = 150 if not full else 3, np.array([1e-4, 0.02, 0.5]), HeavyBall()
    batches = FullBatch(1200) if full else MiniBatches(1200, 10, Streams(3))
    start = digits.start(Streams(3).init())
    *_, found = sweep(digits, optimizer, Cosine(), batches, start, steps, steps, rates)
    assert found is not None
    assert start.tobytes() == digits.start(Streams(3).init()).tobytes(), "the start is not the ball"
    sample, gradient = np.arange(1000), np.empty_like(start)
    assert found.start_cost == pytest.approx(digits.cost_and_gradient(start, gradient, sample), rel=1e-5)
    for rate, cost in zip(rates.tolist(), found.costs, strict=True):
        for row in descend(digits, HeavyBall(learning_rate=rate), Cosine(), batches, start.copy(), steps):
            if row is not None and row.step == steps:
                break
        assert row is not None
        assert cost == pytest.approx(digits.cost_and_gradient(row.theta, gradient, sample), rel=1e-3)
    assert found.states[0] == "crawling" if full else "converging"
    assert found.states[1] == "converging"


def test_a_network_that_blows_up_says_so(mnist: DataSet) -> None:
    digits = Digits(Network((784, 8, 10), "leaky-relu", "cross-entropy"), mnist, mnist.train_labels[:1200])
    start, batches = digits.start(Streams(0).init()), MiniBatches(1200, 10, Streams(0))
    *_, found = sweep(digits, GradientDescent(), Constant(), batches, start, 60, 60, np.array([0.01, 1e6]))
    assert found is not None
    *_, row = descend(digits, GradientDescent(learning_rate=1e6), Constant(), batches, start, 60)
    assert row is not None
    assert found.states == ("converging", "blew up")
    assert found.blew_up.tolist() == [-1, row.step]
    assert not np.isfinite(found.costs[1])


def test_the_run_that_is_swept_may_go_on_meanwhile(digits: Digits) -> None:
    """In another thread, where one set of buffers would mix their numbers."""
    ours, theirs = copy(digits), digits
    batch = np.arange(10)
    for problem in (ours, theirs):
        problem.cost_and_gradient(digits.start(Streams(0).init()), np.empty(digits.n_params, np.float32), batch)
    assert ours.images is theirs.images or np.shares_memory(ours.images, theirs.images)
    assert ours._buffers[10][0] is not theirs._buffers[10][0]
