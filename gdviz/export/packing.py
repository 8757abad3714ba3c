"""Arrays in files: little-endian, each of them packed as one raw DEFLATE stream."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np

from gdviz.core.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]

_CHUNK = 1 << 18
"""bytes at a time"""


def pack(file: BinaryIO, array: Array, crc: int, *, quick: bool = False) -> int:
    """Write an array; returns the checksum of all up to here. A ``quick`` one is not made smaller."""
    # To DEFLATE the knobs of a network are noise: level 0 only stores them, in a tenth of the time.
    deflate = zlib.compressobj(0 if quick or array.dtype == np.float32 else 1, wbits=-zlib.MAX_WBITS)
    data = _bytes(array.astype(array.dtype.newbyteorder("<"), copy=False))
    for at in range(0, len(data), _CHUNK):
        some = data[at : at + _CHUNK]
        crc = zlib.crc32(some, crc)
        file.write(deflate.compress(some))
    file.write(deflate.flush())
    return crc


def unpack(file: BinaryIO, array: Array, crc: int) -> int:
    """Fill an array with the stream that begins here; returns the checksum of all up to here."""
    data, at = _bytes(array), 0
    inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    while not inflate.eof:
        packed = inflate.unconsumed_tail or file.read(_CHUNK)
        try:
            some = inflate.decompress(packed, _CHUNK)
        except zlib.error:
            raise InputError("damaged: its numbers can't be unpacked") from None
        if not (packed or some or inflate.eof):
            raise InputError("damaged: it is cut short")
        if at + len(some) > len(data):
            raise InputError("damaged: more numbers than it says")
        data[at : at + len(some)] = some
        crc, at = zlib.crc32(some, crc), at + len(some)
    if at < len(data):
        raise InputError("damaged: fewer numbers than it says")
    file.seek(-len(inflate.unused_data), os.SEEK_CUR)  # the next stream begins there
    return crc


def _bytes(array: Array) -> memoryview:
    return array.reshape(-1).view(np.uint8).data
