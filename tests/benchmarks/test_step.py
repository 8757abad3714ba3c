"""A training step against its floor: taking the batch and the two first-layer products, without which none is."""

from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from gdviz.core.digits import Digits
from gdviz.core.run import Run, build
from gdviz.core.scenario import from_tree
from tests.benchmarks.conftest import Report

_CALLS, _ROUNDS = 300, 31


def _seconds_a_call(function: Callable[[], object]) -> float:
    begun = perf_counter()
    for _ in range(_CALLS):
        function()
    return (perf_counter() - begun) / _CALLS


def _run(batch_size: int) -> Run:
    optimizer = {"kind": "gradient-descent", "learning_rate": 0.1}
    runs = [{"batch_size": batch_size, "optimizer": optimizer}]
    tree = {"problem": {"kind": "digits"}, "stop": {"epochs": 1000}, "runs": runs}
    (run,) = build(from_tree(tree, "benchmark"))
    while run.step < 10_000 // batch_size:  # beyond the evaluations of the first steps
        run.advance()
    return run


def _floor(problem: Digits, batch_size: int) -> Callable[[], object]:
    images, scale = problem.images, np.float32(1 / 255)
    batch = np.random.default_rng(0).permutation(problem.n_examples)[:batch_size]
    pixels = np.empty((batch_size, 784), np.uint8)
    inputs = np.ones((batch_size, 785), np.float32)
    weights, gradient = np.full((785, 16), 0.1, np.float32), np.empty((785, 16), np.float32)
    sums, delta = np.empty((batch_size, 16), np.float32), np.full((batch_size, 16), 0.1, np.float32)

    def floor() -> None:
        images.take(batch, 0, out=pixels, mode="clip")
        np.multiply(pixels, scale, out=inputs[:, :-1])
        np.dot(inputs, weights, out=sums)
        np.dot(inputs.T, delta, out=gradient)

    return floor


@pytest.mark.parametrize("batch_size", [10, 32])
def test_step(benchmark: BenchmarkFixture, report: Report, batch_size: int) -> None:
    run = _run(batch_size)
    assert isinstance(run.problem, Digits)
    floor = _floor(run.problem, batch_size)
    pairs = [(_seconds_a_call(run.advance), _seconds_a_call(floor)) for _ in range(_ROUNDS)]
    step_s, floor_s = (median(times) for times in zip(*pairs, strict=True))
    ratio = median(step / floor for step, floor in pairs)
    report(f"step at batch {batch_size}: {1e6 * step_s:.1f} us, floor {1e6 * floor_s:.1f} us, ratio {ratio:.2f}")
    benchmark.extra_info.update(floor_us=1e6 * floor_s, ratio=ratio)
    benchmark.pedantic(run.advance, iterations=_CALLS, rounds=_ROUNDS)  # type: ignore[no-untyped-call] # has no types
