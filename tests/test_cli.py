"""The command line: what it prints and what it writes, with and without a display, a terminal or a reader."""

import csv
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import numpy as np
import pytest

import gdviz
from gdviz.cli import _has_display
from gdviz.core.scenario import from_tree, load_scenario, scenario_names
from tests.cli_support import Command, in_this_process, tiny_digits

CHECKOUT = Path(gdviz.__file__).parents[1]
command = pytest.fixture(in_this_process)
digits_folder = pytest.fixture(tiny_digits)


def process(
    *arguments: str, stdout: int | IO[str] = subprocess.PIPE, folder: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, without a display."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_SESSION_TYPE")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    environment |= {"PYTHONPATH": str(CHECKOUT), **variables}
    return subprocess.run(
        [sys.executable, "-m", "gdviz", *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        timeout=60,
        env=environment,
        cwd=folder,
    )


def table(text: str) -> dict[str, list[str]]:
    rows = list(csv.DictReader(text.splitlines()))
    return {name: [row[name] for row in rows] for name in rows[0]}


class TestList:
    def test_a_line_for_each_scenario_the_default_first(self, command: Command) -> None:
        code, out, err = command("list")
        assert (code, err) == (0, "")
        lines = out.splitlines()
        assert [line.split()[0] for line in lines] == scenario_names()
        assert lines[0].split()[0] == "digits"
        assert all(line.endswith(load_scenario(line.split()[0]).title) for line in lines)
        assert len({len(line) - len(load_scenario(line.split()[0]).title) for line in lines}) == 1, (
            "titles stand in line"
        )


class TestRun:
    def test_the_worked_run(self, command: Command) -> None:
        code, out, err = command("run", "worked-run", "--csv", "-")
        assert (code, err) == (0, "")
        assert out.startswith(
            "run,step,epoch,cost,grad_norm,learning_rate,train_cost,train_accuracy,test_cost,test_accuracy,w0,w1\n"
        )
        columns = table(out)
        costs = [float(cost) for cost in columns["cost"]]
        np.testing.assert_allclose(costs, [(5 * 0.8**k) ** 2 for k in range(len(costs))], rtol=1e-12)
        assert columns["step"] == [str(step) for step in range(len(costs))]
        assert float(columns["w0"][1]) == 4
        assert len(costs) == load_scenario("worked-run").stop.steps + 1  # type: ignore[operator] # it is set

    def test_overshoot_bounce_and_crawl(self, command: Command) -> None:
        for name, expected in (("overshoot", [25, 225, 2025]), ("bounce", [25] * 1001), ("crawl", [25, 24.9001])):
            _, out, _ = command("run", name, "--csv", "-", "--steps", len(expected) - 1)
            assert [float(cost) for cost in table(out)["cost"]] == pytest.approx(expected, rel=1e-12)

    def test_json_is_the_same_run(self, command: Command) -> None:
        _, text, _ = command("run", "worked-run", "--csv", "-")
        code, out, err = command("run", "worked-run", "--json", "-")
        assert (code, err) == (0, "")
        told = json.loads(out)
        assert set(told) == {"scenario", "runs"}
        assert told["runs"][0]["cost"] == [float(cost) for cost in table(text)["cost"]]
        assert from_tree(told["scenario"], "json") == load_scenario("worked-run")

    def test_files_and_standard_output_together(self, command: Command, tmp_path: Path) -> None:
        code, out, _ = command("run", "worked-run", "--csv", tmp_path / "a.csv", "--json", "-")
        assert code == 0
        in_file = table((tmp_path / "a.csv").read_text())
        assert json.loads(out)["runs"][0]["grad_norm"] == [float(x) for x in in_file["grad_norm"]]
        assert command("run", "worked-run", "--json", tmp_path / "a.json") == (0, "", "")
        assert (tmp_path / "a.json").read_text() == out

    def test_nothing_is_printed_that_was_not_asked_for(self, command: Command) -> None:
        assert command("run", "worked-run", "--steps", 3) == (0, "", "")

    def test_one_that_blew_up_is_done(self, command: Command, tmp_path: Path) -> None:
        code, out, err = command("run", "overshoot", "--steps", 5000, "--csv", "-", "--json", tmp_path / "a.json")
        assert (code, err) == (0, "")
        costs = table(out)["cost"]
        assert costs[-1] == "inf"
        assert len(costs) == 323
        assert json.loads((tmp_path / "a.json").read_text())["runs"][0]["cost"][-1] == "inf"

    def test_a_file_and_a_folder_of_ones_own(self, command: Command, tmp_path: Path, digits_folder: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text(f"problem = {{ kind = 'digits', data = '{digits_folder}', hidden = [3] }}\n")
        code, out, err = command("run", path, "--csv", "-", "--epochs", 2)
        assert (code, err) == (0, "")
        columns = table(out)
        assert columns["epoch"] == [repr(step / 4) for step in range(9)]
        assert [step for step in range(9) if columns["test_accuracy"][step]] == [0, 1, 2, 4, 8]


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no local sockets to put a display on")
class TestDisplay:
    """A display that answers is taken, in every way that one can be named."""

    @pytest.fixture(autouse=True)
    def none_by_default(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr("sys.platform", "linux")
        monkeypatch.chdir(tmp_path)  # the path of a local socket has room for a hundred bytes
        for key in ("DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "QT_QPA_PLATFORM", "XDG_SESSION_TYPE"):
            monkeypatch.delenv(key, raising=False)
        monkeypatch.setenv("XDG_RUNTIME_DIR", ".")

    def has_display(self, **variables: str) -> bool:
        with pytest.MonkeyPatch.context() as patch:
            for key, value in variables.items():
                patch.setenv(key, value)
            return _has_display()

    def test_wayland(self) -> None:
        assert not self.has_display(WAYLAND_DISPLAY="wayland-0")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("wayland-0")
            assert not self.has_display(WAYLAND_DISPLAY="wayland-0"), "its socket is there, and nobody listens"
            server.listen()
            assert self.has_display(WAYLAND_DISPLAY="wayland-0")
            assert self.has_display(WAYLAND_DISPLAY="wayland-0", DISPLAY=":7777")
            assert self.has_display(XDG_SESSION_TYPE="wayland")
            assert self.has_display(QT_QPA_PLATFORM="wayland")
            assert not self.has_display(), "Qt would not look for it"
            assert not self.has_display(WAYLAND_DISPLAY="wayland-0", QT_QPA_PLATFORM="xcb")

    def test_x_by_port(self) -> None:
        with socket.create_server(("localhost", 0)) as server:
            number = server.getsockname()[1] - 6000
            for display in (f"localhost:{number}", f"tcp/127.0.0.1:{number}.0", f":{number}"):
                assert self.has_display(DISPLAY=display)
                assert self.has_display(DISPLAY=display, QT_QPA_PLATFORM="xcb")
                assert not self.has_display(DISPLAY=display, QT_QPA_PLATFORM="wayland")
            assert not self.has_display(DISPLAY=f"unix:{number}")

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract sockets")
    def test_x_by_number(self) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("\0/tmp/.X11-unix/X7777")
            server.listen()
            for display in (":7777", ":7777.0", "unix:7777", "unix/:7777"):
                assert self.has_display(DISPLAY=display)
            assert not self.has_display(DISPLAY=":7778")
            assert not self.has_display(DISPLAY="localhost:7777")

    def test_x_by_path(self) -> None:
        with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
            server.bind(f"{folder}/x:0")
            server.listen()
            assert self.has_display(DISPLAY=f"{folder}/x:0")
            assert self.has_display(DISPLAY=f"{folder}/x:0.1")
            assert not self.has_display(DISPLAY=f"{folder}/y:0")

    def test_platforms_that_need_none(self) -> None:
        for name in ("offscreen", "Minimal", "offscreen:size=1", "xcb;offscreen"):
            assert self.has_display(QT_QPA_PLATFORM=name)


class TestProcess:
    """What only a process of its own can show."""

    def test_no_display_is_said_before_qt_aborts(self) -> None:
        done = process("worked-run")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            "gdviz: no display to open a window on; without one: gdviz render worked-run -o worked-run.gif,"
            " or gdviz run worked-run --csv FILE\n"
        )

    def test_without_a_display_the_default_is_a_film(self, tmp_path: Path) -> None:
        done = process(folder=tmp_path)
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == "gdviz: no display to open a window on; rendering digits.gif instead\n"
        assert [path.name for path in tmp_path.iterdir()] == ["digits.gif"]

    @pytest.mark.parametrize(
        "variables",
        [
            {"DISPLAY": ":7777"},
            {"DISPLAY": "localhost:7777.0"},
            {"DISPLAY": "unix:7777"},
            {"DISPLAY": "/no/where:0"},
            {"DISPLAY": ":99999999999"},
            {"DISPLAY": "nonsense"},
            {"DISPLAY": "a\n:b"},
            {"WAYLAND_DISPLAY": "wayland-7777"},
            {"WAYLAND_DISPLAY": "/no/where/wayland-0"},
            {"WAYLAND_DISPLAY": "x" * 500},
            {"WAYLAND_DISPLAY": "wayland-7777", "DISPLAY": ":7777"},
            {"XDG_SESSION_TYPE": "wayland"},
            {"QT_QPA_PLATFORM": "xcb"},
            {"QT_QPA_PLATFORM": "xcb", "DISPLAY": ":7777"},
            {"QT_QPA_PLATFORM": "wayland-egl;xcb:option"},
            {"QT_QPA_PLATFORM": "nonsense;xcb"},
        ],
        ids=lambda variables: " ".join(f"{key}={value[:30]!r}" for key, value in variables.items()),
    )
    def test_a_display_that_is_not_there(self, variables: dict[str, str], tmp_path: Path) -> None:
        done = process("digits", folder=None, stdout=subprocess.PIPE, **{"XDG_RUNTIME_DIR": str(tmp_path), **variables})
        assert (done.returncode, done.stdout) == (2, "")
        given = ", ".join(f"{key}={value}" for key, value in variables.items() if key != "XDG_SESSION_TYPE")
        told = f"gdviz: no display to open a window on{' (with ' if given else ''}{given.replace(chr(10), ' ')}"
        assert done.stderr.startswith(told)
        assert done.stderr.count("\n") == 1

    @pytest.mark.parametrize("name", ["nonsense", "nonsense:a=b;more", ":"])
    def test_a_platform_that_qt_does_not_have(self, name: str) -> None:
        done = process(QT_QPA_PLATFORM=name, DISPLAY=":0")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"gdviz: QT_QPA_PLATFORM={name}: expected one of ")
        assert done.stderr.count("\n") == 1
        expected = done.stderr.strip().partition("expected one of ")[2].split(", ")
        assert {"minimal", "offscreen"} < set(expected)
        assert ("xcb" in expected) == (sys.platform == "linux")

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
    def test_a_terminal_gets_a_progress_bar_and_a_summary(self) -> None:
        main_end, terminal = os.openpty()
        with open(terminal, "w") as stdout:
            done = subprocess.run(
                [sys.executable, "-m", "gdviz", "run", "worked-run", "--steps", "7", "--set", "runs.0.label=rate 0.1"],
                stdout=stdout,
                stderr=stdout,
                timeout=60,
                env={**os.environ, "PYTHONPATH": str(CHECKOUT), "TERM": "xterm"},
            )
        shown = os.read(main_end, 1 << 16).decode()
        os.close(main_end)
        assert done.returncode == 0
        assert "100%" in shown
        assert shown.rstrip().endswith("rate 0.1: 7 steps done, cost 1.09951")

    def test_a_label_that_the_terminal_cannot_show(self) -> None:
        done = process(
            "run", "worked-run", "--csv", "-", "--set", "runs.0.label=η", "--steps", "1", PYTHONIOENCODING="ascii"
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[1].startswith("η,0,,25.0,10.0,0.1,")

    def test_a_bad_key_ends_with_2(self) -> None:
        done = process("run", "digits", "--set", "problem.hiden=3")
        assert (done.returncode, done.stdout) == (2, "")
        expected = "gdviz: digits: problem.hiden: unknown key, expected one of kind, data, hidden, activation, cost, "
        assert done.stderr.startswith(expected)

    def test_a_reader_that_has_seen_enough(self) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        try:
            for arguments in (["run", "bounce", "--steps", "20000", "--csv", "-"], ["list"]):
                done = process(*arguments, stdout=writer)
                assert (done.returncode, done.stderr) == (0, "")
        finally:
            os.close(writer)

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
    def test_a_full_standard_output(self) -> None:
        with open("/dev/full", "w") as full:
            done = process("run", "worked-run", "--csv", "-", stdout=full)
        assert done.returncode == 2
        assert done.stderr == "gdviz: standard output: can't be written: No space left on device\n"
