"""The program in a real window, worked by real keys, as `make run` starts it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.x11


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"XDG_CONFIG_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "gdviz", "worked-run"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def xdotool(*arguments: str) -> str:
    return subprocess.run(
        ["xdotool", *arguments], check=True, capture_output=True, text=True, timeout=30
    ).stdout.strip()


def test_it_opens_plays_and_closes_without_a_word(program: subprocess.Popen[str]) -> None:
    window = xdotool("search", "--sync", "--onlyvisible", "--pid", str(program.pid), "--name", "gdviz").splitlines()[0]
    xdotool("windowfocus", "--sync", window, "key", "space", "sleep", "1", "key", "ctrl+q")
    assert program.wait(timeout=10) == 0
    assert program.stderr is not None
    assert program.stderr.read() == ""
