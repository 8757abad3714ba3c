"""What a person takes away from the window: pictures, films, numbers, weights and the recipe."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMenu, QProgressDialog

from gdviz.core.errors import InputError
from gdviz.core.frame import first_layer
from gdviz.export.tables import CsvWriter, Past, write_json
from gdviz.export.weights import mosaic, write_weights
from gdviz.export.whole import whole
from gdviz.ui.background import Background
from gdviz.ui.dialogs import FilmDialog, PictureDialog
from gdviz.ui.files import add_entry, file_to_write
from gdviz.ui.filming import Filming
from gdviz.ui.looks import Looks

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from typing import BinaryIO, TextIO

    from PySide6.QtWidgets import QWidget

    from gdviz.core.frame import Frame
    from gdviz.export.shot import Shot
    from gdviz.ui.window import Window
    from gdviz.ui.worker import Saved

_SLOW_MS = 400
"""what takes longer shows how far it is"""


class Exports(QObject):
    """The Export menu, and what comes of it. Histories are written by a thread of their own: nothing waits for them."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window, self._session = window, window.session
        self._thread = Background(self)
        self._thread.result.connect(self._take)
        self._thread.done.connect(self._done)
        self._thread.failed.connect(self._failed)
        self._session.saved.connect(self._saved)
        self._writing: Path | None = None
        """what the thread writes"""
        self._thinned = False
        """there are more steps than rows in it"""
        self._folder = ""
        """in which something was put last"""
        self._film: Filming | None = None
        self._n_left_out = 0
        """ghosts for which the film's runs had no room"""
        self._progress: QProgressDialog | None = None

    def menu(self) -> QMenu:
        """All that can be taken away of what is on show."""
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        frame = self._session.timeline.frame
        if frame is None:
            return menu
        files, pictured = self._window.files, first_layer(frame) is not None
        add_entry(menu, "Picture…", self.ask_for_picture, "Ctrl+E")
        add_entry(menu, "Film…", self.ask_for_film, "Ctrl+Shift+E")
        menu.addSeparator()
        add_entry(menu, "Numbers of every step (CSV)…", partial(self._ask_for_table, ".csv"))
        add_entry(menu, "Numbers and recipe (JSON)…", partial(self._ask_for_table, ".json"))
        kept = "Weights and biases" if pictured else "Knobs"
        add_entry(menu, f"{kept} of this step (NumPy)…", self._ask_for_weights)
        if pictured:
            add_entry(menu, "First-layer weights as a picture…", self._ask_for_mosaic)
        menu.addSeparator()
        add_entry(menu, "Scenario (TOML)…", files.ask_where_to_write_scenario)
        add_entry(menu, "Copy the scenario", files.copy_scenario)
        add_entry(menu, "Save the runs", files.save, "Ctrl+S")
        add_entry(menu, "Save the runs as…", files.ask_where_to_save, "Ctrl+Shift+S")
        return menu

    def finish(self) -> None:
        """Drop what is not done."""
        self._cancel()
        self._thread.finish()

    # Pictures and films

    def parts(self) -> list[tuple[str, QWidget]]:
        """What is on show, from all of it to its panels, with their names."""
        window = self._window
        body, third = window.centralWidget(), window.step_sizes.place.currentWidget()
        assert body is not None  # they were put there with the window
        assert third is not None
        name = "Weights" if window.weights.pictured else "Knobs and slopes"
        name = "Step sizes" if window.step_sizes.exploring else name
        more: tuple[tuple[str, QWidget], ...] = (("Runs", window.race), ("The step, taken apart", window.anatomy))
        shown = [(says, panel) for says, panel in more if panel.isVisible()]
        return [
            ("The window", body),
            ("Cost surface", window.surface),
            ("Cost curves", window.loss),
            (name, third),
            *shown,
        ]

    def ask_for_picture(self) -> None:
        """Of the window, or of a panel."""
        dialog = PictureDialog(self._window, self.parts(), self._window.windowTitle())
        dialog.taken.connect(self._save_bytes)
        dialog.open()

    def ask_for_film(self) -> None:
        """Of the runs up to now."""
        if self._is_busy():
            return
        dialog = FilmDialog(self._window)
        dialog.asked.connect(self._film_runs)
        dialog.open()

    def _film_runs(self, asked: Shot) -> None:
        path = self._ask_where("Save the film", asked.kind)
        if path is None or self._session.scenario is None:
            return
        looks = Looks(self._window.theme, self._window.loss.x_axis)
        self._film = film = Filming(replace(asked, path=path), looks, self)
        film.drawn.connect(self._show_progress)
        film.done.connect(partial(self._filmed, path))
        self._open_progress(f"Rendering {path.name}", asked.n_frames)
        self._session.save(film.saved, silent=True)

    def _saved(self, saved: Saved) -> None:
        """The runs are there to be filmed, or can't be."""
        film = self._film
        if film is None or saved.path != film.saved:
            return
        if saved.reason:
            reason = saved.reason.removeprefix(f"{film.saved}: ")
            self._filmed(film.shot.path, f"{film.shot.path}: the film can't be made: {reason}")
            return
        self._n_left_out = saved.n_left_out
        try:
            film.start()
        except InputError as error:
            self._filmed(film.shot.path, str(error))

    def _filmed(self, path: Path, reason: str) -> None:
        film, self._film = self._film, None
        if film is not None:
            film.deleteLater()
        self._close_progress()
        self._told(path, reason, f"without {self._n_left_out} of the runs before" if self._n_left_out else "")

    # Numbers

    def _ask_for_table(self, suffix: str) -> None:
        if self._is_busy():
            return
        path = self._ask_where("Save the numbers", suffix)
        if path is None or self._session.scenario is None:
            return
        # All at one moment: what is written must not know more of one run than of another.
        scenario, pasts = self._session.scenario, [Past.of(run) for run in self._session.runs]
        write = _csv(pasts) if suffix == ".csv" else lambda file: write_json(file, scenario, pasts)
        self._thinned = any(past.thinned for past in pasts)
        self._writing = path
        self._open_progress(f"Writing {path.name}", 1000)
        if not self._thread.isRunning():
            self._thread.start()
        self._thread.ask(path, _writing(path, write))

    def _take(self, key: object, result: float | InputError) -> None:
        if key is not self._writing:
            return
        if isinstance(result, InputError):
            self._written(str(result))
        else:
            self._show_progress(round(1000 * result))

    def _done(self, key: object) -> None:
        if key is self._writing:
            self._written("")

    def _failed(self, key: object, reason: str) -> None:
        if key is self._writing:
            self._written(reason)

    def _written(self, reason: str) -> None:
        path, self._writing = self._writing, None
        self._close_progress()
        if path is not None:
            self._told(path, reason, "of very long runs only the steps that were kept" if self._thinned else "")

    # Weights

    def _ask_for_weights(self) -> None:
        frame = self._session.timeline.frame
        path = self._ask_where("Save the knobs", ".npz", "knobs")
        if path is None or frame is None:
            return

        def write(file: BinaryIO) -> None:
            write_weights(file, frame.problem, frame.theta, frame.theta_step, frame.run.label)

        self._write_now(path, write, _of_step(frame))

    def _ask_for_mosaic(self) -> None:
        frame = self._session.timeline.frame
        values, level, what = self._window.weights.layer.on_show
        if frame is None:
            return
        picture, what = (
            mosaic(values, level, self._window.theme.signed_table()),
            f"{what}, {_of_step(frame)}, ±{level:g}",
        )
        if (path := self._ask_where("Save the weights as a picture", ".png", "weights")) is not None:
            self._write_now(path, partial(picture.save, format="PNG"), what)

    def _save_bytes(self, data: bytes, suffix: str, part: str) -> None:
        if (path := self._ask_where("Save the picture", suffix, part)) is not None:
            self._write_now(path, lambda file: file.write(data))

    def _write_now(self, path: Path, write: Callable[[BinaryIO], Any], what: str = "") -> None:
        try:
            with whole(path) as beside, beside.open("wb") as file:
                write(file)
        except InputError as error:
            self._told(path, str(error))
        else:
            self._told(path, "", what)

    # Telling

    def _is_busy(self) -> bool:
        """Whether something is on its way already; then it is said."""
        coming = self._writing if self._film is None else self._film.shot.path
        if coming is not None:
            self._say("info", f"{coming.name} is on its way: one file at a time.")
        return coming is not None

    def _ask_where(self, title: str, suffix: str, part: str = "") -> Path | None:
        """Where to put a file of this kind, with ``part`` of what is on show; None where it is not wanted."""
        kinds, name = f"*{suffix}", self._session.name
        chosen = file_to_write(self._window, title, name, suffix, kinds, self._folder, part)
        if not chosen:
            return None
        self._folder = str(Path(chosen).parent)
        return Path(chosen)

    def _open_progress(self, what: str, most: int) -> None:
        self._progress = progress = QProgressDialog(what, "Cancel", 0, most, self._window)
        progress.setWindowTitle("gdviz")
        progress.setMinimumDuration(_SLOW_MS)
        progress.setMinimumWidth(24 * progress.fontMetrics().height())
        progress.setAutoReset(False)
        progress.setAutoClose(False)
        progress.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        progress.canceled.connect(self._cancel)
        progress.setValue(0)

    def _show_progress(self, done: int) -> None:
        if self._progress is not None:
            self._progress.setValue(done)

    def _close_progress(self) -> None:
        progress, self._progress = self._progress, None
        if progress is not None:
            progress.blockSignals(True)
            progress.close()
            progress.deleteLater()

    def _cancel(self) -> None:
        film, self._film, self._writing = self._film, None, None
        self._close_progress()
        self._thread.cancel()
        if film is not None:
            film.cancel()
            film.deleteLater()

    def _told(self, path: Path, reason: str, what: str = "") -> None:
        said = f"Saved as {path}" + (f" ({what})" if what else "")
        self._say("error" if reason else "info", reason or f"{said}.")

    def _say(self, kind: str, text: str) -> None:
        self._session.message.emit(kind, text, None)


def _writing(path: Path, write: Callable[[TextIO], Iterator[float]]) -> Generator[float | InputError, None, None]:
    """Write a text file as a whole or not at all; delivers how far it is, or why it can't be written."""
    try:
        with whole(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
            yield from write(file)
    except InputError as error:
        yield error


def _csv(pasts: Sequence[Past]) -> Callable[[TextIO], Iterator[float]]:
    """Writes the rows of all runs, one run after the other."""

    def write(file: TextIO) -> Iterator[float]:
        writer = CsvWriter(file)
        for index, past in enumerate(pasts):
            for done in writer.write_past(past):
                yield (index + done) / len(pasts)

    return write


def _of_step(frame: Frame) -> str:
    return f"step {frame.theta_step:,}"
