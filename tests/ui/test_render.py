"""Pictures and films of the window: complete, the same every time, and read by other programs."""

import re
import signal
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from gdviz.core.run import Run
from gdviz.core.scenario import Scenario, parse
from gdviz.core.shown import Shown
from gdviz.export.films import Picture
from gdviz.export.shot import shot
from gdviz.ui.render import _Stage, render
from tests.support import DIGITS, PAIR, PARABOLA, synchronous

pytestmark = pytest.mark.usefixtures("look")

BOWL = PARABOLA.replace("parabola", "rosenbrock").replace("0.1", "0.001")
FULL_BATCH = DIGITS.replace("train_size = 2000", "train_size = 200").replace("batch_size = 16", 'batch_size = "full"')
RISING = PARABOLA.replace("rate = 0.1", "rate = 3.0").replace("steps = 50", "steps = 5000")
Render = Callable[..., Path]


@pytest.fixture
def rendered(tmp_path: Path) -> Render:
    """A function that draws a scenario's text into a file."""

    def carry_out(text: str, file: str, size: str = "960x640", **options: float) -> Path:
        scenario = parse(text, file)
        asked = shot(file, size, **options)  # type: ignore[arg-type]  # fps is a whole number
        render(asked, tmp_path / file, Shown(scenario, synchronous(scenario)), "mine.toml")
        return tmp_path / file

    return carry_out


def frames(path: Path) -> list[Picture]:
    if path.suffix == ".mp4":
        with av.open(str(path)) as film:
            return [frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in film.decode(video=0)]
    with Image.open(path) as image:
        found = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            found.append(np.asarray(image.convert("RGB")))
        return found


def application() -> QApplication:
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    return found


def apart(one: Picture, other: Picture) -> float:
    """The mean difference of two pictures, of 255."""
    return float(np.abs(one.astype(int) - other).mean())


def at_rest(text: str, size: str, *steps: int) -> tuple[list[Picture], Scenario, list[Run]]:
    """The window's own pictures of some steps."""
    scenario = parse(text, "test")
    runs = synchronous(scenario)
    stage = _Stage(application(), shot("a.png", size), Shown(scenario, runs), "test")
    taken = []
    for step in steps:
        stage.show(step)
        taken.append(stage.pixels())
    stage.close()
    return taken, scenario, runs


class TestFilm:
    @pytest.mark.parametrize("file", ["a.gif", "a.mp4"])
    @pytest.mark.parametrize("text", [DIGITS, BOWL], ids=["digits", "surface"])
    def test_from_the_first_step_to_the_last(self, rendered: Render, file: str, text: str) -> None:
        found = frames(rendered(text, file, fps=5, seconds=2.5))
        assert len(found) == 12
        assert {frame.shape for frame in found} == {(640, 960, 3)}
        last = 125 if text is DIGITS else 50
        (first, final), _, runs = at_rest(text, "960x640", 0, last)
        assert runs[0].step == last
        loss = 1.0 if file == "a.gif" else 3.0
        assert apart(found[0], first) < loss
        assert apart(found[-1], final) < loss
        assert apart(first, final) > 1.5
        for one, two in pairwise(found):
            assert 0 < apart(one, two) < 8, "it goes on, and nothing jumps"

    def test_the_same_every_time(self, rendered: Render) -> None:
        once = rendered(DIGITS, "a.gif", fps=4, seconds=1).read_bytes()
        assert rendered(DIGITS, "b.gif", fps=4, seconds=1).read_bytes() == once

    def test_the_slice_holds_still(self, rendered: Render) -> None:
        found = frames(rendered(DIGITS, "a.gif", fps=4, seconds=1))
        corners = [frame[160:190, 330:360].reshape(-1, 3) for frame in found]
        assert all(np.array_equal(corners[0], corner) for corner in corners)
        assert corners[0].max() > 150, "of the cost, and not of the empty panel"


class TestPicture:
    def test_png_is_the_last_step(self, rendered: Render) -> None:
        (found,) = frames(rendered(PAIR, "a.png", "1280x720"))
        (last,), _, _ = at_rest(PAIR, "1280x720", 125)
        np.testing.assert_array_equal(found, last)

    def test_the_same_every_time_whatever_the_settings(self, rendered: Render) -> None:
        once = rendered(DIGITS, "a.png").read_bytes()
        QSettings().setValue("theme", "light")
        QSettings().setValue("points", 20.0)
        assert rendered(DIGITS, "b.png").read_bytes() == once

    @pytest.mark.parametrize("size", ["240x240", "320x1000", "1000x600", "1921x1081", "3840x2160"])
    def test_sizes(self, rendered: Render, size: str) -> None:
        (found,) = frames(rendered(PARABOLA, "a.png", size))
        width, height = map(int, size.split("x"))
        assert found.shape == (height, width, 3)
        for part in np.array_split(found, 3, axis=1):
            assert part.std() > 5, "no part is blank"

    def test_views_differ(self, rendered: Render) -> None:
        flat, relief = (
            frames(rendered(BOWL + f'[view]\nsurface = "{view}"', f"{view}.png"))[0] for view in ("2d", "3d")
        )
        assert apart(flat, relief) > 5

    def test_svg_has_its_texts_and_lines(self, rendered: Render) -> None:
        root = ElementTree.parse(rendered(DIGITS, "a.svg", "1000x700")).getroot()
        assert root.get("viewBox") == "0 0 1000 700"
        texts = " ".join(node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}text"))
        for text in ("COST SURFACE", "FIRST-LAYER WEIGHTS", "step 125", "along the path", "learning rate"):
            assert text in texts.replace("\xa0", " ")
        paths = [node for node in root.iter("{http://www.w3.org/2000/svg}path") if len(node.get("d", "")) > 300]
        assert len(paths) >= 2, "the curve, and the paths on the surface"
        assert not [node for node in paths if node.get("vector-effect", "none") != "none"]

    def test_pdf_has_its_texts_and_lines(self, rendered: Render) -> None:
        data = rendered(DIGITS, "a.pdf", "960x640").read_bytes()
        assert data.startswith(b"%PDF-")
        assert data.rstrip().endswith(b"%%EOF")
        (box,) = re.findall(rb"/MediaBox \[([^]]*)\]", data)
        assert [float(end) for end in box.split()] == [0, 0, 720, 480]
        page = b""
        for begin in re.finditer(rb"stream\r?\n", data):
            try:
                page += zlib.decompressobj().decompress(data[begin.end() :])
            except zlib.error:
                continue  # a font or a picture
        assert page.count(b"Tj") > 50
        assert page.count(b" l\n") > 100

    def test_one_that_blew_up(self, rendered: Render) -> None:
        (found,) = frames(rendered(RISING, "a.png"))
        assert found[:, 300:600].std() > 5

    def test_a_network_that_blew_up_has_a_surface(self) -> None:
        text = FULL_BATCH.replace("rate = 0.5", "rate = 1e6").replace(
            'kind = "digits"', 'kind = "digits"\nactivation = "relu"\ncost = "cross-entropy"'
        )
        scenario = parse(
            text.replace("epochs = 1", "epochs = 50").replace('schedule = { kind = "cosine" }', ""), "test"
        )
        runs = synchronous(scenario)
        assert runs[0].ended.startswith("blew up")
        stage = _Stage(application(), shot("a.png"), Shown(scenario, runs), "test")
        said = [label.text() for label in stage._window.surface.findChildren(QLabel) if not label.isHidden()]
        stage.close()
        assert not any("computing the surface" in text for text in said)

    def test_the_sharpness_is_measured(self) -> None:
        scenario = parse(FULL_BATCH.replace("epochs = 1", "epochs = 30"), "test")
        stage = _Stage(application(), shot("a.png"), Shown(scenario, synchronous(scenario)), "test")
        frame = stage._scene.frame(None)
        stage.close()
        assert frame is not None
        assert len(frame.run.sharpness.steps) > 20
        assert np.isfinite(frame.run.sharpness.values).all()
        assert frame.sharpness == frame.run.sharpness.values[-1]


def test_each_frame_is_counted(tmp_path: Path, qtbot: QtBot) -> None:
    scenario = parse(PARABOLA, "test")
    seen: list[int] = []
    asked = shot("a.gif", "300x300", 3, 1)
    render(asked, tmp_path / "a.gif", Shown(scenario, synchronous(scenario)), "test", seen.append)
    assert seen == [1, 2, 3]


def test_ctrl_c_waits_for_the_end_of_a_frame(tmp_path: Path) -> None:
    """In the midst of painting it would end the process by a fault."""
    scenario, seen = parse(PARABOLA, "test"), list[int]()

    def interrupt(n_frames: int) -> None:
        seen.append(n_frames)
        signal.raise_signal(signal.SIGINT)
        seen.append(n_frames)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        render(shot("a.gif", "300x300"), tmp_path / "a.gif", Shown(scenario, synchronous(scenario)), "test", interrupt)
    assert seen == [1, 1]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_failure_leaves_no_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The conftest looks whether a window or a timer is left."""
    scenario = parse(PARABOLA, "test")

    def fail(n_frames: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render(shot("a.gif", "300x300"), tmp_path / "a.gif", Shown(scenario, synchronous(scenario)), "test", fail)
