"""The anatomy shows the numbers that the optimizer really computes, one part after the other."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gdviz.core.digits import Digits
from gdviz.core.optimizers import OPTIMIZERS, kind_of
from gdviz.core.run import build
from gdviz.core.scenario import parse
from gdviz.core.scene import Scene
from gdviz.ui.numbers import number, operand
from gdviz.ui.panels.anatomy import AnatomyPanel
from gdviz.ui.panels.anatomy.rows import missing, rows, title
from gdviz.ui.panels.surface.arrows import term_colour
from gdviz.ui.theme import DARK, LIGHT

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import Frame

KINDS = [kind_of(rule) for rule in OPTIMIZERS]
BOWL = '[problem]\nkind = "surface"\nname = "bowl"\nstart = [-1.5, 1.2]\n'
PARABOLA = '[problem]\nkind = "surface"\nname = "parabola"\n'


def scene(optimizer: str, problem: str = BOWL, steps: int = 12) -> Scene:
    (run,) = build(parse(f"{problem}[stop]\nsteps = {steps}\n[[runs]]\noptimizer = {{ {optimizer} }}", "here"))
    while not run.ended:
        run.advance()
    run.history.snapshot(run.row)
    return Scene([run])


def at(scene: Scene, step: int | None) -> Frame:
    frame = scene.frame(step)
    assert frame is not None
    return frame


@pytest.fixture
def panel(qtbot: QtBot) -> AnatomyPanel:
    made = AnatomyPanel(DARK)
    qtbot.addWidget(made)
    made.resize(700, 360)
    made.show()
    return made


def carried_out(text: str) -> float:
    """What an arithmetic expression, as it is written for people, comes to."""
    text = text.replace(",", "").replace("−", "-").replace("×", "*").replace("²", "**2").replace("^", "**")
    text = re.sub(r"√(\(|[\d.e-]+)", lambda m: f"root({m[1]}" + (")" if m[1] != "(" else ""), text)
    text = text.replace("root((", "root(").replace("root(", "math.sqrt(")
    return float(eval(text, {"math": math, "sign": lambda x: math.copysign(1.0, x)}))


# --- numbers ---


def test_the_worked_step_is_taken_apart() -> None:
    frame = at(scene('kind = "gradient-descent", learning_rate = 0.1', PARABOLA), 0)
    slope, step, point = rows(frame)
    assert (slope.name, slope.sums, slope.values) == ("slope", ("dC/dw",), ("10",))
    assert (step.rule, step.sums, step.values) == ("Δ ← rate × slope", ("0.1 × 10",), ("1",))
    assert (point.name, point.sums, point.values) == ("new w", ("5 − 1",), ("4",))


def test_momentum_has_its_velocity_in_numbers() -> None:
    # x: v0 = -3, x1 = -1.5 + 0.15 = -1.35, g1 = -2.7, v1 = 0.9 x -3 - 2.7 = -5.4; y in the same way from 1.2
    frame = at(scene('kind = "momentum", learning_rate = 0.05, momentum = 0.9'), 1)
    _, velocity, step, point = rows(frame)
    assert velocity.rule == "v ← m × v + slope"
    assert velocity.sums == ("0.9 × (−3) + (−2.7)", "0.9 × 2.4 + 2.16")
    assert velocity.values == ("−5.4", "4.32")
    assert step.sums == ("0.05 × (−5.4)", "0.05 × 4.32")
    assert (point.sums, point.values) == (("−1.35 − (−0.27)", "1.08 − 0.216"), ("−1.08", "0.864"))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_what_comes_of_it(kind: str) -> None:
    """Every sum, carried out as it stands there, gives the value beside it; the last is where the next row begins."""
    made = scene(f'kind = "{kind}", learning_rate = 0.05')
    frame = at(made, 7)
    _, *computed = rows(frame)
    assert len(computed) == len(frame.terms)
    for row in computed:
        assert not re.search(r"[{}]|\(\(−[\d.e−]+\)\)", row.rule + "".join(row.sums))
        for text, value in zip(row.sums, row.values, strict=True):
            # The numbers have four digits each, and a difference of two loses some.
            assert carried_out(text) == pytest.approx(carried_out(value), rel=5e-3, abs=5e-6), (row.name, text)
    assert computed[-1].values == tuple(number(knob) for knob in at(made, 8).theta)


def test_the_title_says_which_formula_runs(panel: AnatomyPanel) -> None:
    panel.show_frame(at(scene('kind = "momentum"'), 3))
    assert "Heavy-ball momentum" in panel.rule.text()
    assert "v ← m·v + slope" in panel.rule.text()
    assert panel.says.accessibleName().startswith("The velocity is a decaying sum of slopes, not a mean")
    assert "PyTorch" in panel.says.accessibleName()
    panel.show_frame(at(scene('kind = "qhm"'), 3))
    assert "not the heavy ball's sum" in panel.says.accessibleName()
    for rule in OPTIMIZERS:
        name, says = title(rule)
        assert 0 < len(name) < 60 < len(name + says), rule


@pytest.mark.parametrize(
    ("value", "text"), [(2.5, "2.5"), (-2.5, "(−2.5)"), (0.0, "0"), (-math.inf, "(−∞)"), (-1.5e-9, "(−1.5e−9)")]
)
def test_a_negative_operand_stands_in_parentheses(value: float, text: str) -> None:
    assert operand(value) == text


# --- part by part ---


def test_parts_come_one_at_a_time_and_then_the_step(qtbot: QtBot, panel: AnatomyPanel) -> None:
    frame = at(scene('kind = "momentum"'), 3)
    panel.show_frame(frame)
    parts: list[int] = []
    panel.part_changed.connect(parts.append)
    assert (panel.part, panel.back_button.isEnabled()) == (0, False)
    for _ in range(3):
        panel.forward()
    assert (parts, panel.part, len(frame.terms)) == ([1, 2, 3], 3, 3)
    assert panel.next_button.text() == "Next step"
    panel.back()
    assert (panel.part, panel.next_button.text()) == (2, "Next part")
    panel.forward()
    with qtbot.waitSignal(panel.step_asked):
        panel.forward()
    assert (panel.part, parts) == (0, [1, 2, 3, 2, 3, 0])
    panel.back()
    assert panel.part == 0


def test_another_step_begins_anew_and_the_same_one_does_not(panel: AnatomyPanel) -> None:
    made = scene('kind = "momentum"')
    panel.show_frame(at(made, 3))
    panel.forward()
    panel.forward()
    panel.show_frame(at(made, 3))
    assert panel.part == 2
    panel.show_frame(at(made, 4))
    assert panel.part == 0


def test_only_what_was_revealed_is_told_and_painted(panel: AnatomyPanel) -> None:
    panel.show_frame(at(scene('kind = "gradient-descent", learning_rate = 0.1', PARABOLA), 0))
    place = panel.sheet.newest
    assert panel.sheet.accessibleDescription() == "slope: 10"
    picture = panel.sheet.grab().toImage()
    below = [picture.pixelColor(3, y) for y in range(math.ceil(place.bottom()) + 1, picture.height())]
    assert len(below) > 20
    assert set(map(QColor.name, below)) == {picture.pixelColor(3, picture.height() - 1).name()}
    panel.forward()
    QApplication.processEvents()
    assert panel.sheet.accessibleDescription() == "slope: 10; step: 1"
    assert panel.sheet.newest.top() == place.bottom()
    bar = panel.sheet.newest.center().toPoint()
    assert panel.sheet.grab().toImage().pixelColor(2, bar.y()) == term_colour(DARK, "step")


def test_nothing_moves_while_parts_are_revealed(panel: AnatomyPanel) -> None:
    panel.show_frame(at(scene('kind = "adam"'), 3))
    QApplication.processEvents()
    before = panel.sheet.size(), panel.sheet.lines, panel.next_button.geometry()
    for _ in range(5):
        panel.forward()
        QApplication.processEvents()
        assert (panel.sheet.size(), panel.sheet.lines, panel.next_button.geometry()) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [500, 700, 1000, 1600])
def test_no_text_is_cut_off(panel: AnatomyPanel, kind: str, width: int) -> None:
    panel.resize(width, 300)
    panel.show_frame(at(scene(f'kind = "{kind}", learning_rate = 0.05'), 7))
    for _ in range(len(panel.sheet._rows) - 1):
        panel.forward()
    QApplication.processEvents()
    sheet = panel.sheet
    assert sheet.width() >= sheet.minimumSizeHint().width()
    knob = len(sheet._knobs) - 1
    end = sheet._at(knob).x() + sheet._equation
    assert end <= sheet.width()
    assert sheet.height() >= sheet._place(len(sheet._rows)).top()
    seen = sheet.visibleRegion().boundingRect()
    assert seen.top() <= math.ceil(sheet.newest.top())
    assert seen.bottom() + 1 >= math.floor(sheet.newest.bottom())


def test_more_room_takes_fewer_lines(panel: AnatomyPanel) -> None:
    panel.show_frame(at(scene('kind = "adam"'), 7))
    lines = []
    for width in (500, 900, 1500):
        panel.resize(width, 300)
        QApplication.processEvents()
        lines.append(panel.sheet.lines)
    assert lines == [3, 2, 1]


# --- while it plays, and where nothing is known ---


def test_playing_shows_all_parts_and_can_be_read(qtbot: QtBot, panel: AnatomyPanel) -> None:
    made = scene('kind = "momentum"', steps=12)
    panel.set_playing(True)
    panel.show_frame(at(made, None))
    assert panel.part == 3
    shown = panel.sheet.accessibleDescription()
    other = replace(at(made, 5), live=True)
    panel.show_frame(other)
    assert panel.sheet.accessibleDescription() == shown
    qtbot.waitUntil(lambda: panel.sheet.accessibleDescription() != shown, timeout=1000)
    assert rows(other)[-1].values[0] in panel.sheet.accessibleDescription()
    panel.show_frame(at(made, 6))
    assert rows(at(made, 6))[-1].values[0] in panel.sheet.accessibleDescription()
    panel.set_playing(False)
    panel.show_frame(at(made, 7))
    assert panel.part == 0


def test_a_forgotten_step_is_said(panel: AnatomyPanel) -> None:
    frame = replace(at(scene('kind = "adam"'), 3), terms=())
    panel.show_frame(frame)
    assert panel.note.isVisible()
    assert panel.note.text() == missing(frame) == (
        "What the optimizer remembered at step 3 was not kept, so this step cannot be taken apart."
    )  # fmt: skip
    assert not panel.sheet.isVisible()
    panel.show_frame(at(scene('kind = "adam"'), 3))
    assert panel.sheet.isVisible()
    assert not panel.note.isVisible()


def test_of_a_network_only_the_rule_is_told(qtbot: QtBot, panel: AnatomyPanel) -> None:
    (run,) = build(parse('[problem]\nkind = "digits"\ntrain_size = 100\n[[runs]]', "here"))
    while run.step < 1:
        run.advance()
    run.history.snapshot(run.row)
    frame = at(Scene([run]), None)
    assert isinstance(frame.problem, Digits)
    panel.show_frame(frame)
    assert panel.note.text().startswith("13,002 knobs at once")
    assert "θ ← θ − rate · slope" in panel.rule.text()
    with qtbot.waitSignal(panel.step_asked):
        panel.forward()
    assert panel.part == 0


def test_numbers_beyond_all_bounds_are_written_as_such(panel: AnatomyPanel) -> None:
    frame = at(scene('kind = "gradient-descent"', PARABOLA), 3)
    panel.show_frame(replace(frame, theta=np.array([-np.inf])))
    panel.forward()
    panel.forward()
    assert panel.sheet.accessibleDescription().endswith("new w: −∞")


def test_buttons_do_what_they_say(qtbot: QtBot, panel: AnatomyPanel) -> None:
    panel.show_frame(at(scene('kind = "momentum"'), 3))
    QTest.mouseClick(panel.next_button, Qt.MouseButton.LeftButton)
    assert panel.part == 1
    QTest.mouseClick(panel.back_button, Qt.MouseButton.LeftButton)
    assert panel.part == 0
    with qtbot.waitSignal(panel.closed):
        QTest.mouseClick(panel._close, Qt.MouseButton.LeftButton)


def test_another_theme_has_other_colours(panel: AnatomyPanel) -> None:
    panel.show_frame(at(scene('kind = "momentum"'), 3))
    QApplication.processEvents()
    y = panel.sheet.newest.center().toPoint().y()
    assert panel.sheet.grab().toImage().pixelColor(2, y) == term_colour(DARK, "slope")
    panel.set_theme(LIGHT)
    assert panel.sheet.grab().toImage().pixelColor(2, y) == term_colour(LIGHT, "slope")
