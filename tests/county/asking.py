"""A tablet's request, read or answered by the county itself without a wire between."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from core.wire.envelopes import Operation, SyncResponse
from county.db import Database
from county.exchange import Call, exchange, read_call
from county.snapshot_files import SnapshotFiles
from county.snapshots import Snapshots
from tests.county.conftest import NOW
from tests.county.signed_post import proven_as
from tests.county_world import Enrolled
from tests.operations import travelling

NOWHERE = Path("nowhere")
_nonces = count(1)


def ask(
    county: Database, tablet: Enrolled, *operations: Operation, folder: Path = NOWHERE, **asked: Any
) -> SyncResponse:
    """What the county answers a tablet; with a `folder` every scope is worth a snapshot."""
    sender = proven_as(tablet.device_id, tablet.public_key, next(_nonces))
    request = {
        "device_id": tablet.device_id,
        "app_version": "0.1.0",
        "operations": travelling(*operations),
        **asked,
    }
    snapshots = Snapshots(
        database=county,
        files=SnapshotFiles(folder=folder),
        note=lambda *_, **__: None,
        least=1_000 if folder is NOWHERE else 1,
    )
    return exchange(county, read_call(sender, json.dumps(request).encode(), NOW, snapshots.offered))


def call_of(
    tablet: Enrolled,
    operations: Sequence[Operation],
    nonce: int,
    database: Database,
    question: dict[str, Any] | None = None,
) -> Call:
    """A tablet's request as the county has read it, to be answered among others."""
    sender = proven_as(tablet.device_id, tablet.public_key, nonce)
    request = {
        "device_id": tablet.device_id,
        "app_version": "0.1.0",
        "operations": travelling(*operations),
        **({"question": question} if question else {}),
    }
    files = SnapshotFiles(folder=NOWHERE)
    snapshots = Snapshots(database=database, files=files, note=lambda *_, **__: None)
    return read_call(sender, json.dumps(request).encode(), NOW, snapshots.offered)
