"""The description other vendors write a tablet from leaves out no field and no code."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

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

ROOT = Path(__file__).parents[3]
WIRE = (ROOT / "docs" / "wire.md").read_text("utf-8")
SHAPES = (
    Operation, Taken, Receipt, Numbered, Change, Cursor, SyncRequest, SyncResponse,
    EnrolRequest, EnrolResponse,
    Bucket, Question, Told, Orders, EscrowRequest, EscrowResponse, RecoverRequest, RecoverResponse,
    SnapshotOffer, SnapshotLine,
)  # fmt: skip
CODE = re.compile(r'"((?:op|wire|auth|enrol|scope|device|http|snapshot)\.[a-z_]+)"')


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_every_field_is_described(shape: type) -> None:
    missing = [f.name for f in fields(shape) if f.name not in re.findall(r"\w+", WIRE)]
    assert missing == []


def test_every_code_a_tablet_may_be_answered_is_described() -> None:
    sources = [
        (ROOT / "county" / name).read_text("utf-8")
        for name in ("checks.py", "ingest.py", "envelopes.py", "device_auth.py", "errors.py",
                     "exchange.py", "tries.py")
    ]  # fmt: skip
    said = {code for source in sources for code in CODE.findall(source)}
    assert len(said) > 20
    assert sorted(code for code in said if code not in WIRE) == []
