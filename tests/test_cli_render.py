"""The command line draws pictures and films, and refuses what it can't draw in one line."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from gdviz.cli import main

pytestmark = pytest.mark.usefixtures("look")  # whose application is one for all tests
RENDER = ("render", "worked-run", "--steps", "5", "--size", "320x240")


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", os.environ["QT_QPA_PLATFORM"])  # gives it back
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """The one line that a command is refused with; it leaves nothing behind."""

    def run(*arguments: str) -> str:
        before = sorted(os.listdir())
        assert main(arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("gdviz: ")
        assert err.count("\n") == 1
        assert sorted(os.listdir()) == before
        return err.removeprefix("gdviz: ").rstrip("\n")

    return run


def test_a_film_and_nothing_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RENDER, "-o", "a.gif", "--fps", "4", "--seconds", "1.5"]) == 0
    assert capsys.readouterr() == ("", "")
    assert os.listdir() == ["a.gif"]
    with Image.open("a.gif") as film:
        assert (film.n_frames, film.size) == (6, (320, 240))  # type: ignore[attr-defined]  # a GIF has it


@pytest.mark.parametrize("kind", ["png", "svg", "pdf", "PNG"])
def test_pictures(kind: str) -> None:
    assert main([*RENDER, "-o", f"a.{kind}"]) == 0
    assert os.listdir() == [f"a.{kind}"]


def test_the_view_and_the_keys_are_those_of_the_scenario() -> None:
    pictures = []
    for options in (
        ["--view", "2d"],
        ["--view", "3d"],
        ["--set", "view.surface=3d"],
        ["--view", "2d", "--set", "seed=0"],
    ):
        assert main(["render", "rosenbrock-race", "--steps", "20", "--size", "600x400", "-o", "a.png", *options]) == 0
        pictures.append(Path("a.png").read_bytes())
    given, relief, same, seeded = pictures
    assert relief == same != given
    assert seeded == given


def test_refusals(refusal: Callable[..., str]) -> None:
    assert refusal(*RENDER, "-o", "a.avi").startswith("-o a.avi: expected a file that ends in .png, ")
    assert refusal(*RENDER, "-o", "a.png", "--size", "0x0").startswith("--size 0x0: expected WIDTHxHEIGHT")
    assert refusal(*RENDER, "-o", "a.gif", "--fps", "0").startswith("--fps 0: expected 1 to 50 frames")
    assert "--fps: invalid int value: 'x'" in refusal(*RENDER, "-o", "a.gif", "--fps", "x")
    assert refusal(*RENDER, "-o", "a.gif", "--seconds", "1e9").startswith("--seconds 1e+09: expected 0.1 to 600")
    assert "--view: invalid choice: '4d'" in refusal(*RENDER, "-o", "a.png", "--view", "4d")
    assert refusal(*RENDER, "-o", "none/a.png") == "none/a.png: can't be written: No such file or directory"
    os.mkdir("folder.png")
    assert refusal(*RENDER, "-o", "folder.png").startswith("folder.png: can't be written: ")
    assert refusal("render", "nope", "-o", "a.png").startswith("'nope': expected the name of a scenario")
    assert refusal(*RENDER, "-o", "a.png", "--set", "bogus=3").startswith("worked-run: bogus: unknown key")
    assert "required: -o" in refusal(*RENDER)


def test_without_pyav(refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gdviz.export.shot.find_spec", lambda name: None)
    assert "pip install 'gdviz[video]'" in refusal(*RENDER, "-o", "a.mp4")


def test_one_that_is_interrupted_leaves_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.gif").write_text("before")

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gdviz.ui.render.write_gif", interrupted)
    assert main([*RENDER, "-o", "a.gif"]) == 1
    assert os.listdir() == ["a.gif"]
    assert Path("a.gif").read_text() == "before"


def test_a_full_disk_is_named(refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gdviz.ui.render.write_gif", full)
    assert refusal(*RENDER, "-o", "a.gif") == "a.gif: can't be written: No space left on device"


def test_saved_runs_are_drawn_as_they_were(refusal: Callable[..., str]) -> None:
    assert main(["run", "worked-run", "--steps", "9", "--save", "a.gdviz"]) == 0
    assert main(["render", "a.gdviz", "-o", "saved.png", "--size", "600x400"]) == 0
    assert main(["render", "worked-run", "--steps", "9", "-o", "run.png", "--size", "600x400"]) == 0
    with Image.open("saved.png") as saved, Image.open("run.png") as run:
        panels = 0, 40, 600, 360  # above them stands the scenario's name, and the file's
        assert saved.crop(panels).tobytes() == run.crop(panels).tobytes()
    said = refusal("render", "a.gdviz", "-o", "b.png", "--steps", "3")
    assert said == "--steps: expected a scenario; a.gdviz holds runs that have been"
    Path("a.gdviz").write_bytes(b"no runs")
    assert refusal("render", "a.gdviz", "-o", "b.png") == "a.gdviz: not a file of saved runs"
