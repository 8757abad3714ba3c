"""Labels that are typed, and where they go."""

from __future__ import annotations

import msgspec
import pytest

from gdviz.core.errors import InputError
from gdviz.core.revise import MOST_LABEL, label_from, relabelled
from gdviz.core.run import build
from gdviz.core.scenario import parse, to_toml

BOWL = '[problem]\nkind = "surface"\nname = "bowl"\n[[runs]]\nlabel = "one"\n[[runs]]\nlabel = "two"\n'


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("bold", "bold"),
        ("  a\tb \n c ", "a b c"),
        ('"quoted" & <b>', '"quoted" & <b>'),
        ("η = ½", "η = ½"),
        ("a\ud800b", "a b"),
    ],
)
def test_a_label_is_one_line_of_what_was_typed(typed: str, label: str) -> None:
    assert label_from(typed, ["other"]) == label


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "not renamed: a run needs a name"),
        (" \u200b\n", "not renamed: a run needs a name"),
        ("two", "not renamed: another run is called “two”"),
        (" two ", "not renamed: another run is called “two”"),
        ((MOST_LABEL + 1) * "x", f"not renamed: expected at most {MOST_LABEL} characters, got {MOST_LABEL + 1}"),
    ],
)
def test_what_is_no_label_is_refused_in_a_sentence(typed: str, reason: str) -> None:
    with pytest.raises(InputError, match="^" + reason + "$"):
        label_from(typed, ["two"])


def test_a_label_goes_into_the_recipe() -> None:
    scenario = parse(BOWL, "here")
    runs = build(scenario)
    runs[1].spec = msgspec.structs.replace(runs[1].spec, label="η = ½")
    changed = relabelled(scenario, runs)
    assert [run.label for run in changed.runs] == ["one", "η = ½"]
    assert changed.runs[0] is scenario.runs[0]
    assert parse(to_toml(changed), "here") == changed
