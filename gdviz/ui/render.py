"""Pictures and films of the window, without a display: each step is drawn in a window that nobody sees."""

from __future__ import annotations

import math
import os
import signal
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import numpy as np
import shiboken6
from PySide6.QtCore import QCoreApplication, QPoint, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget

from gdviz.export.films import write_gif, write_mp4
from gdviz.export.shot import FILMS
from gdviz.ui import style
from gdviz.ui.looks import Looks
from gdviz.ui.pictures import paint_bars, pdf, png, settle, svg, waiting
from gdviz.ui.session import Session
from gdviz.ui.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gdviz.core.shown import Shown
    from gdviz.export.films import Picture
    from gdviz.export.shot import Shot

LOOKS = Looks()
"""where nothing else is asked for"""
_POINTS = 10.0
"""of text, at least; in pictures of more than 160 times as many pixels across and 120 down, it grows with them"""
_SAMPLES = 8
"""frames that are drawn before the film begins"""
_SAMPLED = 1 << 20
"""pixels of them that are kept, about"""


def render(
    shot: Shot,
    file: Path,
    shown: Shown,
    name: str,
    drawn: Callable[[int], None] = lambda n_frames: None,
    looks: Looks = LOOKS,
) -> None:
    """Draw what the window shows of runs that are done: their last step, or all of them spread over a film.

    The same runs make the same picture: no clock and no setting of the user's comes into it.

    Parameters
    ----------
    file : what is written; of the kind that ``shot`` says, whatever its own name
    shown : runs that are done; the selected one's steps are drawn
    name : of the scenario, as it would be opened
    drawn : called after each frame with how many there are

    Raises
    ------
    OSError
        where the file can't be written
    """
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)  # no widget lives without one
    with _between_frames() as interrupt, closing(_Stage(app, shot, shown, name, looks)) as stage:

        def done(n_frames: int) -> None:
            interrupt()
            drawn(n_frames)

        if shot.kind in FILMS:
            _film(shot, file, stage, done)
        else:
            stage.show(stage.newest)
            file.write_bytes(_picture(shot, stage))
            done(1)


@contextmanager
def _between_frames() -> Iterator[Callable[[], None]]:
    """Let Ctrl+C wait until the function that is given is called: in the midst of painting, Qt would not survive it."""
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        asked = True

    def interrupt() -> None:
        if asked:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)


def _film(shot: Shot, path: Path, stage: _Stage, drawn: Callable[[int], None]) -> None:
    def frames() -> Iterator[Picture]:
        for index in range(shot.n_frames):
            stage.seconds = index / shot.fps
            stage.show(stage.kept(index / (shot.n_frames - 1)))
            yield stage.pixels()
            drawn(index + 1)

    if shot.kind == ".gif":
        write_gif(path, frames(), shot.fps, stage.samples)
    else:
        write_mp4(path, frames(), shot.fps)


def _picture(shot: Shot, stage: _Stage) -> bytes:
    if shot.kind == ".png":
        return png(stage.image())
    size = QSize(shot.width, shot.height)
    if shot.kind == ".pdf":
        return pdf(size, stage.title, stage.paint)
    return svg(size, stage.title, lambda painter: stage.paint(painter, clips=False))


class _Stage:
    """A window that is never seen, with runs that are done."""

    def __init__(
        self,
        app: QApplication,
        shot: Shot,
        shown: Shown,
        name: str,
        looks: Looks = LOOKS,
    ) -> None:
        self._size = QSize(shot.width, shot.height)
        self.title = shown.scenario.title or name
        self.seconds = -math.inf
        """of the film that have gone by"""
        # A window of its own would tell a screen about its size, and come to the front of it.
        self._around = QWidget()
        self._around.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        # Before the window is made, too: some of its parts take their size from the first font that they see.
        points = max(_POINTS, min(shot.width / 160, shot.height / 120))
        style.apply(app, looks.theme, points)
        session = Session()
        self._window = Window(session, looks.theme, lambda: self.seconds)
        session.setParent(self._window)
        self._window.setParent(self._around, Qt.WindowType.Widget)
        self._window.set_text_size(points)
        self._window.loss.set_pens(points / _POINTS)
        self._window.race.timed = False  # the same runs take another time every time
        self._fit()
        self._around.show()
        for run in (*shown.runs, *shown.ghosts):
            run.history.snapshot(run.row)
        session.show(shown, name)
        self._window.loss.set_x_axis(looks.x_axis)
        assert session.timeline.scene is not None  # it was just shown
        self._scene = session.timeline.scene
        self.newest = self._scene.live_step
        self._window.messages.set_hint(self.title)
        self._window.messages.clear()  # of the end, which is not the end of a film's first frame
        self._waiting = waiting(self._window)
        self.samples: list[Picture] = []
        """frames from the first to the last; of large ones not every pixel"""
        # Columns of numbers grow and never shrink, so that they hold still: they have grown when the film begins.
        sparse = math.ceil(math.sqrt(shot.width * shot.height / _SAMPLED))
        for index in range(_SAMPLES):
            self.show(self.kept(index / (_SAMPLES - 1)))
            self.samples.append(self.pixels()[::sparse, ::sparse].copy())
        self.show(0)

    def close(self) -> None:
        self._window.loss.set_pens(1.0)
        shiboken6.delete(self._around)

    def _fit(self) -> None:
        """Give the window the size of the picture; to one that is smaller than it can be, it is scaled down."""
        width, height = self._size.width(), self._size.height()
        least = self._window.minimumSizeHint().expandedTo(self._window.minimumSize())
        zoom = max(1.0, least.width() / width, least.height() / height)
        self._window.resize(math.ceil(width * zoom), math.ceil(height * zoom))

    def kept(self, share: float) -> int:
        """The last step of so large a part of the run whose knobs were kept: all panels can show that one."""
        return self._scene.run.history.checkpoint(round(share * self.newest)).step

    def show(self, step: int) -> None:
        """Draw a step of the selected run in full."""
        frame = self._scene.frame(step)
        assert frame is not None  # there is a first step
        # While a run goes on, panels hold back what nobody could read. This one does not.
        self._window.show_frame(replace(frame, live=False))
        if frame.live:
            self._window.show_frame(frame)
        QCoreApplication.sendPostedEvents()
        settle(self._waiting)
        QCoreApplication.sendPostedEvents()

    def paint(self, painter: QPainter, *, clips: bool = True) -> None:
        """Paint the window in vectors."""
        window = self._window
        painter.scale(self._size.width() / window.width(), self._size.height() / window.height())
        window.render(painter, QPoint())
        if not clips:
            paint_bars(window, painter, window.theme)

    def image(self) -> QImage:
        image = QImage(self._window.size(), QImage.Format.Format_RGB32)
        with QPainter(image) as painter:
            self._window.render(painter, QPoint())
        # Not painted at that scale: between parts that end within a pixel, there would be seams.
        smooth, as_asked = Qt.TransformationMode.SmoothTransformation, Qt.AspectRatioMode.IgnoreAspectRatio
        return image if image.size() == self._size else image.scaled(self._size, as_asked, smooth)

    def pixels(self) -> Picture:
        image = self.image().convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()
