"""Costs at the ends of what floats can hold: the window shows what there is, and stays usable."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gdviz.ui.window import Window
from tests.support import Open, frame_of

Key = Qt.Key
RUN = """
[problem]
{problem}
[stop]
steps = 1000
[[runs]]
optimizer = {{ kind = "{rule}", learning_rate = {rate} }}
"""


@pytest.mark.parametrize(
    ("problem", "rule", "rate"),
    [
        ('kind = "surface"\nname = "double-well"', "gradient-descent", 3),
        ('kind = "surface"\nname = "smooth-step"', "momentum", 1000),
        ('kind = "surface"\nname = "bowl"', "gradient-descent", 2),
        ('kind = "surface"\nname = "monkey-saddle"', "adam", 1e6),
        ('kind = "formula"\nexpression = "sqrt(x)"', "gradient-descent", 1),
        ('kind = "formula"\nexpression = "log(x) + y"', "momentum", 1),
        ('kind = "formula"\nexpression = "1e200*x**2"', "gradient-descent", 0.1),
        ('kind = "formula"\nexpression = "1e300*x"', "gradient-descent", 0.1),
        ('kind = "formula"\nexpression = "-1e17 + 0*x"', "gradient-descent", 0.1),
        ('kind = "formula"\nexpression = "-x**2 - y**2"', "nesterov", 0.5),
    ],
    ids=lambda value: str(value).split("=")[-1].strip(' "'),
)
def test_every_view_of_a_run_that_leaves_the_range_of_numbers(
    problem: str, rule: str, rate: float, window: Window, shown: Open, qtbot: QtBot
) -> None:
    """An error in a slot fails the test by itself, as does a warning of numpy's or Qt's."""
    (run,) = shown(RUN.format(problem=problem, rule=rule, rate=rate))
    window.session.set_speed(float("inf"))
    window.session.play()
    qtbot.waitUntil(lambda: run.ended != "", timeout=10_000)
    window.session.pause()
    for key in (Key.Key_A, Key.Key_N, Key.Key_N, Key.Key_N, Key.Key_V, Key.Key_G, Key.Key_V, Key.Key_G, Key.Key_X):
        QTest.keyClick(window, key)
        qtbot.wait(30)
    for scale in ("log", "linear"):
        window.loss.set_cost_axis(scale)
        for step in (0, run.step // 2, run.step - 1, run.step):
            window.session.seek(step)
            qtbot.wait(20)
            assert frame_of(window).step in (step, window.session.timeline.step)
    window.grab()
