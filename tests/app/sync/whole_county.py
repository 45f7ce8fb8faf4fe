"""A county made of memory that offers its one village whole, and can be spoilt at every step."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import zstandard

from app.sync.transport import Answer
from core.wire.bodies import Record, body_of, kind_of
from core.wire.digests import body_hash, record_digest, root_text
from core.wire.snapshots import snapshot_path
from tests.app.sync.scripted_county import Asked, as_json
from tests.builders import SCOPE, a_follow_up, a_household, a_resident

RECEIVED_AT = "2026-11-22T02:00:01+00:00"
ANSWER = {"server_time": RECEIVED_AT, "county_version": "1"}
Spoil = Callable[[Asked, Callable[[], Answer]], Answer]


def untouched(_asked: Asked, answer: Callable[[], Answer]) -> Answer:
    """A good link."""
    return answer()


def a_village(people: int = 6) -> list[Record]:
    household = a_household()
    residents = [a_resident(household_id=household.id) for _ in range(people)]
    return [household, *residents, *(a_follow_up(resident.id) for resident in residents)]


def line_of(record: Record, seq: int) -> dict[str, object]:
    """A record as a line of a snapshot."""
    return {
        "seq": seq,
        "kind": kind_of(record),
        "record_id": record.id,
        "revision": 1,
        "author_id": "office",
        "received_at": RECEIVED_AT,
        "body": body_of(record),
    }


def packed(records: list[Record]) -> bytes:
    """The bytes of a snapshot of these records."""
    lines = [json.dumps(line_of(record, at)) + "\n" for at, record in enumerate(records, 1)]
    return zstandard.ZstdCompressor().compress("".join(lines).encode())


@dataclass
class WholeCounty:
    """Stands behind Transport; `spoil` sees each GET and may do without its answer.

    So does `spoil_post` each POST; of one it answers itself the county does not hear.
    """

    records: list[Record]
    epoch: str = "e1"
    seq: int = 0
    content: bytes = b""
    kept: dict[str, bytes] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    spoil: Spoil = untouched
    spoil_post: Spoil = untouched

    def __post_init__(self) -> None:
        self.snapshot()

    def snapshot(self) -> None:
        """Make a snapshot of the records as they are now; those before it stay as well."""
        self.seq, self.content = len(self.records), packed(self.records)
        self.kept[snapshot_path(SCOPE, self.epoch, self.seq)] = self.content

    @property
    def gets(self) -> list[Asked]:
        """What was asked for of snapshots."""
        return [asked for asked in self.asked if asked.method == "GET"]

    @property
    def posts(self) -> list[Asked]:
        """The synchronisations proper."""
        return [asked for asked in self.asked if asked.method == "POST"]

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        request = Asked(path=path, headers=dict(headers), body=body)
        return self.spoil_post(request, lambda: self._synchronised(request))

    def _synchronised(self, request: Asked) -> Answer:
        self.asked.append(request)
        said = request.said
        read = said.get("cursors", {}).get(SCOPE, {"seq": 0})["seq"]
        if read == 0 and said.get("takes_snapshots"):
            return as_json({**ANSWER, "has_more": True, "snapshots": {SCOPE: self._offer()}})
        changes = [
            {
                **line_of(record, seq),
                "scope_id": SCOPE,
                "schema": 1,
                "action": "put",
                "hash": body_hash(body_of(record)),
            }
            for seq, record in enumerate(self.records, 1)
            if seq > read
        ]
        cursor = {"epoch": self.epoch, "seq": len(self.records)}
        level = {"cursors": {SCOPE: cursor}, "roots": {SCOPE: self._root()}}
        return as_json({**ANSWER, "changes": changes, **level})

    def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        request = Asked(path=path, headers=dict(headers), body=b"", method="GET")
        self.asked.append(request)
        return self.spoil(request, lambda: self._part(request))

    def close(self) -> None:
        """Nothing is held open."""

    def _part(self, request: Asked) -> Answer:
        whole = self.kept.get(request.path)
        if whole is None:
            return as_json({"code": "snapshot.gone", "message": "gone"}, 404)
        first, _, last = request.headers["Range"].removeprefix("bytes=").partition("-")
        part = whole[int(first) : int(last) + 1]
        return Answer(
            status=206,
            headers={
                "content-type": "application/zstd",
                "etag": f'"{hashlib.sha256(whole).hexdigest()}"',
                "content-range": f"bytes {first}-{int(first) + len(part) - 1}/{len(whole)}",
            },
            body=part,
        )

    def _offer(self) -> dict[str, object]:
        sha256 = hashlib.sha256(self.content).hexdigest()
        return {"epoch": self.epoch, "seq": self.seq, "bytes": len(self.content), "sha256": sha256}

    def _root(self) -> str:
        digests = (record_digest(item.id, 1, body_hash(body_of(item))) for item in self.records)
        return root_text(sum(digests))
