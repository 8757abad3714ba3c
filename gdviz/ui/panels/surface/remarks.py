"""What must be said about the picture, on small pills over it."""

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel, QWidget

from gdviz.core.frame import Floats, Frame
from gdviz.ui.numbers import number
from gdviz.ui.theme import Theme

_MARGIN = 8
_MANY = 3000
"""images; with fewer a slice is there before one could read that it is made"""


class Remarks:
    """Labels over a view: upper left, upper right, lower left and in the middle."""

    def __init__(self, parent: QWidget) -> None:
        self._labels = tuple(QLabel(parent) for _ in range(6))
        self._ended, self._elsewhere, self._off, self._remaking, self._arrow, self._empty = self._labels
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for label in self._labels:
            label.setTextFormat(Qt.TextFormat.PlainText)  # a run's label is not ours
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            label.hide()
        self._said: tuple[str, ...] = ()
        self._area = (0, 0, 0, 0)

    def set_theme(self, theme: Theme) -> None:
        for label in self._labels:
            loud = label is self._ended
            label.setStyleSheet(
                f"color: {theme.warning if loud else theme.muted}; background: {theme.panel};"
                f"border: 1px solid {theme.warning if loud else theme.border}; border-radius: 7px; padding: 2px 7px;"
                f"font-weight: {600 if loud else 400};"
            )
        self._empty.setStyleSheet(f"color: {theme.muted};")
        self._place()

    def set_area(self, x: int, y: int, width: int, height: int) -> None:
        """Where the view is in the parent, in pixels."""
        self._area = (x, y, width, height)
        self._place()

    def covered(self) -> Floats:
        """Points (m, 2) under the labels that show, in pixels from the upper left corner of the view."""
        rectangles = [label.geometry() for label in self._labels if not label.isHidden()]
        points = [
            (x - self._area[0], rectangle.center().y() - self._area[1])
            for rectangle in rectangles
            for x in range(rectangle.left(), rectangle.right() + _MARGIN, 3 * _MARGIN)
        ]
        return np.array(points, float).reshape(-1, 2)

    def show_frame(self, frame: Frame) -> bool:
        """Say what there is to say about the frame; whether that covers another part of the view than before."""
        landscape = frame.landscape
        others = [run.label for run in frame.runs if not (run.on_surface or run.hidden)]
        whose = "its ball belongs" if len(others) == 1 else "their balls belong"
        said = (
            frame.run.ended if frame.run.ended.startswith("blew up") else "",
            f"{', '.join(others)}: {whose} to another surface" if others else "",
            _off_plane(frame),
            "making another slice…" if frame.remaking and _is_another(frame) else "",
            _arrow(frame),
            "" if landscape is not None else "computing the surface…",
        )
        if said == self._said:
            return False
        self._said, before = said, self.covered()
        for label, text in zip(self._labels, said, strict=True):
            label.setText(text)
        self._off.setToolTip(self._off.text())
        self._place()
        return not np.array_equal(self.covered(), before)

    def _place(self) -> None:
        left, top, width, height = self._area
        _elide(self._off, width - 2 * _MARGIN)
        for label in self._labels:
            _fit(label, width - 2 * _MARGIN)
            label.setVisible(bool(label.text()))
        bottom, right, y = top + height - _MARGIN, left + width - _MARGIN, top + _MARGIN
        self._remaking.move(right - self._remaking.width(), y)
        self._empty.move(left + (width - self._empty.width()) // 2, top + (height - self._empty.height()) // 2)
        shown = [label for label in (self._ended, self._elsewhere, self._off) if not label.isHidden()]
        if not self._remaking.isHidden():
            widest = max((label.width() for label in shown), default=0)
            if widest + self._remaking.width() + 3 * _MARGIN > width:
                y += self._remaking.height() + 4
        for label in shown:
            label.move(left + _MARGIN, y)
            y += label.height() + 4
            label.setVisible(y <= bottom)
        # In the upper right corner where that is free: below, a relief has its axes.
        widest = max((label.width() for label in shown), default=0)
        if self._remaking.isHidden() and widest + self._arrow.width() + 3 * _MARGIN <= width:
            self._arrow.move(right - self._arrow.width(), top + _MARGIN)
        else:
            self._arrow.move(left + _MARGIN, y)
            self._arrow.setVisible(bool(self._arrow.text()) and y + self._arrow.height() <= bottom)


def _is_another(frame: Frame) -> bool:
    """Whether what is shown until the slice is made is of another plane; or, made on many images, stays for long."""
    view = frame.view
    return frame.landscape is not None and view is not None and (view.kind != frame.plane or view.n_images > _MANY)


def _off_plane(frame: Frame) -> str:
    """The runs whose balls are far off the slice, and how far; they are drawn hollow."""
    far = [
        f"{run.label}{' before' if run.ghost else ''} by {number(round(run.off_plane, 1))}"
        for run in frame.runs
        if run.on_surface and run.far
    ]
    return f"off this plane: {', '.join(far)}" if far else ""


def _arrow(frame: Frame) -> str:
    """Which slope the arrow on a slice goes down; on the cost itself, the readout says it."""
    shown = frame.descent is not None and any(frame.descent)
    if not shown or frame.terms or getattr(frame.problem, "network", None) is None:
        return ""
    return "arrow: down the slope" if frame.run.curve.window == 1 else "arrow: down this mini-batch's slope"


def _elide(label: QLabel, available: int) -> None:
    """Cut what a label says to what surely fits on two lines; all of it is in its tooltip."""
    label.setWordWrap(False)
    label.setText(label.toolTip())
    metrics = label.fontMetrics()
    around = label.sizeHint().width() - metrics.horizontalAdvance(label.text())
    room = int(1.7 * (available - around))  # the first line ends at a word
    label.setText(metrics.elidedText(label.text(), Qt.TextElideMode.ElideRight, room))
    # A tooltip needs the mouse, which else goes through to the map.
    label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, label.text() == label.toolTip())


def _fit(label: QLabel, available: int) -> None:
    """Give a label the size of its text, in several lines where one is too wide."""
    label.setWordWrap(False)
    size = label.sizeHint()
    if size.width() > available:
        label.setWordWrap(True)
        size = QSize(available, label.heightForWidth(available))
    label.resize(size)
