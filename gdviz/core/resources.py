"""Where the files that gdviz ships are: beside the package in a wheel, at the top of a checkout otherwise."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
# An editable install has no gdviz/resources: the wheel's build puts them there.
_ROOT = _PACKAGE / "resources" if (_PACKAGE / "resources").is_dir() else _PACKAGE.parent / "resources"


def resource(*parts: str) -> Path:
    """The path of a shipped file or folder."""
    return _ROOT.joinpath(*parts)
