"""Processes that are killed while they save: the file is the old one or the new one, and never half of one."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from time import perf_counter
from typing import TYPE_CHECKING

import pytest

from gdviz.core.shown import Shown
from gdviz.export.saved import load, save
from tests.export.saved_support import SCENARIOS, contents, ran

if TYPE_CHECKING:
    from pathlib import Path

KILLS, STEPS = 200, 4000
# One that has imported everything and gone all the steps, so that each of its children begins to save at once.
PARENT = f"""
import os, signal, sys, time
from pathlib import Path
from gdviz.core.run import build
from gdviz.core.scenario import parse
from gdviz.core.shown import Shown
from gdviz.export.saved import save

scenario = parse(sys.argv[2], "test")
(run,) = build(scenario)
while run.step < {STEPS}:
    run.advance()
ready, begins = os.pipe()
for seconds in sys.stdin:
    run.advance()
    child = os.fork()
    if not child:
        os.write(begins, b".")
        save(Path(sys.argv[1]), Shown(scenario, [run]))
        os._exit(0)
    os.read(ready, 1)
    time.sleep(float(seconds))
    os.kill(child, signal.SIGKILL)
    print("killed" if os.WIFSIGNALED(os.waitpid(child, 0)[1]) else "done", flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there a kill is another matter")
def test_two_hundred_kills_within_a_save_leave_the_old_file_or_the_new_one(path: Path) -> None:
    toml = SCENARIOS["two knobs"].replace("steps = 40", "steps = 1000000")
    scenario, (run,) = ran(toml, STEPS)
    save(path, Shown(scenario, [run]))
    begun = perf_counter()
    save(path, Shown(scenario, [run]))
    seconds = perf_counter() - begun
    draw = random.Random(1)
    midst, old, new = 0, 0, 0
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, path, toml], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        for _ in range(KILLS):
            before = path.read_bytes()
            print(draw.uniform(0, 1.4 * seconds), file=parent.stdin)
            answer = parent.stdout.readline()
            run.advance()
            others = [other for other in path.parent.iterdir() if other != path]
            if answer == "killed\n" and others:
                midst += 1
            for other in others:
                assert other.name.startswith(".gdviz-")  # nobody takes it for a file of theirs
                other.unlink()
            if path.read_bytes() == before:
                assert answer == "killed\n"
                old += 1
            else:
                (saved,) = load(path).runs
                assert contents(saved) == contents(run)
                new += 1
    assert parent.returncode == 0
    # Else nothing was tried: the saves were over before they were killed, or had not begun.
    assert midst > KILLS / 2, (midst, old, new)
    assert min(old, new) > 0, (midst, old, new)
