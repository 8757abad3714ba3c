from collections.abc import Callable

import numpy as np
import pytest

from gdviz.core.run import Run, build, next_run
from gdviz.core.run_view import MEAN_STEPS
from gdviz.core.scenario import parse
from gdviz.core.scene import Scene
from tests.core.scene_support import at_rest, drawn

SURFACE = """
[problem]
kind = "surface"
name = "{name}"
[stop]
steps = {steps}
[[runs]]
optimizer = {{ kind = "gradient-descent", learning_rate = {rate} }}
"""
DIGITS = """
[problem]
kind = "digits"
train_size = 320
[stop]
epochs = 2
[[runs]]
batch_size = {batch}
optimizer = {{ kind = "gradient-descent", learning_rate = 1.0 }}
"""
Finish = Callable[[str], list[Run]]


def surface(name: str = "parabola", rate: float = 0.1, steps: int = 20) -> str:
    return SURFACE.format(name=name, rate=rate, steps=steps)


def take(run: Run, steps: int) -> None:
    while run.step < steps:
        run.advance()


def test_there_is_no_frame_before_step_0(start_runs: Finish) -> None:
    assert Scene(start_runs(surface())).frame(None) is None


def test_a_frame_is_the_row_under_the_cursor(finish_runs: Finish) -> None:
    runs = finish_runs(surface())
    scene = Scene(at_rest(runs))
    for step, live in ((0, False), (7, False), (20, True), (None, True), (99, True)):
        frame, at = drawn(scene, step), 20 if step is None else min(step, 20)
        assert (frame.step, frame.live, frame.theta_step, frame.run.newest) == (at, live, at, 20)
        assert frame.theta[0] == pytest.approx(5 * 0.8**at, rel=1e-12)
        assert frame.run.cost == pytest.approx(25 * 0.8 ** (2 * at), rel=1e-12)
        assert frame.slope is not None
        assert frame.slope[0] == pytest.approx(10 * 0.8**at, rel=1e-12)
        assert [term.name for term in frame.terms] == ["slope", "step"]
        assert frame.terms[-1].value[0] == pytest.approx(0.8**at, rel=1e-12)
        assert len(frame.run.trail) == at + 1
        np.testing.assert_allclose(frame.run.trail[-1], [5 * 0.8**at, 25 * 0.8 ** (2 * at)])
        np.testing.assert_array_equal(frame.start, [5.0])


def test_a_live_frame_holds_together_while_the_run_is_ahead_of_its_snapshot(start_runs: Finish) -> None:
    (run,) = start_runs(DIGITS.format(batch=16))
    scene = Scene([run])
    take(run, 10)
    drawn(scene)  # asks for a snapshot at the next step
    take(run, 15)
    frame = drawn(scene)
    assert (frame.step, frame.theta_step, frame.run.step) == (11, 11, 11)
    assert frame.run.cost == run.history.table().cost[11]
    np.testing.assert_array_equal(frame.theta, run.history.checkpoint(11).theta)
    assert frame.live


def test_the_past_is_drawn_as_it_was_when_it_was_now(start_runs: Finish) -> None:
    (run,) = start_runs(DIGITS.format(batch=16))
    scene = Scene([run])
    then = {}
    for step in range(12):
        take(run, step)
        run.history.snapshot(run.row)
        then[step] = drawn(scene).theta.copy()
    for step, theta in then.items():
        frame = drawn(scene, step)
        assert frame.step == frame.theta_step == step
        np.testing.assert_array_equal(frame.theta, theta)


def test_the_version_stands_still_exactly_while_nothing_is_new(start_runs: Finish) -> None:
    (run,) = start_runs(DIGITS.format(batch=16))
    scene = Scene([run])
    take(run, 1)
    drawn(scene)
    before = scene.version()
    assert scene.version() == before
    take(run, 2)
    assert (after := scene.version()) != before
    scene.remaking = True
    assert scene.version() != after
    scene.remaking = False
    run.change("learning_rate", 0.5)
    run.apply_changes()
    assert scene.version() != after
    assert drawn(scene).run.learning_rate == 0.5


def test_the_view_doubles_when_the_ball_leaves_it_and_not_before(finish_runs: Finish) -> None:
    (run,) = finish_runs(surface(rate=1.1, steps=30))  # 5 (-1.2)^k: 5, -6, 7.2, -8.6, 10.4, -12.4
    scene = Scene(at_rest([run]))
    reach = []
    for step in range(9):
        landscape = drawn(scene, step).landscape
        assert landscape is not None
        reach.append(float(landscape.x[-1]))
        assert abs(landscape.x).max() >= abs(drawn(scene, step).theta[0])
    assert reach == [6, 6, 12, 12, 12, 24, 24, 24, 24]


def test_the_same_view_is_the_same_picture(finish_runs: Finish) -> None:
    scene = Scene(at_rest(finish_runs(surface())))
    assert drawn(scene, 3).landscape is drawn(scene, 9).landscape


@pytest.mark.parametrize("name", ["parabola", "bowl"])
def test_a_trail_never_holds_what_cannot_be_drawn(name: str, finish_runs: Finish) -> None:
    (run,) = finish_runs(surface(name, rate=1e6, steps=400))
    assert run.ended.startswith("blew up at step ")
    scene = Scene(at_rest([run]))
    assert not np.isfinite(run.history.table().cost[-1])
    for step in (0, run.step - 1, run.step, None):
        frame = drawn(scene, step)
        assert np.isfinite(frame.run.trail).all()
        assert np.isfinite(frame.run.trail_costs).all()
        assert len(frame.run.trail) == len(frame.run.trail_costs) >= 1
        assert np.isfinite(frame.run.curve.mean).all()
    assert drawn(scene).run.ended == run.ended


def test_a_long_trail_is_thinned_but_for_its_ends(finish_runs: Finish) -> None:
    (run,) = finish_runs(surface(rate=1e-5, steps=5000))
    trail = drawn(Scene(at_rest([run]))).run.trail
    knobs = run.history.table().knobs[:, 0]
    assert 2000 < len(trail) <= 3001
    np.testing.assert_array_equal(trail[:1000, 0], knobs[:1000])
    np.testing.assert_array_equal(trail[-1000:, 0], knobs[-1000:])
    np.testing.assert_array_equal(trail[1000:-1000, 0], knobs[1000:-1000:4])


def test_a_surface_wants_no_slice(finish_runs: Finish) -> None:
    scene = Scene(at_rest(finish_runs(surface())))
    assert not scene.wants_slice(drawn(scene), moving=True)


def test_other_runs_stand_at_the_same_epoch(finish_runs: Finish) -> None:
    toml = DIGITS.format(batch=16)  # 20 steps an epoch
    toml += toml[toml.index("[[runs]]") :].replace("16", "80")  # 4
    runs = finish_runs(toml)
    scene = Scene(at_rest(runs))
    frame = drawn(scene, 25)
    assert [run.step for run in frame.runs] == [25, 5]
    assert [run.epoch for run in frame.runs] == [1.25, 1.25]
    scene.select(1)
    frame = drawn(scene, 3)
    assert frame.selected == 1
    assert [run.step for run in frame.runs] == [15, 3]
    np.testing.assert_array_equal(frame.theta, runs[1].history.checkpoint(3).theta)


def test_ghosts_stand_first_in_their_old_colours(finish_runs: Finish) -> None:
    toml = surface() + surface(rate=0.9)[surface().index("[[runs]]") :]
    ghosts, runs = finish_runs(toml), finish_runs(toml)
    scene = Scene(at_rest(runs), at_rest(ghosts), selected=1)
    frame = drawn(scene, 4)
    assert [run.ghost for run in frame.runs] == [True, True, False, False]
    assert [run.colour for run in frame.runs] == [0, 1, 0, 1]
    assert frame.selected == 3
    assert frame.theta[0] == pytest.approx(5 * (-0.8) ** 4)
    assert all(run.on_surface for run in frame.runs)


@pytest.mark.parametrize(("batch", "window"), [("16", MEAN_STEPS), ('"full"', 1)])
def test_only_a_noisy_cost_has_a_running_mean(batch: str, window: int, finish_runs: Finish) -> None:
    (run,) = finish_runs(DIGITS.format(batch=batch))
    curve = drawn(Scene(at_rest([run]))).run.curve
    assert curve.window == window
    costs = run.history.table().cost
    mean = [costs[max(0, i + 1 - window) : i + 1].mean() for i in range(len(costs))]
    np.testing.assert_allclose(curve.mean, mean, rtol=1e-9)


def test_the_curve_begins_anew_when_the_history_was_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gdviz.core.history.MOST_ROWS", 1024)
    (run,) = build(parse(surface(rate=1e-4, steps=3000), "test"))
    scene = Scene([run])
    while not run.ended:
        run.advance()
        if run.step % 100 == 0:
            drawn(scene)
    assert run.history.thinnings > 2
    run.history.snapshot(run.row)
    curve = drawn(scene).run.curve
    table = run.history.table()
    assert len(table.step) <= 1024
    assert curve.low.min() == table.cost[-1]
    assert curve.high.max() == 25
    assert (np.diff(curve.steps) > 0).all()


def test_accuracy_is_that_of_the_last_evaluation_before_the_cursor(finish_runs: Finish) -> None:
    (run,) = finish_runs(DIGITS.format(batch=16))
    measured = dict(run.history.evaluations)
    scene = Scene(at_rest([run]))
    assert drawn(scene, 0).run.accuracy == measured[0].test_accuracy
    assert drawn(scene, 4).run.accuracy == measured[2].test_accuracy
    assert drawn(scene, 39).run.accuracy == measured[20].test_accuracy


def test_a_run_takes_turns_by_epoch(start_runs: Finish) -> None:
    toml = DIGITS.format(batch=16)
    toml += toml[toml.index("[[runs]]") :].replace("16", "80")
    runs = start_runs(toml)
    while (run := next_run(runs)) is not None:
        run.advance()
        assert abs(runs[0].progress - runs[1].progress) <= 0.25 + 1e-9
