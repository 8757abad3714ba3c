from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import msgspec
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from gdviz.core.making import started
from gdviz.core.run import Run, build, next_run
from gdviz.core.scenario import Scenario, parse
from gdviz.ui.worker import Worker

SURFACE = """
[problem]
kind = "surface"
name = "parabola"
[stop]
steps = {steps}
[[runs]]
optimizer = {{ kind = "gradient-descent", learning_rate = 0.1 }}
"""
DIGITS = """
[problem]
kind = "digits"
train_size = {images}
[stop]
epochs = {epochs}
[[runs]]
batch_size = {batch}
optimizer = {{ kind = "momentum", learning_rate = 0.5 }}
"""


def digits(images: int = 2000, epochs: int = 1, batch: str = "16") -> Scenario:
    return parse(DIGITS.format(images=images, epochs=epochs, batch=batch), "test")


def surface(steps: int = 100) -> Scenario:
    return parse(SURFACE.format(steps=steps), "test")


def synchronous(scenario: Scenario, step: int | None = None) -> Run:
    """The scenario's first run, driven here to its end or to a step."""
    runs = build(scenario)
    while (run := next_run(runs)) is not None and (step is None or runs[0].step < step):
        run.advance()
    return runs[0]


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    made.start()
    yield made
    made.finish()


@pytest.fixture
def load(worker: Worker, qtbot: QtBot) -> Callable[[Scenario], list[Run]]:
    """A function that has a scenario built and gives its runs."""

    def carry_out(scenario: Scenario) -> list[Run]:
        with qtbot.waitSignal(worker.built, timeout=20_000) as signal:
            worker.load(started(scenario))
        assert signal.args is not None
        runs: list[Run] = signal.args[0].runs
        return runs

    return carry_out


Load = Callable[[Scenario], list[Run]]


def test_a_loaded_run_stands_at_step_0_and_waits(worker: Worker, load: Load, qtbot: QtBot) -> None:
    (run,) = load(digits())
    assert run.step == 0
    qtbot.wait(30)
    assert run.step == 0
    newest = run.history.newest()
    assert newest is not None
    assert newest.step == 0


def test_it_goes_to_the_end_and_rests(worker: Worker, load: Load, qtbot: QtBot) -> None:
    (run,) = load(surface(300))
    with qtbot.waitSignal(worker.rested):
        worker.go()
    assert (run.step, run.ended) == (300, "300 steps done")


@pytest.mark.parametrize("epochs", [0.008, 0.04, 0.2])
def test_it_goes_exactly_as_far_as_it_was_told(epochs: float, worker: Worker, load: Load, qtbot: QtBot) -> None:
    (run,) = load(digits())  # 125 steps an epoch
    with qtbot.waitSignal(worker.rested):
        worker.go(epochs)
    assert run.step == round(125 * epochs)
    newest = run.history.newest()
    assert newest is not None
    assert newest.step == run.step  # what is shown at rest is the newest


def test_the_pace_is_kept(worker: Worker, load: Load, qtbot: QtBot) -> None:
    (run,) = load(surface(10_000))
    worker.set_pace(200)
    worker.go()
    qtbot.wait(100)
    before, step = perf_counter(), run.step
    qtbot.wait(600)
    pace = (run.step - step) / (perf_counter() - before)
    assert 170 < pace < 220
    worker.pause()


def test_the_pace_is_that_of_each_run(worker: Worker, load: Load, qtbot: QtBot) -> None:
    toml = SURFACE.format(steps=10_000)
    runs = load(parse(toml + toml[toml.index("[[runs]]") :], "test"))
    worker.set_pace(100)
    worker.go()
    qtbot.wait(500)
    worker.pause()
    assert 40 < runs[0].step < 56
    assert abs(runs[0].step - runs[1].step) <= 1


def test_a_slow_pace_is_left_at_once(worker: Worker, load: Load, qtbot: QtBot) -> None:
    (run,) = load(surface(1000))
    worker.set_pace(1)
    worker.go()
    qtbot.wait(50)
    with qtbot.waitSignal(worker.rested, timeout=1000):
        worker.set_pace(float("inf"))
    assert run.step == 1000


def test_a_pause_keeps_the_run_where_it_is(worker: Worker, load: Load, qtbot: QtBot) -> None:
    (run,) = load(surface(10**9))
    worker.go()
    qtbot.waitUntil(lambda: run.step > 100)
    worker.pause()
    qtbot.wait(30)
    step = run.step
    qtbot.wait(50)
    assert run.step == step


@pytest.mark.parametrize(("batch", "images"), [('"full"', 20_000), ("2000", 2000)], ids=["full batch", "evaluation"])
def test_at_rest_knobs_and_row_are_of_one_step(
    batch: str, images: int, worker: Worker, load: Load, qtbot: QtBot
) -> None:
    scenario = digits(images, 1000, batch)
    (run,) = load(scenario)
    paused_between = 0
    for _ in range(8):
        worker.go()
        qtbot.waitUntil(lambda: run.between)
        worker.pause()
        paused_between += run.between
        qtbot.waitUntil(lambda: not run.between and (n := run.history.newest()) is not None and n.step == run.step)
    assert paused_between > 0
    qtbot.wait(50)
    newest = run.history.newest()
    assert newest is not None
    expected = synchronous(scenario, run.step)
    assert newest.step == expected.step
    np.testing.assert_array_equal(newest.theta, expected.row.theta)
    np.testing.assert_array_equal(newest.gradient, expected.row.gradient)


def test_a_pause_comes_at_the_end_of_a_round(worker: Worker, load: Load, qtbot: QtBot) -> None:
    toml = SURFACE.format(steps=10**9)
    runs = load(parse(toml + 4 * toml[toml.index("[[runs]]") :], "test"))
    seen = []
    for _ in range(20):
        worker.go()
        qtbot.wait(3)
        worker.pause()
        qtbot.wait(10)
        assert len({run.step for run in runs}) == 1
        seen.append(runs[0].step)
    assert seen[-1] > seen[0] > 0


def test_of_many_scenarios_asked_for_only_the_newest_has_to_be_built(worker: Worker, qtbot: QtBot) -> None:
    titles: list[str] = []
    worker.built.connect(lambda shown, making: titles.append(shown.scenario.title))
    for i in range(50):
        worker.load(started(msgspec.structs.replace(digits(), title=str(i))))
    qtbot.waitUntil(lambda: "49" in titles, timeout=20_000)
    qtbot.wait(50)
    assert titles[-1] == "49"
    assert len(titles) < 50


def test_an_order_for_the_runs_before_is_not_carried_out_on_the_new_ones(
    worker: Worker, load: Load, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(worker.built) as signal:
        worker.load(started(surface(50)))
        worker.go()
    assert signal.args is not None
    qtbot.wait(100)
    assert signal.args[0].runs[0].step == 0


def test_what_cannot_be_built_is_said_and_the_old_runs_go_on(worker: Worker, load: Load, qtbot: QtBot) -> None:
    (run,) = load(surface(50))
    with qtbot.waitSignal(worker.failed) as signal:
        worker.load(started(parse('[problem]\nkind = "digits"\ndata = "/nowhere"', "test")))
    assert signal.args[0] == "problem.data: expected mnist or a folder with IDX files, got '/nowhere'"
    with qtbot.waitSignal(worker.rested):
        worker.go()
    assert run.step == 50


def test_a_fault_in_the_middle_of_a_run_is_said_and_the_thread_lives_on(
    worker: Worker, load: Load, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("sys.excepthook", lambda *error: shown.append(error))
    (run,) = load(digits())

    def fails(*_: object) -> float:
        raise ArithmeticError("no more")

    monkeypatch.setattr(run.problem, "cost_and_gradient", fails)
    with qtbot.waitSignal(worker.failed) as signal:
        worker.go()
    assert signal.args == ["the run stopped: no more", None]
    assert len(shown) == 1
    assert run.ended == "stopped at step 0"
    (other,) = load(surface(20))
    with qtbot.waitSignal(worker.rested):
        worker.go()
    assert other.step == 20


def test_a_change_holds_from_the_next_step_on(worker: Worker, load: Load, qtbot: QtBot) -> None:
    (run,) = load(surface(1000))
    worker.change(run, "learning_rate", 0.25)
    qtbot.waitUntil(lambda: run.changes == [(0, "learning_rate", 0.25)])  # taken down while it waits
    with qtbot.waitSignal(worker.rested):
        worker.go(1)
    assert run.history.table().knobs[:, 0].tolist() == [5.0, 2.5]
    with pytest.raises(msgspec.ValidationError):
        worker.change(run, "learning_rate", -1.0)
    assert run.optimizer.learning_rate == 0.25


@pytest.mark.parametrize("orders", [0, 1, 5])
def test_it_ends_whatever_it_does(orders: int, qtbot: QtBot) -> None:
    for i in range(40):
        worker = Worker()
        worker.start()
        worker.load(started(surface(10**9)))
        for _ in range(orders):
            worker.go()
            worker.pause()
        if i % 2:
            worker.go()
            qtbot.wait(i % 7)
        worker.finish()
        assert worker.isFinished()
