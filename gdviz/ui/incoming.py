"""What comes by the clipboard or is dragged here: files, and scenarios as text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QPainter, QPalette, QPen
from PySide6.QtWidgets import QWidget

from gdviz.core.errors import InputError
from gdviz.core.scenario import MOST_BYTES, parse
from gdviz.ui.recent import SUFFIXES
from gdviz.ui.theme import GAP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QPaintEvent

    from gdviz.core.scenario import Scenario

_LONGEST_PATH = 4096  # characters, on any system
_MOST_WORDS = 300  # characters of what is wrong with a text, whose keys may be long


class Incoming(NamedTuple):
    """What can be opened: a file, else a scenario."""

    path: str = ""
    scenario: Scenario | None = None
    files: int = 1
    """how many came together"""

    @property
    def name(self) -> str:
        """What it is called."""
        if self.scenario is not None:
            title = " ".join(self.scenario.title.split())[:_MOST_WORDS]
            return f"“{title}”" if title else "this scenario"
        return Path(self.path).name

    @property
    def among(self) -> str:
        """That others came with it, which stay where they are."""
        return f", the first of {self.files} files" if self.files > 1 else ""


def incoming(data: QMimeData, source: str) -> Incoming:
    """What of this can be opened; ``source`` names it in messages. Raises InputError where nothing can."""
    if urls := data.urls():
        return _file([url.toLocalFile() for url in urls], source)
    raw = data.text().encode("utf-8", "replace")  # half a character is none
    if len(raw) > MOST_BYTES:
        raise InputError(f"{source}: larger than 1 MB, expected a scenario")
    text = raw.decode().strip()
    if not text:
        raise InputError(f"{source}: there is no text, expected a scenario or the path of a file")
    path = text.strip("\"'")
    if path.endswith(SUFFIXES) and "\n" not in path and len(path) <= _LONGEST_PATH:
        local = QUrl(path).toLocalFile() if path.startswith("file:") else os.path.expanduser(path)
        return _file([local], source)
    try:
        return Incoming(scenario=parse(text, f"{source} holds no scenario"))
    except InputError as error:
        raise InputError(" ".join(str(error).split())[:_MOST_WORDS]) from None


def _file(paths: Sequence[str], source: str) -> Incoming:
    """The first of some files that can be opened; those that are not on this machine have no path."""
    for path in paths:
        if path.endswith(SUFFIXES):
            return Incoming(path, files=len(paths))
    got = Path(paths[0]).name or "something that is no file here"
    raise InputError(f"{source}: expected a {' or '.join(SUFFIXES)} file, got {got}")


class Drops(QObject):
    """What is dragged over a window: where it can be opened the window says so, and a drop does it."""

    def __init__(self, window: QWidget, opens: Callable[[Incoming], None]) -> None:
        super().__init__(window)
        self._opens = opens
        self._coming: Incoming | None = None
        self._overlay = _Overlay(window)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what can be opened before any part of the window sees it: a text field would take its path as text."""
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget):
            if handle := watched.windowHandle():
                handle.installEventFilter(self)
        elif isinstance(event, QDragEnterEvent):
            self._coming = _openable(event)
            return self._move(event)
        elif isinstance(event, QDragMoveEvent):
            return self._move(event)
        elif event.type() == QEvent.Type.DragLeave:
            self._overlay.hide()
        elif isinstance(event, QDropEvent) and self._coming is not None:
            _accept(event)
            self._overlay.hide()
            self._opens(self._coming)
            return True
        return False

    def _move(self, event: QDragMoveEvent) -> bool:
        if self._coming is None:
            return False
        _accept(event)
        self._overlay.say(f"Drop to open {self._coming.name}{self._coming.among}")
        return True


def _openable(event: QDropEvent) -> Incoming | None:
    try:
        return incoming(event.mimeData(), "dropped") if _action(event) else None
    except InputError:
        return None


def _action(event: QDropEvent) -> Qt.DropAction | None:
    """Never the one that takes away what was dragged."""
    action = Qt.DropAction
    return next((a for a in (action.CopyAction, action.LinkAction) if a & event.possibleActions()), None)


def _accept(event: QDropEvent) -> None:
    if action := _action(event):
        event.setDropAction(action)
        event.accept()


class _Overlay(QWidget):
    """A veil and a frame over the whole window, and one sentence in the midst of it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._around, self._text = window, ""
        self.hide()

    def say(self, text: str) -> None:
        """Show it."""
        self.setGeometry(self._around.rect())
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self.update()
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        em, role = self.fontMetrics().height(), QPalette.ColorRole
        colour = self.palette().color
        veil = colour(role.Window)
        veil.setAlphaF(0.78)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(self.rect(), veil)
            edge = GAP / 2
            painter.setPen(QPen(colour(role.Highlight), 3))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(edge, edge, -edge, -edge), GAP, GAP)
            font = self.font()
            font.setPointSizeF(1.4 * font.pointSizeF())
            painter.setFont(font)
            metrics = painter.fontMetrics()
            text = metrics.elidedText(self._text, Qt.TextElideMode.ElideMiddle, self.width() - 8 * em)
            plate = QRectF(0, 0, metrics.horizontalAdvance(text) + 3 * em, 3.2 * em)
            plate.moveCenter(QRectF(self.rect()).center())
            painter.setPen(QPen(colour(role.Highlight), 2))
            painter.setBrush(colour(role.Base))
            painter.drawRoundedRect(plate, 0.6 * em, 0.6 * em)
            painter.setPen(colour(role.Text))
            painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
