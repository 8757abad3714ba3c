"""The sharpness beside the cost: what a learning rate bears, the plot of it, and the mark on the slider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gdviz.core.scenario import load_scenario
from gdviz.core.scene import Scene
from gdviz.ui.panels.loss import LossPanel
from gdviz.ui.panels.loss.sharpness import bearable
from gdviz.ui.theme import DARK
from gdviz.ui.widgets import Button
from gdviz.ui.zones import RateSlider, ZonedTrack
from tests.support import PARABOLA, Open, frame_of, go, synchronous

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from PySide6.QtGui import QPainterPath
    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import Frame
    from gdviz.ui.window import Window

    Descend = Callable[..., Scene]

LONG = 20_000
GRADIENT_DESCENT = 'optimizer = { kind = "gradient-descent", learning_rate = 0.5 }'
HEAVY_BALL = 'optimizer = { kind = "momentum", momentum = 0.9, learning_rate = 0.1 }'
ADAM = 'optimizer = { kind = "adam", learning_rate = 0.01 }'
FEW = """
title = "Sixty images"
[view]
plane = "random"
images = 60
{view}
[problem]
kind = "digits"
train_size = 60
hidden = [6]
evaluate = 1000
[stop]
steps = 200
[[runs]]
batch_size = {batch}
{rule}
"""


def few(rule: str = GRADIENT_DESCENT, batch: str = '"full"', view: str = "") -> str:
    return FEW.format(rule=rule, batch=batch, view=view)


@pytest.fixture
def descend(tmp_path: Path) -> Descend:
    """A function that gives the scene of a scenario whose runs have gone so many steps."""

    def carry_out(toml: str, steps: int = 10) -> Scene:
        path = tmp_path / "scenario.toml"
        path.write_text(toml, "utf-8")
        runs = synchronous(load_scenario(str(path)), steps)
        runs[0].history.snapshot(runs[0].row)
        return Scene(runs)

    return carry_out


def shown_by(scene: Scene) -> Frame:
    """The frame at the last step but one: what is looked back at is drawn at once."""
    frame = scene.frame(scene.live_step - 1)
    assert frame is not None
    return frame


# What a rate bears


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (GRADIENT_DESCENT, 2 / 0.5),
        (HEAVY_BALL, 2 * 1.9 / 0.1),
        (HEAVY_BALL.replace("0.9", "0.0"), 2 / 0.1),
        (HEAVY_BALL.replace('"momentum"', '"nesterov"'), 2 * 1.9 / (2.8 * 0.1)),
    ],
)
def test_a_rate_bears_the_sharpness_at_which_it_is_at_its_limit(descend: Descend, rule: str, expected: float) -> None:
    steps, limits = bearable(shown_by(descend(few(rule))).run)
    assert steps.tolist() == [0, 10]
    np.testing.assert_allclose(limits, expected, rtol=1e-12)


@pytest.mark.parametrize(("rule", "batch"), [(ADAM, '"full"'), (GRADIENT_DESCENT, "30"), (HEAVY_BALL, "30")])
def test_an_adaptive_rule_and_mini_batches_have_no_limit(descend: Descend, rule: str, batch: str) -> None:
    steps, limits = bearable(shown_by(descend(few(rule, batch))).run)
    assert (steps.size, limits.size) == (0, 0)


def test_another_rate_makes_a_step_in_what_is_borne(descend: Descend) -> None:
    changes = "\nchanges = [{ step = 4, learning_rate = 0.1 }, { step = 7, learning_rate = 0.25 }]"
    steps, limits = bearable(shown_by(descend(few(GRADIENT_DESCENT + changes))).run)
    assert steps.tolist() == [0, 4, 4, 7, 7, 10]
    np.testing.assert_allclose(limits, [4, 4, 20, 20, 8, 8])


def test_another_momentum_makes_one_too_wherever_the_cursor_is(descend: Descend) -> None:
    scene = descend(few(HEAVY_BALL + "\nchanges = [{ step = 4, momentum = 0.5 }]"))
    for cursor in (3, 9):
        frame = scene.frame(cursor)
        assert frame is not None
        steps, limits = bearable(frame.run)
        assert steps.tolist() == [0, 4, 4, 10]
        np.testing.assert_allclose(limits, [38, 38, 30, 30])


def test_a_schedule_is_followed_step_by_step(descend: Descend) -> None:
    run = shown_by(descend(few(GRADIENT_DESCENT + '\nschedule = { kind = "cosine" }'), 40)).run
    steps, limits = bearable(run)
    rates = run.past.learning_rate
    assert len(set(rates.tolist())) > 20
    assert (np.diff(steps) >= 0).all()
    for step, rate in enumerate(rates[:-1].tolist()):
        assert limits[np.flatnonzero(steps == step)[-1]] == pytest.approx(2 / rate)


# The plot


class Shown:
    """The panel on the screen, with the plot of the sharpness."""

    def __init__(self, qtbot: QtBot) -> None:
        self.panel = LossPanel(DARK)
        qtbot.addWidget(self.panel)
        self.panel.resize(700, 500)
        self.panel.show()
        qtbot.waitExposed(self.panel)
        self.plot = self.panel._sharpness
        (self.button,) = (each for each in self.panel.findChildren(Button) if each.text() == "sharpness")

    def show(self, frame: Frame) -> None:
        self.panel.show_frame(frame)
        QApplication.processEvents()

    def off(self, colour: str, x: float, y: float, across: int = 2) -> list[int]:
        """How far from a colour, of 255, the pixels up to two above and below a point of the plot's axes are."""
        at = self.panel._plot.mapFromScene(self.plot.view.mapViewToScene(QPointF(x, y)))
        picture, wanted = self.panel._plot.viewport().grab().toImage(), QColor(colour)
        pixels = [
            picture.pixelColor(at.x() + dx, at.y() + dy) for dx in range(-across, across + 1) for dy in range(-2, 3)
        ]
        parts = ((p.red() - wanted.red(), p.green() - wanted.green(), p.blue() - wanted.blue()) for p in pixels)
        return [max(map(abs, each)) for each in parts]

    def has(self, colour: str, x: float, y: float) -> bool:
        """Whether this colour is at a point of the plot's axes, or two pixels away."""
        return min(self.off(colour, x, y)) < 24

    def is_empty(self, x: float, y: float) -> bool:
        """Whether there is nothing but the background."""
        return max(self.off(DARK.panel, x, y, across=0)) < 40


@pytest.fixture
def loss(qtbot: QtBot) -> Shown:
    return Shown(qtbot)


def points(path: QPainterPath) -> NDArray[np.float64]:
    """The corners (n, 2) of a path."""
    elements = [path.elementAt(i) for i in range(path.elementCount())]
    return np.array([(element.x, element.y) for element in elements]).reshape(-1, 2)


def measured(scene: Scene, **values: float) -> Scene:
    """Take down a run's sharpness at some steps: at3=1.5 is 1.5 at step 3."""
    for at, value in values.items():
        scene.measure(scene.run, int(at.removeprefix("at")), value)
    return scene


def test_the_button_is_there_for_a_network_only(loss: Shown, descend: Descend) -> None:
    assert not loss.button.isVisible()
    loss.show(shown_by(descend(few())))
    assert loss.button.isVisible()
    assert not loss.plot.view.isVisible()
    QTest.mouseClick(loss.button, Qt.MouseButton.LeftButton)
    assert loss.plot.view.isVisible()
    loss.show(shown_by(descend(PARABOLA)))
    assert not loss.button.isVisible()
    assert not loss.plot.view.isVisible()
    loss.panel.toggle_sharpness()
    assert not loss.plot.view.isVisible()
    loss.show(shown_by(descend(few())))
    assert loss.plot.view.isVisible()  # as it was chosen


def test_the_plot_takes_its_room_from_the_cost_and_gives_it_back(loss: Shown, descend: Descend, qtbot: QtBot) -> None:
    loss.show(shown_by(descend(few())))
    whole = loss.panel._view.height()
    asked: list[bool] = []
    loss.panel.sharpness_asked.connect(asked.append)
    loss.panel.toggle_sharpness()
    qtbot.waitUntil(lambda: 0.3 * whole < loss.panel._view.height() < 0.8 * whole, timeout=LONG)
    assert loss.plot.view.height() > 0.15 * whole
    assert loss.plot.view.viewRange()[0] == loss.panel._view.viewRange()[0]  # the same steps
    loss.panel.toggle_sharpness()
    qtbot.waitUntil(lambda: loss.panel._view.height() == whole, timeout=LONG)
    assert asked == [True, False]


def test_the_sharpness_stands_at_the_measured_steps_under_the_dashed_limit(loss: Shown, descend: Descend) -> None:
    scene = measured(descend(few()), at8=3.0, at0=1.0, at4=2.5)
    loss.panel.set_sharpness(True)
    loss.show(shown_by(scene))
    known = [(0, 1.0), (4, 2.5), (8, 3.0)]
    np.testing.assert_allclose(points(loss.plot._curve.path()), known)
    np.testing.assert_allclose(points(loss.plot._dots.path())[::2], known)
    np.testing.assert_allclose(points(loss.plot._limit.path()), [(0, 4), (10, 4)])
    assert loss.plot._limit.pen().style() == Qt.PenStyle.DashLine
    assert loss.plot._limit_name.text().endswith("= 4")
    assert all(loss.has(DARK.runs[0], *point) for point in known[1:])
    assert loss.has(DARK.runs[0], 2, 1.75)
    assert not loss.has(DARK.runs[0], 2, 3.0)
    along = np.linspace(1, 5, 41)
    gaps = [loss.is_empty(step, 4) for step in along]
    assert 0 < sum(gaps) < 41  # between the dashes
    assert all(loss.is_empty(step, 3.5) for step in along)
    loss.show(shown_by(measured(scene, at6=np.nan)))  # what could not be measured is left out
    assert np.isfinite(points(loss.plot._dots.path())).all()
    assert len(points(loss.plot._dots.path())) == 6


def test_a_rule_without_a_limit_has_no_dashed_line(loss: Shown, descend: Descend) -> None:
    loss.panel.set_sharpness(True)
    for rule, batch in ((ADAM, '"full"'), (GRADIENT_DESCENT, "30")):
        loss.show(shown_by(measured(descend(few(rule, batch)), at5=2.0)))
        assert loss.plot._limit.path().isEmpty()
        assert loss.plot._limit_name.text() == ""
        assert points(loss.plot._dots.path())[0].tolist() == [5, 2]


def test_all_that_is_measured_and_the_limit_are_in_view(loss: Shown, descend: Descend) -> None:
    loss.panel.set_sharpness(True)
    for low, high in ((1.5, 2.0), (1.0, 300.0), (-7.0, 5.0), (0.001, 0.002)):
        loss.show(shown_by(measured(descend(few()), at0=low, at8=high)))
        bottom, top = loss.plot.view.viewRange()[1]
        assert bottom < min(low, 0)
        assert top > max(high, min(4.0, 4 * high))  # what bears very much more is not worth the room


def test_a_click_into_the_plot_leads_to_that_step(loss: Shown, descend: Descend, qtbot: QtBot) -> None:
    loss.panel.set_sharpness(True)
    loss.show(shown_by(measured(descend(few()), at0=1.0)))
    at = loss.panel._plot.mapFromScene(loss.plot.view.mapViewToScene(QPointF(7, 2)))
    with qtbot.waitSignal(loss.panel.seek, timeout=LONG) as sought:
        QTest.mouseClick(loss.panel._plot.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert sought.args == [7]


# In the window


def rate_track(window: Window) -> ZonedTrack:
    slider = window.knobs._knobs["learning_rate"]
    assert isinstance(slider, RateSlider)
    return slider.track


def knows_its_step(window: Window) -> bool:
    """Whether the sharpness at the cursor has been measured."""
    return frame_of(window).step in frame_of(window).run.sharpness.steps


def limit_agrees(window: Window) -> bool:
    """Whether the mark stands where this frame's rate would be at its limit; in the end it does."""
    frame, limit = frame_of(window), rate_track(window).limit
    if frame.sharpness is None or limit is None:
        return False
    factor = frame.run.learning_rate / frame.run.optimizer.learning_rate
    return abs(limit * factor * frame.sharpness / 2 - 1) < 1e-9


def test_s_shows_and_hides_the_sharpness(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(few(batch="30"))
    plot = window.loss._sharpness
    assert not plot.view.isVisible()
    QTest.keyClick(window, Qt.Key.Key_S)
    assert plot.view.isVisible()
    qtbot.waitUntil(lambda: frame_of(window).sharpness is not None, timeout=LONG)
    qtbot.waitUntil(lambda: points(plot._dots.path()).size > 0, timeout=LONG)
    np.testing.assert_allclose(points(plot._dots.path())[0], (0, frame_of(window).run.sharpness.values[0]))
    QTest.keyClick(window, Qt.Key.Key_S)
    assert not plot.view.isVisible()


def test_s_does_nothing_beside_a_surface(window: Window, shown: Open) -> None:
    shown(PARABOLA)
    QTest.keyClick(window, Qt.Key.Key_S)
    assert not window.loss._curved.isChecked()
    assert not window.loss._sharpness.view.isVisible()


def test_a_scenario_may_open_with_the_sharpness(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(few(batch="30", view="sharpness = true"))
    assert window.loss._sharpness.view.isVisible()
    qtbot.waitUntil(lambda: frame_of(window).sharpness is not None, timeout=LONG)


@pytest.mark.parametrize("schedule", ["", '\nschedule = { kind = "cosine" }'])
def test_the_slider_marks_the_limit_of_a_full_batch_at_the_ball(
    window: Window, shown: Open, qtbot: QtBot, schedule: str
) -> None:
    shown(few(GRADIENT_DESCENT + schedule))
    assert rate_track(window).room_for_words
    for step in (0, 60):
        go(window, qtbot, step)
        qtbot.waitUntil(lambda: knows_its_step(window), timeout=LONG)
        qtbot.waitUntil(lambda: limit_agrees(window), timeout=LONG)
    assert schedule == "" or frame_of(window).run.learning_rate < 0.45  # so the mark is elsewhere than without
    regimes = [zone.regime for zone in rate_track(window).zones]
    assert regimes == ["crawling", "converging", "bouncing", "unstable"]


@pytest.mark.parametrize(("rule", "batch"), [(GRADIENT_DESCENT, "30"), (ADAM, '"full"')])
def test_the_slider_marks_nothing_where_there_is_no_limit(
    window: Window, shown: Open, qtbot: QtBot, rule: str, batch: str
) -> None:
    shown(few(rule, batch, "sharpness = true"))
    qtbot.waitUntil(lambda: frame_of(window).sharpness is not None, timeout=LONG)
    go(window, qtbot, 2)
    qtbot.waitUntil(lambda: frame_of(window).run.sharpness.steps.tolist() == [0, 1, 2], timeout=LONG)
    track = rate_track(window)
    assert (track.zones, track.limit, track.room_for_words) == ((), None, False)
