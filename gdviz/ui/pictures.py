"""Pictures of widgets as files, in pixels and in vectors, at any size."""

from __future__ import annotations

import math
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QCoreApplication, QEvent, QIODevice, QMarginsF, QPoint, QRect, QSize, QSizeF, QTimer
from PySide6.QtGui import QColor, QImage, QPageLayout, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from gdviz.export.svg import with_plain_pens
from gdviz.ui.theme import GAP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gdviz.ui.theme import Theme
    from gdviz.ui.window import Window

    Paint = Callable[[QPainter], None]

_DOTS = 96
"""pixels to an inch, as of a window"""


def png(image: QImage) -> bytes:
    """The image as a file's bytes: errors of writing them are Python's then, Qt's writers keep theirs to themselves."""
    into = _buffer()
    image.save(into, "PNG")  # type: ignore[call-overload]  # it takes a text, and no bytes
    return bytes(into.data().data())


def svg(size: QSize, title: str, paint: Paint) -> bytes:
    """What is painted, in vectors; nothing is clipped."""
    into, device = _buffer(), QSvgGenerator()
    device.setOutputDevice(into)
    device.setSize(size)
    device.setResolution(_DOTS)
    device.setViewBox(QRect(QPoint(0, 0), size))
    device.setTitle(title)
    with QPainter(device) as painter:
        paint(painter)
    return with_plain_pens(bytes(into.data().data()).decode()).encode()


def pdf(size: QSize, title: str, paint: Paint) -> bytes:
    """What is painted, in vectors, on a page of just that size."""
    into = _buffer()
    device = QPdfWriter(into)
    device.setTitle(title)
    device.setCreator("gdviz")
    device.setResolution(_DOTS)
    page = QPageSize(QSizeF(size) / _DOTS, QPageSize.Unit.Inch, "", QPageSize.SizeMatchPolicy.ExactMatch)
    device.setPageLayout(QPageLayout(page, QPageLayout.Orientation.Portrait, QMarginsF()))
    with QPainter(device) as painter:
        paint(painter)
    return bytes(into.data().data())


def _buffer() -> QBuffer:
    made = QBuffer()
    made.open(QIODevice.OpenModeFlag.WriteOnly)
    return made


def settle(timers: list[QTimer]) -> None:
    """Let what panels put off happen now: nobody waits for it to be seen."""
    for timer in timers:
        if timer.isActive():
            timer.stop()
            timer.timeout.emit()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)


def waiting(widget: QWidget) -> list[QTimer]:
    """The timers with which the parts of a widget put something off."""
    return [timer for timer in widget.findChildren(QTimer) if timer.isSingleShot()]


class Snapshot:
    """The window as it is on show, or one of its parts, as a picture of any size.

    The part is laid out anew for the picture's sides, never smaller than it is, and scaled: so letters and lines keep
    their share of the picture, as large as that may be, and all is drawn as finely as its pixels are.
    """

    def __init__(self, window: Window, part: QWidget, size: QSize, title: str) -> None:
        """Of ``part``, one of the window's panels, or all of the window's ``centralWidget()``."""
        self._window, self._part, self._size, self._title = window, part, size, title
        self._zoom = min(size.width() / part.width(), size.height() / part.height())

    def image(self) -> QImage:
        """In pixels."""
        image = QImage(self._size, QImage.Format.Format_RGB32)
        with self._laid_out(self._zoom), QPainter(image) as painter:
            self._paint(painter)
        return image

    def file(self, suffix: str) -> bytes:
        """The bytes of a ".png", ".svg" or ".pdf" file."""
        if suffix == ".png":
            return png(self.image())
        # What is a picture in there, as a relief, is as fine as it would be in print.
        with self._laid_out(max(2.0, self._zoom)):
            if suffix == ".pdf":
                return pdf(self._size, self._title, self._paint)
            return svg(self._size, self._title, lambda painter: self._paint(painter, clips=False))

    def _paint(self, painter: QPainter, *, clips: bool = True) -> None:
        whole = self._part is self._window.centralWidget()
        theme = self._window.theme
        painter.fillRect(QRect(QPoint(0, 0), self._size), QColor(theme.window if whole else theme.panel))
        painter.scale(self._zoom, self._zoom)
        messages = self._window.messages
        with messages.saying(self._title) if whole else nullcontext():
            self._part.render(painter, QPoint(), renderFlags=QWidget.RenderFlag.DrawChildren)
            if whole and not clips:
                paint_bars(self._window, painter, theme)

    @contextmanager
    def _laid_out(self, fineness: float) -> Iterator[None]:
        """Give the part its sides for as long as it is painted; nobody sees it, because no event is dealt with."""
        part, drawn = self._part, (self._window.surface, self._window.weights)
        before, timers = part.geometry(), waiting(part)
        try:
            part.resize(math.ceil(self._size.width() / self._zoom), math.ceil(self._size.height() / self._zoom))
            for panel in drawn:
                panel.set_fineness(fineness)
            self._window.loss.set_pens(max(1.0, self._zoom))
            settle(timers)
            yield
        finally:
            for panel in drawn:
                panel.set_fineness(1.0)
            self._window.loss.set_pens(1.0)
            part.setGeometry(before)
            settle(timers)


def paint_bars(window: Window, painter: QPainter, theme: Theme) -> None:
    """Paint the foot of the window over what lists have below their lower ends, where that was not clipped."""
    bars = window.timeline_bar, window.messages
    top = bars[0].geometry().top() - GAP
    painter.fillRect(0, top, window.width(), window.height() - top, QColor(theme.window))
    for bar in bars:
        bar.render(painter, bar.pos())
