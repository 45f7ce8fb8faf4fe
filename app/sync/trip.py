"""What one round trip says, and what the next one will say before this one's answer is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import to_json

from app.config import APP_VERSION
from app.sync.county_call import Carried
from app.sync.push import Batch
from core.wire.envelopes import PROTOCOL, Cursor, SyncResponse
from core.wire.receipts import Taken, answered_count
from core.wire.repair import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What one round trip says: the operations, and how far this tablet has read and been heard."""

    device_id: str
    batch: Batch
    cursors: Mapping[str, Cursor]
    acknowledged_seq: int
    takes_snapshots: bool
    history: str = ""
    refused: tuple[tuple[int, str], ...] = ()
    question: Question | None = None

    def content(self, want: int) -> bytes:
        """The request's JSON, with what has its default value left out."""
        before = {
            "acknowledged_seq": self.acknowledged_seq,
            "app_version": APP_VERSION,
            "cursors": self.cursors,
            "device_id": self.device_id,
            "history": self.history,
        }
        behind = {
            "protocol": PROTOCOL,
            "question": self.question,
            "refused": self.refused,
            "takes_snapshots": self.takes_snapshots,
            "want": want,
        }
        operations = b'"operations":' + self.batch.said() + b"," if self.batch.operations else b""
        return b"".join((_said(before)[:-1], b",", operations, _said(behind)[1:]))

    def after(self, answer: SyncResponse, batch: Batch) -> Outgoing | None:
        """What the next trip says, word for word as if this answer were stored already.

        `batch` is what waits behind the operations of this one. None where nothing is left
        to say, or where only storing the answer shows what to say (`_is_plain`).
        """
        if not (batch.operations or answer.has_more) or not self._is_plain(answer):
            return None
        return replace(
            self,
            batch=batch,
            cursors={**self.cursors, **answer.cursors},
            acknowledged_seq=max(self.acknowledged_seq, self.batch.last_seq),
        )

    def _is_plain(self, answer: SyncResponse) -> bool:
        """Whether the answer takes everything as it came and reads on where it was read."""
        return (
            answer.resend_from is None
            and not (answer.revoked or answer.receipts or answer.history)
            and not (answer.snapshots or answer.dropped_scopes)
            and gets_on(answer)
            and self._is_taken_by(answer.taken)
            and all(
                self.cursors[scope_id].epoch == cursor.epoch
                for scope_id, cursor in answer.cursors.items()
                if scope_id in self.cursors
            )
        )

    def _is_taken_by(self, taken: Sequence[Taken]) -> bool:
        """Whether the county has taken all operations of this trip, and no others."""
        if not self.batch.operations:
            return not taken
        return (
            answered_count(taken, ()) == len(self.batch.operations)
            and taken[-1].last_seq == self.batch.last_seq
            and taken[-1].hash == self.batch.last_hash
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A round trip; `carried` waits for its answer, or makes it where nothing was begun."""

    outgoing: Outgoing
    carried: Callable[[], Carried]


def _said(fields: Mapping[str, Any]) -> bytes:
    return to_json({name: value for name, value in fields.items() if value})


def gets_on(answer: SyncResponse) -> bool:
    """False where the county promises more and gives nothing."""
    return not answer.has_more or bool(answer.changes or answer.cursors or answer.snapshots)
