"""What holds for several panels: they are looked at in both themes."""

from __future__ import annotations

from typing import cast

import pytest

from gdviz.ui.theme import DARK, LIGHT, Theme


@pytest.fixture(params=[DARK, LIGHT], ids=["dark", "light"])
def theme(request: pytest.FixtureRequest) -> Theme:
    return cast("Theme", request.param)
