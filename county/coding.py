"""Compressed bodies in and out: zstd or gzip, with a bound that no bomb gets past."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator

import zstandard

from packing import dictionary

MOST_SENT_BYTES = 1 << 20
"""The most a request may weigh as sent; tablets keep to a quarter of it."""
MOST_PLAIN_BYTES = 8 << 20
"""The most a request may weigh once decompressed."""
ZSTD_LEVEL = 9
GZIP_LEVEL = 6
SMALL_BYTES = 200
"""Below this, compressing without the dictionary costs more than it spares."""
_GZIP_WINDOW = 31
_NONE = re.compile(r"q\s*=\s*0(\.0*)?")


class BadCoding(ValueError):
    """The body is not in the coding it claims, or in one the county does not read."""


class TooLarge(ValueError):
    """The body is larger than the county takes in one request."""


def decoded(body: bytes, coding: str) -> bytes:
    """The plain bytes of a body; raises BadCoding or TooLarge."""
    name = coding.strip().lower() or "identity"
    try:
        if name == dictionary.CODING:
            plain = dictionary.decompressed(body, MOST_PLAIN_BYTES)
        elif name == "zstd":
            plain = _from_zstd(body)
        elif name == "gzip":
            unpacked = zlib.decompressobj(_GZIP_WINDOW)
            plain = unpacked.decompress(body, MOST_PLAIN_BYTES + 1)
            if not unpacked.eof and len(plain) <= MOST_PLAIN_BYTES:
                raise BadCoding  # cut off: its checksum, or more, has not come
        elif name == "identity":
            plain = body
        else:
            raise BadCoding(name)
    except (zstandard.ZstdError, zlib.error) as error:
        raise BadCoding(name) from error
    if len(plain) > MOST_PLAIN_BYTES:
        raise TooLarge
    return plain


def encoded(plain: bytes, accepted: str) -> tuple[bytes, str]:
    """The bytes in the best coding the other side accepts, and its name; "" where plain."""
    names = set(_accepted(accepted))
    if dictionary.CODING in names and len(plain) <= dictionary.MOST_PLAIN_BYTES:
        return dictionary.compressed(plain), dictionary.CODING
    if len(plain) < SMALL_BYTES:
        return plain, ""
    if "zstd" in names:
        return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(plain), "zstd"
    if "gzip" in names:
        return gzip.compress(plain, compresslevel=GZIP_LEVEL), "gzip"
    return plain, ""


def _accepted(said: str) -> Iterator[str]:
    """The codings of an Accept-Encoding; of weights only 0 says anything."""
    for part in said.lower().split(","):
        name, _, weight = part.partition(";")
        if not _NONE.fullmatch(weight.strip()):
            yield name.strip()


def _from_zstd(body: bytes) -> bytes:
    decompressor = zstandard.ZstdDecompressor(max_window_size=MOST_PLAIN_BYTES)
    with decompressor.stream_reader(body, read_across_frames=False) as reader:
        return reader.read(MOST_PLAIN_BYTES + 1)
