"""A disk in memory whose power can be cut at any moment of its history.

It lies beneath the encryption, as a VFS. Everything written since the last sync of a file may be
on the disk after a cut, or not, or torn: each 512-byte sector for itself.
"""

# ruff: noqa: N802 - SQLite gives the methods of a VFS their names
from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import apsw

SECTOR_BYTES = 512
Fate = Callable[[random.Random], bool]
FATES: dict[str, Fate] = {
    "kept": lambda _chance: True,
    "dropped": lambda _chance: False,
    "torn": lambda chance: chance.random() < 0.5,
    "mostly kept": lambda chance: chance.random() < 0.95,
    "mostly dropped": lambda chance: chance.random() < 0.05,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one file."""

    file: str
    kind: Literal["write", "truncate", "sync", "delete"]
    offset: int = 0
    data: bytes = b""


@dataclass(slots=True)
class Disk:
    """Files in memory, and everything that was ever done to them."""

    files: dict[str, bytearray] = field(default_factory=dict)
    history: list[Event] = field(default_factory=list)
    origin: dict[str, bytes] = field(default_factory=dict)

    def load(self, path: Path) -> None:
        """Begin with a file that is durable already."""
        self.origin[str(path)] = path.read_bytes()
        self.files[str(path)] = bytearray(path.read_bytes())

    def now(self) -> int:
        """The moment: how many events there were."""
        return len(self.history)

    def happen(self, event: Event) -> None:
        """Do it and remember it."""
        self.history.append(event)
        _apply(self.files, event)

    def after_cut(self, moment: int, fate: Fate, chance: random.Random) -> dict[str, bytes]:
        """What lies on the disk after the power went at `moment`."""
        found = {name: bytearray(content) for name, content in self.origin.items()}
        past = self.history[:moment]
        synced = {event.file: at for at, event in enumerate(past) if event.kind == "sync"}
        for at, event in enumerate(past):
            if at < synced.get(event.file, -1):
                _apply(found, event)
            else:
                _apply_by_chance(found, event, fate, chance)
        return {name: bytes(content) for name, content in found.items()}


def _apply(files: dict[str, bytearray], event: Event) -> None:
    if event.kind == "delete":
        files.pop(event.file, None)
        return
    content = files.setdefault(event.file, bytearray())
    if event.kind == "truncate":
        content[event.offset :] = bytes(max(0, event.offset - len(content)))
    elif event.kind == "write":
        content.extend(bytes(max(0, event.offset - len(content))))
        content[event.offset : event.offset + len(event.data)] = event.data


def _apply_by_chance(
    files: dict[str, bytearray], event: Event, fate: Fate, chance: random.Random
) -> None:
    if event.kind != "write":
        if fate(chance):
            _apply(files, event)
        return
    start, end = event.offset, event.offset + len(event.data)
    while start < end:
        sector_end = min(end, (start // SECTOR_BYTES + 1) * SECTOR_BYTES)
        if fate(chance):
            piece = event.data[start - event.offset : sector_end - event.offset]
            _apply(files, Event(event.file, "write", start, piece))
        start = sector_end


class DiskFile:
    """A file of the disk, as SQLite's input and output."""

    def __init__(self, disk: Disk, name: str) -> None:
        self._disk = disk
        self._name = name
        disk.files.setdefault(name, bytearray())

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self._disk.files[self._name][offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.happen(Event(self._name, "write", offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        self._disk.happen(Event(self._name, "truncate", newsize))

    def xSync(self, _flags: int) -> None:
        self._disk.happen(Event(self._name, "sync"))

    def xFileSize(self) -> int:
        return len(self._disk.files[self._name])

    def xSectorSize(self) -> int:
        return SECTOR_BYTES

    def xDeviceCharacteristics(self) -> int:
        return 0

    def xLock(self, _level: int) -> None:
        """One process, one connection."""

    def xUnlock(self, _level: int) -> None:
        """One process, one connection."""

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, _operation: int, _pointer: int) -> bool:
        return False

    def xClose(self) -> None:
        """The content stays with the disk."""


class DiskVFS(apsw.VFS):
    """The disk as a VFS under a name of its own."""

    def __init__(self, name: str, disk: Disk) -> None:
        super().__init__(name, "")
        self._disk = disk

    def xOpen(self, name: apsw.URIFilename | str | None, _flags: list[int]) -> DiskFile:
        asked = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        return DiskFile(self._disk, asked)

    def xAccess(self, pathname: str, _flags: int) -> bool:
        return pathname in self._disk.files

    def xDelete(self, filename: str, _syncdir: bool) -> None:
        self._disk.happen(Event(filename, "delete"))
