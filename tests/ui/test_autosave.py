"""What is not saved is kept for after a crash, without a word, and offered at the next start."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

import pytest
from PySide6.QtWidgets import QApplication

from gdviz.core.scenario import parse
from gdviz.core.shown import Shown
from gdviz.export.saved import load, outline, save
from gdviz.ui import autosave as autosave_module
from gdviz.ui.app import keep_unsaved
from gdviz.ui.autosave import Autosave, unsaved_folder
from gdviz.ui.recent import file_name
from gdviz.ui.worker import Saved
from tests.support import (
    DIGITS,
    LONG_DIGITS,
    LONG_PARABOLAS,
    PARABOLA,
    Message,
    Open,
    Renewed,
    assert_same_history,
    finish,
    frame_of,
    named,
    synchronous,
)
from tests.ui.unsaved_support import crashed, files, restarted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gdviz.ui.session import Session
    from gdviz.ui.window import Window

SOON = 0.02
MONTHS = ("", *"January February March April May June July August September October November December".split())
Keeper: TypeAlias = "Callable[..., Autosave]"


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept takes more of the time than it would."""
    monkeypatch.setattr(autosave_module, "SHARE", 1.0)


@pytest.fixture
def keeper(session: Session, often: None) -> Iterator[Callable[..., Autosave]]:
    """A function that makes an autosave of the session."""
    made = []

    def make(every: float = SOON) -> Autosave:
        made.append(Autosave(session, session, every))
        return made[-1]

    yield make
    session.pause()
    for each in made:
        each.finish()


class TestKeeping:
    def test_runs_that_go_on_are_kept_without_a_word(
        self, session: Session, opened: Open, keeper: Keeper, messages: list[Message], qtbot: QtBot
    ) -> None:
        keeper()
        (run,) = opened(LONG_DIGITS)
        qtbot.wait(100)
        assert not unsaved_folder().exists(), "there is nothing to keep at step 0"
        session.play()
        qtbot.waitUntil(lambda: bool(files()) and run.step > 50)
        (path,) = files()
        qtbot.waitUntil(lambda: outline(path)[1] > 50)
        assert session.playing
        session.pause()
        qtbot.waitUntil(lambda: outline(path)[1] == run.step)
        qtbot.wait(100)
        with qtbot.assertNotEmitted(session.saved, wait=150):
            pass
        assert messages == []
        (again,) = load(path).runs
        while not again.advance():
            pass
        assert_same_history(run, again)

    def test_closing_leaves_nothing_behind(self, session: Session, opened: Open, keeper: Keeper, qtbot: QtBot) -> None:
        autosave = keeper()
        opened(LONG_PARABOLAS)
        session.play()
        qtbot.waitUntil(lambda: bool(files()))
        session.finish()
        autosave.finish()
        assert list(unsaved_folder().iterdir()) == []

    def test_what_is_saved_is_not_kept(
        self, session: Session, opened: Open, keeper: Keeper, tmp_path: Path, qtbot: QtBot
    ) -> None:
        keeper()
        (run,) = opened(LONG_DIGITS)
        session.forward()
        qtbot.waitUntil(lambda: bool(files()))
        session.save(tmp_path / "mine.gdviz")
        qtbot.waitUntil(lambda: not files())
        qtbot.wait(50)
        with qtbot.assertNotEmitted(session.saved, wait=100):
            pass
        session.forward()
        qtbot.waitUntil(lambda: bool(files()))
        assert run.step == 2

    def test_what_could_not_be_saved_is_kept_on(
        self, session: Session, opened: Open, keeper: Keeper, tmp_path: Path, qtbot: QtBot
    ) -> None:
        keeper()
        opened(LONG_DIGITS)
        session.forward()
        qtbot.waitUntil(lambda: bool(files()))
        with qtbot.waitSignal(session.saved):
            session.save(tmp_path / "none" / "mine.gdviz")
        qtbot.wait(50)
        assert files()

    def test_of_saved_runs_only_what_is_new_is_kept(
        self, session: Session, keeper: Keeper, tmp_path: Path, qtbot: QtBot
    ) -> None:
        path, scenario = tmp_path / "a.gdviz", parse(PARABOLA, "test")
        save(path, Shown(scenario, synchronous(scenario, 5)))
        keeper()
        with qtbot.waitSignal(session.opened, timeout=20_000):
            session.open(str(path))
        with qtbot.assertNotEmitted(session.saved, wait=100):
            pass
        session.forward()
        qtbot.waitUntil(lambda: bool(files()))

    def test_what_an_undo_brings_back_is_kept_again(
        self, session: Session, opened: Open, renewed: Renewed, keeper: Keeper, qtbot: QtBot
    ) -> None:
        keeper()
        opened(LONG_PARABOLAS)
        session.forward()
        qtbot.waitUntil(lambda: bool(files()) and outline(files()[0])[0].title == "Parabola")
        opened(LONG_DIGITS)
        session.forward()
        qtbot.waitUntil(lambda: outline(files()[0])[0].title == "Small")
        renewed(session.undo)
        qtbot.waitUntil(lambda: outline(files()[0])[0].title == "Parabola")

    def test_a_failure_is_told_once_and_stops_nothing(
        self, session: Session, opened: Open, keeper: Keeper, messages: list[Message], qtbot: QtBot
    ) -> None:
        unsaved_folder().parent.mkdir(parents=True)
        unsaved_folder().touch()
        keeper()
        (run, _) = opened(LONG_PARABOLAS)
        session.play()
        qtbot.waitUntil(lambda: bool(messages))
        step = run.step
        qtbot.waitUntil(lambda: run.step > step + 10)
        qtbot.wait(100)
        says = f"After a crash these runs would be lost: {unsaved_folder()}: can't be written: File exists"
        assert messages == [("info", says, None)]
        assert session.playing
        unsaved_folder().unlink()
        qtbot.waitUntil(lambda: bool(files()))

    def test_a_file_that_cannot_be_written_is_told_once(
        self, session: Session, opened: Open, keeper: Keeper, messages: list[Message], qtbot: QtBot
    ) -> None:
        keeper()
        opened(LONG_PARABOLAS)
        session.play()
        qtbot.waitUntil(lambda: bool(files()))
        (path,) = files()
        (path.parent / "lock").rename(path.parent.parent / "lock")
        path.unlink()
        path.mkdir()
        qtbot.waitUntil(lambda: bool(messages))
        qtbot.wait(100)
        assert len(messages) == 1
        assert messages[0][0] == "info"
        assert messages[0][1].startswith(f"After a crash these runs would be lost: {path}: can't be written")
        assert session.playing
        path.rmdir()

    def test_it_takes_a_hundredth_of_the_time_at_most(
        self, session: Session, opened: Open, keeper: Keeper, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        autosave = keeper()
        opened(LONG_PARABOLAS)
        session.forward()
        qtbot.waitUntil(lambda: bool(files()))
        monkeypatch.setattr(autosave_module, "SHARE", 0.01)
        session.saved.emit(Saved(files()[0], silent=True, reason="", steps={}, seconds=0.8, n_left_out=0))
        assert autosave._timer.interval() == 80_000

    def test_windows_side_by_side_do_not_see_each_others(
        self, session: Session, opened: Open, keeper: Keeper, qtbot: QtBot
    ) -> None:
        one = keeper()
        opened(LONG_PARABOLAS)
        session.forward()
        qtbot.waitUntil(lambda: len(files()) == 1)
        other = keeper()
        assert other.offers() == []
        session.forward()
        qtbot.waitUntil(lambda: len(files()) == 2)
        one.finish()
        assert len(files()) == 1


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
        assert list(unsaved_folder().iterdir()) == []

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
        assert files() == []

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
