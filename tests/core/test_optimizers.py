"""Every rule against steps worked by hand, and against PyTorch's documented recurrence written out anew."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np
import pytest

from gdviz.core.optimizers import OPTIMIZERS, Adagrad, Adam, GradientDescent, HeavyBall, Nesterov, Optimizer, RMSProp
from gdviz.core.problem import Vector
from gdviz.core.spec import changed, knobs

each_rule = pytest.mark.parametrize("rule", OPTIMIZERS, ids=lambda rule: rule.__struct_config__.tag)


def walk(optimizer: Optimizer, theta: Vector, slope: Callable[[Vector], Vector], steps: int) -> Iterator[Vector]:
    """The knobs after each of ``steps`` steps."""
    state = optimizer.new_state(theta)
    for t in range(1, steps + 1):
        optimizer.update(theta, slope(theta), state, optimizer.learning_rate, t)
        yield theta.copy()


# The cost is w^2, so the slope is 2w; every start is w = 5. Each number is worked out in the comment beside it.
BY_HAND = [
    # 5 - 0.1 x 10 = 4;  4 - 0.1 x 8 = 3.2;  3.2 - 0.1 x 6.4 = 2.56
    (GradientDescent(learning_rate=0.1), [4, 3.2, 2.56]),
    # v = 10: 4;  v = 9 + 8 = 17: 4 - 1.7 = 2.3;  v = 15.3 + 4.6 = 19.9: 2.3 - 1.99 = 0.31
    (HeavyBall(learning_rate=0.1, momentum=0.9), [4, 2.3, 0.31]),
    # v = 10: 5 - 0.1 (10 + 9) = 3.1;  v = 9 + 6.2 = 15.2: 3.1 - 0.1 (6.2 + 13.68) = 1.112;
    # v = 13.68 + 2.224 = 15.904: 1.112 - 0.1 (2.224 + 14.3136) = -0.54176
    (Nesterov(learning_rate=0.1, momentum=0.9), [3.1, 1.112, -0.54176]),
    # s = 100: 5 - 10/10 = 4.  s = 164: 4 - 8/12.80625 = 3.375305.  s = 164 + 6.750610^2 = 209.570734:
    # 3.375305 - 6.750610/14.476559 = 2.908992
    (Adagrad(learning_rate=1.0), [4, 3.375305, 2.908992]),
    # s = 1: 5 - 0.1 x 10/1 = 4.  s = 0.99 + 0.64 = 1.63: 4 - 0.8/1.276715 = 3.373392.
    # s = 1.6137 + 0.455191 = 2.068891: 3.373392 - 0.674678/1.438364 = 2.904332
    (RMSProp(learning_rate=0.1, decay=0.99), [4, 3.373392, 2.904332]),
    # m = 1, v = 0.1, and corrected 10 and 100: 5 - 0.1 x 10/10 = 4.9.
    # m = 0.9 + 0.98 = 1.88, v = 0.0999 + 0.09604 = 0.19594, corrected 9.894737 and 98.019010: 4.9 - 0.1 x
    # 9.894737/9.900455 = 4.800058.  m = 2.652012, v = 0.287906, corrected 9.786020 and 96.064792: 4.700213
    (Adam(learning_rate=0.1), [4.9, 4.800058, 4.700213]),
]


@pytest.mark.parametrize(("optimizer", "expected"), BY_HAND, ids=[type(rule).__name__ for rule, _ in BY_HAND])
def test_three_steps_by_hand(optimizer: Optimizer, expected: list[float]) -> None:
    path = [float(theta[0]) for theta in walk(optimizer, np.array([5.0]), lambda theta: 2 * theta, 3)]
    assert path == pytest.approx(expected, abs=1e-6)


def pytorch(optimizer: Optimizer, theta: float, slope: Callable[[float], float], steps: int) -> list[float]:
    """One knob, by the pseudocode on the pages of torch.optim.{SGD, Adagrad, RMSprop, Adam} (weight decay 0)."""
    lr, path = optimizer.learning_rate, []
    buffer: float | None = None
    total = average = m = v = 0.0
    for t in range(1, steps + 1):
        g = slope(theta)
        match optimizer:
            case HeavyBall(momentum=mu) | Nesterov(momentum=mu):  # dampening 0: the buffer begins as the gradient
                buffer = g if buffer is None else mu * buffer + g
                theta -= lr * (g + mu * buffer if isinstance(optimizer, Nesterov) else buffer)
            case Adagrad(epsilon=eps):  # lr_decay 0
                total += g * g
                theta -= lr * g / (total**0.5 + eps)
            case RMSProp(decay=alpha, epsilon=eps):  # not centered, momentum 0
                average = alpha * average + (1 - alpha) * g * g
                theta -= lr * g / (average**0.5 + eps)
            case Adam(beta1=b1, beta2=b2, epsilon=eps):  # no amsgrad
                m = b1 * m + (1 - b1) * g
                v = b2 * v + (1 - b2) * g * g
                theta -= lr * (m / (1 - b1**t)) / ((v / (1 - b2**t)) ** 0.5 + eps)
            case _:
                theta -= lr * g
        path.append(theta)
    return path


@each_rule
def test_fifty_steps_follow_pytorchs_recurrence(rule: type[Optimizer]) -> None:
    """On a slope that bends, with the rule's own numbers (all but the rate), one knob beside another."""
    optimizer = rule(learning_rate=0.05)
    starts = [1.7, -0.4]
    together = np.array(list(walk(optimizer, np.array(starts), lambda w: np.sin(3 * w) + w, 50)))
    for start, path in zip(starts, together.T, strict=True):
        alone = pytorch(optimizer, start, lambda w: float(np.sin(3 * w) + w), 50)
        np.testing.assert_allclose(path, alone, rtol=1e-11, atol=1e-13)


def test_defaults_are_pytorchs() -> None:
    numbers = {rule.__struct_config__.tag: msgspec.structs.asdict(rule()) for rule in OPTIMIZERS}
    assert numbers == {
        "gradient-descent": {"learning_rate": 1e-3},
        "momentum": {"learning_rate": 1e-3, "momentum": 0.9},
        "nesterov": {"learning_rate": 1e-3, "momentum": 0.9},
        "adagrad": {"learning_rate": 1e-2, "epsilon": 1e-10},
        "rmsprop": {"learning_rate": 1e-2, "decay": 0.99, "epsilon": 1e-8},
        "adam": {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    }


class TestContract:
    """What holds for every entry of OPTIMIZERS."""

    @each_rule
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_updates_in_place_in_thetas_dtype(self, rule: type[Optimizer], dtype: Any) -> None:
        theta = np.array([1, -2, 3], dtype)
        before = theta.copy()
        state = rule().new_state(theta)
        assert state.shape == (len(rule.slots), 3)
        assert state.dtype == dtype
        assert not state.any()
        rule().update(theta, np.array([1, -1, 2], dtype), state, 0.1, 1)
        assert theta.dtype == dtype
        assert ((theta - before) * [1, -1, 2] < 0).all(), "a first step goes against the slope"
        assert state.any() == bool(rule.slots)

    @each_rule
    def test_a_flat_place_keeps_the_ball(self, rule: type[Optimizer]) -> None:
        theta = np.array([1.0, 2.0])
        rule().update(theta, np.zeros(2), rule().new_state(theta), 0.1, 1)
        np.testing.assert_array_equal(theta, [1, 2])

    @each_rule
    def test_terms_name_the_step_and_change_nothing(self, rule: type[Optimizer]) -> None:
        optimizer, theta = rule(learning_rate=0.1), np.array([1.0, -2.0])
        state = optimizer.new_state(theta)
        for t in (1, 2, 3):
            gradient = 2 * theta
            before = theta.copy(), gradient.copy(), state.copy()
            terms = optimizer.terms(theta, gradient, state, 0.1, t)
            for now, then in zip((theta, gradient, state), before, strict=True):
                np.testing.assert_array_equal(now, then)
            assert [term.name for term in terms] == ["slope", *rule.slots, "step"]
            np.testing.assert_array_equal(terms[0].value, gradient)
            optimizer.update(theta, gradient, state, 0.1, t)
            np.testing.assert_array_equal(terms[-1].value, before[0] - theta)
            for term, remembered in zip(terms[1:-1], state, strict=True):
                np.testing.assert_array_equal(term.value, remembered)

    @each_rule
    def test_terms_of_a_run_that_blew_up_are_silent(self, rule: type[Optimizer]) -> None:
        theta = np.array([1e200, np.inf])
        *_, step = rule().terms(theta, 2 * theta, rule().new_state(theta), 1e6, 1)
        assert step.value.shape == (2,)

    @each_rule
    def test_says_what_it_is(self, rule: type[Optimizer]) -> None:
        assert rule.__doc__
        assert "θ ← θ − rate ·" in rule.formula
        described = {knob.name: knob for knob in knobs(rule)}
        assert list(described) == list(rule.__struct_fields__), "every number can be changed while a run goes on"
        for knob in described.values():
            assert knob.description
            assert knob.low <= knob.default <= knob.high < np.inf

    @each_rule
    def test_bounds_hold(self, rule: type[Optimizer]) -> None:
        for knob in knobs(rule):
            for value in (-0.1, knob.high * 1.1, np.nan, np.inf, -np.inf):
                with pytest.raises(msgspec.ValidationError, match=knob.name):
                    changed(rule(), knob.name, value)
        assert changed(rule(), "learning_rate", 0.25).learning_rate == 0.25
