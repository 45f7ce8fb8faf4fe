"""A process that works on a tablet's files until it is killed, and says what it has done."""

from __future__ import annotations

import itertools
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from app.store import outbox
from app.store.device_secret import FileDeviceSecret
from app.store.kdf import Argon2id
from app.store.keyring import KeyRing
from app.store.opening import Store
from app.store.outbox import OperationDraft
from app.store.rows import store_records, write_of
from tests.app.store.vault import DATA_KEY
from tests.builders import DOCTOR_ID, a_follow_up

PINS = ("384756", "907245")
QUICK = Argon2id(memory_kib=8, passes=1, lanes=1)
FOLD_EVERY_PAGES = 6
OLDEST = Path(__file__).parents[2] / "golden" / "store-1.db"
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


def say(number: int) -> None:
    """Acknowledge, at once."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def record_id(number: int) -> str:
    """The id of the follow-up saved as so many-th."""
    return f"follow-up-{number:06d}"


def save(store: Store, number: int) -> None:
    """A follow-up and its place in the outbox, in one transaction, as the services save one."""
    write = write_of(a_follow_up(id=record_id(number), resident_id="r"), author_id=DOCTOR_ID)
    draft = OperationDraft(
        kind=write.kind,
        record_id=write.id,
        revision=1,
        action="put",
        scope_id=write.scope_id,
        author_id=DOCTOR_ID,
        occurred_at=NOW.isoformat(),
        policy_version="test",
        body=write.body,
    )
    with store.transaction() as session:
        store_records(session, [write])
        outbox.append(session, draft, NOW)


def save_until_killed(folder: Path, first: int) -> None:
    """Follow-ups from `first` on; the log is folded in every few saves."""
    store = Store.open(folder / "store.db", DATA_KEY)
    with store.transaction() as session:
        session.connection().exec_driver_sql(f"PRAGMA wal_autocheckpoint={FOLD_EVERY_PAGES}")
    for number in itertools.count(first):
        save(store, number)
        say(number)


def change_pins_until_killed(folder: Path, first: int) -> None:
    """From one PIN to the other and back; `first` says which one holds."""
    ring, secret = KeyRing(folder / "ring.json", kdf=QUICK), FileDeviceSecret(folder)
    for number in itertools.count(first):
        old, new = PINS[number % 2], PINS[(number + 1) % 2]
        ring.change_pin(DOCTOR_ID, old, new, secret, datetime.now(UTC))
        say(number)


def make_stores_until_killed(folder: Path, first: int) -> None:
    """One store after another, each brought up to this app's tables and closed."""
    for number in itertools.count(first):
        place = folder / str(number)
        place.mkdir()
        Store.open(place / "store.db", DATA_KEY).close()
        say(number)


def migrate_until_killed(folder: Path, first: int) -> None:
    """One store of the oldest version after another, each brought up to this app's tables."""
    for number in itertools.count(first):
        place = folder / str(number)
        place.mkdir()
        shutil.copy(OLDEST, place / "copied")
        (place / "copied").replace(place / "store.db")
        Store.open(place / "store.db", DATA_KEY).close()
        say(number)


WORK = {
    "save": save_until_killed,
    "pin": change_pins_until_killed,
    "make": make_stores_until_killed,
    "migrate": migrate_until_killed,
}

if __name__ == "__main__":
    WORK[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
