"""One turn of tablets at the county: proven, read, exchanged in one transaction, answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.wire.envelopes import RESPONSES, SyncResponse
from county.coding import decoded, encoded
from county.db import Database
from county.device_auth import Doorkeeper, signed_request
from county.exchange import Call, Offered, exchange_together, read_call
from county.metrics import Metrics
from county.snapshots import Snapshots


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A request as it came at `now`; `again` where its snapshots have been seen to."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    now: datetime
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer, and its bytes in the coding the tablet takes; "" where plain."""

    device_id: str
    answer: SyncResponse
    content: bytes
    coding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """What a county does with the requests of one turn."""

    database: Database
    door: Doorkeeper
    snapshots: Snapshots
    metrics: Metrics

    def taken(self, requests: Sequence[Posted]) -> Sequence[Answered | Exception]:
        """The answer to each, or the error that is its answer.

        Beside what reading and exchanging raise it is MustBeMade, the first time, for a
        tablet that is to be offered a snapshot which is still to be made.
        """
        read = [self._read(request) for request in requests]
        calls = [each for each in read if isinstance(each, Call)]
        if calls:
            self.metrics.note_turn(len(calls))
        answers = iter(exchange_together(self.database, calls))
        return [
            self._answered(request, each, next(answers)) if isinstance(each, Call) else each
            for request, each in zip(requests, read, strict=True)
        ]

    def make_snapshots(self, request: Posted) -> None:
        """Make what a tablet is to be offered; raises what `taken` answers."""
        self._call(request, self.snapshots.offered)

    def _read(self, request: Posted) -> Call | Exception:
        offered = self.snapshots.kept if request.again else self.snapshots.at_hand
        try:
            return self._call(request, offered)
        except Exception as error:
            return error

    def _call(self, request: Posted, offered: Offered) -> Call:
        signed = signed_request("POST", request.path, request.body, request.headers)
        sender = self.door.proven(signed, request.now)
        plain = decoded(request.body, request.headers.get("Content-Encoding", ""))
        return read_call(sender, plain, request.now, offered)

    def _answered(
        self, request: Posted, call: Call, answer: SyncResponse | Exception
    ) -> Answered | Exception:
        if isinstance(answer, Exception):
            return answer
        said = RESPONSES.dump_json(answer, exclude_defaults=True)
        content, coding = encoded(said, request.headers.get("Accept-Encoding", ""))
        return Answered(
            device_id=call.sender.device_id, answer=answer, content=content, coding=coding
        )
