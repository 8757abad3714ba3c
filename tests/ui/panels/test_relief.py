"""The relief as a user turns it: real mouse events, and the pixels that come of them."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel

from gdviz.core.frame import Curve, Evaluations, Frame, Landscape, RunFrame
from gdviz.core.history import History
from gdviz.core.optimizer import Term
from gdviz.core.optimizers import GradientDescent
from gdviz.core.relief import Camera
from gdviz.core.surface import Surface
from gdviz.ui.panels.surface.contour import band_colours
from gdviz.ui.panels.surface.relief import ReliefView
from gdviz.ui.panels.surface.relief.axes import Axes
from gdviz.ui.theme import DARK, LIGHT, Theme

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import Floats

LEFT, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
NOTHING = np.empty(0)
BOWL = Surface(
    name="bowl", description="", formula="x² + y²", default_start=(1.0, 1.0), domain=((-2, 2), (-2, 2)),
    function=lambda x, y: x * x + y * y, slope=lambda x, y: (2 * x, 2 * y), minima=((0.0, 0.0),),
)  # fmt: skip
RIDGE = replace(
    BOWL,
    formula="a ridge",
    minima=(),
    function=lambda x, y: np.exp(-((x + y) ** 2) / 0.1),
    slope=lambda x, y: (0 * x, 0 * y),
)


def landscape(problem: Surface, reach: float = 2.0) -> Landscape:
    x = np.linspace(-reach, reach, 101)
    return Landscape(x, x, problem.function(*np.meshgrid(x, x)), ("x", "y"), "")


def a_run(problem: Surface, *points: tuple[float, float], **other: object) -> RunFrame:
    trail = np.array(points, float)
    costs = np.asarray(problem.costs(trail), np.float64)
    run = RunFrame(
        colour=0, label="lr 0.1", ghost=False, on_surface=True, step=len(trail) - 1, newest=len(trail) - 1,
        epoch=None, cost=float(costs[-1]), grad_norm=1.0, learning_rate=0.1, ended="",
        curve=Curve(NOTHING, NOTHING, NOTHING, NOTHING, 1, 1),
        evaluations=Evaluations(np.empty(0, np.int64), NOTHING, NOTHING, NOTHING, NOTHING),
        trail=trail, trail_costs=costs, off_plane=0.0, optimizer=GradientDescent(learning_rate=0.1),
        past=History(2, 0, np.dtype(float), 64).table(), row=0,
    )  # fmt: skip
    return replace(run, **other)  # type: ignore[arg-type]  # any field


def a_frame(problem: Surface, *runs: RunFrame, selected: int = 0, ground: Landscape | None = None) -> Frame:
    run = runs[selected]
    theta = run.trail[-1] if len(run.trail) else np.zeros(2)
    slope = np.array([float(part) for part in problem.slope(*theta)])
    return Frame(
        problem=problem, runs=runs, selected=selected, live=False, landscape=ground or landscape(problem),
        remaking=False, theta=theta, theta_step=run.step, start=theta, slope=slope,
        terms=(Term("slope", slope), Term("step", 0.1 * slope, "step")), descent=None, sharpness=None,
    )  # fmt: skip


@pytest.fixture(params=[DARK, LIGHT], ids=["dark", "light"])
def theme(request: pytest.FixtureRequest) -> Theme:
    return cast("Theme", request.param)


@pytest.fixture
def view(qtbot: QtBot, theme: Theme) -> ReliefView:
    view = ReliefView(theme)
    qtbot.addWidget(view)
    view.resize(700, 500)
    view.show()
    QApplication.processEvents()
    qtbot.wait(150)  # a resized picture rests a moment before it is drawn in full
    return view


def show(view: ReliefView, frame: Frame) -> QImage:
    view.show_frame(frame)
    return view.grab().toImage()


def place(view: ReliefView, *point: float) -> QPoint:
    """Where a point of the bowl (or of another cost, with its height) is in the picture."""
    x, y = point[:2]
    cost = point[2] if len(point) > 2 else x * x + y * y
    assert view._view is not None
    at, _ = view._view.project(np.array([[x, y, cost]]))
    return QPointF(*at[0]).toPoint()


def near(image: QImage, at: QPoint, colour: QColor | str, reach: int = 3, off: int = 12) -> int:
    """How many pixels of the square around a place have a colour."""
    wanted = QColor(colour)
    found = 0
    for dx in range(-reach, reach + 1):
        for dy in range(-reach, reach + 1):
            pixel = image.pixelColor(at.x() + dx, at.y() + dy)
            found += max(
                abs(pixel.red() - wanted.red()), abs(pixel.green() - wanted.green()), abs(pixel.blue() - wanted.blue())
            ) <= off  # fmt: skip
    return found


def drag(qtbot: QtBot, view: ReliefView, start: QPoint, by: tuple[int, int]) -> None:
    qtbot.mousePress(view, LEFT, pos=start)
    for part in (0.25, 0.5, 0.75, 1.0):
        qtbot.mouseMove(view, QPoint(start.x() + round(part * by[0]), start.y() + round(part * by[1])))
    qtbot.mouseRelease(view, LEFT, pos=QPoint(start.x() + by[0], start.y() + by[1]))


def wheel(view: ReliefView, at: QPoint, turn: int) -> None:
    event = QWheelEvent(
        QPointF(at), QPointF(view.mapToGlobal(at)), QPoint(), QPoint(0, turn), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


# --- what it shows ---


def test_the_ball_is_where_the_projection_says(view: ReliefView, theme: Theme) -> None:
    image = show(view, a_frame(BOWL, a_run(BOWL, (-1.0, 1.5), (0.5, 0.8))))
    assert near(image, place(view, 0.5, 0.8), theme.run(0)) > 30
    assert near(image, place(view, -1.0, 1.5), theme.run(0)) < 10  # there is only the trail


def test_the_trail_lies_on_the_terrain(view: ReliefView, theme: Theme) -> None:
    image = show(view, a_frame(BOWL, a_run(BOWL, (-1.5, 0.4), (1.5, 0.4), (1.5, 1.0))))
    for x in (-1.0, -0.5, 0.5, 1.0):  # a straight line through the air would be far above
        assert near(image, place(view, x, 0.4), theme.run(0), 2) > 2


def test_the_background_is_the_panels(view: ReliefView, theme: Theme) -> None:
    image = show(view, a_frame(BOWL, a_run(BOWL, (0.5, 0.8))))
    for corner in (QPoint(2, 2), QPoint(697, 2), QPoint(697, 497)):
        assert image.pixelColor(corner).name() == theme.panel


def test_another_theme_is_taken(view: ReliefView, theme: Theme) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (0.5, 0.8))))
    other = LIGHT if theme is DARK else DARK
    view.set_theme(other)
    image = view.grab().toImage()
    assert image.pixelColor(2, 2).name() == other.panel
    assert near(image, place(view, 0.5, 0.8), other.run(0)) > 30


def test_a_ball_behind_a_ridge_is_a_ghost(view: ReliefView, theme: Theme) -> None:
    azimuth = np.radians(Camera().azimuth)
    towards = np.array([np.cos(azimuth), np.sin(azimuth)])
    x = np.linspace(-2, 2, 101)
    costs = np.exp(-((np.multiply.outer(x, [towards[1]]) + x * towards[0]) ** 2) / 0.1)
    behind, before = tuple((-0.6 * towards).tolist()), tuple((1.2 * towards).tolist())
    runs = [replace(a_run(RIDGE, point), trail_costs=np.array([np.nan])) for point in (behind, before)]
    image = show(view, a_frame(RIDGE, *runs, ground=Landscape(x, x, costs, ("x", "y"), "")))
    assert view._view is not None
    ground = np.array([behind, before]) / 2
    hidden, shown = view._view.pixels(np.column_stack([ground, view._view.terrain.surface(ground)]))
    assert near(image, QPointF(*shown).toPoint(), theme.run(0)) > 30
    assert near(image, QPointF(*hidden).toPoint(), theme.run(0), 2) == 0  # the ridge shows through its ring
    assert near(image, QPointF(*hidden).toPoint(), theme.run(0), 10, 60) > 0


def test_a_frame_that_goes_on_paints_what_a_new_window_would(view: ReliefView) -> None:
    t = np.linspace(0, 1.5, 30)
    points = [(float(a), float(b)) for a, b in zip(1.5 - t, 1.2 * np.cos(2 * t), strict=True)]
    ground = landscape(BOWL)
    for n in (5, 6, 12, 30):
        grown = show(view, a_frame(BOWL, a_run(BOWL, *points[:n]), ground=ground))
    view._still = None
    anew = view.grab().toImage()
    assert difference(grown, anew) < 0.2
    back = show(view, a_frame(BOWL, a_run(BOWL, *points[:6]), ground=ground))
    view._still = None
    assert difference(back, view.grab().toImage()) == 0


def difference(one: QImage, other: QImage) -> float:
    """The mean difference of two pictures' bytes."""
    a, b = (
        np.frombuffer(image.convertToFormat(QImage.Format.Format_RGB32).constBits(), np.uint8).astype(float)
        for image in (one, other)
    )
    return float(np.abs(a - b).mean())


def test_a_moving_ball_does_not_draw_the_terrain_again(view: ReliefView) -> None:
    ground = landscape(BOWL)
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0)), ground=ground))
    still = view._still
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0), (0.8, 0.8)), ground=ground))
    assert view._still is still


def test_the_arrow_ends_where_the_step_lands(view: ReliefView) -> None:
    frame = a_frame(BOWL, a_run(BOWL, (1.5, 0.5)))
    frame = replace(frame, terms=(frame.terms[0], Term("step", np.array([1.2, 0.0]), "step")))
    image = show(view, frame)
    assert near(image, place(view, 0.8, 0.5), "white", 2) > 4
    assert near(image, place(view, 0.36, 0.5), "white", 6) > 4
    assert near(image, place(view, 0.05, 0.5), "white", 3) == 0


def test_the_parts_of_a_step_appear_one_by_one(view: ReliefView, theme: Theme) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.5, 0.5))))
    pictures = []
    for part in (None, 0, 1, 2):
        view.set_part(part)
        pictures.append(view.grab().toImage())
    assert all(difference(a, b) > 0 for a, b in itertools.pairwise(pictures))
    landing = place(view, 1.2, 0.4)
    assert near(pictures[3], landing, theme.panel) > 15 > near(pictures[2], landing, theme.panel)


def test_a_known_minimum_is_marked(view: ReliefView) -> None:
    run = a_run(BOWL, (1.5, 0.5))
    with_cross = show(view, a_frame(BOWL, run))
    without = show(view, a_frame(replace(BOWL, minima=()), run))
    assert near(with_cross, place(view, 0, 0), "white", 5) > near(without, place(view, 0, 0), "white", 5) + 5


def test_a_ball_beyond_the_edge_is_pointed_at(view: ReliefView, theme: Theme) -> None:
    image = show(view, a_frame(BOWL, a_run(BOWL, (9.0, 0.0))))
    assert near(image, place(view, 2.0, 0.0), theme.run(0), 8) > 20


def test_remarks_are_made_over_it(view: ReliefView) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (0.5, 0.8), ended="blew up at step 6")))
    assert "blew up at step 6" in [label.text() for label in view.findChildren(QLabel) if label.isVisible()]


@pytest.mark.parametrize("size", [(400, 300), (700, 600), (1280, 700), (260, 160)])
@pytest.mark.parametrize("azimuth", [-52, -90, 0, 37, 180])
def test_no_number_is_cut_off_or_covers_another(
    view: ReliefView, theme: Theme, size: tuple[int, int], azimuth: float
) -> None:
    view.resize(*size)
    view._camera = Camera(azimuth)
    show(view, a_frame(BOWL, a_run(BOWL, (0.5, 0.8))))
    assert view._view is not None
    picture = QImage(*size, QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    painter.setFont(view.font())
    axes = Axes(painter, view._view, theme, band_colours(view._view.terrain.levels.size))
    axes.paint()
    painter.end()
    assert len(axes.taken) >= (7 if min(size) >= 300 else 3)
    for i, box in enumerate(axes.taken):
        assert QRectF(0, 0, *size).contains(box)
        assert not any(box.intersects(other) for other in axes.taken[:i])


def test_nothing_is_drawn_before_there_is_a_landscape(view: ReliefView, theme: Theme) -> None:
    frame = replace(a_frame(BOWL, a_run(BOWL, (0.5, 0.8))), landscape=None)
    image = show(view, frame)
    assert image.pixelColor(350, 120).name() == theme.panel


@pytest.mark.parametrize("logarithmic", [True, False])
def test_logarithmic_height_lifts_low_ground(view: ReliefView, logarithmic: bool) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (0.5, 0.8))))
    linear = place(view, 0.5, 0.5).y()
    view.set_logarithmic(logarithmic)
    view.grab()
    assert (place(view, 0.5, 0.5).y() < linear - 10) == logarithmic


# --- the mouse ---


def test_dragging_turns_it_and_double_click_resets(view: ReliefView, qtbot: QtBot) -> None:
    first = show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    moved: list[bool] = []
    placed: list[object] = []
    view.view_moved.connect(moved.append)
    view.ball_placed.connect(lambda *args: placed.append(args))
    drag(qtbot, view, QPoint(200, 60), (100, 40))
    assert view._camera.azimuth < Camera().azimuth - 30
    assert view._camera.elevation > Camera().elevation + 10
    assert moved.pop()
    assert view._rest.isActive()
    view.grab()
    qtbot.waitUntil(lambda: not view._rest.isActive(), timeout=2000)
    assert not view._draft
    turned = view.grab().toImage()
    assert difference(first, turned) > 3
    assert placed == []
    drag(qtbot, view, QPoint(200, 60), (0, 400))
    assert view._camera.elevation == 85
    drag(qtbot, view, QPoint(200, 460), (0, -450))
    assert view._camera.elevation == 10
    qtbot.mouseDClick(view, LEFT, pos=QPoint(300, 300))
    assert not moved.pop()
    assert view._camera == Camera()
    assert difference(first, view.grab().toImage()) == 0
    assert placed == []


def test_what_is_grabbed_goes_with_the_mouse(view: ReliefView, qtbot: QtBot) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    before = place(view, 1.5, -1.5)  # near the camera
    drag(qtbot, view, QPoint(300, 60), (30, 0))
    view.grab()
    assert place(view, 1.5, -1.5).x() > before.x() + 10


def test_the_wheel_zooms_about_the_mouse(view: ReliefView, qtbot: QtBot) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    moved: list[bool] = []
    view.view_moved.connect(moved.append)
    at = place(view, 0.5, 0.5)
    for _ in range(3):
        wheel(view, at, 120)
        view.grab()
    assert view._camera.zoom == pytest.approx(1.0015**360)
    assert (place(view, 0.5, 0.5) - at).manhattanLength() <= 2
    assert moved == [True] * 3
    qtbot.waitUntil(lambda: not view._rest.isActive(), timeout=2000)
    view.reset_view()
    assert not moved.pop()


def test_hiding_stops_the_timers(view: ReliefView) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    wheel(view, QPoint(300, 300), 120)
    assert view._rest.isActive()
    view.hide()
    assert not view._rest.isActive()
    assert not view._draft


@pytest.mark.parametrize("another", [False, True])
def test_a_click_puts_a_ball_on_the_terrain(view: ReliefView, qtbot: QtBot, another: bool) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    at = place(view, -1.2, 1.4)
    with qtbot.waitSignal(view.ball_placed) as placed:
        qtbot.mouseClick(view, LEFT, SHIFT if another else Qt.KeyboardModifier.NoModifier, pos=at)
    point, is_another = placed.args
    np.testing.assert_allclose(point, (-1.2, 1.4), atol=0.03)
    assert is_another is another


def test_a_click_on_a_turned_view_waits_for_a_second(view: ReliefView, qtbot: QtBot) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    placed: list[Floats] = []
    view.ball_placed.connect(lambda point, _: placed.append(np.array(point)))
    drag(qtbot, view, QPoint(200, 60), (40, 0))
    view.grab()
    at = place(view, -0.8, 0.4)
    qtbot.mouseClick(view, LEFT, pos=at)
    assert placed == []
    qtbot.mouseDClick(view, LEFT, pos=at)
    qtbot.wait(QApplication.styleHints().mouseDoubleClickInterval() + 100)
    assert placed == []
    drag(qtbot, view, QPoint(200, 60), (40, 0))
    view.grab()
    qtbot.mouseClick(view, LEFT, pos=place(view, -0.8, 0.4))
    qtbot.waitUntil(lambda: len(placed) == 1, timeout=3000)
    np.testing.assert_allclose(placed[0], (-0.8, 0.4), atol=0.04)


def test_a_click_beside_the_terrain_does_nothing(view: ReliefView, qtbot: QtBot) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    with qtbot.assertNotEmitted(view.ball_placed), qtbot.assertNotEmitted(view.run_selected):
        qtbot.mouseClick(view, LEFT, pos=QPoint(5, 5))


def test_a_click_on_a_ball_or_a_trail_selects_its_run(view: ReliefView, qtbot: QtBot) -> None:
    runs = a_run(BOWL, (1.0, 1.0)), a_run(BOWL, (-1.5, -0.5), (0.5, -0.5), colour=1)
    show(view, a_frame(BOWL, *runs))
    for point in ((0.5, -0.5), (-0.6, -0.5)):
        with qtbot.waitSignal(view.run_selected) as selected:
            qtbot.mouseClick(view, LEFT, pos=place(view, *point))
        assert selected.args == [1]


def test_a_ball_is_dragged_over_the_terrain(view: ReliefView, qtbot: QtBot, theme: Theme) -> None:
    runs = a_run(BOWL, (1.0, 1.0)), a_run(BOWL, (-0.5, -0.5), colour=1)
    show(view, a_frame(BOWL, *runs))
    start, end = place(view, -0.5, -0.5), place(view, -1.2, 1.4)
    by = end.x() - start.x(), end.y() - start.y()
    qtbot.mousePress(view, LEFT, pos=start)
    qtbot.mouseMove(view, start + QPoint(by[0] // 2, by[1] // 2))
    qtbot.mouseMove(view, end)
    assert near(view.grab().toImage(), end, theme.run(1), 12) > 20  # a ring
    with qtbot.waitSignal(view.ball_moved) as moved:
        qtbot.mouseRelease(view, LEFT, pos=end)
    assert moved.args[0] == 1
    np.testing.assert_allclose(moved.args[1], (-1.2, 1.4), atol=0.03)
    assert view._camera == Camera()


def test_escape_and_the_air_let_go_of_a_ball(view: ReliefView, qtbot: QtBot) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    with qtbot.assertNotEmitted(view.ball_moved):
        drag(qtbot, view, place(view, 1.0, 1.0), (-place(view, 1.0, 1.0).x() + 5, -place(view, 1.0, 1.0).y() + 5))
        qtbot.mousePress(view, LEFT, pos=place(view, 1.0, 1.0))
        qtbot.mouseMove(view, place(view, 0.5, 0.5))
        qtbot.keyClick(view, Qt.Key.Key_Escape)
        qtbot.mouseRelease(view, LEFT, pos=place(view, 0.5, 0.5))


def test_another_cost_is_looked_at_from_the_front(view: ReliefView, qtbot: QtBot) -> None:
    show(view, a_frame(BOWL, a_run(BOWL, (1.0, 1.0))))
    drag(qtbot, view, QPoint(200, 60), (60, 0))
    show(view, a_frame(replace(BOWL, default_start=(0.0, 1.0)), a_run(BOWL, (0.0, 1.0))))
    assert view._camera != Camera()
    show(view, a_frame(RIDGE, a_run(RIDGE, (0.0, 1.0))))
    assert view._camera == view._home
