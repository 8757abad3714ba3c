"""What holds for every test: which Qt, which platform, how examples are drawn, and that looks are given back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import hypothesis
import pytest

import gdviz  # noqa: F401 - before numpy is imported anywhere: it sets the number of BLAS threads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication

# Before Qt or pyqtgraph is imported. A bare `pytest` needs no display; `make test` names xcb for the tests marked x11.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"

# The same examples on every machine, so that a failure can be repeated; no deadline, because machines can be slow.
hypothesis.settings.register_profile("gdviz", deadline=None, derandomize=True)
hypothesis.settings.load_profile("gdviz")


@pytest.fixture
def look(qapp: QApplication) -> Iterator[None]:
    """The application's look is given back."""
    before = qapp.style().name(), qapp.font(), qapp.palette()
    yield
    qapp.setStyleSheet("")
    qapp.setStyle(before[0])
    qapp.setFont(before[1])
    qapp.setPalette(before[2])
