"""The wheel as a person gets it: by way of the source archive, in a clean environment, run from another folder."""

import csv
import gzip
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest

CHECKOUT = Path(__file__).parents[2]

MNIST_MD5 = {  # of the unpacked files
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", folder, CHECKOUT], check=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def commands(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the commands of an environment that holds nothing but the wheel and what it asks for."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, with_pip=True)
    subprocess.run([environment / "bin" / "python", "-m", "pip", "install", "--quiet", wheel], check=True)
    return environment / "bin"


def run(command: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run an installed command without a display, from a folder that is not the checkout."""
    display = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "PYTHONPATH")
    environment = {key: value for key, value in os.environ.items() if key not in display}
    return subprocess.run([command, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


def test_wheel_carries_the_resources_and_not_the_pictures(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        assert {PurePosixPath(name).parts[0] for name in names} == {"gdviz"}
        assert {PurePosixPath(name).parts[2] for name in names if name.startswith("gdviz/resources/")} == {
            "icons",
            "mnist",
            "scenarios",
        }
        for name, md5 in MNIST_MD5.items():
            unpacked = gzip.decompress(archive.read(f"gdviz/resources/mnist/{name}.gz"))
            assert hashlib.md5(unpacked).hexdigest() == md5


def test_list_names_every_scenario(commands: Path, tmp_path: Path) -> None:
    result = run(commands / "gdviz", "list", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    scenarios = {path.stem for path in (CHECKOUT / "resources" / "scenarios").glob("*.toml")}
    assert {line.split()[0] for line in result.stdout.splitlines()} == scenarios


def test_worked_run_prints_its_costs(commands: Path, tmp_path: Path) -> None:
    result = run(commands / "gdviz", "run", "worked-run", "--csv", "-", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    costs = [float(row["cost"]) for row in csv.DictReader(result.stdout.splitlines())]
    assert len(costs) > 8
    assert costs == pytest.approx([(5 * 0.8**k) ** 2 for k in range(len(costs))], rel=1e-12)


def test_digits_are_found(commands: Path, tmp_path: Path) -> None:
    result = run(commands / "gdviz", "run", "digits", "--steps", "1", "--csv", "-", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    start, end = csv.DictReader(result.stdout.splitlines())
    assert float(end["test_cost"]) < float(start["test_cost"])


@pytest.mark.parametrize("name", ["gdviz", "gdviz-window"])
def test_without_a_display_one_line_says_what_to_do(commands: Path, tmp_path: Path, name: str) -> None:
    result = run(commands / name, "worked-run", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert "gdviz render" in line
