"""The description other vendors write a tablet from has every field and code, and no other."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from enum import StrEnum
from pathlib import Path

import pytest

from core.merging import GUARDED_FIELDS
from core.vocabulary import (
    STANDING_KINDS,
    ContractState,
    Decision,
    Mode,
    NotMeasured,
    NotMet,
    ReadingKind,
    ReturnReason,
    Service,
    Sex,
    Source,
    Symptom,
    Timing,
)
from core.wire.bodies import RECORD_TYPES
from core.wire.custody import (
    EscrowRequest,
    EscrowResponse,
    Orders,
    RecoverRequest,
    RecoverResponse,
)
from core.wire.envelopes import (
    Change,
    Cursor,
    EnrolRequest,
    EnrolResponse,
    Numbered,
    Operation,
    SyncRequest,
    SyncResponse,
)
from core.wire.receipts import Receipt, Taken
from core.wire.repair import Bucket, Question, Told
from core.wire.snapshots import SnapshotLine, SnapshotOffer
from tests.core.wire.described import (
    BODIES,
    PARTS,
    WIRE,
    Described,
    default_of,
    described,
    names_in,
    section,
    tables,
    told,
)

ROOT = Path(__file__).parents[3]
SHAPES = (
    Operation, Taken, Receipt, Numbered, Change, Cursor, SyncRequest, SyncResponse,
    EnrolRequest, EnrolResponse,
    Bucket, Question, Told, Orders, EscrowRequest, EscrowResponse, RecoverRequest, RecoverResponse,
    SnapshotOffer, SnapshotLine,
)  # fmt: skip
TABLES = {
    EnrolRequest: ("Enrolment: `POST /enrol/v1`", 0),
    EnrolResponse: ("Enrolment: `POST /enrol/v1`", 1),
    SyncRequest: ("The exchange: `POST /sync/v1`", 0),
    SyncResponse: ("The exchange: `POST /sync/v1`", 1),
    Operation: ("Operation", 0),
    Taken: ("Run of operations taken", 0),
    Receipt: ("Receipt", 0),
    Change: ("Change", 0),
    Numbered: ("Numbered", 0),
    Question: ("Repair", 0),
    Told: ("Repair", 1),
    Orders: ("Orders", 0),
    SnapshotLine: ("Snapshots: `GET /snapshot/v1/<scope>/<epoch>-<seq>`", 1),
}
"""Under which heading of `docs/wire.md` a shape is described, and in which of the tables there."""
# Not what only the office is answered: whom to invite, which tablet, which passphrase.
CODE = re.compile(
    r'"(op\.[a-z_]+|wire\.[a-z_]+|auth\.[a-z_]+|enrol\.(?!not_a)[a-z_]+|recovery\.code_[a-z]+'
    r"|escrow\.not_sealed|wipe\.[a-z_]+|scope\.[a-z_]+|device\.revoked|http\.[a-z_]+"
    r'|county\.(?!founded)[a-z_]+|metrics\.[a-z_]+|snapshot\.[a-z_]+)"'
)
SHARED = {"id", "scope_id", "author_id", "recorded_at"}
"""The fields every fact has, which stand once at the head of `docs/bodies.md`."""


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_every_field_is_described(shape: type) -> None:
    missing = [f.name for f in fields(shape) if f.name not in re.findall(r"\w+", WIRE)]
    assert missing == []


@pytest.mark.parametrize("shape", TABLES, ids=lambda shape: shape.__name__)
def test_a_table_of_the_wire_names_the_fields_there_are_and_their_defaults(shape: type) -> None:
    heading, number = TABLES[shape]
    table = tables(section(WIRE, heading))[number]
    assert sorted(names_in(table)) == sorted(f.name for f in fields(shape))
    if "default" in table[0]:
        told_of = {name: it.default for name, it in described(table).items()}
        written = {field.name: default_of(field) for field in fields(shape)}
        # What a batch may leave out follows from the chain, as the text says.
        follows = {"previous_hash", "hash", "signature"} if shape is Operation else set()
        assert told_of == {**written, **dict.fromkeys(follows, "")}


def test_the_guarded_fields_are_named_by_kind() -> None:
    (paragraph,) = re.findall(r"\*\*Guarded fields\*\*.*?\n\n", WIRE, re.DOTALL)
    parts = re.findall(r"`(\w+)`", paragraph)
    told: dict[str, set[str]] = {}
    for name in parts:
        if name in GUARDED_FIELDS:
            told[name] = fields_of = set()
        else:
            fields_of.add(name)
    assert told == GUARDED_FIELDS


@pytest.mark.parametrize("kind", RECORD_TYPES)
def test_every_body_is_described_field_by_field(kind: str) -> None:
    (table,) = tables(section(BODIES, f"`{kind}`"))
    shape = told(RECORD_TYPES[kind])
    if kind not in STANDING_KINDS:
        (shared,) = tables(BODIES[: BODIES.index("## Facts a tablet writes")])
        assert set(names_in(shared)) == SHARED
        shape = {name: field for name, field in shape.items() if name not in SHARED}
    assert _alike(described(table)) == shape


@pytest.mark.parametrize("name", PARTS)
def test_every_part_of_a_body_is_described_field_by_field(name: str) -> None:
    (table,) = tables(section(BODIES, name))
    assert _alike(described(table)) == told(PARTS[name])


def _alike(table: dict[str, Described]) -> dict[str, Described]:
    """Ids and scopes are text to the shapes."""
    plain = {name: re.sub(r"\b(id|scope)\b", "text", it.type) for name, it in table.items()}
    return {name: replace(it, type=plain[name]) for name, it in table.items()}


@pytest.mark.parametrize(
    ("codes", "heading", "field"),
    [
        (Mode, "`follow_up`", "mode"),
        (NotMet, "`follow_up`", "not_met"),
        (Service, "`follow_up`", "services"),
        (Decision, "`review`", "decision"),
        (ReturnReason, "`review`", "reason"),
        (Sex, "`resident`", "sex"),
        (ContractState, "`contract`", "state"),
        (ReadingKind, "Reading", "kind"),
        (Source, "Reading", "source"),
        (Timing, "Reading", "timing"),
        (NotMeasured, "Reading", "not_measured"),
    ],
)  # fmt: skip
def test_every_code_of_a_table_of_the_core_is_told(
    codes: type[StrEnum], heading: str, field: str
) -> None:
    (table,) = tables(section(BODIES, heading))
    (meaning,) = (row[3] for row in table[1:] if f"`{field}`" in row[0])
    assert {str(code) for code in codes} <= set(re.findall(r"`(\w+)`", meaning))


def test_every_symptom_is_told() -> None:
    said = section(BODIES, "`follow_up`").partition("Symptoms:")[2]
    assert set(re.findall(r"`(\w+)`", said)) == {str(symptom) for symptom in Symptom}


def test_every_kind_that_is_written_is_named() -> None:
    kinds = section(WIRE, "Kinds and bodies")
    assert [kind for kind in RECORD_TYPES if f"`{kind}`" not in kinds] == []


def test_every_code_a_tablet_may_be_answered_is_described() -> None:
    sources = [
        path.read_text("utf-8")
        for folder in ("county", "county/routes")
        for path in (ROOT / folder).glob("*.py")
    ]
    said = {code for source in sources for code in CODE.findall(source)}
    assert len(said) > 40
    assert sorted(code for code in said if f"`{code}`" not in WIRE) == []
