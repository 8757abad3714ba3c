"""Transport keys: they win wherever the focus is in a window, except where text is typed or a list is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPlainTextEdit, QWidget

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

_REPEATED = (Qt.Key.Key_Left, Qt.Key.Key_Right)
"""keys that act again and again while they are held"""


def transport_key(window: QWidget, watched: QObject, event: QEvent) -> tuple[int, bool] | None:
    """The key that was pressed in ``window`` and whether Shift was held; None where it is meant for something else."""
    if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent) or not window.isActiveWindow():
        return None
    if not (isinstance(watched, QWidget) and watched.window() is window) or QApplication.activePopupWidget():
        return None
    focus = QApplication.focusWidget()
    if isinstance(focus, QLineEdit | QPlainTextEdit) or (isinstance(focus, QComboBox) and focus.isEditable()):
        return None
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if modifiers & ~Qt.KeyboardModifier.ShiftModifier:
        return None
    return event.key(), bool(modifiers & Qt.KeyboardModifier.ShiftModifier)


def repeats(event: QEvent, key: int) -> bool:
    """The key is only held down, and holding it means nothing."""
    return isinstance(event, QKeyEvent) and event.isAutoRepeat() and key not in _REPEATED
