"""What is kept of a run: all of a short one, the shape of a long one, and never a torn reading."""

import sys
import threading
import time
import tracemalloc

import numpy as np
import pytest

from gdviz.core import history as module
from gdviz.core.descent import Row
from gdviz.core.history import History
from gdviz.core.problem import Evaluation


def row(step: int, cost: float | None = None, n_params: int = 2, n_slots: int = 1, rate: float = 0.1) -> Row:
    """A row whose every number follows from its step."""
    return Row(
        step,
        float(step) if cost is None else cost,
        2.0 * step,
        rate,
        np.full(n_params, step, np.float32),
        np.full(n_params, -step, np.float32),
        np.full((n_slots, n_params), step + 0.5, np.float32),
        Evaluation(step, 0, 0, 0) if step % 100 == 0 else None,
        True,
    )


def filled(n: int, budget: int = 48 << 20, n_params: int = 2) -> History:
    history = History(n_params, 1, np.dtype(np.float32), budget)
    for step in range(n):
        history.append(row(step, n_params=n_params))
    return history


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> int:
    """Two million rows take a while to fill: here thinning begins at 2,048."""
    monkeypatch.setattr(module, "MOST_ROWS", 2048)
    return 2048


def test_nothing_is_there_before_step_0() -> None:
    history = filled(0)
    assert len(history) == 0
    assert history.newest_step == -1
    assert history.newest() is None
    assert history.table().cost.size == 0
    assert history.evaluations == []


def test_every_step_is_kept_while_it_grows() -> None:
    history = filled(5000)
    table = history.table()
    np.testing.assert_array_equal(table.step, np.arange(5000))
    np.testing.assert_array_equal(table.cost, np.arange(5000))
    np.testing.assert_array_equal(table.grad_norm, 2 * np.arange(5000))
    np.testing.assert_array_equal(table.knobs, np.stack([np.arange(5000)] * 2, axis=1))
    assert (table.learning_rate == 0.1).all()
    assert history.newest_step == 4999
    assert history.thinnings == 0
    assert [step for step, _ in history.evaluations] == list(range(0, 5000, 100))


def test_knobs_are_columns_for_one_or_two_of_them_only() -> None:
    assert filled(3, n_params=1).table().knobs.shape == (3, 1)
    assert filled(3, n_params=3).table().knobs.shape == (3, 0)


def test_the_newest_row_once_more_amends_it() -> None:
    history = filled(101)
    before = history.version
    history.append(row(100, rate=0.7))
    assert len(history) == 101
    assert history.version > before
    assert history.table().learning_rate[-2:].tolist() == [0.1, 0.7]
    assert [step for step, _ in history.evaluations] == [0, 100], "measured once"
    assert history.checkpoints()[0].tolist() == list(range(101)), "kept once"
    history.append(row(101))
    assert history.table().step[-2:].tolist() == [100, 101]


def test_the_way_travelled_counts_every_step_once(few_rows: int) -> None:
    history = filled(100)  # both knobs are the step, so each step is as long as the diagonal of a square
    history.append(row(99, rate=0.7))
    np.testing.assert_allclose(history.table().travelled, 2**0.5 * np.arange(100), rtol=1e-12)
    for step in range(100, 3 * few_rows):
        history.append(row(step))
    assert history.thinnings > 0
    table = history.table()
    np.testing.assert_allclose(table.travelled, 2**0.5 * table.step, rtol=1e-12)
    assert filled(3, n_params=3).table().travelled.size == 0


def test_a_table_stays_as_it_was_handed_out() -> None:
    history = filled(1000)
    table = history.table()
    for step in range(1000, 3000):
        history.append(row(step))
    np.testing.assert_array_equal(table.cost, np.arange(1000))


def test_a_step_is_found_by_its_row_or_the_nearest_before() -> None:
    table = filled(10).table()
    assert [table.index(step) for step in (0, 4, 9, 50, -1)] == [0, 4, 9, 9, 0]


class TestThinning:
    def test_lowest_and_highest_of_every_four_stay(self, few_rows: int) -> None:
        history = History(1, 0, np.dtype(np.float64))
        costs = np.random.default_rng(0).random(few_rows + 1)
        for step, cost in enumerate(costs):
            history.append(row(step, float(cost), 1, 0))
        table = history.table()
        assert history.thinnings == 1
        assert len(table.step) == few_rows // 2 + 1
        np.testing.assert_array_equal(table.cost, costs[table.step])
        assert (np.diff(table.step) > 0).all()
        assert table.step[0] == 0
        assert table.step[-2:].tolist() == [few_rows - 1, few_rows]
        for four in range(1, few_rows // 4 - 1):
            kept = table.cost[(table.step >= 4 * four) & (table.step < 4 * four + 4)]
            assert sorted(kept) == [min(costs[4 * four :][:4]), max(costs[4 * four :][:4])]

    @pytest.mark.parametrize("cost", [1.0, None])
    def test_equal_and_rising_costs_lose_half(self, few_rows: int, cost: float | None) -> None:
        history = History(1, 0, np.dtype(np.float64))
        for step in range(few_rows + 1):
            history.append(row(step, cost, 1, 0))
        assert len(history) == few_rows // 2 + 1
        assert len(set(history.table().step.tolist())) == len(history)

    def test_a_single_spike_is_never_lost(self, few_rows: int) -> None:
        history = History(1, 0, np.dtype(np.float64))
        for step in range(20 * few_rows):
            history.append(row(step, 1000.0 if step == 1111 else step % 7, 1, 0))
        table = history.table()
        assert len(table.step) <= few_rows
        assert table.cost.max() == 1000
        assert table.step[table.cost.argmax()] == 1111
        assert table.step[[0, -1]].tolist() == [0, 20 * few_rows - 1]


class TestCheckpoints:
    def test_each_step_is_kept_until_the_budget_is_full(self) -> None:
        history = filled(100, budget=100 * 2 * 2 * 4)  # 100 of: theta and one slot, two knobs, 4 bytes
        assert history.stride == 1
        for step in (0, 1, 50, 99):
            kept = history.checkpoint(step)
            assert kept.step == step
            assert kept.theta.tolist() == [step, step]
            assert kept.state.tolist() == [[step + 0.5, step + 0.5]]
            assert kept.theta.dtype == kept.state.dtype == np.float32

    @pytest.mark.parametrize("most", [4, 7, 100])
    def test_a_full_budget_doubles_the_stride(self, most: int) -> None:
        history = filled(0, budget=most * 2 * 2 * 4)
        for step in range(2000):
            history.append(row(step))
            steps, knobs = history.checkpoints()
            assert 1 <= len(steps) <= most
            np.testing.assert_array_equal(steps, np.arange(0, step + 1, history.stride))
            np.testing.assert_array_equal(knobs[:, 0], steps)
        assert history.stride & (history.stride - 1) == 0, "a power of two"
        assert 2000 / history.stride > most / 2 - 1, "no coarser than needed"
        assert history.checkpoint(0).theta.tolist() == [0, 0]
        for step in (1, 999, 1900):
            kept = history.checkpoint(step)
            assert step - history.stride < kept.step <= step
            assert kept.theta[0] == kept.step
            assert kept.state[0, 0] == kept.step + 0.5

    def test_a_rule_without_memory_keeps_an_empty_state_of_the_same_kind(self) -> None:
        history = History(3, 0, np.dtype(np.float32))
        history.append(row(0, n_params=3, n_slots=0))
        kept = history.checkpoint(0)
        assert kept.state.shape == (0, 3)
        assert kept.state.dtype == np.float32

    def test_those_after_a_step_and_some_way_apart(self) -> None:
        history = filled(20)
        assert history.checkpoints(after=16)[0].tolist() == [17, 18, 19]
        assert history.checkpoints(after=19)[0].size == 0
        assert history.checkpoints(every=8)[0].tolist() == [0, 8, 16]
        assert history.checkpoints(after=3, every=8)[0].tolist() == [8, 16]
        np.testing.assert_array_equal(history.checkpoints(every=8)[1][:, 0], [0, 8, 16])

    def test_the_newest_is_copied_when_it_was_asked_for(self) -> None:
        history = filled(1, budget=4 * 2 * 2 * 4)
        first = history.newest()
        assert first is not None
        assert first.step == 0
        history.append(row(1))
        history.append(row(2))
        second = history.newest()
        assert second is not None
        assert second.step == 1, "nobody asked after step 1"
        assert second.gradient is not None
        assert second.gradient.tolist() == [-1, -1]
        for step in range(3, 30):
            history.append(row(step))
            history.newest()
        history.append(row(30))
        assert history.stride == 8
        assert history.checkpoint(30).step == 30, "nearer than the last one kept"
        assert history.checkpoint(23).step == 16


def test_memory_is_bounded(few_rows: int) -> None:
    n_params, budget = 1000, 1 << 20
    history = History(n_params, 1, np.dtype(np.float32), budget)
    one = row(0, n_params=n_params)
    one.evaluation = None
    tracemalloc.start()
    try:
        for step in range(10 * few_rows):
            one.step = step
            history.append(one)
        grown, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The columns of numbers are 4 x 8 bytes a row, twice while they grow; the checkpoints were reserved before.
    assert grown < 3 * few_rows * 32
    assert peak < 3 * few_rows * 32 + budget
    assert len(history.checkpoints()[0]) * 2 * n_params * 4 <= budget


def test_another_thread_never_reads_a_torn_row(few_rows: int) -> None:
    """Every number follows from its step, so whatever is read can be checked, through growth and thinning."""
    history = History(2, 1, np.dtype(np.float32), 64 * 2 * 2 * 4)
    stop, wrong, reads = threading.Event(), [], 0

    def read() -> None:
        nonlocal reads
        last = -1
        while not stop.is_set():
            table, newest = history.table(), history.newest()
            n = len(table.step)
            if not (len(table.cost) == len(table.grad_norm) == len(table.knobs) == n):
                wrong.append("lengths")
            if (np.diff(table.step) <= 0).any() or (n and (table.step[0] != 0 or table.step[-1] < last)):
                wrong.append("order")
            if (table.cost != table.step).any() or (table.grad_norm != 2 * table.step).any():
                wrong.append("numbers")
            if (table.knobs != table.step[:, None].astype(np.float32)).any():
                wrong.append("knobs")
            last = int(table.step[-1]) if n else -1
            if newest is not None and (newest.theta != newest.step).any():
                wrong.append("newest")
            if history.newest_step < last:
                wrong.append("went back")
            if n:
                steps, knobs = history.checkpoints()
                kept = history.checkpoint(last // 2)
                if (knobs[:, 0] != steps).any() or (kept.theta != kept.step).any():
                    wrong.append("checkpoints")
            reads += 1

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # the threads meet often
    reader = threading.Thread(target=read)
    try:
        reader.start()
        end, step = time.monotonic() + 0.8, 0
        while time.monotonic() < end or (reads < 20 and time.monotonic() < end + 10):
            history.append(row(step))
            step += 1
    finally:
        stop.set()
        reader.join()
        sys.setswitchinterval(interval)
    assert wrong == []
    assert reads >= 20
    assert history.thinnings >= 1
