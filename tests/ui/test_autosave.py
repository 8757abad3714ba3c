"""What is not saved is kept for after a crash, without a word, and offered at the next start."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest

from gdviz.core.generators import finished
from gdviz.core.scenario import parse
from gdviz.core.shown import Shown
from gdviz.export.saved import load, outline, reopened, save
from gdviz.ui import autosave as autosave_module
from gdviz.ui.autosave import Autosave, unsaved_folder
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
    synchronous,
)
from tests.ui import unsaved_support
from tests.ui.unsaved_support import SOON, files, unstamped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gdviz.ui.session import Session

often = unsaved_support.often

Keeper: TypeAlias = "Callable[..., Autosave]"


@pytest.fixture
def keeper(session: Session, often: None) -> Iterator[Callable[..., Autosave]]:
    """A function that makes an autosave of the session."""
    made = []

    def make(every: float = SOON) -> Autosave:
        made.append(Autosave(session, session, every))
        return made[-1]

    yield make
    session.finish()
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

    @pytest.mark.parametrize("every", [SOON, 60.0], ids=["kept before", "never kept"])
    def test_closing_keeps_what_is_not_saved(
        self, every: float, session: Session, opened: Open, keeper: Keeper, qtbot: QtBot
    ) -> None:
        autosave = keeper(every)
        run, _ = opened(LONG_DIGITS + "[[runs]]\nbatch_size = 100")
        session.play()
        qtbot.waitUntil(lambda: run.step > 20 and bool(files()) == (every == SOON))
        session.pause()
        session.finish()
        autosave.finish()
        (path,) = files()
        assert not run.between
        again = finished(reopened(path)).runs[0]
        assert_same_history(run, again)

    def test_closing_keeps_the_run_before_a_reset(
        self, session: Session, opened: Open, renewed: Renewed, keeper: Keeper, qtbot: QtBot
    ) -> None:
        autosave = keeper(60.0)
        (run,) = opened(DIGITS)
        session.forward()
        qtbot.waitUntil(lambda: run.step == 1)
        renewed(session.reset)
        session.finish()
        autosave.finish()
        again = finished(reopened(files()[0]))
        assert ([run.step for run in again.runs], [ghost.step for ghost in again.ghosts]) == ([0], [1])

    def test_closing_keeps_what_was_kept_of_another_scenario(
        self, session: Session, opened: Open, keeper: Keeper, qtbot: QtBot
    ) -> None:
        autosave = keeper()
        opened(DIGITS)
        session.forward()
        qtbot.waitUntil(lambda: bool(files()))
        opened(PARABOLA)  # Ctrl+Z would bring the other one back
        session.finish()
        autosave.finish()
        assert outline(files()[0])[0].title == "Small"

    def test_closing_keeps_a_fork_of_what_was_read(
        self, session: Session, opened: Open, keeper: Keeper, tmp_path: Path, qtbot: QtBot
    ) -> None:
        autosave = keeper(60.0)
        path, scenario = tmp_path / "a.gdviz", parse(DIGITS, "test")
        save(path, Shown(scenario, synchronous(scenario, 5)))
        with qtbot.waitSignal(session.opened, timeout=20_000):
            session.open(str(path))
        session.seek(3)
        with qtbot.waitSignal(session.opened, timeout=20_000):
            session.fork({"learning_rate": 0.1}, "slower")
        session.finish()
        autosave.finish()
        assert [run.label for run in load(files()[0]).runs][1:] == ["slower from 3"]

    def test_saved_and_closed_at_once_it_is_saved(
        self, session: Session, opened: Open, keeper: Keeper, tmp_path: Path, qtbot: QtBot
    ) -> None:
        autosave = keeper()
        (run,) = opened(LONG_DIGITS)
        session.forward()
        qtbot.waitUntil(lambda: run.step == 1 and bool(files()))
        session.save(tmp_path / "a.gdviz")
        session.finish()
        autosave.finish()
        assert load(tmp_path / "a.gdviz").runs[0].history.newest_step == 1
        assert files() == []

    def test_closing_does_not_wait_for_a_step_that_takes_minutes(
        self, session: Session, opened: Open, keeper: Keeper, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(autosave_module, "_PATIENCE", 0.0)
        autosave = keeper(60.0)
        toml = LONG_DIGITS.replace("[[runs]]", '[[runs]]\nbatch_size = "full"')
        (run,) = opened("\n".join(line for line in toml.splitlines() if not line.startswith("batch_size = 1")))
        session.play()
        qtbot.waitUntil(lambda: run.step >= 2, timeout=60_000)
        session.finish()
        while not run.between:
            run.advance()
        step = run.step
        autosave.finish()
        assert files() == []
        assert (run.step, run.between) == (step, True), "nobody has waited for it"

    def test_closing_leaves_nothing_behind_that_is_saved_or_has_not_begun(
        self, session: Session, opened: Open, keeper: Keeper, tmp_path: Path, qtbot: QtBot
    ) -> None:
        autosave = keeper()
        (run,) = opened(LONG_DIGITS)
        session.forward()
        qtbot.waitUntil(lambda: run.step == 1 and bool(files()))
        with qtbot.waitSignal(session.saved):
            session.save(tmp_path / "a.gdviz")
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
        session.finish()
        one.finish()
        assert len(files()) == 2
        later = keeper()
        assert unstamped(later.offers()) == ["Closed: “Parabola” at step 2"], "that of the other is not"
