"""One line of text that never moves what stands around it."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class Line(QWidget):
    """A line of text, cut off with "..." where it does not fit.

    A `QLabel` would ask for more width with every longer text, and so widen the panel or move its neighbours.
    """

    def __init__(self, align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft) -> None:
        super().__init__()
        self._texts: tuple[str, ...] = ("",)
        self._colour = ""
        self._align = align
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """The whole text."""
        return self._texts[0]

    @property
    def least(self) -> int:
        """Pixels that the shortest of the texts takes."""
        return min(map(self.fontMetrics().horizontalAdvance, self._texts)) + 2

    def set_text(self, *texts: str) -> None:
        """Show the first of ``texts``, or the first of the shorter ones after it that fits."""
        if texts != self._texts:
            longer = len(texts[0]) != len(self.text)
            self._texts = texts
            self.setAccessibleName(texts[0])
            if longer and self.sizePolicy().horizontalPolicy() != QSizePolicy.Policy.Ignored:
                self.updateGeometry()
            self.update()

    def set_colour(self, colour: str) -> None:
        """Write in ``colour``, "#rrggbb"."""
        if colour != self._colour:
            self._colour = colour
            self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text) + 2, metrics.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        metrics, width = self.fontMetrics(), self.width()
        text = next((text for text in self._texts if metrics.horizontalAdvance(text) <= width), self._texts[-1])
        painter = QPainter(self)
        painter.setPen(QColor(self._colour))
        painter.drawText(
            self.rect(),
            self._align | Qt.AlignmentFlag.AlignVCenter,
            metrics.elidedText(text, Qt.TextElideMode.ElideRight, width),
        )
        painter.end()
