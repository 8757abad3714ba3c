"""A film made by another process, while the window goes on: that process runs ``python -m gdviz.ui.filming``."""

from __future__ import annotations

import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTemporaryDir, Signal

from gdviz.core.errors import InputError
from gdviz.export.whole import whole
from gdviz.ui.looks import Looks
from gdviz.ui.panels.loss.axis import Kind

if TYPE_CHECKING:
    from gdviz.export.shot import Shot


class _Order(msgspec.Struct):
    """What the other process is told."""

    saved: str
    into: str
    width: int
    height: int
    fps: int
    n_frames: int
    theme: str
    x_axis: Kind | None


class _NoFilm(Exception):
    """What was written of the film is not to be kept."""


class Filming(QObject):
    """One film of saved runs on its way to a file, which is there as a whole or not at all."""

    drawn = Signal(int)
    """(frames that are done)"""
    done = Signal(str)
    """(one sentence: why there is no film; empty where there is one). Not after `cancel`."""

    def __init__(self, shot: Shot, looks: Looks, parent: QObject) -> None:
        super().__init__(parent)
        self.shot = shot
        self._look = looks.theme.name, looks.x_axis
        self._folder = QTemporaryDir()
        self.saved = Path(self._folder.path(), "runs.gdviz")
        """where the runs are to be saved before `start`"""
        self._place = ExitStack()
        self._process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("QT_QPA_PLATFORM", "offscreen")
        self._process.setProcessEnvironment(environment)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._not_started)

    def start(self) -> None:
        """Begin to film what was saved. Raises InputError where the film can't be written."""
        shot = self.shot
        into = self._place.enter_context(whole(shot.path))
        order = _Order(str(self.saved), str(into), shot.width, shot.height, shot.fps, shot.n_frames, *self._look)
        told = msgspec.json.encode(order).decode()
        self._process.start(sys.executable, ["-P", "-m", "gdviz.ui.filming", told])

    def cancel(self) -> None:
        """Leave it; nothing remains of it."""
        self._process.blockSignals(True)
        if self._process.state() != QProcess.ProcessState.NotRunning:
            self._process.kill()
            self._process.waitForFinished()
        self._drop()

    def _read(self) -> None:
        if lines := bytes(self._process.readAllStandardOutput().data()).split():
            self.drawn.emit(int(lines[-1]))

    def _not_started(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._drop()
            self.done.emit(f"the film can't be made: {self._process.errorString()}")

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        reason = ""
        if code == 0 and status == QProcess.ExitStatus.NormalExit:
            try:
                self._place.close()
            except InputError as error:
                reason = str(error)
        else:
            said = bytes(self._process.readAllStandardError().data()).decode(errors="replace").strip().splitlines()
            reason = f"the film can't be made: {said[-1] if said else 'its process was ended'}"
        self._drop()
        self.done.emit(reason)

    def _drop(self) -> None:
        """Keep no file but a film that is done."""
        self._folder.remove()
        with suppress(_NoFilm), self._place:
            raise _NoFilm


def main(told: str) -> int:
    """Film the runs of a file; says on standard output how many frames are done."""
    from gdviz.core.generators import finished
    from gdviz.export.saved import reopened
    from gdviz.export.shot import Shot
    from gdviz.ui.render import render
    from gdviz.ui.theme import DARK, LIGHT

    order = msgspec.json.decode(told, type=_Order)
    shot = Shot(Path(order.into), order.width, order.height, order.fps, order.n_frames)
    theme = LIGHT if order.theme == LIGHT.name else DARK
    looks = Looks(theme, order.x_axis)

    def drawn(n_frames: int) -> None:
        sys.stdout.write(f"{n_frames}\n")
        sys.stdout.flush()

    try:
        shown = finished(reopened(Path(order.saved)))
        render(shot, shot.path, shown, shown.scenario.title, drawn, looks)
    except (InputError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
