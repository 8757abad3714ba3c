"""The loop: the runs that everybody knows by heart, batches, live changes, and the ways a run can blow up."""

from collections.abc import Callable, Generator

import msgspec
import numpy as np
import pytest

from gdviz.core.datasets import DataSet
from gdviz.core.descent import Batches, Changes, Exact, FullBatch, MiniBatches, Row, Streams, descend, norm
from gdviz.core.digits import Digits
from gdviz.core.network import Network
from gdviz.core.optimizer import Optimizer
from gdviz.core.optimizers import OPTIMIZERS, Adam, GradientDescent, HeavyBall
from gdviz.core.problem import Indices, Problem, Vector
from gdviz.core.run import Run, next_run
from gdviz.core.scenario import Scenario, parse, to_toml
from gdviz.core.schedules import Constant, Cosine, Schedule
from gdviz.core.surfaces import SURFACES

PARABOLA = SURFACES[0]
Loop = Generator[Row | None, Changes | None, None]
StartRuns = Callable[[str], list[Run]]


def loop_on(
    problem: Problem, optimizer: Optimizer, batches: Batches | None = None, schedule: Schedule | None = None
) -> Loop:
    theta = problem.start(Streams(0).init())
    return descend(problem, optimizer, schedule or Constant(), batches or Exact(), theta, 1000)


def costs(loop: Loop, most: int = 100_000) -> list[float]:
    found: list[float] = []
    for row in loop:
        if row is not None:
            found.append(row.cost)
        if len(found) > most:
            break
    return found


def of_rate(rate: float) -> Loop:
    return loop_on(PARABOLA, GradientDescent(learning_rate=rate))


class TestTheRunsThatAreTaught:
    def test_worked_run(self) -> None:
        found = costs(of_rate(0.1), 40)
        np.testing.assert_allclose(found, [(5 * 0.8**k) ** 2 for k in range(41)], rtol=1e-12)
        assert found[:4] == pytest.approx([25, 16, 10.24, 6.5536], rel=1e-15)

    def test_a_row_says_where_the_ball_stands(self) -> None:
        loop = of_rate(0.1)
        first = next(loop)
        assert first is not None
        assert (first.step, first.cost, first.grad_norm, first.learning_rate) == (0, 25, 10, 0.1)
        np.testing.assert_array_equal(first.theta, [5])
        second = next(loop)
        assert second is not None
        assert (second.step, second.cost, second.grad_norm) == (1, 16, 8)

    def test_overshoot(self) -> None:
        assert costs(of_rate(2.0), 2) == [25, 225, 2025]

    def test_bounce_for_ever(self) -> None:
        loop = of_rate(1.0)
        for step in range(1001):
            row = next(loop)
            assert row is not None
            assert row.cost == 25
            assert row.theta[0] == (5 if step % 2 == 0 else -5)

    def test_crawl(self) -> None:
        assert costs(of_rate(0.001), 1) == pytest.approx([25, 24.9001], rel=1e-12)


class Steep:
    """A cost of two float32 knobs whose gradient is finite, but whose square is not."""

    n_params = 2
    n_examples = None
    size = 1e30

    def start(self, rng: np.random.Generator) -> Vector:
        return np.array([0.5, 0.5], np.float32)

    def cost_and_gradient(self, theta: Vector, gradient: Vector, batch: Indices | None = None) -> float:
        gradient[:] = self.size
        return 1.0

    def costs_and_gradients(self, thetas: Vector, batch: Indices | None = None) -> tuple[Vector, Vector]:
        raise NotImplementedError  # the loop asks for one point at a time

    def evaluate(self, theta: Vector) -> Generator[None, None, None]:
        yield from ()


class TestDivergence:
    @pytest.mark.parametrize("rule", OPTIMIZERS)
    def test_ends_at_the_first_number_that_is_not_finite(self, rule: type[Optimizer]) -> None:
        """Without a warning, which the test configuration would make an error."""
        rows = []
        for row in loop_on(PARABOLA, rule(learning_rate=1e6)):
            assert row is not None
            rows.append((row.cost, row.grad_norm, float(row.theta[0]), row.finite))
            if len(rows) == 1000:
                break
        *before, last = rows
        assert all(finite and np.isfinite(numbers).all() for *numbers, finite in before)
        if rule in OPTIMIZERS[:3]:
            assert len(rows) < 1000
        if len(rows) < 1000:
            assert not np.isfinite(last[:3]).all()
            assert not last[3]

    def test_the_last_row_of_overshoot_is_where_float64_ends(self) -> None:
        found = costs(of_rate(2.0))
        # 25 * 9^k passes the largest float64, 1.8e308, at k = 322.
        assert len(found) == 323
        assert found[-2] == pytest.approx(25 * 9.0**321, rel=1e-9)
        assert found[-1] == np.inf

    def test_no_threshold_below_infinity(self) -> None:
        problem = Steep()
        loop = loop_on(problem, GradientDescent(learning_rate=1e-3))
        rows = [next(loop) for _ in range(50)]
        assert all(row is not None and row.finite for row in rows)
        assert rows[0] is not None
        assert rows[0].grad_norm == pytest.approx(2**0.5 * 1e30, rel=1e-6)

    def test_a_knob_alone_can_end_it(self) -> None:
        loop = loop_on(Steep(), GradientDescent(learning_rate=1e6))
        rows = [(row.step, row.cost, float(row.theta[0])) for row in loop if row is not None]
        assert rows[-1][1] == 1.0
        assert rows[-1][2] == -np.inf
        # 1e36 a step, until float32's 3.4e38 is passed
        assert rows[-1][0] == 341

    def test_a_network_can_blow_up_without_a_warning(self, mnist: DataSet) -> None:
        labels = mnist.train_labels[:100]
        for network in (Network((784, 8, 10), "relu", "cross-entropy"), Network((784, 8, 10), "relu")):
            problem = Digits(network, mnist, labels, "he")
            problem.evaluate = lambda theta: iter(())  # type: ignore[method-assign,assignment,return-value] # no evaluations
            rows = []
            for row in loop_on(problem, HeavyBall(learning_rate=1e6, momentum=0.999), MiniBatches(100, 10, Streams(0))):
                if row is not None:
                    rows.append(row.finite)
                if len(rows) == 300:
                    break
            assert all(rows[:-1])


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        (np.array([3, 4], np.float32), 5),
        (np.array([3e30, 4e30], np.float32), 5e30),
        (np.array([3e-30, 4e-30], np.float32), 5e-30),
        (np.array([3e200, -4e200]), 5e200),
        (np.array([3e-200, 4e-200]), 5e-200),
        (np.zeros(3), 0),
        (np.array([1, np.inf]), np.inf),
        (np.array([1, -np.inf]), np.inf),
    ],
)
def test_norm_survives_overflow_and_underflow(vector: Vector, expected: float) -> None:
    with np.errstate(all="ignore"):  # as the loop calls it
        assert norm(vector) == pytest.approx(expected, rel=1e-6, abs=0)
        assert np.isnan(norm(np.array([1, np.nan, np.inf])))


class TestLiveChanges:
    def test_a_change_acts_from_the_very_next_step(self) -> None:
        loop = of_rate(0.1)
        next(loop)
        next(loop)
        again = loop.send({"learning_rate": 0.5})
        assert again is not None
        assert (again.step, again.cost, again.learning_rate) == (1, 16, 0.5)
        after = next(loop)
        assert after is not None
        assert (after.step, after.cost) == (2, 0)  # 4 - 0.5 x 8

    def test_a_schedule_scales_the_changed_rate(self) -> None:
        loop = loop_on(PARABOLA, GradientDescent(learning_rate=0.1), schedule=Cosine())
        for _ in range(501):
            row = next(loop)
        assert row is not None
        assert row.learning_rate == pytest.approx(0.05)
        row = loop.send({"learning_rate": 0.2})
        assert row is not None
        assert row.learning_rate == pytest.approx(0.1)

    def test_a_bad_change_names_the_key(self) -> None:
        loop = of_rate(0.1)
        next(loop)
        with pytest.raises(msgspec.ValidationError, match="learning_rate"):
            loop.send({"learning_rate": -1})

    @pytest.mark.parametrize(
        "toml",
        [
            'problem = { kind = "surface", name = "bowl" }\nstop.steps = 40\n'
            'runs = [{ optimizer = { kind = "momentum", learning_rate = 0.1 }, schedule.kind = "cosine" }]',
            'problem = { kind = "digits", data = "DATA", hidden = [4] }\nstop.steps = 40\n'
            'runs = [{ optimizer.kind = "adam", batch_size = 7, changes = [{ step = 20, learning_rate = 0.5 }] }]',
        ],
    )
    def test_a_recorded_change_replays_bit_for_bit(
        self, toml: str, start_runs: StartRuns, digits_folder: object
    ) -> None:
        toml = toml.replace("DATA", str(digits_folder))
        (live,) = start_runs(toml)
        live.change("learning_rate", 0.03)  # even before the first step
        while not live.ended:
            live.advance()
            if live.step == 9 and not live.tuned - {"learning_rate"}:
                live.change("learning_rate", 0.25)
                key = "momentum" if "momentum" in toml else "beta1"
                live.change(key, 0.5)
        recipe = Scenario(problem=parse(toml, "test").problem, stop=live.stop, runs=(live.recipe,))
        (replayed,) = start_runs(to_toml(recipe))
        while not replayed.ended:
            replayed.advance()
        assert len(live.changes) == 3
        assert live.history.table().learning_rate[9] != live.history.table().learning_rate[8]
        for mine, its in ((live.history.table(), replayed.history.table()),):
            np.testing.assert_array_equal(mine.cost, its.cost)
            np.testing.assert_array_equal(mine.grad_norm, its.grad_norm)
            np.testing.assert_array_equal(mine.learning_rate, its.learning_rate)
        np.testing.assert_array_equal(live.row.theta, replayed.row.theta)
        np.testing.assert_array_equal(live.row.state, replayed.row.state)
        for step in (0, 8, 9, 10, 19, 20, 39):
            assert live.optimizer_at(step) == replayed.optimizer_at(step)


class TestBatches:
    @pytest.mark.parametrize(("n", "size"), [(60, 10), (61, 10), (7, 7), (5, 1)])
    def test_an_epoch_shows_every_example_once(self, n: int, size: int) -> None:
        batches = MiniBatches(n, size, Streams(3))
        per_epoch = -(-n // size)
        assert batches.steps_per_epoch == per_epoch
        epochs = []
        for epoch in range(3):
            shown = [batches.batch(epoch * per_epoch + step) for step in range(per_epoch)]
            assert [len(batch) for batch in shown[:-1]] == [size] * (per_epoch - 1)
            assert len(shown[-1]) == n - size * (per_epoch - 1)
            epochs.append(np.concatenate(shown))
            np.testing.assert_array_equal(np.sort(epochs[-1]), np.arange(n))
        assert not np.array_equal(epochs[0], epochs[1])

    def test_the_order_depends_on_seed_and_epoch_alone(self) -> None:
        walked, jumped = MiniBatches(50, 10, Streams(1)), MiniBatches(50, 10, Streams(1))
        orders = [walked.batch(step) for step in range(20)]
        np.testing.assert_array_equal(jumped.batch(17), orders[17])
        np.testing.assert_array_equal(jumped.batch(2), orders[2])
        # The same epoch cut otherwise shows the same order.
        np.testing.assert_array_equal(MiniBatches(50, 50, Streams(1)).batch(1), np.concatenate(orders[5:10]))
        assert not np.array_equal(MiniBatches(50, 10, Streams(2)).batch(0), orders[0])

    def test_streams_do_not_disturb_each_other(self) -> None:
        streams = Streams(0)
        first = streams.init().random(3)
        streams.labels().random(1000)
        streams.batches(0).permutation(1000)
        np.testing.assert_array_equal(streams.init().random(3), first)
        drawn = [
            tuple(rng.random(3)) for rng in (streams.init(), streams.batches(0), streams.batches(1), streams.labels())
        ]
        assert len(set(drawn)) == 4

    def test_a_full_batch_is_the_mean_in_one_piece(self, mnist: DataSet) -> None:
        problem = Digits(Network((784, 16, 16, 10)), mnist, mnist.train_labels[:2500])
        loop = loop_on(problem, GradientDescent(learning_rate=0.1), FullBatch(2500))
        pauses = 0
        while (row := next(loop)) is None:
            pauses += 1
        assert pauses >= 3, "it can be left after each 1,000 images"
        images, labels = mnist.train_images[:2500] / np.float32(255), mnist.train_labels[:2500]
        cost, gradient = problem.network.cost_and_gradient(row.theta, images, labels)
        assert row.cost == pytest.approx(cost, rel=1e-6)
        np.testing.assert_allclose(row.gradient, gradient, atol=1e-6 * np.abs(gradient).max())
        assert row.grad_norm == pytest.approx(float(np.linalg.norm(gradient)), rel=1e-6)

    def test_cost_is_taken_on_the_batch_of_the_next_step(self, mnist: DataSet) -> None:
        """Also where the last batch of an epoch is smaller."""
        problem = Digits(Network((784, 4, 10)), mnist, mnist.train_labels[:25])
        batches = MiniBatches(25, 10, Streams(0))
        seen = 0
        for row in loop_on(problem, GradientDescent(learning_rate=1.0), batches):
            if row is None:
                continue
            batch = batches.batch(row.step)
            images, labels = mnist.train_images[batch] / np.float32(255), mnist.train_labels[batch]
            assert row.cost == pytest.approx(problem.network.cost(row.theta, images, labels), rel=1e-6)
            seen += 1
            if seen == 8:
                break


class TestEvaluation:
    def steps(self, batches: Batches, upto: int, mnist: DataSet) -> list[int]:
        small = DataSet(
            mnist.train_images[:200], mnist.train_labels[:200], mnist.test_images[:50], mnist.test_labels[:50]
        )
        problem = Digits(Network((784, 2, 10)), small, small.train_labels)
        found = []
        for row in loop_on(problem, Adam(), batches):
            if row is not None and row.evaluation is not None:
                found.append(row.step)
            if row is not None and row.step == upto:
                break
        return found

    def test_after_each_epoch_and_early_in_the_first(self, mnist: DataSet) -> None:
        assert self.steps(MiniBatches(200, 2, Streams(0)), 310, mnist) == [0, 1, 2, 5, 10, 20, 50, 100, 200, 300]
        assert self.steps(MiniBatches(200, 3, Streams(0)), 210, mnist) == [0, 1, 2, 5, 10, 20, 50, 67, 134, 201]
        assert self.steps(FullBatch(200), 4, mnist) == [0, 1, 2, 3, 4]

    def test_measures_all_training_and_all_test_images(self, mnist: DataSet) -> None:
        problem = Digits(Network((784, 16, 16, 10)), mnist, mnist.train_labels[:2500])
        row = next(row for row in loop_on(problem, Adam(), MiniBatches(2500, 10, Streams(0))) if row is not None)
        assert row.evaluation is not None
        net, theta = problem.network, row.theta
        for images, labels, cost, accuracy in (
            (mnist.train_images[:2500], mnist.train_labels[:2500], *row.evaluation[:2]),
            (mnist.test_images, mnist.test_labels, *row.evaluation[2:]),
        ):
            scaled = images / np.float32(255)
            assert cost == pytest.approx(net.cost(theta, scaled, labels), rel=1e-6)
            assert accuracy == np.mean(net.outputs(theta, scaled).argmax(axis=1) == labels)


@pytest.mark.parametrize(
    "recipe",
    [
        'optimizer = { kind = "momentum", learning_rate = 0.1 }, batch_size = 10, seed = 3',
        'optimizer = { kind = "adam" }, batch_size = 32, schedule = { kind = "cosine" }, seed = 4',
    ],
)
def test_the_same_scenario_twice_is_the_same_to_the_bit(recipe: str, start_runs: StartRuns) -> None:
    toml = (
        'problem = { kind = "digits", train_size = 2000, shuffle_labels = 0.2 }\nstop.epochs = 2\n'
        f"runs = [{{ {recipe} }}]"
    )
    histories = []
    for _ in range(2):
        runs = start_runs(toml)
        while (run := next_run(runs)) is not None:
            run.advance()
        histories.append(runs[0].history)
    mine, its = (history.table() for history in histories)
    assert len(mine.step) == 2 * (200 if "momentum" in recipe else 63) + 1
    for column in ("step", "cost", "grad_norm", "learning_rate", "knobs"):
        np.testing.assert_array_equal(getattr(mine, column), getattr(its, column))
    assert histories[0].evaluations == histories[1].evaluations
    last = int(mine.step[-1])
    for one, other in zip(*(history.checkpoint(last)[1:3] for history in histories), strict=True):
        np.testing.assert_array_equal(one, other)
    # And it learned something, so that equal is not merely unchanged.
    assert mine.cost[-20:].mean() < mine.cost[0]
