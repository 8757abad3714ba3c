"""The zones on the slider, the explorer and the word for what a run is doing, in the whole window."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gdviz.ui.window import Window
from gdviz.ui.zones import RateSlider, ZonedTrack
from tests.support import Open, frame_of, go

Key = Qt.Key
RACE = """
[problem]
kind = "surface"
name = "{name}"
[stop]
steps = 100
[[runs]]
label = "plain"
optimizer = {{ kind = "gradient-descent", learning_rate = 0.02 }}
[[runs]]
label = "adam"
optimizer = {{ kind = "adam", learning_rate = 0.05 }}
"""


def rate_track(window: Window) -> ZonedTrack:
    slider = window.knobs._knobs["learning_rate"]
    assert isinstance(slider, RateSlider)
    return slider.track


def test_the_slider_shows_the_limit_here_and_now(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(RACE.format(name="parabola"))
    track = rate_track(window)
    assert track.limit == 1.0
    assert [zone.regime for zone in track.zones] == ["crawling", "converging", "bouncing", "unstable"]
    window.session.select(1)  # Adam has no limit: nothing is painted until it was swept
    track = rate_track(window)
    assert track.zones == ()
    with qtbot.waitSignal(window.session.explorer.swept, timeout=10_000):
        QTest.keyClick(window, Key.Key_X)
    track = rate_track(window)
    assert len(track.zones) > 1
    assert track.limit is None


@pytest.mark.parametrize(
    ("rate", "word"), [(0.01, "crawling"), (0.3, "converging"), (0.8, "bouncing"), (1.2, "unstable")]
)
def test_the_message_bar_names_what_the_run_does(
    rate: float, word: str, window: Window, shown: Open, qtbot: QtBot
) -> None:
    shown(RACE.format(name="parabola").replace("0.02", str(rate)))
    go(window, qtbot, 12)
    assert window.messages._state.text().endswith(word)


def test_a_click_in_the_explorer_brings_that_run(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(RACE.format(name="bowl"))
    with qtbot.waitSignal(window.session.explorer.swept, timeout=10_000):
        QTest.keyClick(window, Key.Key_X)
    assert window.step_sizes.exploring
    with qtbot.waitSignal(window.session.explorer.tried, timeout=10_000):
        window.step_sizes.explorer.ghost_asked.emit(0.1)
    assert [run.label for run in frame_of(window).runs] == ["rate 0.1", "plain", "adam"]
    QTest.keyClick(window, Key.Key_X)
    assert not window.step_sizes.exploring


def test_what_is_waited_for_is_swept_for_the_run_that_is_chosen_meanwhile(
    window: Window, shown: Open, qtbot: QtBot
) -> None:
    shown(RACE.format(name="rosenbrock"))
    with qtbot.waitSignal(window.session.explorer.swept, timeout=10_000) as signal:
        QTest.keyClick(window, Key.Key_X)
        window.session.select(1)
    assert type(signal.args[0].optimizer).__name__ == "Adam"


def test_a_step_is_taken_apart_part_by_part(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(RACE.format(name="bowl"))
    window.session.select(1)
    go(window, qtbot, 3)
    QTest.keyClick(window, Key.Key_A)
    assert (window.anatomy.isVisible(), window.race.isVisible(), window.anatomy.part) == (True, False, 0)
    n_terms = len(frame_of(window).terms)
    for part in range(1, n_terms + 1):
        QTest.keyClick(window, Key.Key_N)
        assert window.anatomy.part == part
    QTest.keyClick(window, Key.Key_B)
    assert window.anatomy.part == n_terms - 1
    QTest.keyClick(window, Key.Key_N)
    QTest.keyClick(window, Key.Key_N)  # past the new point lies the next step
    qtbot.waitUntil(lambda: frame_of(window).step == 4)
    assert window.anatomy.part == 0
    QTest.keyClick(window, Key.Key_A)
    assert (window.anatomy.isVisible(), window.race.isVisible()) == (False, True)


CHANGING = """
[problem]
kind = "surface"
name = "parabola"
[stop]
steps = 100
[[runs]]
optimizer = { kind = "gradient-descent", learning_rate = 0.02 }
changes = [{ step = 5, learning_rate = 0.05 }, { step = 10, optimizer = { kind = "adam", learning_rate = 0.1 } }]
"""


def says(window: Window) -> tuple[str, str, str]:
    """The rule that the panel names, its rate, and what it says of the cursor."""
    here = window.knobs._here
    assert here is not None
    return (
        str(window.knobs._fields["optimizer"].value()),
        f"{window.knobs._knobs['learning_rate'].value:g}",
        here.text() if here.isVisible() else "",
    )


def test_the_panel_follows_a_recipe_that_changes_its_rule(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(CHANGING)
    go(window, qtbot, 3)
    qtbot.waitUntil(lambda: says(window) == ("gradient-descent", "0.02", ""))
    go(window, qtbot, 7)
    qtbot.waitUntil(lambda: says(window) == ("gradient-descent", "0.05", ""))
    window.session.seek(3)
    qtbot.waitUntil(lambda: says(window) == ("gradient-descent", "0.05", "here: 0.02"))
    window.session.to_live()
    go(window, qtbot, 12)
    qtbot.waitUntil(lambda: says(window)[:2] == ("adam", "0.1"))
    window.session.seek(7)
    qtbot.waitUntil(lambda: says(window) == ("adam", "0.1", "here: gradient-descent at 0.05"))


def test_a_schedules_rate_is_said_at_the_cursor(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(CHANGING[: CHANGING.index("changes")] + 'schedule = { kind = "cosine" }')
    assert says(window) == ("gradient-descent", "0.02", "here: 0.02 (cosine schedule)")
    go(window, qtbot, 50)
    qtbot.waitUntil(lambda: says(window)[2] == "here: 0.01 (cosine schedule)")
    window.knobs.knob_changed.emit("learning_rate", 0.2)
    go(window, qtbot, 51)
    qtbot.waitUntil(lambda: says(window)[1:] == ("0.2", "here: 0.09686 (cosine schedule)"))
