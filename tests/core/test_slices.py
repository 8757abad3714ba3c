"""Slices of a network's cost, made from real runs: what they go through, how much they show, and what they say."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gdviz.core.datasets import DataSet
from gdviz.core.digits import Digits
from gdviz.core.frame import PLANE_KINDS, PlaneKind
from gdviz.core.history import History
from gdviz.core.network import CostName, Network
from gdviz.core.plane import Plane
from gdviz.core.run import Run
from gdviz.core.slices import EXTENT, LINE_POINTS, POINTS, Gauge, Order, Slice, slices, trail_stride

TOML = """
[problem]
kind = "digits"
train_size = 320
hidden = [8]
{keys}
[stop]
epochs = 2
[[runs]]
batch_size = 16
optimizer = {{ kind = "gradient-descent", learning_rate = 1.0 }}
[[runs]]
batch_size = 16
seed = 1
optimizer = {{ kind = "gradient-descent", learning_rate = 1.0 }}
"""
Pair = tuple[Run, Run]
Finish = Callable[[str], list[Run]]


@pytest.fixture(scope="module")
def pair(finish_runs: Finish) -> Pair:
    """Two runs of 40 steps from different starts."""
    one, other = finish_runs(TOML.format(keys=""))
    return one, other


def order(runs: Pair, kind: PlaneKind = "path", step: int = 40, **changes: Any) -> Order:
    run, other = runs
    assert isinstance(run.problem, Digits)
    there = run.history.checkpoint(step)
    made = Order(
        problem=run.problem,
        kind=kind,
        n_images=100,
        theta=there.theta,
        step=there.step,
        history=run.history,
        seed=0,
        other=(other.history, other.row.theta.copy()),
        labels=("one", "other"),
        others=(run.history, other.history),
    )
    return replace(made, **changes)


def take(run: Run, step: int) -> Run:
    while run.step < step:
        run.advance()
    return run


def all_of(wanted: Order) -> list[Slice]:
    return [made for made in slices(wanted) if made is not None]


def finest(wanted: Order) -> Slice:
    made = all_of(wanted)[-1]
    assert made.final
    return made


def cost(wanted: Order, theta: Any) -> float:
    images, labels = wanted.problem.sample(wanted.n_images)
    return wanted.problem.network.cost(theta, images, labels)


def nearest(made: Slice, point: Any) -> float:
    """The cost that the landscape shows at a point of the plane."""
    drawn = made.landscape
    j = int(abs(drawn.x - point[0]).argmin())
    if not drawn.y.size:
        return float(drawn.costs[j])
    return float(drawn.costs[abs(drawn.y - point[1]).argmin(), j])


@pytest.mark.parametrize("kind", ["path", "gradient", "random", "ends"])
def test_they_come_coarse_then_fine_on_one_plane(kind: PlaneKind, pair: Pair) -> None:
    made = all_of(order(pair, kind))
    assert POINTS == (17, 33, 65)
    assert [each.landscape.costs.shape for each in made] == [(33, 33), (65, 65), (129, 129)]
    assert [each.final for each in made] == [False, False, True]
    assert [f"{n} × {n} points" in each.landscape.note for n, each in zip(POINTS, made, strict=True)] == [True] * 3
    assert made[0].plane is made[1].plane is made[2].plane
    for each in made:
        assert each.landscape.costs.shape == (len(each.landscape.y), len(each.landscape.x))
        np.testing.assert_array_equal(each.landscape.x[[0, -1]], made[0].landscape.x[[0, -1]])
        np.testing.assert_array_equal(each.landscape.y[[0, -1]], made[0].landscape.y[[0, -1]])
    # The points of the coarse one are points of the fine one, and have the same cost there.
    np.testing.assert_allclose(made[2].landscape.costs[::8, ::8], made[0].landscape.costs[::2, ::2], rtol=1e-5)


def test_the_first_one_comes_soon_and_there_are_pauses_before_each(pair: Pair) -> None:
    yielded = list(slices(order(pair)))
    at = [i for i, made in enumerate(yielded) if made is not None]
    assert at[0] <= len(yielded) / 4
    gaps = np.diff([-1, *at])
    assert (gaps > np.array(POINTS)).all()  # a pause a row at least


def test_every_point_is_the_cost_there_and_those_between_are_near(pair: Pair) -> None:
    wanted = order(pair)
    made = finest(wanted)
    x, y, costs = made.landscape.x, made.landscape.y, made.landscape.costs
    one, two = made.plane.directions
    for tolerance, first in ((2e-5, 0), (2e-3, 1)):  # computed, and in between
        for i, j in ((first, 40), (40 + first, 80), (128 - first, 128 - first), (64, 22 + first)):
            at = made.plane.anchor + np.float32(x[j]) * one + np.float32(y[i]) * two
            assert costs[i, j] == pytest.approx(cost(wanted, at), rel=tolerance)


def test_the_plane_of_the_path_is_its_principal_components(pair: Pair) -> None:
    wanted = order(pair, "path")
    made = finest(wanted)
    _, thetas = pair[0].history.checkpoints()
    apart = thetas.astype(np.float64) - thetas.astype(np.float64).mean(axis=0)
    _, singular, vectors = np.linalg.svd(apart, full_matrices=False)
    for direction, vector in zip(made.plane.directions, vectors, strict=False):
        assert abs(direction @ vector) == pytest.approx(1, abs=1e-4)
    shares = singular[:2] ** 2 / (singular**2).sum()
    assert f" {100 * shares.sum():.0f} % of the path’s variance" in made.landscape.note
    assert made.landscape.labels == (
        f"along the path ({100 * shares[0]:.0f} % of the path)",
        f"across it ({100 * shares[1]:.0f} % of the path)",
    )
    assert made.plane.distance(wanted.theta) < 1e-4
    np.testing.assert_allclose(made.plane.project(pair[0].history.checkpoint(0).theta), 0, atol=1e-5)
    # All of the path is in view, with room around it.
    (steps, trail) = made.trails[pair[0].history]
    assert steps.tolist() == list(range(41))
    for axis, at in zip((made.landscape.x, made.landscape.y), trail.T, strict=True):
        assert axis[0] < at.min() - 0.1 * np.ptp(at)
        assert axis[-1] > at.max() + 0.1 * np.ptp(at)
    assert nearest(made, made.plane.project(wanted.theta)) == pytest.approx(cost(wanted, wanted.theta), rel=0.02)


def test_the_slope_of_a_slice_goes_down_along_its_first_axis(pair: Pair) -> None:
    wanted = order(pair, "gradient", 7)
    made = finest(wanted)
    images, labels = wanted.problem.sample(100)
    here, gradient = wanted.problem.network.cost_and_gradient(wanted.theta, images, labels)
    down = made.plane.directions[0]
    assert down @ gradient / np.linalg.norm(down) / np.linalg.norm(gradient) == pytest.approx(-1, abs=1e-5)
    np.testing.assert_array_equal(made.plane.anchor, wanted.theta)
    costs = made.landscape.costs
    assert costs[64, 64] == pytest.approx(here, rel=1e-5)
    assert costs[64, 65] < here < costs[64, 63]
    np.testing.assert_allclose(made.landscape.x[[0, 64, -1]], [-EXTENT, 0, EXTENT])
    np.testing.assert_allclose(made.landscape.y[[0, 64, -1]], [-EXTENT, 0, EXTENT])
    assert made.landscape.labels == ("along the negative slope", "a random direction")
    assert made.landscape.note.startswith("plane down the slope through step 7 · ")


def test_random_directions_are_neurons_own_lengths_and_the_same_at_every_step(pair: Pair) -> None:
    early, late = (finest(order(pair, "random", step)) for step in (0, 40))
    net = order(pair).problem.network
    for made, step in ((early, 0), (late, 40)):
        theta = pair[0].history.checkpoint(step).theta
        np.testing.assert_array_equal(made.plane.anchor, theta)
        for direction in made.plane.directions:
            for (own, _), (weights, biases) in zip(net.layers(theta), net.layers(direction), strict=True):
                np.testing.assert_allclose(np.linalg.norm(weights, axis=0), np.linalg.norm(own, axis=0), rtol=1e-4)
                assert not biases.any()
    # The same random numbers, each neuron's scaled to its length of the moment.
    for one, other in zip(early.plane.directions, late.plane.directions, strict=True):
        for (then, _), (now, _) in zip(net.layers(one), net.layers(other), strict=True):
            cosines = (then * now).sum(axis=0) / np.linalg.norm(then, axis=0) / np.linalg.norm(now, axis=0)
            np.testing.assert_allclose(cosines, 1, atol=1e-4)
    other = finest(order(pair, "random", 40, seed=1))
    assert abs(other.plane.directions[0] @ late.plane.directions[0]) < 0.2 * late.unit**2
    assert late.landscape.note.startswith("random plane through step 40 · ")


def test_the_plane_of_both_balls_holds_them_and_the_start(pair: Pair) -> None:
    wanted = order(pair, "ends")
    made = finest(wanted)
    run, other = pair
    assert wanted.other is not None
    points = [run.row.theta, wanted.other[1], run.history.checkpoint(0).theta]
    places = np.array([made.plane.project(point) for point in points])
    np.testing.assert_allclose(places[0], 0, atol=1e-5)
    np.testing.assert_allclose(
        places[1], [float(np.linalg.norm(run.row.theta - other.row.theta)), 0], rtol=1e-5, atol=1e-4
    )
    for point, place in zip(points, places, strict=True):
        assert made.plane.distance(point) < 1e-4
        assert made.holds(place)
        assert nearest(made, place) == pytest.approx(cost(wanted, point), rel=0.05)
    assert made.landscape.labels == ("from one to other", "towards the start")
    assert made.landscape.note.startswith("plane of two balls and a start through step 40 · ")


def test_the_line_between_two_balls_has_one_axis_and_their_costs(pair: Pair) -> None:
    wanted = order(pair, "line")
    (made,) = all_of(wanted)
    assert made.final
    drawn = made.landscape
    assert drawn.costs.shape == drawn.x.shape == (LINE_POINTS,)
    assert not drawn.y.size
    assert f"100 images, {LINE_POINTS} points" in drawn.note
    assert drawn.note.startswith("line between two balls through step 40 · ")
    assert drawn.labels == ("from one to other", "cost")
    assert wanted.other is not None
    there = wanted.other[1]
    apart = float(np.linalg.norm(there - wanted.theta))
    for at, theta in ((0.0, wanted.theta), (apart, there)):
        assert drawn.x[0] < at < drawn.x[-1]
        assert np.interp(at, drawn.x, drawn.costs) == pytest.approx(cost(wanted, theta), rel=1e-3)
    middle = (wanted.theta + there) / 2
    assert np.interp(apart / 2, drawn.x, drawn.costs) == pytest.approx(cost(wanted, middle), rel=1e-3)
    # Its note tells how much of the way of the ball lies along this one line.
    _, thetas = pair[0].history.checkpoints()
    share = made.plane.explained(thetas)[0]
    assert f" {100 * share:.0f} % of the path’s variance" in drawn.note


@pytest.mark.parametrize("kind", ["ends", "line"])
def test_without_another_run_the_path_is_shown(kind: PlaneKind, pair: Pair) -> None:
    made = finest(order(pair, kind, other=None))
    assert (made.asked, made.kind) == (kind, "path")
    assert made.landscape.note.startswith("plane of the path through step 40 · ")


@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_path_of_less_than_three_snapshots_has_no_plane_yet(n: int, start_runs: Finish) -> None:
    run, other = start_runs(TOML.format(keys=""))
    made = finest(order((take(run, n), take(other, 0)), "path", n))
    assert (made.asked, made.kind) == ("path", "path" if n == 2 else "gradient")
    assert (made.step, made.newest) == (n, n)
    assert made.landscape.note.startswith(f"plane {'of the path' if n == 2 else 'down the slope'} through step {n} · ")
    assert ("variance" in made.landscape.note) is (n > 0)  # one point has none


@pytest.mark.parametrize("kind", PLANE_KINDS)
def test_only_the_fine_one_follows_another_of_its_kind(kind: PlaneKind, pair: Pair) -> None:
    before = finest(order(pair, kind, 30))
    assert len(all_of(order(pair, kind, 40, before=before))) == 1
    other: PlaneKind = "random" if kind != "random" else "path"
    assert len(all_of(order(pair, other, 40, before=before))) == 3


def test_the_view_holds_still_while_the_path_stays_in_it_and_grows_when_it_leaves(start_runs: Finish) -> None:
    run, other = start_runs(TOML.format(keys=""))
    made: list[Slice] = []
    changes = 0
    for step in range(4, 41, 2):
        made.append(finest(order((take(run, step), take(other, 0)), "path", step, before=made[-1] if made else None)))
        x, y = made[-1].landscape.x, made[-1].landscape.y
        trail = made[-1].trails[run.history][1]
        assert (x[0] < trail[:, 0].min()) & (trail[:, 0].max() < x[-1])
        assert (y[0] < trail[:, 1].min()) & (trail[:, 1].max() < y[-1])
        if len(made) > 1:
            then = made[-2].landscape.x
            held = bool((x[[0, -1]] == then[[0, -1]]).all())
            changes += not held
            assert held or np.ptp(x) > np.ptp(then)
            assert (made[-1].plane.directions * made[-2].plane.directions).sum(axis=1).min() >= 0
    assert 1 <= changes <= len(made) / 2


def test_a_paths_directions_point_as_they_did(pair: Pair) -> None:
    usual = finest(order(pair, "path"))
    signs = np.array([[1], [-1]], np.float32)
    turned = replace(usual, plane=Plane(usual.plane.anchor, signs * usual.plane.directions))
    again = finest(order(pair, "path", before=turned))
    np.testing.assert_array_equal(again.plane.directions, turned.plane.directions)
    same = finest(order(pair, "path", before=replace(turned, kind="random")))  # that one was of another kind
    np.testing.assert_array_equal(same.plane.directions, usual.plane.directions)


@pytest.mark.parametrize("kind", ["ends", "line"])
def test_from_one_ball_to_the_other_is_to_the_right_whoever_is_selected(kind: PlaneKind, pair: Pair) -> None:
    one, other = pair
    before = finest(order(pair, kind))
    made = finest(order((other, one), kind, before=before))
    places = made.plane.project(np.stack([other.row.theta, one.row.theta]))
    assert places[0, 0] == pytest.approx(0, abs=1e-4)
    assert places[1, 0] > 1


def test_the_cost_at_the_ball_is_taken_on_all_images(pair: Pair) -> None:
    one, _ = pair
    assert isinstance(one.problem, Digits)
    for n in (40, 160):
        made = finest(order(pair, "path", n_images=n))
        expected = one.problem.network.cost(one.row.theta, *one.problem.sample(n))
        assert made.cost == pytest.approx(expected, rel=1e-5)


def test_a_view_far_too_large_is_not_kept(pair: Pair) -> None:
    usual = finest(order(pair))
    wide = replace(usual.landscape, x=usual.landscape.x * 20, y=usual.landscape.y * 20)
    made = finest(order(pair, before=replace(usual, landscape=wide)))
    np.testing.assert_allclose(made.landscape.x, usual.landscape.x)
    np.testing.assert_allclose(made.landscape.y, usual.landscape.y)


@pytest.mark.parametrize("kind", PLANE_KINDS)
def test_trails_are_the_projected_checkpoints_of_all_runs(kind: PlaneKind, pair: Pair) -> None:
    made = finest(order(pair, kind))
    assert set(made.trails) == {run.history for run in pair}
    for run in pair:
        steps, trail = made.trails[run.history]
        kept, thetas = run.history.checkpoints(every=trail_stride(run.history))
        np.testing.assert_array_equal(steps, kept)
        np.testing.assert_allclose(trail, made.plane.project(thetas), atol=1e-6)


@pytest.mark.parametrize(("newest", "expected"), [(0, 1), (255, 1), (256, 2), (511, 2), (512, 3), (2560, 11)])
def test_a_long_trail_has_at_most_257_points(newest: int, expected: int, pair: Pair) -> None:
    history = History(3, 0, np.dtype(np.float32))
    for step in range(newest + 1):
        history.append(
            replace(pair[0].row, step=step, theta=np.zeros(3, np.float32), state=np.empty((0, 3)), evaluation=None)
        )
    assert trail_stride(history) == expected
    assert len(history.checkpoints(every=expected)[0]) <= 257


@pytest.mark.parametrize("cost_name", ["squared-error", "cross-entropy"])
@pytest.mark.parametrize("n", [50, 320])
def test_a_gauge_measures_what_the_network_costs(n: int, cost_name: CostName, mnist: DataSet) -> None:
    problem = Digits(Network((784, 8, 10), "tanh", cost_name), mnist, mnist.train_labels[:320])
    gauge = Gauge(problem, n)
    for seed in (0, 1, 0):
        theta = problem.start(np.random.default_rng(seed))
        assert gauge.cost(theta) == problem.network.cost(theta, *problem.sample(n))
    assert not np.isfinite(gauge.cost(np.full_like(theta, np.inf)))


def test_a_small_set_says_how_many_images_there_were(pair: Pair) -> None:
    made = finest(order(pair, n_images=5000))
    assert made.n_images == 320
    assert "320 images, 65 × 65 points" in made.landscape.note


def test_two_threads_draw_the_same(pair: Pair) -> None:
    alone, together = (finest(order(pair, threads=n)) for n in (1, 2))
    np.testing.assert_array_equal(alone.landscape.costs, together.landscape.costs)


def test_a_network_of_on_off_neurons_is_drawn_as_it_is(finish_runs: Finish) -> None:
    """Its cost has jumps, which a smooth curve would overshoot: wrong outputs an image, so whole hundredths."""
    one, other = finish_runs(TOML.format(keys='activation = "step"'))
    made = all_of(order((one, other), "random"))
    assert [each.landscape.costs.shape for each in made] == [(n, n) for n in POINTS]
    costs = 100 * made[-1].landscape.costs
    np.testing.assert_allclose(costs, np.round(costs), atol=1e-3)
    # Its path stands still and its slope is zero: only random directions are left, and nothing else is claimed.
    still = finest(order((one, other), "path"))
    assert (still.asked, still.kind) == ("path", "random")
    assert "variance" not in still.landscape.note
    assert np.linalg.matrix_rank(still.plane.directions) == 2


@pytest.mark.parametrize("init", ["xavier", "he", "normal", "zeros"])
@pytest.mark.parametrize("kind", PLANE_KINDS)
def test_every_start_has_a_slice(kind: PlaneKind, init: str, start_runs: Finish) -> None:
    one, other = start_runs(TOML.format(keys=f'init = "{init}"'))
    made = finest(order((take(one, 0), take(other, 0)), kind, 0))
    assert np.isfinite(made.landscape.costs).all()
    assert np.ptp(made.landscape.costs) > 0 or init == "zeros"


@pytest.mark.parametrize("kind", PLANE_KINDS)
def test_a_run_that_blew_up_has_slices_where_its_knobs_are_finite(kind: PlaneKind, finish_runs: Finish) -> None:
    """Quietly: a warning would be an error here. What overflows is drawn as it is, and not smoothed."""
    keys = 'activation = "relu"\ncost = "cross-entropy"'
    toml = TOML.format(keys=keys).replace("[8]", "[16, 16]")
    toml = toml.replace("= 1.0 }", "= 1e6 }", 1).replace("= 1.0 }", "= 0.1 }")
    one, other = finish_runs(toml)
    assert one.ended.startswith("blew up")
    for runs, step in (((one, other), 0), ((other, one), 40)):
        made = finest(order(runs, kind, step))
        assert np.isfinite(made.landscape.x).all()
        n, finite = made.landscape.costs.shape[-1], np.isfinite(made.landscape.costs).all()
        assert n == (LINE_POINTS if kind == "line" else 129 if finite else 65)
