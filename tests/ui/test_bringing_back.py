"""What was not saved is offered at the next start: by a message after a crash, in the menu in any case."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from gdviz.core.scenario import parse
from gdviz.export.saved import load, outline
from gdviz.ui.app import keep_unsaved
from gdviz.ui.autosave import unsaved_folder
from gdviz.ui.recent import file_name
from tests.support import (
    DIGITS,
    LONG_PARABOLAS,
    PARABOLA,
    Open,
    assert_same_history,
    finish,
    frame_of,
    named,
    synchronous,
)
from tests.ui import unsaved_support
from tests.ui.unsaved_support import SOON, crashed, files, restarted, unstamped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gdviz.core.run import Run
    from gdviz.ui.window import Window

often = unsaved_support.often

MONTHS = ("", *"January February March April May June July August September October November December".split())


def reached(run: Run, step: int) -> bool:
    return run.step == step


class TestBringingBack:
    def test_it_is_offered_and_brought_back(self, window: Window, shown: Open, qtbot: QtBot) -> None:
        path = crashed(DIGITS, 20)
        shown(PARABOLA)
        autosave, said = restarted(window)
        at = datetime.fromtimestamp(path.stat().st_mtime)
        assert [message[:2] for message in said] == [
            ("info", f"gdviz ended at {at:%H:%M} without saving “Small” at step 20.")
        ]
        assert [says for says, _ in autosave.offers()] == ["Bring back “Small” at step 20"]
        with qtbot.waitSignal(window.session.opened, timeout=20_000):
            named(window, type(window.transport.open), "Bring it back").click()
        session = window.session
        assert frame_of(window).step == 20
        assert (session.name, window.transport.scenarios.currentText()) == ("“Small”", "Small")
        assert file_name(session.name) == "Small"
        assert autosave.offers() == []
        assert path.is_file(), "until it is saved, or the window closed"
        session.play()
        finish(session, qtbot)
        (again,) = synchronous(parse(DIGITS, "test"))
        assert_same_history(session.runs[0], again)
        session.reset()
        qtbot.waitUntil(lambda: session.runs[0].step == 0)
        window.close()
        autosave.finish()
        assert load(path).ghosts[0].history.newest_step == again.step, "it is in no file of the user's"

    def test_what_was_brought_back_is_kept_on_in_its_place(
        self, window: Window, shown: Open, qtbot: QtBot, often: None
    ) -> None:
        path = crashed(LONG_PARABOLAS, 20)
        shown(PARABOLA)
        autosave = keep_unsaved(window, SOON)
        window.session.forward()
        qtbot.waitUntil(lambda: len(files()) == 2)
        with qtbot.waitSignal(window.session.opened, timeout=20_000):
            autosave.offers()[0][1]()
        assert files() == [path]
        with qtbot.assertNotEmitted(window.session.saved, wait=100):
            pass
        window.session.forward()
        qtbot.waitUntil(lambda: outline(path)[1] == 21)
        with qtbot.waitSignal(window.session.opened, timeout=20_000):
            window.session.undo()
        qtbot.waitUntil(lambda: outline(path)[0].title == "Parabola" and outline(path)[1] == 1)
        window.close()
        autosave.finish()
        assert files() == [path]

    def test_an_offer_that_was_not_taken_waits_in_the_menu(self, new_window: Callable[[], Window]) -> None:
        path = crashed()
        for message in (True, False, False):
            window = new_window()
            autosave, said = restarted(window)
            assert bool(said) is message
            assert [says for says, _ in autosave.offers()] == ["Bring back “Parabola” at step 5"]
            window.transport.open.click()
            menu = QApplication.activePopupWidget()
            assert menu is not None
            assert "Bring back “Parabola” at step 5" in [action.text() for action in menu.actions()]
            menu.close()
            window.close()
            autosave.finish()
            assert path.is_file()

    def test_what_a_closed_window_had_waits_in_the_menu_without_a_word(
        self, new_window: Callable[[], Window], qtbot: QtBot, tmp_path: Path
    ) -> None:
        before = crashed(DIGITS, 7, "before", age=3600)
        for steps in (2, 3):
            window = new_window()
            autosave, said = restarted(window)
            assert [message[1].split(" ")[-1] for message in said] == (["7."] if steps == 2 else [])
            scenario = tmp_path / "a.toml"
            scenario.write_text(LONG_PARABOLAS)
            with qtbot.waitSignal(window.session.opened, timeout=20_000):
                assert window.open(str(scenario))
            for step in range(1, steps + 1):
                window.session.forward()
                qtbot.waitUntil(partial(reached, window.session.runs[0], step))
            window.close()
            autosave.finish()
        window = new_window()
        autosave, said = restarted(window)
        assert said == []
        offers = dict(autosave.offers())
        assert unstamped(autosave.offers()) == [
            "Closed: “Parabola” at step 3",
            "Closed: “Parabola” at step 2",
            "Bring back “Small” at step 7",
        ]
        assert len(files()) == 3
        with qtbot.waitSignal(window.session.opened, timeout=20_000):
            next(iter(offers.values()))()
        assert [run.step for run in window.session.runs] == [3, 3]
        window.close()
        autosave.finish()
        autosave, _ = restarted(new_window())
        assert list(dict(autosave.offers())) == list(offers), "it was looked at, and not saved"
        autosave.finish()
        assert before in files()

    def test_an_offer_that_a_second_crash_cut_short_is_made_again(self, window: Window, qtbot: QtBot) -> None:
        crashed()
        autosave, said = restarted(window)
        assert len(said) == 1
        autosave._timer.stop()  # it ends without a word
        for place in autosave._held:
            place.leave()
        second, said = restarted(window)
        assert len(said) == 1
        second.finish()

    def test_of_several_the_newest_is_offered_and_then_the_next(self, window: Window) -> None:
        for index in range(5):
            crashed(steps=index + 1, name=str(index), age=86_400 * (index + 1))
        when = datetime.now() - timedelta(days=1)
        autosave, said = restarted(window)
        assert said[0][1].startswith(f"gdviz ended on {when.day} {MONTHS[when.month]} at ")
        assert said[0][1].endswith(" without saving “Parabola” at step 1.")
        assert [says[-1] for says, _ in autosave.offers()] == ["1", "2", "3"]
        assert len(files()) == 3, "no more than that are kept"
        autosave.finish()
        autosave, said = restarted(window)
        assert said[0][1].endswith("at step 2.")
        autosave.finish()

    def test_what_is_damaged_is_passed_over_and_stays(self, window: Window, qtbot: QtBot) -> None:
        worst = crashed(name="worst")
        worst.write_bytes(b"nothing of ours")
        good = crashed(name="good", age=60)
        half = crashed(name="half", steps=7, age=120)
        half.write_bytes(half.read_bytes()[:-1])
        os.utime(half, (time.time() - 120,) * 2)
        autosave, said = restarted(window)
        assert [says for says, _ in autosave.offers()] == [
            "Bring back “Parabola” at step 5",
            "Bring back “Parabola” at step 7",
        ]
        with qtbot.waitSignal(window.session.refused, timeout=20_000):
            autosave.offers()[1][1]()
        assert said[-1][:2] == ("error", f"{half}: damaged: it is cut short")
        autosave.finish()
        assert files() == sorted([worst, good, half])

    def test_what_was_being_written_is_removed(self, window: Window) -> None:
        good = crashed(name="good")
        good.with_name(".gdviz-12.gdviz").touch()
        (unsaved_folder() / "empty").mkdir()
        (unsaved_folder() / "empty" / ".gdviz-12.gdviz").touch()
        autosave, _ = restarted(window)
        assert len(autosave.offers()) == 1
        autosave.finish()
        assert files() == [good]
        assert [folder.name for folder in unsaved_folder().iterdir()] == ["good"]

    def test_runs_without_a_title_are_offered_too(self, window: Window, qtbot: QtBot) -> None:
        crashed(PARABOLA.replace('title = "Parabola"', ""))
        autosave, said = restarted(window)
        assert said[0][1].endswith(" without saving a scenario at step 5.")
        with qtbot.waitSignal(window.session.opened, timeout=20_000):
            autosave.offers()[0][1]()
        assert window.session.name == "“untitled”"
        autosave.finish()
