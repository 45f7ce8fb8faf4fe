"""Compressed bodies on the tablet's side: zstd out, zstd or gzip in, with a bound."""

from __future__ import annotations

import zlib

import zstandard

ACCEPTED = "zstd, gzip"
SENT = "zstd"
ZSTD_LEVEL = 9
MOST_PLAIN_BYTES = 64 << 20
_GZIP_WINDOW = 31


def compressed(plain: bytes) -> bytes:
    """The bytes as they are sent, in the coding `SENT`."""
    return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(plain)


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
    if coding == "zstd":
        with zstandard.ZstdDecompressor().stream_reader(body) as reader:
            return reader.read(MOST_PLAIN_BYTES + 1)
    if coding == "gzip":
        return zlib.decompressobj(_GZIP_WINDOW).decompress(body, MOST_PLAIN_BYTES + 1)
    if coding in {"", "identity"}:
        return body
    raise ValueError("the answer's coding is unknown")
