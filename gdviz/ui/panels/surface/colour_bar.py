"""The legend of the map: its bands, and the costs between them."""

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gdviz.core.frame import Floats
from gdviz.ui.panels.surface.contour import band_colours
from gdviz.ui.panels.surface.levels import level_text
from gdviz.ui.theme import Theme


class ColourBar(QWidget):
    """The bands from low (bottom) to high, all of one height, with as many of the levels as have room."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._levels: Floats = np.empty(0)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Colours of the cost")
        self.setToolTip("Cost by colour: dark is low, light is high; each border is a line on the map")

    def show_levels(self, levels: Floats) -> None:
        self._levels = levels
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        widest = max((metrics.horizontalAdvance(level_text(level)) for level in self._levels), default=0)
        return QSize(metrics.height() + 6 + widest, 0)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        metrics = self.fontMetrics()
        line, strip = metrics.height(), metrics.height() * 0.7
        area = self.contentsRect()
        top, bottom = area.top(), area.bottom()
        band = (bottom - top) / (self._levels.size + 1)
        for i, colour in enumerate(band_colours(self._levels.size).tolist()):
            # One pixel more, because rounding must leave no gap.
            painter.fillRect(QRectF(0, bottom - (i + 1) * band, strip, band + (i > 0)), QColor(*colour))
        painter.setPen(QColor(self.theme.border))
        painter.drawRect(QRectF(0, top, strip, bottom - top))
        painter.setPen(QColor(self.theme.muted))
        every = max(1, int(np.ceil(line * 1.1 / band)))
        for i in range(0, self._levels.size, every):
            y = bottom - (i + 1) * band
            painter.drawText(
                QRectF(strip + 5, y - line / 2, self.width(), line),
                Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
                level_text(self._levels[i]),
            )
