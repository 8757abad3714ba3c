"""From where a relief is looked at first: from the corner before which the terrain is lowest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from gdviz.core.relief import Camera
from gdviz.core.run import build
from gdviz.core.scenario import load_scenario
from gdviz.core.scene import Scene
from gdviz.ui.panels.surface.relief import ReliefView
from gdviz.ui.theme import DARK

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import Floats, Frame, PlaneKind

    Costs = Callable[[str], Frame]

LEFT = Qt.MouseButton.LeftButton
CORNERS = [(1, -1), (1, 1), (-1, 1), (-1, -1)]
"""x and y; without a reason to prefer another, one looks from the first"""


@pytest.fixture
def cost(tmp_path: Path) -> Costs:
    """A function that gives the frame at the start of a typed cost."""

    def carry_out(expression: str) -> Frame:
        path = tmp_path / "scenario.toml"
        path.write_text(
            f'[problem]\nkind = "formula"\nexpression = "{expression}"\ndomain = [[-2, 2], [-2, 2]]\n'
            '[[runs]]\noptimizer = { kind = "gradient-descent", learning_rate = 0.1 }\n',
            "utf-8",
        )
        runs = build(load_scenario(str(path)))
        while not runs[0].advance():
            pass
        frame = Scene(runs).frame(None)
        assert frame is not None
        return frame

    return carry_out


@pytest.fixture
def view(qtbot: QtBot) -> ReliefView:
    made = ReliefView(DARK)
    qtbot.addWidget(made)
    made.resize(500, 400)
    made.show()
    qtbot.waitUntil(lambda: made.isVisible() and not made._rest.isActive(), timeout=10_000)
    return made


def falls_to(corner: tuple[int, int]) -> str:
    """A plane that is lowest at a corner."""
    x, y = ("+" if part < 0 else "-" for part in corner)
    return f"{x}x {y} y"


def nearest(view: ReliefView) -> tuple[int, int]:
    """The corner of the ground that stands lowest in the picture: one looks over it at the others."""
    view.grab()
    assert view._view is not None
    heights = [view._view.project(np.array([[2.0 * x, 2.0 * y, 0.0]]))[0][0, 1] for x, y in CORNERS]
    return CORNERS[int(np.argmax(heights))]


def drag(view: ReliefView, by: int) -> None:
    start = QPoint(250, 40)
    QTest.mousePress(view, LEFT, pos=start)
    for part in (0.5, 1.0):
        QTest.mouseMove(view, QPoint(start.x() + round(part * by), start.y() + 20))
    QTest.mouseRelease(view, LEFT, pos=QPoint(start.x() + by, start.y() + 20))


def with_costs(frame: Frame, costs: Floats) -> Frame:
    assert frame.landscape is not None
    return replace(frame, landscape=replace(frame.landscape, costs=costs))


@pytest.mark.parametrize("corner", CORNERS)
def test_one_looks_over_the_lowest_corner_and_comes_back_there(
    view: ReliefView, cost: Costs, qtbot: QtBot, corner: tuple[int, int]
) -> None:
    moved: list[bool] = []
    view.view_moved.connect(moved.append)
    view.show_frame(cost(falls_to(corner)))
    assert nearest(view) == corner
    assert True not in moved  # nothing to reset
    home = view._camera
    assert (home.elevation, home.zoom) == (Camera().elevation, Camera().zoom)
    drag(view, 150)
    assert moved.pop()
    assert view._camera != home
    qtbot.waitUntil(lambda: not view._rest.isActive(), timeout=10_000)
    QTest.mouseDClick(view, LEFT, pos=QPoint(250, 200))
    assert not moved.pop()
    assert view._camera == home
    assert nearest(view) == corner


def test_another_cost_is_looked_at_from_its_own_corner_whatever_was_turned(view: ReliefView, cost: Costs) -> None:
    for corner in CORNERS[1:]:
        view.show_frame(cost(falls_to(corner)))
        drag(view, 60)
    view.show_frame(cost(falls_to((1, -1))))
    assert nearest(view) == (1, -1)
    assert view._camera == Camera()


def test_another_picture_of_the_same_cost_leaves_the_camera_where_it_is(view: ReliefView, cost: Costs) -> None:
    frame = cost(falls_to((-1, 1)))
    assert frame.landscape is not None
    view.show_frame(frame)
    drag(view, 60)
    turned = view._camera
    view.show_frame(with_costs(frame, frame.landscape.costs[::-1]))  # now another corner is the lowest
    assert view._camera == turned


@pytest.mark.parametrize("planes", [("path", "gradient"), ("gradient", "path")])
def test_another_plane_through_the_same_cost_is_looked_at_from_its_own_corner(
    view: ReliefView, cost: Costs, planes: tuple[PlaneKind, PlaneKind]
) -> None:
    frame = replace(cost(falls_to((-1, 1))), plane=planes[0])
    assert frame.landscape is not None
    view.show_frame(frame)
    assert nearest(view) == (-1, 1)
    view.show_frame(replace(with_costs(frame, frame.landscape.costs[::-1]), plane=planes[1]))
    assert nearest(view) == (-1, -1)


def test_what_is_computed_later_is_looked_at_from_its_own_corner(view: ReliefView, cost: Costs) -> None:
    frame = cost(falls_to((-1, -1)))
    view.show_frame(replace(frame, landscape=None))
    assert view._camera == Camera()
    view.show_frame(frame)
    assert nearest(view) == (-1, -1)


@pytest.mark.parametrize("expression", ["x**2 + y**2", "x**2 - y**2", "x*y + 20", "x**2 + y**2 + 0.01*x"])
def test_where_no_corner_is_much_lower_one_looks_as_ever(view: ReliefView, cost: Costs, expression: str) -> None:
    view.show_frame(cost(falls_to((-1, 1))))
    assert view._camera != Camera()
    view.show_frame(cost(expression))
    assert view._camera == Camera()


@pytest.mark.parametrize("level", [0.0, 1.0, -3.0, 1e300, -1e300, np.inf, np.nan])
def test_a_flat_cost_is_looked_at_as_ever(view: ReliefView, cost: Costs, level: float) -> None:
    frame = cost("x**2 + y**2")
    assert frame.landscape is not None
    view.show_frame(with_costs(frame, np.full(frame.landscape.costs.shape, level)))
    assert view._camera == Camera()


def test_costs_beyond_all_numbers_count_as_mountains(view: ReliefView, cost: Costs) -> None:
    frame = cost("x**2 + y**2")
    assert frame.landscape is not None
    rows, columns = frame.landscape.costs.shape
    costs = frame.landscape.costs.copy()
    costs[: rows // 2, columns // 2 :] = np.inf  # before the usual place of the camera
    costs[rows // 2 :, : columns // 2] *= 0.5
    view.show_frame(with_costs(frame, costs))
    assert nearest(view) == (-1, 1)
    view.show_frame(replace(with_costs(frame, 1e307 * costs), plane="random"))  # whose sums are beyond them, too
    assert nearest(view) == (-1, 1)
