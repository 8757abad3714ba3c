"""Pictures of a real window, for eyes to judge; here only what a machine can tell.

GDVIZ_PICTURES names the folder that they are written to.
"""

import os
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from gdviz.ui.app import make_window
from gdviz.ui.theme import DARK, LIGHT, Theme
from gdviz.ui.window import Window

pytestmark = pytest.mark.x11
SIZE = QSize(1440, 900)
Pixels = NDArray[np.uint8]


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
def take(window: Window, folder: Path, qtbot: QtBot) -> Callable[[str], dict[str, Pixels]]:
    """A function that takes the window's picture in each theme; name, theme and ".png" make the file's name."""

    def carry_out(name: str) -> dict[str, Pixels]:
        taken = {}
        for theme in (DARK, LIGHT):
            window._set_theme(theme)
            qtbot.wait(400)  # the panels' slower parts catch up
            picture = window.grab()
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


def test_a_network_learns_to_read_digits(
    window: Window, take: Callable[[str], dict[str, Pixels]], qtbot: QtBot
) -> None:
    open_scenario(window, qtbot, "digits")
    run = window.session.run
    assert run is not None
    rest(window, qtbot)
    taken = [take("digits-start")]
    for name, step in (("digits-training", 200), ("digits-trained", run.horizon)):
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


def test_the_worked_run(window: Window, take: Callable[[str], dict[str, Pixels]], qtbot: QtBot) -> None:
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


def test_a_race_and_a_step_taken_apart(window: Window, take: Callable[[str], dict[str, Pixels]], qtbot: QtBot) -> None:
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
