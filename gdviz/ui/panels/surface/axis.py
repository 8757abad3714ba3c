"""An axis whose numbers are written as everywhere else, and have room at both ends."""

import pyqtgraph as pg
from PySide6.QtCore import QRectF


class Axis(pg.AxisItem):
    """An axis of the surface, `room` pixels longer at either end than what it measures, for its last numbers."""

    room = 0

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [text.replace("-", "−") for text in super().tickStrings(values, scale, spacing)]

    def boundingRect(self) -> QRectF:
        bounds: QRectF = super().boundingRect()
        along = self.room if self.orientation == "bottom" else 0
        across = self.room if self.orientation == "left" else 0
        return bounds.adjusted(-along, -across, along, across)
