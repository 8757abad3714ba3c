"""Back in time in the window: the exact step, a fork from it, and what was lost brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from gdviz.core.run import build
from gdviz.core.scenario import parse, to_toml
from gdviz.ui.forks import fork_menu
from tests.support import LONG_DIGITS, LONG_PARABOLAS, Open, everywhere_at, frame_of, go

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gdviz.core.run import Run
    from gdviz.ui.window import Window

LONG = 20_000


def thinned(run: Run) -> None:
    """Let only every fourth checkpoint be left, as after a long run."""
    history = run.history
    with history._lock:
        kept = (history._n_kept + 3) // 4
        history._kept[:kept] = history._kept[: history._n_kept : 4].copy()
        history._n_kept, history._stride = kept, 4 * history._stride


def at_rest_at(window: Window, qtbot: QtBot, step: int) -> None:
    window.session.seek(step)
    qtbot.waitUntil(lambda: frame_of(window).theta_step == frame_of(window).step == step, timeout=LONG)


def test_a_step_between_two_snapshots_is_computed_exactly_when_the_cursor_rests(
    window: Window, shown: Open, qtbot: QtBot
) -> None:
    (run,) = shown(LONG_DIGITS)
    go(window, qtbot, 30)
    theta = run.history.checkpoint(18).theta
    thinned(run)
    assert run.history.checkpoint(18).step == 16
    at_rest_at(window, qtbot, 18)
    np.testing.assert_array_equal(frame_of(window).theta, theta)
    assert everywhere_at(window) == (18, False)
    at_rest_at(window, qtbot, 19)
    assert not (frame_of(window).theta == theta).all()


def test_it_says_how_far_it_is_to_the_exact_step(window: Window, shown: Open, qtbot: QtBot) -> None:
    (run,) = shown(LONG_DIGITS.replace("batch_size = 16", "batch_size = 2000\nproblem.hidden = [512]"))
    go(window, qtbot, 15)
    for _ in range(2):
        thinned(run)
    notes: list[str] = []
    window.session.timeline.frame_ready.connect(lambda _: notes.append(window.weights.note.text))
    at_rest_at(window, qtbot, 14)
    shares = [int(note.split("computing step 14: ")[1].split()[0]) for note in notes if "computing step 14: " in note]
    assert len(set(shares)) > 1
    assert shares == sorted(shares)
    assert "step" not in notes[-1]


@pytest.mark.parametrize("toml", [LONG_DIGITS, LONG_PARABOLAS], ids=["digits", "surface"])
def test_a_fork_goes_its_own_way_from_the_step_on_show(toml: str, window: Window, shown: Open, qtbot: QtBot) -> None:
    runs = shown(toml)
    go(window, qtbot, 20)
    thinned(runs[0])
    window.session.seek(13)
    rate = frame_of(window).run.optimizer.learning_rate / 4
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.fork({"learning_rate": rate}, "slower")
    *before, fork = window.session.runs
    assert before == runs
    assert window.session.run is fork
    assert (fork.label, fork.step) == ("slower from 13", 13)
    assert everywhere_at(window) == (13, True)
    go(window, qtbot, 25)
    assert runs[0].step == 20  # the others stay where they are
    np.testing.assert_array_equal(fork.history.table().cost[:13], runs[0].history.table().cost[:13])
    # It is what its recipe says, run from the start.
    scenario = window.session.scenario
    assert scenario is not None
    alone = build(parse(to_toml(scenario), "test"))[-1]
    while alone.step < 25:
        alone.advance()
    for name in ("step", "cost", "grad_norm", "learning_rate", "knobs"):
        ours, theirs = getattr(fork.history.table(), name), getattr(alone.history.table(), name)
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
    np.testing.assert_array_equal(fork.row.theta, alone.row.theta)
    assert fork.history.evaluations == alone.history.evaluations


def test_the_menu_offers_other_rates_and_other_rules(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(LONG_PARABOLAS)
    go(window, qtbot, 10)
    assert not window.transport.fork.isVisible()
    QTest.keyClick(window, Qt.Key.Key_F)  # live, there is nothing to branch off from
    assert not window.findChildren(QMenu)
    window.session.seek(4)
    assert window.transport.fork.isVisible()
    asked: list[tuple[object, str]] = []
    menu = fork_menu(window, frame_of(window), lambda change, says: asked.append((change, says)))
    texts = [action.text() for action in menu.actions()]
    assert "rate 0.001 (as it was)" in texts
    assert "momentum" not in texts  # that is its rule
    for text in ("rate 0.002 (× 2)", "adam"):
        menu.actions()[texts.index(text)].trigger()
    assert asked == [({"learning_rate": 0.002}, "rate 0.002"), ({"optimizer": {"kind": "adam"}}, "adam")]
    menu.deleteLater()


def test_a_fork_may_follow_another_rule(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(LONG_PARABOLAS)
    go(window, qtbot, 10)
    window.session.seek(6)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.fork({"optimizer": {"kind": "adam", "learning_rate": 0.5}}, "adam")
    go(window, qtbot, 7)
    before, after = window.session.runs[-1].history.table().knobs[6:8, 0]
    assert abs(after - before) == pytest.approx(0.5, rel=1e-6)


def test_undo_brings_back_what_a_reset_a_removal_a_fork_or_another_scenario_took(
    window: Window, shown: Open, qtbot: QtBot
) -> None:
    runs = shown(LONG_PARABOLAS)
    go(window, qtbot, 12)
    session = window.session

    def lost(act: object) -> None:
        with qtbot.waitSignal(session.opened, timeout=LONG):
            act()  # type: ignore[operator]  # one of the verbs below

    window.session.seek(5)
    for act in (session.reset, lambda: session.remove(runs[0]), lambda: session.fork({"learning_rate": 0.1}, "fork")):
        lost(act)
        assert session.runs != runs
        with qtbot.waitSignal(session.opened, timeout=LONG):
            QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert session.runs == runs
        assert runs[0].step == 12
        session.seek(5)
    shown(LONG_DIGITS)
    lost(session.undo)
    assert session.runs == runs
    assert window.surface.map._frame is frame_of(window)
    # And they go on as if nothing had been.
    session.to_live()
    go(window, qtbot, 15)
    alone = build(parse(LONG_PARABOLAS, "test"))[0]
    while alone.step < 15:
        alone.advance()
    np.testing.assert_array_equal(runs[0].history.table().cost, alone.history.table().cost)


def test_undo_without_anything_before_does_nothing(window: Window, shown: Open, qtbot: QtBot) -> None:
    runs = shown(LONG_PARABOLAS)
    window.session.undo()
    qtbot.wait(50)
    assert window.session.runs == runs


def test_a_difference_of_weights_is_of_one_step_once_the_cursor_rests(
    window: Window, shown: Open, qtbot: QtBot
) -> None:
    runs = list(shown(LONG_DIGITS))
    go(window, qtbot, 30)
    window.session.seek(24)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.fork({"learning_rate": 0.5}, "faster")
    go(window, qtbot, 30)
    window.session.compare(runs[0])
    for run in window.session.runs:
        thinned(run)
    window.session.seek(19)  # both have the same past there

    def both_exact() -> bool:
        frame = frame_of(window)
        return frame.theta_step == 19 and frame.rival is not None and frame.rival.step == 19

    qtbot.waitUntil(both_exact)
    rival = frame_of(window).rival
    assert rival is not None
    np.testing.assert_array_equal(frame_of(window).theta, rival.theta)


def test_an_undo_has_a_redo_and_both_are_said(window: Window, shown: Open, qtbot: QtBot) -> None:
    runs = list(shown(LONG_PARABOLAS))
    go(window, qtbot, 12)
    window.session.seek(5)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.fork({"learning_rate": 0.1}, "fork")
    go(window, qtbot, 9)
    fork = window.session.runs[-1]
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    for key, there in ((Qt.KeyboardModifier.ControlModifier, runs), (both, [*runs, fork])) * 2:
        with qtbot.waitSignal(window.session.opened, timeout=LONG):
            QTest.keyClick(window, Qt.Key.Key_Z, key)
        assert window.session.runs == there
        qtbot.waitUntil(lambda: runs[0].left == (fork in window.session.runs))
    assert window.messages.kind == "info"
    assert fork.step == 9
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.reset()
    window.session.redo()  # after something new there is nothing to do again
    qtbot.wait(50)
    assert fork not in window.session.runs
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.undo()
    assert window.session.runs == [*runs, fork]


def test_an_undo_that_is_overtaken_loses_nothing(window: Window, shown: Open, qtbot: QtBot) -> None:
    runs = list(shown(LONG_PARABOLAS))
    go(window, qtbot, 12)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.reset()
    window.session.undo()
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.open("worked-run")
    assert window.session.name == "worked-run"
    assert len(window.session.runs) == 1
    for _ in range(2):
        with qtbot.waitSignal(window.session.opened, timeout=LONG):
            window.session.undo()
    assert window.session.runs == runs
    assert runs[0].step == 12


def test_only_the_run_that_was_left_stays_and_play_lets_it_go_on(window: Window, shown: Open, qtbot: QtBot) -> None:
    gentle, bold = shown(LONG_PARABOLAS)
    go(window, qtbot, 12)
    window.session.seek(5)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.fork({"learning_rate": 0.1}, "fork")
    go(window, qtbot, 20)
    assert (gentle.step, gentle.left) == (12, True)
    qtbot.waitUntil(lambda: bold.step == 20)
    window.session.seek(5)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.fork({"learning_rate": 0.1}, "fork")
    labels = [run.label for run in window.session.runs]
    assert labels == ["gentle", "bold", "fork from 5", "fork from 5 (2)"]
    window.session.select(0)
    window.session.forward()
    qtbot.waitUntil(lambda: gentle.step == 13)
    assert not gentle.left


def test_undoing_another_scenario_brings_back_its_pace_and_its_looks(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(LONG_PARABOLAS.replace("parabola", "rosenbrock"))
    window.session.set_speed(7.0)
    window.surface.set_view("3d")
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.open("worked-run")
    assert (window.session.timeline.pace, window.surface.chosen) == (2.0, "2d")
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session.undo()
    assert (window.session.timeline.pace, window.surface.chosen) == (7.0, "3d")


def test_a_rate_that_is_changed_in_the_past_says_where_it_counts(window: Window, shown: Open, qtbot: QtBot) -> None:
    (run, _) = shown(LONG_PARABOLAS)
    go(window, qtbot, 12)
    window.session.seek(5)
    window.session.change("learning_rate", 0.5)
    assert "from its newest step, 12, and not from here: F branches off here" in window.messages._text.accessibleName()
    qtbot.waitUntil(lambda: run.recipe.changes == ({"step": 12, "learning_rate": 0.5},))
