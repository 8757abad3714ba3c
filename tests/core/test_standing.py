"""The word for what a run is doing against what it is known to do, and the figures of a race."""

import math
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
import pytest

from gdviz.core.curvature import Regime, zones
from gdviz.core.descent import Exact, descend
from gdviz.core.frame import Frame
from gdviz.core.history import MOST_ROWS, History, Table
from gdviz.core.optimizer import Optimizer
from gdviz.core.optimizers import OPTIMIZERS, Adam, GradientDescent, HeavyBall, Nesterov
from gdviz.core.run import Run
from gdviz.core.scene import Scene
from gdviz.core.schedules import Constant
from gdviz.core.standing import default_target, regime, standing
from gdviz.core.surfaces import SURFACES

CATALOGUE = {surface.name: surface for surface in SURFACES}
Finish = Callable[[str], list[Run]]


def past(
    optimizer: Optimizer, steps: int, surface: str = "parabola", start: tuple[float, ...] | None = None, **change: float
) -> Table:
    """The numbers of a run; ``change``: another learning rate from the middle of the run."""
    problem = CATALOGUE[surface]
    theta = np.array(problem.default_start if start is None else start)
    history = History(theta.size, len(optimizer.slots), theta.dtype)
    for row in descend(problem, optimizer, Constant(), Exact(), theta, steps, [(steps // 2, change)]):
        assert row is not None
        history.append(row)
        if row.step == steps:
            break
    return history.table()


def words(optimizer: Optimizer, table: Table) -> list[Regime]:
    return [regime(table, row, optimizer, "") for row in range(len(table.step))]


@pytest.mark.parametrize(
    ("rate", "word"),
    [
        *((rate, "crawling") for rate in (1e-5, 0.001, 0.01, 0.049)),
        *((rate, "converging") for rate in (0.051, 0.1, 0.3, 0.45, 0.499)),
        *((rate, "bouncing") for rate in (0.501, 0.6, 0.9, 0.99, 1.0)),
        *((rate, "unstable") for rate in (1.01, 1.2, 2.0, 10.0)),
    ],
)
def test_on_the_parabola_the_run_does_what_its_zone_says(rate: float, word: Regime) -> None:
    optimizer = GradientDescent(learning_rate=rate)
    limits = optimizer.limits(2.0)
    assert limits is not None
    assert [zone.regime for zone in zones(limits) if zone.low < rate <= zone.high] == [word]
    found = words(optimizer, past(optimizer, 30))
    assert found[:2] == ["", ""]
    assert set(found[2:]) <= {word, "at rest"}
    assert found[2] == word


@pytest.mark.parametrize(
    ("optimizer", "word"),
    [  # m = 0.9, C'' = 2: Nesterov changes sides above 1/2 and blows up above 1.9/2.8, heavy ball above 1.9
        *((HeavyBall(learning_rate=rate), "crawling") for rate in (1e-5, 1e-4)),
        *((HeavyBall(learning_rate=rate), "converging") for rate in (0.02, 0.1, 0.5)),
        *((HeavyBall(learning_rate=rate), "unstable") for rate in (2.0, 4.0)),
        *((Nesterov(learning_rate=rate), "crawling") for rate in (1e-5, 1e-4)),
        *((Nesterov(learning_rate=rate), "converging") for rate in (0.02, 0.1, 0.4)),
        *((Nesterov(learning_rate=rate), "bouncing") for rate in (0.6, 0.65)),
        *((Nesterov(learning_rate=rate), "unstable") for rate in (0.7, 1.0)),
    ],
    ids=lambda value: f"{type(value).__name__}-{value.learning_rate}" if isinstance(value, Optimizer) else value,
)
def test_momentum_does_what_its_zone_says(optimizer: Optimizer, word: Regime) -> None:
    """Once the velocity has built up, which takes it the first 1/(1-m) = 10 steps and more."""
    limits = optimizer.limits(2.0)
    assert limits is not None
    assert [zone.regime for zone in zones(limits) if zone.low < optimizer.learning_rate <= zone.high] == [word]
    found = words(optimizer, past(optimizer, 80))
    assert found[20] == word
    assert set(found[20:]) <= {word, "at rest"}


@pytest.mark.parametrize("rate", [1.2, 1.5, 1.8])
def test_heavy_ball_bounces_where_it_turns_more_than_a_quarter_a_step(rate: float) -> None:
    """Above (1+m)/C'' = 0.95 the roots of z^2 - (1 + m - rate C'') z + m = 0 lie left of 0: most steps turn round."""
    optimizer = HeavyBall(learning_rate=rate)
    assert set(words(optimizer, past(optimizer, 80))[20:]) == {"bouncing"}


def test_at_a_minimum_it_is_at_rest_and_in_one_jump_it_gets_there() -> None:
    optimizer = GradientDescent(learning_rate=0.5)
    assert words(optimizer, past(optimizer, 4, start=(0.0,))) == ["", "", "at rest", "at rest", "at rest"]
    assert words(optimizer, past(optimizer, 5))[-1] == "at rest"


def test_a_valley_is_reached_before_the_ball_rests() -> None:
    """At rate 0.3 each step is 0.4 times the one before, which is 1e-8 of the whole way after 20 steps."""
    found = words(GradientDescent(learning_rate=0.3), past(GradientDescent(learning_rate=0.3), 40))
    assert found.index("at rest") in (20, 21, 22)
    assert set(found[2:20]) == {"converging"}


@pytest.mark.parametrize("rule", OPTIMIZERS, ids=lambda rule: rule.__struct_config__.tag)
def test_every_rule_crawls_at_a_tiny_rate_and_rests_on_flat_ground(rule: type[Optimizer]) -> None:
    if rule.searches:
        pytest.skip("it has no rate")
    optimizer = rule(learning_rate=1e-5)
    assert words(optimizer, past(optimizer, 40))[-1] == "crawling"
    assert words(optimizer, past(optimizer, 40, start=(0.0,)))[-1] == "at rest"


def test_on_a_plateau_it_crawls() -> None:
    optimizer = GradientDescent(learning_rate=0.1)
    assert set(words(optimizer, past(optimizer, 30, "plateau"))[2:]) == {"crawling"}


def test_adam_is_told_by_what_it_does() -> None:
    """Too small a rate takes it 0.2 % of the way a step; a huge one carries it over the valley and back."""
    small, fair = Adam(learning_rate=0.01), Adam(learning_rate=0.5)
    assert set(words(small, past(small, 50))[2:]) == {"crawling"}
    assert words(fair, past(fair, 400))[-1] in ("converging", "at rest")


def test_in_a_ravine_the_longer_steps_decide() -> None:
    """C = x^2/50 + y^2: a step leads to -0.9 times y across it, and to 0.962 times x along it."""
    optimizer = GradientDescent(learning_rate=0.95)
    assert words(optimizer, past(optimizer, 12, "ravine", start=(1.0, 1.0)))[-1] == "bouncing"
    assert words(optimizer, past(optimizer, 12, "ravine", start=(1.0, 1e-3)))[-1] == "crawling"


def test_it_blew_up_where_its_numbers_did() -> None:
    optimizer = GradientDescent(learning_rate=10.0)
    table = past(optimizer, 10_000)
    last = len(table.step) - 1
    assert last < 1000
    found = words(optimizer, table)
    assert found[last] == "blew up"
    assert set(found[2:last]) == {"unstable"}, "the rows before are what they were"


def test_a_new_rate_begins_anew() -> None:
    """The steps at the old rate no longer say anything: two steps on, the word is the new one's."""
    optimizer = GradientDescent(learning_rate=0.01)
    found = words(optimizer, past(optimizer, 40, learning_rate=0.9))
    assert found[18:21] == ["crawling"] * 3
    assert found[22:] == ["bouncing"] * 19


def network_past(costs: np.ndarray) -> Table:
    n = len(costs)
    return Table(np.arange(n), costs, np.ones(n), np.ones(n), np.empty((n, 0)), np.empty(0))


def test_a_networks_word_comes_from_its_mean_cost() -> None:
    noise = np.random.default_rng(0).normal(0, 0.02, 1001)
    steps = np.arange(1001)
    rule = GradientDescent()
    for drift, word in ((-3e-4, "converging"), (0, "crawling"), (1e-4, "crawling"), (1e-3, "unstable")):
        table = network_past(1 + drift * steps + noise)
        assert regime(table, 399, rule, "") == ""
        assert {regime(table, row, rule, "") for row in range(500, 1001, 50)} == {word}, drift
    assert regime(table, 1000, rule, "blew up at step 1,000") == "blew up", "its knobs may have, which no row shows"
    assert regime(table, 999, rule, "blew up at step 1,000") == "unstable"


def test_noise_is_no_word() -> None:
    """Small costs late in a run vary by half of themselves from batch to batch, and their means by 5 % now and then."""
    rule, flat = GradientDescent(), 0.05 * (1 + 0.5 * np.random.default_rng(0).standard_normal(40_000))
    table = network_past(flat)
    said = [regime(table, row, rule, "") for row in range(400, 40_000, 100)]
    assert "unstable" not in said
    assert said.count("converging") < 0.05 * len(said)
    rising = network_past(flat + 0.02 * (np.arange(40_000) > 20_000))
    assert regime(rising, 20_200, rule, "") == "unstable"
    falling = network_past(flat - 0.02 * (np.arange(40_000) > 20_000))
    assert regime(falling, 20_200, rule, "") == "converging"


def test_a_cost_that_falls_ever_more_slowly_falls_still() -> None:
    """By 2 % in 1,000 steps, which the noise of 200 steps hides."""
    steps = np.arange(20_001)
    costs = 0.05 * (1 - 2e-5 * (steps - 20_000)) * (1 + 0.3 * np.random.default_rng(0).standard_normal(20_001))
    table = network_past(costs)
    said = [regime(table, row, GradientDescent(), "") for row in range(16_000, 20_001, 100)]
    assert said.count("converging") > 0.7 * len(said)
    assert "unstable" not in said


def test_a_networks_window_is_400_steps() -> None:
    """Ten times higher costs before these do not count, and ten times lower ones after the cursor neither."""
    costs = np.concatenate([np.full(100, 10.0), np.full(200, 1.0), np.full(200, 0.98), np.full(100, 0.1)])
    assert regime(network_past(costs), 499, GradientDescent(), "") == "converging"
    costs[300:500] = 0.995
    assert regime(network_past(costs), 499, GradientDescent(), "") == "crawling"


@pytest.mark.parametrize("n_knobs", [0, 2])
def test_two_million_rows_cost_no_more(n_knobs: int) -> None:
    numbers = np.abs(np.random.default_rng(0).normal(size=(4, MOST_ROWS)))
    knobs = np.random.default_rng(1).normal(size=(MOST_ROWS, n_knobs))
    table = Table(
        np.arange(MOST_ROWS), numbers[0], numbers[1], numbers[2], knobs, numbers[3] if n_knobs else np.empty(0)
    )
    times = []
    for row in range(MOST_ROWS - 50, MOST_ROWS):
        begun = perf_counter()
        regime(table, row, GradientDescent(), "")
        times.append(perf_counter() - begun)
    assert median(times) < 300e-6  # 100 us are meant; a reading of all rows takes 1,000 and more


RACE = """
[problem]
kind = "surface"
name = "{name}"
[stop]
steps = {steps}
[[runs]]
optimizer = {{ kind = "gradient-descent", learning_rate = {rate} }}
"""


def framed(finish: Finish, name: str, rate: float, steps: int, at: int | None = None) -> Frame:
    runs = finish(RACE.format(name=name, rate=rate, steps=steps))
    for run in runs:
        run.history.snapshot(run.row)
    frame = Scene(runs).frame(at)
    assert frame is not None
    return frame


def test_standing_in_a_race(finish_runs: Finish) -> None:
    """The worked run: costs 25, 16, 10.24, 6.55, ... from w = 5, with steps of 1, 0.8, 0.64, ..."""
    frame = framed(finish_runs, "parabola", 0.1, 20, at=3)
    now = standing(frame.run, 10.5)
    assert (now.reached, now.best_step, now.state) == (2, 3, "converging")
    assert now.best == pytest.approx(6.5536)
    assert now.travelled == pytest.approx(1 + 0.8 + 0.64)
    assert standing(frame.run, 6.0).reached is None, "step 4 is after the cursor"
    assert standing(frame.run, 25).reached == 0


def test_the_best_is_not_the_last_when_it_blows_up(finish_runs: Finish) -> None:
    frame = framed(finish_runs, "parabola", 10.0, 1000)
    assert "blew up" in frame.run.ended
    now = standing(frame.run, 24.0)
    assert (now.reached, now.best, now.best_step, now.state) == (None, 25.0, 0, "blew up")


def test_a_network_has_no_way(finish_runs: Finish) -> None:
    toml = """
[problem]
kind = "digits"
train_size = 320
[stop]
steps = 450
[[runs]]
optimizer = { kind = "gradient-descent", learning_rate = 1.0 }
"""
    (run,) = finish_runs(toml)
    run.history.snapshot(run.row)
    frame = Scene([run]).frame(None)
    assert frame is not None
    table = run.history.table()
    # Its costs are told as means: single mini-batches are noise.
    means = np.array([table.cost[max(0, step - 99) : step + 1].mean() for step in range(451)])
    now = standing(frame.run, 0.5)
    assert now.travelled is None
    assert now.cost == pytest.approx(means[450])
    assert now.best == pytest.approx(means.min())
    assert now.best_step == int(means.argmin())
    assert now.reached is not None
    assert means[now.reached] <= 0.5
    assert (means[: now.reached] > 0.5).all()
    assert now.state == "converging"
    assert default_target(frame) == pytest.approx(math.ceil(table.cost[0]) / 100)


def test_the_best_is_that_of_every_step_however_long_a_run_has_become(finish_runs: Finish) -> None:
    """What has happened up to a step is the same, whatever happened afterwards: a run and its fork have one best."""
    toml = """
[problem]
kind = "digits"
train_size = 64
hidden = [4]
[stop]
steps = 5000
[[runs]]
batch_size = 8
optimizer = { kind = "gradient-descent", learning_rate = 0.5 }
"""
    (run,) = finish_runs(toml)
    run.history.snapshot(run.row)
    scene, costs = Scene([run]), run.history.table().cost
    means = np.array([costs[max(0, step - 99) : step + 1].mean() for step in range(5001)])
    for step in (0, 1, 99, 1234, 4095, 4096, 4999, 5000):
        frame = scene.frame(step)
        assert frame is not None
        assert frame.run.curve.stride > 1
        least = means[: step + 1]
        now = standing(frame.run, 1.001 * float(least.min()))
        assert now.best == pytest.approx(least.min(), rel=1e-12)
        assert now.best_step == int(least.argmin())
        assert now.reached == int((least <= 1.001 * least.min()).argmax())


def test_the_target_leaves_a_hundredth_of_the_way_down(finish_runs: Finish) -> None:
    assert default_target(framed(finish_runs, "parabola", 0.1, 2)) == pytest.approx(0.3)  # of 25, rounded up
    himmelblau = framed(finish_runs, "rosenbrock", 1e-4, 2)
    left = 0.01 * himmelblau.run.past.cost[0]
    assert left <= default_target(himmelblau) < 2 * left
    camel = framed(finish_runs, "six-hump-camel", 1e-4, 2)
    lowest = -1.031628453489877  # Jamil & Yang, arXiv:1308.4008, function 30
    left = 0.01 * (camel.run.past.cost[0] - lowest)
    assert lowest + left <= default_target(camel) < lowest + 2 * left
    digit = default_target(camel) - lowest
    assert f"{digit:.0e}" == f"{float(f'{digit:.4e}'):.0e}"
