"""The files that were opened or saved last."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings

from gdviz.export.saved import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 8
"""that are shown"""
SUFFIXES = (".toml", SUFFIX)
"""of what can be opened: scenarios and saved runs"""
_REMEMBERED = 16  # a disk that is not there today comes back
_KEY = "recent"


def recent() -> list[Path]:
    """The newest first; those that are gone are left out."""
    return [path for path in _remembered() if path.is_file()][:MOST]


def remember(path: Path) -> None:
    """Put a file first."""
    path = path.absolute()
    rest = [other for other in _remembered() if other != path]
    QSettings().setValue(_KEY, [str(each) for each in (path, *rest)][:_REMEMBERED])


def forget() -> None:
    """Remember none of them."""
    QSettings().remove(_KEY)


def last_folder() -> str:
    """Where the newest one is; empty where there is none."""
    return next((str(path.parent) for path in _remembered() if path.parent.is_dir()), "")


def told_apart(paths: Sequence[Path]) -> list[str]:
    """The name of each file, with as much of its folders as tells it from others of that name."""
    return [_told_from(path, [other for other in paths if other.name == path.name and other != path]) for path in paths]


def _told_from(path: Path, others: Sequence[Path]) -> str:
    if not others:
        return path.name
    for depth in count(1):
        folders = path.parent.parts[-depth:]
        if depth >= len(path.parts) or all(other.parent.parts[-depth:] != folders for other in others):
            return f"{path.name} – {Path(*folders)}"
    raise AssertionError  # there is a depth at which no folders are left


def file_name(name: str) -> str:
    """What a file may be called, without an ending, that belongs to a scenario or a file with this name."""
    path = Path(name)
    stem = path.stem if path.suffix in SUFFIXES else name  # a formula is a name, too
    return re.sub(r"[^\w-]+", "-", stem).strip("-") or "runs"


def _remembered() -> list[Path]:
    value = QSettings().value(_KEY)
    texts = value if isinstance(value, list) else [value]  # a list of one is written as a text
    return [Path(text) for text in texts if isinstance(text, str) and text]
