"""Films made while the window goes on, and that they show what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QElapsedTimer, QPoint, QRect, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QProgressDialog

from gdviz import cli
from gdviz.export.shot import shot
from gdviz.ui.dialogs import FilmDialog
from gdviz.ui.exports import Exports
from tests.support import LONG_DIGITS, LONG_PARABOLAS, PARABOLA, Open, finish, frame_of, go
from tests.ui.export_support import LONG, apart, chosen, open_dialog, pixels

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gdviz.export.films import Picture
    from gdviz.ui.window import Window


class TestFilm:
    def test_all_steps_in_the_looks_of_the_window_while_it_goes_on(
        self, window: Window, shown: Open, qtbot: QtBot, where: Path
    ) -> None:
        runs = shown(LONG_PARABOLAS.replace("parabola", "rosenbrock"))
        go(window, qtbot, 20)
        window.surface.set_view("3d")
        chosen(window, "Film…")
        dialog = open_dialog(FilmDialog)
        assert isinstance(dialog, FilmDialog)
        dialog.size_asked.width.set_value(640)
        dialog.size_asked.height.set_value(480)
        dialog.seconds.set_value(2)
        dialog.fps.set_value(5)
        QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
        window.session.play()
        longest, since = 0, QElapsedTimer()
        since.start()

        def tick() -> None:
            nonlocal longest
            longest = max(longest, since.restart())

        timer = QTimer(interval=5)
        timer.timeout.connect(tick)
        timer.start()
        qtbot.waitUntil(lambda: window.exports._film is None, timeout=LONG)
        timer.stop()
        assert window.messages.kind == "info"
        assert longest < 1000, "milliseconds in which nothing else could be done"
        assert runs[0].step > 20
        with Image.open(where / "taken.gif") as film:
            assert (film.size, getattr(film, "n_frames", 1)) == ((640, 480), 10)
            film.seek(9)
            last = np.asarray(film.convert("RGB"))
        as_map = ["render", window.session.name, "-o", str(where / "2d.png"), "--steps", "20", "--size", "640x480"]
        assert cli.main(as_map) == 0
        assert apart(last, np.asarray(Image.open(where / "2d.png").convert("RGB"))) > 3, "it is no map"
        assert sorted(path.name for path in where.iterdir() if "gdviz" in path.name) == []

    def test_cancelled_nothing_remains(self, window: Window, shown: Open, qtbot: QtBot, where: Path) -> None:
        shown(LONG_DIGITS)
        go(window, qtbot, 5)
        before = {path.name for path in where.iterdir()}
        window.exports._film_runs(shot("a.gif", "1280x720", 15, 60.0))
        progress = window.findChild(QProgressDialog)
        assert progress is not None
        qtbot.waitUntil(lambda: progress.value() > 2, timeout=LONG)
        progress.canceled.emit()  # as its button does
        assert window.exports._film is None
        assert {path.name for path in where.iterdir()} == before
        qtbot.wait(100)
        assert window.messages.kind == ""

    def test_closing_the_window_ends_it(self, window: Window, shown: Open, qtbot: QtBot, where: Path) -> None:
        shown(LONG_DIGITS)
        before = {path.name for path in where.iterdir()}
        window.exports._film_runs(shot("a.gif", "640x480", 15, 60.0))
        qtbot.wait(300)
        window.close()
        assert {path.name for path in where.iterdir()} == before

    def test_where_it_cannot_be_written_it_is_said(
        self, window: Window, shown: Open, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        shown(PARABOLA)
        monkeypatch.setattr(Exports, "_ask_where", lambda self, title, suffix, part="": tmp_path / "no" / f"a{suffix}")
        window.exports._film_runs(shot("a.gif", "640x480", 5, 1.0))
        qtbot.waitUntil(lambda: window.messages.kind == "error")
        assert "can't be written: No such file or directory" in window.messages._text.accessibleName()


def test_one_thing_is_on_its_way_at_a_time(window: Window, shown: Open, qtbot: QtBot, where: Path) -> None:
    shown(LONG_DIGITS)
    go(window, qtbot, 3)
    window.exports._film_runs(shot("a.gif", "640x480", 15, 60.0))
    window.exports._ask_for_table(".csv")
    assert window.messages._text.accessibleName() == "taken.gif is on its way: one file at a time."
    window.exports._cancel()
    qtbot.wait(50)
    assert not window.findChildren(QProgressDialog)
    assert not (where / "taken.csv").exists()


def last_of_a_film(window: Window, qtbot: QtBot, where: Path) -> Picture:
    window.exports._film_runs(shot("a.gif", "640x480", 5, 1.0))
    qtbot.waitUntil(lambda: window.exports._film is None, timeout=LONG)
    with Image.open(where / "taken.gif") as film:
        film.seek(4)
        return np.asarray(film.convert("RGB"))


def test_a_film_knows_who_is_hidden(window: Window, shown: Open, qtbot: QtBot, where: Path) -> None:
    shown(LONG_PARABOLAS)
    go(window, qtbot, 5)
    pictures = []
    for hidden in (False, True):
        window.session.hide(window.session.runs[1], hidden)
        pictures.append(last_of_a_film(window, qtbot, where))
    assert apart(*pictures) > 0.05


def test_a_film_shows_ghosts_too(window: Window, shown: Open, qtbot: QtBot, where: Path) -> None:
    shown(LONG_PARABOLAS)
    go(window, qtbot, 5)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.reset()
    go(window, qtbot, 5)
    pictures = []
    for hidden in (False, True):
        for ghost in window.session.everyone[:2]:
            window.session.hide(ghost, hidden)
        pictures.append(last_of_a_film(window, qtbot, where))
    assert apart(*pictures) > 0.02


@pytest.mark.parametrize("file", ["a.png", "a.gif"])
def test_what_is_rendered_without_a_display_is_what_the_window_shows(
    file: str, window: Window, shown: Open, qtbot: QtBot, where: Path
) -> None:
    """The first frame of a film and its last, or a picture, beside the window's own at the same size and text."""
    text = LONG_PARABOLAS.replace("parabola", "rosenbrock").replace("steps = 1000000", "steps = 40")
    shown(text)
    window.set_text_size(10.0)
    window.setMinimumSize(1280, 720)
    window.resize(1280, 720)
    window.session.play()
    finish(window.session, qtbot)
    qtbot.waitUntil(lambda: frame_of(window).step == 40)
    assert cli.main(["render", window.session.name, "-o", str(where / file), "--size", "1280x720"]) == 0
    window.set_text_size(10.0)  # to draw a picture the application's look was changed
    panels = QRect(window.surface.mapTo(window, QPoint()), window.timeline_bar.mapTo(window, QPoint(1270, 0)))
    box = panels.left(), panels.top(), panels.right(), panels.bottom()
    with Image.open(where / file) as film:
        found = []
        for index in {0, getattr(film, "n_frames", 1) - 1}:
            film.seek(index)
            found.append(np.asarray(film.convert("RGB").crop(box)))
    for step, right, wrong in ((0, found[0], found[-1]), (40, found[-1], found[0])):
        if step or len(found) > 1:
            window.session.seek(step)
            qtbot.wait(600)  # texts that are refreshed now and then are up to date
            ours = pixels(window.grab().toImage())[box[1] : box[3], box[0] : box[2]]
            assert apart(ours, right) < 2.5
            assert len(found) == 1 or apart(ours, right) < apart(ours, wrong)
