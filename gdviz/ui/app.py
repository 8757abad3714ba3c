"""The composition root: the only place that wires the parts together."""

from __future__ import annotations

import gc
import os
import signal
import sys
from functools import partial

os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from gdviz.core.scenario import DEFAULT
from gdviz.export.saved import scenario_of
from gdviz.ui.autosave import EVERY, Autosave
from gdviz.ui.session import Session
from gdviz.ui.theme import DARK, LIGHT, Theme
from gdviz.ui.window import Window


def run_app(name: str, every: float = EVERY) -> int:
    """Open the window on a scenario and stay until it is closed; returns the exit code.

    What is not saved is kept ``every`` so many seconds, for after a crash.

    Raises InputError for a scenario that cannot be opened, before any window appears.
    """
    scenario_of(name)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("gdviz")
    app.setOrganizationName("gdviz")
    window = make_window()
    autosave = keep_unsaved(window, every)
    window.show()
    window.session.refused.connect(partial(_open_instead, window), Qt.ConnectionType.SingleShotConnection)
    window.open(name)
    autosave.offer()
    settle()
    # Ctrl+C in the terminal closes the window; Python looks at signals only between its own instructions.
    signal.signal(signal.SIGINT, lambda *_: window.close())
    pulse = QTimer()
    pulse.timeout.connect(lambda: None)
    pulse.start(200)
    code = app.exec()
    autosave.finish()
    return code


def _open_instead(window: Window, reason: str) -> None:
    """Where the first file turns out to be damaged, there is something to look at beside the sentence about it."""
    if window.session.scenario is None:
        window.open(DEFAULT)
        window.session.message.emit("error", reason, None)


_SWITCH_SECONDS = 0.002


def settle() -> None:
    """Keep Python's own pauses short, for two threads that share it.

    What the imports and the window made leaves the garbage collector's rounds: going through all of it takes some fifty
    milliseconds each time, in which no frame is drawn. And a timer of the window waits less long for a loop in plain
    Python, which gives the interpreter away only when it must (a race's p99 from frame to frame: 28 ms, now 22).
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(_SWITCH_SECONDS)


def make_window(theme: Theme | None = None) -> Window:
    """A window with a session of its own, its threads started; the theme is the user's last, else the system's."""
    session = Session()
    window = Window(session, theme or _chosen_theme())
    session.setParent(window)
    session.start()
    return window


def keep_unsaved(window: Window, every: float = EVERY) -> Autosave:
    """Keep what is not saved in a window, and let its menu offer what crashes have left."""
    autosave = Autosave(window.session, window, every)
    window.files.unsaved = autosave.offers
    return autosave


def _chosen_theme() -> Theme:
    name = QSettings().value("theme")
    if name in (DARK.name, LIGHT.name):
        return DARK if name == DARK.name else LIGHT
    return LIGHT if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light else DARK
