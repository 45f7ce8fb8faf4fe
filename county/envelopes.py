"""Opens a batch of operations: their shape, hashes, chain and signatures, before any database.

A signature covers the chain behind it: an operation is proven by its own signature or by
that of the nearest signed one after it. In a request, which its tablet has signed as a whole,
one broken operation does not spoil the others; what came on a file is proven by the chain alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from cryptography.exceptions import InvalidSignature
from pydantic import ValidationError

from core.refusals import Refusal, Refused
from core.wire.canonical import sha256_hex
from core.wire.envelopes import (
    MOST_OPERATION_BYTES,
    OPERATIONS,
    PROOF,
    Operation,
    hashed_content,
)
from county.db import JsonText, json_text
from county.keys import check_signature

_ID = re.compile(r"[0-9A-Za-z_.:-]{1,64}")
_HASH = re.compile(r"[0-9a-f]{64}")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""NUL as JSON writes it, and not a text that says so."""
MOST_DEPTH = 198
"""How deep an operation may be nested to be read, two levels deeper, by the fast reader."""
MAX_SEQ = (1 << 31) - 1
"""What an integer column of PostgreSQL holds; a tablet would need 100,000 years to get there."""


@dataclass(slots=True, kw_only=True)
class Opened:
    """One operation of a batch: readable, or with the reason why not.

    `envelope` is what came, with the hashes it left out filled in; `content` the bytes its hash
    covers. `record_id` and `kind` are empty, `revision` is 0, where it does not say. It `is_whole`
    where the hash it goes by is that of its content, and `is_proven` to be its tablet's.
    """

    op_id: str
    device_seq: int
    record_id: str
    kind: str
    revision: int
    envelope: dict[str, Any]
    content: bytes = b""
    is_whole: bool = False
    is_proven: bool = False
    operation: Operation | None = None
    refusal: Refusal | None = None

    @property
    def text(self) -> JsonText:
        """The envelope as it is kept: with the hashes it left out."""
        if not self.content:
            return JsonText(json_text(self.envelope))
        proof = {name: self.envelope[name] for name in PROOF if name in self.envelope}
        return JsonText(f"{self.content[:-1].decode()},{json_text(proof)[1:]}")


def opened(
    envelopes: Sequence[Any],
    device_id: str,
    public_key: str,
    *,
    are_flat: bool = False,
    in_request: bool = True,
) -> list[Opened]:
    """The batch in the order of the tablet's numbers.

    They `are_flat` where it is known that none is nested too deep, and came `in_request` where
    the tablet has signed the request they came with.

    Raises Refused `wire.malformed` where an envelope has no `op_id` of its own and number by
    which it could be answered, or weighs more than any a tablet makes; everything else that is
    wrong is the operation's own refusal.
    """
    batch = sorted((_numbered(envelope) for envelope in envelopes), key=lambda o: o.device_seq)
    if len({item.op_id for item in batch}) < len(batch):
        raise _malformed()
    if not are_flat:
        _refuse((item for item in batch if depth_of(item.envelope) > MOST_DEPTH), _cannot_be_kept())
    _fill_in_chain(batch)
    if any(_weight_bytes(item) > MOST_OPERATION_BYTES for item in batch):
        raise _malformed()
    _check_signatures(batch, public_key, in_request=in_request)
    for item in batch:
        if item.refusal is None:
            _read(item, device_id)
    return batch


def reopened(envelope: Mapping[str, Any], device_id: str) -> Opened:
    """An operation as the county has kept it: hash and signature were proven when it came."""
    item = _numbered(dict(envelope))
    _read(item, device_id)
    return item


def _numbered(envelope: Any) -> Opened:
    if isinstance(envelope, dict):
        op_id, device_seq = envelope.get("op_id"), envelope.get("device_seq")
        if is_id(op_id) and _is_number(device_seq):
            record_id, kind = envelope.get("record_id"), envelope.get("kind")
            revision = envelope.get("revision")
            return Opened(
                op_id=str(op_id),
                device_seq=int(device_seq or 0),
                record_id=str(record_id) if is_id(record_id) else "",
                kind=str(kind) if is_id(kind) else "",
                revision=int(revision or 0) if _is_number(revision) else 0,
                envelope=dict(envelope),
            )
    raise _malformed()


def _malformed() -> Refused:
    return Refused(Refusal(code="wire.malformed", place="operations"))


def is_id(value: Any) -> TypeGuard[str]:
    """Whether a record, a kind or an operation could be called so."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < MAX_SEQ


def _fill_in_chain(batch: Iterable[Opened]) -> None:
    before: Opened | None = None
    for item in batch:
        envelope = item.envelope
        follows = before is not None and before.device_seq == item.device_seq - 1
        if before is not None and follows and not envelope.get("previous_hash"):
            envelope["previous_hash"] = before.envelope["hash"]
        _fill_in_hash(item)
        if before is not None and follows and not _hangs_on(item, before):
            _refuse([item], Refusal(code="op.chain"))
        before = item


def _fill_in_hash(item: Opened) -> None:
    claimed = item.envelope.get("hash")
    is_hash = isinstance(claimed, str) and _HASH.fullmatch(claimed) is not None
    try:
        item.content = hashed_content(item.envelope)
        actual = sha256_hex(item.content)
        if b"\\u0000" in item.content and _NUL.search(item.content):
            item.refusal = _cannot_be_kept()
    except (ValueError, TypeError, RecursionError):
        item.refusal = Refusal(code="op.malformed", place="body")
        actual = str(claimed) if is_hash else ""
    if claimed and claimed != actual:
        item.refusal = Refusal(code="op.hash")
        if is_hash:  # the operations after it are chained to what it claims
            return
    item.envelope["hash"] = actual
    item.is_whole = bool(item.content)


def _weight_bytes(item: Opened) -> int:
    """What an operation weighs; one that a tablet has made, no more than it did there."""
    if not item.content:
        return len(item.text)
    return len(item.content) + len(str(item.envelope.get("signature", "")))


def _cannot_be_kept() -> Refusal:
    return Refusal(code="op.cannot_be_stored")


def depth_of(value: Any) -> int:
    """How deep a JSON value is nested; 0 for what is neither object nor array."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [
            inner for item in level for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return depth


def _check_signatures(batch: Sequence[Opened], public_key: str, *, in_request: bool) -> None:
    after: Opened | None = None
    is_proven = False
    for item in reversed(batch):
        if item.envelope.get("signature"):
            is_proven = _is_signed(item, public_key) and (in_request or item.is_whole)
        elif not in_request:
            is_proven = is_proven and item.is_whole and after is not None and _hangs_on(after, item)
        if not is_proven:
            _refuse([item], Refusal(code="op.signature"))
        item.is_proven = is_proven
        after = item


def _hangs_on(item: Opened, before: Opened) -> bool:
    is_next = item.device_seq == before.device_seq + 1
    return is_next and item.envelope.get("previous_hash") == before.envelope["hash"]


def _is_signed(item: Opened, public_key: str) -> bool:
    try:
        message = bytes.fromhex(item.envelope["hash"])
        check_signature(public_key, item.envelope["signature"], message)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _refuse(items: Iterable[Opened], refusal: Refusal) -> None:
    for item in items:
        item.refusal = item.refusal or refusal


def _read(item: Opened, device_id: str) -> None:
    try:
        operation = OPERATIONS.validate_python(item.envelope)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        item.refusal = Refusal(code="op.malformed", place=place)
        return
    if operation.device_id != device_id:
        item.refusal = Refusal(code="op.other_device")
    elif place := _unusable(item, operation):
        item.refusal = Refusal(code="op.malformed", place=place)
    else:
        item.operation = operation


def _unusable(item: Opened, operation: Operation) -> str:
    """The first field by which the county could not go on; "" where there is none."""
    can_be_used = {
        "record_id": item.record_id,
        "kind": item.kind,
        "revision": item.revision,
        "schema": operation.schema < MAX_SEQ,
    }
    return next((name for name, usable in can_be_used.items() if not usable), "")
