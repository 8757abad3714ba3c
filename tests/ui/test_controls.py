"""The panel of knobs, the line of messages, and text and icons that can be read in both themes."""

import math
from itertools import pairwise
from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from gdviz.core.curvature import REGIMES
from gdviz.core.optimizer import Optimizer
from gdviz.core.optimizers import OPTIMIZERS, Adam, GradientDescent
from gdviz.core.spec import knobs
from gdviz.ui import style
from gdviz.ui.controls import KnobsPanel, KnobsRecipe
from gdviz.ui.cost import CostRecipe
from gdviz.ui.fields import Rebuild, Value
from gdviz.ui.icons import icon
from gdviz.ui.theme import DARK, LIGHT, Theme
from gdviz.ui.widgets import MessageBar
from tests.ui.controls_support import Heard, Key, typed

DIGITS = (
    Rebuild("hidden", "neurons in each hidden layer", [16, 16]),
    Rebuild("activation", "what a neuron makes of its input", "sigmoid", ("sigmoid", "relu", "tanh")),
    Rebuild("batch_size", "images a step", 10),
    Rebuild("train_size", "the first so many images", "all"),
    Rebuild("shuffle_labels", "the fraction of random labels", 0.0),
    Rebuild("seed", "what randomness draws from", 0),
    Rebuild("data", "where the images come from", "mnist"),
)

COST = CostRecipe((("bowl", "Round.", "C = x² + y²"), ("parabola", "One knob.", "C = w²")), "bowl", "")


def recipe(kind: type[Optimizer] = GradientDescent, rebuild: tuple[Rebuild, ...] = DIGITS, **more: Any) -> KnobsRecipe:
    catalogue = tuple((str(o.__struct_config__.tag), (o.__doc__ or "").splitlines()[0], o.formula) for o in OPTIMIZERS)
    live = tuple((knob, knob.default) for knob in knobs(kind))
    return KnobsRecipe(str(kind.__struct_config__.tag), catalogue, live, rebuild, "Look at **this**.", **more)


class Window(QWidget):
    """Collects the keys that nobody below it took."""

    def __init__(self, child: QWidget) -> None:
        super().__init__()
        self.keys: list[int] = []
        column = QVBoxLayout(self)
        column.addWidget(child)

    def keyPressEvent(self, event: Any) -> None:
        self.keys.append(event.key())


@pytest.fixture
def panel(qtbot: QtBot) -> KnobsPanel:
    made = KnobsPanel(DARK)
    made.resize(280, 700)
    qtbot.addWidget(made)
    made.show()
    return made


def takes_tab(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)


def test_transport_keys_reach_the_window_from_everything_but_text_fields(qtbot: QtBot) -> None:
    panel = KnobsPanel(DARK)
    panel.show_recipe(recipe(Adam, cost=COST, can_explore=True))
    window = Window(panel)
    qtbot.addWidget(window)
    window.show()
    keys = [Key.Key_Space, Key.Key_Left, Key.Key_Right, Key.Key_Home, Key.Key_End, Key.Key_R, Key.Key_E, Key.Key_T]
    kinds = QAbstractSlider | QComboBox | QAbstractButton
    controls = [
        w for w in panel.findChildren(QWidget) if isinstance(w, kinds) and w.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    assert len(controls) > 6
    for control in controls:
        window.keys.clear()
        for key in keys:
            QTest.keyClick(control, key)
        assert window.keys == keys, control.accessibleName()


def test_a_live_knob_says_its_key(panel: KnobsPanel) -> None:
    panel.show_recipe(recipe(Adam))
    heard = Heard(knob=panel.knob_changed, rejected=panel.rejected)
    entries = {e.accessibleName(): e for e in panel.findChildren(QLineEdit)}
    typed(entries["learning rate"], "0.01")
    typed(entries["epsilon"], "1e-6")
    typed(entries["epsilon"], "0")
    assert heard.said[:2] == [("knob", "learning_rate", 0.01), ("knob", "epsilon", 1e-6)]
    assert heard.said[2:] == [("rejected", "epsilon: expected a number above 0 up to 1, got “0”; it stays 1e-6.")]
    panel.set_knob("learning_rate", 0.5)
    assert entries["learning rate"].text() == "0.5"
    assert len(heard.said) == 3


@pytest.mark.parametrize(
    ("label", "text", "key", "value"),
    [
        ("hidden layers", "32, 8", "hidden", [32, 8]),
        ("hidden layers", "30", "hidden", [30]),
        ("batch size", "full", "batch_size", "full"),
        ("batch size", "32", "batch_size", 32),
        ("images", "2000", "train_size", 2000),
        ("shuffled", "0,5", "shuffle_labels", 0.5),
        ("seed", "7", "seed", 7),
        ("data", "/some/folder", "data", "/some/folder"),
    ],
)
def test_enter_in_a_set_up_field_asks_for_a_new_run(
    panel: KnobsPanel, qtbot: QtBot, label: str, text: str, key: str, value: Value
) -> None:
    panel.show_recipe(recipe())
    heard = Heard(rebuild=panel.rebuild_asked, rejected=panel.rejected)
    entry = next(e for e in panel.findChildren(QLineEdit) if e.accessibleName() == label)
    typed(entry, text)
    assert heard.said == [("rebuild", {key: value})]


def test_edits_wait_for_the_button_and_escape_takes_them_back(panel: KnobsPanel) -> None:
    panel.show_recipe(recipe())
    heard = Heard(rebuild=panel.rebuild_asked, rejected=panel.rejected)
    button = next(b for b in panel.findChildren(QAbstractButton) if b.accessibleName() == "Rebuild with these")
    pickers = {p.accessibleName(): p for p in panel.findChildren(QComboBox)}
    hidden = next(e for e in panel.findChildren(QLineEdit) if e.accessibleName() == "hidden layers")
    assert not button.isVisible()
    pickers["Optimizer"].setCurrentText("adam")
    pickers["activation"].setCurrentText("relu")
    assert button.isVisible()
    assert heard.said == []
    button.click()
    assert heard.said == [("rebuild", {"optimizer": "adam", "activation": "relu"})]
    for picker in pickers.values():
        QTest.keyClick(picker, Key.Key_Escape)
    assert not button.isVisible()
    typed(hidden, "16, x")
    assert heard.said[1:] == [("rejected", "hidden layers: expected sizes such as 16, 16, got “16, x”.")]
    QTest.keyClick(hidden, Key.Key_Escape)
    assert hidden.text() == "16, 16"
    assert not button.isVisible()


def test_the_formula_is_that_of_the_chosen_optimizer(panel: KnobsPanel) -> None:
    panel.show_recipe(recipe())
    formula = next(label for label in panel.findChildren(QLabel) if label.property("role") == "formula")
    assert "rate · slope" in formula.text()
    next(p for p in panel.findChildren(QComboBox) if p.accessibleName() == "Optimizer").setCurrentText("momentum")
    assert "v ← m·v + slope" in formula.text()


def test_a_surface_shows_its_start_and_no_network(panel: KnobsPanel) -> None:
    panel.show_recipe(recipe(rebuild=(Rebuild("start", "where the ball starts", [1.5, 1.5]),)))
    heard = Heard(rebuild=panel.rebuild_asked)
    names = {e.accessibleName() for e in panel.findChildren(QLineEdit)}
    assert names == {"learning rate", "start"}
    typed(next(e for e in panel.findChildren(QLineEdit) if e.accessibleName() == "start"), "-1, 2.5")
    assert heard.said == [("rebuild", {"start": [-1.0, 2.5]})]


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_every_optimizers_numbers_and_formula_fit_the_card(kind: type[Optimizer], panel: KnobsPanel) -> None:
    panel.resize(panel.minimumSizeHint().width(), 900)
    panel.show_recipe(recipe(kind, can_explore=True))
    QApplication.processEvents()
    formula = next(label for label in panel.findChildren(QLabel) if label.property("role") == "formula")
    assert formula.heightForWidth(formula.width()) <= formula.height()
    assert formula.minimumSizeHint().width() <= formula.width()
    heard = Heard(knob=panel.knob_changed, rejected=panel.rejected)
    entries = {entry.accessibleName(): entry for entry in panel.findChildren(QLineEdit)}
    for knob in knobs(kind):
        typed(entries[knob.name.replace("_", " ")], str(knob.high))
        says = "rejected" if knob.below_high else "knob"
        assert heard.said[-1][0] == says, knob
        typed(entries[knob.name.replace("_", " ")], str(knob.low))
        assert heard.said[-1][0] == ("rejected" if knob.above_low else "knob"), knob


def test_step_sizes_can_be_explored_only_where_the_recipe_says_so(panel: KnobsPanel) -> None:
    def buttons() -> list[QAbstractButton]:
        return [b for b in panel.findChildren(QAbstractButton) if b.accessibleName() == "Explore step sizes"]

    panel.show_recipe(recipe(can_explore=True))
    heard = Heard(asked=panel.explore_asked)
    buttons()[0].click()
    assert heard.said == [("asked",)]
    assert panel.can_explore
    panel.show_recipe(recipe())
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not buttons()
    assert not panel.can_explore


def test_every_control_has_a_name_and_a_tooltip_and_fits_the_panel(panel: KnobsPanel) -> None:
    panel.show_recipe(recipe(Adam, cost=COST, can_explore=True))
    QApplication.processEvents()
    kinds = QAbstractSlider | QComboBox | QAbstractButton | QLineEdit
    for control in panel.findChildren(QWidget):
        if isinstance(control, kinds) and control.isVisible() and takes_tab(control):
            assert control.accessibleName()
            assert control.toolTip(), control.accessibleName()
            right = control.mapTo(panel, control.rect().topRight()).x()
            assert right < panel.width(), control.accessibleName()


def test_a_message_stays_one_line_high_and_is_never_markup(qtbot: QtBot) -> None:
    bar = MessageBar(DARK)
    qtbot.addWidget(bar)
    bar.resize(300, bar.sizeHint().height())
    bar.set_hint("Space plays")
    bar.show()
    height = bar.sizeHint().height()
    done: list[str] = []
    bar.show_message("error", "<b>wrong</b> " * 20 + "\n\n& more", ("Mend & go", lambda: done.append(bar.kind)))
    QApplication.processEvents()
    assert bar.sizeHint().height() == bar.height() == height
    assert "&lt;b&gt;wrong" in next(w.toolTip() for w in bar.findChildren(QWidget) if "wrong" in w.toolTip())
    next(b for b in bar.findChildren(QAbstractButton) if b.accessibleName() == "Mend & go").click()
    assert done == [""]  # dismissed before the action, which may have a message of its own
    assert bar.kind == ""


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_text_can_be_read_in_both_themes(theme: Theme, qapp: QApplication, look: None) -> None:
    assert style.contrast("#000000", "#ffffff") == pytest.approx(21)
    for ground in (theme.panel, theme.raised, theme.window):
        assert style.contrast(theme.text, ground) >= 7
        assert style.contrast(theme.muted, ground) >= 4.5
    assert style.contrast(style.on_accent(theme), theme.accent) >= 4.5
    assert style.contrast(theme.accent, theme.panel) >= 3  # the focus ring
    for word in ("crawling", "converging", "bouncing", "unstable", "blew up", "at rest", ""):
        assert style.contrast(theme.regime(word).name(), theme.panel) >= 3, word
    grey = sorted(style.contrast(theme.regime(word).name(), "#000000") for word in REGIMES[:4])
    assert all(b > 1.15 * a for a, b in pairwise(grey))  # told apart without hue as well
    style.apply(qapp, theme, style.default_points())
    assert qapp.palette().highlight().color().name() == theme.accent
    assert qapp.font().pointSizeF() >= 10


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_icons_come_in_the_colour_of_the_text(theme: Theme, qapp: QApplication) -> None:
    image = icon("play", theme).pixmap(48).toImage()
    assert image.pixelColor(22, 24).name() == theme.text  # inside the triangle
    assert image.pixelColor(2, 2).alpha() == 0
    covered = sum(image.pixelColor(x, y).alphaF() for x in range(48) for y in range(48)) / 48**2
    assert math.isclose(covered, 0.5 * 12.6 * 15.6 / 24**2, rel_tol=0.25)  # its area in the file
