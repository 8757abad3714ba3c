"""Networks in the scene: their balls and trails on a slice, when another slice is wanted, and who is compared."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gdviz.core.digits import Digits
from gdviz.core.frame import NO_CURVATURES, Curvatures, Frame, PlaneKind, SliceView
from gdviz.core.plane import Plane
from gdviz.core.problem import Vector
from gdviz.core.run import Run
from gdviz.core.scene import Scene
from gdviz.core.slices import EXTENT, Gauge, Order, Slice, slices
from tests.core.scene_support import at_rest, drawn

DIGITS = """
[problem]
kind = "digits"
train_size = 320
[stop]
epochs = 2
[[runs]]
batch_size = 16
optimizer = { kind = "gradient-descent", learning_rate = 1.0 }
"""
RUN = DIGITS[DIGITS.index("[[runs]]") :]
PAIR = DIGITS + RUN + "seed = 1\n"
Finish = Callable[[str], list[Run]]


def take(run: Run, steps: int) -> None:
    while run.step < steps:
        run.advance()
    run.history.snapshot(run.row)


def sliced(scene: Scene, frame: Frame, kind: PlaneKind = "gradient", n_images: int = 100) -> Slice:
    """A slice of one kind through a frame's ball; the scene is told that it is the one asked for."""
    assert isinstance(frame.problem, Digits)
    scene.view = SliceView(kind, n_images, scene.view.other)
    order = Order(
        problem=frame.problem,
        kind=kind,
        n_images=n_images,
        theta=frame.theta,
        step=frame.theta_step,
        history=scene.run.history,
        seed=0,
        other=None if scene.compared is None else (scene.compared.history, scene.compared.row.theta.copy()),
        others=tuple(run.history for run in scene.everyone if run.cost_key == scene.run.cost_key),
    )
    return [made for made in slices(order) if made is not None][-1]


def gauge(scene: Scene) -> Gauge:
    made = scene.gauge()
    assert made is not None
    return made


def across(made: Slice) -> Vector:
    """A vector at right angles to a slice, as long as one unit of its coordinates."""
    off = np.roll(made.plane.directions[0], 5000)
    basis, _ = np.linalg.qr(made.plane.directions.T)
    off = off - basis @ (basis.T @ off)
    unit: Vector = off * (made.unit / np.linalg.norm(off))
    return unit


def shifted(made: Slice, away: Vector) -> Slice:
    """The same slice elsewhere: the ball that it went through is now off by ``away``."""
    return replace(made, plane=Plane(made.plane.anchor - away, made.plane.directions))


def test_a_live_ball_wants_a_slice_when_it_leaves_the_middle_half_or_the_plane(finish_runs: Finish) -> None:
    scene = Scene(at_rest(finish_runs(DIGITS)))
    assert scene.wants_slice(drawn(scene), moving=False)  # there is none yet
    scene.slice = made = sliced(scene, drawn(scene))
    assert not scene.wants_slice(drawn(scene), moving=False)
    one, two = made.plane.directions
    for away in (EXTENT / 2 * one, -EXTENT / 2 * one, EXTENT / 2 * two, -EXTENT / 2 * two, 0.05 * 0.3 * across(made)):
        for part, wanted in ((0.97, False), (1.03, True)):
            scene.slice = shifted(made, np.float32(part) * away)
            assert scene.wants_slice(drawn(scene), moving=False) is wanted


def test_who_looks_back_keeps_the_slice_for_as_long_as_it_will_do(finish_runs: Finish) -> None:
    scene = Scene(at_rest(finish_runs(DIGITS)))
    made = sliced(scene, drawn(scene, 7))
    assert made.farthest == pytest.approx(0.6 * EXTENT)
    for part, wanted in ((0.06, False), (0.97, False), (1.03, True)):
        scene.slice = shifted(made, np.float32(part * made.farthest) * across(made))
        frame = drawn(scene, 7)
        assert scene.wants_slice(frame, moving=False) is wanted
        assert frame.run.off_plane == pytest.approx(part * made.farthest, rel=1e-3)
        assert frame.run.far is wanted  # then its ball is drawn hollow


def test_another_kind_or_number_of_images_is_another_slice(finish_runs: Finish) -> None:
    scene = Scene(at_rest(finish_runs(DIGITS)))
    scene.slice = sliced(scene, drawn(scene), "random")
    for view, wanted in (
        (SliceView("random", 100), False),
        (SliceView("gradient", 100), True),
        (SliceView("random", 101), True),
    ):
        scene.view = view
        assert scene.wants_slice(drawn(scene), moving=False) is wanted
    scene.slice = sliced(scene, drawn(scene), "random", 5000)  # there are 320
    assert not scene.wants_slice(drawn(scene), moving=False)
    scene.view = SliceView("random", 320)
    assert not scene.wants_slice(drawn(scene), moving=False)


def test_a_run_that_moves_on_always_wants_the_next(start_runs: Finish) -> None:
    (run,) = start_runs(DIGITS)
    scene = Scene([run])
    take(run, 5)
    scene.slice = sliced(scene, drawn(scene), "path")
    assert not scene.wants_slice(drawn(scene), moving=True)
    take(run, 6)
    scene.slice = replace(sliced(scene, drawn(scene), "path"), step=5)
    frame = drawn(scene)
    assert scene.wants_slice(frame, moving=True)
    assert not scene.wants_slice(frame, moving=False)  # its ball is well in view
    scene.slice = replace(sliced(scene, drawn(scene, 5), "path"), step=3)
    assert not scene.wants_slice(drawn(scene, 5), moving=True)  # who looks back is not carried along


def test_what_stood_in_for_a_path_goes_when_there_is_more_of_it(start_runs: Finish) -> None:
    (run,) = start_runs(DIGITS)
    scene = Scene([run])
    take(run, 0)
    scene.slice = sliced(scene, drawn(scene), "path")
    frame = drawn(scene)
    assert (frame.view, frame.plane) == (SliceView("path", 100), "gradient")
    assert not scene.wants_slice(frame, moving=False)
    take(run, 1)
    assert scene.wants_slice(drawn(scene, 0), moving=False)
    take(run, 4)
    scene.slice = sliced(scene, drawn(scene), "path")
    frame = drawn(scene)
    assert frame.plane == "path"
    assert not scene.wants_slice(frame, moving=False)


def test_nothing_goes_through_a_ball_that_is_nowhere(start_runs: Finish) -> None:
    (run,) = start_runs(DIGITS)
    scene = Scene([run])
    take(run, 0)
    run.row.theta[7] = np.nan
    run.history.snapshot(run.row)
    assert not scene.wants_slice(drawn(scene), moving=True)


def test_a_network_that_blew_up_is_drawn_without_a_warning(finish_runs: Finish) -> None:
    toml = DIGITS.replace("1.0 }", "1e6 }")
    (run,) = finish_runs(toml.replace("train_size", 'activation = "relu"\ncost = "cross-entropy"\ntrain_size'))
    assert run.ended.startswith("blew up")
    scene = Scene(at_rest([run]))
    scene.slice = sliced(scene, drawn(scene, 0))
    for step in (0, run.step, None):
        frame = drawn(scene, step)
        assert len(frame.run.trail) == frame.step + 1
        assert np.isfinite(frame.run.trail).all()
        assert not (scene.wants_slice(frame, moving=True) and not np.isfinite(frame.theta).all())


def test_the_networks_ball_and_trail_are_projections_of_its_knobs(finish_runs: Finish) -> None:
    (run,) = finish_runs(DIGITS)
    scene = Scene(at_rest([run]))
    assert not len(drawn(scene).run.trail)  # no plane, no place on it
    scene.slice = made = sliced(scene, drawn(scene, 0))
    frame = drawn(scene)
    _, thetas = run.history.checkpoints()
    np.testing.assert_allclose(frame.run.trail, made.plane.project(thetas), atol=1e-6)
    assert frame.run.off_plane == pytest.approx(made.plane.distance(run.row.theta) / made.unit)
    assert frame.run.off_plane > 0.1
    assert frame.descent is None  # so far off the plane a slope would contradict the picture under it
    np.testing.assert_allclose(drawn(scene, 0).run.trail, [[0, 0]], atol=1e-6)
    assert len(drawn(scene, 5).run.trail) == 6
    scene.slice = made = sliced(scene, frame)
    expected = made.plane.components(-run.row.gradient).tolist()
    assert drawn(scene).descent == pytest.approx(expected, rel=1e-5)
    assert drawn(scene, 5).descent is None  # its gradient was not kept, and none is made up


def test_a_trail_grows_with_its_run_on_the_slice_that_was_there(start_runs: Finish) -> None:
    (run,) = start_runs(DIGITS)
    scene = Scene([run])
    take(run, 6)
    scene.slice = made = sliced(scene, drawn(scene), "path")
    for step in (6, 7, 11, 30):
        take(run, step)
        _, thetas = run.history.checkpoints()
        np.testing.assert_allclose(drawn(scene).run.trail, made.plane.project(thetas), atol=1e-6)
        assert len(thetas) == step + 1


@pytest.mark.parametrize(("n_images", "measured"), [(100, 100), (320, 320), (5000, 320)])
def test_a_balls_cost_is_that_of_the_slices_images(n_images: int, measured: int, finish_runs: Finish) -> None:
    runs = at_rest(finish_runs(PAIR))
    scene = Scene(runs)
    scene.slice = sliced(scene, drawn(scene), "ends", n_images)
    problem = runs[0].problem
    assert isinstance(problem, Digits)
    for step in (0, 13, 40):
        frame = drawn(scene, step)
        for run, shown in zip(runs, frame.runs, strict=True):
            theta = run.history.checkpoint(step).theta
            expected = problem.network.cost(theta, *problem.sample(measured))
            assert shown.trail_costs[-1] == pytest.approx(expected, rel=1e-6)
            assert len(shown.trail_costs) == len(shown.trail) == step + 1
            assert np.isnan(shown.trail_costs[:-1]).all()  # not measured, and not made up
    # Both balls lie on the plane: their costs are those of the picture under them.
    costs = scene.slice.landscape.costs
    assert costs.min() <= frame.run.trail_costs[-1] <= costs.max()


@pytest.mark.parametrize(("hidden", "expected"), [("[16, 16]", 1000), ("[300]", 251), ("[2000]", 100)])
def test_of_very_many_images_so_many_measure_a_ball_as_take_little_time(
    hidden: str, expected: int, start_runs: Finish
) -> None:
    """A thousand; of 784-300-10, with 238,510 knobs, 60 million over those; never less than a hundred."""
    (run,) = start_runs(DIGITS.replace("320", f"1200\nhidden = {hidden}"))
    scene = Scene([run])
    take(run, 0)
    assert isinstance(run.problem, Digits)
    scene.view = SliceView("path", 1200)
    first = run.problem.network.cost(run.row.theta, *run.problem.sample(expected))
    assert gauge(scene).n_images == drawn(scene).n_gauged == expected
    assert gauge(scene).cost(run.row.theta) == first
    assert first != run.problem.network.cost(run.row.theta, *run.problem.sample(1200))
    scene.view = SliceView("path", 50)
    assert drawn(scene).n_gauged == 50


def test_on_the_line_between_two_balls_there_is_one_knob(finish_runs: Finish) -> None:
    runs = at_rest(finish_runs(PAIR))
    scene = Scene(runs)
    scene.slice = made = sliced(scene, drawn(scene), "line")
    frame = drawn(scene)
    apart = float(np.linalg.norm(runs[1].row.theta - runs[0].row.theta))
    for run, shown, along in zip(runs, frame.runs, (0.0, apart), strict=True):
        assert shown.trail.shape == (1, 2)
        assert shown.trail[0, 0] == pytest.approx(along, abs=1e-4)
        assert shown.trail[0, 1] == shown.trail_costs[0] == pytest.approx(gauge(scene).cost(run.row.theta), rel=1e-6)
        assert np.interp(along, made.landscape.x, made.landscape.costs) == pytest.approx(shown.trail[0, 1], rel=1e-3)
        assert shown.off_plane == pytest.approx(0, abs=1e-4)
        assert not shown.far
    assert frame.descent is None
    assert frame.plane == "line"
    assert not scene.wants_slice(frame, moving=False)
    # The start is far off the line, by what Pythagoras leaves.
    start = runs[0].history.checkpoint(0).theta
    way = start - runs[0].row.theta
    along = float(way @ (runs[1].row.theta - runs[0].row.theta)) / apart
    early = drawn(scene, 0).run
    assert early.trail[0, 0] == pytest.approx(along, abs=1e-4)
    assert early.off_plane == pytest.approx(math.sqrt(float(way @ way) - along**2), rel=1e-4)


def test_compared_is_the_run_that_was_chosen_or_the_first_other_one(finish_runs: Finish) -> None:
    runs = finish_runs(PAIR + RUN + "seed = 2\n" + RUN + "problem = { shuffle_labels = 1.0 }\n")
    (ghost,) = finish_runs(DIGITS)
    scene = Scene(at_rest(runs), at_rest([ghost]))
    assert scene.everyone == [ghost, *runs]
    for selected, other, expected in (
        (0, 0, 1),  # not with itself
        (0, 1, 1),
        (0, 2, 2),
        (0, 3, 1),  # that one descends another cost
        (0, 9, 1),
        (1, 0, 0),
        (2, 2, 0),
        (3, 0, None),
    ):
        scene.select(selected)
        scene.view = SliceView(other=other)
        assert scene.compared is (None if expected is None else runs[expected])
        assert drawn(scene).compared == (None if expected is None else 1 + expected)  # after the ghost
    assert Scene(at_rest(runs[:1]), [ghost]).compared is None  # a ghost is none of them


def test_another_run_to_compare_with_wants_another_slice(finish_runs: Finish) -> None:
    runs = at_rest(finish_runs(PAIR + RUN + "seed = 2\n"))
    scene = Scene(runs)
    kinds: tuple[PlaneKind, ...] = ("line", "ends", "path")
    for kind in kinds:
        scene.select(0)
        scene.view = SliceView(other=1)
        scene.slice = sliced(scene, drawn(scene), kind)
        assert not scene.wants_slice(drawn(scene), moving=False)
        scene.view = replace(scene.view, other=2)
        assert scene.wants_slice(drawn(scene), moving=False) is (kind != "path")
        scene.view = replace(scene.view, other=1)
        scene.select(1)
        assert scene.wants_slice(drawn(scene), moving=False)


def test_the_sharpness_at_the_cursor_is_the_last_one_measured_before_it(finish_runs: Finish) -> None:
    runs = at_rest(finish_runs(PAIR))
    scene = Scene(runs)
    assert drawn(scene).sharpness is None
    assert drawn(scene).run.sharpness is NO_CURVATURES
    version = scene.version()
    for step, value in ((20, 3.0), (4, 1.0), (40, math.nan), (20, 2.5)):
        scene.measure(runs[0], step, value)
        assert scene.version() != version
        version = scene.version()
    found = drawn(scene, 0).run.sharpness
    assert found.steps.tolist() == [4, 20, 40]
    np.testing.assert_array_equal(found.values, [1.0, 2.5, math.nan])
    assert [drawn(scene, step).sharpness for step in (0, 3, 4, 19, 20, 39)] == [None, None, 1.0, 1.0, 2.5, 2.5]
    assert math.isnan(drawn(scene, 40).sharpness or 0)
    scene.select(1)
    assert drawn(scene, 30).sharpness is None  # another run's is its own
    assert drawn(scene, 30).runs[0].sharpness.steps.tolist() == [4, 20, 40]


def test_measured_up_to_a_step() -> None:
    curvatures = Curvatures(np.array([2, 5, 9]), np.array([20.0, 50.0, 90.0]))
    assert [curvatures.at(step) for step in (0, 1, 2, 4, 5, 8, 9, 100)] == [None, None, 20, 20, 50, 50, 90, 90]
    assert NO_CURVATURES.at(10) is None


def test_a_surface_has_no_slice_no_view_and_no_other(finish_runs: Finish) -> None:
    scene = Scene(at_rest(finish_runs('problem = { kind = "surface", name = "parabola" }\nstop = { steps = 3 }\n')))
    frame = drawn(scene)
    assert not scene.wants_slice(frame, moving=True)
    assert (frame.view, frame.plane, frame.compared) == (None, None, None)
    assert frame.sharpness == 2
    assert scene.gauge() is None
    assert frame.n_gauged == 0


def test_another_view_is_another_version(finish_runs: Finish) -> None:
    scene = Scene(at_rest(finish_runs(DIGITS)))
    drawn(scene)
    before = scene.version()
    scene.view = SliceView("random")
    assert scene.version() != before
    scene.view = SliceView("path")
    assert scene.version() == before


def test_a_run_of_another_cost_keeps_its_curve_and_has_no_ball_here(finish_runs: Finish) -> None:
    scene = Scene(at_rest(finish_runs(DIGITS + RUN + "problem = { shuffle_labels = 1.0 }\n")))
    scene.slice = sliced(scene, drawn(scene, 0))
    frame = drawn(scene)
    assert [run.on_surface for run in frame.runs] == [True, False]
    assert [len(run.trail) > 0 for run in frame.runs] == [True, False]
    assert len(frame.runs[1].curve.steps) == 41
    scene.select(1)
    assert [run.on_surface for run in drawn(scene).runs] == [False, True]
    assert drawn(scene).landscape is None


def test_a_slice_stays_when_a_run_of_the_same_cost_is_selected(finish_runs: Finish) -> None:
    scene = Scene(at_rest(finish_runs(PAIR)))
    scene.slice = made = sliced(scene, drawn(scene, 0))
    scene.select(1)
    assert scene.slice is made
    assert all(run.on_surface and len(run.trail) for run in drawn(scene).runs)


def test_a_ghost_of_another_network_has_no_ball_here(finish_runs: Finish) -> None:
    (ghost,) = finish_runs(DIGITS.replace("train_size", "hidden = [5]\ntrain_size"))
    scene = Scene(at_rest(finish_runs(DIGITS)), [ghost])
    scene.slice = sliced(scene, drawn(scene, 0))
    assert [run.on_surface for run in drawn(scene).runs] == [False, True]


def test_a_coarse_picture_is_refined_when_the_run_rests(finish_runs: Finish) -> None:
    scene = Scene(at_rest(finish_runs(DIGITS)))
    scene.slice = replace(sliced(scene, drawn(scene)), final=False)
    assert scene.wants_slice(drawn(scene), moving=False)
    assert not scene.wants_slice(drawn(scene), moving=True)
