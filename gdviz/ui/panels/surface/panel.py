"""The surface panel: the cost, where each run is on it, and the step in numbers."""

from functools import partial
from typing import Literal

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from gdviz.core.frame import Frame
from gdviz.ui.panels.surface.map_view import MapView
from gdviz.ui.panels.surface.readout import Readout
from gdviz.ui.panels.surface.relief import ReliefView
from gdviz.ui.panels.surface.slice_bar import SliceBar
from gdviz.ui.theme import Theme
from gdviz.ui.widgets import Button, ElidedLabel, tip


class SurfacePanel(QWidget):
    """The cost in two dimensions or in three, with the same balls and colours; one knob has a curve.

    Only the view that is seen is drawn; the other one gets the newest frame when it is shown.
    """

    run_selected = Signal(int)
    """index in `Frame.runs` of the run whose ball or trail was clicked"""
    ball_placed = Signal(object, bool)
    """where a ball was put, a tuple with a float for each knob; and whether it is another one"""
    ball_moved = Signal(int, object)
    """index in `Frame.runs` of the run whose ball was dragged, and where to"""
    view_changed = Signal(str)
    """"2d" or "3d", as the user chose"""
    slice_asked = Signal(object)
    """a SliceView, of a network"""
    rejected = Signal(str)
    """one sentence: what was typed can't be"""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frame: Frame | None = None
        self.chosen: Literal["2d", "3d"] = "2d"
        """as the user, or the scenario, wants the surface; one knob has a curve instead"""
        self.map, self.relief = MapView(theme), ReliefView(theme)
        self._readout, self._slice = Readout(theme), SliceBar()
        self._slice.hide()
        self._slice.changed.connect(self.slice_asked)
        self._slice.rejected.connect(self.rejected)
        self._views = QStackedWidget()

        title = ElidedLabel()
        title.set_text("COST SURFACE")
        title.setProperty("role", "heading")
        self._reset = _button("Reset view", "Show the whole surface again (or double-click it)")
        self._reset.hide()
        self._reset.clicked.connect(lambda: self._shown.reset_view())
        self._slopes = _button("Slopes", "Arrows down the slope; the steeper, the longer (by its logarithm). Key: G")
        self._log = _button("Log height", "Height by the logarithm of the cost: for valleys in high mountains")
        for toggle in (self._slopes, self._log):
            toggle.setCheckable(True)
        self._slopes.toggled.connect(self.map.set_slopes)
        self._log.toggled.connect(self.relief.set_logarithmic)
        group = QButtonGroup(self)
        self._switch: dict[Literal["2d", "3d"], Button] = {
            "2d": _button("2-D", "The surface from above. Key: V"),
            "3d": _button("3-D", "A relief. Key: V"),
        }
        for name, button in self._switch.items():
            button.setCheckable(True)
            group.addButton(button)
            button.clicked.connect(lambda checked=True, name=name: self._choose(name))
        header = QHBoxLayout()
        header.setSpacing(2)
        header.addWidget(title, 1)
        for control in (self._reset, self._slopes, self._log, *self._switch.values()):
            header.addWidget(control)
        # As high with controls as without.
        title.setMinimumHeight(self._reset.sizeHint().height())

        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        column.addLayout(header)
        column.addWidget(self._slice)
        column.addWidget(self._views, 1)
        column.addWidget(self._readout)

        self._moved: set[QWidget] = set()
        """the views that show another part than the whole"""
        for view in (self.map, self.relief):
            self._views.addWidget(view)
            view.run_selected.connect(self.run_selected)
            view.ball_placed.connect(self.ball_placed)
            view.ball_moved.connect(self.ball_moved)
            view.view_moved.connect(partial(self._note_move, view))
        self._arrange()

    # What the window calls

    def show_frame(self, frame: Frame) -> None:
        """Draw a frame."""
        self._frame = frame
        self._slice.show_frame(frame)
        self._arrange()
        self._shown.show_frame(frame)
        self._readout.show_frame(frame)

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours, or the application's new font."""
        self._readout.theme = theme
        for view in (self.map, self.relief):
            view.set_theme(theme)
        self._readout.updateGeometry()
        self._readout.update()

    def set_view(self, view: Literal["2d", "3d"]) -> None:
        """Show the surface as "2d" or "3d"; what has one knob stays a curve."""
        self.chosen = view
        self._arrange()

    def toggle_view(self) -> None:
        """From two dimensions to three and back, as if by its button."""
        if self._is_flat:
            self._choose("2d" if self.chosen == "3d" else "3d")

    def toggle_slopes(self) -> None:
        """Show or hide the field of slopes, as if by its button."""
        if not self._slopes.isHidden():
            self._slopes.toggle()

    def set_part(self, part: int | None) -> None:
        """Show the step as far as number ``part`` of its terms, one past the last being the new point; None: as one."""
        for view in (self.map, self.relief):
            view.set_part(part)

    def set_fineness(self, fineness: float) -> None:
        """Draw so many times as many pixels along each side as the screen has, for a picture that is larger."""
        self._shown.set_fineness(fineness)

    # Within

    @property
    def _shown(self) -> MapView | ReliefView:
        shown = self._views.currentWidget()
        assert isinstance(shown, MapView | ReliefView)
        return shown

    @property
    def _is_flat(self) -> bool:
        """Whether the cost is drawn over two axes: not that of one knob, nor along a line."""
        return self._frame is None or (self._frame.theta.size > 1 and self._frame.plane != "line")

    def _choose(self, view: Literal["2d", "3d"]) -> None:
        self.set_view(view)
        self.view_changed.emit(view)

    def _arrange(self) -> None:
        """Show the view that was chosen, if the cost has it, and the controls that do something there."""
        flat = self._is_flat
        view = self.relief if flat and self.chosen == "3d" else self.map
        if view is not self._shown:
            self._views.setCurrentWidget(view)
            if self._frame is not None:
                view.show_frame(self._frame)
        self._switch[self.chosen].setChecked(True)
        for button in self._switch.values():
            button.setVisible(flat)
        is_network = self._frame is None or self._frame.theta.size > 2
        self._slopes.setVisible(view is self.map and flat and not is_network)
        self._slice.setVisible(self._frame is not None and is_network)
        self._log.setVisible(view is self.relief)
        self._reset.setVisible(view in self._moved)

    def _note_move(self, view: MapView | ReliefView, moved: bool) -> None:
        (self._moved.add if moved else self._moved.discard)(view)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._readout.updateGeometry()


def _button(text: str, says: str) -> Button:
    button = Button()
    button.set_text(text)
    button.setToolTip(tip(says))
    button.setProperty("flat", True)
    return button
