"""Which slice of a network's cost is looked at: its plane, through whose balls, on how many images, and how honest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gdviz.core.frame import PLANE_KINDS, PlaneKind, SliceView
from gdviz.ui.widgets import ElidedLabel, NumberEntry, Picker, tip

if TYPE_CHECKING:
    from gdviz.core.frame import Frame

_PLANES: dict[PlaneKind, tuple[str, str]] = {
    "path": ("path", "the two directions in which the path so far varies most (its principal components)"),
    "gradient": ("slope", "down the slope at the ball, and a random direction across it"),
    "random": ("random", "two random directions, each neuron's weights scaled to their own length (Li et al. 2018)"),
    "ends": ("two balls", "the plane that holds two runs' balls and the start of the selected one"),
    "line": ("line", "the cost along the straight line between two runs' balls"),
}


class SliceBar(QWidget):
    """Shows and changes a `SliceView`. A choice is there only where the frame has what it takes."""

    changed = Signal(object)
    """a SliceView"""
    rejected = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._view = SliceView()
        self._shown: object = None
        self._said = ""
        self._planes, self._others = Picker(), Picker()
        self._planes.setAccessibleName("Plane")
        self._others.setAccessibleName("Compared with")
        self._others.setToolTip(tip("The run whose ball the selected one's is compared with"))
        self._most = 1
        expected = "a whole number, at most as many as are trained on"
        self._images = NumberEntry("images of the slice", 1000.0, self._accepts, expected, written=lambda n: f"{n:.0f}")
        self._images.setToolTip(tip("On how many of the training images the cost is taken: more is truer and slower"))
        self._images.set_room("00000000")
        self._images.value_changed.connect(lambda n: self._change(n_images=int(n)))
        self._images.rejected.connect(self.rejected)
        self._images.done.connect(self._images.clearFocus)
        # `activated` and not a changed index: only what the user chose is said.
        self._planes.activated.connect(lambda row: self._change(kind=self._planes.itemData(row)))
        self._others.activated.connect(lambda row: self._change(other=self._others.itemData(row)))
        self._note = ElidedLabel()
        self._note.setProperty("role", "muted")
        row = QHBoxLayout()
        row.setSpacing(6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self._note)
        plane, on, images = QLabel("plane"), QLabel("on"), QLabel("images")
        plane.setBuddy(self._planes)
        images.setBuddy(self._images)
        for widget, stretch in (
            (plane, 0), (self._planes, 2), (self._others, 2), (on, 0), (self._images, 0), (images, 0),
        ):  # fmt: skip
            row.addWidget(widget, stretch)
        for label in (plane, on, images):
            label.setProperty("role", "muted")

    def show_frame(self, frame: Frame) -> None:
        """Offer what there is to choose from, and show what is chosen."""
        view = frame.view
        if view is None:
            return
        note = "computing the surface…" if frame.landscape is None else frame.landscape.note
        if note != self._said:
            self._said = note
            self._note.set_text(note)
        first = sum(run.ghost for run in frame.runs)
        others = [
            (run.label, i - first)
            for i, run in enumerate(frame.runs)
            if i >= first and run.on_surface and run is not frame.run
        ]
        shown = (view, tuple(others), frame.compared, frame.problem.n_examples)
        if shown == self._shown:
            return
        self._shown, self._view, self._most = shown, view, frame.problem.n_examples or 1
        self._planes.clear()
        for kind in PLANE_KINDS:
            if others or kind not in ("ends", "line"):
                name, says = _PLANES[kind]
                self._planes.addItem(name, kind)
                self._planes.setItemData(self._planes.count() - 1, tip(says), Qt.ItemDataRole.ToolTipRole)
        self._planes.setCurrentIndex(max(0, self._planes.findData(view.kind)))
        says = _PLANES[self._planes.currentData()][1]
        self._planes.setToolTip(tip(f"What the picture shows of all directions: {says}"))
        self._others.clear()
        for label, index in others:
            self._others.addItem(f"and {label}", index)
        if frame.compared is not None:
            self._others.setCurrentIndex(self._others.findData(frame.compared - first))
        self._others.setVisible(len(others) > 1 and view.kind in ("ends", "line"))
        self._images.set_value(float(min(view.n_images, self._most)))

    def _accepts(self, n: float) -> bool:
        return n == int(n) and 1 <= n <= self._most

    def _change(self, **changes: object) -> None:
        self.changed.emit(replace(self._view, **changes))  # type: ignore[arg-type]  # each is of its field's type
