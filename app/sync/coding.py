"""Compressed bodies on the tablet's side: zstd out, zstd or gzip in, with a bound.

Small bodies go with the shipped dictionary once the county has shown that it has it too.
"""

from __future__ import annotations

import zlib

import zstandard

from packing import dictionary

ACCEPTED = f"{dictionary.CODING}, zstd, gzip"
SENT = "zstd"
_ZSTD_LEVEL = 9
# Operations repeat whole fields. To look for nothing shorter than these bytes, in a small table,
# takes half the time of the level's own ways, and finds a few per cent more.
_LEAST_MATCH, _TABLE_LOG = 6, 15
MOST_PLAIN_BYTES = 64 << 20
_GZIP_WINDOW = 31


class Codings:
    """What one county is known to read; learnt from what it writes, and from its refusals."""

    def __init__(self) -> None:
        self._reads_dictionary = False

    def compressed(self, plain: bytes) -> tuple[bytes, str]:
        """The bytes as they are sent, and their coding."""
        if self._reads_dictionary and len(plain) <= dictionary.MOST_PLAIN_BYTES:
            return dictionary.compressed(plain), dictionary.CODING
        return zstd_of(plain), SENT

    def heard(self, coding: str) -> None:
        """The county has answered in this coding."""
        self._reads_dictionary = self._reads_dictionary or coding == dictionary.CODING

    def refused(self, coding: str) -> bool:
        """The county does not read this coding; whether another one is left to try."""
        self._reads_dictionary = False
        return coding != SENT


def zstd_of(plain: bytes) -> bytes:
    """The bytes as a zstd frame without a dictionary."""
    parameters = zstandard.ZstdCompressionParameters.from_level(
        _ZSTD_LEVEL, source_size=len(plain), min_match=_LEAST_MATCH, hash_log=_TABLE_LOG
    )
    return zstandard.ZstdCompressor(compression_params=parameters).compress(plain)


def plain(body: bytes, coding: str) -> bytes:
    """The plain bytes of an answer; raises ValueError for what cannot be read or is too large."""
    try:
        read = _read(body, coding.strip().lower())
    except (zstandard.ZstdError, zlib.error) as error:
        raise ValueError("the answer is not in its coding") from error
    if len(read) > MOST_PLAIN_BYTES:
        raise ValueError("the answer is too large")
    return read


def _read(body: bytes, coding: str) -> bytes:
    if coding == dictionary.CODING:
        return dictionary.decompressed(body, MOST_PLAIN_BYTES)
    if coding == "zstd":
        with zstandard.ZstdDecompressor().stream_reader(body) as reader:
            return reader.read(MOST_PLAIN_BYTES + 1)
    if coding == "gzip":
        return zlib.decompressobj(_GZIP_WINDOW).decompress(body, MOST_PLAIN_BYTES + 1)
    if coding in {"", "identity"}:
        return body
    raise ValueError("the answer's coding is unknown")
