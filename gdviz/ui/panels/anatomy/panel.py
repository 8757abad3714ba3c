"""A step taken apart: the update rule with the numbers of the step that follows, revealed part by part."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from gdviz.ui.icons import icon
from gdviz.ui.panels.anatomy.rows import missing, rows, title
from gdviz.ui.panels.anatomy.sheet import Sheet
from gdviz.ui.style import FORMULA_FONTS
from gdviz.ui.widgets import Button, ElidedLabel, mark, tip

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from gdviz.core.frame import Frame
    from gdviz.ui.theme import Theme

_PAUSE = 125
"""ms between two texts while the run goes on: faster, they could not be read"""
_HIGHEST = 14
"""em; that many rows need room beside the surface that they explain: more are scrolled"""


class AnatomyPanel(QWidget):
    """The arithmetic of the step at the cursor; `part` 0 is the slope, the last one the new point."""

    part_changed = Signal(int)
    step_asked = Signal()
    """all parts were seen: the step is to be taken"""
    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.part = 0
        self._theme = theme
        self._frame: Frame | None = None
        self._playing = self._waiting = False
        self._timer = QTimer(self, interval=_PAUSE, singleShot=True)
        self._timer.timeout.connect(self._show_waiting)
        self.heading, self.steps, self.says = QLabel("ANATOMY OF A STEP"), ElidedLabel(), ElidedLabel()
        self.rule, self.note = QLabel(), QLabel()
        self.sheet = Sheet(theme)
        self._scroll = _Scroll(self.sheet)
        self.next_button, self.back_button, self._close = Button(), Button(), Button()
        self.next_button.clicked.connect(self.forward)
        self.back_button.clicked.connect(self.back)
        self._close.clicked.connect(self.closed)
        self._lay_out()
        self.set_theme(theme)

    def _lay_out(self) -> None:
        for label, role in ((self.heading, "heading"), (self.steps, "muted"), (self.says, "muted"), (self.note, "")):
            mark(label, "role", role)
        self.rule.setTextFormat(Qt.TextFormat.RichText)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.next_button.setToolTip("Show the next part; after the last one, take the step (N)")
        self.back_button.set_text("Back")
        self.back_button.setToolTip("Hide the newest part (B)")
        self._close.setAccessibleName("Close the anatomy")
        self._close.setToolTip("Close (A)")
        mark(self._close, "flat", True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        for label in (self.rule, self.note):
            label.setWordWrap(True)
            label.setMinimumWidth(0)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        header = QHBoxLayout()
        header.setSpacing(6)
        for part in (self.heading, self.steps, self.back_button, self.next_button, self._close):
            header.addWidget(part)
        header.setStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 6)
        column.setSpacing(3)
        column.addLayout(header)
        column.addWidget(self.rule)
        column.addWidget(self.says)
        column.addWidget(self.note, 1)
        column.addWidget(self._scroll, 1)
        self._scale()

    def _scale(self) -> None:
        em = self.fontMetrics().height()
        self._close.setIconSize(QSize(em, em))
        self._scroll.setMinimumHeight(4 * em)
        # As wide as its longer label, so that the buttons hold still.
        self.next_button.setMinimumWidth(0)
        for text in ("Next step", "Next part"):
            self.next_button.set_text(text)
            least = max(self.next_button.minimumWidth(), self.next_button.sizeHint().width())
            self.next_button.setMinimumWidth(least)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._scroll.updateGeometry()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._scale()
            self._show_part()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self._close.setIcon(icon("close", theme))
        self.sheet.set_theme(theme)

    def set_playing(self, playing: bool) -> None:
        """While the run plays, all parts of every step are shown."""
        self._playing = playing

    def show_frame(self, frame: Frame) -> None:
        """Take the step that follows the cursor apart, from its first part on."""
        before, self._frame = self._frame, frame
        last = len(frame.terms)
        if self._playing:
            self._go(last)
        elif before is None or (before.step, before.run.label) != (frame.step, frame.run.label):
            self._go(0)
        else:
            self._go(min(self.part, last))
        if self._timer.isActive() and frame.live:
            self._waiting = True
        else:
            self._show(frame)

    def forward(self) -> None:
        """The next part; past the new point the step is asked for, and the next one begins."""
        self._show_waiting()
        if self._frame is not None and self.part < len(self._frame.terms):
            self._go(self.part + 1)
        else:
            self._go(0)
            self.step_asked.emit()

    def back(self) -> None:
        """One part back, down to the slope."""
        self._show_waiting()
        self._go(max(self.part - 1, 0))

    def _go(self, part: int) -> None:
        if part != self.part:
            self.part = part
            self._show_part()
            self.part_changed.emit(part)

    def _show_part(self) -> None:
        last = 0 if self._frame is None else len(self._frame.terms)
        self.next_button.set_text("Next part" if self.part < last else "Next step")
        self.back_button.setEnabled(self.part > 0)
        self.sheet.reveal(self.part)
        self._scroll.follow()

    def _show_waiting(self) -> None:
        if self._waiting and self._frame is not None:
            self._show(self._frame)

    def _show(self, frame: Frame) -> None:
        self._waiting = False
        self._timer.start()
        optimizer = type(frame.run.optimizer)
        name, says = title(optimizer)
        self.steps.set_text(f"from step {frame.step:,} to {frame.step + 1:,}")
        fonts = ", ".join(f"'{font}'" for font in FORMULA_FONTS)
        formula = f'<span style="font-family: {fonts}">{html.escape(optimizer.formula)}</span>'
        rule = f"<b>{html.escape(name)}</b> &nbsp; {formula}"
        if rule != self.rule.text():
            self.rule.setText(rule)
            self.rule.setToolTip(tip(f"{name}: {says}"))
            self.says.set_text(says)
        self.note.setText("" if frame.terms else missing(frame))
        self.note.setVisible(not frame.terms)
        self._scroll.setVisible(bool(frame.terms))
        self.sheet.show_rows(rows(frame), getattr(frame.problem, "knobs", ()))
        self._scroll.updateGeometry()
        self._show_part()


class _Scroll(QScrollArea):
    """As high as its sheet where there is room; follows the newest row where there is not."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(widgetResizable=True)
        self._sheet = sheet
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(sheet)
        self.verticalScrollBar().rangeChanged.connect(self.follow)

    def sizeHint(self) -> QSize:
        # Its own is that of the sheet as it once was.
        em = self.fontMetrics().height()
        return QSize(30 * em, min(self._sheet.sizeHint().height(), _HIGHEST * em))

    def follow(self) -> None:
        """Bring the newest row into view."""
        newest = self._sheet.newest
        for y in (newest.bottom(), newest.top()):
            self.ensureVisible(0, round(y), 0, 0)
