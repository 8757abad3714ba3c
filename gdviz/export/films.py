"""Films, written frame by frame: however long one is, only the last two frames are kept."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import getdata

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Picture: TypeAlias = NDArray[np.uint8]
"""(height, width, 3): red, green, blue"""

_SAME = 255
"""the index that leaves a pixel of a GIF as it was; the other 255 are colours"""
_AT_ONCE = 1 << 14
"""colours that are compared with the whole palette at once: 16 MB"""


def write_gif(path: Path, frames: Iterable[Picture], fps: int, samples: Sequence[Picture]) -> None:
    """Write a GIF that goes round and round, all of its frames in one palette, so that no colour flickers.

    A frame stores only what changed since the one before it.

    Parameters
    ----------
    frames : one or more, all of one size
    fps : at most 100; frames last hundredths of a second, in turn more and fewer where that does not come out even
    samples : frames that have between them the colours of the film
    """
    palette = _Palette(samples)
    before = None
    with path.open("wb") as file:
        for index, frame in enumerate(frames):
            codes = _codes(frame)
            if before is None:
                height, width = codes.shape
                # 0xF7: a table of 256 colours for all frames, 8 bits each.
                file.write(struct.pack("<6sHHBBB", b"GIF89a", width, height, 0xF7, 0, 0))
                file.write(palette.table.tobytes())
                file.write(struct.pack("<3s11sBBHB", b"\x21\xff\x0b", b"NETSCAPE2.0", 3, 1, 0, 0))  # for ever
                indices, x, y = palette.indices(codes), 0, 0
            else:
                indices, x, y = _change(codes, before, palette)
            before = codes
            milliseconds = 10 * (round(100 * (index + 1) / fps) - round(100 * index / fps))
            for block in getdata(
                Image.fromarray(indices), (x, y), duration=milliseconds, transparency=_SAME, disposal=1
            ):
                file.write(block)
        file.write(b"\x3b")


def write_mp4(path: Path, frames: Iterable[Picture], fps: int) -> None:
    """Write an MP4 in H.264 that every player and browser knows; the sides of the frames must be even."""
    import av
    from av.video.reformatter import ColorRange, Colorspace

    stream = None
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as film:
        for picture in frames:
            if stream is None:
                # Text keeps its edges at this quality.
                stream = film.add_stream("libx264", rate=fps, options={"crf": "18", "preset": "fast"})
                stream.height, stream.width, _ = picture.shape
                stream.pix_fmt = "yuv420p"
                # By default colours are coded as on old television, and players guess otherwise from the size.
                stream.codec_context.colorspace = stream.codec_context.color_primaries = 1
                stream.codec_context.color_trc, stream.codec_context.color_range = 1, ColorRange.MPEG
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            film.mux(stream.encode(frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)))
        if stream is not None:
            film.mux(stream.encode())


class _Palette:
    """255 colours, and which of them is nearest to any other."""

    def __init__(self, samples: Sequence[Picture]) -> None:
        codes, counts = np.unique(np.concatenate([_codes(sample).ravel() for sample in samples]), return_counts=True)
        # Less than in proportion, so that what is small keeps its colours beside large even areas.
        weighted = np.repeat(codes, np.ceil(np.sqrt(counts)).astype(int))
        sampled = Image.fromarray(_channels(weighted).astype(np.uint8)[None])
        made = sampled.quantize(_SAME, Image.Quantize.MEDIANCUT, kmeans=1).getpalette() or []
        self.table = np.zeros((256, 3), np.uint8)
        """those colours, and one that is never seen"""
        self.table[: len(made) // 3] = np.array(made, np.uint8).reshape(-1, 3)
        # Of every colour there is, filled in as they come: a window has few, again and again.
        self._nearest = np.full(1 << 24, _SAME, np.uint8)

    def indices(self, codes: NDArray[np.int32]) -> NDArray[np.uint8]:
        """The nearest colours' indices, of the shape of ``codes``."""
        found: NDArray[np.uint8] = self._nearest[codes]
        unknown = np.unique(codes[found == _SAME])
        if len(unknown):
            colours = self.table[:_SAME].astype(np.float32)
            for some in np.split(unknown, range(_AT_ONCE, len(unknown), _AT_ONCE)):
                rgb = _channels(some).astype(np.float32)
                # The square of the distance, but for what is the same for all colours of the palette.
                self._nearest[some] = ((colours**2).sum(axis=1) - 2 * rgb @ colours.T).argmin(axis=1)
            found = self._nearest[codes]
        return found


def _codes(frame: Picture) -> NDArray[np.int32]:
    """Each pixel's colour (height, width) as one number."""
    red, green, blue = (frame[:, :, channel].astype(np.int32) for channel in range(3))
    return red << 16 | green << 8 | blue


def _channels(codes: NDArray[np.int32]) -> NDArray[np.int32]:
    """Red, green and blue (n, 3) of such numbers (n,)."""
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)


def _change(
    codes: NDArray[np.int32], before: NDArray[np.int32], palette: _Palette
) -> tuple[NDArray[np.uint8], int, int]:
    """The smallest rectangle that holds all that changed, and where it begins: x and y. At least one pixel."""
    changed = codes != before
    rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return np.full((1, 1), _SAME, np.uint8), 0, 0
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    indices = np.full(changed[part].shape, _SAME, np.uint8)
    indices[changed[part]] = palette.indices(codes[part][changed[part]])
    return indices, int(columns[0]), int(rows[0])
