"""What lies beside the store while and after a tablet is enrolled: the marker and the names.

The marker says that a one-time code was used up and no PIN set yet. While it is there without
the names, nobody can ever have saved a record here, so what a dead process left may be cleared
away. The names come with the PIN: beside them a marker has only outlived its removal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.config import Config
from app.store.atomic_file import sync_folder, write_atomically
from app.store.outbox import iso

STORE_SUFFIXES = ("", "-wal", "-journal", ".before", ".before.new")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorOnTablet:
    """A doctor who can unlock this tablet."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptedEnrolment:
    """A code was used here but no PIN was set: it is spent, the county must issue another."""

    county_url: str
    begun_at: datetime


def mark_begun(config: Config, county_url: str, now: datetime) -> None:
    """Leaves the marker and no names of an earlier life, durable when this returns."""
    config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    config.names_path.unlink(missing_ok=True)
    marker = {"county_url": county_url, "begun_at": iso(now)}
    write_atomically(config.enrolling_path, json.dumps(marker).encode())


def interrupted(config: Config) -> InterruptedEnrolment | None:
    """The enrolment the marker speaks of, None without one or where it was finished."""
    if config.names_path.exists() or not config.enrolling_path.exists():
        return None
    marker = json.loads(config.enrolling_path.read_text(encoding="utf-8"))
    return InterruptedEnrolment(
        county_url=marker["county_url"], begun_at=datetime.fromisoformat(marker["begun_at"])
    )


def clear_leftovers(config: Config) -> None:
    """Removes the store and ring of an enrolment that was never finished; needs the marker."""
    if interrupted(config) is None:
        raise FileNotFoundError("no enrolment is under way, so nothing here may be removed")
    leftovers = [config.store_path.with_name(config.store_path.name + s) for s in STORE_SUFFIXES]
    for path in (*leftovers, config.ring_path):
        path.unlink(missing_ok=True)


def mark_finished(config: Config, doctor: DoctorOnTablet) -> None:
    """Writes who can unlock, then takes the marker away for good: the tablet is enrolled."""
    write_names(config.names_path, (doctor,))
    config.enrolling_path.unlink(missing_ok=True)
    sync_folder(config.data_dir)


def write_names(path: Path, doctors: tuple[DoctorOnTablet, ...]) -> None:
    """The names the lock screen offers: those of doctors, never of residents."""
    names = [{"id": doctor.id, "name": doctor.name} for doctor in doctors]
    write_atomically(path, json.dumps(names, ensure_ascii=False).encode())


def read_names(path: Path) -> tuple[DoctorOnTablet, ...]:
    """Who can unlock this tablet."""
    names = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return tuple(DoctorOnTablet(id=entry["id"], name=entry["name"]) for entry in names)
