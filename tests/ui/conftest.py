"""What holds for every test of the window: nothing is left behind, and nobody's settings are touched."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSettings, QThread, QTimer
from PySide6.QtWidgets import QApplication

from gdviz.ui.app import make_window
from gdviz.ui.exports import Exports
from gdviz.ui.session import Session
from gdviz.ui.theme import DARK
from tests.support import PARABOLA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gdviz.core.run import Run
    from gdviz.ui.window import Window

Open: TypeAlias = "Callable[[str], list[Run]]"
Message = tuple[str, str, Any]


def _at_work() -> list[QObject]:
    """Every running thread, ticking timer and top-level widget."""
    # type(o), because some proxies fail when isinstance asks for their class
    objects = [o for o in gc.get_objects() if issubclass(type(o), QThread | QTimer) and shiboken6.isValid(o)]
    at_work = [o for o in objects if (o.isRunning() if isinstance(o, QThread) else o.isActive())]
    # Qt keeps one tooltip for the whole application
    return at_work + [w for w in QApplication.topLevelWidgets() if w.metaObject().className() != "QTipLabel"]


def _left_behind(before: list[QObject]) -> list[QObject]:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return [o for o in _at_work() if not any(o is known for known in before)]


@pytest.fixture(scope="session", autouse=True)
def fewer_objects_to_look_at() -> None:
    """Keep what the imports made out of `gc.get_objects`: going through all of it took half of the tests' time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp: QApplication) -> Iterator[None]:
    """Fail a test after which a thread runs, a timer ticks or a window stands that was not there before it.

    Set up before `qtbot` and the test's own fixtures, so it looks after they have cleaned up. Warnings of Qt fail a
    test by `qt_log_level_fail` in pyproject.toml.
    """
    before = _at_work()
    yield
    if _left_behind(before):
        gc.collect()  # it may only wait for Python to collect it
        if left := _left_behind(before):
            pytest.fail(f"left behind: {left}")


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test settings and folders of its own, empty at its start."""
    for form in (QSettings.Format.NativeFormat, QSettings.Format.IniFormat):
        QSettings.setPath(form, QSettings.Scope.UserScope, str(tmp_path / "settings"))
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    made = Session()
    made.start()
    yield made
    made.finish()


@pytest.fixture
def messages(session: Session) -> list[Message]:
    """All that was said."""
    said: list[Message] = []
    session.message.connect(lambda *message: said.append(message))
    return said


@pytest.fixture
def opened(session: Session, qtbot: QtBot, tmp_path: Path) -> Open:
    """A function that opens a scenario's text and gives its runs."""

    def carry_out(toml: str) -> list[Run]:
        path = tmp_path / "scenario.toml"
        path.write_text(toml, "utf-8")
        with qtbot.waitSignal(session.opened, timeout=20_000):
            assert session.open(str(path))
        return session.runs

    return carry_out


@pytest.fixture
def renewed(session: Session, qtbot: QtBot) -> Callable[[Callable[[], None]], list[Run]]:
    """A function that does what brings new runs, and gives them."""

    def carry_out(act: Callable[[], None]) -> list[Run]:
        with qtbot.waitSignal(session.opened, timeout=20_000):
            act()
        return session.runs

    return carry_out


@pytest.fixture
def new_window(qapp: QApplication, look: None, qtbot: QtBot) -> Iterator[Callable[[], Window]]:
    """A function that opens a window with the keyboard."""

    def make() -> Window:
        made = make_window(DARK)
        qtbot.addWidget(made)
        with qtbot.waitActive(made):
            made.show()
            made.activateWindow()
        return made

    yield make
    for widget in qapp.topLevelWidgets():
        widget.close()


@pytest.fixture
def window(new_window: Callable[[], Window]) -> Window:
    return new_window()


@pytest.fixture
def shown(window: Window, qtbot: QtBot, tmp_path: Path) -> Open:
    """A function that opens a scenario's text in the window and gives its runs."""

    def carry_out(toml: str) -> list[Run]:
        path = tmp_path / "scenario.toml"
        path.write_text(toml, "utf-8")
        with qtbot.waitSignal(window.session.opened, timeout=20_000):
            assert window.open(str(path))
        return window.session.runs

    return carry_out


@pytest.fixture
def opening(window: Window, qtbot: QtBot) -> Callable[[Callable[[], object]], None]:
    """A function that does what opens something in the window, and waits for it."""

    def carry_out(act: Callable[[], object]) -> None:
        with qtbot.waitSignal(window.session.opened, timeout=20_000):
            act()

    return carry_out


@pytest.fixture
def said(window: Window) -> list[tuple[str, str]]:
    """Kind and text of all messages."""
    heard: list[tuple[str, str]] = []
    window.session.message.connect(lambda kind, text, _: heard.append((kind, text)))
    window.knobs.rejected.connect(lambda text: heard.append(("error", text)))
    return heard


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    """A scenario file."""
    path = tmp_path / "lesson.toml"
    path.write_text(PARABOLA, "utf-8")
    return path


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which all that is exported is put, under the name "taken"."""
    monkeypatch.setattr(Exports, "_ask_where", lambda self, title, suffix, part="": tmp_path / f"taken{suffix}")
    return tmp_path
