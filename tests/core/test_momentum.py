"""Exact line search against closed forms, and the limits of rates against what happens on a parabola."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from gdviz.core.errors import InputError
from gdviz.core.optimizer import Optimizer
from gdviz.core.optimizers import OPTIMIZERS, ExactLineSearch, GradientDescent, HeavyBall, Nesterov, QHMomentum
from gdviz.core.run import Run
from gdviz.core.surfaces import SURFACES

StartRuns = Callable[[str], list[Run]]


def searched(start_runs: StartRuns, name: str, start: tuple[float, float], longest: float = 10) -> Run:
    """Eight steps with exact line search."""
    (run,) = start_runs(
        f'problem = {{ kind = "surface", name = "{name}", start = {list(start)} }}\nstop.steps = 8\n'
        f'runs = [{{ optimizer = {{ kind = "exact-line-search", learning_rate = {longest} }} }}]'
    )
    while not run.ended:
        run.advance()
    return run


class TestExactLineSearch:
    def test_takes_the_closed_form_rate_on_a_quadratic(self, start_runs: StartRuns) -> None:
        """For a cost with the Hessian A it is g.g / g.A.g; booth's is the sum of 2 a a^T, a = (1, 2) and (2, 1)."""
        table = searched(start_runs, "booth", (11, -5)).history.table()
        hessian = np.array([[10.0, 8.0], [8.0, 10.0]])
        gradients = (table.knobs - [1, 3]) @ hessian
        expected = (gradients**2).sum(axis=1) / np.einsum("ni,ij,nj->n", gradients, hessian, gradients)
        np.testing.assert_allclose(table.learning_rate, expected, rtol=1e-8)
        np.testing.assert_allclose(table.knobs[1:], table.knobs[:-1] - expected[:-1, None] * gradients[:-1], rtol=1e-8)

    @pytest.mark.parametrize(
        ("name", "longest"), [("himmelblau", 10), ("rosenbrock", 10), ("rastrigin", 0.1), ("styblinski-tang", 10)]
    )
    def test_nothing_on_the_ray_is_lower(self, name: str, longest: float, start_runs: StartRuns) -> None:
        table = searched(start_runs, name, (-1.2, 1.1), longest).history.table()
        surface = next(surface for surface in SURFACES if surface.name == name)
        rates = longest * np.concatenate([np.geomspace(1e-10, 1, 100_000), np.linspace(1e-5, 1, 100_000)])
        for step in range(8):
            _, gradients = surface.costs_and_gradients(table.knobs[step : step + 1])
            lowest = surface.costs(table.knobs[step] - rates[:, None] * gradients).min()
            assert table.cost[step + 1] <= lowest + 1e-12 * max(1, abs(lowest))
            assert 0 < table.learning_rate[step] <= longest

    def test_goes_no_farther_than_it_may(self) -> None:
        bowl = next(surface for surface in SURFACES if surface.name == "bowl")
        theta = np.array([1.0, 2.0])
        assert ExactLineSearch(learning_rate=0.3).rate(bowl, theta, 2 * theta) == 0.3
        assert ExactLineSearch(learning_rate=3.0).rate(bowl, theta, 2 * theta) == pytest.approx(0.5, rel=1e-14)
        assert 0 < ExactLineSearch().rate(bowl, np.zeros(2), np.zeros(2)) < 1e-9

    def test_a_change_of_the_longest_rate_is_searched_at_once(self, start_runs: StartRuns) -> None:
        run = start_runs(
            'problem = { kind = "surface", name = "bowl" }\nruns = [{ optimizer.kind = "exact-line-search" }]'
        )[0]
        run.advance()
        assert run.row.learning_rate == pytest.approx(0.5)
        run.change("learning_rate", 0.25)
        run.apply_changes()
        assert run.row.learning_rate == 0.25

    def test_batches_have_no_one_cost_to_search(self, start_runs: StartRuns, digits_folder: object) -> None:
        toml = (
            f'problem = {{ kind = "digits", data = "{digits_folder}" }}\nruns = [{{}}, {{ optimizer.kind = "SEARCH" }}]'
        )
        with pytest.raises(InputError, match=r"runs\[1\]\.optimizer\.kind: exact-line-search needs a surface"):
            start_runs(toml.replace("SEARCH", "exact-line-search"))


WITH_LIMITS = [
    GradientDescent(),
    *(rule(momentum=m) for rule in (HeavyBall, Nesterov) for m in (0.0, 0.5, 0.9, 0.99)),
    *(QHMomentum(beta=b, nu=n) for b, n in ((0.0, 0.5), (0.5, 0.7), (0.7, 0.7), (0.9, 0.7), (0.999, 0.7), (0.9, 1.0))),
]


class TestLimits:
    @pytest.mark.parametrize("optimizer", WITH_LIMITS, ids=str)
    def test_are_where_a_parabola_says(self, optimizer: Optimizer) -> None:
        """5,000 steps at each of eight rates: for two curvatures, just below and just above two of the limits.

        The rules are linear there, so the ball and what is remembered can be scaled back at each step.
        """
        rates, sharpness = np.empty((2, 2, 2)), np.array([0.3, 40.0]).repeat(4)
        for i in range(2):
            limits = optimizer.limits(sharpness[4 * i])
            assert limits is not None
            assert 0 < limits.crawl < limits.bounce <= limits.unstable
            rates[i] = np.outer([limits.bounce, limits.unstable], [0.995, 1.005])
        theta, rate, signs = np.ones(8), rates.ravel(), []
        state, grown = optimizer.new_state(theta), np.zeros(8)
        for t in range(1, 5001):
            optimizer.update(theta, sharpness * theta, state, rate, t)
            signs.append(np.sign(theta))
            size = np.maximum(abs(theta), rate * np.abs(state).max(axis=0, initial=0))
            grown += np.log(size)
            theta /= size
            state /= size
        # [curvature, bounce or unstable, below or above]
        turns = (np.diff(signs[-4000:], axis=0) != 0).mean(axis=0).reshape(2, 2, 2)
        lengths = grown.reshape(2, 2, 2)
        np.testing.assert_array_equal(turns[:, 0] > 0.5, [[False, True], [False, True]])
        assert (lengths[:, 1, 0] < -3).all()
        assert (lengths[:, 1, 1] > 3).all()

    @pytest.mark.parametrize("optimizer", WITH_LIMITS, ids=str)
    def test_where_it_crawls_a_slope_comes_to_a_tenth_of_the_way(self, optimizer: Optimizer) -> None:
        """Counting all that is made in the long run of one slope that is seen once."""
        limits = optimizer.limits(2.0)
        assert limits is not None
        theta, state = np.array([1.0]), optimizer.new_state(np.zeros(1))
        optimizer.update(theta, np.array([2.0]), state, limits.crawl, 1)
        for t in range(2, 20_000):
            optimizer.update(theta, np.zeros(1), state, limits.crawl, t)
        assert theta[0] == pytest.approx(0.9)

    def test_without_a_mean_are_plain_descents(self) -> None:
        assert QHMomentum(nu=0.0).limits(3.0) == GradientDescent().limits(3.0)
        assert GradientDescent().limits(2.0) == (0.05, 0.5, 1.0)

    @pytest.mark.parametrize("rule", OPTIMIZERS, ids=lambda rule: rule.__struct_config__.tag)
    def test_there_are_none_without_curvature(self, rule: type[Optimizer]) -> None:
        for sharpness in (0.0, -1.0, math.nan):
            assert rule().limits(sharpness) is None
        assert (rule().limits(1.0) is None) == (rule not in {type(optimizer) for optimizer in WITH_LIMITS})
