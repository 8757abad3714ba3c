"""The weights panel draws what a frame says: the pictures' pixels, the bars' lengths, the numbers."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gdviz.core.frame import Curve, Evaluations, Frame, RunFrame
from gdviz.core.history import History
from gdviz.core.network import Network
from gdviz.core.optimizers import GradientDescent, HeavyBall
from gdviz.core.surfaces import SURFACES
from gdviz.ui.numbers import signed
from gdviz.ui.panels.weights import WeightsPanel
from gdviz.ui.panels.weights.level import Level
from gdviz.ui.panels.weights.mosaic import grid
from gdviz.ui.theme import DARK, LIGHT, Theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from gdviz.core.optimizer import Optimizer
    from gdviz.core.problem import Vector

    Show = Callable[[Frame], WeightsPanel]


class Net:
    """As much of a digit problem as the panel looks at."""

    def __init__(self, n_hidden: int = 16, n_in: int = 784) -> None:
        self.network = Network((n_in, n_hidden, 10))
        self.n_params = self.network.n_params
        self.theta = np.zeros(self.n_params, np.float32)
        self.weights, self.biases = next(self.network.layers(self.theta))


def run_frame(step: int = 0, label: str = "", colour: int = 0) -> RunFrame:
    none = np.zeros(0)
    return RunFrame(
        colour=colour,
        label=label,
        ghost=False,
        on_surface=True,
        step=step,
        newest=step,
        epoch=None,
        cost=1.0,
        grad_norm=1.0,
        learning_rate=0.1,
        ended="",
        curve=Curve(none, none, none, none, 1, 1),
        evaluations=Evaluations(none.astype(np.int64), none, none, none, none),
        trail=np.zeros((0, 2)),
        trail_costs=none,
        off_plane=0.0,
        optimizer=GradientDescent(),
        past=History(1, 0, np.dtype(float), 64).table(),
        row=0,
    )


def frame(problem: Any, theta: Vector, **others: Any) -> Frame:
    runs = others.pop("runs", (run_frame(others.pop("step", 0)),))
    values: dict[str, Any] = {
        "problem": problem,
        "runs": runs,
        "selected": len(runs) - 1,
        "live": False,
        "landscape": None,
        "remaking": False,
        "theta": theta,
        "theta_step": runs[-1].step,
        "start": np.zeros_like(theta),
        "slope": None,
        "terms": (),
        "descent": None,
        "sharpness": None,
    }
    return Frame(**(values | others))


def surface_frame(*theta: float, optimizer: Optimizer | None = None, **others: Any) -> Frame:
    optimizer = optimizer or GradientDescent(learning_rate=0.1)
    surface = next(surface for surface in SURFACES if surface.n_params == len(theta))
    at, slope = np.array(theta), np.empty(len(theta))
    with np.errstate(all="ignore"):
        surface.cost_and_gradient(at, slope)
        terms = optimizer.terms(at, slope, optimizer.new_state(at), optimizer.learning_rate, 1)
    return frame(surface, at, slope=slope, terms=terms, **others)


@pytest.fixture(params=[DARK, LIGHT], ids=lambda theme: theme.name)
def theme(request: pytest.FixtureRequest) -> Theme:
    return cast("Theme", request.param)


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme) -> WeightsPanel:
    made = WeightsPanel(theme, clock=lambda: time.monotonic())  # as it is then: a test may have set it
    qtbot.addWidget(made)
    made.resize(480, 480)
    made.show()
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still until it is moved."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def colour_at(widget: QWidget, at: QPoint) -> QColor:
    return widget.grab().toImage().pixelColor(at)


def pixel_colour(panel: WeightsPanel, tile: int, pixel: tuple[int, int]) -> QColor:
    return colour_at(panel.layer.mosaic, panel.layer.mosaic.place(tile, pixel).center().toPoint())


def near(one: QColor, other: str, by: int = 2) -> bool:
    """The same colour but for the rounding of one level of 127."""
    wanted = QColor(other)
    pairs = ((one.red(), wanted.red()), (one.green(), wanted.green()), (one.blue(), wanted.blue()))
    return all(abs(a - b) <= by for a, b in pairs)


def move_to(panel: WeightsPanel, at: QPointF) -> None:
    """Move the mouse; Qt's own test function drops a move to where another test's window had it."""
    mosaic, none = panel.layer.mosaic, Qt.MouseButton.NoButton
    event = QMouseEvent(QEvent.Type.MouseMove, at, at, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(mosaic, event)


def point(panel: WeightsPanel, tile: int, pixel: tuple[int, int]) -> None:
    move_to(panel, panel.layer.mosaic.place(tile, pixel).center())


def click(panel: WeightsPanel, tile: int) -> None:
    mosaic = panel.layer.mosaic
    QTest.mouseClick(mosaic, Qt.MouseButton.LeftButton, pos=mosaic.place(tile, (14, 14)).center().toPoint())


def test_each_weight_is_a_pixel_of_its_neuron(panel: WeightsPanel, theme: Theme) -> None:
    net = Net()
    net.weights[:, 3] = 0.5  # more than 0.5 % of the weights: they make the level 1/2
    net.weights[28 * 17 + 12, 5] = -0.5  # row 17, column 12
    net.weights[28 * 2 + 3, 5] = 7.0  # beyond the level
    panel.show_frame(frame(net, net.theta))
    assert str(panel.layer.level) == "1/2"
    assert near(pixel_colour(panel, 3, (20, 4)), theme.positive)
    assert near(pixel_colour(panel, 5, (12, 17)), theme.negative)
    assert near(pixel_colour(panel, 5, (3, 2)), theme.positive)
    assert near(pixel_colour(panel, 5, (17, 12)), theme.panel)  # zero is the background
    assert near(pixel_colour(panel, 15, (27, 27)), theme.panel)
    half = QColor(*theme.signed_table()[round(128 + 127 / 2)].tolist()).name()
    net.weights[:, 8] = 0.25
    panel.show_frame(frame(net, net.theta.copy()))
    assert near(pixel_colour(panel, 8, (14, 14)), half)


def test_tiles_lie_in_rows_with_a_gap_between_them(panel: WeightsPanel, theme: Theme) -> None:
    net = Net()
    panel.show_frame(frame(net, net.theta))
    mosaic = panel.layer.mosaic
    first, second, below = mosaic.place(0), mosaic.place(1), mosaic.place(4)
    assert first.top() == second.top()
    assert first.left() == below.left()
    assert first.width() == first.height()
    gap = QPoint(round((first.right() + second.left()) / 2 - 0.5), round(first.center().y()))
    assert near(colour_at(mosaic, gap), theme.border)
    assert mosaic.rect().contains(mosaic.place(15).toAlignedRect())


def test_a_hole_in_the_grid_is_background(panel: WeightsPanel, theme: Theme) -> None:
    net = Net(n_hidden=3)
    panel.show_frame(frame(net, net.theta))
    mosaic = panel.layer.mosaic
    hole = QPoint(round(mosaic.place(1).center().x()), round(mosaic.place(2).center().y()))
    assert near(colour_at(mosaic, hole), theme.panel)


def test_the_theme_can_be_changed(panel: WeightsPanel) -> None:
    net = Net()
    net.weights[:, 3] = 0.5
    panel.show_frame(frame(net, net.theta))
    for theme in (LIGHT, DARK):
        panel.set_theme(theme)
        assert near(pixel_colour(panel, 3, (14, 14)), theme.positive)
        assert near(pixel_colour(panel, 4, (14, 14)), theme.panel)


@pytest.mark.parametrize(
    ("n", "size", "expected"),
    [(16, (400, 400), (4, 4)), (16, (800, 200), (2, 8)), (16, (100, 1600), (16, 1)), (1, (300, 80), (1, 1))],
)
def test_the_grid_makes_tiles_as_large_as_they_fit(n: int, size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert grid(n, 28, *size) == expected


def test_the_grid_follows_the_panels_shape(panel: WeightsPanel, theme: Theme) -> None:
    net = Net()
    net.weights[:, 3] = 0.5
    panel.show_frame(frame(net, net.theta))
    panel.resize(1400, 220)
    mosaic = panel.layer.mosaic
    assert mosaic.place(0).top() == mosaic.place(7).top()
    assert near(pixel_colour(panel, 3, (14, 14)), theme.positive)
    assert near(pixel_colour(panel, 2, (14, 14)), theme.panel)


def test_change_is_the_way_from_the_start_on_a_scale_of_its_own(panel: WeightsPanel, theme: Theme) -> None:
    net = Net()
    net.weights[:] = 0.9
    start = net.theta.copy()
    net.weights[:, 2] -= 0.125
    panel.show_frame(frame(net, net.theta, start=start))
    assert str(panel.layer.level) == "1"
    panel.change.click()
    assert str(panel.layer.level) == "1/8"
    assert near(pixel_colour(panel, 2, (14, 14)), theme.negative)
    assert near(pixel_colour(panel, 3, (14, 14)), theme.panel)
    panel.weights.click()
    assert str(panel.layer.level) == "1"


def test_pointing_tells_the_numbers_and_moves_nothing(panel: WeightsPanel, theme: Theme) -> None:
    net = Net()
    net.weights[:, 0] = 0.5
    net.weights[28 * 17 + 12, 4] = -0.312
    net.biases[4] = 0.04
    panel.show_frame(frame(net, net.theta, start=net.theta / 2))
    before = panel.layer.mosaic.geometry(), panel.layer.readout.geometry()
    assert panel.layer.readout.text == "16 neurons, 28 × 28 weights each; click to enlarge"
    point(panel, 4, (12, 17))
    assert panel.layer.readout.text == "neuron 5 · pixel (12, 17) · weight −0.312 · bias +0.0400"
    corner = panel.layer.mosaic.place(4).topLeft().toPoint()
    assert near(colour_at(panel.layer.mosaic, corner + QPoint(0, 20)), theme.accent)
    panel.change.click()
    assert panel.layer.readout.text == "neuron 5 · pixel (12, 17) · change −0.156 · bias change +0.0200"
    assert (panel.layer.mosaic.geometry(), panel.layer.readout.geometry()) == before
    move_to(panel, QPointF(0, 0))
    assert panel.layer.readout.text.startswith("16 neurons")


def test_numbers_wait_while_live_and_follow_the_hand_at_once(panel: WeightsPanel, clock: list[float]) -> None:
    net = Net()

    def show(weight: float, live: bool) -> str:
        net.weights[0, 0] = weight
        panel.show_frame(frame(net, net.theta.copy(), live=live))
        return panel.layer.readout.text

    show(0.1, live=True)
    point(panel, 0, (0, 0))
    assert "+0.100" in show(0.2, live=True)
    assert "+0.300" in show(0.3, live=False)
    assert "+0.300" in show(0.4, live=True)
    clock[0] += 0.13
    assert "+0.500" in show(0.5, live=True)


@pytest.mark.parametrize("way_back", ["Back", "Escape", "click"])
def test_a_click_enlarges_and_three_ways_lead_back(panel: WeightsPanel, theme: Theme, way_back: str) -> None:
    net = Net()
    net.weights[:, 6] = 0.5
    net.weights[0, 6] = -0.5
    panel.show_frame(frame(net, net.theta))
    mosaic = panel.layer.mosaic
    small = mosaic.place(6).width()
    click(panel, 6)
    assert panel.title.text == "NEURON 7 OF 16"
    assert mosaic.place(6).width() > 3 * small
    assert near(pixel_colour(panel, 6, (0, 0)), theme.negative)
    assert near(pixel_colour(panel, 6, (27, 27)), theme.positive)
    point(panel, 6, (0, 0))
    assert "pixel (0, 0) · weight −0.500" in panel.layer.readout.text
    if way_back == "Back":
        panel.back.click()
    elif way_back == "Escape":
        QTest.keyClick(mosaic, Qt.Key.Key_Escape)
    else:
        click(panel, 6)
    assert panel.title.text == "FIRST-LAYER WEIGHTS"
    assert mosaic.place(6).width() == small
    assert not panel.back.isVisible()


def test_keys_choose_and_enlarge_and_transport_keys_pass(panel: WeightsPanel) -> None:
    net = Net()
    panel.show_frame(frame(net, net.theta))
    mosaic = panel.layer.mosaic
    for _ in range(3):
        QTest.keyClick(mosaic, Qt.Key.Key_Down)
    QTest.keyClick(mosaic, Qt.Key.Key_Up)
    assert panel.layer.readout.text == "neuron 2 · bias 0"
    QTest.keyClick(mosaic, Qt.Key.Key_Return)
    assert panel.title.text == "NEURON 2 OF 16"
    QTest.keyClick(mosaic, Qt.Key.Key_Down)
    assert panel.title.text == "NEURON 3 OF 16"
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Space, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_R):
        event = QKeyEvent(QKeyEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier)
        mosaic.keyPressEvent(event)
        assert not event.isAccepted()


def test_a_smaller_network_ends_the_enlargement(panel: WeightsPanel) -> None:
    net, small = Net(16), Net(4)
    panel.show_frame(frame(net, net.theta))
    click(panel, 6)
    panel.show_frame(frame(small, small.theta))
    assert panel.title.text == "FIRST-LAYER WEIGHTS"


def test_more_neurons_than_can_be_drawn_are_said(panel: WeightsPanel) -> None:
    net = Net(300)
    panel.show_frame(frame(net, net.theta))
    assert panel.layer.readout.text.startswith("first 100 of 300 neurons")
    assert panel.layer.mosaic.rect().contains(panel.layer.mosaic.place(99).toAlignedRect())


def test_inputs_that_make_no_square_are_padded(panel: WeightsPanel, theme: Theme) -> None:
    net = Net(2, n_in=10)  # 4 x 4, of which 6 are no weights
    net.weights[:] = 0.5
    panel.show_frame(frame(net, net.theta))
    assert near(pixel_colour(panel, 1, (1, 2)), theme.positive)
    assert near(pixel_colour(panel, 1, (2, 2)), theme.border)
    point(panel, 1, (2, 2))
    assert panel.layer.readout.text == "neuron 2 · bias 0"


def test_what_is_no_number_is_drawn_as_none(panel: WeightsPanel, theme: Theme) -> None:
    net = Net()
    net.weights[:, 0] = 0.5
    net.weights[:3, 1] = np.nan, np.inf, -np.inf
    panel.show_frame(frame(net, net.theta, start=net.theta))
    assert str(panel.layer.level) == "1/2"
    assert near(pixel_colour(panel, 1, (0, 0)), theme.border)
    assert near(pixel_colour(panel, 1, (1, 0)), theme.positive)
    assert near(pixel_colour(panel, 1, (2, 0)), theme.negative)
    point(panel, 1, (0, 0))
    assert "weight nan" in panel.layer.readout.text
    panel.change.click()  # inf - inf
    net.theta[:] = np.nan
    panel.show_frame(frame(net, net.theta.copy()))


def test_a_change_of_level_is_shown_for_a_moment(panel: WeightsPanel, clock: list[float]) -> None:
    net = Net()
    net.weights[:] = 0.4
    panel.show_frame(frame(net, net.theta))
    assert panel.note.text == ""
    net.weights[:] = 0.6
    panel.show_frame(frame(net, net.theta.copy()))
    assert panel.note.text == "scale now ±1"
    clock[0] += 2.1
    panel.show_frame(frame(net, net.theta))
    assert panel.note.text == ""


def test_the_legend_runs_from_orange_over_the_background_to_blue(panel: WeightsPanel, theme: Theme) -> None:
    net = Net()
    net.weights[:] = 0.4
    panel.show_frame(frame(net, net.theta))
    image = panel.legend.grab().toImage()
    row = [image.pixelColor(x, 3) for x in range(image.width())]  # above the 0
    orange = [x for x, colour in enumerate(row) if near(colour, theme.negative, by=9)]
    blue = [x for x, colour in enumerate(row) if near(colour, theme.positive, by=9)]
    assert near(row[(orange[0] + blue[-1]) // 2], theme.panel, by=9)
    assert panel.legend.accessibleDescription() == "from minus 1/2 to plus 1/2"


def test_weights_of_another_step_say_so(panel: WeightsPanel) -> None:
    net = Net()
    panel.show_frame(frame(net, net.theta, step=1240, theta_step=1200))
    assert panel.note.text == "weights of step 1,200"
    panel.show_frame(frame(net, net.theta, step=1240))
    assert panel.note.text == ""


def test_with_several_runs_the_selected_one_is_named(panel: WeightsPanel, theme: Theme) -> None:
    net = Net()
    panel.show_frame(frame(net, net.theta))
    assert not panel.swatch.isVisible()
    panel.show_frame(frame(net, net.theta, runs=(run_frame(label="seed 1"), run_frame(label="seed 2", colour=3))))
    assert panel.run_label.text == "seed 2"
    assert near(colour_at(panel.swatch, panel.swatch.rect().center()), theme.runs[3])


def bar(panel: WeightsPanel, row: int, knob: int, theme: Theme) -> tuple[float, float]:
    """From where to where the bar reaches, as shares of its track: -1 to 1."""
    track: QRectF = panel.bars.tracks[row][knob]
    image = panel.bars.grab().toImage()
    y = round(track.center().y())
    coloured = [
        x
        for x in range(round(track.left()), round(track.right()))
        if near(image.pixelColor(x, y), theme.positive) or near(image.pixelColor(x, y), theme.negative)
    ]
    if not coloured:
        return 0.0, 0.0
    half = track.width() / 2
    return (coloured[0] - track.center().x()) / half, (coloured[-1] + 1 - track.center().x()) / half


def test_a_knob_and_its_slope_are_bars_from_zero(panel: WeightsPanel, theme: Theme) -> None:
    panel.show_frame(surface_frame(-3.0))  # slope -6, step -0.6: scales 4, 8, 1
    assert panel.title.text == "KNOBS AND SLOPES"
    panel.bars.grab()
    for row, share in enumerate((-3 / 4, -6 / 8, -0.6)):
        assert bar(panel, row, 0, theme) == pytest.approx((share, 0), abs=0.02)
    y = round(panel.bars.tracks[0][0].center().y())
    x = round(panel.bars.tracks[0][0].center().x())
    assert near(colour_at(panel.bars, QPoint(x - 20, y)), theme.negative)


def test_two_knobs_share_a_scale_and_every_part_of_the_step_has_a_row(panel: WeightsPanel, theme: Theme) -> None:
    panel.show_frame(surface_frame(3.0, -1.0, optimizer=HeavyBall(learning_rate=0.1)))
    panel.bars.grab()
    assert len(panel.bars.tracks) == 4  # value, slope, velocity, step
    assert bar(panel, 0, 0, theme) == pytest.approx((0, 3 / 4), abs=0.03)
    assert bar(panel, 0, 1, theme) == pytest.approx((-1 / 4, 0), abs=0.03)
    thick, thin = panel.bars.tracks[0][0].height(), panel.bars.tracks[2][0].height()
    assert thin < thick


def test_infinite_knobs_fill_their_bar_and_nan_has_none(panel: WeightsPanel, theme: Theme) -> None:
    panel.show_frame(surface_frame(math.inf))
    panel.bars.grab()
    assert bar(panel, 0, 0, theme) == pytest.approx((0, 1), abs=0.02)
    panel.show_frame(surface_frame(math.nan))
    assert bar(panel, 0, 0, theme) == (0, 0)


def test_a_shrinking_slope_is_seen_to_shrink_before_its_scale_follows(
    panel: WeightsPanel, theme: Theme, clock: list[float]
) -> None:
    panel.show_frame(surface_frame(5.0))
    panel.show_frame(surface_frame(0.5))
    panel.bars.grab()
    assert bar(panel, 1, 0, theme) == pytest.approx((0, 1 / 16), abs=0.02)
    assert panel.note.text == ""
    panel.show_frame(surface_frame(0.2))
    assert panel.note.text == "scale of value now ±1/4"
    assert bar(panel, 1, 0, theme) == pytest.approx((0, 0.4 / 0.5), abs=0.02)


def test_what_belongs_to_pictures_goes_with_them(panel: WeightsPanel) -> None:
    net = Net()
    panel.show_frame(frame(net, net.theta))
    assert panel.change.isVisible()
    assert panel.layer.isVisible()
    panel.show_frame(surface_frame(5.0))
    assert not panel.change.isVisible()
    assert not panel.legend.isVisible()
    assert panel.bars.isVisible()
    panel.show_frame(frame(net, net.theta))
    assert panel.change.isVisible()
    assert panel.title.text == "FIRST-LAYER WEIGHTS"


def test_the_panel_never_asks_for_more_room_than_the_smallest_window_has(panel: WeightsPanel) -> None:
    net = Net(300)
    runs = (run_frame(), run_frame(label="a run with a very long label indeed", step=1240))
    panel.show_frame(frame(net, net.theta, runs=runs, theta_step=1200))
    assert panel.minimumSizeHint().width() <= 280
    assert panel.minimumSizeHint().height() <= 200


def test_a_level_holds_still() -> None:
    level = Level(keep=1 / 4)
    seen = [
        (level.fit(size), str(level), level.fresh) for size in (0.3, 0.5, 0.51, 0.25, 0.24, 0.0, math.inf, math.nan)
    ]
    assert seen == [
        (True, "1/2", False),  # the first one is no change
        (False, "1/2", False),
        (True, "1", True),
        (False, "1", True),
        (True, "1/4", True),
        *[(False, "1/4", True)] * 3,
    ]


@pytest.mark.parametrize(
    ("size", "text"), [(5.0, "8"), (3000.0, "4,096"), (1e30, "2¹⁰⁰"), (1e-5, "2⁻¹⁶"), (1.7e308, "2¹⁰²³")]
)
def test_a_level_reads_as_a_power_of_two(size: float, text: str) -> None:
    level = Level(keep=1 / 4)
    level.fit(size)
    assert str(level) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.31, "+0.310"),
        (-12.345, "−12.3"),
        (1234.0, "+1.23e3"),
        (-1.2e-5, "−1.20e−5"),
        (123.0, "+123"),
        (0.0, "0"),
        (math.inf, "inf"),
        (-math.inf, "−inf"),
        (math.nan, "nan"),
    ],
)
def test_numbers_keep_their_sign_and_length(value: float, text: str) -> None:
    assert signed(value) == text
