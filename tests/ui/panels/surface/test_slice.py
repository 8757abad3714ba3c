from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from gdviz.core.frame import SliceView

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from gdviz.ui.theme import Theme
    from tests.ui.panels.surface.conftest import Frames, Screen


def test_a_slice_says_what_it_is(screen: Screen, frames: Frames) -> None:
    note = "plane of the path through step 1,240 · 1,000 images, 65 × 65 points"
    landscape = replace(frames.map_landscape(note=note), labels=("along the path", "across it"))
    runs = (
        frames.run(frames.bowl, np.array([[1.0, 0.5], [0.5, 0.4]]), off_plane=1.8421),
        frames.run(frames.bowl, np.zeros((1, 2)), on_surface=False, trail=np.empty((0, 2)), label="shuffled"),
    )
    frame = frames.frame(frames.bowl, landscape, *runs)
    frame = replace(frame, terms=(), slope=None, theta=np.zeros(13002), descent=(-1.0, 0.0), remaking=True)
    frame = replace(frame, view=SliceView("gradient", 1000), plane="path")
    screen.show(frame)
    said = screen.texts()
    assert any(text.startswith("plane of the path through step 1,240 · 1,0") for text in said)
    assert "making another slice…" in said
    assert "shuffled: its ball belongs to another surface" in said
    assert screen.reading().splitlines() == ["0.73 | 1.842", "cost off the plane (axis units)"]
    assert screen.panel._readout.toolTip() == screen.reading()
    assert screen.panel._readout.reading.captions == ("cost", "", "off the plane")
    tip, ball = screen.map._arrow.polygon().at(0), screen.pixels()(np.array([0.5, 0.4]))
    assert tip.x() < ball[0] - 40
    assert tip.y() == pytest.approx(ball[1])
    for other in (replace(frame, remaking=False), replace(frame, plane="gradient")):  # what is renewed is not said
        screen.show(other)
        assert "making another slice…" not in screen.texts()


@pytest.mark.parametrize("selected", [0, 1])
def test_a_ball_far_off_the_slice_is_a_ring_with_a_faint_trail(
    screen: Screen, frames: Frames, theme: Theme, selected: int
) -> None:
    points = np.array([[-1.5, 1.0], [-1.5, -1.0], [0.5, -1.0]])

    def picture(off_plane: float, is_far: bool = False) -> QImage:
        far = frames.run(frames.bowl, points, colour=1, off_plane=off_plane, far=is_far)
        near = frames.run(frames.bowl, -points, off_plane=0.3)
        frame = frames.frame(frames.bowl, frames.map_landscape(), near, far, selected=selected)
        return screen.show(replace(frame, terms=()))  # no arrow over the ball

    near, far, near_again = picture(0.3), picture(0.31, is_far=True), picture(0.0)
    # Of the other pictures: what is there without the run, and the run's colour.
    empty = screen.show(
        replace(frames.frame(frames.bowl, frames.map_landscape(), frames.run(frames.bowl, -points)), terms=())
    )
    colour = QColor(theme.runs[1])
    radius = round(screen.map._marks[1].ball.rect().width() / 2)
    ball = (0.5, -1.0)
    assert screen.colour(near, *ball) == screen.colour(near_again, *ball) == colour.name()
    # Inside the ring the map shows, where the line's round end is not.
    inside, map_there = (QColor(screen.colour(image, *ball, right=2, down=-2)) for image in (far, empty))
    assert colour_distance(inside, map_there) < 15
    edge = [QColor(screen.colour(far, *ball, right=radius + more)) for more in range(-1, 5)]
    assert min(colour_distance(pixel, colour) for pixel in edge) < 30
    assert min(colour_distance(pixel, QColor(theme.panel)) for pixel in edge) < 80
    # The line half way between two points: a third of the way from the map to the run's colour.
    line, under, faint = (QColor(screen.colour(image, -1.5, 0.5)) for image in (near, empty, far))
    assert colour_distance(line, colour) < 100 < colour_distance(line, under)
    assert colour_distance(faint, under) == pytest.approx(0.35 * colour_distance(line, under), rel=0.25)
    assert screen.colour(far, -0.5, 1.0) == QColor(theme.runs[0]).name()  # the other run is near: as ever


def colour_distance(a: QColor, b: QColor) -> float:
    return float(np.hypot.reduce([a.red() - b.red(), a.green() - b.green(), a.blue() - b.blue()]))


def test_balls_far_off_the_slice_are_listed(screen: Screen, frames: Frames) -> None:
    here = np.array([[0.5, 0.5]])
    runs = tuple(
        frames.run(frames.bowl, here, label=label, off_plane=off, far=off > 1, ghost=label == "seed 3")
        for label, off in (("seed 3", 1.42), ("seed 0", 0.3), ("seed 1", 1.46), ("seed 2", np.inf))
    )
    elsewhere = frames.run(frames.bowl, here, label="other", off_plane=2.0, far=True, on_surface=False)
    frame = frames.frame(frames.bowl, frames.map_landscape(note="slice"), *runs, elsewhere, selected=1)
    screen.show(frame)
    whole = "off this plane: seed 3 before by 1.4, seed 1 by 1.5, seed 2 by ∞"
    assert whole in screen.texts()
    label = screen.map._remarks._off
    assert label.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    one_line = label.height()
    assert one_line < 2 * label.fontMetrics().lineSpacing()
    screen.panel.resize(320, 400)
    QApplication.processEvents()
    assert label.text().startswith("off this plane: seed 3 before by 1.4,")
    assert label.text().endswith("…")
    assert label.toolTip() == whole
    assert not label.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)  # so the tooltip shows
    assert label.height() == one_line + label.fontMetrics().lineSpacing()
    assert label.geometry().right() < screen.map._view.sceneBoundingRect().right()
    screen.show(replace(frame, runs=frame.runs[1:2], selected=0))
    assert not label.isVisible()


@pytest.mark.parametrize(
    ("window", "said"), [(100, "arrow: down this mini-batch's slope"), (1, "arrow: down the slope")]
)
def test_the_arrow_on_a_slice_says_which_slope_it_goes_down(
    screen: Screen, frames: Frames, window: int, said: str
) -> None:
    run = frames.run(frames.bowl, np.array([[0.5, 0.4]]))
    run = replace(run, curve=replace(run.curve, window=window))
    frame = frames.frame(frames.network, frames.map_landscape(), run)
    frame = replace(frame, terms=(), slope=None, theta=np.zeros(13002), descent=(-1.0, 0.0))
    screen.show(frame)
    assert screen.map._arrow.isVisible()
    assert said in screen.texts()
    for size in ((700, 500), (1400, 900), (420, 400)):
        screen.panel.resize(*size)
        QApplication.processEvents()
        arrow = screen.map._remarks._arrow.geometry()
        assert screen.map._view.sceneBoundingRect().toAlignedRect().contains(arrow)
    screen.show(replace(frame, descent=None))
    assert not any(text.startswith("arrow") for text in screen.texts())
    screen.show(frames.on_bowl((1.0, 1.0)))  # the cost itself: the readout says it
    assert not any(text.startswith("arrow") for text in screen.texts())


def test_no_landscape_yet(screen: Screen, frames: Frames) -> None:
    frame = frames.on_bowl((1.0, 1.0))
    screen.show(frame)
    screen.show(replace(frame, landscape=None))
    assert "computing the surface…" in screen.texts()
    assert not screen.map._marks[0].ball.isVisible()
    assert not any(label._pill.isVisible() for label in screen.map._map._labels)


def test_a_run_that_blew_up_says_so(screen: Screen, frames: Frames) -> None:
    screen.show(frames.on_bowl((1.0, 1.0), ended="blew up at step 323"))
    assert "blew up at step 323" in screen.texts()
    screen.show(frames.on_bowl((1.0, 1.0), ended="40 epochs are done"))
    assert "40 epochs are done" not in screen.texts()
