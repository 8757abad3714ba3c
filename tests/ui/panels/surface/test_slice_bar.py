"""The bar over a network's slice: what it offers, what it asks for, and what it says of the picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit

from gdviz.core.datasets import DataSet
from gdviz.core.digits import Digits
from gdviz.core.frame import SliceView
from gdviz.core.network import Network
from gdviz.ui.panels.surface.slice_bar import SliceBar
from gdviz.ui.widgets import ElidedLabel
from tests.support import LONG_PARABOLAS, PAIR, Open, frame_of, go

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import Frame, PlaneKind, RunFrame
    from gdviz.ui.window import Window
    from tests.ui.panels.surface.conftest import Frames, Screen

Key = Qt.Key
ONE, THREE = ("path", "slope", "random"), ("path", "slope", "random", "two balls", "line")


def digits(n: int) -> Digits:
    """A real problem of so many training images, of one pixel each."""
    images, labels = np.zeros((n, 1), np.uint8), np.zeros(n, np.uint8)
    return Digits(Network((1, 2, 10)), DataSet(images, labels, images[:1], labels[:1]), labels)


class Bar:
    """The bar in a window of its own, and what it asked for."""

    def __init__(self, frames: Frames, qtbot: QtBot) -> None:
        self.frames, self.bar = frames, SliceBar()
        self.asked: list[SliceView] = []
        self.said: list[str] = []
        self.bar.changed.connect(self.asked.append)
        self.bar.rejected.connect(self.said.append)
        qtbot.addWidget(self.bar)
        self.bar.resize(500, 60)
        self.bar.show()
        self.bar.activateWindow()
        qtbot.waitUntil(self.bar.isActiveWindow, timeout=10_000)
        self.planes, self.others = (self._picker(name) for name in ("Plane", "Compared with"))
        entry = self.bar.findChild(QLineEdit)
        assert entry is not None
        self.images = entry

    def _picker(self, name: str) -> QComboBox:
        (found,) = (box for box in self.bar.findChildren(QComboBox) if box.accessibleName() == name)
        return found

    def run(self, label: str, *, ghost: bool = False, on_surface: bool = True) -> RunFrame:
        return self.frames.run(self.frames.bowl, np.zeros((1, 2)), label=label, ghost=ghost, on_surface=on_surface)

    def frame(
        self, view: SliceView, *runs: RunFrame, n: int = 60_000, compared: int | None = None, note: str = "a note"
    ) -> Frame:
        """A frame of the first of some runs that is no ghost."""
        selected = sum(run.ghost for run in runs)
        made = self.frames.frame(
            self.frames.network, self.frames.map_landscape(note=note), *(runs or (self.run("one"),)), selected=selected
        )
        made = replace(made, problem=digits(n), view=view, plane=view.kind, compared=compared)
        return replace(made, theta=np.zeros(34), slope=None, terms=())

    def show(
        self, view: SliceView, *runs: RunFrame, n: int = 60_000, compared: int | None = None, note: str = "a note"
    ) -> None:
        self.bar.show_frame(self.frame(view, *runs, n=n, compared=compared, note=note))
        QApplication.processEvents()

    def type(self, text: str) -> None:
        self.images.setFocus()
        self.images.selectAll()
        QTest.keyClicks(self.images, text)
        QTest.keyClick(self.images, Key.Key_Return)

    def note(self) -> str:
        label = self.bar.findChild(ElidedLabel)
        assert label is not None
        return label.text()


@pytest.fixture
def bar(frames: Frames, qtbot: QtBot) -> Bar:
    return Bar(frames, qtbot)


def offered(picker: QComboBox) -> tuple[str, ...]:
    return tuple(picker.itemText(i) for i in range(picker.count()))


def choose(picker: QComboBox, text: str, qtbot: QtBot, *, by_mouse: bool) -> None:
    """Open the list and take an entry, as a user does."""
    picker.setFocus()
    QTest.keyClick(picker, Key.Key_Down)
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None, timeout=10_000)
    index = picker.model().index(picker.findText(text), 0)
    if by_mouse:
        QTest.mouseClick(
            picker.view().viewport(), Qt.MouseButton.LeftButton, pos=picker.view().visualRect(index).center()
        )
    else:
        QTest.keyClick(picker.view(), Key.Key_Home)
        for _ in range(index.row()):
            QTest.keyClick(picker.view(), Key.Key_Down)
        QTest.keyClick(picker.view(), Key.Key_Return)
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is None, timeout=10_000)


def test_two_balls_are_offered_only_where_another_run_is_on_the_surface(bar: Bar) -> None:
    one = bar.run("one")
    for runs, compared, expected in (
        ((one,), None, ONE),
        ((one, bar.run("elsewhere", on_surface=False)), None, ONE),
        ((bar.run("before", ghost=True), one), None, ONE),
        ((one, bar.run("other")), 1, THREE),
        ((bar.run("before", ghost=True), one, bar.run("other")), 2, THREE),
    ):
        bar.show(SliceView(), *runs, compared=compared)
        assert offered(bar.planes) == expected
        assert bar.planes.currentText() == "path"


def test_which_ball_is_asked_only_where_there_are_several_and_it_matters(bar: Bar) -> None:
    ghost, one, two, three = bar.run("before", ghost=True), bar.run("one"), bar.run("two"), bar.run("three")
    elsewhere = bar.run("elsewhere", on_surface=False)
    bar.show(SliceView("line", 100, 1), one, two, compared=1)
    assert not bar.others.isVisible()
    bar.show(SliceView("line", 100, 1), one, two, elsewhere, compared=1)
    assert not bar.others.isVisible()
    kind: PlaneKind
    for kind in ("path", "gradient", "random"):
        bar.show(SliceView(kind, 100, 1), one, two, three, compared=1)
        assert not bar.others.isVisible()
    for kind in ("ends", "line"):
        bar.show(SliceView(kind, 100, 2), ghost, one, two, three, compared=3)
        assert bar.others.isVisible()
        assert offered(bar.others) == ("and two", "and three")
        assert bar.others.currentText() == "and three"


@pytest.mark.parametrize("by_mouse", [True, False])
def test_a_choice_asks_for_that_slice_and_changes_nothing_else(bar: Bar, qtbot: QtBot, by_mouse: bool) -> None:
    ghost, one, two, three = bar.run("before", ghost=True), bar.run("one"), bar.run("two"), bar.run("three")
    view = SliceView("line", 300, 1)
    bar.show(view, ghost, one, two, three, compared=2)
    assert bar.planes.currentText() == "line"
    assert bar.asked == []  # what is shown is not asked for
    choose(bar.others, "and three", qtbot, by_mouse=by_mouse)
    assert bar.asked.pop() == SliceView("line", 300, 2)  # the third of the runs without the ghost
    choose(bar.planes, "slope", qtbot, by_mouse=by_mouse)
    assert bar.asked.pop() == SliceView("gradient", 300, 1)
    bar.show(SliceView("gradient", 300, 2), ghost, one, two, three, compared=3)
    choose(bar.planes, "two balls", qtbot, by_mouse=by_mouse)
    assert bar.asked == [SliceView("ends", 300, 2)]


def test_the_number_of_images_is_asked_for_as_it_is_typed(bar: Bar) -> None:
    bar.show(SliceView("random", 1000))
    assert bar.images.text() == "1000"
    bar.type("60000")
    assert bar.asked == [SliceView("random", 60_000)]
    assert bar.images.text() == "60000"
    assert not bar.images.hasFocus()  # so that Space plays again
    bar.show(SliceView("random", 60_000))
    assert bar.images.text() == "60000"
    bar.show(SliceView("random", 60_000), n=2000)  # of fewer images all are taken
    assert bar.images.text() == "2000"
    bar.type("2e2")
    assert bar.asked[1:] == [SliceView("random", 200)]
    assert bar.images.text() == "200"
    assert bar.said == []


@pytest.mark.parametrize("wrong", ["0", "-5", "2.5", "many", "", "2001", "1e9", "inf", "nan"])
def test_a_wrong_number_of_images_is_said_in_a_sentence_and_asks_for_nothing(bar: Bar, wrong: str) -> None:
    bar.show(SliceView("random", 1000), n=2000)
    if wrong:
        bar.type(wrong)
    else:
        bar.images.setFocus()
        bar.images.selectAll()
        QTest.keyClick(bar.images, Key.Key_Backspace)
        QTest.keyClick(bar.images, Key.Key_Return)
    expected = "a whole number, at most as many as are trained on"
    assert bar.said == [f"images of the slice: expected {expected}, got “{wrong}”; it stays 1000."]
    assert bar.asked == []
    assert bar.images.text() == wrong  # to be mended
    assert bar.images.property("wrong")
    QTest.keyClick(bar.images, Key.Key_Escape)
    assert bar.images.text() == "1000"
    bar.type("999")
    assert bar.asked == [SliceView("random", 999)]


def test_what_is_being_typed_outlives_the_slices_that_come_meanwhile(bar: Bar) -> None:
    bar.show(SliceView("random", 1000), note="the first")
    assert bar.note() == "the first"
    bar.images.setFocus()
    bar.images.selectAll()
    QTest.keyClicks(bar.images, "77")
    bar.show(SliceView("random", 1000), note="the second")
    assert bar.note() == "the second"
    assert bar.images.text() == "77"
    QTest.keyClick(bar.images, Key.Key_Return)
    assert bar.asked == [SliceView("random", 77)]


def test_it_says_that_a_slice_is_made_and_then_what_it_is(bar: Bar) -> None:
    frame = bar.frame(SliceView(), note="plane of the path through step 7 · 1,000 images")
    bar.bar.show_frame(replace(frame, landscape=None))
    assert bar.note() == "computing the surface…"
    bar.bar.show_frame(frame)
    assert bar.note() == "plane of the path through step 7 · 1,000 images"
    bar.bar.resize(120, 60)
    QApplication.processEvents()
    assert bar.note().endswith("…")
    assert "1,000 images" in next(iter(bar.bar.findChildren(ElidedLabel))).toolTip()


def test_it_is_there_for_a_network_and_not_for_a_surface(screen: Screen, frames: Frames, bar: Bar) -> None:
    bars = screen.panel.findChildren(SliceBar)
    assert [each.isVisible() for each in bars] == [False]
    screen.show(bar.frame(SliceView(), note="a slice"))
    assert [each.isVisible() for each in bars] == [True]
    assert "a slice" in [label.text() for label in screen.panel.findChildren(QLabel) if label.isVisible()]
    for surface in (frames.on_bowl((1.0, 1.0)), frames.on_parabola(5.0, 4.0)):
        screen.show(surface)
        assert [each.isVisible() for each in bars] == [False]


def test_a_line_is_a_curve_without_a_relief_and_a_plane_has_it_again(screen: Screen, frames: Frames, bar: Bar) -> None:
    panel = screen.panel
    flat = bar.frame(SliceView("random", 100))
    screen.show(flat)
    QTest.mouseClick(panel._switch["3d"], Qt.MouseButton.LeftButton)
    assert panel._views.currentWidget() is panel.relief
    run = frames.run(frames.bowl, np.zeros((1, 2)), trail=np.array([[1.0, 2.0]]), trail_costs=np.array([2.0]))
    curve = replace(frames.curve_landscape(), note="a line")
    line = replace(flat, landscape=curve, runs=(run,), plane="line", view=SliceView("line", 100))
    screen.show(line)
    assert panel._views.currentWidget() is panel.map
    assert not any(button.isVisible() for button in panel._switch.values())
    panel.toggle_view()
    assert panel._views.currentWidget() is panel.map
    screen.show(flat)
    assert panel._views.currentWidget() is panel.relief  # as it was chosen
    assert all(button.isVisible() for button in panel._switch.values())


def test_in_the_window_a_choice_brings_the_slice(window: Window, shown: Open, qtbot: QtBot) -> None:
    shown(PAIR + '[view]\nplane = "random"\nimages = 50\n')
    (bar,) = window.surface.findChildren(SliceBar)
    (planes,) = (box for box in bar.findChildren(QComboBox) if box.accessibleName() == "Plane")
    assert planes.currentText() == "random"
    go(window, qtbot, 2)  # there is no line between two balls at one place
    choose(planes, "line", qtbot, by_mouse=True)
    assert frame_of(window).view == SliceView("line", 50)
    qtbot.waitUntil(lambda: frame_of(window).plane == "line", timeout=20_000)
    assert window.surface._views.currentWidget() is window.surface.map
    entry = bar.findChild(QLineEdit)
    assert entry is not None
    entry.setFocus()
    entry.selectAll()
    QTest.keyClicks(entry, "2001")
    QTest.keyClick(entry, Key.Key_Return)
    assert window.messages.kind == "error"
    assert window.messages._text._whole.endswith("got “2001”; it stays 50.")
    shown(LONG_PARABOLAS)
    assert not bar.isVisible()
