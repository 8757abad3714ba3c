"""The step in numbers: 5 − 0.1 × 10 = 4, each number above its name."""

import math
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gdviz.core.frame import Frame
from gdviz.ui.theme import Theme

_PAUSE = 125
"""ms between two texts while the run goes on: faster, they could not be read"""
_STEP_LENGTH = "step length |Δθ|"


def number(value: float) -> str:
    """Four significant digits and a true minus sign: "5", "0.4096", "12,350", "1.2e−7", "∞"."""
    if not math.isfinite(value):
        text = "nan" if math.isnan(value) else "∞" if value > 0 else "-∞"
    elif value == 0 or 1e-4 <= abs(value) < 1e6:
        decimals = 3 - math.floor(math.log10(abs(value))) if value else 0
        text = f"{round(value, decimals):,.{max(decimals, 0)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        mantissa, exponent = f"{value:.3e}".split("e")
        text = f"{float(mantissa):g}e{int(exponent)}"
    return text.replace("-", "−")


@dataclass(frozen=True, slots=True)
class Reading:
    """Rows of texts in columns. Columns with a caption hold numbers, the others signs or names."""

    captions: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    step_length: str = ""
    """at the right end where there is room"""

    @property
    def text(self) -> str:
        """All of it in words."""
        lines = [" ".join(row) for row in (*self.rows, filter(None, self.captions))]
        return "\n".join([*lines, f"{_STEP_LENGTH} = {self.step_length}"] if self.step_length else lines)


def read(frame: Frame) -> Reading:
    """The arithmetic of the step that follows, knob by knob; for many knobs, the cost and the distance to the plane."""
    if not frame.terms or frame.theta.size > 2:
        captions, row = ("cost at the ball",), (number(frame.run.cost),)
        if frame.run.off_plane:
            captions, row = (*captions, "", "off the plane"), (*row, "|", number(frame.run.off_plane))
        return Reading(captions, (row,))
    step = frame.terms[-1].value
    plain = len(frame.terms) == 2
    names = frame.landscape.labels if frame.landscape is not None else ("x", "y")
    rows = []
    for i, knob in enumerate(frame.theta):
        rate_times_slope = (number(frame.run.learning_rate), "×", _operand(frame.terms[0].value[i]))
        subtracted = rate_times_slope if plain else (_operand(step[i]),)
        rows.append((number(knob), "−", *subtracted, "=", number(knob - step[i])))
    middle = ("learning rate", "", "slope") if plain else ("step",)
    length = number(float(np.linalg.norm(step)))
    if len(rows) == 1:
        name = names[0] if frame.landscape is not None else "w"
        return Reading((name, "", *middle, "", f"new {name}"), tuple(rows), length)
    named = tuple((name, *row) for name, row in zip(names, rows, strict=True))
    return Reading(("", "now", "", *middle, "", "next"), named, length)


def _operand(value: float) -> str:
    """A number after a sign."""
    return f"({number(value)})" if value < 0 else number(value)


class Readout(QWidget):
    """The step in numbers. Columns grow and never shrink while the names stay, so that numbers stand still."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.reading = Reading((), ())
        self._waiting: Frame | None = None
        self._widths: list[float] = []
        self._timer = QTimer(self, interval=_PAUSE, singleShot=True)
        self._timer.timeout.connect(self._show_waiting)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("The step in numbers")

    def show_frame(self, frame: Frame) -> None:
        """Read the frame: at once, or, soon after another one of a run that goes on, when that could be read."""
        self._waiting = frame
        if not frame.live or not self._timer.isActive():
            self._show_waiting()

    def _show_waiting(self) -> None:
        frame, self._waiting = self._waiting, None
        if frame is None:
            return
        self._timer.start()
        reading = read(frame)
        if reading == self.reading:
            return
        if (reading.captions, len(reading.rows)) != (self.reading.captions, len(self.reading.rows)):
            self._widths = [0.0] * len(reading.captions)
            self.updateGeometry()
        self.reading = reading
        self.setAccessibleDescription(reading.text)
        self.update()

    def _number_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setWeight(QFont.Weight.DemiBold)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def sizeHint(self) -> QSize:
        numbers = QFontMetricsF(self._number_font()).height()
        return QSize(240, math.ceil(numbers * len(self.reading.rows) + self.fontMetrics().height() + 4))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = self._number_font()
        numbers, words = QFontMetricsF(font), QFontMetricsF(self.font())
        self._grow(numbers, words)
        x, gap = 0.0, words.horizontalAdvance("n")
        for column, (caption, width) in enumerate(zip(self.reading.captions, self._widths, strict=True)):
            self._paint_column(painter, font, x, width, caption, [row[column] for row in self.reading.rows])
            x += width + gap
        for caption in (_STEP_LENGTH, "|Δθ|") if self.reading.step_length else ():
            width = max(numbers.horizontalAdvance(self.reading.step_length), words.horizontalAdvance(caption))
            if x + gap + width <= self.width():
                self._paint_column(painter, font, self.width() - width, width, caption, [self.reading.step_length])
                break

    def _grow(self, numbers: QFontMetricsF, words: QFontMetricsF) -> None:
        least = numbers.horizontalAdvance("8.888")
        for column, caption in enumerate(self.reading.captions):
            texts = [numbers.horizontalAdvance(row[column]) for row in self.reading.rows]
            needed = max([*texts, words.horizontalAdvance(caption), least if caption else 0])
            self._widths[column] = max(self._widths[column], needed)

    def _paint_column(
        self, painter: QPainter, font: QFont, x: float, width: float, caption: str, texts: list[str]
    ) -> None:
        line = QFontMetricsF(font).height()
        painter.setFont(font)
        painter.setPen(QColor(self.theme.text if caption else self.theme.muted))
        for row, text in enumerate(texts):
            painter.drawText(QRectF(x, row * line, width, line), Qt.AlignmentFlag.AlignCenter, text)
        painter.setFont(self.font())
        painter.setPen(QColor(self.theme.muted))
        below = QRectF(x, len(self.reading.rows) * line, width, self.height())
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, caption)
