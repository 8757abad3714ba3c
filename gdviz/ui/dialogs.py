"""What is asked before something is exported: of what, how large, and as which kind of file."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPixmap
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from gdviz.export.shot import FPS, MOST_FPS, SECONDS, SIDES, shot
from gdviz.ui.pictures import Snapshot
from gdviz.ui.widgets import NumberEntry, Picker, mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from gdviz.ui.window import Window

_SIZES = (("Slide", 1920, 1080), ("4K", 3840, 2160), ("Square", 1080, 1080), ("A4 at 300 dpi", 3508, 2480))
_FILM_SIZES = (("Slide", 1280, 720), ("Full HD", 1920, 1080), ("Square", 1080, 1080), ("Small", 640, 480))
_PREVIEW = QSize(560, 360)


class _Form(QDialog):
    """Rows of a name and a field, and buttons below them."""

    def __init__(self, window: QWidget, title: str) -> None:
        super().__init__(window)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.rows = QGridLayout()
        self.rows.setHorizontalSpacing(10)
        self.rows.setVerticalSpacing(6)
        self.rows.setColumnStretch(1, 1)
        self.buttons = QHBoxLayout()
        self.buttons.addStretch(1)
        self.above = QVBoxLayout(self)
        self.above.setContentsMargins(14, 14, 14, 14)
        self.above.setSpacing(12)
        self.above.addLayout(self.rows)
        self.note = QLabel(wordWrap=True)
        mark(self.note, "role", "muted")
        self.above.addWidget(self.note)
        self.above.addLayout(self.buttons)

    def watch(self, *entries: NumberEntry) -> None:
        """Say what is wrong with numbers that are typed, until they are right."""
        says = self.note.text()
        for entry in entries:
            entry.rejected.connect(self.complain)
            entry.value_changed.connect(lambda: self.calm(says))

    def calm(self, says: str) -> None:
        """Say what stands here while nothing is wrong."""
        if not self.wrong:
            self.note.setText(says)
            mark(self.note, "role", "muted")

    def complain(self, text: str) -> None:
        """Say what was wrong with a number that was typed."""
        self.note.setText(text)
        mark(self.note, "role", "warning")

    @property
    def wrong(self) -> bool:
        """A number that was typed is none, or out of bounds, and that was said."""
        return any(entry.property("wrong") for entry in self.findChildren(NumberEntry))

    def add_row(self, name: str, *fields: QWidget | QHBoxLayout) -> None:
        label, line = QLabel(name), QHBoxLayout()
        line.setSpacing(6)
        for field in fields:
            if isinstance(field, QHBoxLayout):
                line.addLayout(field)
            else:
                line.addWidget(field)
                if label.buddy() is None:
                    label.setBuddy(field)
                    field.setAccessibleName(name)
        row = self.rows.rowCount()
        self.rows.addWidget(label, row, 0)
        self.rows.addLayout(line, row, 1)

    def add_button(self, text: str, *, main: bool = False) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(main)
        button.setDefault(main)
        mark(button, "accent", main)
        self.buttons.addWidget(button)
        return button


class _Size(QHBoxLayout):
    """Two sides in pixels, and sizes to choose from that fill them in."""

    changed = Signal()

    def __init__(self, sizes: Sequence[tuple[str, int, int]]) -> None:
        super().__init__()
        self.setSpacing(6)
        self.width, self.height = (_Whole(name, *SIDES, SIDES[0]) for name in ("Width", "Height"))
        self._picker = Picker()
        self._picker.setAccessibleName("Sizes")
        self._picker.setMinimumWidth(13 * self._picker.fontMetrics().height())
        self.addWidget(self._picker, 1)
        self.addWidget(self.width)
        self.addWidget(QLabel("×"))
        self.addWidget(self.height)
        self.addWidget(QLabel("pixels"))
        self._picker.activated.connect(self._choose)
        for side in (self.width, self.height):
            side.value_changed.connect(self._typed)
        self.offer(sizes)

    def offer(self, sizes: Sequence[tuple[str, int, int]]) -> None:
        """Offer these sizes; the first is chosen."""
        self._picker.clear()
        for name, width, height in sizes:
            self._picker.addItem(f"{name}: {width} × {height}", (width, height))
        self._picker.addItem("Other", None)
        self._choose(0)

    @property
    def size(self) -> QSize:
        return QSize(round(self.width.value), round(self.height.value))

    def _choose(self, index: int) -> None:
        sides = self._picker.itemData(index)
        if sides is not None:
            for side, value in zip((self.width, self.height), sides, strict=True):
                side.set_value(value)
            self._typed()

    def _typed(self) -> None:
        sides = self.width.value, self.height.value
        known = [self._picker.itemData(index) for index in range(self._picker.count() - 1)]
        self._picker.setCurrentIndex(known.index(sides) if sides in known else len(known))
        self.changed.emit()


class _Whole(NumberEntry):
    """A whole number within bounds."""

    def __init__(self, name: str, low: int, high: int, value: int) -> None:
        self.most = high
        super().__init__(
            name, value, lambda x: low <= x <= self.most and x == int(x), f"a whole number from {low} to {high}", _whole
        )
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("000000") + self.fontMetrics().height())


def _whole(value: float) -> str:
    return f"{value:.0f}"


class PictureDialog(_Form):
    """A picture of the window or of a part of it, with a preview."""

    taken = Signal(bytes, str, str)
    """(the file, its suffix, which part it shows: empty for all)"""

    def __init__(self, window: Window, parts: Sequence[tuple[str, QWidget]], title: str) -> None:
        """``parts``: those that are on show, and their names."""
        super().__init__(window, "Picture")
        self._window, self._parts, self._title = window, parts, title
        self.part, self.kind = Picker(), Picker()
        for name, _ in parts:
            self.part.addItem(name)
        self.size_asked = _Size(_SIZES)
        for suffix, name in ((".png", "PNG, pixels"), (".svg", "SVG, vectors"), (".pdf", "PDF, vectors")):
            self.kind.addItem(name, suffix)
        self._preview = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._preview.setFixedSize(_PREVIEW)
        self._preview.setAccessibleName("Preview")
        self.above.insertWidget(0, self._preview)
        self.add_row("Of", self.part)
        self.add_row("Size", self.size_asked)
        self.add_row("Kind", self.kind)
        self.copy, self.cancel = self.add_button("Copy"), self.add_button("Cancel")
        self.save = self.add_button("Save…", main=True)
        self.copy.setToolTip("Put the picture on the clipboard, in pixels")
        self.copy.clicked.connect(self._copy)
        self.save.clicked.connect(self._take)
        self.cancel.clicked.connect(self.reject)
        self.watch(self.size_asked.width, self.size_asked.height)
        self.part.activated.connect(self._offer_sizes)
        self.size_asked.changed.connect(self._draw)
        self._offer_sizes()

    def _snapshot(self, size: QSize) -> Snapshot:
        return Snapshot(self._window, self._chosen, size, self._title)

    @property
    def _chosen(self) -> QWidget:
        return self._parts[self.part.currentIndex()][1]

    def _offer_sizes(self) -> None:
        width, height = (min(max(side, SIDES[0]), SIDES[1]) for side in (self._chosen.width(), self._chosen.height()))
        self.size_asked.offer((("As on screen", width, height), *_SIZES))

    def _draw(self) -> None:
        # Laid out like the large one, because only the shape of a picture decides on that.
        ratio = self.devicePixelRatioF()
        size = self.size_asked.size.scaled(_PREVIEW * ratio, Qt.AspectRatioMode.KeepAspectRatio)
        picture = QPixmap.fromImage(self._snapshot(size).image())
        picture.setDevicePixelRatio(ratio)
        self._preview.setPixmap(picture)

    def _copy(self) -> None:
        if self.wrong:
            return
        QGuiApplication.clipboard().setImage(self._snapshot(self.size_asked.size).image())
        self.accept()

    def _take(self) -> None:
        if self.wrong:
            return
        suffix = self.kind.currentData()
        index = self.part.currentIndex()
        part = self._parts[index][0].lower() if index else ""
        self.taken.emit(self._snapshot(self.size_asked.size).file(suffix), suffix, part)
        self.accept()


class FilmDialog(_Form):
    """A film of all steps up to now."""

    asked = Signal(object)
    """a Shot, whose path has nothing but the suffix of a film"""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window, "Film")
        self.kind, self.fps = Picker(), _Whole("Frames a second", 5, MOST_FPS[".gif"], FPS)
        self.seconds = _Whole("Seconds", 1, 600, round(SECONDS))
        self.size_asked = _Size(_FILM_SIZES)
        self.kind.addItem("GIF: plays anywhere, also in slides", ".gif")
        if find_spec("av") is not None:
            self.kind.addItem("MP4: smaller, in all colours", ".mp4")
        self.add_row("Kind", self.kind)
        self.add_row("Size", self.size_asked)
        length = QHBoxLayout()
        for part in (self.seconds, QLabel("seconds, with"), self.fps, QLabel("frames a second")):
            length.addWidget(part)
        length.addStretch(1)
        self.add_row("Length", length)
        says = "All steps up to now; each frame is a step whose knobs were kept."
        if find_spec("av") is None:
            says += " For MP4 files install PyAV: pip install av"
        self.note.setText(says)
        self.cancel, self.save = self.add_button("Cancel"), self.add_button("Save…", main=True)
        self.cancel.clicked.connect(self.reject)
        self.save.clicked.connect(self._ask)
        self.watch(self.size_asked.width, self.size_asked.height, self.seconds, self.fps)
        self.kind.activated.connect(self._fit_kind)
        self.size_asked.changed.connect(self._fit_kind)

    def _fit_kind(self) -> None:
        """Keep to what the kind of file can hold: an MP4 has colours for two by two pixels."""
        suffix = self.kind.currentData()
        self.fps.most = MOST_FPS[suffix]
        self.fps.set_value(min(self.fps.value, self.fps.most))
        if suffix == ".mp4":
            for side in (self.size_asked.width, self.size_asked.height):
                side.set_value(side.value - side.value % 2)

    def _ask(self) -> None:
        if self.wrong:
            return
        size = self.size_asked.size
        sides = f"{size.width()}x{size.height()}"
        self.asked.emit(shot(f"film{self.kind.currentData()}", sides, round(self.fps.value), self.seconds.value))
        self.accept()
