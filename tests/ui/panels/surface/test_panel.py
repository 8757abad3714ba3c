from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from gdviz.core.surfaces import SURFACES
from gdviz.ui.panels.surface.contour import band_colours
from gdviz.ui.panels.surface.marks import RunMarks
from gdviz.ui.theme import DARK, LIGHT
from gdviz.ui.widgets import Button

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import Frame
    from gdviz.ui.panels.surface import SurfacePanel
    from gdviz.ui.theme import Theme
    from tests.ui.panels.surface.conftest import Frames, Screen


def test_zoom_offers_the_way_back(screen: Screen, frames: Frames) -> None:
    screen.show(frames.on_bowl((1.0, 1.0)))
    button = screen.panel._reset
    assert not button.isVisible()
    screen.map._view.scaleBy((0.5, 0.5))
    screen.map._view.sigRangeChangedManually.emit([True, True])  # what the wheel does
    place = screen.pixels()(np.array([1.0, 1.0]))
    assert (screen.map._marks[0].ball.x(), screen.map._marks[0].ball.y()) == pytest.approx(tuple(place))
    # A new slice of the same problem leaves the view alone.
    frame = screen.map._frame
    assert frame is not None
    screen.panel.show_frame(replace(frame, landscape=frames.map_landscape(4.0)))
    assert screen.map._view.viewRange()[0] == pytest.approx([-1, 1])
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert screen.map._view.viewRange()[0] == pytest.approx([-4, 4])
    assert not button.isVisible()


def test_another_problem_takes_the_whole_panel(screen: Screen, frames: Frames, theme: Theme) -> None:
    screen.show(frames.on_bowl((1.0, 1.0)))
    screen.map._view.sigRangeChangedManually.emit([True, True])
    image = screen.show(frames.on_parabola(5.0))
    assert screen.map._view.viewRange()[0] == pytest.approx([-6, 6])
    assert screen.colour(image, 0, 20) == QColor(theme.panel).name()  # no map any more
    image = screen.show(frames.on_bowl((1.0, 1.0)))
    assert not screen.map._curve.landing.isVisible()
    assert screen.colour(image, 0.1, 0.1) == QColor(*band_colours(5)[0].tolist()).name()


def test_the_other_theme_repaints_everything(screen: Screen, frames: Frames, theme: Theme) -> None:
    screen.show(frames.on_parabola(5.0))
    other = LIGHT if theme is DARK else DARK
    screen.panel.set_theme(other)
    image = screen.panel.grab().toImage()
    assert screen.colour(image, 5, 25) == QColor(other.runs[0]).name()
    assert screen.colour(image, 0, 20) == QColor(other.panel).name()
    assert screen.colour(image, -3, 9) == QColor(other.muted).name()


@pytest.mark.parametrize("size", [(320, 200), (450, 420), (2000, 1400)])
def test_readout_and_map_have_room_at_every_size(screen: Screen, frames: Frames, size: tuple[int, int]) -> None:
    screen.panel.resize(*size)
    screen.show(frames.on_bowl((-1.152, 0.192)))
    box = screen.map._view.sceneBoundingRect()
    assert box.height() > size[1] * 0.25
    assert box.width() > size[0] * 0.6
    assert isinstance(screen.map._marks[0], RunMarks)
    assert screen.panel.minimumSizeHint().width() <= 320
    assert screen.panel.minimumSizeHint().height() <= 200


def test_the_map_holds_still_where_a_step_has_no_arithmetic(screen: Screen, frames: Frames) -> None:
    frame = frames.on_bowl((1.0, 1.0))
    screen.show(frame)
    before = screen.map.geometry()
    screen.show(replace(frame, terms=(), slope=None))  # as where only the knobs of a step before were kept
    assert screen.map.geometry() == before


def test_only_the_view_that_is_seen_is_drawn(screen: Screen, frames: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[str, Frame]] = []
    for name, view in (("2d", screen.map), ("3d", screen.panel.relief)):
        monkeypatch.setattr(view, "show_frame", lambda frame, name=name: drawn.append((name, frame)))
    first, second = frames.on_bowl((1.0, 1.0)), frames.on_bowl((1.0, 0.5))
    screen.show(first)
    screen.panel.set_view("3d")
    assert screen.panel.relief.isVisible()
    assert not screen.map.isVisible()
    screen.show(second)
    screen.panel.set_view("2d")
    assert drawn == [("2d", first), ("3d", first), ("3d", second), ("2d", second)]


def test_the_switch_and_its_key_choose_the_view(qtbot: QtBot, screen: Screen, frames: Frames) -> None:
    panel = screen.panel
    screen.show(frames.on_bowl((1.0, 1.0)))
    with qtbot.waitSignal(panel.view_changed) as chosen:
        QTest.mouseClick(panel._switch["3d"], Qt.MouseButton.LeftButton)
    assert chosen.args == ["3d"]
    assert panel.relief.isVisible()
    with qtbot.waitSignal(panel.view_changed) as chosen:
        panel.toggle_view()
    assert chosen.args == ["2d"]
    assert panel._switch["2d"].isChecked()
    with qtbot.assertNotEmitted(panel.view_changed):
        panel.set_view("3d")  # a scenario's choice, not the user's


def visible(panel: SurfacePanel) -> list[str]:
    return [button.text() for button in panel.findChildren(Button) if button.isVisible()]


def test_a_control_is_there_only_where_it_does_something(screen: Screen, frames: Frames) -> None:
    panel = screen.panel
    panel.set_view("3d")
    screen.show(frames.on_bowl((1.0, 1.0)))
    assert visible(panel) == ["Log height", "2-D", "3-D"]
    height = panel._views.geometry()
    panel.set_view("2d")
    assert visible(panel) == ["Slopes", "2-D", "3-D"]
    assert panel._views.geometry() == height
    run = frames.run(frames.network, np.array([[1.0, 0.5]]))
    network = frames.frame(frames.network, frames.map_landscape(note="slice"), run)
    screen.show(replace(network, theta=np.zeros(13002), terms=(), slope=None))
    assert visible(panel) == ["2-D", "3-D"]
    panel.toggle_slopes()
    screen.show(frames.on_bowl((1.0, 1.0)))
    assert not screen.map._slopes.isVisible()  # the key did nothing where there is no such control
    panel.set_view("3d")
    screen.show(frames.on_parabola(5.0))
    assert visible(panel) == []
    assert screen.map.isVisible()  # one knob stays a curve
    panel.toggle_view()
    screen.show(frames.on_bowl((1.0, 1.0)))
    assert panel.relief.isVisible()


def test_another_start_of_the_same_cost_leaves_the_view_alone(screen: Screen, frames: Frames) -> None:
    bowl = next(surface for surface in SURFACES if surface.name == "bowl")
    frame = replace(frames.on_bowl((1.0, 1.0)), problem=bowl)
    screen.show(frame)
    screen.map._view.scaleBy((0.5, 0.5))
    screen.map._view.sigRangeChangedManually.emit([True, True])
    screen.show(replace(frame, problem=bowl.starting_at((0.5, 0.5)), landscape=frames.map_landscape()))
    assert screen.map._view.viewRange()[0] == pytest.approx([-1, 1])
    assert screen.panel._reset.isVisible()
    screen.show(replace(frame, problem=replace(bowl, formula="another"), landscape=frames.map_landscape()))
    assert screen.map._view.viewRange()[0] == pytest.approx([-2, 2])
    assert not screen.panel._reset.isVisible()
