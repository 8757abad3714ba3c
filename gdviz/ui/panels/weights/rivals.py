"""Whose weights the selected run's are compared with: a button of the panel's header, and the list behind it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QMenu, QSizePolicy

from gdviz.ui.widgets import Button, mark, tip

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from gdviz.core.frame import Frame

_MORE = " ▾"
"""behind the label, where there are others to choose from"""
_SAYS = (
    "The selected run's weights less those of “{}”, at the same moment. Neurons are compared place by place: runs from "
    "different seeds have theirs in other places, so a difference says most between runs that share their start, as "
    "forks do, or other rates with the same seed."
)


class _Rival(NamedTuple):
    place: int
    """index into the frame's runs"""
    label: str


class RivalButton(Button):
    """A minus and the label of a run, cut off where there is no room; hidden where nobody is there to compare with."""

    chosen = Signal(int)
    """an index into the frame's runs"""

    def __init__(self) -> None:
        super().__init__()
        self._rivals: tuple[_Rival, ...] = ()
        self._at: _Rival | None = None
        self._whole = ""
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        mark(self, "flat", True)
        self.clicked.connect(self._offer)

    @property
    def rival(self) -> int | None:
        """Whom it stands for: an index into the frame's runs; None where there is nobody."""
        return None if self._at is None else self._at.place

    def show_frame(self, frame: Frame) -> None:
        """Offer those whose network has the same sizes, and name the one that is, was or would be compared with."""
        order = sorted(range(len(frame.runs)), key=lambda i: frame.runs[i].ghost)
        rivals = tuple(
            _Rival(i, frame.runs[i].label + (" (before)" if frame.runs[i].ghost else ""))
            for i in order
            if frame.runs[i].alike
        )
        at = next((rival for rival in rivals if frame.rival is not None and rival.place == frame.rival.index), None)
        if at is None and self._at is not None:  # as chosen before, wherever it stands by now
            at = next((rival for rival in rivals if rival.label == self._at.label), None)
        at = at or next(iter(rivals), None)
        if (rivals, at) == (self._rivals, self._at):
            return
        self._rivals, self._at = rivals, at
        self.setVisible(at is not None)
        if at is not None:
            self._whole = f"− {at.label}"
            self.setAccessibleName(f"minus {at.label}")
            self.setToolTip(tip(_SAYS.format(at.label)))
            self._elide()
            self.updateGeometry()

    def _offer(self) -> None:
        """Where there are several, offer the others."""
        if len(self._rivals) < 2:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for rival in self._rivals:
            action = menu.addAction(rival.label.replace("&", "&&"), partial(self.chosen.emit, rival.place))
            action.setCheckable(True)
            action.setChecked(rival == self._at)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    @property
    def _more(self) -> str:
        return _MORE if len(self._rivals) > 1 else ""

    def _width(self, text: str) -> int:
        """Of the whole button with another text."""
        advance = self.fontMetrics().horizontalAdvance
        return super().sizeHint().width() - advance(self.text().replace("&&", "&")) + advance(text)

    def sizeHint(self) -> QSize:
        room = 10 * self.fontMetrics().height()
        return QSize(min(self._width(self._whole + self._more) + 2, room), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        least = self._width(f"− …{self._more}")
        return QSize(min(least, self.sizeHint().width()), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        room = self.width() - self._width(self._more)
        text = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, room) + self._more
        if self.text() != text.replace("&", "&&"):
            self.setText(text.replace("&", "&&"))
