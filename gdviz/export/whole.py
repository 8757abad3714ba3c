"""Files that are there as a whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gdviz.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file beside ``path`` to write to; it takes the place of ``path`` at the end, unless something went wrong.

    It is made at once, so that a place that cannot be written to is known before any work is done. Raises InputError
    that names ``path`` where it can't be written.
    """
    beside = path.with_name(f".gdviz-{os.getpid()}{path.suffix}")
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: can't be written: there is a folder or a device, expected a file or none")
        try:
            beside.touch()
            yield beside
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path}: can't be written: {error.strerror or error}") from error
