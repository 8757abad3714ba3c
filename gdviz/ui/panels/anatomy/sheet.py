"""The rows as they are painted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QWidget

from gdviz.ui.panels.surface.arrows import term_colour
from gdviz.ui.style import FORMULA_FONTS

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from gdviz.ui.panels.anatomy.rows import Row
    from gdviz.ui.theme import Theme


class Sheet(QWidget):
    """The rows, each with its place from the start. Columns grow and never shrink while the rules stay.

    Where there is room, a row is one line: its name, its rule, and for every knob "sum = value". With less, every
    knob has a line; with still less, name and rule have a line of their own above these.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rows: tuple[Row, ...] = ()
        self._knobs: tuple[str, ...] = ()
        self._revealed = 0
        self._widths: dict[str, float] = {}
        """of the columns, in pixels"""
        self.setAccessibleName("The step in numbers")

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.update()

    def show_rows(self, rows: tuple[Row, ...], knobs: tuple[str, ...]) -> None:
        """Show other numbers, or another rule."""
        if (rows, knobs) == (self._rows, self._knobs):
            return
        if ([row.rule for row in rows], knobs) != ([row.rule for row in self._rows], self._knobs):
            self._widths = {}
        self._rows, self._knobs = rows, knobs
        self._fit()

    def reveal(self, part: int) -> None:
        """Show the rows up to ``part``, which is the newest."""
        self._revealed = part
        told = self._rows[: part + 1]
        self.setAccessibleDescription("; ".join(f"{row.name}: {', '.join(row.values)}" for row in told))
        self.update()

    @property
    def newest(self) -> QRectF:
        """Where the newest row stands."""
        return self._place(self._revealed)

    @property
    def lines(self) -> int:
        """Lines a row takes in the width there is: 1, one for each knob, or one more."""
        wide, middle, _ = self._least_widths
        several = len(self._knobs) > 1
        return 1 if self.width() >= wide else 2 if several and self.width() >= middle else 1 + len(self._knobs)

    @property
    def _em(self) -> float:
        return self.fontMetrics().height()

    @property
    def _line(self) -> float:
        return 1.1 * self._em

    @property
    def _title(self) -> float:
        """Width of name and rule: side by side, or under each other where every knob has a line anyway."""
        name, rule = self._widths.get("name", 0.0), self._widths.get("rule", 0.0)
        return max(name, rule) if self.lines == 2 == len(self._knobs) else name + self._em + rule

    @property
    def _equation(self) -> float:
        return self._widths.get("sum", 0.0) + self._widths.get("value", 0.0) + 2 * self._em

    @property
    def _least_widths(self) -> tuple[float, float, float]:
        """What rows of one line, of a line a knob, and of one more line need."""
        name, rule, knob = (self._widths.get(key, 0.0) for key in ("name", "rule", "knob"))
        em, several = self._em, max(len(self._knobs), 1) - 1
        beside = knob + em * several + self._equation
        one = name + rule + (several + 1) * self._equation + (3.5 + 1.5 * several) * em
        return one, max(name, rule) + beside + 2.5 * em, max(name + rule + 2.5 * em, beside + 2.5 * em)

    def _place(self, index: int) -> QRectF:
        captions = self._em if self.lines == 1 and len(self._knobs) > 1 else 0.0
        height = self.lines * self._line + 0.3 * self._em
        return QRectF(0, captions + index * height, self.width(), height)

    def sizeHint(self) -> QSize:
        return QSize(math.ceil(self._least_widths[0]), math.ceil(self._place(len(self._rows)).top()))

    def minimumSizeHint(self) -> QSize:
        return QSize(math.ceil(self._least_widths[2]), self.sizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._widths = {}
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def _fit(self) -> None:
        """Measure the columns."""
        font = self.font()
        plain, bold, formula = (QFontMetricsF(kind) for kind in (font, _bold(font), _formula(font)))
        columns = {
            "name": [bold.horizontalAdvance(row.name) for row in self._rows],
            "rule": [formula.horizontalAdvance(row.rule) for row in self._rows],
            "knob": [bold.horizontalAdvance(knob) for knob in self._knobs] if len(self._knobs) > 1 else [],
            "sum": [plain.horizontalAdvance(text) for row in self._rows for text in row.sums],
            "value": [bold.horizontalAdvance(text) for row in self._rows for text in (*row.values, "−0.0888")],
        }
        for column, widths in columns.items():
            self._widths[column] = max([self._widths.get(column, 0.0), *widths])
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._place(0).top():
            painter.setFont(_bold(self.font()))
            painter.setPen(QColor(self._theme.muted))
            for i, knob in enumerate(self._knobs):
                # Over the sign of equality, which all its rows have in one column.
                x = self._at(i).x() + self._widths["sum"] + self._em
                painter.drawText(QRectF(x - 50, 0, 100, self._em), Qt.AlignmentFlag.AlignCenter, knob)
        for index, row in enumerate(self._rows[: self._revealed + 1]):
            self._paint_row(painter, row, self._place(index), index == self._revealed)
        painter.end()

    def _at(self, knob: int) -> QPointF:
        """Where a knob's equation begins, from its row's corner."""
        em, stacked = self._em, self.lines > len(self._knobs)
        x = 1.5 * em if stacked else 2 * em + self._title
        if self.lines == 1:
            return QPointF(x + knob * (self._equation + 1.5 * em), 0)
        named = self._widths["knob"] + em if len(self._knobs) > 1 else 0.0
        return QPointF(x + named, (knob + stacked) * self._line)

    def _paint_row(self, painter: QPainter, row: Row, place: QRectF, newest: bool) -> None:
        theme, em, line = self._theme, self._em, self._line
        plain, bold = self.font(), _bold(self.font())
        colour = QColor(theme.text) if row.role is None else term_colour(theme, row.role)
        if newest:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.raised))
            painter.drawRoundedRect(place, 0.3 * em, 0.3 * em)
        bar = QRectF(place.left(), place.top() + 0.2 * em, 0.25 * em, place.height() - 0.4 * em)
        painter.fillRect(bar, colour)
        top, x = place.top() + 0.15 * em, place.left()

        def write(text: str, at: QRectF, font: QFont, ink: QColor, right: bool = False) -> None:
            painter.setFont(font)
            painter.setPen(ink)
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            painter.drawText(at, side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, text)

        name, sums, value = (self._widths[key] for key in ("name", "sum", "value"))
        ink, muted = QColor(theme.text), QColor(theme.muted)
        write(row.name, QRectF(x + 0.8 * em, top, name, line), bold, ink)
        under = self.lines == 2 == len(self._knobs)
        rule_at = QPointF(x + 0.8 * em, top + line) if under else QPointF(x + 1.8 * em + name, top)
        write(row.rule, QRectF(rule_at, QSizeF(self._widths["rule"], line)), _formula(plain), muted)
        for i, (text, result) in enumerate(zip(row.sums, row.values, strict=True)):
            begin = self._at(i) + QPointF(x, top)
            if self.lines > 1 and len(self._knobs) > 1:
                knob = self._widths["knob"]
                write(self._knobs[i], QRectF(begin.x() - em - knob, begin.y(), knob, line), bold, muted)
            write(text, QRectF(begin.x(), begin.y(), sums, line), plain, ink, right=True)
            write("=", QRectF(begin.x() + sums + 0.6 * em, begin.y(), em, line), plain, muted)
            write(result, QRectF(begin.x() + sums + 2 * em, begin.y(), value, line), bold, colour, right=True)


def _bold(font: QFont) -> QFont:
    made = QFont(font)
    made.setWeight(QFont.Weight.DemiBold)
    return made


def _formula(font: QFont) -> QFont:
    made = QFont(font)
    made.setFamilies(FORMULA_FONTS)
    return made
