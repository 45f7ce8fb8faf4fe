"""One signed call to the county, and what its answer means when it is not the one hoped for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.clock import Clock
from app.sync.coding import ACCEPTED, Codings, plain
from app.sync.transport import Answer, Transport
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.canonical import sha256_hex
from core.wire.signing import (
    DEVICE_HEADER,
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    SignedParts,
    text_to_sign,
)
from core.wire.snapshots import SNAPSHOT_TYPE

LONGEST_LEFT_S = 24 * 3600.0
"""Whoever stands in between may ask for years: no tablet is silent for longer than a day."""
SIGNINGS = 3
"""How often one request is signed anew before the clock is given up on."""
_NONCE_BYTES = 16
_TROUBLE_OF_CODE: Mapping[str, Trouble] = {
    "auth.device_unknown": Trouble.NOT_ENROLLED,
    "auth.signature": Trouble.NOT_ENROLLED,
    "device.revoked": Trouble.REVOKED,
    "wire.too_large": Trouble.TOO_LARGE,
    "wire.too_slow": Trouble.TIMEOUT,
    "wire.malformed": Trouble.NOT_UNDERSTOOD,
    "wire.bad_coding": Trouble.NOT_UNDERSTOOD,
    "county.not_founded": Trouble.COUNTY_TROUBLE,
    "county.busy": Trouble.BUSY,
    "county.trouble": Trouble.COUNTY_TROUBLE,
}
_RESIGNED = frozenset({"auth.clock", "auth.replayed"})
_NO_LONGER_THERE = frozenset({403, 404, 416})


class Gone(Exception):
    """The county does not have, or not for this tablet, what it has offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """The tablet as the county knows it: its id and the private key that proves it."""

    device_id: str
    private_key: bytes

    def headers(
        self, path: str, body: bytes, at: datetime, nonce: str, method: str = "POST"
    ) -> dict[str, str]:
        """The headers by which the county knows who sent this body, and that it is fresh."""
        parts = SignedParts(
            method=method,
            path=path,
            body_sha256=sha256_hex(body),
            device_id=self.device_id,
            time=int(at.timestamp()),
            nonce=nonce,
        )
        key = Ed25519PrivateKey.from_private_bytes(self.private_key)
        return {
            DEVICE_HEADER: parts.device_id,
            TIME_HEADER: str(parts.time),
            NONCE_HEADER: parts.nonce,
            SIGNATURE_HEADER: key.sign(text_to_sign(parts)).hex(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The plain body of an answer, the seconds until it was here, and the bytes both ways."""

    content: bytes
    seconds: float
    moved_bytes: int


class CountyCall:
    """Signed requests to one county; remembers how far the tablet's clock is off."""

    def __init__(
        self, transport: Transport, signer: Signer, clock: Clock, codings: Codings | None = None
    ) -> None:
        self._transport = transport
        self._signer = signer
        self._clock = clock
        self._codings = codings or Codings()
        self.offset = timedelta()
        self.bytes_moved = 0

    def post(self, path: str, said: bytes, most_bytes: int | None = None) -> bytes:
        """The plain body of the county's answer; raises SyncTrouble for anything else.

        A body of more than `most_bytes` once compressed is `too_large` and is not sent.
        A county that finds the time too far off names its own; the request is signed again
        for that time, and nothing but the signature changes. A coding it does not read (415)
        is laid aside for a plainer one.
        """
        while True:
            body, coding = self._codings.compressed(said)
            if most_bytes is not None and len(body) > most_bytes:
                raise SyncTrouble(Trouble.TOO_LARGE)
            answer = self._posted(path, body, coding)
            self._codings.heard(answer.headers.get("content-encoding", ""))
            if answer.status != 415 or not self._codings.refused(coding):
                return content_of(answer)

    def _posted(self, path: str, body: bytes, coding: str) -> Answer:
        said = {
            "Content-Type": "application/json",
            "Content-Encoding": coding,
            "Accept-Encoding": ACCEPTED,
        }

        def ask() -> Answer:
            self.bytes_moved += len(body)
            return self._transport.post(path, body, {**self._signed("POST", path, body), **said})

        return self._answered(ask)

    def carried(self, path: str, said: bytes, most_bytes: int | None = None) -> Carried:
        """As `post`, with what it took."""
        began_s, moved_before = self._clock.elapsed_s(), self.bytes_moved
        content = self.post(path, said, most_bytes)
        return Carried(
            content=content,
            seconds=self._clock.elapsed_s() - began_s,
            moved_bytes=self.bytes_moved - moved_before,
        )

    def part(self, path: str, etag: str, start: int, end: int) -> bytes:
        """Bytes of what lies at a path, from `start` on and before `end`, as many as came.

        Raises SyncTrouble where none came, and Gone where what is there is not `etag`.
        """
        wanted = {
            "Range": f"bytes={start}-{end - 1}",
            "If-Range": etag,
            "Accept-Encoding": "identity",
        }

        def ask() -> Answer:
            return self._transport.get(path, {**self._signed("GET", path, b""), **wanted})

        return _part_of(self._answered(ask), etag, start, end)

    def _answered(self, ask: Callable[[], Answer]) -> Answer:
        for _ in range(SIGNINGS):
            answer = ask()
            self.bytes_moved += len(answer.body)
            if answer.status != 401 or not self._corrected(answer):
                return answer
        raise SyncTrouble(Trouble.CLOCK_OFF)

    def _signed(self, method: str, path: str, body: bytes) -> dict[str, str]:
        at = self._clock.now() + self.offset
        return self._signer.headers(path, body, at, os.urandom(_NONCE_BYTES).hex(), method)

    def _corrected(self, answer: Answer) -> bool:
        said = _said(answer)
        if said.get("code") not in _RESIGNED:
            return False
        try:
            self.offset = datetime.fromisoformat(said["server_time"]) - self._clock.now()
        except (KeyError, ValueError, TypeError):
            return False
        return True


def _part_of(answer: Answer, etag: str, start: int, end: int) -> bytes:
    if answer.status not in {200, 206} or _media_type(answer) != SNAPSHOT_TYPE:
        if answer.status in _NO_LONGER_THERE and _is_json(answer):
            if _said(answer).get("code") == "device.revoked":
                raise SyncTrouble(Trouble.REVOKED)
            raise Gone
        content_of(answer)
        raise SyncTrouble(Trouble.NOT_THE_COUNTY)
    if answer.headers.get("etag") != etag:
        raise Gone
    if answer.status == 200:  # whoever stands in between has passed over the range
        content = answer.body[start:]
    elif answer.headers.get("content-range", "").startswith(f"bytes {start}-"):
        content = answer.body[: end - start]
    else:
        raise Gone
    if not content:
        raise SyncTrouble(Trouble.OFFLINE)
    return content


def content_of(answer: Answer) -> bytes:
    """The plain JSON of a good answer; raises the SyncTrouble a bad one means."""
    if answer.status == 200 and _is_json(answer):
        return _plain(answer)
    if not _is_json(answer):
        raise _trouble_without_words(answer)
    code = _said(answer).get("code")
    known = _TROUBLE_OF_CODE.get(code) if isinstance(code, str) else None
    raise SyncTrouble(known or _trouble_of(answer.status), _retry_after(answer))


def refused_code(answer: Answer) -> str | None:
    """The code of a request the county understood and turned down; None for anything else."""
    if answer.status not in {400, 429} or not _is_json(answer):
        return None
    code = _said(answer).get("code")
    return code if isinstance(code, str) else None


def _trouble_without_words(answer: Answer) -> SyncTrouble:
    # A page instead of JSON: a hotel's or an operator's portal when it looks fine, a proxy
    # in front of the county when it is an error of the 500s.
    if answer.status == 413:
        return SyncTrouble(Trouble.TOO_LARGE)
    if answer.status == 429 or answer.status >= 500:
        return SyncTrouble(_trouble_of(answer.status), _retry_after(answer))
    return SyncTrouble(Trouble.NOT_THE_COUNTY)


def _trouble_of(status: int) -> Trouble:
    if status == 413:
        return Trouble.TOO_LARGE
    if status in {408, 425, 429, 502, 503, 504}:
        return Trouble.BUSY
    return Trouble.COUNTY_TROUBLE if status >= 500 else Trouble.NOT_UNDERSTOOD


def _is_json(answer: Answer) -> bool:
    return _media_type(answer) == "application/json"


def _media_type(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip()


def _plain(answer: Answer) -> bytes:
    try:
        return plain(answer.body, answer.headers.get("content-encoding", ""))
    except ValueError as error:
        raise SyncTrouble(Trouble.NOT_UNDERSTOOD) from error


def _said(answer: Answer) -> dict[str, Any]:
    try:
        said = json.loads(_plain(answer))
    except (ValueError, RecursionError, SyncTrouble):
        return {}
    return said if isinstance(said, dict) else {}


def _retry_after(answer: Answer) -> float | None:
    """Seconds, from a number or a date, a day at most; None where the header says neither."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        seconds = float(text)
    else:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(0.0, seconds), LONGEST_LEFT_S)
