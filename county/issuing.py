"""Issuing a policy pack: into the ledger, down to the tablets, and into everybody's account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.ids import county_scope
from core.policy import Policy, default_policy
from core.refusals import Refusal, Refused
from core.vocabulary import Kind
from county.audit import CONSOLE, note_act
from county.config import CountyConfig, local_date, utc_now
from county.db import Database
from county.keys import the_county
from county.ledger import RecordWrite, write
from county.office import opened
from county.policies import PACKS_READ
from county.rollups import refresh_day
from county.tables import RecordRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A pack that is in the ledger, and how many residents' accounts were renewed for it."""

    policy: Policy
    renewed: int


def issue_policy(config: CountyConfig, policy: Policy) -> Issued:
    """Issue a pack that `core.policy_packs` found sound, and renew the accounts by it.

    Issued a second time it changes nothing. Raises Refused as `put_policy` does.
    """
    now = utc_now()
    with opened(config) as database:
        with database.writing() as session:
            county_id = the_county(session).county_id
            put_policy(session, county_id, policy, now)
        return Issued(policy=policy, renewed=_renewed(database, county_id, now))


def put_policy(session: Session, county_id: str, policy: Policy, now: datetime) -> None:
    """Write the pack into the county's scope; every account then waits to be renewed.

    With a first pack that begins later than the built-in one, the built-in one is written
    down too: a book applies its first version to all the time before.

    Raises Refused `policy.issued_already` where the version was issued with other contents,
    `policy.too_many` where the county has as many packs as are read.
    """
    held = session.get(RecordRow, (county_id, record_id_of(policy)))
    if held is not None and held.body != policy.model_dump(mode="json"):
        values = {"id": policy.id, "version": policy.version}
        raise Refused(Refusal(code="policy.issued_already", place="version", values=values))
    count = _packs(session, county_id)
    if held is None and count >= PACKS_READ:
        raise Refused(Refusal(code="policy.too_many", values={"count": count}))
    packs = [policy]
    if not count and policy.effective_from > default_policy().effective_from:
        packs.insert(0, default_policy())
    write(session, county_id, [_write_of(county_id, pack, now) for pack in packs], now)
    note_act(session, county_id, CONSOLE, "issue", Kind.POLICY_PACK, record_id_of(policy), now)


def record_id_of(policy: Policy) -> str:
    """The id of a pack's record: one for each version, so that no version changes in silence."""
    return f"policy:{policy.id}:{policy.version}"


def _packs(session: Session, county_id: str) -> int:
    return (
        session.scalar(
            select(func.count()).where(
                RecordRow.county_id == county_id, RecordRow.kind == Kind.POLICY_PACK
            )
        )
        or 0
    )


def _write_of(county_id: str, policy: Policy, now: datetime) -> RecordWrite:
    return RecordWrite(
        kind=Kind.POLICY_PACK,
        record_id=record_id_of(policy),
        scope_id=county_scope(county_id),
        body=policy.model_dump(mode="json"),
        author_id=CONSOLE,
        recorded_at=now,
    )


def _renewed(database: Database, county_id: str, now: datetime) -> int:
    """Renew every account that waits for it, some thousand to a transaction."""
    renewed, batch = 0, 1
    while batch:
        with database.writing() as session:
            batch = refresh_day(session, county_id, local_date(now))
        renewed += batch
    return renewed
