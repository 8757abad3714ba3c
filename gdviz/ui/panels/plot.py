"""What plots of costs have in common: an axis whose numbers read as everywhere else, and native items."""

import math
from typing import TypeVar

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QGraphicsItem

from gdviz.ui.widgets import number

Item = TypeVar("Item", bound=QGraphicsItem)


class Axis(pg.AxisItem):
    """An axis whose numbers read as they do everywhere else in the window."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        if not self.logMode:
            ticks: list[tuple[float, list[float]]] = super().tickValues(minVal, maxVal, size)
            return ticks
        decades = range(math.floor(minVal), math.ceil(maxVal) + 1)
        closest = (maxVal - minVal) * 30 / max(size, 1.0)  # in decades: 30 pixels
        every = next((n for n in (1, 2, 5, 10, 20, 50) if n >= closest), 100)
        between = [] if maxVal - minVal > 2 else [2, 5] if maxVal - minVal > 0.8 else [1.5, 2, 3, 4, 5, 6, 7, 8, 9]
        major = [float(d) for d in decades if d % every == 0]
        levels = [(float(every), major), (1.0, [d + math.log10(factor) for d in decades for factor in between])]
        return [(space, [v for v in values if minVal <= v <= maxVal]) for space, values in levels]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self.logMode:
            return [number(10.0**v) if abs(v) < 300 else f"1e{v:.0f}" for v in values]
        return [number(v) if abs(v) < 1 or abs(v) >= 1e7 else f"{v:,.7g}" for v in values]


def placed(item: Item, z: float) -> Item:
    """An item at a height."""
    item.setZValue(z)
    return item


class Pens:
    """How wide the pens are that are as wide at every zoom: of a picture that is drawn larger, more than on screen."""

    scale = 1.0


def line_pen(colour: str | QColor, width: float) -> QPen:
    """A pen as wide at every zoom."""
    pen = QPen(QColor(colour), Pens.scale * width)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.BevelJoin)
    return pen
