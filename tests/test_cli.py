"""The command line: what it prints, what it writes, and how it refuses."""

import csv
import gzip
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import numpy as np
import pytest

import gdviz
from gdviz.cli import _has_display, main
from gdviz.core.scenario import from_tree, load_scenario, scenario_names

Outcome = tuple[int, str, str]
Command = Callable[..., Outcome]
CHECKOUT = Path(gdviz.__file__).parents[1]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in this process: exit code, standard output, standard error."""

    def run(*arguments: object) -> Outcome:
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def refusal(command: Command) -> Callable[..., str]:
    """The one line that a command is refused with."""

    def run(*arguments: object) -> str:
        code, out, err = command(*arguments)
        assert (code, out) == (2, "")
        assert err.startswith("gdviz: ")
        assert err.count("\n") == 1
        assert err.endswith("\n")
        assert "Traceback" not in err
        return err.removeprefix("gdviz: ").rstrip("\n")

    return run


@pytest.fixture
def digits_folder(tmp_path: Path) -> Path:
    """A tiny data set: 40 training and 20 test images of 2 x 3 pixels."""
    folder = tmp_path / "digits"
    folder.mkdir()
    for stem, n in (("train", 40), ("t10k", 20)):
        images = np.random.default_rng(n).integers(0, 256, (n, 2, 3)).astype(np.uint8)
        head = bytes([0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 2, 0, 0, 0, 3])
        (folder / f"{stem}-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + images.tobytes()))
        labels = bytes(index % 10 for index in range(n))
        (folder / f"{stem}-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, n]) + labels)
    return folder


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


def recipe(command: Command, *arguments: str) -> dict[str, Any]:
    """The scenario as it was run."""
    code, out, _ = command("run", *arguments, "--json", "-")
    assert code == 0
    tree: dict[str, Any] = json.loads(out)["scenario"]
    return tree


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


class TestBounds:
    def test_they_replace_the_whole_stop(self, command: Command, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text('problem = { kind = "surface", name = "bowl" }\nstop = { steps = 5, cost_below = 1.0 }\n')
        assert recipe(command, str(path))["stop"] == {"steps": 5, "cost_below": 1.0}
        assert recipe(command, str(path), "--steps", "7")["stop"] == {"steps": 7}

    def test_not_both(self, refusal: Callable[..., str]) -> None:
        assert "not allowed with" in refusal("run", "digits", "--steps", 1, "--epochs", 1)

    @pytest.mark.parametrize("steps", [0, -1, 10**13, 10**30])
    def test_out_of_range(self, refusal: Callable[..., str], steps: int) -> None:
        expected = f"worked-run: stop.steps: expected a whole number >= 1 and <= 1e+12, got {steps}"
        assert refusal("run", "worked-run", "--steps", steps) == expected

    def test_no_number(self, refusal: Callable[..., str]) -> None:
        for value in ("many", "1.5", ""):
            assert "--steps: invalid int value" in refusal("run", "worked-run", "--steps", value)

    def test_a_surface_has_no_epochs(self, refusal: Callable[..., str]) -> None:
        assert refusal("run", "worked-run", "--epochs", 3).startswith(
            "worked-run: stop.epochs: a surface has no epochs"
        )


class TestSet:
    SHORT = ("run", "rates-race", "--steps", "1")

    def test_short_keys_reach_every_run(self, command: Command) -> None:
        tree = recipe(command, *self.SHORT[1:], "--set", "learning_rate=0.25", "--set", "seed=7")
        assert len(tree["runs"]) == 5
        assert {run["optimizer"]["learning_rate"] for run in tree["runs"]} == {0.25}
        assert {run["seed"] for run in tree["runs"]} == {7}

    def test_another_rule_keeps_each_runs_rate_and_nothing_else(self, command: Command) -> None:
        before = [run["optimizer"]["learning_rate"] for run in recipe(command, *self.SHORT[1:])["runs"]]
        tree = recipe(command, *self.SHORT[1:], "--set", "optimizer=momentum", "--set", "runs.0.optimizer.momentum=0.5")
        assert [run["optimizer"]["learning_rate"] for run in tree["runs"]] == before
        assert [run["optimizer"]["momentum"] for run in tree["runs"]] == [0.5, 0.9, 0.9, 0.9, 0.9]
        again = recipe(command, *self.SHORT[1:], "--set", "optimizer=momentum", "--set", "optimizer=adam")
        assert again["runs"][1]["optimizer"] == {
            **{"kind": "adam", "learning_rate": before[1]},
            **{"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
        }

    def test_a_whole_optimizer(self, command: Command) -> None:
        tree = recipe(command, *self.SHORT[1:], "--set", 'optimizer={kind="adagrad", learning_rate=3}')
        assert {run["optimizer"]["kind"] for run in tree["runs"]} == {"adagrad"}
        assert {run["optimizer"]["learning_rate"] for run in tree["runs"]} == {3.0}

    def test_batch_size_hidden_layers_and_paths(self, command: Command, tmp_path: Path, digits_folder: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text(f"problem = {{ kind = 'digits', data = '{digits_folder}', hidden = [3, 4] }}\n")
        sets = ("batch_size=full", "problem.hidden.0=5", "problem.activation=tanh", "view.speed=3", "title=a=b")
        more = ("runs.0.schedule.kind=cosine", "runs.0.optimizer.learning_rate=0.5", "runs.0.label=17 x")
        tree = recipe(
            command, str(path), "--epochs", "1", *(part for text in (*sets, *more) for part in ("--set", text))
        )
        assert tree["problem"]["hidden"] == [5, 4]
        assert tree["problem"]["activation"] == "tanh"
        assert tree["view"]["speed"] == 3
        assert tree["title"] == "a=b"
        (run,) = tree["runs"]
        assert run["batch_size"] == "full"
        assert run["schedule"] == {"kind": "cosine"}
        assert run["optimizer"] == {"kind": "gradient-descent", "learning_rate": 0.5}
        assert run["label"] == "17 x"

    def test_the_order_is_the_order_given(self, command: Command) -> None:
        tree = recipe(command, *self.SHORT[1:], "--set", "runs.1.seed=1", "--set", "seed=2", "--set", "runs.2.seed=3")
        assert [run["seed"] for run in tree["runs"]] == [2, 2, 3, 2, 2]

    @pytest.mark.parametrize(
        ("assignment", "message"),
        [
            ("learning_rate", "--set learning_rate: expected KEY=VALUE"),
            ("=3", "--set =3: expected KEY=VALUE"),
            ("bogus=3", "rates-race: bogus: unknown key, expected one of problem, title, caption, view, stop, runs"),
            ("problem.bogus=3", "rates-race: problem.bogus: unknown key, expected one of kind, name, start"),
            ("runs.0.bogus=3", "rates-race: runs[0].bogus: unknown key"),
            ("runs.5.seed=3", "--set runs.5.seed: expected an index from 0 to 4, got '5'"),
            ("runs.-1.seed=3", "--set runs.-1.seed: expected an index from 0 to 4, got '-1'"),
            ("runs.².seed=3", "--set runs.².seed: expected an index from 0 to 4, got '²'"),
            ("runs.first.seed=3", "--set runs.first.seed: expected an index from 0 to 4, got 'first'"),
            ("runs.9=3", "--set runs.9: expected an index from 0 to 4, got '9'"),
            ("title.x=3", "--set title.x: 'x' leads nowhere"),
            ("title.x.y=3", "--set title.x.y: 'x' leads nowhere"),
            (
                "learning_rate=nan",
                "rates-race: runs[0].optimizer.learning_rate: expected a number > 0 and <= 1e+06, got nan",
            ),
            ("learning_rate=fast", "rates-race: runs[0].optimizer.learning_rate: expected a number > 0"),
            ("learning_rate=" + "[" * 5000, "rates-race: runs[0].optimizer.learning_rate: expected a number > 0"),
            ("seed=" + "1" * 5000, "rates-race: runs[0].seed: expected a whole number >= 0"),
            ("seed=1.5", "rates-race: runs[0].seed: expected a whole number >= 0"),
            ("batch_size=10", "rates-race: runs[0].batch_size: a surface has no batches"),
            ("optimizer=adm", "rates-race: runs[0].optimizer.kind: expected gradient-descent, momentum, "),
            ("optimizer=3", "rates-race: runs[0].optimizer.kind: expected gradient-descent, momentum, "),
            ("runs=3", "rates-race: runs: expected a list of 1 to 64, got 3"),
            ("problem.data=/nowhere", "rates-race: problem.data: unknown key, expected one of kind, name, start"),
        ],
        ids=lambda text: text[:30],
    )
    def test_mistakes(self, refusal: Callable[..., str], assignment: str, message: str) -> None:
        assert refusal("run", "rates-race", "--set", assignment).startswith(message)

    def test_a_mistake_after_a_mistake(self, refusal: Callable[..., str]) -> None:
        for first in ("runs=3", "runs=[3]", "runs.0.optimizer=3"):
            assert "it was set to" in refusal("run", "rates-race", "--set", first, "--set", "seed=1")


class TestRefusals:
    """One line, exit code 2, no traceback."""

    def test_unknown_scenarios_and_files(self, refusal: Callable[..., str], tmp_path: Path) -> None:
        assert refusal("run", "nope").startswith("'nope': expected the name of a scenario (see: gdviz list)")
        assert refusal("run", tmp_path / "none.toml") == f"{tmp_path}/none.toml: a .toml file expected, none is there"
        assert refusal("run", "two\nlines.toml") == "two lines.toml: a .toml file expected, none is there"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "[problem]\nkind = 'surface'\nname = 'bowl'\nlearning_rat = 3",
                "problem.learning_rat: unknown key, expected",
            ),
            ("[problem]\nkind = 'surface'\nname = 3", "problem.name: expected a text, got 3"),
            (
                "problem = { kind = 'surface', name = 'bowl' }\n"
                "runs = [{ optimizer = { kind = 'adam', learning_rate = nan } }]",
                "runs[0].optimizer.learning_rate: expected a number > 0 and <= 1e+06, got nan",
            ),
            (
                "[problem]\nkind = 'digits'\ndata = '/no/where'",
                "problem.data: expected mnist or a folder with IDX files, got",
            ),
            (
                "[problem]\nkind = 'digits'\ntrain_size = 60001",
                "problem.train_size: expected at most 60,000, got 60,001",
            ),
            (
                "[problem]\nkind = 'formula'\nexpression = 'x^2'",
                "problem.expression: write ** for powers, as in x**2 (at character 2)",
            ),
            (
                "[problem]\nkind = 'formula'\nexpression = 'log(x - 9)'",
                "problem.expression: this has no finite value and slope anywhere in its domain",
            ),
            (
                "[problem]\nkind = 'formula'\nexpression = 'x*y'\ndomain = [[1, 2]]",
                "problem.domain: expected 2 pair(s) of numbers for x, y, got 1",
            ),
            ("[problem", "not a TOML file: "),
        ],
    )
    def test_bad_scenarios(self, refusal: Callable[..., str], tmp_path: Path, text: str, message: str) -> None:
        path = tmp_path / "bad.toml"
        path.write_text(text)
        assert refusal("run", path, "--csv", "-").startswith(f"{path}: {message}")

    def test_bad_data(self, refusal: Callable[..., str], tmp_path: Path, digits_folder: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text(f"problem = {{ kind = 'digits', data = '{digits_folder}' }}\n")
        labels = digits_folder / "train-labels-idx1-ubyte"
        good = labels.read_bytes()
        labels.write_bytes(good[:-1] + b"\x0a")
        assert refusal("run", path) == f"{path}: {labels}: label 10 at position 39, expected 0 to 9"
        labels.write_bytes(good[:-1])
        expected = f"{path}: {labels}: 40 bytes of data expected for dimensions (40,), there are only 39"
        assert refusal("run", path) == expected
        labels.unlink()
        assert refusal("run", path).endswith(
            "train-labels-idx1-ubyte or train-labels-idx1-ubyte.gz expected, found neither"
        )

    def test_outputs_that_cannot_be_written(self, refusal: Callable[..., str], tmp_path: Path) -> None:
        missing, folder = tmp_path / "none" / "a.csv", tmp_path
        assert (
            refusal("run", "worked-run", "--csv", missing) == f"{missing}: can't be written: No such file or directory"
        )
        assert refusal("run", "worked-run", "--json", folder) == f"{folder}: can't be written: Is a directory"
        assert refusal("run", "worked-run", "--csv", "") == "'': can't be written: No such file or directory"
        for place in ("-", tmp_path / "a"):
            told = refusal("run", "worked-run", "--csv", place, "--json", place)
            assert told == f"--csv {place} --json {place}: expected two different places"

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
    def test_a_full_disk_is_named(self, refusal: Callable[..., str], tmp_path: Path) -> None:
        full = "/dev/full: can't be written: No space left on device"
        assert refusal("run", "worked-run", "--csv", "/dev/full", "--json", tmp_path / "a.json") == full
        assert (
            refusal("run", "worked-run", "--steps", 5000, "--csv", "/dev/full", "--json", tmp_path / "a.json") == full
        )
        assert refusal("run", "worked-run", "--json", "/dev/full", "--csv", tmp_path / "a.csv") == full

    def test_saved_runs_have_a_name_and_a_place_of_their_own(self, refusal: Callable[..., str], tmp_path: Path) -> None:
        assert refusal("run", "worked-run", "--save", "a.zip") == "a.zip: expected a file that ends in .gdviz"
        nowhere = tmp_path / "no" / "a.gdviz"
        assert refusal("run", "digits", "--save", nowhere) == f"{nowhere}: can't be written: No such file or directory"

    def test_usage(self, refusal: Callable[..., str]) -> None:
        assert "required: SCENARIO" in refusal("run")
        assert "unrecognized arguments: --bogus" in refusal("run", "digits", "--bogus")
        assert "required: -o" in refusal("render", "digits")
        assert "unrecognized arguments: b" in refusal("a", "b")


def test_version_and_help_are_no_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, expected in (
        (["--version"], gdviz.__version__),
        (["--help"], "gdviz list"),
        (["run", "--help"], "--csv"),
    ):
        with pytest.raises(SystemExit) as raised:
            main(arguments)
        assert raised.value.code == 0
        assert expected in capsys.readouterr().out


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
