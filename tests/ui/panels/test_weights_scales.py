"""What the weights panel measures by: the bars of knobs and slopes, the levels, the legend, the numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRectF

from gdviz.core.optimizers import HeavyBall
from gdviz.ui.numbers import signed
from gdviz.ui.panels.weights.level import Level
from tests.ui.panels.weights_support import Net, colour_at, frame, near, on_screen, standing_clock, surface_frame

if TYPE_CHECKING:
    from gdviz.ui.panels.weights import WeightsPanel
    from gdviz.ui.theme import Theme

panel = pytest.fixture(on_screen)
clock = pytest.fixture(standing_clock)


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
