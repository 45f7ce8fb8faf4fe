"""A county full of tablets for the load tests: a village, a doctor and residents for every two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from app.store.outbox import queued
from app.sync.county_call import Signer
from app.sync.push import envelopes
from bench.crowd import Caller
from bench.visits import OFFICE, a_visit, people, written
from core.followups import FollowUp
from core.ids import village_scope
from core.wire.bodies import body_of
from core.wire.envelopes import GENESIS, EnrolRequest, Operation, bytes_to_sign, hashed
from county import ledger
from county.config import CountyConfig, utc_now
from county.db import Database, open_database
from county.enrolment import enrol, invite
from county.escrow_key import new_escrow_key
from county.keys import found_county, the_county
from county.people import NewUser, act_of, add_township, add_user, add_village
from county.schema import upgrade
from demo.children import LOOPBACK, Child, Children, free_port_from

COUNTY_ID = "crowded-county"
VILLAGERS = 30
TABLETS_A_VILLAGE = 2
BENCH_PORT = 8790


@dataclass(slots=True, kw_only=True)
class Enrolled:
    """A tablet without a store: its key, where it belongs, and how far its chain has come."""

    signer: Signer
    key: Ed25519PrivateKey
    doctor_id: str
    village: str
    number: int
    last_seq: int = 0
    last_hash: str = GENESIS

    def caller(self, requests: int, visits: int) -> Caller:
        """This tablet with so many requests to make, each of so many visits."""
        batches = tuple(self._batch(visits) for _ in range(requests))
        return Caller(signer=self.signer, batches=batches)

    def _batch(self, visits: int) -> tuple[dict[str, Any], ...]:
        return tuple(envelopes([queued(self._operation(self._visit())) for _ in range(visits)]))

    def _visit(self) -> FollowUp:
        number = self.number * 10_000 + self.last_seq
        scope = village_scope(self.village)
        return a_visit(self.doctor_id, scope, number, VILLAGERS, f"{self.village}-")

    def _operation(self, visit: FollowUp) -> Operation:
        now = utc_now().isoformat()
        whole = hashed(
            Operation(
                op_id=f"op-{visit.id}",
                device_id=self.signer.device_id,
                device_seq=self.last_seq + 1,
                kind="follow_up",
                record_id=visit.id,
                revision=1,
                action="put",
                scope_id=visit.scope_id,
                author_id=self.doctor_id,
                occurred_at=now,
                recorded_at=now,
                policy_version="bench",
                body=body_of(visit),
                previous_hash=self.last_hash,
            )
        )
        self.last_seq, self.last_hash = whole.device_seq, whole.hash
        return replace(whole, signature=self.key.sign(bytes_to_sign(whole)).hex())


@contextmanager
def crowded(folder: Path, url: str, tablets: int) -> Iterator[tuple[list[Enrolled], int, Child]]:
    """A served county with so many tablets enrolled; them, its port and its process."""
    folder.mkdir()
    config = CountyConfig(data_dir=folder, database_url=url)
    database = open_database(config.url)
    try:
        enrolled = _founded(database, tablets)
    finally:
        database.close()
    port = free_port_from(BENCH_PORT)
    serve = ["county", "serve", "--port", str(port), "--data", str(folder)]
    serve += ["--database", url] if url else []
    with Children(folder / "logs") as children:
        yield enrolled, port, children.start("county", serve, f"http://{LOOPBACK}:{port}/ready")


def _founded(database: Database, tablets: int) -> list[Enrolled]:
    now = utc_now()
    upgrade(database)
    enrolled: list[Enrolled] = []
    with database.writing() as session:
        found_county(session, COUNTY_ID, "挤县", now, new_escrow_key("to be measured", cost=2))
        act = act_of(COUNTY_ID, OFFICE, now)
        township = add_township(session, act, "云岭镇")
        for number in range(-(-tablets // TABLETS_A_VILLAGE)):
            village = add_village(session, act, township, f"{number}村")
            new = NewUser(name=f"大夫{number}", role="doctor", village_ids=(village.id,))
            doctor = add_user(session, act, new).id
            residents = people(village.id, VILLAGERS, f"{village.id}-")
            ledger.write(session, COUNTY_ID, [written(each, now) for each in residents], now)
            enrolled += [
                _enrolled(session, doctor, village.id, len(enrolled) + each, now)
                for each in range(TABLETS_A_VILLAGE)
            ]
    return enrolled[:tablets]


def _enrolled(
    session: Session, doctor_id: str, village: str, number: int, now: datetime
) -> Enrolled:
    key = Ed25519PrivateKey.generate()
    invitation = invite(session, COUNTY_ID, doctor_id, created_by=OFFICE, now=now)
    asked = EnrolRequest(
        code=invitation.code,
        device_public_key=key.public_key().public_bytes_raw().hex(),
        device_name=f"tablet {number}",
        app_version="bench",
    )
    device_id = enrol(session, the_county(session), asked, now).device_id
    signer = Signer(device_id=device_id, private_key=key.private_bytes_raw())
    return Enrolled(signer=signer, key=key, doctor_id=doctor_id, village=village, number=number)
