from collections.abc import Callable, Iterator
from time import perf_counter

import pytest
from pytestqt.qtbot import QtBot

from gdviz.core.frame import Frame
from gdviz.core.run import Run, build
from gdviz.core.scenario import parse
from gdviz.core.scene import Scene
from gdviz.ui.timeline import Timeline

PARABOLA = """
[problem]
kind = "surface"
name = "parabola"
[[runs]]
optimizer = { kind = "gradient-descent", learning_rate = 0.001 }
"""


@pytest.fixture
def run() -> Run:
    """A run at step 100, at rest."""
    (made,) = build(parse(PARABOLA, "test"))
    go(made, 100)
    return made


def go(run: Run, step: int) -> None:
    while run.step < step:
        run.advance()
    run.history.snapshot(run.row)


@pytest.fixture
def timeline(run: Run, qtbot: QtBot) -> Iterator[Timeline]:
    made = Timeline()
    made.show(Scene([run]))
    yield made
    made.stop()


@pytest.fixture
def frames(timeline: Timeline) -> list[Frame]:
    """All that was drawn."""
    drawn: list[Frame] = []
    timeline.frame_ready.connect(drawn.append)
    return drawn


def shown(timeline: Timeline) -> tuple[int, bool]:
    assert timeline.frame is not None
    assert timeline.frame.live is timeline.live
    assert timeline.frame.step == timeline.step
    return timeline.step, timeline.live


def test_it_begins_live(timeline: Timeline) -> None:
    assert timeline.step == 0  # nothing was drawn
    timeline.draw_now()
    assert shown(timeline) == (100, True)


@pytest.mark.parametrize(
    ("sought", "step", "live"),
    [(40, 40, False), (0, 0, False), (-5, 0, False), (99, 99, False), (100, 100, True), (10**9, 100, True)],
)
def test_seeking_goes_there_at_once(sought: int, step: int, live: bool, timeline: Timeline) -> None:
    timeline.draw_now()
    timeline.seek(sought)
    assert shown(timeline) == (step, live)


def test_in_the_past_it_stays_while_the_run_goes_on_and_live_it_follows(
    timeline: Timeline, run: Run, frames: list[Frame], qtbot: QtBot
) -> None:
    timeline.start()
    timeline.seek(40)
    go(run, 150)
    qtbot.waitUntil(lambda: frames[-1].run.newest == 150)
    assert shown(timeline) == (40, False)
    timeline.go_live()
    assert shown(timeline) == (150, True)
    go(run, 200)
    qtbot.waitUntil(lambda: frames[-1].step == 200)
    assert shown(timeline) == (200, True)


def test_without_news_nothing_is_drawn_but_the_last_frame_once_more(
    timeline: Timeline, frames: list[Frame], qtbot: QtBot
) -> None:
    timeline.start()
    qtbot.wait(600)
    assert 1 <= len(frames) <= 2
    assert all(frame is frames[0] for frame in frames)


def test_a_replay_shows_the_steps_at_its_pace_and_ends_live(
    timeline: Timeline, frames: list[Frame], qtbot: QtBot
) -> None:
    timeline.start()
    timeline.pace = 100
    timeline.seek(60)
    before = perf_counter()
    with qtbot.waitSignal(timeline.replayed):
        timeline.replay()
    assert 0.3 < perf_counter() - before < 0.6  # 40 steps
    assert not timeline.replaying
    qtbot.waitUntil(lambda: shown(timeline) == (100, True))
    steps = [frame.step for frame in frames]
    assert steps == sorted(steps)
    assert len(set(steps)) > 10
    assert not any(frame.live for frame in frames if frame.step < 100)


def test_at_unlimited_speed_a_replay_of_everything_takes_seconds_and_not_longer(
    timeline: Timeline, run: Run, qtbot: QtBot
) -> None:
    go(run, 20_000)
    timeline.start()
    timeline.seek(15_000)  # a quarter of all: a quarter of the time
    before = perf_counter()
    with qtbot.waitSignal(timeline.replayed):
        timeline.replay()
    assert 0.8 < perf_counter() - before < 1.5


@pytest.mark.parametrize("stop", [lambda t: t.hold(), lambda t: t.seek(t.step)], ids=["hold", "seek"])
def test_a_replay_that_is_held_stays_where_it_is(
    stop: Callable[[Timeline], None], timeline: Timeline, qtbot: QtBot
) -> None:
    timeline.start()
    timeline.pace = 50
    timeline.seek(10)
    timeline.replay()
    qtbot.waitUntil(lambda: timeline.step > 15)
    stop(timeline)
    step = timeline.step
    qtbot.wait(80)
    assert shown(timeline) == (step, False)
    assert not timeline.replaying


def test_there_is_nothing_to_replay_from_now(timeline: Timeline) -> None:
    timeline.draw_now()
    timeline.replay()
    assert not timeline.replaying


def test_other_runs_are_shown_live(timeline: Timeline) -> None:
    timeline.seek(40)
    timeline.replay()
    (other,) = build(parse(PARABOLA, "test"))
    go(other, 7)
    timeline.show(Scene([other]))
    assert not timeline.replaying
    timeline.draw_now()
    assert shown(timeline) == (7, True)


def test_without_runs_every_verb_is_harmless(qtbot: QtBot) -> None:
    timeline = Timeline()
    timeline.start()
    for act in (timeline.go_live, timeline.replay, timeline.hold, timeline.draw_now, lambda: timeline.seek(5)):
        act()
    qtbot.wait(40)
    assert timeline.frame is None
    assert timeline.step == 0
    timeline.stop()
