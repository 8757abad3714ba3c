"""What a person opens, and where it is saved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from gdviz.export.saved import SUFFIX

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from gdviz.ui.session import Session

_SAVED = f"Saved runs (*{SUFFIX})"


class Files(QObject):
    """Asks for files and hands them to the session."""

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent)
        self._window, self._session = parent, session

    def ask_what_to_open(self) -> None:
        """Open a scenario or saved runs."""
        if path := file_to_open(self._window):
            self._session.open(path)

    def ask_where_to_save(self) -> None:
        """Save the runs as they are now."""
        if self._session.scenario is not None and (path := file_to_save(self._window, self._session.name)):
            self._session.save(Path(path))


def file_to_open(parent: QWidget) -> str:
    """The path of a scenario or of saved runs; empty where none was chosen."""
    kinds = f"Scenarios and saved runs (*.toml *{SUFFIX})"
    return QFileDialog.getOpenFileName(parent, "Open a scenario or saved runs", "", kinds)[0]


def file_to_save(parent: QWidget, name: str) -> str:
    """Where to save the runs that were opened under ``name``; empty where they are not to be saved."""
    path = Path(name)
    known = path.suffix == SUFFIX
    dialog = QFileDialog(parent, "Save the runs", str(path.parent) if known else "", _SAVED)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(SUFFIX)
    stem = path.stem if known or path.suffix == ".toml" else name  # a formula is a name, too
    dialog.selectFile((re.sub(r"[^\w-]+", "-", stem).strip("-") or "runs") + SUFFIX)
    chosen = dialog.selectedFiles() if dialog.exec() else [""]
    dialog.deleteLater()
    return chosen[0]
