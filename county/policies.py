"""The county's rules as its own ledger holds them; the built-in ones until a pack is issued."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Text, bindparam, cast, select
from sqlalchemy.orm import Session

from core.policy import Policy, PolicyBook, default_policy
from core.policy_packs import parse_policy
from core.refusals import Refused
from core.vocabulary import Kind
from county.tables import RecordRow
from statements.made_once import run

PACKS_READ = 50


def rules_of(session: Session, county_id: str) -> PolicyBook:
    """All versions of the county's rules, each for its own time."""
    return _book(tuple(sorted(run(session, _PACKS, county=county_id).scalars())))


_PACKS = (
    # As text: what has been read before is known by it, and not read again.
    select(cast(RecordRow.body, Text))
    .where(
        RecordRow.county_id == bindparam("county"),
        RecordRow.kind == Kind.POLICY_PACK,
        RecordRow.removed.is_(False),
    )
    .limit(PACKS_READ)
)


@lru_cache(maxsize=4)
def _book(bodies: tuple[str, ...]) -> PolicyBook:
    read = [policy for body in bodies if (policy := _read(body)) is not None]
    return PolicyBook(read or [default_policy()])


def _read(body: str) -> Policy | None:
    """A pack this version understands; one of a later version waits for the county's update."""
    try:
        return parse_policy(body)
    except Refused:
        return None
