"""Every rule against steps worked by hand, and against the documented recurrence written out anew."""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np
import pytest

from gdviz.core.optimizer import Optimizer
from gdviz.core.optimizers import (
    OPTIMIZERS,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    ExactLineSearch,
    GradientDescent,
    HeavyBall,
    Lion,
    NAdam,
    Nesterov,
    QHAdam,
    QHMomentum,
    RMSProp,
)
from gdviz.core.problem import Vector
from gdviz.core.run import Run
from gdviz.core.spec import changed, knobs

StartRuns = Callable[[str], list[Run]]
each_rule = pytest.mark.parametrize("rule", OPTIMIZERS, ids=lambda rule: rule.__struct_config__.tag)
every = pytest.mark.parametrize(
    "optimizer",
    [*(rule() for rule in OPTIMIZERS), AdamW(weight_decay=0.3), Lion(weight_decay=0.3), QHAdam(nu2=0.4)],
    ids=lambda optimizer: optimizer.__struct_config__.tag,
)


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
    # m = 5: 5 - 0.1 (4 + 3) = 4.3.  m = 2.5 + 4.3 = 6.8: 4.3 - 0.1 (3.44 + 4.08) = 3.548.
    # m = 3.4 + 3.548 = 6.948: 3.548 - 0.1 (2.8384 + 4.1688) = 2.84728
    (QHMomentum(learning_rate=0.1, beta=0.5, nu=0.6), [4.3, 3.548, 2.84728]),
    # s = 50: d = 10 / sqrt 51 = 1.400280.  u = 0.980392, s = 25 + 25.915967 = 50.915967:
    # d = 1.407264/7.205273 x 7.199440 = 1.406125.  u = 1.478789, s = 35.081704: d = 1.574417/6.006805 x 4.387191
    (Adadelta(rho=0.5, epsilon=1.0), [3.599720, 2.193595, 1.043688]),
    # As Adam, and 1 % less each time: 4.95 - 0.1.  m = 1.87, v = 0.19399, corrected 9.842105 and 97.043522:
    # 4.8015 - 0.984211/9.851067.  m = 2.623318, v = 0.282216, corrected 9.680141 and 94.166082
    (AdamW(learning_rate=0.1, weight_decay=0.1), [4.85, 4.701591, 4.554820]),
    # mu = 0.9 (1 - 0.48) = 0.468, 0.48528, 0.501869, 0.517794; their products 0.468, 0.227111, 0.113980, 0.059018.
    # m = 1: m_hat = 0.48528/0.772889 + 5.32/0.532 = 10.627878, over 10.  m = 1.878744: m_hat = 0.942881/0.886020
    # + 5.037792/0.772889 = 7.582310, over 9.894239.  m = 2.654287: m_hat = 6.877025, over 9.808231
    (NAdam(learning_rate=0.1, momentum_decay=1.0), [4.893721, 4.817088, 4.746973]),
    # 10 and 100 at first, however mixed: 4.9.  Adam's corrected 9.894737 and 98.019010 mix with 9.8 and 96.04 to
    # 9.866316 and 97.029505.  9.785858 and 96.061976 mix with 9.599676 and 92.153778 to 9.730004 and 94.107877
    (QHAdam(learning_rate=0.1, beta1=0.9, nu1=0.7, nu2=0.5), [4.9, 4.799838, 4.699538]),
    # c = 5, +: 5 - 4 (1 + 0.25) = 0.  m = 1, slope 0, c = 0.5, +: -4.  m = 0.9, slope -8, c = -3.55, -:
    # -4 - 4 (-1 - 0.2) = 0.8
    (Lion(learning_rate=4.0, beta1=0.5, beta2=0.9, weight_decay=0.05), [0, -4, 0.8]),
    # What the rate is stands elsewhere; with it, plain descent.
    (ExactLineSearch(learning_rate=0.1), [4, 3.2, 2.56]),
]


@pytest.mark.parametrize(("optimizer", "expected"), BY_HAND, ids=[type(rule).__name__ for rule, _ in BY_HAND])
def test_three_steps_by_hand(optimizer: Optimizer, expected: list[float]) -> None:
    path = [float(theta[0]) for theta in walk(optimizer, np.array([5.0]), lambda theta: 2 * theta, 3)]
    assert path == pytest.approx(expected, abs=1e-6)


def test_every_rule_was_worked_by_hand() -> None:
    assert {type(optimizer) for optimizer, _ in BY_HAND} == set(OPTIMIZERS)


def himmelblau_slope(x: float, y: float) -> tuple[float, float]:
    a, b = x**2 + y - 11, x + y**2 - 7
    return 4 * x * a + 2 * b, 2 * a + 4 * y * b


class Recurrence:
    """One knob, by the pseudocode of torch.optim (no weight decay but AdamW's), and of the papers of QHM and Lion."""

    def __init__(self, optimizer: Any) -> None:
        self.o, self.t = optimizer, 0
        self.buffer: float | None = None
        self.m = self.v = self.u = 0.0
        self.mus = [1.0]

    def step(self, theta: float, g: float) -> Any:
        o, lr = self.o, self.o.learning_rate
        self.t += 1
        match o:
            case HeavyBall(momentum=mu) | Nesterov(momentum=mu):  # dampening 0: the buffer begins as the gradient
                self.buffer = g if self.buffer is None else mu * self.buffer + g
                return theta - lr * (g + mu * self.buffer if isinstance(o, Nesterov) else self.buffer)
            case QHMomentum(beta=b, nu=nu):
                self.m = b * self.m + (1 - b) * g
                return theta - lr * ((1 - nu) * g + nu * self.m)
            case Lion(beta1=b1, beta2=b2, weight_decay=wd):
                c = b1 * self.m + (1 - b1) * g
                self.m = b2 * self.m + (1 - b2) * g
                return theta - lr * (math.copysign(1, c) + wd * theta)
            case Adagrad(epsilon=eps):  # lr_decay 0
                self.v += g * g
                return theta - lr * g / (self.v**0.5 + eps)
            case RMSProp(decay=alpha, epsilon=eps):  # not centered, momentum 0
                self.v = alpha * self.v + (1 - alpha) * g * g
                return theta - lr * g / (self.v**0.5 + eps)
            case Adadelta(rho=rho, epsilon=eps):
                self.v = rho * self.v + (1 - rho) * g * g
                delta = (self.u + eps) ** 0.5 / (self.v + eps) ** 0.5 * g
                self.u = rho * self.u + (1 - rho) * delta * delta
                return theta - lr * delta
            case Adam() | NAdam() | QHAdam():  # no amsgrad
                return self.adaptive_moments(theta, g)
            case _:
                return theta - lr * g

    def adaptive_moments(self, theta: float, g: float) -> Any:
        o, lr, t, eps = self.o, self.o.learning_rate, self.t, self.o.epsilon
        self.m = o.beta1 * self.m + (1 - o.beta1) * g
        self.v = o.beta2 * self.v + (1 - o.beta2) * g * g
        m_hat, v_hat = self.m / (1 - o.beta1**t), self.v / (1 - o.beta2**t)
        if isinstance(o, AdamW):
            theta -= lr * o.weight_decay * theta
        if isinstance(o, NAdam):
            mu, ahead = (o.beta1 * (1 - 0.5 * 0.96 ** (i * o.momentum_decay)) for i in (t, t + 1))
            self.mus.append(mu)
            product = math.prod(self.mus)
            m_hat = ahead * self.m / (1 - product * ahead) + (1 - mu) * g / (1 - product)
        if isinstance(o, QHAdam):
            m_hat = (1 - o.nu1) * g + o.nu1 * m_hat
            v_hat = (1 - o.nu2) * g * g + o.nu2 * v_hat
        return theta - lr * m_hat / (v_hat**0.5 + eps)


@pytest.mark.parametrize("rule", OPTIMIZERS[:-1], ids=lambda rule: rule.__struct_config__.tag)
@pytest.mark.parametrize("rate", [None, 0.01])
def test_fifty_steps_on_a_surface_follow_the_recurrence(
    rule: type[Optimizer], rate: float | None, start_runs: StartRuns
) -> None:
    kind = rule.__struct_config__.tag
    own = "" if rate is None else f", learning_rate = {rate}"
    (run,) = start_runs(
        f'problem = {{ kind = "surface", name = "himmelblau", start = [0.3, -0.4] }}\nstop.steps = 50\n'
        f'runs = [{{ optimizer = {{ kind = "{kind}"{own} }} }}]'
    )
    while not run.ended:
        run.advance()
    theta, recurrences = [0.3, -0.4], [Recurrence(run.optimizer) for _ in range(2)]
    path = [theta]
    for _ in range(50):
        slopes = himmelblau_slope(*theta)
        theta = [knob.step(at, slope) for knob, at, slope in zip(recurrences, theta, slopes, strict=True)]
        path.append(theta)
    np.testing.assert_allclose(run.history.table().knobs, path, rtol=1e-12, atol=1e-12)
    assert math.dist(path[0], path[-1]) > 1e-4


def test_defaults_are_the_documented_ones() -> None:
    numbers = {rule.__struct_config__.tag: msgspec.structs.asdict(rule()) for rule in OPTIMIZERS}
    adam = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    assert numbers == {
        "gradient-descent": {"learning_rate": 1e-3},
        "momentum": {"learning_rate": 1e-3, "momentum": 0.9},
        "nesterov": {"learning_rate": 1e-3, "momentum": 0.9},
        "qhm": {"learning_rate": 1e-3, "beta": 0.999, "nu": 0.7},
        "adagrad": {"learning_rate": 1e-2, "epsilon": 1e-10},
        "rmsprop": {"learning_rate": 1e-2, "decay": 0.99, "epsilon": 1e-8},
        "adadelta": {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-6},
        "adam": adam,
        "adamw": adam | {"weight_decay": 1e-2},
        "nadam": adam | {"learning_rate": 2e-3, "momentum_decay": 4e-3},
        "qhadam": adam | {"beta1": 0.995, "nu1": 0.7, "nu2": 1.0},
        "lion": {"learning_rate": 1e-4, "beta1": 0.9, "beta2": 0.99, "weight_decay": 0.0},
        "exact-line-search": {"learning_rate": 10.0},
    }


def evaluated(rule: str, parts: Any) -> Any:
    """What a term's rule comes to, read as arithmetic."""
    python = re.sub(r"\{(.+?)\}", lambda key: f"part[{key[1]!r}]", rule)
    python = re.sub(r"√(part\[.+?\])", r"√(\1)", python)
    for sign, operator in {"×": "*", "−": "-", "^": "**", "²": "**2", "√": "sqrt"}.items():
        python = python.replace(sign, operator)
    return eval(python, {"__builtins__": {}}, {"part": parts, "sqrt": np.sqrt, "sign": np.sign})


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
    def test_a_flat_place_keeps_the_ball_but_for_weight_decay(self, rule: type[Optimizer]) -> None:
        theta = np.array([1.0, 2.0])
        rule().update(theta, np.zeros(2), rule().new_state(theta), 0.1, 1)
        kept = 1 - 0.1 * getattr(rule(), "weight_decay", 0)
        np.testing.assert_allclose(theta, [kept, 2 * kept], rtol=1e-15)

    @each_rule
    def test_many_rates_at_once_are_as_many_runs(self, rule: type[Optimizer]) -> None:
        rates = np.array([1e-3, 0.1, 5.0])
        theta = np.tile([1.5, -0.5], 3)
        state = rule().new_state(theta)
        for t in range(1, 6):
            rule().update(theta, np.sin(theta), state, np.repeat(rates, 2), t)
        for rate, packed in zip(rates, theta.reshape(3, 2), strict=True):
            *_, alone = walk(rule(learning_rate=float(rate)), np.array([1.5, -0.5]), np.sin, 5)
            np.testing.assert_array_equal(packed, alone)

    @every
    def test_terms_name_the_step_and_change_nothing(self, optimizer: Optimizer) -> None:
        theta = np.array([1.0, -2.0])
        state = optimizer.new_state(theta)
        for t in (1, 2, 3):
            gradient = 2 * theta
            before = theta.copy(), gradient.copy(), state.copy()
            terms = optimizer.terms(theta, gradient, state, 0.1, t)
            for now, then in zip((theta, gradient, state), before, strict=True):
                np.testing.assert_array_equal(now, then)
            assert [term.role for term in terms if term.role in ("slope", "step")] == ["slope", "step"]
            assert (terms[0].role, terms[-1].role) == ("slope", "step")
            np.testing.assert_array_equal(terms[0].value, gradient)
            optimizer.update(theta, gradient, state, 0.1, t)
            np.testing.assert_array_equal(terms[-1].value, before[0] - theta)
            named = {term.name: term.value for term in terms}
            for slot, remembered in zip(optimizer.slots, state, strict=True):
                if slot != "correction":  # a number, the same for all knobs
                    np.testing.assert_allclose(named[slot], remembered, rtol=1e-14)

    @every
    def test_rules_of_terms_are_their_arithmetic(self, optimizer: Optimizer) -> None:
        theta = np.array([1.0, -2.0])
        state = optimizer.new_state(theta)
        for t in range(1, 6):
            gradient = 2 * theta + [0, t]
            terms = list(optimizer.parts(theta, gradient, state, 0.1, t))
            known: dict[str, Any] = {"slope": gradient}
            for term in terms:
                assert set(re.findall(r"\{(.+?)\}", term.rule)) == set(term.parts)
                assert term.symbol
                assert term.name
                symbols = term.rule.format_map({key: key for key in term.parts})
                assert re.fullmatch(r"[\w\u0302′ ×−+/√²^().]+", symbols)
                np.testing.assert_allclose(evaluated(term.rule, term.parts), term.value, rtol=1e-12)
                # A symbol stands for the newest term of that name.
                for key in term.parts.keys() & known.keys():
                    np.testing.assert_array_equal(term.parts[key], known[key])
                known[term.symbol] = term.value
            before = theta.copy()
            optimizer.update(theta, gradient, state, 0.1, t)
            np.testing.assert_allclose(terms[-1].value, before - theta, rtol=1e-12, atol=1e-15)

    @each_rule
    def test_terms_of_a_run_that_blew_up_are_silent(self, rule: type[Optimizer]) -> None:
        theta = np.array([1e200, np.inf])
        for t in (1, 2):
            for term in rule().terms(theta, 2 * theta, rule().new_state(theta), 1e6, t):
                assert term.value.shape == (2,)

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
