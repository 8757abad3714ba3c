"""A race: eight optimizers down Rosenbrock's valley, without a window."""

from statistics import median
from time import perf_counter

from gdviz.core.run import build, next_run
from gdviz.core.scenario import from_tree
from tests.benchmarks.conftest import Report

_STEPS, _ROUNDS = 20_000, 5
_RATES = {
    "gradient-descent": 1e-3,
    "momentum": 1e-4,
    "nesterov": 1e-4,
    "qhm": 1e-3,
    "adagrad": 0.1,
    "rmsprop": 1e-3,
    "adam": 1e-2,
    "qhadam": 1e-2,
}
"""at which none of them blows up, which would end it early"""


def _race() -> float:
    """Seconds that all of them take."""
    runs = [{"optimizer": {"kind": kind, "learning_rate": rate}} for kind, rate in _RATES.items()]
    tree = {"problem": {"kind": "surface", "name": "rosenbrock"}, "stop": {"steps": _STEPS}, "runs": runs}
    racing = build(from_tree(tree, "benchmark"))
    begun = perf_counter()
    while (run := next_run(racing)) is not None:
        run.advance()
    seconds = perf_counter() - begun
    assert [run.step for run in racing] == [_STEPS] * len(racing)
    return seconds


def test_race(report: Report) -> None:
    seconds = [_race() for _ in range(_ROUNDS)]
    middle = median(seconds)
    report(
        f"race of {len(_RATES)} optimizers on Rosenbrock, {_STEPS:,} steps each: {middle:.2f} s "
        f"(from {min(seconds):.2f} to {max(seconds):.2f}), {1e6 * middle / _STEPS / len(_RATES):.1f} us a step"
    )
