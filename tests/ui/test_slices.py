"""The slices of a network's cost in a real session: which one is shown, when it is made anew, and what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from gdviz.core.curvature import network_sharpness
from gdviz.core.digits import Digits
from gdviz.core.frame import PLANE_KINDS, SliceView
from gdviz.core.generators import finished
from tests.support import DIGITS, LONG_DIGITS, PAIR
from tests.ui.slice_support import LONG, RANDOM, frame_of, rest, scene_of, slice_of

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import PlaneKind
    from gdviz.core.slices import Slice
    from gdviz.ui.session import Session
    from tests.support import Open, Renewed

FULL = """
title = "A mini-batch run and a full-batch run"
[view]
plane = "random"
images = 50
[problem]
kind = "digits"
train_size = 60
hidden = [6]
evaluate = 1000
[stop]
steps = 230
[[runs]]
batch_size = 30
optimizer = { kind = "gradient-descent", learning_rate = 0.5 }
[[runs]]
batch_size = "full"
optimizer = { kind = "gradient-descent", learning_rate = 0.5 }
"""


def go(session: Session, qtbot: QtBot, step: int) -> Slice:
    """Single steps up to a step, and the slice there."""
    for _ in range(step - frame_of(session).step):
        session.forward()
    qtbot.waitUntil(lambda: frame_of(session).step == step, timeout=LONG)
    return rest(session, qtbot)


def names(session: Session) -> str:
    """What the first axis is."""
    return slice_of(session).landscape.labels[0]


def curve(session: Session, run: int) -> dict[int, float]:
    """What is known of a run's sharpness, by step."""
    known = frame_of(session).runs[run].sharpness
    return dict(zip(known.steps.tolist(), known.values.tolist(), strict=True))


# Which one


def test_the_path_is_shown_in_its_own_plane_from_its_third_snapshot_on(
    session: Session, opened: Open, qtbot: QtBot
) -> None:
    (run,) = opened(DIGITS + "[view]\nimages = 100\n")
    assert frame_of(session).view == SliceView("path", 100)
    for step in (0, 1):
        assert go(session, qtbot, step).newest == step
        assert frame_of(session).plane == "gradient"
        assert frame_of(session).landscape is not None
    at_third = go(session, qtbot, 2)
    assert frame_of(session).plane == "path"
    assert at_third.landscape.note == (
        "plane of the path through step 2 · 100 % of the path’s variance · 100 images, 65 × 65 points, smoothed between"
    )
    # Three points lie in a plane: it shows the distances between them as they are.
    trail, thetas = frame_of(session).run.trail, [run.history.checkpoint(step).theta for step in range(3)]
    assert trail.shape == (3, 2)
    for i, j in ((0, 1), (1, 2), (0, 2)):
        apart = np.linalg.norm(thetas[i].astype(float) - thetas[j])
        assert np.linalg.norm(trail[i] - trail[j]) == pytest.approx(apart, rel=1e-3)
    assert frame_of(session).run.off_plane < 1e-3 * apart


def test_a_slice_of_the_kind_and_on_the_images_that_are_asked_for_comes(
    session: Session, opened: Open, qtbot: QtBot
) -> None:
    (run,) = opened(RANDOM)
    go(session, qtbot, 3)
    problem = run.problem
    assert isinstance(problem, Digits)
    for kind, n in (("gradient", 60), ("random", 60), ("random", 90), ("path", 90)):
        view = SliceView(next(known for known in PLANE_KINDS if known == kind), n)
        session.look_at(view)
        assert frame_of(session).view == view
        made = rest(session, qtbot)
        frame = frame_of(session)
        assert (frame.plane, made.kind, made.n_images, made.step) == (kind, kind, n, 3)
        assert " through step 3 · " in made.landscape.note
        assert f" · {n} images, 65 × 65 points" in made.landscape.note
        cost, _ = problem.network.cost_and_gradient(frame.theta, *problem.sample(n))
        assert frame.run.trail_costs[-1] == pytest.approx(cost, rel=1e-4)
        if kind != "path":  # the ball is in the middle, which is one of the points
            np.testing.assert_allclose(frame.run.trail[-1], 0, atol=1e-5)
            rows, columns = made.landscape.costs.shape
            assert made.landscape.costs[rows // 2, columns // 2] == pytest.approx(cost, rel=1e-4)


def test_more_images_than_are_trained_on_are_all_of_them(session: Session, opened: Open, qtbot: QtBot) -> None:
    opened(RANDOM.replace("2000", "90").replace("images = 120", "images = 60000"))
    made = rest(session, qtbot)
    assert made.n_images == 90
    assert "90 images" in made.landscape.note
    assert frame_of(session).view == SliceView("random", 60_000)
    session.look_at(SliceView("random", 50_000))
    assert rest(session, qtbot) is made  # it would be the same again


def test_the_scenarios_choice_is_taken_when_it_is_opened_and_the_users_outlives_a_reset(
    session: Session, opened: Open, renewed: Renewed, qtbot: QtBot
) -> None:
    opened(RANDOM)
    assert frame_of(session).view == SliceView("random", 120)
    assert rest(session, qtbot).n_images == 120
    session.look_at(SliceView("gradient", 80))
    renewed(session.reset)
    assert frame_of(session).view == SliceView("gradient", 80)
    made = rest(session, qtbot)
    assert (made.kind, made.n_images) == ("gradient", 80)
    opened(RANDOM)
    assert frame_of(session).view == SliceView("random", 120)
    assert rest(session, qtbot).kind == "random"


# When


def test_coming_back_to_a_plane_shows_the_slice_that_was_made_before(
    session: Session, opened: Open, qtbot: QtBot
) -> None:
    opened(DIGITS + "[view]\nimages = 50\n")
    path = go(session, qtbot, 3)
    session.look_at(SliceView("random", 50))
    across = rest(session, qtbot)
    session.look_at(SliceView("path", 50))
    assert scene_of(session).slice is path  # at once
    assert rest(session, qtbot) is path
    session.look_at(SliceView("random", 50))
    assert rest(session, qtbot) is across
    go(session, qtbot, 4)
    session.look_at(SliceView("path", 50))
    later = rest(session, qtbot)
    assert later is not path  # the path has gone on
    assert later.step == 4


def test_slices_follow_the_ball_while_it_plays_and_stay_when_one_looks_back(
    session: Session, opened: Open, qtbot: QtBot
) -> None:
    # So slow that the ball never leaves its first slice: while it rests that one would do.
    opened(LONG_DIGITS.replace("0.1", "1e-7") + '[view]\nplane = "random"\nimages = 50\n')
    rest(session, qtbot)
    session.play()
    seen = [slice_of(session).step]
    for _ in range(3):
        qtbot.waitUntil(lambda: slice_of(session).step > seen[-1], timeout=LONG)
        seen.append(slice_of(session).step)
    assert session.playing
    with qtbot.waitSignal(session._worker.rested, timeout=LONG):
        session.forward()  # which pauses it, too
    last = rest(session, qtbot)
    session.seek(last.step - 1)
    frame = frame_of(session)
    assert frame.step == last.step - 1
    assert frame.landscape is last.landscape
    assert not scene_of(session).wants_slice(frame, moving=False)


# Two balls


def test_two_balls_and_the_start_lie_on_their_common_plane(session: Session, opened: Open, qtbot: QtBot) -> None:
    one, other = opened(PAIR + '[view]\nplane = "ends"\nimages = 50\n')
    go(session, qtbot, 10)
    frame = frame_of(session)
    assert frame.plane == "ends"
    assert frame.compared == 1
    assert other.history.newest_step == 2
    balls = [run.history.checkpoint(step).theta.astype(float) for run, step in ((one, 10), (other, 2))]
    apart = float(np.linalg.norm(balls[1] - balls[0]))
    np.testing.assert_allclose(frame.runs[0].trail[-1], (0, 0), atol=1e-3 * apart)
    np.testing.assert_allclose(frame.runs[1].trail[-1], (apart, 0), atol=1e-3 * apart)
    begun = np.linalg.norm(frame.runs[0].trail[0])
    assert begun == pytest.approx(np.linalg.norm(balls[0] - one.history.checkpoint(0).theta), rel=1e-3)
    assert max(run.off_plane for run in frame.runs) < 1e-3 * apart
    assert slice_of(session).landscape.labels[0] == f"from {one.label} to {other.label}"


def test_the_line_between_two_balls_is_a_curve_on_which_both_lie(session: Session, opened: Open, qtbot: QtBot) -> None:
    one, other = opened(PAIR + '[view]\nplane = "line"\nimages = 50\n')
    go(session, qtbot, 10)
    frame = frame_of(session)
    assert frame.plane == "line"
    assert frame.landscape is not None
    assert frame.landscape.y.size == 0
    assert frame.landscape.costs.shape == frame.landscape.x.shape
    apart = float(np.linalg.norm(other.history.checkpoint(2).theta.astype(float) - one.history.checkpoint(10).theta))
    problem = one.problem
    assert isinstance(problem, Digits)
    for run, theta, along in (
        (frame.runs[0], one.history.checkpoint(10).theta, 0.0),
        (frame.runs[1], other.history.checkpoint(2).theta, apart),
    ):
        cost, _ = problem.network.cost_and_gradient(theta, *problem.sample(50))
        np.testing.assert_allclose(run.trail, [[along, cost]], rtol=1e-3, atol=1e-3 * apart)
        assert run.trail_costs.tolist() == [run.trail[0, 1]]
        curve = np.interp(run.trail[0, 0], frame.landscape.x, frame.landscape.costs)
        assert curve == pytest.approx(cost, rel=1e-3)
        assert run.off_plane < 1e-3 * apart


@pytest.mark.parametrize("kind", ["line", "ends"])
def test_of_several_runs_the_chosen_ones_ball_is_compared_with(
    session: Session, opened: Open, qtbot: QtBot, kind: PlaneKind
) -> None:
    third = '[[runs]]\nlabel = "third"\nseed = 5\nbatch_size = 16\n'
    runs = opened(f'{PAIR}{third}[view]\nplane = "{kind}"\nimages = 50\n')
    go(session, qtbot, 6)
    for other in (2, 1, 2):
        session.look_at(SliceView(kind, 50, other))
        qtbot.waitUntil(lambda: f"to {runs[frame_of(session).compared or 0].label}" in names(session), timeout=LONG)
        assert frame_of(session).compared == other
        rest(session, qtbot)
        assert names(session) == f"from {runs[0].label} to {runs[other].label}"
        assert frame_of(session).runs[other].off_plane < 0.01
    session.select(1)  # now another ball is where the line begins
    qtbot.waitUntil(lambda: names(session) == f"from {runs[1].label} to {runs[2].label}", timeout=LONG)
    assert frame_of(session).compared == 2


# How curved it is


def test_where_a_full_batch_goes_the_sharpness_is_measured_and_its_curve_filled(
    session: Session, opened: Open, qtbot: QtBot
) -> None:
    _, run = opened(FULL)
    session.select(1)
    qtbot.waitUntil(lambda: frame_of(session).sharpness is not None, timeout=LONG)
    problem = run.problem
    assert isinstance(problem, Digits)
    for step in (0, 1):
        go(session, qtbot, step)
        qtbot.waitUntil(lambda at=step: at in curve(session, 1), timeout=LONG)  # type: ignore[misc]  # a default's type
        theta = run.history.checkpoint(step).theta
        expected = finished(network_sharpness(problem.network, theta, *problem.sample(60))).value
        assert frame_of(session).sharpness == pytest.approx(expected, rel=5e-3)
    session.play()
    qtbot.waitUntil(lambda: run.ended != "" and frame_of(session).step == 230, timeout=LONG)
    evenly = set(range(0, 231, 2))  # by the largest power of two that leaves at least a hundred
    qtbot.waitUntil(lambda: evenly <= set(curve(session, 1)), timeout=LONG)
    assert frame_of(session).sharpness == curve(session, 1)[230]
    session.seek(101)
    assert frame_of(session).sharpness == curve(session, 1).get(101, curve(session, 1)[100])
    assert curve(session, 0) == {}  # its batches are small: nothing of it is measured


def test_where_mini_batches_go_the_sharpness_is_measured_when_it_is_asked_for(
    session: Session, opened: Open, qtbot: QtBot
) -> None:
    (run,) = opened(RANDOM.replace("2000", "100"))
    go(session, qtbot, 2)
    qtbot.waitUntil(lambda: session._slices._key is None, timeout=LONG)  # all that was to be done is
    assert frame_of(session).sharpness is None
    assert curve(session, 0) == {}
    session.measure_sharpness(True)
    qtbot.waitUntil(lambda: set(curve(session, 0)) == {0, 1, 2}, timeout=LONG)
    problem = run.problem
    assert isinstance(problem, Digits)
    theta = run.history.checkpoint(2).theta
    expected = finished(network_sharpness(problem.network, theta, *problem.sample(100))).value
    assert frame_of(session).sharpness == pytest.approx(expected, rel=5e-3)
    session.measure_sharpness(False)
    go(session, qtbot, 3)
    qtbot.waitUntil(lambda: session._slices._key is None, timeout=LONG)
    assert set(curve(session, 0)) == {0, 1, 2}
    assert frame_of(session).sharpness == curve(session, 0)[2]  # the last one before the cursor
