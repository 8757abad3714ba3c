"""The third panel: header, picture, and a foot that says what the colours mean and from which step they are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from gdviz.core.frame import first_layer
from gdviz.ui.panels.weights.bars import Bars
from gdviz.ui.panels.weights.layer import Layer
from gdviz.ui.panels.weights.level import Legend
from gdviz.ui.panels.weights.line import Line
from gdviz.ui.panels.weights.rivals import RivalButton
from gdviz.ui.widgets import Button, mark, tip

if TYPE_CHECKING:
    from gdviz.core.frame import Frame
    from gdviz.ui.panels.weights.level import Clock
    from gdviz.ui.theme import Theme


_READABLE = 4
"""em of a run's name that say something"""


class WeightsPanel(QWidget):
    """The selected run's first layer as pictures; for a surface its knobs as bars with slopes."""

    rival_asked = Signal(object)
    """an index into the frame's runs: whose knobs are to be in every frame, too; None: nobody's any longer"""

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
        self.rival = RivalButton()
        self.weights.setChecked(True)
        modes = QButtonGroup(self)
        for button in (self.weights, self.change, self.rival):
            modes.addButton(button)
        self._lay_out()
        self.rival.hide()
        modes.buttonToggled.connect(lambda button, checked: self._choose_mode() if checked else None)
        self.rival.chosen.connect(self.compare_with)
        self.back.clicked.connect(lambda: self.layer.mosaic.enlarge(None))
        self.layer.mosaic.enlarged_changed.connect(self._show_header)
        self.set_theme(theme)

    def _lay_out(self) -> None:
        bold = QFont()  # nothing but the weight is set, so that the size follows the application's
        bold.setWeight(QFont.Weight.DemiBold)
        self.title.setFont(bold)
        header, foot = QHBoxLayout(), QHBoxLayout()
        self._header = header
        header.setSpacing(4)
        header.addWidget(self.title)
        header.addWidget(self.swatch)
        header.addWidget(self.run_label)
        header.addStretch(1)
        for button in (self.back, self.weights, self.change, self.rival):
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

    def _fit(self) -> None:
        """Let the title give way first, down to its short form, then the run's name if little of it would be left."""
        gap, label = self._header.spacing(), self.run_label
        parts = self.swatch, self.back, self.weights, self.change, self.rival
        room = self._header.geometry().width() - gap
        room -= sum(max(p.sizeHint().width(), p.minimumWidth()) + gap for p in parts if not p.isHidden())
        named = 0 if label.isHidden() else label.sizeHint().width() + gap
        whole = self.title.sizeHint().width()
        self.title.setMaximumWidth(whole if whole + named <= room else self.title.least)
        self.title.setMinimumWidth(min(self.title.least, whole))  # the others' names give way sooner
        left = room - self.title.maximumWidth() - gap
        label.setMaximumWidth(named if left >= min(named, _READABLE * self.fontMetrics().height()) else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

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

    @property
    def pictured(self) -> bool:
        """It shows a network's first layer, and no bars."""
        return self._body.currentWidget() is self.layer

    def set_fineness(self, fineness: float) -> None:
        """Draw so many times as many pixels along each side as the screen has, for a picture that is larger."""
        self.bars.set_fineness(fineness)

    def compare_with(self, index: int) -> None:
        """Show what the selected run's weights are more than those of another of the frame's runs."""
        if not self.rival.isChecked():
            self.rival.setChecked(True)
        self.rival_asked.emit(index)

    def show_frame(self, frame: Frame) -> None:
        """Draw the cursor's knobs."""
        before, self._frame = self._frame, frame
        pictures = first_layer(frame) is not None
        self.rival.show_frame(frame)
        if self.rival.isChecked() and frame.rival is None:  # it went, or has another network by now
            self.weights.setChecked(True)
        if pictures:
            self.layer.show_frame(frame)
        else:
            self.bars.show_frame(frame)
        if before is None or before.problem is not frame.problem or _tags(before) != _tags(frame):
            self._body.setCurrentIndex(0 if pictures else 1)
            self._show_header()
        self._show_foot()

    def _choose_mode(self) -> None:
        compares = self.rival.isChecked()
        self.rival_asked.emit(self.rival.rival if compares else None)
        if compares and (self._frame is None or self._frame.rival is None):
            self.weights.setChecked(True)
            return
        self.layer.show_mode("difference" if compares else "change" if self.change.isChecked() else "weights")
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
            for sign in (self.run_label, self.swatch):
                sign.setToolTip(tip(f"The run shown: {run.label}"))
            colour = self._theme.run(run.colour, run.ghost).name()
            self.swatch.setStyleSheet(f"background: {colour}; border-radius: 2px;")
        self._fit()

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
        nearing = "" if frame.nearing is None else f"computing step {frame.step:,}: {100 * frame.nearing:.0f} %"
        theirs, apart = self._rival_step(frame)
        badge = " · ".join(filter(None, (badge, nearing, theirs)))
        late = frame.theta_step != frame.step or apart
        self.note.set_colour(self._theme.warning if late else self._theme.muted)
        both = " · ".join(filter(None, (badge, notice)))
        self.note.set_text(both, badge or notice)
        self.note.setToolTip("The nearest earlier step whose knobs were kept" if late else "")

    def _rival_step(self, frame: Frame) -> tuple[str, bool]:
        """At which step the rival's knobs are, if not at this one; and whether it stands elsewhere at this moment."""
        if frame.rival is None or not self.rival.isChecked():
            return "", False
        run, step = frame.runs[frame.rival.index], frame.rival.step
        return f"{run.label}: step {step:,}" if step != frame.step else "", step != run.step


def _tags(frame: Frame) -> object:
    """What the header says of the runs."""
    rivals = tuple((run.label, run.ghost) for run in frame.runs if run.alike)
    return len(frame.runs), frame.run.label, frame.run.colour, frame.run.ghost, rivals


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
