"""The numbers around the block: two axes along its near edges, and the scale of costs at its left corner."""

import math

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from gdviz.core.frame import Floats
from gdviz.core.relief import BASE, TOP, View
from gdviz.ui.numbers import number
from gdviz.ui.panels.surface.levels import level_text
from gdviz.ui.theme import Table, Theme


class Axes:
    """Paints them; no number is clipped, and none covers another."""

    def __init__(self, painter: QPainter, view: View, theme: Theme, colours: Table) -> None:
        self._painter, self._view, self._theme, self._colours = painter, view, theme, colours
        self._metrics = QFontMetricsF(painter.font())
        self._em = self._metrics.height()
        self._room = QRectF(0, 0, view.width, view.height)
        self.taken: list[QRectF] = []
        """where there is a number or a name"""

    def paint(self) -> None:
        """Paint all of them."""
        landscape, camera = self._view.terrain.landscape, self._view.camera
        # The near corner; an edge that points straight at the camera belongs to the right side.
        near = [1.0 if self._is_near(axis, 1.0) else -1.0 for axis in (0, 1)]
        edges = []
        for axis, values in enumerate((landscape.x, landscape.y)):
            ends = np.array([[-1.0, -1.0, BASE], [1.0, 1.0, BASE]])
            ends[:, 1 - axis] = near[1 - axis]
            ends_on_screen = self._view.pixels(ends)
            outward = np.zeros(2)
            outward[1 - axis] = near[1 - axis]
            out = np.array(
                [outward @ camera.right, -(outward @ camera.away) * math.sin(math.radians(camera.elevation))]
            )
            edges.append((ends_on_screen, out / np.hypot(*out), float(values[0]), float(values[-1])))
        for edge in edges:
            self._paint_ticks(*edge)
        for edge, label in zip(edges, landscape.labels, strict=True):
            # Where there is no room for the figure in brackets, the note has it.
            self._paint_name(edge[0], edge[1], label) or self._paint_name(edge[0], edge[1], label.partition(" (")[0])
        if self._view.terrain.levels.size:
            self._paint_scale()

    def _is_near(self, axis: int, side: float) -> bool:
        towards, right = -self._view.camera.away[axis] * side, self._view.camera.right[axis] * side
        return towards > 1e-9 or (abs(towards) <= 1e-9 and right > 0)

    def _paint_ticks(self, ends: Floats, out: Floats, low: float, high: float) -> None:
        along = ends[1] - ends[0]
        widest = max(self._metrics.horizontalAdvance(number(value)) for value in (low, high))
        # As many as have room, side by side or one above the other.
        most = max(abs(along[0]) / (widest + 1.2 * self._em), abs(along[1]) / (1.5 * self._em), 1)
        self._painter.setPen(QPen(QColor(self._theme.muted), 1))
        for value in _ticks(low, high, min(most, 8)):
            at = ends[0] + along * (value - low) / (high - low)
            tip = at + out * 0.35 * self._em
            if self._write(number(value), tip, out):
                self._painter.drawLine(QLineF(QPointF(*at), QPointF(*tip)))

    def _paint_name(self, ends: Floats, out: Floats, name: str) -> bool:
        """The name of an axis beyond its numbers, along its edge where it is long; False where there is no room."""
        self._painter.setPen(QColor(self._theme.text))
        along = ends[1] - ends[0]
        places = [(distance, part) for distance in (2.2, 2.6, 3.0, 3.4) for part in (0.5, 0.42, 0.58, 0.34, 0.66)]
        is_short = self._metrics.horizontalAdvance(name) < 4 * self._em
        for distance, part in places:
            at = ends[0] + part * along
            if is_short:
                if self._write(name, at + out * 0.75 * distance * self._em, out):
                    return True
            elif self._write_along(name, at, along, out, distance * self._em):
                return True
        return False

    def _write_along(self, name: str, at: Floats, along: Floats, out: Floats, distance: float) -> bool:
        """Write in the direction of an edge, so far from it, unless that would be cut off or cover something."""
        towards = along / np.hypot(*along) * (1 if along[0] >= 0 else -1)
        across = np.array([-towards[1], towards[0]])
        width, half = self._metrics.horizontalAdvance(name), self._em / 2
        middle = at + across * math.copysign(distance, across @ out)
        spots = middle + towards * np.linspace(-width / 2, width / 2, math.ceil(width / half) + 1)[:, None]
        boxes = [QRectF(x - half, y - half, 2 * half, 2 * half) for x, y in spots.tolist()]
        if width > np.hypot(*along) or any(
            not self._room.contains(box) or any(box.intersects(other) for other in self.taken) for box in boxes
        ):
            return False
        self._painter.save()
        self._painter.translate(*middle)
        self._painter.rotate(math.degrees(math.atan2(towards[1], towards[0])))
        self._painter.drawText(QRectF(-width, -2 * half, 2 * width, 4 * half), Qt.AlignmentFlag.AlignCenter, name)
        self._painter.restore()
        return True

    def _paint_scale(self) -> None:
        """The bands as they lie one above the other at the block's left corner, with the costs between them."""
        view, em, painter = self._view, self._em, self._painter
        corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (0, TOP)], float)
        at = view.pixels(corners)
        left = int(np.argmin(at[::2, 0])) * 2
        x, bottom = at[left]
        # Seen nearer, it keeps its size and stays in view.
        height = (bottom - at[left + 1, 1]) / max(view.camera.zoom, 1)
        strip, gap = 0.45 * em, 0.5 * em
        texts = [level_text(level) for level in view.terrain.levels]
        widest = max(self._metrics.horizontalAdvance(text) for text in texts)
        x = min(max(x - gap - strip, widest + gap), view.width - strip - gap)
        bottom = min(max(bottom, height + 1.5 * em), view.height - 0.5 * em)
        marks = bottom - height * np.concatenate([[0.0], view.terrain.strata / TOP, [1.0]])
        if view.camera.zoom > 1:
            ground = QColor(self._theme.panel)
            ground.setAlpha(215)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            pill = QRectF(x - widest - gap, bottom - height - 1.4 * em, widest + 2 * gap + strip, height + 1.9 * em)
            painter.drawRoundedRect(pill, em / 3, em / 3)
        for colour, lower, upper in zip(self._colours.tolist(), marks[:-1], marks[1:], strict=True):
            painter.fillRect(QRectF(x, upper, strip, lower - upper), QColor(*colour))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self._theme.border), 1))
        painter.drawRect(QRectF(x, marks[-1], strip, marks[0] - marks[-1]))
        painter.setPen(QPen(QColor(self._theme.muted), 1))
        last = math.inf
        for text, y in zip(texts, marks[1:-1].tolist(), strict=True):
            if last - y >= 1.15 * em and self._write(text, np.array([x - 0.35 * em, y]), np.array([-1.0, 0.0])):
                painter.drawLine(QLineF(x - 0.3 * em, y, x, y))
                last = y
        painter.setPen(QColor(self._theme.text))
        self._write("cost", np.array([x + strip / 2, marks[-1] - 0.15 * em]), np.array([0.0, -1.0]))

    def _write(self, text: str, tip: Floats, out: Floats) -> bool:
        """Write beyond a tip in the direction `out`, unless that would be cut off or cover something."""
        width, height = self._metrics.horizontalAdvance(text), 0.8 * self._em
        middle = tip + out * (abs(out[0]) * width / 2 + abs(out[1]) * height / 2 + 0.15 * self._em)
        box = QRectF(middle[0] - width / 2, middle[1] - height / 2, width, height)
        spaced = box.adjusted(-0.3 * self._em, 0, 0.3 * self._em, 0)
        if not self._room.contains(box) or any(spaced.intersects(other) for other in self.taken):
            return False
        self.taken.append(box)
        tall = box.adjusted(-2, -0.2 * self._em, 2, 0.2 * self._em)
        self._painter.drawText(tall, Qt.AlignmentFlag.AlignCenter, text)
        return True


def _ticks(low: float, high: float, most: float) -> list[float]:
    """Round values between two, at least two where there are such, at most ``most`` + 1."""
    raw = (high - low) / most
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(m for m in (1, 2, 2.5, 5, 10) if m * unit >= raw * 0.999) * unit
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12 - math.floor(math.log10(step))) + 0.0 for i in range(first, last + 1)]
