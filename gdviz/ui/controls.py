"""The knobs at the window's left: the recipe's numbers, what takes a new run to change, and what to look at."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gdviz.ui.cost import CostChooser, CostRecipe
from gdviz.ui.fields import Rebuild, RebuildEntry, RebuildPicker
from gdviz.ui.sliders import FractionSlider, LinearSlider, LogSlider, ValueSlider
from gdviz.ui.widgets import Button, Markdown, NumberEntry, mark, number, tip
from gdviz.ui.zones import RateSlider

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from gdviz.core.curvature import Zone
    from gdviz.core.spec import Knob
    from gdviz.ui.theme import Theme

_SMALL = 0.1
"""a number of [0, 1] that is usually below this is typed: its decades matter, and no slider over [0, 1] shows them"""


@dataclass(frozen=True, slots=True)
class KnobsRecipe:
    """All that the panel shows."""

    optimizer: str
    """the kind in force"""
    optimizers: tuple[tuple[str, str, str], ...]
    """kind, one-line description, formula of each there is"""
    live: tuple[tuple[Knob, float], ...]
    """the numbers of the optimizer in force, with their values"""
    rebuild: tuple[Rebuild, ...]
    caption: str
    """Markdown"""
    cost: CostRecipe | None = None
    """what is descended and could be; None where that is not chosen here"""
    can_explore: bool = False
    """the rule's learning rate can be swept on this problem"""
    zoned: bool = False
    """it is known what learning rates do here"""
    n_runs: int = 1
    schedule: str = ""
    """what scales the learning rate as the run goes on; empty where nothing does"""


class _Scroll(QScrollArea):
    """Scrolls by wheel only: the arrow keys are the window's. Its bar keeps its place, else its coming shifts all."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        bar = self.verticalScrollBar()
        mark(bar, "idle", True)
        bar.rangeChanged.connect(lambda low, high: mark(bar, "idle", low == high))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()


class KnobsPanel(QWidget):
    """Shows a recipe, and says what the user wants otherwise."""

    knob_changed = Signal(str, float)
    """a number of the optimizer, from the next step on"""
    rebuild_asked = Signal(dict)
    """changed keys and their values: hidden list[int], start list[float], batch_size int or "full", train_size int or
    "all", seed int, shuffle_labels float, the rest str; `optimizer` is the kind, `surface` a name of the catalogue,
    `formula` a text"""
    explore_asked = Signal()
    run_added = Signal()
    run_removed = Signal()
    rejected = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.can_explore = False
        """the recipe on show has learning rates that can be swept"""
        self._cost: CostChooser | None = None
        self._fields: dict[str, RebuildEntry | RebuildPicker] = {}
        self._knobs: dict[str, ValueSlider | NumberEntry] = {}
        self._formulas: dict[str, tuple[str, str]] = {}
        self._here: QLabel | None = None
        """what the learning rate is at the cursor"""
        self._schedule = ""
        self._scroll = _Scroll()
        self._footer = self._make_footer()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._scroll, 1)
        below = QHBoxLayout()
        below.addWidget(self._footer)
        below.addSpacing(self._scroll.verticalScrollBar().sizeHint().width() + 4)  # as wide as the cards
        column.addLayout(below)

    def sizeHint(self) -> QSize:
        return QSize(18 * self.fontMetrics().height(), 600)

    def minimumSizeHint(self) -> QSize:
        return QSize(18 * self.fontMetrics().height(), 200)

    def show_recipe(self, recipe: KnobsRecipe) -> None:
        """Build the panel anew; edits that were not asked for are gone."""
        if (focused := self.focusWidget()) is not None:
            focused.clearFocus()  # else it goes on to some text field, and Space no longer plays
        at = self._scroll.verticalScrollBar().value()
        self._fields, self._knobs = {}, {}
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(8)
        self.can_explore, self._schedule = recipe.can_explore, recipe.schedule
        self._cost = self._here = None
        if recipe.cost is not None:
            column.addWidget(self._cost_card(recipe.cost))
        column.addWidget(self._optimizer_card(recipe))
        if recipe.rebuild:
            column.addWidget(self._rebuild_card(recipe))
        if recipe.caption:
            column.addWidget(self._caption_card(recipe))
        column.addStretch(1)
        self._scroll.setWidget(page)  # the page before it is deleted
        self._scroll.verticalScrollBar().setValue(at)
        self._edited()

    def set_knob(self, name: str, value: float) -> None:
        """Show another value of a number of the optimizer; says nothing."""
        if name in self._knobs:
            self._knobs[name].set_value(value)

    def set_rate(self, rate: float, rule: str = "") -> None:
        """Say the learning rate at the cursor, which a schedule scales or that of another ``rule`` has been."""
        if self._here is None:
            return
        if rule:
            self._here.setText(f"here: {rule} at {number(rate)}")
        elif self._schedule:
            self._here.setText(f"here: {number(rate)} ({self._schedule} schedule)")
        else:
            self._here.setText("" if rate == self._knobs["learning_rate"].value else f"here: {number(rate)}")
        if self._here.text():
            self._here.show()  # and it keeps its place, so that nothing moves to and fro

    def set_zones(self, zones: tuple[Zone, ...], limit: float | None, where: str = "") -> None:
        """Paint what learning rates do ``where``, under their slider, and a mark at the stability limit."""
        if isinstance(slider := self._knobs.get("learning_rate"), RateSlider):
            slider.set_zones(zones, limit, where)

    def set_theme(self, theme: Theme) -> None:
        """Recolour what is not coloured by the style sheet."""
        self._theme = theme
        if isinstance(slider := self._knobs.get("learning_rate"), RateSlider):
            slider.track.set_theme(theme)
        if self._cost is not None:
            self._cost.entry.set_theme(theme)

    def _cost_card(self, recipe: CostRecipe) -> QFrame:
        card, column = _card("Cost", "starts a new run")
        self._cost = CostChooser(recipe, self._theme)
        self._cost.rebuild_asked.connect(self.rebuild_asked)
        column.addWidget(self._cost)
        return card

    def _optimizer_card(self, recipe: KnobsRecipe) -> QFrame:
        card, column = _card("Optimizer")
        kinds = tuple(kind for kind, _, _ in recipe.optimizers)
        self._formulas = {kind: (line, formula) for kind, line, formula in recipe.optimizers}
        picker = RebuildPicker("optimizer", recipe.optimizer, kinds)
        for row, (_, line, _) in enumerate(recipe.optimizers):
            picker.setItemData(row, tip(line), Qt.ItemDataRole.ToolTipRole)
        picker.setAccessibleName("Optimizer")
        picker.edited.connect(self._edited)
        self._fields["optimizer"] = picker
        self._formula = QLabel()
        self._formula.setProperty("role", "formula")
        self._formula.setAccessibleName("The optimizer's formula")
        self._formula.setWordWrap(True)
        column.addWidget(picker)
        column.addWidget(self._formula)
        for knob, value in recipe.live:
            column.addWidget(self._live_row(knob, value, recipe.zoned))
            if knob.name == "learning_rate":
                self._here = QLabel()
                self._here.setProperty("role", "muted")
                self._here.setToolTip(tip("At the step under the cursor: a recipe, or a hand, changes or scales it"))
                self._here.hide()
                column.addWidget(self._here)
            if knob.name == "learning_rate" and recipe.can_explore:
                column.addWidget(self._explore_button())
        if recipe.cost is not None:
            column.addLayout(self._run_buttons(recipe))
        return card

    def _run_buttons(self, recipe: KnobsRecipe) -> QHBoxLayout:
        """What makes a race of it: one run more, whose rule is then chosen above, or one less."""
        row = QHBoxLayout()
        row.setSpacing(4)
        asked = (
            ("Add a run", "Another ball from the same start; then choose its optimizer and rate", self.run_added),
            ("Remove", "Take the selected run out of the race", self.run_removed),
        )
        for text, says, signal in asked[: 1 + (recipe.n_runs > 1)]:
            button = Button()
            button.set_text(text)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setToolTip(tip(says))
            button.clicked.connect(signal)
            row.addWidget(button)
        return row

    def _explore_button(self) -> Button:
        button = Button()
        button.set_text("Explore step sizes")
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setToolTip(tip("Run the descent at many learning rates at once and show what came of each (X)"))
        button.clicked.connect(self.explore_asked)
        return button

    def _live_row(self, knob: Knob, value: float, zoned: bool) -> QWidget:
        if knob.high <= 1 and not knob.below_high and knob.default < _SMALL:
            return self._entry_row(knob, value)
        slider = self._slider(knob, value, zoned)
        says = f"{slider.label.text()}: {knob.description}. Takes effect at the next step. "
        for part in (slider.label, slider.entry, slider.track):
            part.setToolTip(tip(f"{says}Up and Down change it, or type a number"))
        slider.value_changed.connect(lambda value: self.knob_changed.emit(knob.name, value))
        slider.rejected.connect(self.rejected)
        self._knobs[knob.name] = slider
        return slider

    def _slider(self, knob: Knob, value: float, zoned: bool) -> ValueSlider:
        bounds = knob.low, knob.high, value, knob.name.replace("_", " ")
        if knob.high <= 1:
            return FractionSlider(*bounds) if knob.below_high else LinearSlider(*bounds)
        # Five decades hold the rates that teach; a slider over all that the recipe allows could not be aimed.
        track = min(1e-4, value), max(10.0, value)
        if knob.name != "learning_rate":
            return LogSlider(*bounds, track=track)
        rate = RateSlider(*bounds, track=track)
        rate.track.set_theme(self._theme)
        rate.track.room_for_words = zoned
        return rate

    def _entry_row(self, knob: Knob, value: float) -> QWidget:
        label = knob.name.replace("_", " ")
        least = "above" if knob.above_low else "from"
        entry = NumberEntry(
            label,
            value,
            lambda x: knob.low <= x <= knob.high and not (knob.above_low and x == knob.low),
            f"a number {least} {number(knob.low)} up to {number(knob.high)}",
        )
        entry.set_room("0.00000000")
        entry.setToolTip(tip(f"{label}: {knob.description}. Takes effect at the next step"))
        entry.value_changed.connect(lambda value: self.knob_changed.emit(knob.name, value))
        entry.rejected.connect(self.rejected)
        entry.done.connect(entry.clearFocus)
        self._knobs[knob.name] = entry
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        caption = QLabel(label)
        caption.setBuddy(entry)
        line.addWidget(caption, 1)
        line.addWidget(entry)
        return row

    def _rebuild_card(self, recipe: KnobsRecipe) -> QFrame:
        card, column = _card("Set-up", "starts a new run")
        grid = QGridLayout()
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        for row, field in enumerate(recipe.rebuild):
            made: RebuildEntry | RebuildPicker
            if field.choices:
                made = RebuildPicker(field.name, str(field.value), field.choices)
            else:
                made = RebuildEntry(field)
                made.asked.connect(self._ask)
            made.edited.connect(self._edited)
            made.setAccessibleName(made.label)
            made.setToolTip(tip(f"{made.label}: {field.description}. A change starts a new run"))
            made.setMinimumWidth(4 * self.fontMetrics().height())
            label = QLabel(made.label)
            label.setBuddy(made)
            label.setToolTip(made.toolTip())
            self._fields[field.name] = made
            grid.addWidget(label, row, 0)
            if field.name == "data" and isinstance(made, RebuildEntry):
                both = QHBoxLayout()
                both.setSpacing(4)
                both.addWidget(made, 1)
                both.addWidget(self._browse(made))
                grid.addLayout(both, row, 1)
            else:
                grid.addWidget(made, row, 1)
        return card

    def _browse(self, entry: RebuildEntry) -> Button:
        button = Button()
        button.setText("…")
        button.setAccessibleName("Browse for a data folder")
        button.setToolTip(tip("Browse for a folder with the four IDX files, plain or .gz"))

        def choose() -> None:
            if folder := QFileDialog.getExistingDirectory(self, "Data folder"):
                entry.set_text(folder)

        button.clicked.connect(choose)
        return button

    def _caption_card(self, recipe: KnobsRecipe) -> QFrame:
        card, column = _card("What to look at")
        caption = Markdown(recipe.caption)
        caption.setAccessibleName("What to look at")
        column.addWidget(caption)
        return card

    def _make_footer(self) -> QFrame:
        footer = QFrame()
        footer.setObjectName("card")
        note = QLabel("starts a new run")
        note.setProperty("role", "muted")
        button = Button()
        button.set_text("Rebuild with these")
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setProperty("accent", True)
        button.setToolTip(tip("Start a new run with what was changed (Enter); Escape in a field takes its change back"))
        button.clicked.connect(self._ask)
        column = QVBoxLayout(footer)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(4)
        column.addWidget(note)
        column.addWidget(button)
        footer.hide()
        return footer

    def _edited(self) -> None:
        line, formula = self._formulas[str(self._fields["optimizer"].value())]
        # Its hats and indices need the room between lines; what does not fit on its line goes on indented.
        em = self.fontMetrics().height()
        form = f"margin: 0 0 0 {em}px; text-indent: -{em}px; line-height: 125%"
        lines = html.escape(formula).split(",  ")
        self._formula.setText("".join(f'<p style="{form}">{line}</p>' for line in lines))
        self._formula.setToolTip(tip(line))
        self._fields["optimizer"].setToolTip(tip(f"{line} Another one starts a new run"))
        self._footer.setVisible(any(field.is_edited() for field in self._fields.values()))

    def _ask(self) -> None:
        """Ask for a new run with all that was edited, if every edit can be read."""
        try:
            changed: dict[str, Any] = {name: field.value() for name, field in self._fields.items() if field.is_edited()}
        except ValueError as error:
            self.rejected.emit(str(error))
            return
        if changed:
            self.rebuild_asked.emit(changed)


def _card(title: str, note: str = "") -> tuple[QFrame, QVBoxLayout]:
    """A titled panel and the column to fill."""
    card = QFrame()
    card.setObjectName("card")
    column = QVBoxLayout(card)
    column.setContentsMargins(10, 8, 10, 10)
    column.setSpacing(6)
    line = QHBoxLayout()
    heading = QLabel(title)
    heading.setProperty("role", "heading")
    line.addWidget(heading, 1)
    if note:
        says = QLabel(note)
        says.setProperty("role", "muted")
        line.addWidget(says)
    column.addLayout(line)
    return card, column
