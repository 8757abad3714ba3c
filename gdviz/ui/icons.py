"""The window's pictures: small SVG files of our own, drawn in the theme's colour."""

from functools import cache

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from gdviz.core.resources import resource
from gdviz.ui.theme import Theme

# From a small button on a plain screen to a large one at twice the pixels; Qt takes the nearest larger and shrinks it.
_SIZES = (16, 20, 24, 32, 48, 64, 128)


@cache
def icon(name: str, theme: Theme, colour: str = "") -> QIcon:
    """The picture `resources/icons/NAME.svg`, with ``colour`` or the theme's text as its ``currentColor``."""
    svg = resource("icons", f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", colour or theme.text)
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    picture = QIcon()
    for size in _SIZES:
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter)
        painter.end()
        picture.addPixmap(pixmap)
    return picture
