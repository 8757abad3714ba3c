"""The step-size explorer: 1,000 steps at 61 learning rates, on every surface by every rule."""

from statistics import median
from time import perf_counter

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from gdviz.core.descent import Exact
from gdviz.core.optimizer import Optimizer
from gdviz.core.optimizers import OPTIMIZERS, kind_of
from gdviz.core.schedules import Constant
from gdviz.core.surface import Surface
from gdviz.core.surfaces import SURFACES
from gdviz.core.sweep import sweep
from tests.benchmarks.conftest import Report

_STEPS = 1000


def _sweep(surface: Surface, rule: type[Optimizer]) -> float:
    """Seconds."""
    theta = surface.start(np.random.default_rng(0))
    begun = perf_counter()
    for _ in sweep(surface, rule(), Constant(), Exact(), theta, _STEPS, _STEPS):
        pass
    return perf_counter() - begun


@pytest.mark.parametrize("rule", [rule for rule in OPTIMIZERS if not rule.searches], ids=kind_of)
def test_sweep(benchmark: BenchmarkFixture, report: Report, rule: type[Optimizer]) -> None:
    seconds = {surface: _sweep(surface, rule) for surface in SURFACES}
    slowest = max(seconds, key=lambda surface: seconds[surface])
    middle = median(seconds.values())
    report(
        f"sweep by {kind_of(rule)}: {1e3 * middle:.0f} ms at the median of {len(seconds)} surfaces, "
        f"{1e3 * seconds[slowest]:.0f} ms on {slowest.name}"
    )
    assert middle < 0.5
    benchmark.pedantic(_sweep, (slowest, rule), rounds=3)  # type: ignore[no-untyped-call] # has no types
