"""The stopwatch of a run: what counts, what is kept, and who may read it meanwhile."""

from __future__ import annotations

import math
from threading import Thread
from time import perf_counter, sleep
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gdviz.core.generators import finished
from gdviz.core.run import Run, build
from gdviz.core.scenario import parse
from gdviz.core.scene import Scene
from gdviz.core.stopwatch import AT_START, MOST_MARKS, Clock, Stopwatch
from tests.core.scene_support import at_rest, drawn

if TYPE_CHECKING:
    from collections.abc import Generator

    from gdviz.core.frame import RunFrame

PARABOLA = '[problem]\nkind = "surface"\nname = "parabola"\n[stop]\nsteps = 100000\n[[runs]]\n'
DIGITS = """
[problem]
kind = "digits"
train_size = {size}
hidden = [8]
evaluate = {evaluate}
[stop]
steps = 1000
[[runs]]
batch_size = {batch}
"""


def ran(toml: str, steps: int) -> Run:
    (run,) = build(parse(toml, "test"))
    while run.step < steps:
        run.advance()
    return run


def assert_in_order(clock: Clock) -> None:
    assert (np.diff(clock.steps) > 0).all()
    assert (np.diff(clock.seconds) >= 0).all()
    assert len(clock.steps) == len(clock.seconds) <= MOST_MARKS


class TestCounting:
    def test_a_step_counts_with_all_of_its_parts(self) -> None:
        watch = Stopwatch()
        watch.add(0.5, 1)
        watch.add_part(0.25)
        assert watch.clock.steps[-1] == 1
        assert watch.clock.at(1) == 0.5, "the step before stays as it was"
        watch.add_part(1.0)
        watch.add(0.25, 2)
        assert watch.clock.marks == ((0, 0.0), (1, 0.5), (2, 2.0))

    def test_a_step_that_is_done_once_more_counts_once(self) -> None:
        watch = Stopwatch([(0, 0.0), (7, 2.0)])
        watch.add_part(5.0)
        watch.add(5.0, 7)
        watch.add(1.0, 8)
        assert watch.clock.marks == ((0, 0.0), (7, 2.0), (8, 3.0))

    def test_what_is_left_out_does_not_count(self) -> None:
        def work() -> Generator[None, None, str]:
            sleep(0.02)
            yield
            sleep(0.02)
            return "done"

        watch = Stopwatch()
        begun = perf_counter()
        parts = watch.leave_out(work())
        next(parts)
        watch.add_part(perf_counter() - begun)
        sleep(0.05)  # between two parts nobody counts
        begun = perf_counter()
        assert finished(parts) == "done"
        watch.add(perf_counter() - begun, 1)
        assert 0 <= watch.clock.at(1) < 0.03

    def test_all_of_a_step_may_be_left_out(self) -> None:
        watch = Stopwatch([(0, 0.0), (1, 1.0)])
        watch.add_part(-1e-17)
        watch.add(0.0, 2)
        assert watch.clock.at(2) == 1.0


class TestMarks:
    def test_between_two_marks_it_is_spread_evenly(self) -> None:
        clock = Clock(np.array([3, 5, 9]), np.array([1.0, 2.0, 6.0]))
        assert [clock.at(step) for step in (3, 4, 5, 6, 9, 12)] == [1.0, 1.5, 2.0, 3.0, 6.0, 6.0]
        assert math.isnan(clock.at(2)), "nobody took it"
        assert AT_START.at(0) == 0.0

    @pytest.mark.parametrize("pace", [1e-5, 0.0], ids=["even", "too fast for any clock"])
    def test_there_is_a_bound_on_them(self, pace: float) -> None:
        watch = Stopwatch()
        for step in range(1, 20 * MOST_MARKS):
            watch.add(pace, step)
            if step % 777 == 0:
                assert_in_order(watch.clock)
                assert watch.clock.steps[0] == 0
                assert watch.clock.steps[-1] == step
        clock = watch.clock
        steps = np.arange(20 * MOST_MARKS)
        np.testing.assert_allclose(clock.spread(steps), pace * steps, rtol=1e-9)
        if pace:
            assert len(clock.steps) > MOST_MARKS / 4
            # Evenly over all of the time, the beginning as well as the end.
            assert np.diff(clock.seconds).max() < 8 * clock.seconds[-1] / MOST_MARKS

    def test_one_that_knows_many_marks_goes_on(self) -> None:
        marks = [(step, step / 8) for step in range(MOST_MARKS)]
        watch = Stopwatch(marks)
        assert watch.clock.marks == tuple(marks)
        for step in range(MOST_MARKS, 3 * MOST_MARKS):
            watch.add(1 / 8, step)
            assert_in_order(watch.clock)
        np.testing.assert_allclose(watch.clock.spread(np.arange(3 * MOST_MARKS)), np.arange(3 * MOST_MARKS) / 8)

    def test_a_past_up_to_some_step(self) -> None:
        watch = Stopwatch([(2, 1.0), (4, 2.0), (8, 6.0)])
        assert watch.until(6).clock.marks == ((2, 1.0), (4, 2.0), (6, 4.0))
        assert watch.until(4).clock.marks == ((2, 1.0), (4, 2.0))
        assert watch.until(8).clock.marks == watch.clock.marks
        assert watch.until(1).clock.marks == ((1, 0.0),), "where nothing is known, it begins"


def test_another_thread_may_read_while_it_is_written() -> None:
    watch, done = Stopwatch(), False

    def write() -> None:
        nonlocal done
        for step in range(1, 300_000):
            watch.add(1e-6, step)
        done = True

    writer = Thread(target=write)
    writer.start()
    before = watch.clock
    while not done:
        clock = watch.clock
        assert_in_order(clock)
        assert (clock.steps[0], clock.seconds[0]) == (0, 0.0)
        # A step may be read a little late, never early.
        assert clock.seconds[-1] >= 1e-6 * clock.steps[-1] * (1 - 1e-9)
        assert clock.steps[-1] >= before.steps[-1]
        before = clock
    writer.join()


class TestRuns:
    def test_only_the_time_inside_the_steps_counts(self) -> None:
        (run,) = build(parse(PARABOLA, "test"))
        begun = perf_counter()
        while run.step < 200:
            run.advance()
        took = perf_counter() - begun
        sleep(0.3)
        run.advance()
        clock = run.stopwatch.clock
        assert clock.at(0) == 0.0
        assert 0 < clock.at(200) <= took
        assert clock.at(201) < took + 0.2

    def test_evaluations_do_not_count(self) -> None:
        begun = perf_counter()
        clock = ran(DIGITS.format(size=10_000, batch=10, evaluate=1), 30).stopwatch.clock
        assert 0 < clock.at(30) < 0.5 * (perf_counter() - begun)  # one of them takes longer than all of these steps

    def test_the_parts_of_a_large_step_count(self) -> None:
        (run,) = build(parse(DIGITS.format(size=20_000, batch='"full"', evaluate=1000), "test"))
        while run.step < 0:
            run.advance()
        begun = perf_counter()
        pauses = 0
        while run.step < 1:
            pauses += not run.advance()
        assert pauses > 5
        assert 0.5 * (perf_counter() - begun) < run.stopwatch.clock.at(1) <= perf_counter() - begun

    def test_two_runs_of_one_recipe_differ_in_nothing_else(self) -> None:
        one, two = (ran(PARABOLA, 50) for _ in range(2))
        assert one.history.table().cost.tobytes() == two.history.table().cost.tobytes()
        assert one.stopwatch.clock.marks != two.stopwatch.clock.marks

    def test_a_fork_takes_over_its_past_and_another_try_does_not(self) -> None:
        run = ran(PARABOLA, 100)
        fork = run.forked(finished(run.exactly(40)), {"learning_rate": 0.05}, "fork")
        before = run.stopwatch.clock
        while fork.step < 40:
            fork.advance()
        steps = np.arange(41)
        np.testing.assert_array_equal(fork.stopwatch.clock.spread(steps), before.spread(steps))
        fork.advance()
        assert fork.stopwatch.clock.steps[-1] == 41
        assert fork.stopwatch.clock.at(41) > before.at(40)
        assert run.stopwatch.clock.marks == before.marks, "and shares nothing"
        again = run.again(run.optimizer, "again")
        assert again.stopwatch.clock.marks == AT_START.marks
        again.advance()
        assert again.stopwatch.clock.marks == AT_START.marks, "step 0 is where it starts"

    def test_it_stands_in_the_frame(self) -> None:
        for toml, epoch in ((PARABOLA, None), (DIGITS.format(size=60, batch=20, evaluate=1000), 3)):
            run = ran(toml, 9)
            shown: RunFrame = drawn(Scene(at_rest([run]))).run
            assert shown.clock.marks == run.stopwatch.clock.marks
            assert shown.clock.at(shown.step) == shown.clock.seconds[-1] > 0
            assert shown.steps_per_epoch == epoch
