from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QGraphicsRectItem, QLabel, QToolButton
from pytestqt.qtbot import QtBot

from gdviz.core.frame import Curve, Evaluations, Floats, Frame, Landscape, RunFrame
from gdviz.core.optimizers import Term
from gdviz.ui.panels.surface import SurfacePanel
from gdviz.ui.panels.surface.contour import band_colours
from gdviz.ui.panels.surface.levels import MOST, level_text, nice_levels
from gdviz.ui.panels.surface.marks import RunMarks
from gdviz.ui.panels.surface.pixels import Pixels
from gdviz.ui.panels.surface.readout import Readout, number, read
from gdviz.ui.panels.surface.trail import Trail
from gdviz.ui.theme import DARK, LIGHT, Theme

if TYPE_CHECKING:
    from gdviz.core.problem import Problem

NOTHING = np.empty(0)


@dataclass(eq=False)
class Cost:
    """A cost by formula, with what a panel asks of a problem."""

    function: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    n_params: int
    n_examples: None = None

    def costs_and_gradients(self, thetas: Floats, batch: None = None) -> tuple[Floats, Floats]:
        return self.function(thetas), self.slope(thetas)


PARABOLA = Cost(lambda t: t[:, 0] ** 2, lambda t: 2 * t, 1)
BOWL = Cost(lambda t: t[:, 0] ** 2 + 3 * t[:, 1] ** 2, lambda t: t * (2, 6), 2)


def curve_landscape(reach: float = 6.0) -> Landscape:
    w = np.linspace(-reach, reach, 121)
    return Landscape(w, NOTHING, w**2, ("w", "cost"), "")


def map_landscape(reach: float = 2.0, note: str = "") -> Landscape:
    x = np.linspace(-reach, reach, 81)
    return Landscape(x, x, x**2 + 3 * x[:, None] ** 2, ("x", "y"), note)


def a_run(cost: Cost, thetas: Floats, learning_rate: float = 0.1, **other: object) -> RunFrame:
    costs = cost.function(thetas)
    run = RunFrame(
        colour=0, label="lr 0.1", ghost=False, on_surface=True, step=len(thetas) - 1, newest=len(thetas) - 1,
        epoch=None, cost=float(costs[-1]), grad_norm=1.0, learning_rate=learning_rate, ended="",
        curve=Curve(NOTHING, NOTHING, NOTHING, NOTHING, 1, 1),
        evaluations=Evaluations(np.empty(0, np.int64), NOTHING, NOTHING, NOTHING, NOTHING),
        trail=np.stack([thetas[:, 0], costs], axis=1) if cost.n_params == 1 else thetas,
        trail_costs=costs, off_plane=0.0,
    )  # fmt: skip
    return replace(run, **other)  # type: ignore[arg-type]


def a_frame(cost: Cost, landscape: Landscape | None, runs: tuple[RunFrame, ...], selected: int = 0) -> Frame:
    run = runs[selected]
    theta = run.trail[-1, : cost.n_params] if len(run.trail) else np.zeros(cost.n_params)
    slope = cost.slope(theta[None])[0]
    return Frame(
        problem=cast("Problem", cost), runs=runs, selected=selected, live=False, landscape=landscape, remaking=False,
        theta=theta, theta_step=run.step, start=theta, slope=slope,
        terms=(Term("slope", slope), Term("step", run.learning_rate * slope)), descent=None,
    )  # fmt: skip


def on_parabola(*w: float, learning_rate: float = 0.1) -> Frame:
    return a_frame(PARABOLA, curve_landscape(), (a_run(PARABOLA, np.array(w)[:, None], learning_rate),))


def on_bowl(*points: tuple[float, float], **other: object) -> Frame:
    return a_frame(BOWL, map_landscape(), (a_run(BOWL, np.array(points), **other),))  # type: ignore[arg-type]


@pytest.fixture(params=[DARK, LIGHT], ids=["dark", "light"])
def theme(request: pytest.FixtureRequest) -> Theme:
    return cast("Theme", request.param)


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme) -> SurfacePanel:
    panel = SurfacePanel(theme)
    qtbot.addWidget(panel)
    panel.resize(700, 500)
    panel.show()
    QApplication.processEvents()
    return panel


def show(panel: SurfacePanel, frame: Frame) -> QImage:
    panel.show_frame(frame)
    QApplication.processEvents()
    return panel.grab().toImage()


def view_box(panel: SurfacePanel) -> Pixels:
    """Where points of the plane should be, from the panel's size alone: the whole rectangle fills the view."""
    (x, y), box = panel._view.viewRange(), panel._view.rect()
    return Pixels(tuple(x), tuple(y), box.width(), box.height())


def on_panel(panel: SurfacePanel, x: float, y: float) -> QPoint:
    """Where a point of the plane is in the panel."""
    in_scene = panel._view.mapFromView(QPointF(x, y)) + panel._view.sceneBoundingRect().topLeft()
    place: QPoint = panel.plot.viewport().mapTo(panel, panel.plot.mapFromScene(in_scene))
    return place


def at(panel: SurfacePanel, image: QImage, x: float, y: float, right: int = 0, down: int = 0) -> str:
    place = on_panel(panel, x, y)
    return image.pixelColor(place.x() + right, place.y() + down).name()


def texts(panel: SurfacePanel) -> list[str]:
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]


def reading(panel: SurfacePanel) -> str:
    readout = panel.findChild(Readout)
    assert readout is not None
    return readout.accessibleDescription()


# --- levels and numbers ---


def test_even_levels_are_round_and_inside() -> None:
    levels = nice_levels(np.linspace(0.13, 9.1, 1000))
    np.testing.assert_allclose(levels, np.arange(0.5, 9.1, 0.5))


def test_levels_of_a_steep_valley_are_spaced_by_their_logarithm() -> None:
    x, y = np.meshgrid(np.linspace(-2, 2, 200), np.linspace(-1, 3, 200))
    levels = nice_levels((1 - x) ** 2 + 100 * (y - x**2) ** 2)
    assert 8 <= levels.size <= MOST
    assert {1.0, 10.0, 100.0, 1000.0} <= set(np.round(levels, 9))


def test_levels_above_a_low_minimum_are_round_where_they_differ_from_it() -> None:
    rise = np.geomspace(1e-4, 100, 4000)
    levels = nice_levels(rise - 1.0316)
    written = [level_text(level) for level in levels]
    assert {"−0.9", "0", "10"} <= set(written)
    assert "−0" not in written
    for text, rises in zip(written, levels + 1.0316, strict=True):
        # Written to the first digit of the rise above the minimum; rounding may halve the smallest.
        assert len(text.partition(".")[2]) <= max(0, 1 - np.floor(np.log10(rises))), (text, rises)


@pytest.mark.parametrize("costs", [np.full(9, 3.0), np.full(9, np.inf), np.full(9, np.nan)])
def test_a_plateau_has_no_levels(costs: Floats) -> None:
    assert nice_levels(costs).size == 0


def test_infinite_costs_do_not_move_the_levels() -> None:
    costs = np.linspace(0, 9, 100)
    np.testing.assert_array_equal(nice_levels(np.append(costs, np.inf)), nice_levels(costs))


@pytest.mark.parametrize(
    ("value", "text"),
    [(5, "5"), (-0.1, "−0.1"), (0.40960001, "0.4096"), (12345.6, "12,350"), (99999.9, "100,000"), (9.99996, "10"),
     (1.25e-7, "1.25e−7"), (-3e8, "−3e8"), (0, "0"), (np.inf, "∞"), (-np.inf, "−∞"), (np.nan, "nan")],
)  # fmt: skip
def test_numbers_have_four_digits_and_a_true_minus(value: float, text: str) -> None:
    assert number(value) == text


def test_ticks_have_a_true_minus_and_room_for_the_last(panel: SurfacePanel) -> None:
    show(panel, on_bowl((1.0, 1.0)))
    axis = panel._bottom
    assert axis.tickStrings([-0.5, 1e-5, 1.0], 1.0, 0.5) == ["−0.5", "1e−05", "1.0"]
    last = panel._view.sceneBoundingRect().right()
    half = panel.fontMetrics().horizontalAdvance("−0.5") / 2
    assert axis.mapRectToScene(axis.boundingRect()).right() >= last + half
    assert panel.plot.width() >= last + half


# --- one knob ---


def test_the_step_of_the_worked_run_in_numbers(panel: SurfacePanel) -> None:
    show(panel, on_parabola(5.0))
    assert reading(panel).splitlines() == ["5 − 0.1 × 10 = 4", "w learning rate slope new w", "step length |Δθ| = 1"]


def test_a_negative_slope_stands_in_brackets() -> None:
    assert read(on_parabola(-15.0, learning_rate=2.0)).rows == (("−15", "−", "2", "×", "(−30)", "=", "45"),)


def test_other_rules_subtract_their_step() -> None:
    frame = on_parabola(5.0)
    terms = (frame.terms[0], Term("velocity", np.array([9.0])), Term("step", np.array([0.9])))
    assert " ".join(read(replace(frame, terms=terms)).rows[0]) == "5 − 0.9 = 4.1"


def test_the_curve_the_ball_and_the_landing_are_where_the_numbers_say(panel: SurfacePanel, theme: Theme) -> None:
    image = show(panel, on_parabola(5.0))
    place = view_box(panel)
    assert at(panel, image, 5, 25) == QColor(theme.runs[0]).name()
    assert at(panel, image, -3, 9) == QColor(theme.muted).name()  # the curve
    landing = panel._curve.landing
    np.testing.assert_allclose((landing.x(), landing.y()), place(np.array([4.0, 16.0])), atol=1e-6)
    assert at(panel, image, 4, 16) == QColor(theme.panel).name()  # a hollow ring
    assert at(panel, image, 5, 25, right=-25) != QColor(theme.panel).name() or (
        at(panel, image, 5, 25, right=-28) != QColor(theme.panel).name()  # the jump is dashed
    )


def test_the_tangent_has_the_slope(panel: SurfacePanel) -> None:
    show(panel, on_parabola(5.0, 4.0))
    path = panel._curve._tangent.path()
    first, last = (path.elementAt(i) for i in range(2))
    scale_x, scale_y = view_box(panel).scale
    assert (last.y - first.y) / scale_y / ((last.x - first.x) / scale_x) == pytest.approx(8)


def test_earlier_positions_stay_as_dots(panel: SurfacePanel, theme: Theme) -> None:
    image = show(panel, on_parabola(5.0, -5.0, 4.5, -4.0, 2.0))
    assert at(panel, image, -5, 25) == QColor(theme.runs[0]).name()
    # The line between them is fainter: neither the background nor the run's colour.
    assert at(panel, image, 0, 25) not in (QColor(theme.panel).name(), QColor(theme.runs[0]).name())


# --- two knobs ---


def test_the_map_shows_each_cost_in_its_band(panel: SurfacePanel) -> None:
    landscape = map_landscape()
    image = show(panel, on_bowl((-1.8, -1.5)))
    levels = nice_levels(landscape.costs)
    colours = [QColor(*colour).name() for colour in band_colours(levels.size).tolist()]
    right = 0
    for x, y in np.random.default_rng(0).uniform(-1.9, 1.9, (60, 2)):
        right += at(panel, image, x, y) == colours[int(np.searchsorted(levels, x**2 + 3 * y**2))]
    assert right >= 40  # the others are under a line, a label or the ball
    assert colours[0] == at(panel, image, 0.1, 0.1)


def test_infinite_costs_are_the_lightest(panel: SurfacePanel) -> None:
    landscape = map_landscape()
    landscape.costs[:, :20] = np.inf
    image = show(panel, replace(on_bowl((0.5, 0.5)), landscape=landscape))
    assert at(panel, image, -1.8, 0) == QColor(*band_colours(5)[-1].tolist()).name()


def test_ball_trail_and_arrow(panel: SurfacePanel, theme: Theme) -> None:
    image = show(panel, on_bowl((-1.5, 1.5), (-1.5, 0.0), (-1.0, -0.5)))
    colour = QColor(theme.runs[0]).name()
    assert at(panel, image, -1, -0.5) == colour
    assert at(panel, image, -1.5, 0) == colour  # a dot on the trail
    assert len({at(panel, image, x, 1) for x in (-1.55, -1.5, -1.45)}) >= 2  # the line between two of them
    # The step is 0.1 * (-2, -3): the arrow's tip is where it lands, or as near as an arrow can be that is seen.
    tip = panel._arrow.polygon().at(0)
    landing = view_box(panel)(np.array([-0.8, -0.2]))
    np.testing.assert_allclose((tip.x(), tip.y()), landing, atol=1e-6)


def test_a_long_step_has_a_long_arrow_but_not_too_long(panel: SurfacePanel) -> None:
    show(panel, on_bowl((-1.5, 1.5), learning_rate=1e6))
    tip, ball = panel._arrow.polygon().at(0), view_box(panel)(np.array([-1.5, 1.5]))
    assert 60 < np.hypot(tip.x() - ball[0], tip.y() - ball[1]) < 250


def test_a_step_of_two_knobs_in_numbers() -> None:
    assert [" ".join(row) for row in read(on_bowl((1.0, -1.0))).rows] == [
        "x 1 − 0.1 × 2 = 0.8",
        "y −1 − 0.1 × (−6) = −0.4",
    ]


def test_labels_do_not_overlap_and_name_their_line(panel: SurfacePanel) -> None:
    show(panel, on_bowl((1.0, 1.0)))
    shown = [label for label in panel._map._labels if label._pill.isVisible()]
    assert 4 <= len(shown) <= 10
    boxes = [label._pill.sceneBoundingRect() for label in shown]
    assert not any(a.intersects(b) for i, a in enumerate(boxes) for b in boxes[:i])
    for label in shown:
        centre = panel._view.mapToView(label._pill.pos())
        cost = centre.x() ** 2 + 3 * centre.y() ** 2
        assert cost == pytest.approx(float(label._text.text()), abs=0.05)


def test_a_ball_beyond_the_view_has_an_arrow_at_the_edge(panel: SurfacePanel) -> None:
    show(panel, on_bowl((0.0, 0.0), (30.0, 0.0)))
    (marks,) = panel._marks
    place = view_box(panel)
    assert not marks.ball.isVisible()
    assert marks.edge.isVisible()
    tip = marks.edge.polygon().at(0)
    assert place.width - 10 < tip.x() < place.width
    assert tip.y() == pytest.approx(place.height / 2)


def test_far_points_keep_their_direction() -> None:
    pixels = Pixels((-1, 1), (-1, 1), 400, 400)
    x, y = pixels(np.array([[1e200, -2e200]]))[0].tolist()
    assert max(abs(x), abs(y)) <= 1e4
    assert y / x == pytest.approx(2)


def test_ghosts_are_grey_and_the_selected_ball_is_larger_and_on_top(panel: SurfacePanel, theme: Theme) -> None:
    here = np.array([[-1.5, 1.0], [0.5, 0.5]])
    ghost = a_run(BOWL, here * (1, -1), ghost=True, label="before")
    runs = (ghost, a_run(BOWL, here, colour=1), a_run(BOWL, here * (1, 0.5), colour=2))
    image = show(panel, a_frame(BOWL, map_landscape(), runs, selected=1))
    assert at(panel, image, 0.5, 0.5) == QColor(theme.runs[1]).name()
    assert at(panel, image, 0.5, 0.25) == QColor(theme.runs[2]).name()
    assert at(panel, image, 0.5, -0.5) == QColor(theme.ghost).name()
    before, selected, other = (marks.ball.rect().width() for marks in panel._marks)
    assert before < other < selected
    assert panel._marks[1].ball.zValue() > panel._marks[2].ball.zValue()


def test_a_long_trail_is_thinned_to_points_of_its_own(panel: SurfacePanel) -> None:
    turn = np.linspace(0, 3, 5000)
    points = np.stack([1.5 * np.cos(turn), 1.5 * np.sin(turn)], axis=1)
    show(panel, a_frame(BOWL, map_landscape(), (a_run(BOWL, points),)))
    trail = panel._marks[0]._trail
    assert 100 < len(trail._wide) <= 301
    np.testing.assert_allclose(trail._wide[-1], view_box(panel)(points[-1]))
    steps = np.hypot(*np.diff(trail._points, axis=0).T)
    assert 0.3 < np.median(steps) < 1  # and a thin line goes through all that are apart


# --- the digits' slice ---


def test_a_slice_says_what_it_is(panel: SurfacePanel) -> None:
    note = "slice: 1,000 images, 49 x 49 points, made at step 1,240"
    landscape = replace(map_landscape(note=note), labels=("along the slope", "a random direction"))
    runs = (
        a_run(BOWL, np.array([[1.0, 0.5], [0.5, 0.4]]), off_plane=1.8421),
        a_run(BOWL, np.zeros((1, 2)), on_surface=False, trail=np.empty((0, 2)), label="shuffled"),
    )
    frame = a_frame(BOWL, landscape, runs)
    frame = replace(frame, terms=(), slope=None, theta=np.zeros(13002), descent=(-1.0, 0.0), remaking=True)
    show(panel, frame)
    said = texts(panel)
    assert note in said
    assert "making a new slice…" in said
    assert "shuffled: its ball belongs to another surface" in said
    assert reading(panel).splitlines() == ["0.73 | 1.842", "cost off the plane (axis units)"]
    assert panel._readout.toolTip() == reading(panel)
    assert panel._readout.reading.captions == ("cost", "", "off the plane")
    tip, ball = panel._arrow.polygon().at(0), view_box(panel)(np.array([0.5, 0.4]))
    assert tip.x() < ball[0] - 40
    assert tip.y() == pytest.approx(ball[1])
    show(panel, replace(frame, remaking=False))
    assert "making a new slice…" not in texts(panel)


@pytest.mark.parametrize("selected", [0, 1])
def test_a_ball_far_off_the_slice_is_a_ring_with_a_faint_trail(
    panel: SurfacePanel, theme: Theme, selected: int
) -> None:
    points = np.array([[-1.5, 1.0], [-1.5, -1.0], [0.5, -1.0]])

    def picture(off_plane: float) -> QImage:
        far = a_run(BOWL, points, colour=1, off_plane=off_plane)
        frame = a_frame(BOWL, map_landscape(), (a_run(BOWL, -points, off_plane=0.3), far), selected)
        return show(panel, replace(frame, terms=()))  # no arrow over the ball

    near, far, near_again = picture(0.3), picture(0.31), picture(0.0)
    # Of the other pictures: what is there without the run, and the run's colour.
    empty = show(panel, replace(a_frame(BOWL, map_landscape(), (a_run(BOWL, -points),)), terms=()))
    colour = QColor(theme.runs[1])
    radius = round(panel._marks[1].ball.rect().width() / 2)
    ball = (0.5, -1.0)
    assert at(panel, near, *ball) == at(panel, near_again, *ball) == colour.name()
    # Inside the ring the map shows, where the line's round end is not.
    inside, map_there = (QColor(at(panel, image, *ball, right=2, down=-2)) for image in (far, empty))
    assert colour_distance(inside, map_there) < 15
    edge = [QColor(at(panel, far, *ball, right=radius + more)) for more in range(-1, 5)]
    assert min(colour_distance(pixel, colour) for pixel in edge) < 30
    assert min(colour_distance(pixel, QColor(theme.panel)) for pixel in edge) < 80
    # The line half way between two points: a third of the way from the map to the run's colour.
    line, under, faint = (QColor(at(panel, image, -1.5, 0.5)) for image in (near, empty, far))
    assert colour_distance(line, colour) < 100 < colour_distance(line, under)
    assert colour_distance(faint, under) == pytest.approx(0.35 * colour_distance(line, under), rel=0.25)
    assert at(panel, far, -0.5, 1.0) == QColor(theme.runs[0]).name()  # the other run is near: as ever


def colour_distance(a: QColor, b: QColor) -> float:
    return float(np.hypot.reduce([a.red() - b.red(), a.green() - b.green(), a.blue() - b.blue()]))


def test_balls_far_off_the_slice_are_listed(panel: SurfacePanel) -> None:
    here = np.array([[0.5, 0.5]])
    runs = tuple(
        a_run(BOWL, here, label=label, off_plane=off, ghost=label == "seed 3")
        for label, off in (("seed 3", 1.42), ("seed 0", 0.3), ("seed 1", 1.46), ("seed 2", np.inf))
    )
    elsewhere = a_run(BOWL, here, label="other", off_plane=2.0, on_surface=False)
    frame = a_frame(BOWL, map_landscape(note="slice"), (*runs, elsewhere), selected=1)
    show(panel, frame)
    whole = "off this plane: seed 3 before by 1.4, seed 1 by 1.5, seed 2 by ∞"
    assert whole in texts(panel)
    label = panel._remarks._off
    assert label.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    one_line = label.height()
    assert one_line < 2 * label.fontMetrics().lineSpacing()
    panel.resize(320, 400)
    QApplication.processEvents()
    assert label.text().startswith("off this plane: seed 3 before by 1.4,")
    assert label.text().endswith("…")
    assert label.toolTip() == whole
    assert not label.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)  # so the tooltip shows
    assert label.height() == one_line + label.fontMetrics().lineSpacing()
    assert label.geometry().right() < panel._view.sceneBoundingRect().right()
    show(panel, replace(frame, runs=frame.runs[1:2], selected=0))
    assert not label.isVisible()


@pytest.mark.parametrize(
    ("window", "said"), [(100, "arrow: down this mini-batch's slope"), (1, "arrow: down the slope")]
)
def test_the_arrow_on_a_slice_says_which_slope_it_goes_down(panel: SurfacePanel, window: int, said: str) -> None:
    class NetworkCost(Cost):
        network = "any"

    run = a_run(BOWL, np.array([[0.5, 0.4]]))
    run = replace(run, curve=replace(run.curve, window=window))
    note = "slice: 1,000 images, 49 x 49 points, made at step 1,240"
    frame = a_frame(NetworkCost(BOWL.function, BOWL.slope, 2), map_landscape(note=note), (run,))
    frame = replace(frame, terms=(), slope=None, theta=np.zeros(13002), descent=(-1.0, 0.0))
    show(panel, frame)
    assert panel._arrow.isVisible()
    assert said in texts(panel)
    for size in ((700, 500), (1400, 900), (420, 400)):
        panel.resize(*size)
        QApplication.processEvents()
        slice_note, arrow = panel._remarks._note.geometry(), panel._remarks._arrow.geometry()
        assert not slice_note.intersects(arrow)
        assert panel._view.sceneBoundingRect().toAlignedRect().contains(arrow)
    show(panel, replace(frame, descent=None))
    assert not any(text.startswith("arrow") for text in texts(panel))
    show(panel, on_bowl((1.0, 1.0)))  # the cost itself: the readout says it
    assert not any(text.startswith("arrow") for text in texts(panel))


def test_no_landscape_yet(panel: SurfacePanel) -> None:
    frame = on_bowl((1.0, 1.0))
    show(panel, frame)
    show(panel, replace(frame, landscape=None))
    assert "computing the surface…" in texts(panel)
    assert not panel._marks[0].ball.isVisible()
    assert not any(label._pill.isVisible() for label in panel._map._labels)


def test_a_run_that_blew_up_says_so(panel: SurfacePanel) -> None:
    show(panel, on_bowl((1.0, 1.0), ended="blew up at step 323"))
    assert "blew up at step 323" in texts(panel)
    show(panel, on_bowl((1.0, 1.0), ended="40 epochs are done"))
    assert "40 epochs are done" not in texts(panel)


def test_digits_name_the_cost_and_the_steps_it_belongs_to() -> None:
    run = a_run(BOWL, np.array([[1.0, 0.5]]), off_plane=1.5)
    run = replace(run, step=1240, curve=replace(run.curve, window=100))
    frame = replace(a_frame(BOWL, map_landscape(), (run,)), terms=(), slope=None)
    assert read(frame).captions == ("mini-batch cost", "", "off the plane")
    past = read(replace(frame, theta_step=1200))
    assert past.captions == ("mini-batch cost at step 1,240", "", "off the plane at step 1,200")
    assert past.rows == (("1.75", "|", "1.5"),)
    finer = read(replace(frame, runs=(replace(run, off_plane=0.0234567),)))
    assert finer.rows == (("1.75", "|", "0.023"),)  # a thousandth of the axes is below a pixel


def test_a_step_from_kept_knobs_says_so() -> None:
    assert read(replace(on_parabola(5.0, 4.0), theta_step=0)).captions[0] == "w at step 0"
    assert read(replace(on_bowl((1.0, -1.0), (0.8, -0.4)), theta_step=0)).captions[1] == "at step 0"


# --- what the user does ---


def test_a_click_on_a_ball_or_a_trail_selects_its_run(qtbot: QtBot, panel: SurfacePanel) -> None:
    runs = (a_run(BOWL, np.array([[-1.5, 1.0], [-0.5, 1.0]])), a_run(BOWL, np.array([[1.5, -1.0], [1.0, 0.0]])))
    show(panel, a_frame(BOWL, map_landscape(), runs))

    def click(x: float, y: float) -> None:
        place = panel.plot.viewport().mapFrom(panel, on_panel(panel, x, y))
        QTest.mouseClick(panel.plot.viewport(), Qt.MouseButton.LeftButton, pos=place + QPoint(0, 4))

    with qtbot.waitSignal(panel.run_selected) as selected:
        click(1.0, 0.0)
    assert selected.args == [1]
    with qtbot.waitSignal(panel.run_selected) as selected:
        click(-1.0, 1.0)  # half way along the trail
    assert selected.args == [0]
    with qtbot.assertNotEmitted(panel.run_selected, wait=20):
        click(0.0, -1.5)


def test_zoom_offers_the_way_back(panel: SurfacePanel) -> None:
    show(panel, on_bowl((1.0, 1.0)))
    button = panel.findChild(QToolButton)
    assert isinstance(button, QToolButton)
    assert not button.isVisible()
    panel._view.scaleBy((0.5, 0.5))
    panel._view.sigRangeChangedManually.emit([True, True])  # what the wheel does
    place = view_box(panel)(np.array([1.0, 1.0]))
    assert (panel._marks[0].ball.x(), panel._marks[0].ball.y()) == pytest.approx(tuple(place))
    # A new slice of the same problem leaves the view alone.
    frame = panel._frame
    assert frame is not None
    panel.show_frame(replace(frame, landscape=map_landscape(4.0)))
    assert panel._view.viewRange()[0] == pytest.approx([-1, 1])
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert panel._view.viewRange()[0] == pytest.approx([-4, 4])
    assert not button.isVisible()


def test_another_problem_takes_the_whole_panel(panel: SurfacePanel, theme: Theme) -> None:
    show(panel, on_bowl((1.0, 1.0)))
    panel._view.sigRangeChangedManually.emit([True, True])
    image = show(panel, on_parabola(5.0))
    assert panel._view.viewRange()[0] == pytest.approx([-6, 6])
    assert at(panel, image, 0, 20) == QColor(theme.panel).name()  # no map any more
    image = show(panel, on_bowl((1.0, 1.0)))
    assert not panel._curve.landing.isVisible()
    assert at(panel, image, 0.1, 0.1) == QColor(*band_colours(5)[0].tolist()).name()


def test_the_other_theme_repaints_everything(panel: SurfacePanel, theme: Theme) -> None:
    show(panel, on_parabola(5.0))
    other = LIGHT if theme is DARK else DARK
    panel.set_theme(other)
    image = panel.grab().toImage()
    assert at(panel, image, 5, 25) == QColor(other.runs[0]).name()
    assert at(panel, image, 0, 20) == QColor(other.panel).name()
    assert at(panel, image, -3, 9) == QColor(other.muted).name()


def test_live_numbers_rest_and_then_show_the_newest(qtbot: QtBot, panel: SurfacePanel) -> None:
    frames = [replace(on_parabola(w), live=True) for w in (5.0, 4.0, 3.2)]
    for frame in frames:
        panel.show_frame(frame)
    assert reading(panel).startswith("5 − ")
    qtbot.waitUntil(lambda: reading(panel).startswith("3.2 − "), timeout=1000)
    panel.show_frame(replace(on_parabola(2.0), live=False))  # moved by hand: at once
    assert reading(panel).startswith("2 − ")


def test_what_has_not_changed_is_not_drawn_again(panel: SurfacePanel) -> None:
    frame = on_bowl((1.0, 1.0), (0.5, 0.2), (0.4, 0.2))
    show(panel, frame)
    trail, image = panel._marks[0]._trail, panel._map._image.pixmap().cacheKey()
    drawn = trail._picture.cacheKey()
    show(panel, replace(frame, runs=(replace(frame.run, trail=np.array([[1.0, 1.0], [0.5, 0.2], [0.3, 0.1]])),)))
    assert trail._picture.cacheKey() == drawn  # only the ball has moved
    show(panel, replace(frame, runs=(replace(frame.run, trail=np.array([[1.0, 1.0], [0.5, 0.2], [0, 0], [1, 0]])),)))
    assert trail._picture.cacheKey() != drawn
    assert panel._map._image.pixmap().cacheKey() == image


@pytest.mark.parametrize("n_points", [40, 600])
def test_a_trail_that_grew_looks_like_one_drawn_at_once(
    qtbot: QtBot, panel: SurfacePanel, theme: Theme, n_points: int
) -> None:
    turn = np.linspace(0, 5, n_points)
    points = np.stack([1.5 * np.cos(turn), 1.5 * np.sin(turn)], axis=1)
    for n in range(1, n_points + 1, 3):
        # As a run of the digits, whose ball is not one of the points that are kept.
        panel.show_frame(on_bowl(*points[:n], points[n - 1] * 1.1))
        QApplication.processEvents()
    grown = show(panel, last := on_bowl(*points, points[-1] * 0.9))
    fresh = SurfacePanel(theme)
    qtbot.addWidget(fresh)
    fresh.resize(panel.size())
    fresh.show()
    at_once = show(fresh, last)
    strip = panel._readout.geometry().top()
    a, b = (
        np.array(image.bits(), np.int16).reshape(image.height(), -1, 4)[:strip, :, :3] for image in (grown, at_once)
    )
    difference = np.abs(a - b).max(axis=2)
    assert (difference > 64).sum() <= 20  # the casing overlaps itself where a piece joins the next


def test_a_trail_goes_back_with_the_cursor(panel: SurfacePanel, theme: Theme) -> None:
    points = ((-1.5, 1.5), (-1.5, 0.0), (-1.5, -1.5), (0.0, -1.5), (1.5, -1.5))
    before = show(panel, on_bowl(*points[:2]))
    after = show(panel, on_bowl(*points))
    assert at(panel, after, -1.5, -1.5) == QColor(theme.runs[0]).name()
    again = show(panel, on_bowl(*points[:2]))
    assert at(panel, again, -1.5, -1.5) == at(panel, before, -1.5, -1.5) != QColor(theme.runs[0]).name()


def test_a_trail_is_as_sharp_as_the_screen() -> None:
    parent = QGraphicsRectItem()
    trail = Trail(parent)
    trail.set_style(QColor("red"), QColor("black"), 2, 16)
    trail.draw(np.array([[10.0, 10.0], [90.0, 10.0], [90.0, 40.0]]), Pixels((0, 1), (0, 1), 100, 50, 2.0))
    picture = trail._picture.toImage()
    assert (picture.width(), picture.height()) == (200, 100)
    assert picture.pixelColor(100, 20).name() == "#ff0000"
    assert picture.pixelColor(100, 40).alpha() == 0


def test_a_run_that_bounces_for_ever_is_one_line_and_two_dots(panel: SurfacePanel) -> None:
    show(panel, on_parabola(*([5.0, -5.0] * 200)))
    marks = panel._marks[0]
    assert marks._zigzag.path().elementCount() == 2
    assert marks._dots.path().elementCount() == 2 * 2


@pytest.mark.parametrize("size", [(320, 200), (450, 420), (2000, 1400)])
def test_readout_and_map_have_room_at_every_size(panel: SurfacePanel, size: tuple[int, int]) -> None:
    panel.resize(*size)
    show(panel, on_bowl((-1.152, 0.192)))
    box = panel._view.sceneBoundingRect()
    assert box.height() > size[1] * 0.25
    assert box.width() > size[0] * 0.6
    assert isinstance(panel._marks[0], RunMarks)
    assert panel.minimumSizeHint().width() <= 320
    assert panel.minimumSizeHint().height() <= 200
