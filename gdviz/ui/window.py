"""The one window: toolbar, knobs, three panels in movable splitters, timeline, messages, and the keys for them."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QByteArray, QEvent, QObject, QSettings, Qt
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QApplication, QMainWindow, QSplitter, QVBoxLayout, QWidget

from gdviz.core.scenario import load_scenario, scenario_names
from gdviz.export.saved import SUFFIX
from gdviz.ui import style
from gdviz.ui.comparing import Comparing
from gdviz.ui.controls import KnobsPanel
from gdviz.ui.exports import Exports
from gdviz.ui.files import Files
from gdviz.ui.forks import fork_menu
from gdviz.ui.icons import icon
from gdviz.ui.keys import repeats, transport_key
from gdviz.ui.numbers import number
from gdviz.ui.panels.anatomy import AnatomyPanel
from gdviz.ui.panels.loss import LossPanel
from gdviz.ui.panels.race import RacePanel
from gdviz.ui.panels.surface import SurfacePanel
from gdviz.ui.panels.weights import WeightsPanel
from gdviz.ui.recipe import knobs_recipe
from gdviz.ui.step_sizes import StepSizes
from gdviz.ui.theme import DARK, GAP, LIGHT, Theme
from gdviz.ui.transport import TimelineBar, TransportBar
from gdviz.ui.widgets import MessageBar, card

if TYPE_CHECKING:
    from collections.abc import Callable

    from gdviz.core.frame import Frame
    from gdviz.core.scenario import View
    from gdviz.ui.panels.weights.level import Clock
    from gdviz.ui.session import Action, Session

_HINT = (
    "Space plays and pauses · Left and Right go step by step · Home and End: start and newest · R starts again · "
    "A takes a step apart · F branches off in the past · C compares · Ctrl + and − resize the text"
)
_ZOOM = 1.15
_LEAST = 960, 640  # pixels of the window; larger text needs more


class Window(QMainWindow):
    """Shows a session. It holds no state of its own but the theme and the layout."""

    def __init__(self, session: Session, theme: Theme, clock: Clock = monotonic) -> None:
        super().__init__()
        self.session = session
        self.theme = theme
        self._opened = ""
        self.setWindowTitle("gdviz")
        self.setMinimumSize(*_LEAST)
        self.transport = TransportBar(theme)
        self.knobs = KnobsPanel(theme)
        self.surface = SurfacePanel(theme)
        self.loss = LossPanel(theme)
        self.weights = WeightsPanel(theme, clock=clock)
        self.anatomy = AnatomyPanel(theme)
        self.race = RacePanel(theme)
        self.timeline_bar = TimelineBar()
        self.messages = MessageBar(theme)
        self.messages.set_hint(_HINT)
        self.step_sizes = StepSizes(session, self.knobs, self.messages, self.weights, theme)
        self.files = Files(self, session)
        self.exports = Exports(self)
        session.look = self._look
        self._shipped = [(name, load_scenario(name).title) for name in scenario_names()]
        self._lay_out()
        # A table beside a surface, but not beside a step taken apart as well: there is no room for it.
        place = self._cards[self.race]
        self.comparing = Comparing(session, self.race, self.weights, self.transport, place, self._centre)
        self.comparing.room_asked.connect(self._toggle_anatomy)
        self._connect()
        self._keys = self._make_keys()
        sizes = (("Ctrl++", _ZOOM), ("Ctrl+=", _ZOOM), ("Ctrl+-", 1 / _ZOOM), ("Ctrl+0", 0.0))
        for text, keys, act in (
            ("Quit", "Ctrl+Q", self.close),
            ("Undo", "Ctrl+Z", session.undo),
            ("Redo", "Ctrl+Shift+Z", session.redo),
            ("Open", "Ctrl+O", self.files.ask_what_to_open),
            ("Paste a scenario", "Ctrl+V", self.files.paste),
            ("Save", "Ctrl+S", self.files.save),
            ("Save as", "Ctrl+Shift+S", self.files.ask_where_to_save),
            ("Picture", "Ctrl+E", self.exports.ask_for_picture),
            ("Film", "Ctrl+Shift+E", self.exports.ask_for_film),
            *(("Text size", keys, partial(self._zoom, factor)) for keys, factor in sizes),
        ):
            action = QAction(text, self, shortcut=QKeySequence(keys))
            action.triggered.connect(act)
            self.addAction(action)
        self._points = style.chosen_points()
        self._set_theme(theme)
        self.surface.setFocus()
        app = QApplication.instance()
        assert app is not None  # no widget lives without one
        app.installEventFilter(self)

    def open(self, name: str) -> bool:
        """Open a scenario by name or file; False, with a message, where it cannot be."""
        return self.files.open(name)

    def _lay_out(self) -> None:
        self._right = QSplitter(Qt.Orientation.Vertical)
        self._right.addWidget(card(self.loss))
        self._right.addWidget(card(self.step_sizes.place))
        self._right.setSizes([500, 500])
        self._centre = QSplitter(Qt.Orientation.Vertical)
        self._cards = {panel: card(panel) for panel in (self.surface, self.anatomy, self.race)}
        for panel, framed in self._cards.items():
            self._centre.addWidget(framed)
            framed.setVisible(panel is self.surface)
        self._centre.setStretchFactor(0, 1)
        self._panels = QSplitter(Qt.Orientation.Horizontal)
        self._panels.addWidget(self.knobs)
        self._panels.addWidget(self._centre)
        self._panels.addWidget(self._right)
        for index, stretch in enumerate((0, 3, 2)):
            self._panels.setStretchFactor(index, stretch)
        for splitter in (self._right, self._centre, self._panels):
            splitter.setHandleWidth(GAP)
            splitter.setChildrenCollapsible(False)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(GAP, GAP, GAP, GAP)
        column.setSpacing(GAP)
        column.addWidget(self.transport)
        column.addWidget(self._panels, 1)
        column.addWidget(self.timeline_bar)
        column.addWidget(self.messages)
        self.setCentralWidget(body)
        settings = QSettings()
        geometry, panels, right = (settings.value(key) for key in ("geometry", "panels", "right"))
        if not (isinstance(geometry, QByteArray) and self.restoreGeometry(geometry)):
            room = QGuiApplication.primaryScreen().availableGeometry()
            self.resize(min(1440, room.width()), min(900, room.height()))
        if isinstance(panels, QByteArray) and isinstance(right, QByteArray):
            self._panels.restoreState(panels)
            self._right.restoreState(right)

    def _connect(self) -> None:
        session, transport = self.session, self.transport
        session.opened.connect(self._show_recipe)
        session.refused.connect(self._show_name)
        session.playing_changed.connect(transport.set_playing)
        session.message.connect(self._show_message)
        session.loading.connect(self._show_loading)
        session.timeline.frame_ready.connect(self.show_frame)
        transport.scenario_chosen.connect(self.open)
        transport.open_asked.connect(lambda: self.files.show_menu(transport.open))
        transport.export_asked.connect(self._offer_exports)
        transport.start_asked.connect(session.to_start)
        transport.back_asked.connect(session.back)
        transport.play_toggled.connect(lambda play: session.play() if play else session.pause())
        transport.step_asked.connect(session.forward)
        transport.epoch_asked.connect(session.epoch)
        transport.live_asked.connect(session.to_live)
        transport.fork_asked.connect(self._ask_how_to_fork)
        transport.reset_asked.connect(session.reset)
        transport.new_seed_asked.connect(session.new_seed)
        transport.theme_asked.connect(self._toggle_theme)
        transport.speed_changed.connect(session.set_speed)
        self.timeline_bar.seek.connect(session.seek)
        self.timeline_bar.live_asked.connect(session.to_live)
        self.knobs.knob_changed.connect(session.change)
        self.knobs.rebuild_asked.connect(session.rebuild)
        self.knobs.run_added.connect(lambda: session.add_run())
        self.knobs.run_removed.connect(lambda: session.remove(session.runs[session.selected]))
        self.surface.slice_asked.connect(session.look_at)
        for rejected in (self.knobs.rejected, self.race.rejected, self.surface.rejected):
            rejected.connect(lambda text: self._show_message("error", text, None))
        self.loss.seek.connect(session.seek)
        self.loss.sharpness_asked.connect(session.measure_sharpness)
        for chosen in (self.loss.run_selected, self.surface.run_selected, self.race.run_chosen):
            chosen.connect(self._select)
        self.surface.ball_placed.connect(lambda at, another: (session.add_run if another else session.put_ball)(at))
        self.surface.ball_moved.connect(self._move_ball)
        session.playing_changed.connect(self.anatomy.set_playing)
        self.anatomy.part_changed.connect(self.surface.set_part)
        self.anatomy.step_asked.connect(session.forward)
        self.anatomy.closed.connect(self._toggle_anatomy)
        self.step_sizes.place.currentChanged.connect(self._show_third)
        self.step_sizes.rule_changed.connect(lambda: self.knobs.show_recipe(knobs_recipe(session)))

    def _make_keys(self) -> dict[tuple[int, bool], Callable[[], None]]:
        """What each transport key does, by key and whether Shift is held."""
        session, key = self.session, Qt.Key
        return {
            (key.Key_Space, False): session.toggle,
            (key.Key_Right, False): session.forward,
            (key.Key_Left, False): session.back,
            (key.Key_Home, False): session.to_start,
            (key.Key_End, False): session.to_live,
            (key.Key_E, False): session.epoch,
            (key.Key_R, False): session.reset,
            (key.Key_R, True): session.new_seed,
            (key.Key_T, False): self._toggle_theme,
            (key.Key_V, False): self.surface.toggle_view,
            (key.Key_G, False): self.surface.toggle_slopes,
            (key.Key_A, False): self._toggle_anatomy,
            (key.Key_N, False): self._next_part,
            (key.Key_B, False): self.anatomy.back,
            (key.Key_X, False): self.step_sizes.toggle,
            (key.Key_S, False): self.loss.toggle_sharpness,
            (key.Key_F, False): self._ask_how_to_fork,
            (key.Key_C, False): self.comparing.toggle,
        }

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Carry out what a transport key stands for, wherever the focus is."""
        self.session.precedence.heed(event)
        key = transport_key(self, watched, event)
        act = None if key is None else self._keys.get(key)
        if key is None or act is None:
            return False
        if not repeats(event, key[0]):
            act()
        return True

    def _select(self, index: int) -> None:
        """A click on a run in a panel; ghosts, which stand first, cannot be selected."""
        frame = self.session.timeline.frame
        if frame is not None:
            ghosts = len(frame.runs) - len(self.session.runs)
            if index >= ghosts:
                self.session.select(index - ghosts)

    def _move_ball(self, index: int, point: tuple[float, ...]) -> None:
        """A ball was dragged; ghosts, which stand first, cannot be."""
        frame = self.session.timeline.frame
        if frame is not None:
            self.session.put_ball(point, index - (len(frame.runs) - len(self.session.runs)))

    def _toggle_anatomy(self) -> None:
        """Take the step at the cursor apart, or put it together again."""
        card = self._cards[self.anatomy]
        card.setVisible(card.isHidden())
        self.comparing.arrange(room=card.isHidden())
        if card.isHidden():
            self.surface.set_part(None)
        else:
            self.session.pause()
            self._show_anatomy()

    def _ask_how_to_fork(self) -> None:
        """Offer what could be otherwise from the step on show; live, there is nothing to branch off from."""
        frame = self.session.timeline.frame
        if frame is None or frame.live:
            self._show_message("info", "F branches off from a past step: go back to one first, with Left.", None)
        else:
            button = self.transport.fork
            fork_menu(self, frame, self.session.fork).popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _offer_exports(self) -> None:
        button = self.transport.export
        self.exports.menu().popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _look(self, opened: View) -> View:
        """How the runs are looked at now, as a scenario says it."""
        surface, loss, asked = self.surface, self.loss, self.session.view
        pace = self.session.timeline.pace
        return replace(
            opened,
            speed="max" if math.isinf(pace) else pace,
            surface=surface.chosen,
            cost_axis=loss.cost_axis,
            plane=asked.kind,
            images=asked.n_images,
            sharpness=loss.sharpness_shown,
        )

    def _show_anatomy(self) -> None:
        if self.session.timeline.frame is not None and not self._cards[self.anatomy].isHidden():
            self.anatomy.show_frame(self.session.timeline.frame)
            self.surface.set_part(self.anatomy.part)

    def _next_part(self) -> None:
        if self._cards[self.anatomy].isHidden():
            self._toggle_anatomy()
        else:
            self.session.pause()
            self.anatomy.forward()

    def _show_third(self) -> None:
        """What was hidden catches up."""
        if self.session.timeline.frame is not None and not self.step_sizes.exploring:
            self.weights.show_frame(self.session.timeline.frame)

    def _show_recipe(self) -> None:
        scenario, run = self.session.scenario, self.session.run
        if scenario is None or run is None:
            return
        self._show_name()
        self.transport.set_has_epochs(run.steps_per_epoch is not None)
        self.transport.set_speed(self.session.timeline.pace)
        if self.session.name != self._opened:  # the user's choice outlives a reset
            self._opened = self.session.name
            self.loss.set_cost_axis(scenario.view.cost_axis)
            self.loss.set_x_axis(None)
            self.loss.set_sharpness(scenario.view.sharpness)
            self.surface.set_view(scenario.view.surface)
        self.comparing.arrange(room=self._cards[self.anatomy].isHidden())
        self.knobs.show_recipe(knobs_recipe(self.session))
        self.step_sizes.show_recipe()

    def _show_name(self) -> None:
        """Say which scenario is open."""
        scenario, opened = self.session.scenario, self.session.name
        self.messages.set_hint(_HINT)
        if scenario is None:
            return
        title = Path(opened).name if opened.endswith(SUFFIX) else scenario.title or opened
        self.setWindowTitle(f"{title} — gdviz")
        own = [] if opened in (name for name, _ in self._shipped) else [(opened, title)]
        self.transport.show_scenarios(self._shipped + own, opened)

    def show_frame(self, frame: Frame) -> None:
        """Draw a frame in every panel that is seen."""
        self.surface.show_frame(frame)
        self.loss.show_frame(frame)
        if not self.step_sizes.exploring:
            self.weights.show_frame(frame)
        self.step_sizes.show_frame(frame)
        self.comparing.show_frame(frame)
        self._show_anatomy()
        run = frame.run
        self.transport.set_past(not frame.live)
        # Live, the few steps that were taken since the snapshot are no past to look at.
        self.timeline_bar.set_position(run.step, run.step if frame.live else run.newest, frame.live)
        parts = [f"epoch {run.epoch:.2f}"] if run.epoch is not None else []
        parts.append(
            f"cost {number(run.cost)}" if run.accuracy is None else f"test accuracy {100 * run.accuracy:.1f} %"
        )
        at, newest = (f"step {step:,} of {run.newest:,}" for step in (run.step, run.newest))
        if frame.live:
            at = f"step {run.step:,}"
        self.timeline_bar.set_readout(" · ".join([at, *parts]), " · ".join([newest, *parts]))

    def _show_message(self, kind: str, text: str, action: Action | None) -> None:
        self.messages.show_message(kind, text, action)

    def _show_loading(self, title: str) -> None:
        self.messages.clear()  # what was said of the runs before no longer holds
        self.messages.set_hint(f"Loading “{title}” …")

    def _zoom(self, factor: float) -> None:
        """Make all text larger or smaller, for a projector or a small screen; 0 is back to what suits the screen."""
        self.set_text_size(style.within_sizes(self._points * factor) if factor else style.default_points())
        QSettings().setValue("points", self._points)

    def set_text_size(self, points: float) -> None:
        """Let all text follow from this size."""
        self._points = points
        self._set_theme(self.theme)
        self.setMinimumWidth(max(_LEAST[0], self.transport.least_width + 2 * GAP))

    def _toggle_theme(self) -> None:
        self._set_theme(LIGHT if self.theme.name == DARK.name else DARK)
        QSettings().setValue("theme", self.theme.name)

    def _set_theme(self, theme: Theme) -> None:
        self.theme = theme
        app = QApplication.instance()
        assert isinstance(app, QApplication)  # no widget lives without one
        style.apply(app, theme, self._points)
        parts = (self.transport, self.knobs, self.surface, self.anatomy, self.race, self.loss, self.weights)
        for part in (*parts, self.messages, self.step_sizes):
            part.set_theme(theme)
        self.setWindowIcon(icon("gdviz", theme))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the layout and end the threads."""
        settings = QSettings()
        settings.setValue("geometry", self.saveGeometry())
        settings.setValue("panels", self._panels.saveState())
        settings.setValue("right", self._right.saveState())
        app = QApplication.instance()
        assert app is not None  # no widget lives without one
        app.removeEventFilter(self)
        self.exports.finish()
        self.session.finish()
        super().closeEvent(event)
