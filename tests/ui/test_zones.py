"""The learning rate's slider: the zones, the mark and the words lie where the rates do."""

import math

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from gdviz.core.curvature import Zone, zones
from gdviz.core.optimizer import Limits
from gdviz.ui.theme import DARK, LIGHT, Theme
from gdviz.ui.zones import RateSlider, named, side_by_side


@pytest.fixture
def slider(qtbot: QtBot) -> RateSlider:
    made = RateSlider(0, 1e6, 1e-4, "learning rate", track=(1e-4, 10.0))
    made.track.set_theme(DARK)
    made.track.room_for_words = True
    made.resize(400, 90)
    qtbot.addWidget(made)
    made.show()
    return made


PARABOLA = Limits(crawl=0.05, bounce=0.5, unstable=1.0)
"""of plain gradient descent on w², whose curvature is 2"""


def picture(slider: RateSlider) -> QImage:
    return slider.track.grab().toImage()


def column(slider: RateSlider, rate: float) -> int:
    return round(slider.track._at(slider._share(rate)))


def colour_at(slider: RateSlider, rate: float) -> QColor:
    return picture(slider).pixelColor(column(slider, rate), round(slider.track._middle()))


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_the_groove_has_each_regimes_colour_at_its_rates(slider: RateSlider, theme: Theme) -> None:
    slider.track.set_theme(theme)
    slider.set_zones(zones(PARABOLA), PARABOLA.unstable)
    for rate, word in ((0.03, "crawling"), (0.2, "converging"), (0.7, "bouncing"), (3, "unstable")):
        assert colour_at(slider, rate) == theme.regime(word), word
    assert colour_at(slider, 1.0) == QColor(theme.text)  # the mark at the limit, which is 2/L = 1
    slider.set_zones((), None)
    assert colour_at(slider, 3).name() == slider.palette().mid().color().name()


def test_zones_beyond_the_track_are_cut_off_and_a_limit_there_has_no_mark(slider: RateSlider) -> None:
    slider.set_zones((Zone(0, 1e-6, "crawling"), Zone(1e-6, 50, "converging"), Zone(50, math.inf, "unstable")), 50.0)
    image, middle = picture(slider), round(slider.track._middle())
    right = slider.track.width() - 4
    seen = {image.pixelColor(x, middle).name() for x in range(column(slider, 2e-4), right)}
    assert seen == {DARK.regime("converging").name()}


def test_a_place_says_what_its_rates_do_and_the_mark_what_it_means(slider: RateSlider) -> None:
    slider.set_zones(zones(PARABOLA), PARABOLA.unstable)

    def says(rate: float) -> str:
        return slider.track.says_at(column(slider, rate))

    assert says(1.0) == "stability limit 1: above it every step leads farther away"
    assert says(0.01) == "crawl: what learning rates below 0.05 do here, at the ball"
    assert says(0.2) == "converge: what learning rates from 0.05 to 0.5 do here, at the ball"
    assert says(5) == "unstable: what learning rates above 1 do here, at the ball"
    slider.set_zones((Zone(1e-5, 10, "converging"),), None, "in the sweep")
    assert says(0.2) == "converge: what learning rates from 1e-5 to 10 do in the sweep"


def test_nothing_moves_and_nothing_is_painted_again_without_a_change(slider: RateSlider, qtbot: QtBot) -> None:
    height = slider.sizeHint().height()
    slider.set_zones(zones(PARABOLA), PARABOLA.unstable)
    assert slider.sizeHint().height() == height
    picture(slider)
    qtbot.wait(50)
    painted = []
    slider.track.paint_groove = lambda *_: painted.append(1)  # type: ignore[method-assign]  # counts the paints
    slider.set_zones(zones(PARABOLA), PARABOLA.unstable)
    qtbot.wait(50)
    assert not painted
    slider.set_zones((), None)
    qtbot.wait(50)
    assert painted


def test_the_words_stand_under_their_zones(slider: RateSlider) -> None:
    slider.set_zones((Zone(0, 0.03, "crawling"), Zone(0.03, math.inf, "unstable")), None)
    image, track = picture(slider), slider.track
    first = round(2 * track._middle()) + 1
    for word in ("crawling", "unstable"):
        found = [
            x
            for x in range(image.width())
            for y in range(first, image.height())
            if image.pixelColor(QPoint(x, y)) == DARK.regime(word)
        ]
        assert found, word
        assert (max(found) < column(slider, 0.03)) == (word == "crawling")


def test_labels_make_room_for_each_other_and_stay_on_the_line() -> None:
    assert side_by_side([(10, 4), (50, 4)], 100, 2) == [8, 48]
    assert side_by_side([(10, 6), (11, 6)], 100, 2) == [7, 15]
    assert side_by_side([(99, 6), (100, 6)], 100, 2) == [86, 94]
    # The narrowest goes where not all fit, and one far narrower than its word at once.
    assert [i for i, _ in named([(0, 40, 50), (40, 60, 50), (60, 100, 50)], 110, 4)] == [0, 2]
    assert [i for i, _ in named([(0, 90, 20), (90, 92, 20)], 100, 4)] == [0]
