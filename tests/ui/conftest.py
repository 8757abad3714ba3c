"""What holds for every test of the window: nothing is left behind, and nobody's settings are touched."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSettings, QThread, QTimer
from PySide6.QtWidgets import QApplication


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
