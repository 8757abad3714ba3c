"""The window as a person meets it, each time in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import time
from typing import Any

import pytest

from tests.benchmarks.conftest import Report

_PROBE = Path(__file__).with_name("window_probe.py")


def _probe(*arguments: str) -> Any:
    result = subprocess.run([sys.executable, _PROBE, *arguments], check=True, capture_output=True, text=True)
    return json.loads(result.stdout)


def test_first_painted_window(report: Report) -> None:
    seconds = []
    for _ in range(6):
        begun = time()
        seconds.append(_probe("start")["painted"] - begun)
    seconds.pop(0)  # the first one may read the packages from disk
    report(
        f"seconds to the first painted window: {median(seconds):.2f} (from {min(seconds):.2f} to {max(seconds):.2f})"
    )


@pytest.mark.parametrize("scenario", ["digits", "video", "seeds", "rosenbrock-race"])
def test_live(report: Report, scenario: str) -> None:
    found = _probe(scenario, "3")
    ratios = [live / alone for live, alone in zip(found["beside"], found["alone"], strict=True)]
    frame, tick = found["frame_ms"], found["tick_ms"]
    report(
        f"{scenario} live: {median(found['beside']):,.0f} of {median(found['alone']):,.0f} steps/s, ratio "
        f"{median(ratios):.2f}; peak memory {found['peak_mb']:.0f} MB"
    )
    report(f"  between two frames drawn: p50 {frame[49]:.1f} ms, p90 {frame[89]:.1f} ms, p99 {frame[98]:.1f} ms")
    report(f"  between two looks for news: p50 {tick[49]:.1f} ms, p99 {tick[98]:.1f} ms")


@pytest.mark.parametrize("view", ["2d", "3d"])
@pytest.mark.parametrize("scenario", ["digits", "video"])
def test_landscape(report: Report, scenario: str, view: str) -> None:
    found = _probe("landscape", scenario, "2", view)
    on, off, pictures = (median(found[key]) for key in ("on", "off", "pictures"))
    report(
        f"{scenario} in {view}: {on:,.0f} steps/s while the slice is kept fresh ({pictures:.1f} pictures a second), "
        f"{off:,.0f} without, ratio {on / off:.2f}"
    )
    for kept in ("on", "off"):
        frame = found[f"{kept}_ms"]
        report(f"  {kept}: frames p50 {frame[49]:.1f} ms, p90 {frame[89]:.1f} ms, p99 {frame[98]:.1f} ms")
