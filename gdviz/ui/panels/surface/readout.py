"""The step in numbers: 5 − 0.1 × 10 = 4, each number above its name."""

import math
from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gdviz.core.descent import norm
from gdviz.core.frame import Frame
from gdviz.ui.numbers import number, operand
from gdviz.ui.theme import Theme

_PAUSE = 125
"""ms between two texts while the run goes on: faster, they could not be read"""
_STEP_LENGTH = "step length |Δθ|"
_OFF = "off the plane"


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
        captions = (caption.replace(_OFF, f"{_OFF} (axis units)") for caption in self.captions if caption)
        lines = [" ".join(row) for row in (*self.rows, captions)]
        return "\n".join([*lines, f"{_STEP_LENGTH} = {self.step_length}"] if self.step_length else lines)

    @property
    def versions(self) -> tuple["Reading", ...]:
        """The reading, then with less and less in it, for less and less room."""
        if not self.step_length:
            return self, replace(self, captions=self.captions[:1], rows=tuple(row[:1] for row in self.rows))
        brief = replace(self, captions=tuple("rate" if c == "learning rate" else c for c in self.captions))
        minus = self.rows[0].index("−")
        ends = replace(
            self,
            captions=(*self.captions[:minus], "", self.captions[-1]),
            rows=tuple((*row[:minus], "→", row[-1]) for row in self.rows),
        )
        return self, brief, ends


def read(frame: Frame) -> Reading:
    """The arithmetic of the step that follows, knob by knob; for many knobs, the cost and the distance to the plane.

    Where the knobs at the cursor were not kept, the nearest that were are shown, and the reading says of which step.
    """
    kept = "" if frame.theta_step == frame.step else f"at step {frame.theta_step:,}"
    if not frame.terms or frame.theta.size > 2:
        run = frame.run
        name = "cost" if run.curve.window == 1 else "mini-batch cost"
        captions, row = [f"{name} at step {frame.step:,}" if kept else name], [number(run.cost)]
        n = frame.n_gauged
        if len(run.trail) and n and not (run.curve.window == 1 and n == frame.problem.n_examples):
            captions += ["", f"cost on {n:,} images {kept}".rstrip()]
            row += ["|", number(float(run.trail_costs[-1]))]
        if run.off_plane:
            captions += ["", f"{_OFF} {kept}".rstrip()]
            row += ["|", number(round(run.off_plane, 3))]
        return Reading(tuple(captions), (tuple(row),))
    step = frame.terms[-1].value
    plain = len(frame.terms) == 2
    names = frame.landscape.labels if frame.landscape is not None else ("x", "y")
    rows = []
    for i, knob in enumerate(frame.theta):
        rate_times_slope = (number(frame.run.learning_rate), "×", operand(frame.terms[0].value[i]))
        subtracted = rate_times_slope if plain else (operand(step[i]),)
        rows.append((number(knob), "−", *subtracted, "=", number(knob - step[i])))
    middle = ("learning rate", "", "slope") if plain else ("step",)
    with np.errstate(over="ignore"):
        length = number(norm(step))
    if len(rows) == 1:
        name = names[0] if frame.landscape is not None else "w"
        return Reading((f"{name} {kept}".rstrip(), "", *middle, "", f"new {name}"), tuple(rows), length)
    named = tuple((name, *row) for name, row in zip(names, rows, strict=True))
    return Reading(("", kept or "now", "", *middle, "", "next"), named, length)


class Readout(QWidget):
    """The step in numbers. Columns grow and never shrink while the names stay, so that numbers stand still."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.reading = Reading((), ())
        self._rows = 0
        """there is room for: as many as the problem ever has, so that what stands above holds still"""
        self._waiting: Frame | None = None
        self._widths: dict[tuple[str, ...], list[float]] = {}
        """of the columns, by their captions"""
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
        rows = frame.theta.size if frame.theta.size <= 2 else 1
        if rows != self._rows:
            self._rows = rows
            self.updateGeometry()
        reading = read(frame)
        if reading == self.reading:
            return
        if reading.captions != self.reading.captions:
            self._widths = {}
        self.reading = reading
        self.setAccessibleDescription(reading.text)
        self.setToolTip(reading.text)
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._widths = {}
            self.updateGeometry()

    def _number_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setWeight(QFont.Weight.DemiBold)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def sizeHint(self) -> QSize:
        numbers = QFontMetricsF(self._number_font()).height()
        return QSize(240, math.ceil(numbers * self._rows + self.fontMetrics().height() + 4))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = self._number_font()
        numbers, words = QFontMetricsF(font), QFontMetricsF(self.font())
        gap = words.horizontalAdvance("n")
        for reading in self.reading.versions:
            widths = self._grown(reading, numbers, words)
            if sum(widths) + gap * (len(widths) - 1) <= self.width():
                break
        x = 0.0
        for column, (caption, width) in enumerate(zip(reading.captions, widths, strict=True)):
            self._paint_column(painter, font, x, width, caption, [row[column] for row in reading.rows])
            x += width + gap
        for caption in (_STEP_LENGTH, "|Δθ|") if reading.step_length else ():
            width = max(numbers.horizontalAdvance(reading.step_length), words.horizontalAdvance(caption))
            if x + gap + width <= self.width():
                self._paint_column(painter, font, self.width() - width, width, caption, [reading.step_length])
                break

    def _grown(self, reading: Reading, numbers: QFontMetricsF, words: QFontMetricsF) -> list[float]:
        """The columns' widths: at least as wide as ever before with these captions."""
        least = numbers.horizontalAdvance("8.888")
        widths = self._widths.setdefault(reading.captions, [0.0] * len(reading.captions))
        for column, caption in enumerate(reading.captions):
            texts = [numbers.horizontalAdvance(row[column]) for row in reading.rows]
            needed = max([*texts, words.horizontalAdvance(caption), least if caption else 0])
            widths[column] = max(widths[column], needed)
        return widths

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
