"""What a person opens, and where it is saved."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

from msgspec.structs import replace
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QFileDialog, QMenu

from gdviz.core.errors import InputError
from gdviz.core.scenario import MOST_BYTES, to_toml
from gdviz.export.saved import SUFFIX
from gdviz.export.whole import whole
from gdviz.ui.incoming import Drops, incoming
from gdviz.ui.recent import SUFFIXES, file_name, forget, last_folder, recent, remember, told_apart
from gdviz.ui.widgets import tip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QWidget

    from gdviz.core.run import Run
    from gdviz.ui.incoming import Incoming
    from gdviz.ui.session import Action, Session
    from gdviz.ui.worker import Saved

_SAVED = f"Saved runs (*{SUFFIX})"
_SCENARIO = "Scenario (*.toml)"
_WIDEST = 24  # em; a name in the menu that is longer is cut in its midst


class Files(QObject):
    """Asks for files, takes what is pasted and dropped, and hands it to the session."""

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent)
        self._window, self._session = parent, session
        self._asked = self._opened_as = ""
        self._place: Path | None = None
        """where the runs were saved or opened"""
        self._there: WeakSet[Run] = WeakSet()
        """those that are in that file, as far as they had come"""
        self.unsaved: Callable[[], Sequence[Action]] = tuple
        """what else there is to be opened: each with what it is called, and what opens it"""
        Drops(parent, self._take)
        session.opened.connect(self._opened)
        session.saved.connect(self._saved)
        session.read.connect(lambda shown: self._there.update(shown.runs))

    def open(self, name: str) -> bool:
        """Open a scenario by name or file, or saved runs; False, with a message, where they cannot be."""
        self._asked = name
        return self._session.open(name)

    def ask_what_to_open(self) -> None:
        """Open a scenario or saved runs."""
        if path := file_to_open(self._window):
            self.open(path)

    def save(self) -> None:
        """Save the runs as they are now: where they were saved or opened, else where one wants them.

        Runs that began anew since then do not take the place of those in a file without a question.
        """
        if self._place is None or self._there.isdisjoint(self._session.runs):
            self.ask_where_to_save()
        else:
            self._session.save(self._place)

    def ask_where_to_save(self) -> None:
        """Save the runs as they are now, in another place than before."""
        if self._session.scenario is not None and (path := file_to_save(self._window, self._session.name)):
            self._session.save(Path(path))

    def show_menu(self, button: QWidget) -> None:
        """Offer below a button all the ways to open something."""
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        add_entry(menu, "Open…", self.ask_what_to_open, "Ctrl+O")
        add_entry(menu, "Paste a scenario", self.paste, "Ctrl+V")
        for says, act in self.unsaved():
            add_entry(menu, _label(menu, says), act)
        if files := recent():
            menu.addSeparator()
            for path, name in zip(files, told_apart(files), strict=True):
                add_entry(menu, _label(menu, name), partial(self.open, str(path))).setToolTip(tip(str(path)))
            menu.addSeparator()
            add_entry(menu, "Forget these", forget)
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def paste(self) -> None:
        """Open the scenario that is on the clipboard, or the file of which there is a path."""
        try:
            self._take(incoming(QGuiApplication.clipboard().mimeData(), "the clipboard"))
        except InputError as error:
            self._say("error", str(error))

    def copy_scenario(self) -> None:
        """Put the scenario on the clipboard, with all that was changed by hand."""
        if text := self._recipe():
            QGuiApplication.clipboard().setText(text)
            self._say("info", "The scenario is on the clipboard: Ctrl+V opens it again, here or in another window.")

    def ask_where_to_write_scenario(self) -> None:
        """Write the scenario to a file, with all that was changed by hand."""
        if not ((text := self._recipe()) and (name := scenario_file_to_write(self._window, self._session.name))):
            return
        path = Path(name)
        try:
            if path.suffix != ".toml":
                raise InputError(f"{path}: expected a file that ends in .toml")
            with whole(path) as beside:
                beside.write_text(text, "utf-8")
        except InputError as error:
            self._say("error", str(error))
        else:
            remember(path)
            self._say("info", f"The scenario is saved as {path}. Ctrl+O opens it again.")

    def _recipe(self) -> str:
        """The scenario in TOML, as it would come to what is on show; empty, with a message, where there is none."""
        scenario = self._session.as_seen
        if scenario is None:
            return ""
        text = to_toml(replace(scenario, runs=tuple(run.recipe for run in self._session.runs)))
        if len(text.encode()) > MOST_BYTES:
            self._say("error", "The scenario is larger than 1 MB, so it could not be opened again: too many changes.")
            return ""
        return text

    def _take(self, brought: Incoming) -> None:
        if brought.scenario is not None:
            self._session.open_own(brought.scenario)
        elif self.open(brought.path) and brought.among:
            self._say("info", f"This is {brought.name}{brought.among}.")

    def _opened(self) -> None:
        if self._session.name != self._opened_as:  # what is reset or forked stays at its place
            self._opened_as = self._session.name
            self._place = Path(self._opened_as) if self._opened_as.endswith(SUFFIX) else None
        if self._asked == self._session.name and self._asked.endswith(SUFFIXES):
            remember(Path(self._asked))
            self._asked = ""

    def _saved(self, saved: Saved) -> None:
        if not (saved.silent or saved.reason):
            remember(saved.path)
            self._place = saved.path
            self._there = WeakSet(saved.steps)

    def _say(self, kind: str, text: str) -> None:
        self._session.message.emit(kind, text, None)


def add_entry(menu: QMenu, text: str, act: Callable[[], object], keys: str = "") -> QAction:
    """Add what does something; the keys for it are told, and belong to the window."""
    native = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
    action = menu.addAction(f"{text}\t{native}" if keys else text)
    action.triggered.connect(lambda: act())
    return action


def _label(menu: QMenu, text: str) -> str:
    """A text as it is, in one line: no letter becomes a shortcut, and no part of it stands apart."""
    metrics = menu.fontMetrics()
    line = " ".join(text.split())
    return metrics.elidedText(line, Qt.TextElideMode.ElideMiddle, _WIDEST * metrics.height()).replace("&", "&&")


def file_to_open(parent: QWidget) -> str:
    """The path of a scenario or of saved runs; empty where none was chosen."""
    kinds = f"Scenarios and saved runs ({' '.join(f'*{suffix}' for suffix in SUFFIXES)})"
    return QFileDialog.getOpenFileName(parent, "Open a scenario or saved runs", last_folder(), kinds)[0]


def file_to_save(parent: QWidget, name: str) -> str:
    """Where to save the runs that were opened under ``name``; empty where they are not to be saved."""
    return file_to_write(parent, "Save the runs", name, SUFFIX, _SAVED)


def scenario_file_to_write(parent: QWidget, name: str) -> str:
    """Where to write the scenario that was opened under ``name``; empty where it is not to be written."""
    return file_to_write(parent, "Write the scenario", name, ".toml", _SCENARIO)


def file_to_write(
    parent: QWidget, title: str, name: str, suffix: str, kinds: str, folder: str = "", part: str = ""
) -> str:
    """Where to write what was opened under ``name``, or a ``part`` of it; empty where it is not to be written.

    The dialog begins in ``folder``; where there is none, in that of the file with this name, or of the last one.
    """
    path = Path(name)
    folder = folder or (str(path.parent) if path.suffix == suffix else last_folder())
    dialog = QFileDialog(parent, title, folder, kinds)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(suffix)
    dialog.selectFile(f"{file_name(name)} {part}".rstrip() + suffix)
    chosen = _chosen(dialog)
    while chosen and not chosen.lower().endswith(suffix):
        # With a dot in it the name passes for one that has an ending; asked again, so that nothing is overwritten.
        dialog.selectFile(chosen + suffix)
        chosen = _chosen(dialog)
    dialog.deleteLater()
    return chosen


def _chosen(dialog: QFileDialog) -> str:
    return dialog.selectedFiles()[0] if dialog.exec() else ""
