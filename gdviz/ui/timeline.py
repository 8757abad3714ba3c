"""The cursor that all panels share, and the one timer: it builds a frame when there is something new to show."""

from __future__ import annotations

import math
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal

if TYPE_CHECKING:
    from gdviz.core.frame import Frame
    from gdviz.core.scene import Scene

FRAME_MS = 16
_LOOK_MS = 8
"""between two looks for news: a frame that was late is followed by the next one as soon as that may come"""
_SHARE, _SHARE_EXACT = 0.5, 0.8
"""of the time that frames may take; Python runs one thread at a time, and what a frame takes is lost to training. A
run on an exact cost is done in a second or two anyway: what counts there is to see it go."""
_SETTLE_MS = 300
_REPLAY_SECONDS = 4.0
"""how long a replay at unlimited speed takes, whatever its length"""


class Timeline(QObject):
    """Where in time everyone looks. Live, the cursor is at the newest step and moves with it."""

    frame_ready = Signal(object)
    """a Frame, to be drawn now"""
    replayed = Signal()
    """a replay reached the newest step"""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.scene: Scene | None = None
        self.frame: Frame | None = None
        """what was drawn last"""
        self.pace = math.inf
        """steps a second of a replay"""
        self._cursor: float | None = None
        self._replaying = False
        self._shown: object = None
        self._due = 0.0
        self._settled = True
        self._since = QElapsedTimer()
        self._clock = QElapsedTimer()
        self._timer = QTimer(self, interval=_LOOK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin to draw."""
        self._clock.start()
        self._timer.start()

    def stop(self) -> None:
        """Draw no more."""
        self._timer.stop()

    @property
    def live(self) -> bool:
        """The cursor is at the newest step and stays there."""
        return self._cursor is None

    @property
    def replaying(self) -> bool:
        """The cursor is on its way from the past to the newest step."""
        return self._replaying

    @property
    def step(self) -> int:
        """The step under the cursor; 0 before anything was drawn."""
        if self._cursor is not None:
            return int(self._cursor)
        return 0 if self.frame is None else self.frame.step

    def show(self, scene: Scene) -> None:
        """Show other runs, live."""
        self.scene, self._cursor, self._replaying, self._shown = scene, None, False, None

    def seek(self, step: int) -> None:
        """Move the cursor to a step of the selected run; the newest one is live."""
        self._replaying = False
        newest = -1 if self.scene is None else self.scene.live_step
        self._cursor = None if step >= newest else float(max(0, step))
        self.draw_now()

    def go_live(self) -> None:
        """Move the cursor to the newest step, and let it stay there."""
        self._replaying, self._cursor = False, None
        self.draw_now()

    def replay(self) -> None:
        """Let the cursor run to the newest step."""
        self._replaying = self._cursor is not None
        self._clock.restart()

    def hold(self) -> None:
        """Stop a replay where it is."""
        self._replaying = False

    def draw_now(self) -> None:
        """Do not wait for the timer: the answer to a key or a click comes at once."""
        self._draw()

    def _tick(self) -> None:
        if self._replaying:
            self._advance(self._clock.restart() / 1000)
        if perf_counter() >= self._due:
            self._draw()

    def _advance(self, seconds: float) -> None:
        if self.scene is None or self._cursor is None:
            return
        newest = self.scene.live_step
        pace = self.pace if math.isfinite(self.pace) else max(1.0, newest / _REPLAY_SECONDS)
        self._cursor += pace * seconds
        if self._cursor >= newest:
            self._replaying, self._cursor = False, None
            self.replayed.emit()

    def _draw(self) -> None:
        scene = self.scene
        if scene is None:
            return
        cursor = None if self._cursor is None else int(self._cursor)
        now = (scene, cursor, scene.version())
        if now == self._shown:
            self._settle()
            return
        begun = perf_counter()
        frame = scene.frame(cursor)
        if frame is not None:
            self._shown, self.frame = now, frame
            self._settled = False
            self._since.restart()
            self.frame_ready.emit(frame)
        # Painting follows in the event loop, and this call after it.
        QTimer.singleShot(0, self, partial(self._rest_after, begun))

    def _rest_after(self, begun: float) -> None:
        """Leave the interpreter to the training after a frame that was dear to draw: fewer frames, not a slower run."""
        now = perf_counter()
        exact = self.scene is not None and self.scene.run.steps_per_epoch is None
        rest = (now - begun) * (1 / (_SHARE_EXACT if exact else _SHARE) - 1)
        # Half a look early: what is due at the next one is not put off to the one after it.
        self._due = max(begun + FRAME_MS / 1000, now + rest) - _LOOK_MS / 2000

    def _settle(self) -> None:
        """Draw the last frame of a movement once more: what panels refresh at a slower rate catches up."""
        if not self._settled and self.frame is not None and self._since.elapsed() > _SETTLE_MS:
            self._settled = True
            self.frame_ready.emit(self.frame)
