"""Processes that are really killed, and what the next one finds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gdviz.core.scenario import parse
from gdviz.export.saved import outline
from gdviz.ui.autosave import _Place
from tests.support import LONG_DIGITS, PARABOLA, Open, assert_same_history, synchronous
from tests.ui.unsaved_support import being_written, crashed, files, restarted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from gdviz.ui.window import Window


def stopped_while_writing(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process, which stands still where it is, is in the midst of it; else it goes on."""
    process.send_signal(signal.SIGSTOP)
    time.sleep(0.05)
    if being_written():
        return True
    process.send_signal(signal.SIGCONT)
    return False


SCRIPT = """
import sys
from PySide6.QtWidgets import QApplication
from gdviz.ui import autosave as autosave_module
from gdviz.ui.app import keep_unsaved, make_window

autosave_module.SHARE = 1.0
scenario, every, *names = sys.argv[1:]
app = QApplication([])
app.setApplicationName(names[0])
app.setOrganizationName(names[1])
window = make_window()
autosave = keep_unsaved(window, float(every))
window.session.opened.connect(window.session.play)
window.show()
window.open(scenario)
app.exec()
"""


class TestCrash:
    @pytest.fixture
    def start(self, tmp_path: Path, qapp: QApplication) -> Iterator[Callable[[str, float], subprocess.Popen[bytes]]]:
        """A function that plays a scenario in a process of its own, which keeps its runs."""
        started: list[subprocess.Popen[bytes]] = []

        def carry_out(toml: str, every: float) -> subprocess.Popen[bytes]:
            scenario, script = tmp_path / f"{len(started)}.toml", tmp_path / "play.py"
            scenario.write_text(toml, "utf-8")
            script.write_text(SCRIPT, "utf-8")
            names = qapp.applicationName(), qapp.organizationName()
            command = [sys.executable, str(script), str(scenario), str(every), *names]
            environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
            started.append(subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[2]))
            return started[-1]

        yield carry_out
        for process in started:
            process.kill()
            process.wait()

    def test_a_process_that_is_killed_loses_nothing_that_was_kept(
        self,
        start: Callable[[str, float], subprocess.Popen[bytes]],
        window: Window,
        shown: Open,
        qtbot: QtBot,
    ) -> None:
        process = start(LONG_DIGITS, 0.1)
        qtbot.waitUntil(lambda: bool(files()) and outline(files()[0])[1] > 100, timeout=60_000)
        living, _ = restarted(window)
        assert living.offers() == [], "it lives"
        living.finish()
        process.send_signal(signal.SIGKILL)
        process.wait()
        shown(PARABOLA)
        autosave, said = restarted(window)
        (path,) = files()
        step = outline(path)[1]
        assert said[0][1].endswith(f" without saving “Small” at step {step:,}.")
        with qtbot.waitSignal(window.session.opened, timeout=20_000):
            said[0][2][1]()
        (again,) = synchronous(parse(LONG_DIGITS, "test"), step)
        assert_same_history(window.session.runs[0], again)
        window.close()
        autosave.finish()
        assert files() == [path], "it still is in no file of the user's"

    def test_killed_in_the_midst_of_keeping_it_has_what_was_kept_before(
        self,
        start: Callable[[str, float], subprocess.Popen[bytes]],
        window: Window,
        qtbot: QtBot,
    ) -> None:
        wide = LONG_DIGITS.replace('kind = "digits"', 'kind = "digits"\nhidden = [600]')
        process = start(wide, 0.01)
        qtbot.waitUntil(lambda: bool(files()), timeout=60_000)
        while not (being_written() and stopped_while_writing(process)):
            assert process.poll() is None
        process.kill()
        process.wait()
        (whole,) = files()
        step = outline(whole)[1]
        autosave, said = restarted(window)
        assert being_written() == []
        with qtbot.waitSignal(window.session.opened, timeout=20_000):
            said[0][2][1]()
        (again,) = synchronous(parse(wide, "test"), step)
        assert_same_history(window.session.runs[0], again)
        window.close()
        autosave.finish()
        assert files() == [whole]

    def test_the_program_itself_offers_and_ends_properly(self, qapp: QApplication, qtbot: QtBot) -> None:
        names = qapp.applicationName(), qapp.organizationName()
        qapp.setApplicationName("gdviz")
        qapp.setOrganizationName("gdviz")
        try:
            path = crashed()
        finally:
            qapp.setApplicationName(names[0])
            qapp.setOrganizationName(names[1])
        lock, offered = path.with_name("lock"), path.with_name("offered")
        with subprocess.Popen([sys.executable, "-m", "gdviz", "overshoot"], stderr=subprocess.PIPE) as process:
            try:
                qtbot.waitUntil(lock.exists, timeout=60_000)
                assert not _Place(path.parent).take()
                time.sleep(1)  # the window is there
                process.send_signal(signal.SIGINT)
                assert process.wait(timeout=20) == 0
            finally:
                process.kill()
            assert process.stderr is not None
            assert b"Traceback" not in process.stderr.read()
        assert offered.exists()
        assert not lock.exists()
        assert path.is_file()
