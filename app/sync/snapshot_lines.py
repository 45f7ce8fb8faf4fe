"""A snapshot's bytes as changes, a portion at a time: memory does not grow with the scope."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase, BufferedReader, RawIOBase
from typing import IO, cast

import zstandard
from pydantic import ValidationError

from core.wire.digests import body_hash
from core.wire.envelopes import Change
from core.wire.snapshots import SNAPSHOT_LINES, SnapshotLine

MOST_WINDOW_BYTES = 8 << 20
MOST_LINE_BYTES = 8 << 20


class NotASnapshot(ValueError):
    """The bytes are no snapshot this app understands."""


def changes_in(source: RawIOBase, scope_id: str, at_once: int) -> Iterator[list[Change]]:
    """The records as puts, in order, so many at once; raises NotASnapshot."""
    unpacking = zstandard.ZstdDecompressor(max_window_size=MOST_WINDOW_BYTES)
    # The stub asks for more than is used of the source, and hides that the reader is a raw stream.
    reader = unpacking.stream_reader(cast(IO[bytes], source), read_across_frames=False)
    unpacked = cast(RawIOBase, reader)
    try:
        lines = BufferedReader(unpacked, 1 << 17)
        while texts := _next_lines(lines, at_once):
            found = SNAPSHOT_LINES.validate_json(b"[%s]" % b",".join(texts))
            yield [_change(line, scope_id) for line in found]
    except (zstandard.ZstdError, ValidationError) as error:
        raise NotASnapshot from error


def _next_lines(lines: BufferedIOBase, at_once: int) -> list[bytes]:
    texts: list[bytes] = []
    while len(texts) < at_once and (text := lines.readline(MOST_LINE_BYTES)):
        if not text.endswith(b"\n"):
            raise NotASnapshot
        texts.append(text)
    return texts


def _change(line: SnapshotLine, scope_id: str) -> Change:
    return Change(
        scope_id=scope_id,
        seq=line.seq,
        kind=line.kind,
        record_id=line.record_id,
        revision=line.revision,
        action="put",
        schema=line.schema,
        hash=line.hash or body_hash(line.body),
        author_id=line.author_id,
        received_at=line.received_at,
        body=line.body,
    )
