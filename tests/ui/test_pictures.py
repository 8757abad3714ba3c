"""Pictures of a real window, for eyes to judge; here only what a machine can tell.

GDVIZ_PICTURES names the folder that they are written to.
"""

import os
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from gdviz.core.frame import SliceView
from gdviz.ui.app import make_window
from gdviz.ui.theme import DARK, LIGHT, Theme
from gdviz.ui.window import Window

pytestmark = pytest.mark.x11
SIZE = QSize(1440, 900)
Pixels = NDArray[np.uint8]
Take = Callable[..., dict[str, Pixels]]
SHARE = 1.0 if "GDVIZ_PICTURES" in os.environ else 0.1
"""of the training, where nobody looks at the pictures"""


@pytest.fixture
def window(look: None, qtbot: QtBot) -> Iterator[Window]:
    made = make_window(DARK)
    qtbot.addWidget(made)
    made.resize(SIZE)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = Path(os.environ.get("GDVIZ_PICTURES", tmp_path))
    found.mkdir(parents=True, exist_ok=True)
    return found


@pytest.fixture
def take(window: Window, folder: Path, qtbot: QtBot) -> Take:
    """A function that takes the window's picture in each theme; name, theme and ".png" make the file's name.

    Where a theme is given, only its picture is written.
    """

    def carry_out(name: str, kept: Theme | None = None) -> dict[str, Pixels]:
        taken = {}
        for theme in (DARK, LIGHT):
            window._set_theme(theme)
            qtbot.wait(400)  # the panels' slower parts catch up
            picture = window.grab()
            if kept in (None, theme):
                assert picture.save(str(folder / f"{name}-{theme.name}.png"))
            taken[theme.name] = pixels(picture.toImage())
            check(taken[theme.name], theme)
        assert share_that_differs(taken["dark"], taken["light"]) > 0.6
        return taken

    return carry_out


def pixels(image: QImage) -> Pixels:
    """(height, width, 3) red, green, blue."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def share_that_differs(one: Pixels, two: Pixels) -> float:
    return float((one != two).any(axis=2).mean())


def check(picture: Pixels, theme: Theme) -> None:
    """Not blank anywhere, and as light or dark as its theme."""
    assert picture.shape[:2] == (SIZE.height(), SIZE.width())
    brightness: Any = np.median(picture.mean(axis=2))
    assert brightness > 200 if theme is LIGHT else brightness < 60
    third = SIZE.width() // 3
    for part in (picture[:, :third], picture[:, third : 2 * third], picture[:, 2 * third :]):
        assert len(np.unique(part.reshape(-1, 3), axis=0)) > 40
        assert part.std() > 8


def open_scenario(window: Window, qtbot: QtBot, name: str) -> None:
    with qtbot.waitSignal(window.session.opened, timeout=20_000):
        assert window.open(name)


def rest(window: Window, qtbot: QtBot) -> None:
    """Wait until the slice under the ball is the fine one."""
    window.session.pause()
    qtbot.wait(1200)

    def fine() -> bool:
        frame = window.session.timeline.frame
        return frame is not None and frame.landscape is not None and not frame.remaking

    qtbot.waitUntil(fine, timeout=20_000)


def test_a_network_learns_to_read_digits(window: Window, take: Take, qtbot: QtBot) -> None:
    open_scenario(window, qtbot, "digits")
    run = window.session.run
    assert run is not None
    rest(window, qtbot)
    taken = [take("digits-start")]
    for name, step in (("digits-training", 200), ("digits-trained", round(SHARE * run.horizon))):
        window.session.play()
        qtbot.waitUntil(lambda: run.step >= step, timeout=60_000)  # noqa: B023 - waited for here
        rest(window, qtbot)
        taken.append(take(name))
    frame = window.session.timeline.frame
    assert frame is not None
    assert frame.run.accuracy is not None
    assert frame.run.accuracy > 0.85
    for one, two in combinations(taken, 2):
        for theme in ("dark", "light"):
            assert share_that_differs(one[theme], two[theme]) > 0.02


def test_the_real_landscape(window: Window, take: Take, qtbot: QtBot) -> None:
    """At the start, in the middle and at the end, in relief and as a map."""
    open_scenario(window, qtbot, "landscape-16-16")
    run = window.session.run
    assert run is not None
    taken = []
    for name, step in (("start", 3), ("middle", 300), ("end", 600 + round(SHARE * 3000))):
        window.session.play()
        qtbot.waitUntil(lambda: run.step >= step, timeout=60_000)  # noqa: B023 - waited for here
        rest(window, qtbot)
        frame = window.session.timeline.frame
        assert frame is not None
        assert frame.plane == "path"
        looks: tuple[tuple[Literal["2d", "3d"], str, Theme], ...] = (("2d", "map", LIGHT), ("3d", "relief", DARK))
        for view, words, theme in looks:
            window.surface.set_view(view)
            taken.append(take(f"landscape-{name}-{words}", theme))
    for one, two in combinations(taken, 2):
        assert share_that_differs(one["dark"], two["dark"]) > 0.02


def test_two_minima_and_the_line_between_them(window: Window, take: Take, qtbot: QtBot) -> None:
    open_scenario(window, qtbot, "two-minima")
    window.session.play()
    qtbot.waitUntil(lambda: all(run.step >= 300 + SHARE * 1600 for run in window.session.runs), timeout=60_000)
    rest(window, qtbot)
    plane = take("two-minima", DARK)
    window.session.look_at(SliceView("line"))
    rest(window, qtbot)
    line = take("line-between-minima", DARK)
    assert share_that_differs(plane["dark"], line["dark"]) > 0.1


def test_the_edge_of_stability(window: Window, take: Take, qtbot: QtBot) -> None:
    open_scenario(window, qtbot, "edge-of-stability")
    run = window.session.run
    assert run is not None
    window.session.play()
    qtbot.waitUntil(lambda: run.step >= SHARE * 1800, timeout=120_000)
    rest(window, qtbot)

    def measured() -> bool:
        frame = window.session.timeline.frame
        return frame is not None and len(frame.run.sharpness.steps) > 50 and frame.sharpness is not None

    qtbot.waitUntil(measured, timeout=60_000)
    take("edge-of-stability", LIGHT)


def test_a_network_of_on_off_neurons(window: Window, take: Take, qtbot: QtBot) -> None:
    open_scenario(window, qtbot, "stair-step-network")
    rest(window, qtbot)
    take("terraces", LIGHT)


def test_the_worked_run(window: Window, take: Take, qtbot: QtBot) -> None:
    open_scenario(window, qtbot, "worked-run")
    start = pixels(window.grab().toImage())
    for _ in range(3):
        window.session.forward()
    qtbot.waitUntil(lambda: (f := window.session.timeline.frame) is not None and f.step == 3)
    taken = take("worked-run")
    assert share_that_differs(start, taken["dark"]) > 0.002
    frame = window.session.timeline.frame
    assert frame is not None
    assert frame.run.cost == pytest.approx(6.5536)


def test_a_race_and_a_step_taken_apart(window: Window, take: Take, qtbot: QtBot) -> None:
    open_scenario(window, qtbot, "rosenbrock-race")
    window.session.set_speed(200)
    window.session.play()
    qtbot.waitUntil(lambda: all(run.step >= 200 for run in window.session.runs), timeout=20_000)
    window.session.pause()
    window.surface.set_view("3d")
    window.step_sizes.toggle()
    with qtbot.waitSignal(window.session.explorer.swept, timeout=20_000):
        pass
    race = take("race")
    window.step_sizes.toggle()
    window.surface.set_view("2d")
    window.session.select(1)
    window._toggle_anatomy()
    for _ in range(2):
        window._next_part()
    apart = take("anatomy")
    for theme in ("dark", "light"):
        assert share_that_differs(race[theme], apart[theme]) > 0.1
