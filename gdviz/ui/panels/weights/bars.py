"""The knobs of a surface as bars: where each is, its slope, and what becomes of it in the step that follows."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontInfo, QFontMetricsF, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gdviz.ui.numbers import signed
from gdviz.ui.panels.weights.level import Level

if TYPE_CHECKING:
    from gdviz.core.frame import Frame
    from gdviz.core.problem import Vector
    from gdviz.ui.panels.weights.level import Clock
    from gdviz.ui.theme import Theme

_READ_EVERY = 0.125
"""seconds between two changes of the numbers while live: faster, nobody can read them"""
_KEEP = 1 / 32
"""a bar may shrink to this share of its scale, so that it is seen to vanish, before the scale follows"""
_THIN = 0.75
"""height of what is neither value nor slope"""


class Bars(QWidget):
    """A row for the value, the slope and each further part of the step; a column a knob.

    The numbers, tracks and names are drawn into a picture of their own now and then; a frame paints that and the bars.
    """

    def __init__(self, theme: Theme, clock: Clock = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._rows: list[tuple[str, list[float]]] = []
        self._levels: dict[str, Level] = {}
        self._frame: Frame | None = None
        self._backdrop = QPixmap()
        self.tracks: list[list[QRectF]] = []
        """where the bars of each row and knob lie; as of the last painting"""
        self._read, self._stale = -math.inf, False
        self._fineness = 1.0
        """pixels drawn for one of the screen's, along each side"""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Knobs and slopes")
        self.setToolTip(
            "Where each knob is, its slope, and what the optimizer makes of it; the step is subtracted from the knob. "
            "Right and blue is positive, left and orange is negative; each row has its own scale, ±."
        )
        self.set_theme(theme)

    def sizeHint(self) -> QSize:
        return QSize(320, 240)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 80)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._redraw()

    def set_fineness(self, fineness: float) -> None:
        """Draw so many times as many pixels along each side as the screen has."""
        self._fineness = fineness
        self._redraw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._redraw()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self._redraw()

    @property
    def notice(self) -> str:
        """Which scale changed a moment ago."""
        changed = (f"{name} now ±{level}" for name, level in self._levels.items() if level.fresh)
        return next((f"scale of {text}" for text in changed), "")

    def show_frame(self, frame: Frame) -> None:
        before, self._frame = self._frame, frame
        at_once = not frame.live
        if before is None or frame.problem is not before.problem:
            self._levels, at_once = {}, True
        if before is None or frame.theta is not before.theta or frame.terms is not before.terms:
            at_once |= self._take(frame)
            self._stale = True
            self.update()
        if self._stale and (at_once or time.monotonic() >= self._read + _READ_EVERY):
            self._redraw()

    def _take(self, frame: Frame) -> bool:
        """Read the numbers; True where rows or scales are others than before."""
        parts: list[tuple[str, Vector]] = [(term.name, term.value) for term in frame.terms]
        if not parts and frame.slope is not None:
            parts = [("slope", frame.slope)]
        before = [name for name, _ in self._rows]
        self._rows = [(name, values.tolist()) for name, values in [("value", frame.theta), *parts]]
        changed = before != [name for name, _ in self._rows]
        for name, values in self._rows:
            level = self._levels.setdefault(name, Level(_KEEP, self._clock))
            changed |= level.fit(max((abs(value) for value in values if math.isfinite(value)), default=0.0))
        return changed

    def _redraw(self) -> None:
        """Draw the numbers anew with the next picture."""
        self._backdrop = QPixmap()
        self._read, self._stale = time.monotonic(), False
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._backdrop.isNull():
            self._paint_backdrop()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._backdrop)
        positive, negative = QColor(self._theme.positive), QColor(self._theme.negative)
        for (name, values), tracks in zip(self._rows, self.tracks, strict=True):
            level = self._levels[name].value or 1.0
            for value, track in zip(values, tracks, strict=True):
                if not math.isnan(value):
                    length = max(-1.0, min(value / level, 1.0)) * track.width() / 2
                    bar = QRectF(track.center().x(), track.top(), length, track.height()).normalized()
                    painter.fillRect(bar, positive if length > 0 else negative)
        painter.end()

    def _paint_backdrop(self) -> None:
        """Names, scales, tracks and numbers, as large as the panel lets them be; leaves the tracks' places behind."""
        ratio = self._fineness * self.devicePixelRatioF()
        self._backdrop = QPixmap(self.size() * ratio)
        self._backdrop.setDevicePixelRatio(ratio)
        self._backdrop.fill(QColor(self._theme.panel))
        self.tracks = []
        if not self._rows:
            return
        ink, muted = QColor(self._theme.text), QColor(self._theme.muted)
        knobs = "w" if len(self._rows[0][1]) == 1 else "xy"
        em = float(QFontInfo(self.font()).pixelSize())
        heights = [1.0 if name in ("value", "slope") else _THIN for name, _ in self._rows]
        unit = (self.height() - 1.5 * em) / sum(heights)
        if unit * _THIN < 2.5 * em:  # two lines of text are the least that a row can be
            heights = [1.0] * len(heights)

        caption = _font(self.font(), min(max(em, min(0.2 * unit, 0.045 * self.width())), 4 * em))
        metrics = QFontMetricsF(caption)
        gutter = max(metrics.horizontalAdvance(name) for name, _ in self._rows) + metrics.height()
        gap = metrics.height()
        column = (self.width() - gutter - (len(knobs) - 1) * gap) / len(knobs)
        size = min(max(em, min(0.34 * unit, column / 6.5)), 6 * em)
        header = QFontMetricsF(_font(self.font(), size)).height()
        unit = (self.height() - header) / sum(heights)

        painter = QPainter(self._backdrop)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        starts = [gutter + k * (column + gap) for k in range(len(knobs))]
        painter.setFont(_font(self.font(), size, QFont.Weight.DemiBold))
        painter.setPen(ink)
        for knob, x in zip(knobs, starts, strict=True):
            painter.drawText(QRectF(x, 0, column, header), Qt.AlignmentFlag.AlignCenter, knob)
        top = header
        for (name, values), share in zip(self._rows, heights, strict=True):
            number = _font(self.font(), max(em, size * share))
            advance, line = QFontMetricsF(number).horizontalAdvance, QFontMetricsF(number).height()
            thick = round(max(4.0, min(0.24 * unit * share, unit * share - line - 4)))
            y = round(top + (unit * share - line - thick) / 2)
            painter.setFont(caption)
            painter.setPen(ink)
            painter.drawText(QRectF(0, y, gutter, line), left, name)
            painter.setPen(muted)
            if self._levels[name].value:
                scale = QRectF(0, y + line + (thick - metrics.height()) / 2, gutter, metrics.height())
                painter.drawText(scale, left, f"±{self._levels[name]}")
            painter.setFont(number)
            tracks = []
            for value, x in zip(values, starts, strict=True):
                track = QRectF(round(x), y + line, round(column), thick)
                tracks.append(track)
                painter.fillRect(track, QColor(self._theme.raised))
                painter.fillRect(QRectF(track.center().x() - 1, track.top() - 3, 2, thick + 6), muted)
                painter.setPen(ink)
                written = [signed(value, digits) for digits in (4, 3, 2)]
                fitting = (text for text in written if advance(text) <= column)
                painter.drawText(QRectF(x, y, column, line), right, next(fitting, written[-1]))
            self.tracks.append(tracks)
            top += unit * share
        painter.end()


def _font(font: QFont, pixels: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The font in another size, its digits all equally wide."""
    made = QFont(font)
    made.setPixelSize(round(pixels))
    made.setWeight(weight)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made
