"""What is not saved outlives a crash: a file of our own holds it, and the next start offers it.

Each window that keeps its runs has a folder for them, with a lock that is free once its process has ended::

    unsaved/x7d2k1/lock          whose it is
    unsaved/x7d2k1/runs.gdviz    the runs, as of the last time that they were kept
    unsaved/x7d2k1/offered       only where a message has offered them already
    unsaved/x7d2k1/closed        only where the window was closed

What a crash has left is offered once by a message, and waits in the menu of the Open button until it is brought back,
or until it is no longer among the newest. What was on show and not saved when a window was closed waits there, too:
nobody is asked at closing.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from time import perf_counter
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from PySide6.QtCore import QDate, QLocale, QLockFile, QObject, QStandardPaths, QTimer

from gdviz.core.errors import InputError
from gdviz.export.saved import SUFFIX, outline, reopened, save

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gdviz.core.making import Making
    from gdviz.core.run import Run
    from gdviz.core.scenario import Scenario
    from gdviz.core.shown import Shown
    from gdviz.ui.session import Action, Session
    from gdviz.ui.worker import Saved

EVERY = 60.0
"""seconds between two looks for something new"""
SHARE = 0.01
"""of the time that the training may wait for it"""
_MOST_LEFT = 3  # crashes, and as many windows that were closed
_PATIENCE = 1.0
"""seconds that a window which is closed waits for steps to come to their end"""


def unsaved_folder() -> Path:
    """Where the runs of all windows are kept."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppLocalDataLocation)) / "unsaved"


class _Place:
    """A folder for the runs of one window."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / f"runs{SUFFIX}"
        self._offered, self._closed = folder / "offered", folder / "closed"
        self._lock = QLockFile(str(folder / "lock"))
        self._lock.setStaleLockTime(0)  # it is free when its process has ended, and not because it is old

    def take(self) -> bool:
        """Make it ours; False where it belongs to a process that lives."""
        return self._lock.tryLock(0)

    def leave(self) -> None:
        """Let others have it."""
        self._lock.unlock()

    def remove(self) -> None:
        """Remove it with all that is in it, as far as that can be done; it must be ours."""
        with suppress(OSError):
            self.empty()
            for mark in (self._offered, self._closed):
                mark.unlink(missing_ok=True)
        self.leave()
        with suppress(OSError):
            self._folder.rmdir()

    def empty(self) -> None:
        """Remove the runs."""
        self.tidy()
        self.path.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what was still being written when its process ended."""
        for file in self._folder.glob(f".*{SUFFIX}"):
            file.unlink(missing_ok=True)

    @property
    def offered(self) -> bool:
        """A message has offered it already."""
        return self._offered.exists()

    def set_offered(self) -> None:
        """A message need not offer it again."""
        with suppress(OSError):  # then one more message will
            self._offered.touch()

    @property
    def closed(self) -> bool:
        """It was left by a window that was closed, and not by a crash."""
        return self._closed.exists()

    def set_closed(self, closed: bool) -> None:
        """Note that its window was closed, or is open again."""
        with suppress(OSError):
            if closed:
                self._closed.touch()
            else:
                self._closed.unlink(missing_ok=True)

    @property
    def written(self) -> float:
        """When the runs in it were kept, in seconds; 0 where there are none."""
        return self.path.stat().st_mtime if self.path.is_file() else 0.0


@dataclass(eq=False)
class _Left:
    """What a crash, or a window that was closed, has left."""

    place: _Place
    written: float
    scenario: Scenario
    step: int

    @property
    def what(self) -> str:
        title = " ".join(self.scenario.title.split())
        return f"{f'“{title}”' if title else 'a scenario'} at step {self.step:,}"

    @property
    def when(self) -> str:
        at = datetime.fromtimestamp(self.written)
        today = at.date() == datetime.now().date()
        day = "" if today else QLocale.c().toString(QDate(at.year, at.month, at.day), "'on' d MMMM ")
        return f"{day}at {at:%H:%M}"


class Autosave(QObject):
    """Keeps the runs of a session, without a word, and offers what crashes have left."""

    def __init__(self, session: Session, parent: QObject, every: float = EVERY) -> None:
        super().__init__(parent)
        self._session, self._every = session, every
        self._folder = unsaved_folder()
        self._own: _Place | None = None
        """ours, once there was something to keep"""
        self._kept: WeakKeyDictionary[Run, int] = WeakKeyDictionary()
        """up to which step each run is in it"""
        self._saved: WeakKeyDictionary[Run, int] = WeakKeyDictionary()
        """up to which step each run is in a file of the user's"""
        self._failed = self._ordered = False
        self._held = self._adopted()
        self._left = [left for place in self._held if (left := _left(place))]
        self._offered: _Left | None = None
        self._back: tuple[_Left, list[Run]] | None = None
        """what is being brought back, once its runs are there"""
        self._timer = QTimer(self, interval=round(1000 * every))
        self._timer.timeout.connect(self._keep)
        self._timer.start()
        session.saved.connect(self._answered)
        session.opened.connect(self._opened)
        session.read.connect(self._read)

    def offer(self) -> None:
        """Offer by a message the newest of what was left that none has offered yet."""
        for left in self._left:
            if not (left.place.offered or left.place.closed):
                self._offered = left
                text = f"gdviz ended {left.when} without saving {left.what}."
                self._session.message.emit("info", text, ("Bring it back", partial(self._bring_back, left)))
                return

    def offers(self) -> list[Action]:
        """All that was left: what each is called, and what brings it back."""
        return [
            (
                f"Closed {left.when}: {left.what}" if left.place.closed else f"Bring back {left.what}",
                partial(self._bring_back, left),
            )
            for left in self._left
        ]

    def finish(self) -> None:
        """The window was closed, and its threads have ended: what is not saved, and what was left before, stays."""
        self._timer.stop()
        try:
            self._keep_last()
        finally:
            if self._offered in self._left:
                self._offered.place.set_offered()
            for place in self._held:
                place.leave()

    # What is kept

    def _keep(self) -> None:
        """Keep the runs as they are now, where they went on since they were kept or saved."""
        if not _unsaved(self._session.everyone, self._saved, self._kept):
            return
        try:
            self._own = self._own or self._new_place()
        except OSError as error:
            self._fail(f"{self._folder}: can't be written: {error.strerror or error}")
        else:
            self._ordered = True
            self._session.save(self._own.path, silent=True)

    def _keep_last(self) -> None:
        """Leave what is in no file of the user's to the next window."""
        shown = self._session.shown
        try:
            if shown is not None and _unsaved(self._session.everyone, self._saved, self._kept) and _at_rows(shown):
                self._own = self._own or self._new_place()
                n_left_out = save(self._own.path, shown)
                self._kept.update({run: run.step for run in (*shown.runs, *shown.ghosts[n_left_out:])})
        except (InputError, OSError, MemoryError):
            pass  # then what was kept last will do
        finally:
            if self._own is not None:
                if self._own.written and _unsaved(self._kept, self._saved):
                    self._own.set_closed(True)
                    self._own.leave()
                else:
                    self._own.remove()

    def _new_place(self) -> _Place:
        self._folder.mkdir(parents=True, exist_ok=True)
        place = _Place(Path(mkdtemp(prefix="", dir=self._folder)))
        if not place.take():
            raise OSError("the folder was taken by another process")
        return place

    def _answered(self, saved: Saved) -> None:
        if not saved.silent:
            if not saved.reason:
                self._saved.update(saved.steps)
                self._keep_no_longer()
        elif self._own is not None and saved.path == self._own.path:
            self._timer.setInterval(round(1000 * max(self._every, saved.seconds / SHARE)))
            if saved.reason:
                self._fail(saved.reason)
            else:
                self._failed, self._kept = False, WeakKeyDictionary(saved.steps)
            self._ordered = False

    def _keep_no_longer(self) -> None:
        """After a crash only what is not saved is missed."""
        if (
            self._own is not None
            and not self._ordered
            and all(step <= self._saved.get(run, 0) for run, step in self._kept.items())
        ):
            self._kept.clear()
            with suppress(OSError):
                self._own.empty()

    def _fail(self, reason: str) -> None:
        if not self._failed:
            self._session.message.emit("info", f"After a crash these runs would be lost: {reason}", None)
        self._failed = True

    # What was left

    def _adopted(self) -> list[_Place]:
        """The places of processes that have ended, with something in them, the newest first; they are ours now."""
        with suppress(OSError):
            taken = [place for folder in self._folder.iterdir() if (place := _Place(folder)).take()]
            for place in taken:
                place.tidy()
            taken.sort(key=lambda place: place.written, reverse=True)
            crashes, closed = ([place for place in taken if place.closed is kind] for kind in (False, True))
            newest = crashes[:_MOST_LEFT] + closed[:_MOST_LEFT]
            held = [place for place in taken if place in newest and place.written]
            for place in taken:
                if place not in held:
                    place.remove()
            return held
        return []

    def _bring_back(self, left: _Left) -> None:
        self._session.open_own(left.scenario, self._as_it_was(left))

    def _as_it_was(self, left: _Left) -> Making:
        shown = yield from reopened(left.place.path)
        self._back = left, shown.runs
        return shown

    def _opened(self) -> None:
        runs = self._session.runs
        if self._back is not None and self._back[1] == runs:
            self._make_own(self._back[0])

    def _read(self, shown: Shown) -> None:
        self._saved.update({run: run.step for run in (*shown.runs, *shown.ghosts)})

    def _make_own(self, left: _Left) -> None:
        """What was brought back stays where it is until these runs are kept anew, saved or closed."""
        if self._own is not None:
            self._own.remove()
        self._own, self._back = left.place, None
        self._own.set_closed(False)
        self._kept = WeakKeyDictionary({run: run.step for run in self._session.everyone})
        self._left.remove(left)
        self._held.remove(left.place)


def _unsaved(runs: Iterable[Run], *known: Mapping[Run, int]) -> bool:
    """Whether any of the runs has gone on since all that is known of it, up to a step each."""
    return any(run.step > max(steps.get(run, 0) for steps in known) for run in runs)


def _at_rows(shown: Shown) -> bool:
    """Bring steps that were begun to their end; False where that takes too long."""
    until, everyone = perf_counter() + _PATIENCE, (*shown.runs, *shown.ghosts)
    for run in everyone:
        while run.between and perf_counter() < until:
            run.advance()
    return not any(run.between for run in everyone)


def _left(place: _Place) -> _Left | None:
    """What is in a place; None where that can't be read."""
    try:
        return _Left(place, place.written, *outline(place.path))
    except InputError:
        return None
