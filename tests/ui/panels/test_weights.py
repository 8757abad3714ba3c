"""The weights panel draws a network's first layer as a frame says: the pictures' pixels, and what is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gdviz.ui.panels.weights.mosaic import grid
from gdviz.ui.theme import DARK, LIGHT, Theme
from tests.ui.panels.weights_support import (
    Net,
    colour_at,
    frame,
    near,
    on_screen,
    run_frame,
    standing_clock,
    surface_frame,
)

if TYPE_CHECKING:
    from gdviz.ui.panels.weights import WeightsPanel

panel = pytest.fixture(on_screen)
clock = pytest.fixture(standing_clock)


def pixel_colour(panel: WeightsPanel, tile: int, pixel: tuple[int, int]) -> QColor:
    return colour_at(panel.layer.mosaic, panel.layer.mosaic.place(tile, pixel).center().toPoint())


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
