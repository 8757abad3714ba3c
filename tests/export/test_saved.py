"""Saved runs: they come back bit for bit and go on as if never stopped, and a file is written whole or not at all."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gdviz.cli import main
from gdviz.core import history as history_module
from gdviz.core.errors import InputError
from gdviz.core.generators import finished
from gdviz.core.making import begun, with_fork
from gdviz.core.scenario import MOST_RUNS
from gdviz.core.shown import Shown
from gdviz.core.stopwatch import MOST_MARKS
from gdviz.export import manifest, saved
from gdviz.export.saved import load, reopened, save, scenario_of
from tests.export.saved_support import SCENARIOS, contents, drive, parts, ran, rewritten, standing

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("step", [0, 1, 23, 10**9])
@pytest.mark.parametrize("name", SCENARIOS)
def test_runs_come_back_bit_for_bit_and_go_on_as_if_never_stopped(name: str, step: int, path: Path) -> None:
    scenario, runs = ran(SCENARIOS[name], step)
    save(path, Shown(scenario, runs))
    again, loaded = parts(load(path))
    assert again == scenario == scenario_of(str(path))
    assert [contents(run) for run in loaded] == [contents(run) for run in runs]
    for run, one in zip(loaded, runs, strict=True):
        at = run.history.newest()
        assert at is not None
        assert (at.step, at.theta.tobytes()) == (one.step, one.row.theta.tobytes())
    loaded = finished(begun(Shown(again, loaded))).runs
    assert [standing(run) for run in loaded] == [standing(run) for run in runs], "at the newest row"
    for both in (runs, loaded):
        drive(both)
        for run in both:
            run.go_on()
        drive(both, 60)
    assert [standing(run) for run in loaded] == [standing(run) for run in runs], "later on"
    assert all(run.step >= 40 or run.ended for run in runs)


def test_a_run_that_blew_up_keeps_its_last_row(path: Path) -> None:
    for name in ("blows up", "digits that blow up"):
        scenario, runs = ran(SCENARIOS[name])
        assert runs[0].ended.startswith("blew up")
        save(path, Shown(scenario, runs))
        (run,) = finished(reopened(path)).runs
        assert not np.isfinite(run.history.table().cost[-1])
        assert run.fixed
        run.go_on()
        assert run.ended == runs[0].ended


def test_a_run_that_failed_stays_where_it_is(path: Path) -> None:
    scenario, (run,) = ran(SCENARIOS["two knobs"], 10)
    run._steps.close()
    with pytest.raises(StopIteration):
        run.advance()
    run.change("learning_rate", 0.5)
    assert run.ended == "stopped at step 10"
    save(path, Shown(scenario, [run]))
    (again,) = finished(reopened(path)).runs
    assert (again.step, again.ended, again.fixed) == (10, "stopped at step 10", True)


@pytest.mark.parametrize("name", ["two knobs", "mini-batches"])
def test_what_was_changed_by_hand_and_a_run_past_its_stop(name: str, path: Path) -> None:
    scenario, (run,) = ran(SCENARIOS[name], 12)
    run.change("learning_rate", 0.02)
    run.change("beta1", 0.8)
    drive([run], 20)
    run.change("learning_rate", 0.03)
    drive([run])
    run.go_on()
    drive([run], 50)
    run.change("learning_rate", 0.04)  # not yet in force
    save(path, Shown(scenario, [run]))
    (again,) = finished(reopened(path)).runs
    assert again.changes == [(12, "learning_rate", 0.02), (12, "beta1", 0.8), (20, "learning_rate", 0.03),
                             (50, "learning_rate", 0.04)]  # fmt: skip
    assert standing(again) == standing(run)
    assert again.recipe == run.recipe
    drive([run], 60)
    drive([again], 60)
    assert standing(again) == standing(run)
    assert finished(again.exactly(55)).theta.tobytes() == finished(run.exactly(55)).theta.tobytes()


@pytest.mark.parametrize("name", ["two knobs", "mini-batches", "another rule later"])
def test_forks_and_forks_of_what_was_loaded(name: str, path: Path) -> None:
    scenario, runs = ran(SCENARIOS[name], 30)
    other = {"optimizer": {"kind": "nadam", "learning_rate": 0.002}}
    scenario, runs = parts(finished(with_fork(scenario, runs, 0, 21, other, "nadam from 21")))
    scenario, runs = parts(finished(with_fork(scenario, runs, 0, 12, {"learning_rate": 0.5}, "faster")))
    drive(runs, 35)
    save(path, Shown(scenario, runs))
    again, loaded = parts(finished(reopened(path)))
    assert [run.ended for run in loaded] == ["left at step 30", "", ""]
    assert [run.label for run in loaded][1:] == ["nadam from 21", "faster"]
    assert [standing(run) for run in loaded] == [standing(run) for run in runs]
    fork = {"learning_rate": 0.1}
    ends = [drive(finished(with_fork(a, b, 1, 10, fork, "fork")).runs) for a, b in ((scenario, runs), (again, loaded))]
    assert [standing(run) for run in ends[0]] == [standing(run) for run in ends[1]]


@pytest.mark.parametrize("name", ["two knobs", "a full batch"])
def test_the_seconds_come_back_and_go_on(name: str, path: Path) -> None:
    scenario, runs = ran(SCENARIOS[name], 12)
    scenario, runs = parts(finished(with_fork(scenario, runs, 0, 7, {"learning_rate": 0.02}, "fork")))
    drive(runs, 12)
    save(path, Shown(scenario, runs))
    loaded = finished(reopened(path)).runs
    for run, one in zip(loaded, runs, strict=True):
        assert run.stopwatch.clock.marks == one.stopwatch.clock.marks
        run.go_on()
        run.stay_no_longer()
        drive([run], 20)
        clock = run.stopwatch.clock
        assert clock.marks[: len(one.stopwatch.clock.marks)] == one.stopwatch.clock.marks
        assert clock.steps[-1] == 20
        assert clock.at(20) > clock.at(12) > clock.at(7) > clock.at(0) == 0


def test_a_file_without_seconds_still_opens(path: Path) -> None:
    scenario, runs = ran(SCENARIOS["two knobs"], 12)
    save(path, Shown(scenario, runs))
    rewritten(path, lambda tree, streams: tree["runs"][0].pop("clock"))
    (run,) = finished(reopened(path)).runs
    assert standing(run) == standing(runs[0])
    drive([run], 20)
    clock = run.stopwatch.clock
    assert np.isnan(clock.at(11)), "nobody took them"
    assert clock.at(20) > clock.at(12) == 0, "they count from here on"


def test_the_seconds_of_as_many_runs_as_there_may_be_fit_into_a_file(path: Path) -> None:
    toml = SCENARIOS["one knob"].replace("steps = 40", f"steps = {MOST_MARKS}") + "[[runs]]\n" * (MOST_RUNS - 1)
    scenario, runs = ran(toml, MOST_MARKS - 2)
    assert {len(run.stopwatch.clock.steps) for run in runs} == {MOST_MARKS - 1}
    save(path, Shown(scenario, runs))
    line = path.read_bytes().split(b"\n", 2)[1]
    assert len(line) < 0.75 * manifest.MOST_MANIFEST, "there is room for what was changed by hand"
    save(path, load(path))
    assert path.read_bytes().split(b"\n", 2)[1] == line


@pytest.mark.parametrize("step", [2047, 2048, 2049, 5000])
def test_thinned_histories(step: int, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MOST_ROWS", 2048)
    scenario, runs = ran(SCENARIOS["two knobs"].replace("steps = 40", "steps = 9000"), step)
    save(path, Shown(scenario, runs))
    loaded = finished(reopened(path)).runs
    assert standing(loaded[0]) == standing(runs[0])
    assert standing(drive(loaded)[0]) == standing(drive(runs)[0])
    assert runs[0].history.stride > 1


def test_a_fork_of_a_long_run_is_thinned_where_any_run_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MOST_ROWS", 2048)
    _, (run,) = ran(SCENARIOS["two knobs"].replace("steps = 40", "steps = 5000"), 1501)
    fork = run.forked(finished(run.exactly(1500)), {"learning_rate": 0.02}, "fork")
    drive([fork])
    assert fork.step == 5000
    assert len(fork.history) <= 2048


def test_a_file_can_be_saved_again(path: Path) -> None:
    scenario, runs = ran(SCENARIOS["several"], 15)
    save(path, Shown(scenario, runs))
    before = path.read_bytes()
    save(path, load(path))
    assert path.read_bytes() == before, "runs that were not yet brought to a row, too"
    assert list(path.parent.iterdir()) == [path]


def test_saving_in_the_midst_of_a_step_ends_it_first(path: Path) -> None:
    scenario, (run,) = ran(SCENARIOS["a full batch"].replace("train_size = 320", "train_size = 3000"), 3)
    run.advance()
    assert run.between
    save(path, Shown(scenario, [run]))
    assert run.step == 4
    (again,) = finished(reopened(path)).runs
    assert standing(again) == standing(run)


def test_memory_that_no_rule_has_written_is_never_saved(path: Path) -> None:
    """The first rule remembers less than the later one: what is reserved for that is zero, not some old memory."""
    _, (run,) = ran(SCENARIOS["another rule later"], 16)
    assert run.history._kept.shape[1] == 3
    assert not run.history._kept[: run.history._n_kept, 2].any()


class TestWriting:
    def test_what_could_not_be_opened_is_not_written(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        scenario, runs = ran(SCENARIOS["two knobs"])
        save(path, Shown(scenario, runs))
        before = path.read_bytes()
        monkeypatch.setattr(saved, "MOST_BYTES", 1000)
        with pytest.raises(InputError, match=r"a\.gdviz: 0 MB of numbers, expected at most 0$"):
            save(path, Shown(scenario, runs))
        monkeypatch.undo()
        runs[0].changes = [(step, "learning_rate", 0.1) for step in range(200_000)]
        with pytest.raises(InputError, match=r"a\.gdviz: recipe and changes by hand of .* bytes, expected less than"):
            save(path, Shown(scenario, runs))
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]

    def test_a_place_that_cannot_be_written_to(self, path: Path) -> None:
        scenario, runs = ran(SCENARIOS["two knobs"], 3)
        with pytest.raises(InputError, match=r"a\.zip: expected a file that ends in \.gdviz$"):
            save(path.with_suffix(".zip"), Shown(scenario, runs))
        with pytest.raises(InputError, match=r"no/a\.gdviz: can't be written: No such file or directory$"):
            save(path.parent / "no" / path.name, Shown(scenario, runs))

    def test_from_the_command_line(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", "rates-race", "--steps", "30", "--csv", "-", "--save", str(path)]) == 0
        scenario, runs = parts(load(path))
        assert scenario.stop.steps == 30
        assert len(capsys.readouterr().out.splitlines()) == 1 + sum(len(run.history) for run in runs)
        assert {run.ended for run in runs} <= {"30 steps done"} | {run.ended for run in runs if run.fixed}

    @pytest.mark.skipif(sys.platform == "win32", reason="there a kill is another matter")
    def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(self, path: Path) -> None:
        code = (
            "import sys; from pathlib import Path; from gdviz.core.run import build, next_run;"
            "from gdviz.core.scenario import parse; from gdviz.core.shown import Shown;"
            "from gdviz.export.saved import save\n"
            "scenario = parse(sys.argv[2], 'test'); runs = build(scenario)\n"
            "while (run := next_run(runs)) and run.step < 3000: run.advance()\n"
            "while True:\n"
            "    save(Path(sys.argv[1]), Shown(scenario, runs))\n"
            "    print(runs[0].step, flush=True)\n"
            "    for run in runs:\n"
            "        run.advance()\n"
        )
        toml = SCENARIOS["two knobs"].replace("steps = 40", "steps = 1000000")
        draw = random.Random(1)
        seen = set()
        workers = [subprocess.Popen([sys.executable, "-c", code, path, toml], stdout=subprocess.PIPE) for _ in "ab"]
        kills = 0
        try:
            while kills < 30:
                worker = workers.pop(0)
                assert worker.stdout is not None
                worker.stdout.readline()
                time.sleep(0.02 * draw.random())
                worker.send_signal(signal.SIGKILL)
                worker.wait()
                worker.stdout.close()
                kills += 1
                (run,) = load(path).runs
                assert run.history.newest_step >= 3000
                seen.add(run.history.newest_step)
                workers.append(subprocess.Popen([sys.executable, "-c", code, path, toml], stdout=subprocess.PIPE))
        finally:
            for worker in workers:
                worker.kill()
                worker.communicate()
        assert seen
