"""The cost over two axes as a map: bands of colour, lines of equal cost, and their values."""

from typing import NamedTuple
from weakref import WeakKeyDictionary

import contourpy
import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainterPath, QPen, QPixmap, QTransform, qRgb
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem, QGraphicsPixmapItem

from gdviz.core.frame import Floats, Landscape
from gdviz.ui.panels.surface.levels import level_text, nice_levels
from gdviz.ui.panels.surface.pill import Pill
from gdviz.ui.panels.surface.pixels import DARK, Pixels
from gdviz.ui.theme import Table, Theme, cost_table

_SIDE = 640
"""pixels along each side of the map's image: Qt scales it to the screen, and the lines cover the bands' edges"""
_LABELS = 10
"""labels at most"""
_CANDIDATES = 40
"""places along a line that a label is tried at"""


class Drawing(NamedTuple):
    """What a map of a landscape consists of."""

    levels: Floats
    bands: QImage
    lines: QPainterPath
    isolines: list[Floats]
    """for each level the points (m, 2) of its longest line"""


_drawings: WeakKeyDictionary[Landscape, Drawing] = WeakKeyDictionary()


def drawn(landscape: Landscape) -> Drawing:
    """The drawing of a landscape of two axes, made once; by whoever computes the landscape, best in its own thread."""
    if landscape not in _drawings:
        levels = nice_levels(landscape.costs)
        generator = contourpy.contour_generator(landscape.x, landscape.y, np.ma.masked_invalid(landscape.costs))
        every = [[np.asarray(part) for part in generator.lines(level)] for level in levels]
        isolines = [max(parts, key=len) if parts else np.empty((0, 2)) for parts in every]
        lines = _path([part for parts in every for part in parts])
        _drawings[landscape] = Drawing(levels, _banded(landscape.costs, levels), lines, isolines)
    return _drawings[landscape]


def band_colours(n_levels: int) -> Table:
    """The colours (n_levels + 1, 3) of the bands below, between and above the levels."""
    colours: Table = cost_table()[np.linspace(0, 255, n_levels + 1).astype(int)]
    return colours


class ContourMap:
    """The map's items in a view box. All is made once for each landscape; only the labels move when the view does."""

    def __init__(self, view: pg.ViewBox) -> None:
        self._view = view
        self._image = QGraphicsPixmapItem()
        self._image.setTransformationMode(Qt.TransformationMode.SmoothTransformation)
        self._lines = QGraphicsPathItem()
        for item in (self._image, self._lines):
            # Painted again only when the view changes, and not when a ball has moved over it.
            item.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
            item.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
            view.addItem(item, ignoreBounds=True)
        self._image.setZValue(-20)
        self._lines.setZValue(-19)
        self._labels: list[Pill] = []
        self._theme: Theme | None = None
        self._font = QFont()
        self.levels: Floats = np.empty(0)
        self._isolines: list[Floats] = []
        """for each level the points (m, 2) of its longest line"""

    def set_theme(self, theme: Theme, font: QFont) -> None:
        self._theme, self._font = theme, font
        line = QColor(DARK)
        line.setAlpha(120)
        self._lines.setPen(QPen(line, 0))  # width 0: one pixel at any zoom, and cheap bounds

    def show_landscape(self, landscape: Landscape | None) -> None:
        """Draw a landscape of two axes; None takes the map away."""
        for item in (self._image, self._lines):
            item.setVisible(landscape is not None)
        self.levels, self._isolines = np.empty(0), []
        for label in self._labels:
            label.hide()
        if landscape is None:
            return
        drawing = drawn(landscape)
        self.levels, self._isolines = drawing.levels, drawing.isolines
        self._image.setPixmap(QPixmap.fromImage(drawing.bands))
        x, y = landscape.x, landscape.y
        self._image.setTransform(QTransform(np.ptp(x) / _SIDE, 0, 0, np.ptp(y) / _SIDE, x[0], y[0]))
        self._lines.setPath(drawing.lines)

    def place_labels(self, pixels: Pixels, avoid: Floats) -> None:
        """Label some of the lines, each where it is in view and farthest from the points `avoid` (m, 2) and others."""
        for label in self._labels:
            label.hide()
        in_view = [
            (level, at)
            for level, line in zip(self.levels, self._isolines, strict=True)
            if len(line) and len(at := _candidates(pixels(line), pixels))
        ]
        chosen = in_view[:: max(1, -(-len(in_view) // _LABELS))]
        taken = list(avoid)
        while len(self._labels) < len(chosen):
            self._labels.append(Pill(self._view, 5))
        for label, (level, candidates) in zip(self._labels, chosen, strict=False):
            assert self._theme is not None
            label.write(level_text(level), self._theme, self._font)
            width, height = label.size
            fits = (
                (candidates[:, 0] > width / 2 + 2)
                & (candidates[:, 0] < pixels.width - width / 2 - 2)
                & (candidates[:, 1] > height / 2 + 2)
                & (candidates[:, 1] < pixels.height - height / 2 - 2)
            )
            candidates = candidates[fits]
            if taken:
                # Measured in labels: below 1 in both directions, two of them would touch.
                apart = np.abs(candidates[:, None] - np.array(taken)) / (width + 8, height + 6)
                nearest = apart.max(axis=2).min(axis=1)
                candidates = candidates[nearest >= 1]
                nearest = np.hypot(*(candidates[:, None] - np.array(taken)).transpose(2, 0, 1)).min(axis=1)
            else:
                nearest = candidates[:, 0]
            if len(candidates):
                best = candidates[int(np.argmax(nearest))]
                taken.append(best)
                label.show_at(*best.tolist())


def _banded(costs: Floats, levels: Floats) -> QImage:
    """The map's image, (_SIDE, _SIDE) pixels, first row at the lowest y: each pixel in the colour of its band.

    Between the points of the grid costs are interpolated linearly along both axes, as the lines of equal cost are.
    What is not finite is as high as the highest.
    """
    finite = np.isfinite(costs)
    known = np.where(finite, costs, costs[finite].max(initial=0))
    wide = _stretch(_stretch(known).T).T
    bands = np.searchsorted(levels, wide.ravel(), side="right").astype(np.uint8)
    image = QImage(bands.tobytes(), _SIDE, _SIDE, _SIDE, QImage.Format.Format_Indexed8)
    image.setColorTable([qRgb(*colour) for colour in band_colours(levels.size).tolist()])
    return image.convertToFormat(QImage.Format.Format_RGB32)  # a copy, so the bytes may go


def _stretch(rows: Floats) -> Floats:
    """Rows (n, k), linearly interpolated at the centres of _SIDE pixels between the first and the last: (_SIDE, k)."""
    at = (np.arange(_SIDE) + 0.5) / _SIDE * (len(rows) - 1)
    before = np.minimum(at.astype(int), len(rows) - 2)
    part = (at - before)[:, None]
    stretched: Floats = rows[before] * (1 - part) + rows[before + 1] * part
    return stretched


def _path(parts: list[Floats]) -> QPainterPath:
    """All lines as one path."""
    if not parts:
        return QPainterPath()
    points = np.concatenate(parts)
    connected = np.ones(len(points), np.int32)
    connected[np.cumsum([len(part) for part in parts]) - 1] = 0
    path: QPainterPath = pg.arrayToQPath(points[:, 0], points[:, 1], connect=connected, finiteCheck=False)
    return path


def _candidates(at: Floats, pixels: Pixels) -> Floats:
    """Points (k, 2) of a line in pixels that are in view, thinned evenly to `_CANDIDATES`."""
    x, y = at.T
    at = at[(x >= 0) & (x <= pixels.width) & (y >= 0) & (y <= pixels.height)]
    return at[:: max(1, len(at) // _CANDIDATES)]
