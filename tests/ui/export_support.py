"""What the tests of exports share: pictures as arrays, and the menu and its dialogs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

if TYPE_CHECKING:
    from gdviz.export.films import Picture
    from gdviz.ui.dialogs import FilmDialog, PictureDialog
    from gdviz.ui.window import Window

LONG = 60_000
SVG = "{http://www.w3.org/2000/svg}"


def pixels(image: QImage) -> Picture:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def seen(window: Window, part: QWidget) -> Picture:
    """A part of the window as it is on screen."""
    place = QRect(part.mapTo(window, QPoint()), part.size())
    return pixels(window.grab(place).toImage())


def apart(one: Picture, other: Picture) -> float:
    """The mean difference of two pictures, of 255."""
    return float(np.abs(one.astype(int) - other).mean())


def chosen(window: Window, text: str) -> None:
    """Choose an entry of the Export menu, with the mouse."""
    window.transport.export.click()
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    entry = next(action for action in menu.actions() if action.text().partition("\t")[0] == text)
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(entry).center())


def open_dialog(kind: type[PictureDialog] | type[FilmDialog]) -> QWidget:
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, kind)
    return dialog
