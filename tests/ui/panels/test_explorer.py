"""The step-size explorer, through the real widget: where the outcomes stand, and what the mouse asks for."""

import math
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from gdviz.core.curve import CurveBuilder
from gdviz.core.frame import Evaluations, Frame, RunFrame
from gdviz.core.history import History
from gdviz.core.optimizers import GradientDescent, HeavyBall
from gdviz.core.surfaces import SURFACES
from gdviz.core.sweep import Sweep
from gdviz.ui.panels.explorer import ExplorerPanel
from gdviz.ui.panels.explorer.heights import heights
from gdviz.ui.theme import DARK

RATES = np.geomspace(1e-3, 10, 9)  # half decades
SWEEP = Sweep(
    optimizer=GradientDescent(),
    steps=100,
    rates=RATES,
    costs=np.array([20, 15, 5, 1e-2, 1e-4, 1e-6, 25, 1e20, math.inf]),
    blew_up=np.array([-1] * 8 + [37]),
    states=("crawling",) * 3 + ("converging",) * 3 + ("bouncing", "unstable", "blew up"),
    start_cost=25.0,
)
NONE = np.empty(0)
PARABOLA = next(surface for surface in SURFACES if surface.name == "parabola")


def frame(rate: float, scheduled: float = 1.0, sharpness: float | None = 2.0) -> Frame:
    """A run of the parabola by heavy ball, at a rate that its schedule scales."""
    builder = CurveBuilder(1)
    builder.extend(np.arange(1), np.array([25.0]))
    run = RunFrame(
        colour=0, label="run", ghost=False, on_surface=True, step=0, newest=0, epoch=None, cost=25.0, grad_norm=10.0,
        learning_rate=rate * scheduled, ended="", curve=builder.curve(),
        evaluations=Evaluations(np.empty(0, np.int64), NONE, NONE, NONE, NONE), trail=np.empty((0, 2)),
        trail_costs=NONE, off_plane=0.0, optimizer=HeavyBall(learning_rate=rate, momentum=0.5),
        past=History(1, 0, np.dtype(float), 64).table(), row=0,
    )  # fmt: skip
    theta = np.array([5.0])
    return Frame(PARABOLA, (run,), 0, True, None, False, theta, 0, theta, None, (), None, sharpness)


class Shown:
    """A panel on the screen, its picture, and the mouse over it."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.panel = ExplorerPanel(DARK)
        self.said: list[tuple[str, float]] = []
        self.panel.sweep_asked.connect(lambda steps: self.said.append(("sweep", steps)))
        self.panel.ghost_asked.connect(lambda rate: self.said.append(("ghost", rate)))
        self.panel.closed.connect(lambda: self.said.append(("closed", 0)))
        qtbot.addWidget(self.panel)
        self.panel.resize(500, 360)
        self.panel.show()
        self.panel.show_sweep(SWEEP)
        QApplication.processEvents()
        self.chart = self.panel._chart
        self.view = self.chart._view

    def at(self, rate: float, decades: float) -> QPoint:
        """Where a rate and a cost are on the viewport."""
        point = self.view.mapViewToScene(QPointF(math.log10(rate), decades))
        return self.chart.mapFromScene(point)  # type: ignore[no-any-return]  # pyqtgraph ships no types

    def has(self, colour: QColor, at: QPoint, within: int = 2) -> bool:
        """Whether this colour is at a point of the viewport, or a few pixels away."""
        picture: QImage = self.chart.viewport().grab().toImage()
        near = range(-within, within + 1)
        pixels = [picture.pixelColor(at + QPoint(dx, dy)) for dx in near for dy in near]
        differences = ((p.red() - colour.red(), p.green() - colour.green(), p.blue() - colour.blue()) for p in pixels)
        return any(max(map(abs, difference)) < 8 for difference in differences)

    def hover(self, at: QPoint) -> None:
        """Move the mouse there; pyqtgraph takes at most one move in 10 ms."""
        QTest.mouseMove(self.chart.viewport(), at)
        self.qtbot.wait(20)

    def button(self, name: str) -> QAbstractButton:
        return next(b for b in self.panel.findChildren(QAbstractButton) if b.accessibleName() == name)

    def says(self) -> str:
        return self.panel._says.accessibleName()


@pytest.fixture
def shown(qtbot: QtBot) -> Shown:
    return Shown(qtbot)


def test_each_outcome_is_a_dot_of_its_regimes_colour_at_its_rate_and_cost(shown: Shown) -> None:
    for rate, cost, state in list(zip(RATES, SWEEP.costs, SWEEP.states, strict=True))[:7]:
        assert shown.has(DARK.regime(state), shown.at(rate, math.log10(cost)), within=0), rate
    # What blew up is a cross at the top edge, and what is beyond the axis a triangle below that.
    top = shown.at(RATES[8], 0).x()
    edge = shown.chart.mapFromScene(shown.view.mapToScene(QPointF(0, 0))).y()
    assert shown.has(DARK.regime("blew up"), QPoint(top, edge + round(0.65 * shown.panel.fontMetrics().height())))
    found = heights(SWEEP, None)
    assert shown.has(DARK.regime("unstable"), shown.at(RATES[7], found.top))
    assert found.top == 4.5  # 25 times 1,000, to the next half decade


def test_zones_are_bands_between_the_rates(shown: Shown) -> None:
    def ground(rate: float) -> QColor:
        picture: QImage = shown.chart.viewport().grab().toImage()
        return picture.pixelColor(shown.at(rate, -3.3))  # where no point is

    for rate, word in ((2e-3, "crawling"), (0.05, "converging"), (1.0, "bouncing"), (3.2, "unstable"), (9, "blew up")):
        ours, back, seen = DARK.regime(word), QColor(DARK.panel), ground(rate)
        share = 38 / 255
        for part in ("red", "green", "blue"):
            mixed = share * getattr(ours, part)() + (1 - share) * getattr(back, part)()
            assert abs(getattr(seen, part)() - mixed) <= 2, (word, part)


def test_the_marks_are_at_the_rule_s_rate_and_at_its_limit(shown: Shown) -> None:
    # Heavy ball on a curvature of 2: stable below 2(1+m)/2 = 1.5; the schedule halves what is set, so up to 3 can be.
    shown.panel.show_frame(frame(0.05, scheduled=0.5))
    texts = {shown.chart._rate_text.text(), shown.chart._limit_text.text()}
    assert texts == {"rate 0.05", "limit 3"}
    assert shown.has(QColor(DARK.text), shown.at(0.05, -3.3), within=1)
    assert shown.has(QColor(DARK.text), shown.at(3.0, 1.0), within=6)  # dashed
    shown.panel.show_frame(frame(0.2, sharpness=None))
    assert not shown.chart._limit_line.isVisible()
    assert not shown.has(QColor(DARK.text), shown.at(0.05, -3.3), within=3)
    shown.panel.show_frame(frame(100.0))
    assert not shown.chart._rate_line.isVisible()  # off the axis
    assert shown.chart._rate_text.text() == "rate 100"


def test_the_mouse_reads_an_outcome_and_a_click_asks_for_its_run(shown: Shown) -> None:
    at = shown.at(RATES[3], -3)
    shown.hover(at + QPoint(2, 0))
    assert shown.says() == "rate 0.03162: cost 0.01 after 100 steps, converging"
    QTest.mouseClick(shown.chart.viewport(), Qt.MouseButton.LeftButton, pos=at + QPoint(2, 0))
    assert shown.said == [("ghost", RATES[3])]
    shown.hover(shown.at(RATES[8], -3))
    assert shown.says() == "rate 10: blew up at step 37"
    shown.hover(QPoint(1, 1))
    assert shown.says() == "Click a point to see its run as a ghost."


def test_the_header_asks_for_another_sweep(shown: Shown) -> None:
    shown.panel.set_steps(200)
    assert shown.said == []
    shown.button("Sweep again").click()
    entry = shown.panel._entry
    entry.setFocus()
    entry.selectAll()
    QTest.keyClicks(entry, "12500")
    QTest.keyClick(entry, Qt.Key.Key_Return)
    assert entry.text() == "12500"
    entry.selectAll()
    QTest.keyClicks(entry, "1.5")
    QTest.keyClick(entry, Qt.Key.Key_Return)
    assert "expected a whole number" in shown.says()
    shown.button("Close the step-size explorer").click()
    assert shown.said == [("sweep", 200), ("sweep", 12500), ("closed", 0)]


def test_a_sweep_of_something_else_says_so_until_the_next(shown: Shown) -> None:
    shown.panel.set_stale(True)
    assert shown.says() == "The start, the rule or the cost has changed since this sweep."
    shown.panel.show_waiting()
    assert shown.says() == "Sweeping …"
    assert not shown.has(DARK.regime("converging"), shown.at(RATES[3], -2))
    shown.panel.show_sweep(SWEEP)
    assert shown.says() == "Click a point to see its run as a ghost."


def test_costs_stand_by_their_logarithm_or_by_what_they_are_above_the_lowest() -> None:
    plain = heights(SWEEP, 0.0)
    assert plain.base == 0
    assert plain.values[:7] == pytest.approx(np.log10(SWEEP.costs[:7]))
    assert math.isnan(plain.values[8])
    assert list(plain.beyond) == [0] * 7 + [1, 0]
    below = heights(replace(SWEEP, costs=SWEEP.costs - 40, start_cost=-15.0), -41.0)
    assert below.base == -41
    assert below.values[:3] == pytest.approx(np.log10([21, 16, 6]))
    assert below.start == pytest.approx(math.log10(26))
    # Without a known minimum the lowest outcome is the ground, 12 decades below the start's cost.
    unknown = heights(replace(SWEEP, costs=SWEEP.costs - 40, start_cost=-15.0), None)
    assert unknown.base == pytest.approx(-40, abs=1e-5)
    assert unknown.values[5] == pytest.approx(math.log10(25e-12), abs=1e-4)
    assert unknown.beyond[5] == -1


def test_a_cost_of_zero_and_a_start_at_the_minimum_have_a_place() -> None:
    found = heights(replace(SWEEP, costs=np.zeros(9), blew_up=np.full(9, -1), start_cost=0.0), None)
    assert np.isfinite(found.values).all()
    assert found.top > found.bottom
