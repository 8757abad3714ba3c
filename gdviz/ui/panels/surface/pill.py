"""A word or a number on a small pill over the picture."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem, QGraphicsSimpleTextItem

from gdviz.ui.theme import Theme


class Pill:
    """A text centred at a point in pixels. Hidden until it is shown."""

    def __init__(self, parent: QGraphicsItem, z: float) -> None:
        self._pill = QGraphicsPathItem(parent)
        self._pill.setZValue(z)
        self._pill.hide()
        self._text = QGraphicsSimpleTextItem(self._pill)
        self.size = (0.0, 0.0)

    @property
    def text(self) -> str:
        """What it says; empty while it is hidden."""
        return self._text.text() if self._pill.isVisible() else ""

    @property
    def box(self) -> QRectF:
        """What it covers, in pixels."""
        return self._box(self._pill.x(), self._pill.y())

    def write(self, text: str, theme: Theme, font: QFont, edge: QColor | None = None) -> None:
        """Take a text, and an edge in the colour of what it names."""
        background = QColor(theme.panel)
        background.setAlpha(215)
        self._pill.setBrush(background)
        self._pill.setPen(QPen(Qt.PenStyle.NoPen) if edge is None else QPen(edge, 1.5))
        self._text.setFont(font)
        self._text.setBrush(QColor(theme.text))
        self._text.setText(text)
        bounds = self._text.boundingRect()
        self.size = (bounds.width() + 8, bounds.height())
        self._text.setPos(-bounds.width() / 2, -bounds.height() / 2)
        path = QPainterPath()
        path.addRoundedRect(self._box(0, 0), bounds.height() / 3, bounds.height() / 3)
        self._pill.setPath(path)

    def show_at(self, x: float, y: float) -> None:
        """Show it centred at a place in pixels."""
        self._pill.setPos(x, y)
        self._pill.show()

    def show_beside(self, places: list[tuple[float, float]], taken: list[QRectF], within: QRectF) -> None:
        """Show it at the first of ``places`` where it covers nothing ``taken`` and is whole; else at the first whole.

        What it covers is taken from then on.
        """
        width, height = self.size
        whole = within.adjusted(width / 2 + 2, height / 2 + 2, -width / 2 - 2, -height / 2 - 2)
        held = [
            (min(max(x, whole.left()), max(whole.left(), whole.right())), min(max(y, whole.top()), whole.bottom()))
            for x, y in places
        ]
        free = (at for at in held if not any(self._box(*at).intersects(box) for box in taken))
        self.show_at(*next(free, held[0]))
        taken.append(self.box)

    def hide(self) -> None:
        """Take it away."""
        self._pill.hide()

    def _box(self, x: float, y: float) -> QRectF:
        width, height = self.size
        return QRectF(x - width / 2, y - height / 2, width, height)
