"""What a run could do otherwise from a past step on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from gdviz.core.optimizers import OPTIMIZERS, kind_of
from gdviz.ui.numbers import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from gdviz.core.frame import Frame

_FACTORS = (0.1, 0.5, 1.0, 2.0, 10.0)


def fork_menu(parent: QWidget, frame: Frame, fork: Callable[[dict[str, Any], str], None]) -> QMenu:
    """Other rates of the rule at the cursor, and other rules; a choice calls ``fork`` with the change and its name."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    rule = frame.run.optimizer
    if not rule.searches:
        # A schedule makes the rate of a step of it.
        what = "rate" if rule.learning_rate == frame.run.learning_rate else "base rate"
        for factor in _FACTORS:
            rate = float(f"{rule.learning_rate * factor:.6g}")
            says = f"{what} {number(rate)}"
            action = menu.addAction(f"{says} (as it was)" if factor == 1 else f"{says} (× {factor:g})")
            action.triggered.connect(partial(fork, {"learning_rate": rate}, says))
        menu.addSeparator()
    is_network = frame.view is not None
    for kind in OPTIMIZERS:
        # A search looks at the cost many times a step: cheap on a surface, minutes on all the images.
        if not (type(rule) is kind or (is_network and kind.searches)):
            name = kind_of(kind)
            action = menu.addAction(name)
            action.triggered.connect(partial(fork, {"optimizer": {"kind": name}}, name))
    return menu
