"""The county of a world: its real ledger behind its real door, to be killed and restored."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, event, select

from app.sync.transport import Answer
from core.ids import is_restricted, restricted_scope
from core.refusals import Refused
from core.wire.canonical import canonical_bytes
from core.wire.envelopes import RESPONSES
from core.wire.snapshots import SNAPSHOT_ROUTE
from county.coding import BadCoding, TooLarge, decoded, encoded
from county.db import Database, open_database
from county.device_auth import Doorkeeper, NotProven, Proven, signed_request
from county.entrusting import entrust, entrust_no_more
from county.envelopes import Opened, reopened
from county.exchange import exchange, read_call
from county.held import Held, load
from county.ledger import RecordWrite, write
from county.people import Act, set_villages
from county.quarantine import decide
from county.restoring import NewHistory
from county.reviews import Reviewer
from county.snapshot_answers import served
from county.snapshot_files import SnapshotFiles
from county.snapshots import Snapshots
from county.tables import DeviceRow, QuarantineRow, UserRow
from simulation.founding import COUNTY_ID, OFFICE
from simulation.onlooker import Looks, Onlooker, Standing, edits_in, standing_fields
from statements.made_once import run

SNAPSHOT_NUMBERS = 5
"""Worlds are small: a scope with so many numbers is worth a snapshot here."""
_STATUS = {"snapshot.gone": 404, "scope.not_yours": 403, "device.revoked": 403}


class PowerGone(BaseException):
    """The county's power went: what was not committed is lost, and nobody is answered."""


class CountyEnd:
    """One county's file and the process that serves it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._backups = self._restores = 0
        self._statements_left: int | None = None
        self._villages: dict[str, list[str]] = {}
        self._brought_back: Standing = {}
        self.on_question: Callable[[str], object] = lambda _: None
        """Told which tablet had to ask what differs."""
        self.looks: Looks = lambda *_: ()
        self.overwritten: list[str] = []
        """Edits that were accepted over what their doctors were never shown."""
        self.betrayed: list[str] = []
        """What is restricted and was told to a tablet whose doctor is not named for it."""
        self.database = self._opened()
        self.door = Doorkeeper(self.database)
        self._snapshot_folder = path.with_suffix(".snapshots")

    def answer(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> Answer:
        """What the county says to a request that reached it at `now`; PowerGone where it dies."""
        try:
            sender = self.door.proven(signed_request(method, path, body, headers), now)
            if method == "GET":
                return self._snapshot(sender, path, headers, now)
            return self._exchanged(sender, body, headers, now)
        except NotProven as error:
            return _told(401, error.code, server_time=now.isoformat())
        except Refused as refused:
            code = refused.refusals[0].code
            return _told(_STATUS.get(code, 400), code)
        except TooLarge:
            return _told(413, "wire.too_large")
        except BadCoding:
            return _told(415, "wire.bad_coding")
        except PowerGone:
            self._statements_left = None
            self.database.close()
            raise

    @property
    def _snapshots(self) -> Snapshots:
        files = SnapshotFiles(folder=self._snapshot_folder)
        return Snapshots(
            database=self.database, files=files, note=lambda *_, **__: None, least=SNAPSHOT_NUMBERS
        )

    def _snapshot(
        self, sender: Proven, path: str, headers: Mapping[str, str], now: datetime
    ) -> Answer:
        scope_id, _, name = path.removeprefix(SNAPSHOT_ROUTE + "/").partition("/")
        found = served(self._snapshots, sender, scope_id, name, headers, now)
        self._watch_over(sender, {scope_id})
        names = {header.lower(): value for header, value in found.headers.items()}
        return Answer(status=found.status, headers=names, body=found.content)

    def _exchanged(
        self, sender: Proven, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> Answer:
        plain = decoded(body, headers.get("Content-Encoding", ""))
        call = read_call(sender, plain, now, self._snapshots.offered)
        with self._looked_at(call.batch):
            answer = exchange(self.database, call)
        if answer.told is not None:
            self.on_question(sender.device_id)
        told = {change.scope_id for change in (*answer.changes, *answer.repairs)}
        self._watch_over(sender, told | {*answer.cursors, *answer.roots, *answer.snapshots})
        content, coding = encoded(
            RESPONSES.dump_json(answer, exclude_defaults=True), headers.get("Accept-Encoding", "")
        )
        names = {"content-type": "application/json", "content-encoding": coding}
        return Answer(status=200, headers=names, body=content)

    def _watch_over(self, sender: Proven, told: Set[str]) -> None:
        """Note what of the scopes told is not for the sender: as the county says, not its code."""
        restricted = {scope for scope in told if is_restricted(scope)}
        if not restricted or self._statements_left is not None:
            return
        with self.database.reading() as session:
            doctor_id = session.get_one(DeviceRow, (COUNTY_ID, sender.device_id)).doctor_id
        for scope in sorted(restricted - self.restricted_for(doctor_id)):
            self.betrayed.append(f"{sender.device_id} was told of {scope}")

    @contextmanager
    def _looked_at(self, batch: Iterable[Opened]) -> Iterator[None]:
        """Note what of these edits is accepted over what their doctors were never shown."""
        # No power cut is to fall on a look instead of on the work.
        edits = edits_in(batch) if self._statements_left is None else []
        if not edits:
            yield
            return
        onlooker = Onlooker(self.database, edits, self.looks, self._brought_back)
        yield
        self.overwritten += onlooker.silent()

    def die_after(self, statements: int) -> None:
        """Lose power after so many more statements."""
        self._statements_left = statements

    def survive(self) -> None:
        """Take back what `die_after` said."""
        self._statements_left = None

    def write(self, items: Iterable[RecordWrite], now: datetime) -> None:
        """The office writes records of its own."""
        with self.database.writing() as session:
            write(session, COUNTY_ID, tuple(items), now)

    def give_villages(self, doctor_id: str, villages: Iterable[str], now: datetime) -> None:
        """Make a doctor responsible for exactly these villages."""
        self._villages.clear()
        act = Act(county_id=COUNTY_ID, by_user=OFFICE, now=now, make_id=str)
        with self.database.writing() as session:
            doctor = session.get_one(UserRow, (COUNTY_ID, doctor_id))
            set_villages(session, act, doctor, villages)

    def entrust(self, doctor_id: str, villages: Iterable[str], now: datetime) -> None:
        """Name a doctor for what is restricted in exactly these of their villages."""
        act = Act(county_id=COUNTY_ID, by_user=OFFICE, now=now, make_id=str)
        with self.database.writing() as session:
            doctor = session.get_one(UserRow, (COUNTY_ID, doctor_id))
            entrust_no_more(session, act, doctor, doctor.restricted_village_ids)
            entrust(session, act, doctor, list(villages))

    def restricted_for(self, doctor_id: str) -> set[str]:
        """The restricted scopes of a doctor: of those villages of theirs they are named for."""
        with self.database.reading() as session:
            doctor = session.get_one(UserRow, (COUNTY_ID, doctor_id))
            named = set(doctor.restricted_village_ids) & set(doctor.village_ids)
            return {restricted_scope(village) for village in named}

    def villages_of(self, doctor_id: str) -> list[str]:
        """The villages a doctor is responsible for."""
        if doctor_id not in self._villages:
            with self.database.reading() as session:
                found = run(session, _VILLAGES, doctor=doctor_id)
                self._villages[doctor_id] = list(found.scalar_one())
        return self._villages[doctor_id]

    def set_state(self, device_id: str, state: str) -> None:
        """Revoke a tablet, or give it its place back."""
        with self.database.writing() as session:
            session.get_one(DeviceRow, (COUNTY_ID, device_id)).state = state

    def state_of(self, device_id: str) -> str:
        """Whether a tablet is active or revoked."""
        with self.database.reading() as session:
            return session.get_one(DeviceRow, (COUNTY_ID, device_id)).state

    def set_aside(self, device_id: str) -> list[str]:
        """What was set aside from a tablet and waits for a person."""
        with self.database.reading() as session:
            return list(run(session, _ASIDE, device=device_id).scalars())

    def decide(self, op_id: str, choice: str, villages: Iterable[str], now: datetime) -> str:
        """A reviewer's word on what was set aside; the code of what stands in its way, if any."""
        reviewer = Reviewer(county_id=COUNTY_ID, user_id=OFFICE, village_ids=frozenset(villages))
        with self.database.reading() as session:
            aside = session.get_one(QuarantineRow, (COUNTY_ID, op_id))
            opened = reopened(aside.envelope, aside.device_id)
        try:
            with self._looked_at([opened]), self.database.writing() as session:
                decide(session, reviewer, op_id, choice, now)
        except Refused as refused:
            return refused.refusals[0].code
        return ""

    def held(self, record_id: str) -> Held | None:
        """A record as the county holds it."""
        with self.database.reading() as session:
            return load(session, COUNTY_ID, [record_id], lock=False).get(record_id)

    def back_up(self) -> None:
        """Keep a copy of everything as it is now."""
        self._backups += 1
        with (
            closing(sqlite3.connect(self._path)) as ours,
            closing(sqlite3.connect(self._backup_path)) as copy,
        ):
            ours.backup(copy)

    @property
    def has_backup(self) -> bool:
        """Whether there is a copy to restore."""
        return self._backups > 0

    def restore(self, now: datetime) -> None:
        """Lose everything since the last copy; every scope begins a new epoch."""
        self._restores += 1
        self._villages.clear()
        self.database.close()
        for suffix in ("-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(self._backup_path, self._path)
        with self.database.writing() as session:
            NewHistory(epoch=f"restored-{self._restores}", begun_at=now).begin(session)
            self._brought_back = standing_fields(session)

    def lose_snapshots(self) -> None:
        """Whoever tidies up on the server has emptied the folder."""
        shutil.rmtree(self._snapshot_folder, ignore_errors=True)

    def close(self) -> None:
        """Give the file back."""
        self.database.close()

    @property
    def _backup_path(self) -> Path:
        return self._path.with_suffix(".backup")

    def _opened(self) -> Database:
        database = open_database(f"sqlite:///{self._path}")
        event.listen(database.engine, "before_cursor_execute", self._count)
        return database

    def _count(self, *_: Any) -> None:
        if self._statements_left is None:
            return
        self._statements_left -= 1
        if self._statements_left < 0:
            raise PowerGone


_ASIDE = (
    select(QuarantineRow.op_id)
    .where(
        QuarantineRow.county_id == COUNTY_ID,
        QuarantineRow.device_id == bindparam("device"),
        QuarantineRow.settled_at.is_(None),
    )
    .order_by(QuarantineRow.op_id)
)
_VILLAGES = select(UserRow.village_ids).where(
    UserRow.county_id == COUNTY_ID, UserRow.id == bindparam("doctor")
)


def _told(status: int, code: str, **more: str) -> Answer:
    return Answer(
        status=status,
        headers={"content-type": "application/json"},
        body=canonical_bytes({"code": code, **more}),
    )
