"""Runs: when they end, how they go on, whose turn it is, and what they share."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from gdviz.core import run as run_module
from gdviz.core.digits import Digits
from gdviz.core.errors import InputError
from gdviz.core.network import Network
from gdviz.core.optimizers import HeavyBall
from gdviz.core.run import Run, next_run
from gdviz.core.scenario import load_scenario, scenario_names, to_toml

Runs = Callable[[str], list[Run]]
SURFACE = 'problem = { kind = "surface", name = "parabola" }\n'
RATE = 'runs = [{{ optimizer = {{ kind = "gradient-descent", learning_rate = {} }} }}]\n'


@pytest.fixture
def digits(digits_folder: Path) -> str:
    return f"problem = {{ kind = 'digits', data = '{digits_folder}', hidden = [4] }}\n"


class TestStop:
    def test_the_default_is_a_thousand_steps(self, finish_runs: Runs) -> None:
        (run,) = finish_runs(SURFACE)
        assert (run.step, run.ended) == (1000, "1,000 steps done")
        assert len(run.history) == 1001

    def test_the_default_is_ten_epochs_of_batches_of_ten(self, digits: str, finish_runs: Runs) -> None:
        (run,) = finish_runs(digits)
        assert run.steps_per_epoch == 6
        assert (run.step, run.ended) == (60, "10 epochs done")
        assert [step for step, _ in run.history.evaluations] == [0, 1, 2, 5, *range(6, 61, 6)]

    def test_steps(self, finish_runs: Runs) -> None:
        (run,) = finish_runs(SURFACE + "stop.steps = 7")
        assert (run.step, run.ended) == (7, "7 steps done")

    def test_epochs(self, digits: str, finish_runs: Runs) -> None:
        (run,) = finish_runs(digits + "stop.epochs = 2\nruns = [{ batch_size = 7 }]")
        assert (run.step, run.ended) == (18, "2 epochs done")

    def test_the_first_of_both_holds(self, digits: str, finish_runs: Runs) -> None:
        assert finish_runs(digits + "stop = { epochs = 2, steps = 7 }")[0].ended == "7 steps done"
        assert finish_runs(digits + "stop = { epochs = 1, steps = 7 }")[0].ended == "1 epoch done"

    def test_cost_below(self, finish_runs: Runs) -> None:
        (run,) = finish_runs(SURFACE + "stop.cost_below = 1e-6\n" + RATE.format(0.1))
        # 25 x 0.64^k < 1e-6 from k = 39 on: 0.64^38 x 25 = 1.08e-6
        assert (run.step, run.ended) == (39, "cost below 1e-06")
        assert run.history.table().cost[-2] > 1e-6

    def test_flat_where_it_really_is(self, finish_runs: Runs) -> None:
        (run,) = finish_runs(
            SURFACE + "stop = { steps = 100000, flat = { steps = 50, relative = 1e-4 } }\n" + RATE.format(1.0)
        )
        # It bounces: the mean of the first 50 steps is already that of the next, at the first chance to compare them.
        assert (run.step, run.ended) == (100, "flat for 50 steps")

    def test_flat_waits_while_the_mean_falls(self, finish_runs: Runs) -> None:
        stop = "stop = { steps = 100000, flat = { steps = 50, relative = 0.01 } }\n"
        (falls,) = finish_runs(SURFACE + stop.replace("100000", "1000") + RATE.format(0.001))
        assert falls.ended == "1,000 steps done", "each 50 steps take 18 % off"
        (noisy,) = finish_runs(SURFACE + stop + 'runs = [{ optimizer = { kind = "adam", learning_rate = 0.5 } }]')
        assert noisy.ended == "flat for 50 steps"
        assert noisy.step > 100

    def test_flat_looks_at_the_mean_of_noisy_batches(self, digits: str, finish_runs: Runs) -> None:
        """At a rate of a millionth the batches differ and nothing is learned."""
        (run,) = finish_runs(
            digits + "stop = { steps = 5000, flat = { steps = 60, relative = 0.001 } }\n" + RATE.format(1e-6)
        )
        assert run.ended == "flat for 60 steps"
        assert run.step == 120
        assert np.ptp(run.history.table().cost) > 0.01

    def test_a_run_that_blew_up(self, finish_runs: Runs) -> None:
        (run,) = finish_runs(SURFACE + RATE.format(2.0))
        assert run.ended == "blew up at step 322"
        assert run.history.table().cost[-1] == np.inf
        assert np.isfinite(run.history.table().cost[:-1]).all()

    def test_one_that_blew_up_does_not_hold_the_others(self, finish_runs: Runs) -> None:
        one = '{{ optimizer = {{ kind = "gradient-descent", learning_rate = {} }} }}'
        runs = finish_runs(SURFACE + f"stop.steps = 400\nruns = [{one.format(2.0)}, {one.format(0.1)}]")
        assert [run.ended for run in runs] == ["blew up at step 322", "400 steps done"]


class TestGoingOn:
    def test_beyond_the_stop_at_the_last_rate_above_zero(self, finish_runs: Runs) -> None:
        (run,) = finish_runs(SURFACE + "stop.steps = 10\nruns = [{ schedule.kind = 'cosine' }]")
        run.go_on()
        for _ in range(20):
            run.advance()
        assert (run.step, run.ended) == (30, "")
        rates = run.history.table().learning_rate
        assert rates[9] > 0
        assert (rates[9:] == rates[9]).all()
        assert (np.diff(run.history.table().cost) < 0).all(), "it still moves"

    def test_not_for_one_that_blew_up(self, finish_runs: Runs) -> None:
        (run,) = finish_runs(SURFACE + RATE.format(2.0))
        run.go_on()
        assert run.ended == "blew up at step 322"
        run.change("learning_rate", 0.1)
        run.apply_changes()
        assert run.changes == []
        assert len(run.history) == 323

    def test_one_that_goes_on_can_still_blow_up(self, finish_runs: Runs) -> None:
        (run,) = finish_runs(SURFACE + "stop.steps = 10\n" + RATE.format(2.0))
        run.go_on()
        while not run.ended:
            run.advance()
        assert run.ended == "blew up at step 322"


class TestTurns:
    def order(self, runs: list[Run]) -> list[int]:
        found = []
        while (run := next_run(runs)) is not None:
            if run.advance():
                found.append(runs.index(run))
        return found

    def test_surfaces_take_turns_step_by_step(self, start_runs: Runs) -> None:
        assert self.order(start_runs(SURFACE + "stop.steps = 2\nruns = [{}, {}, {}]")) == [0, 1, 2] * 3

    def test_the_run_with_the_fewest_epochs_goes_next(self, digits: str, start_runs: Runs) -> None:
        runs = start_runs(
            digits + "stop.epochs = 2\nruns = [{ batch_size = 30 }, { batch_size = 10 }, { batch_size = 'full' }]"
        )
        steps = [0, 0, 0]
        for mine in self.order(runs)[3:]:
            steps[mine] += 1
            epochs = [step / run.steps_per_epoch for step, run in zip(steps, runs, strict=True) if run.steps_per_epoch]
            before = epochs[mine] - 1 / (runs[mine].steps_per_epoch or 1)
            assert before <= min(epochs) + 1e-12, "whoever went was behind nobody"
        assert steps == [4, 12, 2]

    def test_nobody_is_left_at_the_end(self, finish_runs: Runs) -> None:
        assert next_run(finish_runs(SURFACE + "stop.steps = 2")) is None


class TestBuild:
    @pytest.mark.parametrize("name", scenario_names())
    def test_every_shipped_scenario_can_be_built_and_begun(self, name: str, start_runs: Runs) -> None:
        for run in start_runs(to_toml(load_scenario(name))):
            assert run.label
            if not isinstance(run.problem, Digits) or run.steps_per_epoch != 1:
                while not run.advance():
                    pass
                assert run.step == 0
                assert run.row.finite

    def test_labels_and_shared_costs(self, digits: str, start_runs: Runs) -> None:
        runs = start_runs(
            digits + "title = 'Mine'\nruns = [{}, { seed = 1, label = 'b' }, { problem.shuffle_labels = 1.0 }, "
            "{ problem.hidden = [5] }, { problem.train_size = 50 }, { problem.init = 'he' }]"
        )
        assert [run.label for run in runs] == ["run 1", "b", "run 3", "run 4", "run 5", "run 6"]
        assert [run.cost_key == runs[0].cost_key for run in runs] == [True, True, False, False, False, True]
        assert start_runs(digits)[0].label == "30-4-10"
        assert start_runs(SURFACE + RATE.format(0.1))[0].label == "gradient-descent"

    def test_what_a_run_overrides(self, digits: str, start_runs: Runs, finish_runs: Runs) -> None:
        plain, noisy, wide, few, bold = (
            run.problem
            for run in start_runs(
                digits + "runs = [{}, { problem.shuffle_labels = 1.0 }, { problem.hidden = [5, 6] }, "
                "{ problem.train_size = 50 }, { problem.init = 'normal' }]"
            )
        )
        assert isinstance(plain, Digits)
        assert isinstance(noisy, Digits)
        assert isinstance(wide, Digits)
        assert isinstance(few, Digits)
        assert isinstance(bold, Digits)
        assert np.mean(plain.labels == noisy.labels) < 0.5
        assert wide.network.sizes == (30, 5, 6, 10)
        assert few.n_examples == 50
        assert bold.start(np.random.default_rng(0)).std() > 2 * plain.start(np.random.default_rng(0)).std()
        near, far = finish_runs(SURFACE + "stop.steps = 1\nruns = [{}, { problem.start = [3.0] }]")
        assert [run.history.table().cost[0] for run in (near, far)] == [25, 9]

    def test_equal_seeds_start_alike_and_noise_does_not_move_the_start(self, digits: str, start_runs: Runs) -> None:
        starts = []
        for run in start_runs(digits + "runs = [{}, {}, { seed = 1 }, { problem.shuffle_labels = 0.5 }]"):
            while not run.advance():
                pass
            starts.append(run.row.theta.copy())
        assert np.array_equal(starts[0], starts[1])
        assert not np.array_equal(starts[0], starts[2])
        assert np.array_equal(starts[0], starts[3])
        expected = Network((30, 4, 10)).init(np.random.default_rng(np.random.SeedSequence(0, spawn_key=(0,))))
        np.testing.assert_array_equal(starts[0], expected)

    def test_a_default_batch_is_never_larger_than_the_set(self, digits: str, start_runs: Runs) -> None:
        (run,) = start_runs(digits.replace(" }", ", train_size = 4 }"))
        assert run.steps_per_epoch == 1

    @pytest.mark.parametrize(
        ("more", "message"),
        [
            ("runs = [{}, { batch_size = 61 }]", "runs[1].batch_size: expected at most the 60 training images, got 61"),
            ("runs = [{ problem.train_size = 61 }]", "problem.train_size: expected at most 60, got 61"),
        ],
    )
    def test_more_than_there_is(self, digits: str, start_runs: Runs, more: str, message: str) -> None:
        with pytest.raises(InputError) as raised:
            start_runs(digits + more)
        assert str(raised.value) == message

    def test_more_knobs_than_the_memory_should_hold(
        self, digits: str, start_runs: Runs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(run_module, "MOST_MEMORY", 1 << 30)
        monkeypatch.setattr(run_module, "_A_KNOB", 9 << 20)
        monkeypatch.setattr(run_module, "_A_SLOT", 2 << 20)
        (run,) = start_runs(digits)
        assert run.problem.n_params == 31 * 4 + 5 * 10, "one network may be as large as networks may be"
        adam = "{ optimizer = { kind = 'adam' } }"
        said = r"^runs: training runs\[0\] to runs\[1\] takes 3\.7 GB, expected at most 1 GB$"
        with pytest.raises(InputError, match=said):
            start_runs(digits + f"runs = [{{}}, {adam}, {adam}]")

    def test_a_formula(self, finish_runs: Runs) -> None:
        formula = 'problem = { kind = "formula", expression = "x**2 + 3*y**2" }\n'
        gentle, bold, moved = finish_runs(
            formula + "stop.steps = 3\n"
            "runs = [{ optimizer = { kind = 'gradient-descent', learning_rate = 0.1 } },\n"
            "{ optimizer = { kind = 'gradient-descent', learning_rate = 0.25 } },\n"
            "{ problem = { start = [1.0, 0.0] } }]"
        )
        # A step takes off 2 rate of x and 6 rate of y: the factors are 0.8 and 0.4, 0.5 and -0.5.
        np.testing.assert_allclose(gentle.row.theta, [1.5 * 0.8**3, 1.2 * 0.4**3], rtol=1e-14)
        np.testing.assert_allclose(bold.row.theta, [1.5 * 0.5**3, -1.2 * 0.5**3], rtol=1e-14)
        assert moved.history.table().cost[0] == 1
        assert gentle.cost_key == bold.cost_key == moved.cost_key
        (other,) = finish_runs(formula.replace(" }", ", domain = [[-1, 1], [-1, 1]] }") + "stop.steps = 1")
        assert other.cost_key != gentle.cost_key

    def test_a_formula_without_a_value(self, start_runs: Runs) -> None:
        with pytest.raises(InputError, match=r"^problem\.expression: this has no finite value"):
            start_runs('problem = { kind = "formula", expression = "log(-x**2)" }')


class TestChanges:
    def test_a_change_shows_in_the_row_where_the_run_stands(self, start_runs: Runs) -> None:
        (run,) = start_runs(SURFACE + RATE.format(0.1))
        run.advance()
        run.change("learning_rate", 0.5)
        assert run.tuned == {"learning_rate"}
        run.apply_changes()
        assert run.history.table().learning_rate.tolist() == [0.5]
        run.advance()
        assert run.history.table().cost.tolist() == [25, 0]
        assert run.recipe.changes == ({"step": 0, "learning_rate": 0.5},)

    def test_a_bad_change_is_refused_and_nothing_moves(self, start_runs: Runs) -> None:
        (run,) = start_runs(SURFACE + RATE.format(0.1))
        run.advance()
        for name, value in (("learning_rate", -1.0), ("learning_rate", float("nan")), ("momentum", 0.5)):
            with pytest.raises(msgspec.ValidationError, match=name):
                run.change(name, value)
        run.advance()
        assert run.history.table().cost.tolist() == [25, 16]
        assert run.changes == []

    def test_the_rule_in_force_at_a_step(self, start_runs: Runs) -> None:
        """Whatever the order in which the changes were written down."""
        (run,) = start_runs(
            SURFACE + 'runs = [{ optimizer.kind = "momentum", changes = ['
            "{ step = 4, learning_rate = 0.4 }, { step = 2, learning_rate = 0.2, momentum = 0.5 }] }]"
        )
        while run.step < 6:
            if run.step == 3:
                run.change("learning_rate", 0.3)
            run.advance()
        assert run.history.table().learning_rate.tolist() == [1e-3, 1e-3, 0.2, 0.3, 0.4, 0.4, 0.4]
        expected = [HeavyBall(), HeavyBall(), HeavyBall(learning_rate=0.2, momentum=0.5)]
        assert [run.optimizer_at(step) for step in range(3)] == expected
        assert [run.optimizer_at(step).learning_rate for step in range(7)] == run.history.table().learning_rate.tolist()

    def test_the_runs_own_rule_follows_the_recipe(self, start_runs: Runs) -> None:
        (run,) = start_runs(SURFACE + "runs = [{ changes = [{ step = 2, learning_rate = 0.25 }] }]")
        while run.step < 2:
            assert run.optimizer.learning_rate == 1e-3
            run.advance()
        assert run.optimizer.learning_rate == 0.25

    def test_of_many_changes_at_one_step_only_the_last_is_kept(self, start_runs: Runs) -> None:
        (run,) = start_runs(SURFACE + 'runs = [{ optimizer.kind = "momentum" }]')
        run.advance()
        for rate in (0.1, 0.2, 0.3):
            run.change("learning_rate", rate)
            run.apply_changes()
        run.change("momentum", 0.5)
        run.advance()
        run.change("learning_rate", 0.4)
        run.apply_changes()
        assert run.changes == [(0, "learning_rate", 0.3), (0, "momentum", 0.5), (1, "learning_rate", 0.4)]
