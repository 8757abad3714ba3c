"""The third panel: header, picture, and a foot that says what the colours mean and from which step they are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from gdviz.core.frame import first_layer
from gdviz.ui.panels.weights.bars import Bars
from gdviz.ui.panels.weights.layer import Layer
from gdviz.ui.panels.weights.level import Legend
from gdviz.ui.panels.weights.line import Line
from gdviz.ui.widgets import Button, mark, tip

if TYPE_CHECKING:
    from gdviz.core.frame import Frame
    from gdviz.ui.panels.weights.level import Clock
    from gdviz.ui.theme import Theme


class WeightsPanel(QWidget):
    """The selected run's first layer as pictures; for a surface its knobs as bars with slopes."""

    def __init__(self, theme: Theme, parent: QWidget | None = None, clock: Clock = time.monotonic) -> None:
        super().__init__(parent)
        self._theme = theme
        self._frame: Frame | None = None
        self.layer, self.bars = Layer(theme, clock), Bars(theme, clock)
        self.title, self.run_label, self.note = Line(), Line(), Line(Qt.AlignmentFlag.AlignRight)
        self.swatch = QFrame()
        self.legend = Legend(theme)
        self.back = _button("Back", "All neurons again (Esc, or click the picture)")
        self.weights = _button("weights", "The weights themselves: what each neuron looks for", checkable=True)
        self.change = _button("change", "How far each weight has moved from its start", checkable=True)
        self.weights.setChecked(True)
        modes = QButtonGroup(self)
        modes.addButton(self.weights)
        modes.addButton(self.change)
        self._lay_out()
        self.change.toggled.connect(self._choose_mode)
        self.back.clicked.connect(lambda: self.layer.mosaic.enlarge(None))
        self.layer.mosaic.enlarged_changed.connect(self._show_header)
        self.set_theme(theme)

    def _lay_out(self) -> None:
        bold = QFont()  # nothing but the weight is set, so that the size follows the application's
        bold.setWeight(QFont.Weight.DemiBold)
        self.title.setFont(bold)
        header, foot = QHBoxLayout(), QHBoxLayout()
        header.setSpacing(6)
        header.addWidget(self.title)
        header.addWidget(self.swatch)
        header.addWidget(self.run_label)
        header.addStretch(1)
        for button in (self.back, self.weights, self.change):
            header.addWidget(button)
        foot.setSpacing(10)
        foot.addWidget(self.legend, 1)
        foot.addWidget(self.note)
        self._body = QStackedLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        column.addLayout(header)
        column.addLayout(self._body, 1)
        column.addLayout(foot)
        # Once they have a place: the first would else be shown as a window of its own.
        self._body.addWidget(self.layer)
        self._body.addWidget(self.bars)
        self._scale()

    def _scale(self) -> None:
        em = self.fontMetrics().height()
        self.swatch.setFixedSize(round(0.6 * em), round(0.6 * em))
        self.legend.setMaximumWidth(20 * em)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self._scale()
        super().changeEvent(event)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        for part in (self.layer, self.bars, self.legend):
            part.set_theme(theme)
        self.title.set_colour(theme.text)
        self.run_label.set_colour(theme.text)
        self._show_header()
        self._show_foot()

    def show_frame(self, frame: Frame) -> None:
        """Draw the cursor's knobs."""
        before, self._frame = self._frame, frame
        pictures = first_layer(frame) is not None
        if pictures:
            self.layer.show_frame(frame)
        else:
            self.bars.show_frame(frame)
        if before is None or before.problem is not frame.problem or _tags(before) != _tags(frame):
            self._body.setCurrentIndex(0 if pictures else 1)
            self._show_header()
        self._show_foot()

    def _choose_mode(self, change: bool) -> None:
        self.layer.show_change(change)
        self._show_foot()

    def _show_header(self) -> None:
        frame = self._frame
        pictures = frame is None or first_layer(frame) is not None
        enlarged = self.layer.mosaic.enlarged if pictures else None
        if not pictures:
            self.title.set_text("KNOBS AND SLOPES")
        elif enlarged is None:
            self.title.set_text("FIRST-LAYER WEIGHTS", "WEIGHTS")
        else:
            self.title.set_text(f"NEURON {enlarged + 1} OF {self.layer.n_neurons}", f"NEURON {enlarged + 1}")
        if enlarged is None and self.back.hasFocus():
            self.layer.mosaic.setFocus()  # it must not be lost with the button
        self.back.setVisible(enlarged is not None)
        for part in (self.weights, self.change, self.legend):
            part.setVisible(pictures)
        several = frame is not None and len(frame.runs) > 1
        self.swatch.setVisible(several)
        self.run_label.setVisible(several)
        if frame is not None:
            run = frame.run
            self.run_label.set_text(run.label)
            self.run_label.setToolTip(tip(f"The run shown: {run.label}"))
            colour = self._theme.run(run.colour, run.ghost).name()
            self.swatch.setStyleSheet(f"background: {colour}; border-radius: 2px;")

    def _show_foot(self) -> None:
        frame = self._frame
        if frame is None:
            return
        pictures = first_layer(frame) is not None
        level = self.layer.level
        self.legend.show_level(level)
        notice = self.bars.notice if not pictures else f"scale now ±{level}" if level.fresh else ""
        kept = "weights" if pictures else "knobs"
        badge = f"{kept} of step {frame.theta_step:,}" if frame.theta_step != frame.step else ""
        self.note.set_colour(self._theme.warning if badge else self._theme.muted)
        both = " · ".join(filter(None, (badge, notice)))
        self.note.set_text(both, badge or notice)
        self.note.setToolTip("The nearest earlier step whose knobs were kept" if badge else "")


def _tags(frame: Frame) -> tuple[int, str, int, bool]:
    """What the header says of the runs."""
    return len(frame.runs), frame.run.label, frame.run.colour, frame.run.ghost


def _button(text: str, tooltip: str, checkable: bool = False) -> Button:
    """A flat button of the header."""
    button = Button()
    button.setText(text)
    button.setCheckable(checkable)
    button.setToolTip(tip(tooltip))
    button.setAccessibleName(text)
    button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    mark(button, "flat", True)
    return button
