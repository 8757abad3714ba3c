from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gdviz.core.optimizer import Term
from gdviz.ui.panels.surface.readout import read

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from tests.ui.panels.surface.conftest import Frames, Screen


def test_the_step_of_the_worked_run_in_numbers(screen: Screen, frames: Frames) -> None:
    screen.show(frames.on_parabola(5.0))
    assert screen.reading().splitlines() == ["5 − 0.1 × 10 = 4", "w learning rate slope new w", "step length |Δθ| = 1"]


def test_a_negative_slope_stands_in_brackets(frames: Frames) -> None:
    assert read(frames.on_parabola(-15.0, learning_rate=2.0)).rows == (("−15", "−", "2", "×", "(−30)", "=", "45"),)


def test_other_rules_subtract_their_step(frames: Frames) -> None:
    frame = frames.on_parabola(5.0)
    terms = (frame.terms[0], Term("velocity", np.array([9.0])), Term("step", np.array([0.9])))
    assert " ".join(read(replace(frame, terms=terms)).rows[0]) == "5 − 0.9 = 4.1"


def test_a_step_of_two_knobs_in_numbers(frames: Frames) -> None:
    assert [" ".join(row) for row in read(frames.on_bowl((1.0, -1.0))).rows] == [
        "x 1 − 0.1 × 2 = 0.8",
        "y −1 − 0.1 × (−6) = −0.4",
    ]


def test_digits_name_the_cost_and_the_steps_it_belongs_to(frames: Frames) -> None:
    run = frames.run(frames.bowl, np.array([[1.0, 0.5]]), off_plane=1.5)
    run = replace(run, step=1240, curve=replace(run.curve, window=100))
    frame = replace(frames.frame(frames.bowl, frames.map_landscape(), run), terms=(), slope=None)
    assert read(frame).captions == ("mini-batch cost", "", "off the plane")
    past = read(replace(frame, theta_step=1200))
    assert past.captions == ("mini-batch cost at step 1,240", "", "off the plane at step 1,200")
    assert past.rows == (("1.75", "|", "1.5"),)
    finer = read(replace(frame, runs=(replace(run, off_plane=0.0234567),)))
    assert finer.rows == (("1.75", "|", "0.023"),)  # a thousandth of the axes is below a pixel


def test_a_step_from_kept_knobs_says_so(frames: Frames) -> None:
    assert read(replace(frames.on_parabola(5.0, 4.0), theta_step=0)).captions[0] == "w at step 0"
    assert read(replace(frames.on_bowl((1.0, -1.0), (0.8, -0.4)), theta_step=0)).captions[1] == "at step 0"


def test_live_numbers_rest_and_then_show_the_newest(qtbot: QtBot, screen: Screen, frames: Frames) -> None:
    for w in (5.0, 4.0, 3.2):
        screen.panel.show_frame(replace(frames.on_parabola(w), live=True))
    assert screen.reading().startswith("5 − ")
    qtbot.waitUntil(lambda: screen.reading().startswith("3.2 − "), timeout=1000)
    screen.panel.show_frame(replace(frames.on_parabola(2.0), live=False))  # moved by hand: at once
    assert screen.reading().startswith("2 − ")
