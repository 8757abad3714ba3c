"""Keeps a slice of a network's cost under its ball: made in the background, again whenever the ball has left it."""

from __future__ import annotations

import math
from time import monotonic
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from gdviz.core.digits import Digits
from gdviz.core.landscape import Slice, digits_slices

if TYPE_CHECKING:
    from gdviz.core.frame import Frame
    from gdviz.core.scene import Scene
    from gdviz.ui.background import Background

_SECONDS, _SECONDS_PLAYING = 0.5, 3.0
"""at least so long between two slices, however fast the ball runs away: each takes time from the training"""


class Slices(QObject):
    """Asks for slices of the scene on show, and hands them to it."""

    failed = Signal(str)
    """one sentence: why a slice could not be made"""

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self._scene: Scene | None = None
        self._frame: Frame | None = None
        self._playing = False
        self._key = object()
        self._made_at = -math.inf
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self._make)
        background.result.connect(self._take)
        background.done.connect(self._done)
        background.failed.connect(self._failed)

    def show(self, scene: Scene) -> None:
        """Look after another scene, or another cost in it: what is being made is dropped, the next is made at once."""
        self._background.cancel()
        self._key, self._made_at = object(), -math.inf
        if self._scene is not None:
            self._scene.remaking = False
        self._scene = scene
        scene.remaking = False

    def look(self, frame: Frame, *, playing: bool) -> None:
        """Have a slice made if the ball on show wants one: at once, or when enough time has passed since the last."""
        self._frame, self._playing = frame, playing
        self._make()

    def finish(self) -> None:
        """Ask for nothing more."""
        self._later.stop()

    def _make(self) -> None:
        scene, frame = self._scene, self._frame
        if scene is None or frame is None or scene.remaking:
            return
        wait = self._made_at + (_SECONDS_PLAYING if self._playing else _SECONDS) - monotonic()
        if wait > 0:
            if not self._later.isActive():
                self._later.start(math.ceil(1000 * wait))
        elif isinstance(frame.problem, Digits) and scene.wants_slice(frame):
            self._made_at, self._key = monotonic(), object()
            scene.remaking = True
            job = digits_slices(frame.problem, frame.theta.copy(), frame.theta_step, scene.run.spec.seed)
            self._background.ask(self._key, job)

    def _take(self, key: object, result: Slice) -> None:
        if self._scene is not None and key is self._key:
            self._scene.slice = result

    def _failed(self, key: object, reason: str) -> None:
        if key is self._key:
            self.failed.emit(reason)

    def _done(self, key: object) -> None:
        if self._scene is not None and key is self._key:
            self._scene.remaking = False
