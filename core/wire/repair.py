"""Descending to what differs: sums by kind and month, then digests by id, then single records.

Travels within `POST /sync/v1`: a question rides on a request, what is told of it on the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.wire.digests import root_text

MOST_BUCKETS = 2_000
MOST_DIGESTS = 2_000
MOST_FETCHED = 200
"""What the county tells at a time; a tablet asks on from the last it was told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The records of one kind and month in a scope: how many, and the sum of their digests.

    `month` is the first seven characters of the body's `occurred_on`, "" where it has none.
    """

    kind: str
    month: str
    count: int
    sum: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a tablet wants to know of a scope whose sums differ.

    With `fetch` it asks for these records; else with `buckets` (pairs of kind and month) for
    the digests of the records in them; else for the sums of all buckets. `after` is the last
    id, or the last bucket's kind and month with a space between, that it was told of.
    """

    scope_id: str
    buckets: tuple[tuple[str, str], ...] = ()
    after: str = ""
    fetch: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the county holds of a question's scope; of what was fetched, `unknown` is not there.

    `digests` are by record id, as 16 hexadecimal digits. `has_more`: ask on from the last.
    """

    scope_id: str
    buckets: tuple[Bucket, ...] = ()
    digests: dict[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    has_more: bool = False


def buckets_of(records: Iterable[tuple[str, str, int]]) -> tuple[Bucket, ...]:
    """The buckets of records given as kind, month and digest, in the order of their names."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for kind, month, digest in records:
        count, total = found.get((kind, month), (0, 0))
        found[kind, month] = (count + 1, total + digest)
    return tuple(
        Bucket(kind=kind, month=month, count=count, sum=root_text(total))
        for (kind, month), (count, total) in sorted(found.items())
    )


def bucket_name(bucket: Bucket) -> str:
    """Where a bucket stands among the others of its scope."""
    return f"{bucket.kind} {bucket.month}"
