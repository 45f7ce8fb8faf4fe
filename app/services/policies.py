"""The county's rules as this tablet holds them; the built-in ones until a pack has come down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from sqlmodel import Session

from app.logs import note
from app.store.queries import records
from core.policy import Policy, PolicyBook, default_policy
from core.policy_packs import parse_policy
from core.refusals import Refused
from core.vocabulary import Kind

PACKS_READ = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All versions of the county's rules; `mark` tells one set of versions from another."""

    book: PolicyBook
    mark: str

    def on(self, day: date) -> Policy:
        """The version in force on a day."""
        return self.book.on(day)


def rules_in(session: Session) -> Rules:
    """The rules of the packs on the tablet."""
    return _rules(tuple(records.bodies(session, Kind.POLICY_PACK, PACKS_READ)))


@lru_cache(maxsize=4)
def _rules(bodies: tuple[str, ...]) -> Rules:
    versions = list(_read(bodies)) or [default_policy()]
    book = PolicyBook(versions)
    return Rules(book=book, mark=" ".join(version.version for version in book.versions))


def _read(bodies: Iterable[str]) -> Iterable[Policy]:
    """The packs this app understands; one from a newer county waits for the app's update."""
    for body in bodies:
        try:
            yield parse_policy(body)
        except Refused:
            note("policy.unreadable")
