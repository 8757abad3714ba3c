from collections.abc import Generator, Iterator
from threading import Event, current_thread
from time import perf_counter
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from gdviz.ui.background import Background


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background()
    made.start()
    yield made
    made.finish()


@pytest.fixture
def heard(background: Background) -> list[tuple[Any, ...]]:
    """All that is said, in order."""
    said: list[tuple[Any, ...]] = []
    background.result.connect(lambda key, result: said.append((key, result)))
    background.failed.connect(lambda key, reason: said.append((key, "failed", reason)))
    background.done.connect(lambda key: said.append((key,)))
    return said


def endless(begun: Event, closed: Event) -> Generator[None, None, None]:
    try:
        while True:
            begun.set()
            yield None
    finally:
        closed.set()


def test_what_a_job_yields_arrives_in_order_with_its_key(
    background: Background, heard: list[tuple[Any, ...]], qtbot: QtBot
) -> None:
    with qtbot.waitSignal(background.done):
        background.ask("a", (x for x in (None, 1, None, 2)))
    assert heard == [("a", 1), ("a", 2), ("a",)]


def test_a_job_runs_in_the_other_thread_and_is_heard_in_this_one(background: Background, qtbot: QtBot) -> None:
    heard_in = []
    background.result.connect(lambda _key, _result: heard_in.append(current_thread()))
    with qtbot.waitSignal(background.result) as signal:
        background.ask(0, (current_thread() for _ in range(1)))
    assert signal.args is not None
    assert signal.args[1] is not current_thread()
    assert heard_in == [current_thread()]


def test_the_newest_job_wins(background: Background, heard: list[tuple[Any, ...]], qtbot: QtBot) -> None:
    begun, closed = Event(), Event()
    background.ask("old", endless(begun, closed))
    assert begun.wait(5)
    with qtbot.waitSignal(background.done):
        background.ask("new", iter_of(7))
    assert closed.is_set()
    assert heard == [("new", 7), ("new",)]


def iter_of(*values: int) -> Generator[int, None, None]:
    yield from values


def test_of_jobs_asked_for_at_once_only_the_last_is_begun(
    background: Background, heard: list[tuple[Any, ...]], qtbot: QtBot
) -> None:
    begun, closed = Event(), Event()
    background.ask("busy", endless(begun, closed))
    assert begun.wait(5)
    for key in range(50):
        background.ask(key, iter_of(key))
    qtbot.waitUntil(lambda: (49,) in heard)
    # A job may be finished before the next is asked for; none says anything after a later one.
    keys = [said[0] for said in heard]
    assert keys == sorted(keys)


def test_a_cancelled_job_says_nothing_more_and_the_next_is_done(
    background: Background, heard: list[tuple[Any, ...]], qtbot: QtBot
) -> None:
    begun, closed = Event(), Event()
    background.ask("dropped", endless(begun, closed))
    assert begun.wait(5)
    background.cancel()
    assert closed.wait(5)
    with qtbot.waitSignal(background.done):
        background.ask("kept", iter_of(1))
    assert heard == [("kept", 1), ("kept",)]


@pytest.mark.parametrize(
    ("error", "reason", "n_shown"),
    [
        (ValueError("no such slice"), "it could not be made: no such slice", 1),
        (MemoryError(), "there is not enough memory for this", 0),
    ],
)
def test_a_job_that_fails_says_why_and_the_next_is_done(
    background: Background,
    heard: list[tuple[Any, ...]],
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    reason: str,
    n_shown: int,
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("sys.excepthook", lambda _type, error, _traceback: shown.append(error))
    with qtbot.waitSignal(background.done):
        background.ask("bad", failing(error))
    with qtbot.waitSignal(background.done):
        background.ask("good", iter_of(1))
    assert heard == [("bad", 7), ("bad", "failed", reason), ("bad",), ("good", 1), ("good",)]
    assert shown == [error] * n_shown


def failing(error: Exception) -> Generator[int, None, None]:
    yield 7
    raise error


def test_it_ends_at_the_next_yield(qtbot: QtBot) -> None:
    background, begun, closed = Background(), Event(), Event()
    background.start()
    background.ask(0, endless(begun, closed))
    assert begun.wait(5)
    before = perf_counter()
    background.finish()
    assert perf_counter() - before < 0.1
    assert background.isFinished()
    background.finish()  # once more does no harm


def test_it_ends_while_it_waits() -> None:
    background = Background()
    background.start()
    background.finish()
    assert background.isFinished()
