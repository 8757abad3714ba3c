"""Long runs, each in a process of its own: the memory that their history takes, and how fast one looks through it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from gdviz.core.history import MOST_ROWS

if TYPE_CHECKING:
    from tests.benchmarks.conftest import Report

_PROBE = Path(__file__).with_name("time_machine_probe.py")
_MOST_MB = 200
"""of memory, each of 1,048,576 bytes"""
_RUNS = {
    "a surface of 2,000,000 steps": ("surface", 2_000_000),
    "100 epochs of digits at batch 100": ("100", 60_000),
}
_AT_BATCH_10 = 600_000
"""steps of 100 epochs at a batch of 10"""
_POSITIONS = 60
"""a second, which follow a hand"""


class Long(NamedTuple):
    """A run that has gone to its end."""

    name: str
    file: Path
    grown: dict[str, float]
    """as the probe says it"""

    def at(self, steps: int) -> float:
        """MB that the history takes at most by then: of rows there is room for a power of two."""
        rows, room = int(self.grown["rows"]), min(1 << steps.bit_length(), MOST_ROWS)
        return self.grown["rows_mb"] * room / (1 << rows.bit_length()) + self.grown["most_kept_mb"]


def _probe(*arguments: str) -> Any:
    result = subprocess.run([sys.executable, _PROBE, *arguments], check=True, capture_output=True, text=True)
    return json.loads(result.stdout)


@pytest.fixture(scope="module", params=_RUNS)
def long(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Long:
    what, steps = _RUNS[request.param]
    file = tmp_path_factory.mktemp("long") / "a.gdviz"
    return Long(request.param, file, _probe("grow", what, str(steps), str(file)))


def test_memory(report: Report, long: Long) -> None:
    grown = long.grown
    ours = grown["rows_mb"] + grown["kept_mb"]
    report(
        f"{long.name}: a history of {ours:.0f} MB, {grown['rows_mb']:.0f} of rows and {grown['kept_mb']:.0f} of "
        f"checkpoints; the process has grown by {grown['grown_mb']:.0f} MB, and by {grown['peak_mb']:.0f} at most"
    )
    report(f"  at {_AT_BATCH_10:,} steps {long.at(_AT_BATCH_10):.0f} MB at most, at any length {long.at(10**12):.0f}")
    assert grown["rows"] == grown["steps"] + 1
    assert ours <= long.at(10**12) < _MOST_MB
    assert grown["grown_mb"] < _MOST_MB


def test_scrubbing(report: Report, long: Long) -> None:
    found = _probe("scrub", str(long.file))
    for what in ("random", "successive"):
        for how in (what, f"{what} while it trains"):
            seconds = found[how]
            report(
                f"{long.name}, {how}: {len(seconds) / sum(seconds):.0f} positions a second, each painted in "
                f"{1e3 * median(seconds):.1f} ms (p90 {1e3 * quantiles(seconds, n=10)[-1]:.1f})"
            )
        report(f"  beside 60 positions a second it goes {found[f'steps a second beside {what}']:,.0f} steps")
    assert min(found["painted"]) >= 1, "each panel at each position"
    assert min(len(found[what]) / sum(found[what]) for what in ("random", "successive")) > _POSITIONS
