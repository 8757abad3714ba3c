"""Collects what the benchmarks measured beyond times, and prints it under pytest-benchmark's own table."""

from typing import Protocol

import pytest


class Report(Protocol):
    def __call__(self, line: str, /) -> None: ...


_LINES: list[str] = []


@pytest.fixture
def report() -> Report:
    """Call it with a line; all lines are printed at the end of the session."""
    return _LINES.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("figures")
    for line in _LINES:
        terminalreporter.write_line(line)
