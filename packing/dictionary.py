"""The trained dictionary of small bodies: shipped with both ends, known by its number.

The number stands in the coding's name and in each frame. A dictionary is never replaced under
its number: a better one becomes `luyue-zstd-2` and stands beside this one.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import zstandard

CODING = "luyue-zstd-1"
NUMBER = 1
MOST_PLAIN_BYTES = 128 << 10
"""Larger bodies teach zstd more than the dictionary could, and come out smaller without it."""
LEVEL = 9


def compressed(plain: bytes) -> bytes:
    """The bytes as one frame in the coding `CODING`; any thread may ask."""
    return zstandard.ZstdCompressor(level=LEVEL, dict_data=dictionary()).compress(plain)


def decompressed(body: bytes, most_bytes: int) -> bytes:
    """The plain bytes of a frame, at most one more than `most_bytes`; raises ZstdError.

    A frame that names another dictionary, or none, is none of this coding.
    """
    if zstandard.get_frame_parameters(body).dict_id != NUMBER:
        raise zstandard.ZstdError("the frame was made with another dictionary")
    # A bomb is read no further than the bound, whatever size its frame claims.
    decompressor = zstandard.ZstdDecompressor(
        dict_data=dictionary(), max_window_size=_window(most_bytes)
    )
    with decompressor.stream_reader(body, read_across_frames=False) as reader:
        return reader.read(most_bytes + 1)


@cache
def dictionary() -> zstandard.ZstdCompressionDict:
    """The dictionary, prepared once for all compressors."""
    content = resources.files("packing").joinpath(f"dictionary-{NUMBER}.zdict").read_bytes()
    made = zstandard.ZstdCompressionDict(content)
    made.precompute_compress(level=LEVEL)
    return made


def _window(most_bytes: int) -> int:
    return 1 << max(10, most_bytes.bit_length())
