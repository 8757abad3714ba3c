"""Files that a person chooses: what to open, and where to save."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from gdviz.export.saved import SUFFIX

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_SAVED = f"Saved runs (*{SUFFIX})"


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
