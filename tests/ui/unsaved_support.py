"""What the tests of unsaved runs share: files as a crash leaves them, and a start that finds them."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

import pytest

from gdviz.core.scenario import parse
from gdviz.core.shown import Shown
from gdviz.export.saved import save
from gdviz.ui import autosave as autosave_module
from gdviz.ui.app import keep_unsaved
from gdviz.ui.autosave import unsaved_folder
from tests.support import PARABOLA, Message, synchronous

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gdviz.ui.autosave import Autosave
    from gdviz.ui.session import Action
    from gdviz.ui.window import Window


SOON = 0.02
"""seconds between two looks for something new to keep"""


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept takes more of the time than it would."""
    monkeypatch.setattr(autosave_module, "SHARE", 1.0)


def files() -> list[Path]:
    """All that was kept."""
    return sorted(unsaved_folder().glob("*/[!.]*.gdviz"))


def unstamped(offers: Sequence[Action]) -> list[str]:
    """What is offered, without the time of day."""
    return [re.sub(r"^Closed at \d\d:\d\d", "Closed", says) for says, _ in offers]


def being_written() -> list[Path]:
    return list(unsaved_folder().glob("*/.*.gdviz"))


def crashed(toml: str = PARABOLA, steps: int = 5, name: str = "a", age: float = 0.0) -> Path:
    """A file as a process leaves it that has ended without a word, so many seconds ago."""
    folder = unsaved_folder() / name
    folder.mkdir(parents=True)
    path = folder / "runs.gdviz"
    scenario = parse(toml, "test")
    save(path, Shown(scenario, synchronous(scenario, steps)))
    os.utime(path, (time.time() - age,) * 2)
    return path


def restarted(window: Window) -> tuple[Autosave, list[Message]]:
    """What a start does, and what it says."""
    said: list[Message] = []
    window.session.message.connect(lambda *message: said.append(message))
    autosave = keep_unsaved(window)
    autosave.offer()
    return autosave, said
