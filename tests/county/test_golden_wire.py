"""What was ever said on the wire is still understood: recorded requests here, answers there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import select

from app.store import proof
from app.store.cursor import cursors
from app.store.opening import Store
from app.store.outbox import OutboxState, receipt_in
from app.store.rows import RecordWrite, store_records
from app.store.tables import OutboxRow, RecordRow
from app.sync.pull import Parties, read_answer, store_answer
from core.ids import county_scope
from core.vocabulary import STANDING_KINDS
from core.wire.canonical import sha256_hex
from core.wire.digests import body_hash
from core.wire.envelopes import (
    GENESIS,
    OPERATIONS,
    SyncRequest,
    SyncResponse,
    hashed_content,
)
from core.wire.receipts import Receipt
from county.checks import TABLET_KINDS
from county.db import Database
from county.exchange import exchange, read_call
from county.numbering import history_of
from county.tables import DeviceRow, OperationRow, ScopeHeadRow, UserRow
from tests.builders import COUNTY_ID, DOCTOR_ID
from tests.county.golden_wire import BEGUN, PRIVATE_KEY, VILLAGES, snapshots_in, tablet_row
from tests.county.signed_post import proven_as
from tests.county_world import found
from tests.operations import outcomes

ROOT = Path(__file__).parents[2]
VERSIONS = sorted((ROOT / "tests" / "golden").glob("wire-*"))
KEY = Ed25519PrivateKey.from_private_bytes(PRIVATE_KEY)
STRANGE = {"invented_later": {"a": [1, {"b": None}]}}
"""A field of a version to come."""
BY_NAME = {"cursors", "roots", "snapshots", "digests", "values"}
"""Objects whose fields are names and not the wire's own."""


def trips(version: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text("utf-8")) for file in sorted(version.glob("[0-9]*.json"))]


def identity(version: Path) -> dict[str, str]:
    return dict(json.loads((version / "tablet.json").read_text("utf-8")))


def with_strangers(said: Any, inside: str = "") -> Any:
    """The same with a field nobody knows in every object of the wire's own."""
    if isinstance(said, list):
        return [with_strangers(item) for item in said]
    if not isinstance(said, dict) or inside in {"body", "values", "digests"}:
        return said
    deeper = {name: with_strangers(value, name) for name, value in said.items()}
    return deeper if inside in BY_NAME else {**deeper, **STRANGE}


def signed_anew(requests: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The requests with strange fields in every operation and body too, chained and signed."""
    before, known = GENESIS, {}
    for request in requests:
        for said in request.get("operations", []):
            if said["op_id"] in known:
                said.update(known[said["op_id"]])
                continue
            said["body"] = {**said["body"], **STRANGE}
            said["previous_hash"] = before
            del said["hash"], said["signature"]
            said["hash"] = before = sha256_hex(hashed_content(said))
            said["signature"] = KEY.sign(bytes.fromhex(before)).hex()
            known[said["op_id"]] = dict(said)
        yield request


def history_at(trip: Mapping[str, Any]) -> str:
    """The history of the county that answered; "" of one that named none."""
    return str(trip["answer"].get("history") or trip["request"].get("history", ""))


def answered(
    database: Database, folder: Path, version: Path, requests: list[dict[str, Any]]
) -> Iterator[SyncResponse]:
    """What a county of today says to each of these, sent by the recorded tablet."""
    device_id = identity(version)["device_id"]
    histories = [history_at(trip) for trip in trips(version)]
    found(database, BEGUN)
    public_key = KEY.public_key().public_bytes_raw().hex()
    with database.writing() as session:
        session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID)).village_ids = VILLAGES
        session.add(
            DeviceRow(
                county_id=COUNTY_ID,
                id=device_id,
                doctor_id=DOCTOR_ID,
                name="golden",
                public_key=public_key,
                enrolled_at=BEGUN,
                last_hash=GENESIS,
            )
        )
    for number, request in enumerate(requests):
        with database.writing() as session:
            history_of(session, COUNTY_ID)
            head = session.get_one(ScopeHeadRow, (COUNTY_ID, county_scope(COUNTY_ID)))
            head.epoch = histories[number] or head.epoch
        sender = proven_as(device_id, public_key, number)
        plain = json.dumps(request).encode()
        call = read_call(sender, plain, BEGUN, snapshots_in(database, folder).offered)
        yield exchange(database, call)


@pytest.mark.parametrize("strangers", [False, True], ids=["as_recorded", "with_strange_fields"])
@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)
def test_todays_county_takes_every_request_that_was_ever_recorded(
    database: Database, tmp_path: Path, version: Path, strangers: bool
) -> None:
    recorded = trips(version)
    requests = [trip["request"] for trip in recorded]
    if strangers:
        requests = list(signed_anew([with_strangers(request) for request in requests]))
    told = answered(database, tmp_path, version, requests)
    for trip, answer in zip(recorded, told, strict=True):
        # Nobody from the office came between this time, and no tablet was revoked.
        alone = trip["name"] in {"merged", "conflict", "revoked"}
        expected = ["accepted"] if alone else outcomes(trip["answer"])
        handed_in = {said["op_id"] for said in trip["request"].get("operations", [])}
        # Nor is there anything that was judged anew, to be told of after the restore.
        about = tuple(receipt for receipt in answer.receipts if receipt.op_id in handed_in)
        answer = replace(answer, receipts=about)
        if handed_in:
            assert (trip["name"], outcomes(answer)) == (trip["name"], expected)
    with database.reading() as session:
        kept = {row.op_id: row.envelope for row in session.scalars(select(OperationRow))}
    sent = {said["op_id"]: said for request in requests for said in request.get("operations", [])}
    assert kept.keys() == sent.keys()
    for op_id, said in sent.items():
        assert kept[op_id] == {**kept[op_id], **said}


@pytest.mark.parametrize("strangers", [False, True], ids=["as_recorded", "with_strange_fields"])
@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)
def test_todays_tablet_reads_every_answer_that_was_ever_recorded(
    tmp_path: Path, version: Path, strangers: bool
) -> None:
    who = identity(version)
    store = Store.open(tmp_path / "tablet.db", bytes(32))
    with store.transaction() as session:
        session.add(tablet_row(**who))
    parties = Parties(device_id=who["device_id"], county_key=who["county_public_key"])
    for trip in trips(version):
        queue(store, trip["request"])
        said = with_strangers(trip["answer"]) if strangers else trip["answer"]
        answer = read_answer(json.dumps(said).encode(), parties)
        store_answer(store, answer, BEGUN)
        level(store, trip["request"], answer)
        check_stored(store, answer)
    store.close()


def queue(store: Store, request: Mapping[str, Any]) -> None:
    """Let the tablet have made what it sent."""
    before = GENESIS
    with store.transaction() as session:
        for said in request.get("operations", []):
            operation = OPERATIONS.validate_python({"previous_hash": before, **said})
            session.merge(
                OutboxRow(
                    device_seq=operation.device_seq,
                    op_id=operation.op_id,
                    record_id=operation.record_id,
                    revision=operation.revision,
                    kind=operation.kind,
                    action=operation.action,
                    state=OutboxState.QUEUED,
                    envelope=OPERATIONS.dump_json(operation).decode(),
                    queued_at=operation.recorded_at,
                )
            )
            if operation.action == "put":
                write = RecordWrite(
                    id=operation.record_id,
                    kind=operation.kind,
                    scope_id=operation.scope_id,
                    revision=1,
                    author_id=operation.author_id,
                    body=operation.body,
                    hash=body_hash(operation.body),
                )
                store_records(session, [write])


def level(store: Store, request: Mapping[str, Any], answer: SyncResponse) -> None:
    if answer.told is not None:
        scope_id = request["question"]["scope_id"]
        with store.transaction() as session:
            proof.level(session, scope_id, answer.repairs, set(answer.told.unknown))


def check_stored(store: Store, answer: SyncResponse) -> None:
    """Receipts, the records as they last changed, and cursors are there as the answer says.

    Where the county names another history, edits wait for their answers again, and stand before
    what it says of their records.
    """
    with store.transaction() as session:
        rows = {row.op_id: row for row in session.exec(select(OutboxRow))}
        for receipt in answer.receipts:
            assert receipt_in(rows[receipt.op_id]) == receipt
        delivered = {row.device_seq for row in rows.values() if row.state == OutboxState.RECEIPTED}
        assert delivered >= {
            seq for run in answer.taken for seq in range(run.first_seq, run.last_seq + 1)
        }
        waiting = {row.record_id for row in rows.values() if row.state == OutboxState.QUEUED}
        last = {change.record_id: change for change in (*answer.changes, *answer.repairs)}
        for change in last.values():
            row = session.get(RecordRow, change.record_id)
            assert (row is not None) == (change.action == "put")
            if row is not None and change.record_id not in waiting:
                assert (row.hash, row.revision) == (change.hash, change.revision)
                assert change.body is None or json.loads(row.body) == change.body
        held = cursors(session)
    assert {scope: held[scope] for scope in answer.cursors} == answer.cursors
    assert not set(answer.dropped_scopes) & held.keys()


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)
def test_the_receipts_that_were_recorded_say_what_becomes_of_an_operation(version: Path) -> None:
    answers = [trip["answer"] for trip in trips(version)]
    receipts = [Receipt(**said) for answer in answers for said in answer.get("receipts", [])]
    assert {receipt.outcome for receipt in receipts} == {
        "accepted",
        "merged",
        "conflict",
        "refused",
    }
    assert any(answer.get("taken") for answer in answers)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)
def test_every_kind_a_tablet_may_send_was_recorded(version: Path) -> None:
    sent = {
        (said["kind"], said["action"])
        for trip in trips(version)
        for said in trip["request"].get("operations", [])
    }
    assert sent == {
        (str(kind), "set" if kind in STANDING_KINDS else "put") for kind in TABLET_KINDS
    }


def test_the_newest_recording_has_everything_a_request_and_an_answer_may_carry() -> None:
    recorded = trips(VERSIONS[-1])
    for shape, part in ((SyncRequest, "request"), (SyncResponse, "answer")):
        said = {name for trip in recorded for name in trip[part]}
        assert said >= {item.name for item in fields(shape)} - NEVER_BUT_BY_DEFAULT
    changes = [change for trip in recorded for change in trip["answer"].get("changes", [])]
    assert {change["action"] for change in changes} == {"put", "remove"}
    told = [trip["answer"]["told"] for trip in recorded if "told" in trip["answer"]]
    assert {name for one in told for name in one} >= {"buckets", "digests", "unknown"}


NEVER_BUT_BY_DEFAULT = {"protocol"}
"""What has had one value only."""
