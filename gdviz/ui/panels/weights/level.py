"""Signed scales: levels that hold still, numbers with their sign, and the legend that explains the colours."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from gdviz.ui.theme import Theme

    Clock: TypeAlias = Callable[[], float]

_FLASH = 2.0
"""seconds for which a change of level is said"""
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Level:
    """The end of a symmetric scale: a power of two that holds still, so that a colour keeps its meaning.

    It grows at once when something is larger, and shrinks only when everything is smaller than ``keep`` of it.
    ``clock`` gives the seconds that pass for who looks: in a film, the film's.
    """

    def __init__(self, keep: float, clock: Clock = time.monotonic) -> None:
        self._keep, self._clock = keep, clock
        self._changed = -math.inf
        self.value = 0.0
        """0 until something had a size"""

    def fit(self, size: float) -> bool:
        """Follow the ``size`` of what is to be shown; 0, inf and nan say nothing. True where the level changed."""
        if not 0 < size < math.inf or self._keep * self.value <= size <= self.value:
            return False
        if self.value:
            self._changed = self._clock()
        mantissa, exponent = math.frexp(size)  # size = mantissa * 2^exponent with 1/2 <= mantissa < 1
        self.value = math.ldexp(1.0, min(exponent - (mantissa == 0.5), 1023))  # 2^1024 is beyond a float
        return True

    @property
    def fresh(self) -> bool:
        """Whether the level changed a moment ago, which must be said."""
        return self._clock() < self._changed + _FLASH

    def __str__(self) -> str:
        """1/4, 2, or 2⁻¹² where a fraction would be hard to read; 0 where there is none yet."""
        if not self.value:
            return "0"
        if not 1e-3 < self.value < 1e4:
            return "2" + f"{math.log2(self.value):.0f}".translate(_RAISED)
        return f"{self.value:,.0f}" if self.value >= 1 else f"1/{1 / self.value:.0f}"


class Legend(QWidget):
    """What the colours mean: a bar from −level (orange) over 0 (the background) to +level (blue)."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._text, self._fresh = "0", False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Legend of the colours")
        self.setToolTip("Orange is negative, blue is positive. Up to 0.5 % of the values may lie beyond the ends.")
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        table = np.ascontiguousarray(theme.signed_table())
        self._ramp = QImage(table.data, len(table), 1, table.nbytes, QImage.Format.Format_RGB888).copy()
        self.update()

    def show_level(self, level: Level) -> None:
        """Draw another level; bright for the moment after a change."""
        if (str(level), level.fresh) != (self._text, self._fresh):
            self._text, self._fresh = str(level), level.fresh
            self.setAccessibleDescription(f"from minus {self._text} to plus {self._text}")
            self.update()

    def sizeHint(self) -> QSize:
        em = self.fontMetrics().height()
        return QSize(7 * em, round(1.2 * em))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        width, height, metrics = self.width(), self.height(), self.fontMetrics()
        # Where there is room for it, room for the widest usual text: another level should not move the bar.
        texts = [f"+{self._text}"] if width < 14 * metrics.height() else [f"+{self._text}", "+1/128"]
        end = max(map(metrics.horizontalAdvance, texts)) + 6
        thick = round(0.9 * metrics.height())
        bar = QRectF(end, (height - thick) // 2, width - 2 * end - 1, thick)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(bar, self._ramp, QRectF(0.5, 0, 255, 1))
        painter.setPen(QColor(self._theme.border))
        painter.drawRect(bar)
        painter.setPen(QColor(self._theme.text))
        painter.drawText(bar, Qt.AlignmentFlag.AlignCenter, "0")
        if self._text != "0":
            if self._fresh:
                painter.setPen(QColor(self._theme.accent))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, f"−{self._text}")
            right = self.rect().adjusted(width - end + 6, 0, 0, 0)
            painter.drawText(right, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, f"+{self._text}")
        painter.end()
