"""The command line: what its arguments change, and how it refuses what is wrong with them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gdviz
from gdviz.cli import main
from tests.cli_support import Command, in_this_process, tiny_digits

command = pytest.fixture(in_this_process)
digits_folder = pytest.fixture(tiny_digits)


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


def recipe(command: Command, *arguments: str) -> dict[str, Any]:
    """The scenario as it was run."""
    code, out, _ = command("run", *arguments, "--json", "-")
    assert code == 0
    tree: dict[str, Any] = json.loads(out)["scenario"]
    return tree


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
