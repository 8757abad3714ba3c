"""The mosaic: one picture a neuron, all of them in a single image that is rewritten in place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from gdviz.ui.theme import Theme

Values = NDArray[np.floating[Any]]

_GAP = 1
"""pixels of the mosaic between two tiles"""
_ZERO = 128
"""entry of the colour table for zero, the panel's colour"""
_WHOLE = 4
"""from this magnification on, pixels are drawn equally large; below, a fraction more is worth more than evenness"""


def grid(n: int, side: int, width: float, height: float) -> tuple[int, int]:
    """Rows and columns in which ``n`` square tiles come out largest in ``width`` by ``height``.

    A grid without holes is preferred where its tiles are nearly as large.
    """
    pitch = side + _GAP

    def magnification(columns: int) -> float:
        return min(height / (math.ceil(n / columns) * pitch - _GAP), width / (columns * pitch - _GAP))

    enough = 0.96 * max(map(magnification, range(1, n + 1)))
    columns = min((c for c in range(1, n + 1) if magnification(c) >= enough), key=lambda c: (-n % c, -magnification(c)))
    return math.ceil(n / columns), columns


class Mosaic(QWidget):
    """Signed pictures in a grid; one can be enlarged.

    Orange is negative, the panel's colour is zero, blue is positive. Training shares Python's lock with the window, so
    a new set of values costs a few whole-array calls into buffers that are allocated once.
    """

    pointed = Signal()
    """another tile or pixel is pointed at: `tile` and `pixel`"""
    enlarged_changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.tile: int | None = None
        """the neuron pointed at, from 0"""
        self.pixel: tuple[int, int] | None = None
        """(x, y) in the tile under the mouse, from its top left"""
        self.enlarged: int | None = None
        """the neuron that fills the panel, from 0"""
        self._values: Values = np.zeros((0, 0), np.float32)
        self._level = 1.0
        self.side = 0
        """pixels along a tile's edge"""
        self._layout = (0, 0, 0, 0)
        self._picture = QImage()
        self._target, self._source, self._magnification = QRectF(), QRectF(), 1.0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("First-layer weights")
        self.setAccessibleDescription("Up and Down choose a neuron, Enter enlarges it, Escape goes back")
        self.set_theme(theme)

    def sizeHint(self) -> QSize:
        return QSize(320, 240)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        # Entry 0 is the gap, and what is no number; 1 to 255 are the levels.
        self._colours = [QColor(theme.border).rgb(), *(QColor(*rgb).rgb() for rgb in theme.signed_table()[1:].tolist())]
        self._layout = (0, 0, 0, 0)
        self._arrange()

    def show_values(self, values: Values, level: float) -> None:
        """Draw ``values`` (n_in, n), a column a neuron, with full colour at ±``level``; kept for a resize."""
        resized = values.shape != self._values.shape
        self._values, self._level = values, level
        if not resized:
            self._fill()
            return
        if self.enlarged is not None and self.enlarged >= values.shape[1]:
            self.enlarge(None)
        self._point(None, None)
        self._arrange()

    def enlarge(self, tile: int | None) -> None:
        """Fill the panel with one neuron, or go back to all (None)."""
        if tile != self.enlarged:
            self.enlarged = tile
            self._point(tile, None)
            self._place()
            self.enlarged_changed.emit()

    def _arrange(self) -> None:
        """Choose the grid for the size at hand, and allocate what belongs to it."""
        n_in, n = self._values.shape
        if not n:
            return
        self.side = side = math.isqrt(n_in - 1) + 1
        rows, columns = grid(n, side, max(self.width(), 1), max(self.height(), 1))
        if self._layout != (n_in, n, rows, columns):
            self._layout = (n_in, n, rows, columns)
            pitch = side + _GAP
            self._levels = np.zeros((side * side, rows * columns), np.float32)
            self._bytes = np.zeros(self._levels.shape, np.uint8)
            self._canvas = np.zeros((rows * pitch, columns * pitch), np.uint8)
            self._levels[:, n:] = _ZERO
            self._canvas[(rows - 1) * pitch :, (n - (rows - 1) * columns) * pitch :] = _ZERO
            # One axis for each of: row of tiles, pixel's row, column of tiles, pixel's column.
            self._tiles = self._canvas.reshape(rows, pitch, columns, pitch)[:, :side, :, :side]
            self._sources = self._bytes.reshape(side, side, rows, columns).transpose(2, 0, 3, 1)
            width, height = columns * pitch - _GAP, rows * pitch - _GAP
            self._indexed = QImage(self._canvas.data, width, height, columns * pitch, QImage.Format.Format_Indexed8)
            self._indexed.setColorTable(self._colours)
            self._fill()
        self._place()

    def _fill(self) -> None:
        """Write the values into the image: 1 is -level, `_ZERO` is zero, 255 is +level."""
        n_in, n = self._values.shape
        levels = self._levels[:n_in, :n]
        with np.errstate(all="ignore"):  # a run that blew up: what is no number becomes 0, the gap's colour
            np.multiply(self._values, 127 / self._level, out=levels, casting="same_kind")
            np.add(levels, _ZERO + 0.5, out=levels)  # the cast cuts off
            np.maximum(levels, 1, out=levels)
            np.minimum(levels, 255, out=levels)
            np.copyto(self._bytes, self._levels, casting="unsafe")
        np.copyto(self._tiles, self._sources)
        # Seven times cheaper to paint than the indexed image.
        self._picture = self._indexed.convertToFormat(QImage.Format.Format_RGB32)
        self.update()

    def _place(self) -> None:
        """Where the picture, or the enlarged tile of it, is drawn: as large as fits, centred on whole pixels."""
        self._source = QRectF(self._picture.rect())
        if self.enlarged is not None:
            self._source = self._tile_rect(self.enlarged)
        ratio = self.devicePixelRatioF()
        width, height = self.width() * ratio, self.height() * ratio
        scale = min(width / max(self._source.width(), 1), height / max(self._source.height(), 1))
        if scale >= _WHOLE:
            scale = math.floor(scale)
        drawn = self._source.width() * scale, self._source.height() * scale
        corner = QPointF((width - drawn[0]) // 2, (height - drawn[1]) // 2)
        self._magnification = scale / ratio
        self._target = QRectF(corner / ratio, self._source.size() * self._magnification)
        self.update()

    def _tile_rect(self, tile: int) -> QRectF:
        """Where a tile lies in the picture."""
        row, column = divmod(tile, self._layout[3])
        pitch = self.side + _GAP
        return QRectF(column * pitch, row * pitch, self.side, self.side)

    def place(self, tile: int, pixel: tuple[int, int] | None = None) -> QRectF:
        """Where a tile, or a pixel of it, is drawn in the widget."""
        rect = self._tile_rect(tile)
        if pixel is not None:
            rect = QRectF(rect.topLeft() + QPointF(*pixel), QSizeF(1, 1))
        corner = self._target.topLeft() + (rect.topLeft() - self._source.topLeft()) * self._magnification
        return QRectF(corner, rect.size() * self._magnification)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(self._theme.panel))
        if not self._picture.isNull():
            # Crisp pixels; but a picture that must shrink would lose some of them.
            shrunk = self._magnification * self.devicePixelRatioF() < 1
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrunk)
            painter.drawImage(self._target, self._picture, self._source)
            self._paint_outline(painter)
        painter.end()

    def _paint_outline(self, painter: QPainter) -> None:
        if self.tile is None:
            return
        # The accent is near to blue, so on the picture itself a pixel is framed in the text's colour.
        pixel = self.pixel if self.enlarged is not None else None
        pen = QPen(QColor(self._theme.accent if pixel is None else self._theme.text), 2)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawRect(self.place(self.tile, pixel).intersected(QRectF(self.rect()).adjusted(1, 1, -1, -1)))

    def _point(self, tile: int | None, pixel: tuple[int, int] | None) -> None:
        if (tile, pixel) != (self.tile, self.pixel):
            self.tile, self.pixel = tile, pixel
            self.update()
            self.pointed.emit()

    def _point_at(self, position: QPointF) -> None:
        """Point at what lies under the mouse; nothing between the tiles and beside the picture."""
        tile, pixel = None, None
        if self._target.contains(position):
            at = self._source.topLeft() + (position - self._target.topLeft()) / self._magnification
            pitch = self.side + _GAP
            (column, x), (row, y) = divmod(int(at.x()), pitch), divmod(int(at.y()), pitch)
            under = row * self._layout[3] + column
            if x < self.side and y < self.side and under < self._layout[1]:
                tile, pixel = under, (x, y)
        self._point(tile, pixel)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._point_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton:
            self.enlarge(self.tile if self.enlarged is None else None)
            self._point_at(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        self._point(None, None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(key))
        if steps and self._layout[1]:
            tile = ((-1 if self.tile is None and steps > 0 else self.tile or 0) + steps) % self._layout[1]
            if self.enlarged is not None:
                self.enlarge(tile)
            self._point(tile, None)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enlarge(self.tile if self.enlarged is None else None)
        elif key == Qt.Key.Key_Escape and self.enlarged is not None:
            self.enlarge(None)
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        if self.tile is None and event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self._point(self.enlarged or 0, None)  # so that the focus is seen

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self.pixel is None:
            self._point(None, None)
