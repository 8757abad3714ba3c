"""The slider of the learning rate, painted with what each rate would do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QHelpEvent, QPainter, QPainterPath
from PySide6.QtWidgets import QToolTip

from gdviz.ui.sliders import LogSlider, Track
from gdviz.ui.widgets import number, tip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QPaintEvent

    from gdviz.core.curvature import Zone
    from gdviz.ui.theme import Theme

WORDS = {
    "crawling": "crawl",
    "speeding up": "speed up",
    "converging": "converge",
    "bouncing": "bounce",
    "unstable": "unstable",
    "blew up": "blow up",
    "at rest": "at rest",
}
"""what stands at a zone, by its regime"""
_LEAST = 0.25
"""a zone narrower than this part of its word goes without"""


def side_by_side(places: Sequence[tuple[float, float]], room: float, gap: float) -> list[float]:
    """Left ends of labels on a line, each as near to where it wants to be as the others and the line's ends let it.

    Parameters
    ----------
    places : wanted centre and width of each, from left to right
    room : length of the line, from 0
    """
    lefts: list[float] = []
    free = 0.0
    for centre, width in places:
        lefts.append(max(centre - width / 2, free))
        free = lefts[-1] + width + gap
    end = room
    for i in reversed(range(len(places))):
        lefts[i] = min(lefts[i], end - places[i][1])
        end = lefts[i] - gap
    return lefts


def named(spans: Sequence[tuple[float, float, float]], room: float, gap: float) -> list[tuple[int, float]]:
    """Which zones have their word shown, and where each word begins: the widest ones, as many as fit.

    Parameters
    ----------
    spans : left and right end of each zone, and the width of its word
    """
    shown = [i for i, (left, right, width) in enumerate(spans) if right - left > _LEAST * width]
    while shown and sum(spans[i][2] + gap for i in shown) - gap > room:
        shown.remove(min(shown, key=lambda i: spans[i][1] - spans[i][0]))
    lefts = side_by_side([((spans[i][0] + spans[i][1]) / 2, spans[i][2]) for i in shown], room, gap)
    return list(zip(shown, lefts, strict=True))


class ZonedTrack(Track):
    """A slider whose groove shows zones, with a mark at a limit and, where there is `room_for_words`, their words."""

    room_for_words = False

    def __init__(self, steps: int) -> None:
        super().__init__(steps)
        self._theme: Theme | None = None
        self.zones: tuple[Zone, ...] = ()
        self.limit: float | None = None
        self._where = ""
        self._place: Callable[[float], float] = float

    def set_theme(self, theme: Theme) -> None:
        """Recolour the zones."""
        self._theme = theme
        self.update()

    def set_zones(
        self, zones: tuple[Zone, ...], limit: float | None, place: Callable[[float], float], where: str
    ) -> None:
        """Show zones and a limit; ``place`` says where on the track, 0 to 1, a value lies; ``where`` they hold."""
        self._place, self._where = place, where
        if (zones, limit) != (self.zones, self.limit):
            self.zones, self.limit = zones, limit
            self.update()

    def sizeHint(self) -> QSize:
        size = super().sizeHint()
        return size + QSize(0, math.ceil(self._letters().height())) if self.room_for_words else size

    def _middle(self) -> float:
        return super().sizeHint().height() / 2

    def _groove(self) -> QRectF:
        groove = super()._groove()
        more = 0.1 * self.fontMetrics().height() if self.zones else 0
        return groove.adjusted(0, -more, 0, more)

    def _word_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(0.85 * font.pointSizeF())
        return font

    def _letters(self) -> QFontMetricsF:
        return QFontMetricsF(self._word_font())

    def _ends(self, zone: Zone) -> tuple[float, float]:
        """Where a zone begins and ends, in pixels."""
        return self._at(self._place(zone.low)), self._at(self._place(zone.high))

    def _limit_at(self) -> float | None:
        """Where the mark stands, in pixels; None where the limit is off the track."""
        share = self._place(self.limit) if self.limit is not None else 0
        return self._at(share) if 0 < share < 1 else None

    def paint_groove(self, painter: QPainter, groove: QRectF) -> None:
        if not self.zones or self._theme is None:
            super().paint_groove(painter, groove)
            return
        painter.save()
        shape = QPainterPath()
        shape.addRoundedRect(groove, groove.height() / 2, groove.height() / 2)
        painter.setClipPath(shape)
        for zone in self.zones:
            left, right = self._ends(zone)
            if left == right:
                continue  # it lies beyond the track
            # Out to the ends of the groove, which reaches a little beyond what the handle does.
            left = groove.left() if left == self._at(0) else left + 0.75
            right = groove.right() if right == self._at(1) else right - 0.75
            colour = self._theme.regime(zone.regime)
            painter.fillRect(QRectF(left, groove.top(), max(right - left, 0), groove.height()), colour)
        painter.restore()
        if (x := self._limit_at()) is not None:
            half = 0.56 * self.fontMetrics().height()
            painter.fillRect(QRectF(round(x) - 1, self._middle() - half, 2, 2 * half), QColor(self._theme.text))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.zones or not self.room_for_words or self._theme is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._word_font())
        letters, top = self._letters(), super().sizeHint().height()
        dot = 0.45 * letters.height()
        words = [WORDS.get(zone.regime, "") for zone in self.zones]
        spans = [
            (*self._ends(zone), letters.horizontalAdvance(word) + 1.35 * dot)
            for zone, word in zip(self.zones, words, strict=True)
        ]
        here = self._handle()
        for i, left in named(spans, self.width(), 0.35 * letters.height()):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.regime(self.zones[i].regime))
            painter.drawEllipse(QPointF(left + dot / 2, top + 0.54 * letters.height()), dot / 2, dot / 2)
            is_here = spans[i][0] <= here < spans[i][1]
            painter.setPen(QColor(self._theme.text if is_here else self._theme.muted))
            painter.drawText(QPointF(left + 1.35 * dot, top + letters.ascent()), words[i])
        painter.end()

    def event(self, event: QEvent) -> bool:
        if self.zones and isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), tip(self.says_at(event.pos().x())), self)
            return True
        return super().event(event)

    def says_at(self, x: float) -> str:
        """What the place ``x`` pixels from the left means, in one sentence."""
        limit = self._limit_at()
        if limit is not None and self.limit is not None and abs(x - limit) < 0.4 * self.fontMetrics().height():
            return f"stability limit {number(self.limit)}: above it every step leads farther away"
        for zone in self.zones:
            left, right = self._ends(zone)
            if (left <= x or left == self._at(0)) and (x < right or right == self._at(1)):
                return f"{WORDS.get(zone.regime, '')}: what learning rates {_between(zone)} do {self._where}"
        return ""


def _between(zone: Zone) -> str:
    if zone.low <= 0 or zone.high == math.inf:
        return f"below {number(zone.high)}" if zone.low <= 0 else f"above {number(zone.low)}"
    return f"from {number(zone.low)} to {number(zone.high)}"


class RateSlider(LogSlider):
    """The learning rate, on a slider that shows what each rate would do."""

    _TRACK = ZonedTrack
    track: ZonedTrack

    def set_zones(self, zones: tuple[Zone, ...], limit: float | None, where: str = "here, at the ball") -> None:
        """Paint zones of learning rates, from 0 to inf, and a mark at the stability limit; no zones: a plain groove."""
        self.track.set_zones(zones, limit, lambda rate: self._share(rate) if rate > 0 else 0.0, where)
