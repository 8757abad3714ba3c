"""What is asked of a picture or a film: its file, its size, its frames."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from gdviz.core.errors import InputError

PICTURES, FILMS = (".png", ".svg", ".pdf"), (".gif", ".mp4")
SIZE, FPS, SECONDS = "1280x720", 15, 10.0
"""where nothing else is asked for"""
SIDES = (240, 4096)
"""pixels: smaller, nothing can be made out; larger, a frame and what is made of it would take gigabytes"""
MOST_FPS = {".gif": 50, ".mp4": 60}
"""a GIF counts in hundredths of a second, and viewers take less than two of them for ten"""
_SHORTEST, _LONGEST = 0.1, 600.0


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture, or a film of several frames."""

    path: Path
    width: int
    height: int
    """pixels"""
    fps: int
    n_frames: int
    """1 for a picture"""

    @property
    def kind(self) -> str:
        """The file's suffix in lower case: one of `PICTURES` or `FILMS`."""
        return self.path.suffix.lower()


def shot(file: str, size: str = SIZE, fps: int | None = None, seconds: float | None = None) -> Shot:
    """What the command line asks for. Raises InputError that names the option and what was expected.

    An MP4 stores colours for two by two pixels, so its sides must be even; nobody's size is changed silently.
    """
    path = Path(file)
    kind = path.suffix.lower()
    if kind not in PICTURES + FILMS:
        raise InputError(f"-o {file}: expected a file that ends in {', '.join(PICTURES + FILMS)}")
    width, height = _sides(size)
    if kind in PICTURES:
        for option, value in (("--fps", fps), ("--seconds", seconds)):
            if value is not None:
                raise InputError(f"{option} {value}: {file} is a picture, expected a film ({', '.join(FILMS)})")
        return Shot(path, width, height, 1, 1)
    fps = FPS if fps is None else fps
    seconds = SECONDS if seconds is None else seconds
    if not 1 <= fps <= MOST_FPS[kind]:
        raise InputError(f"--fps {fps}: expected 1 to {MOST_FPS[kind]} frames a second for a {kind} file")
    if not _SHORTEST <= seconds <= _LONGEST:  # nor is nan
        raise InputError(f"--seconds {seconds:g}: expected {_SHORTEST:g} to {_LONGEST:g}")
    n_frames = round(fps * seconds)
    if n_frames < 2:
        raise InputError(f"--fps {fps} --seconds {seconds:g}: expected at least two frames in all")
    if kind == ".mp4":
        if width % 2 or height % 2:
            raise InputError(f"--size {size}: expected even sides for an .mp4 file")
        if find_spec("av") is None:
            raise InputError(f"-o {file}: .mp4 files need PyAV, expected after: pip install 'gdviz[video]'")
    return Shot(path, width, height, fps, n_frames)


def _sides(size: str) -> tuple[int, int]:
    least, most = SIDES
    match = re.fullmatch(r"([0-9]{1,6})x([0-9]{1,6})", size)
    sides = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(least <= side <= most for side in sides):
        raise InputError(f"--size {size}: expected WIDTHxHEIGHT in pixels, each from {least} to {most}, as {SIZE}")
    return sides
