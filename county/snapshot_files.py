"""The folder of finished snapshots: each under its scope, epoch and number, for as long as it pays.

It is a cache and holds health data: folders are 0700, files 0600, and all of it may be
deleted at any moment. Several processes may share it: a file appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import zstandard

from core.wire.snapshots import SnapshotOffer

ZSTD_LEVEL = 9
KEPT_OF_A_SCOPE = 2
KEPT_FOR = timedelta(days=7)
KEPT_BYTES = 2 << 30
"""What the folder may weigh in all; the oldest go first."""
_NAME = re.compile(r"([0-9A-Za-z_.-]{1,64})-([0-9]{1,18})\.([0-9a-f]{64})\.zst")
_BEGUN = ".begun"
_SCOPE_DIGITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSnapshot:
    """A finished snapshot and what it is offered as."""

    path: Path
    offer: SnapshotOffer


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFiles:
    """The snapshots kept in one folder."""

    folder: Path

    def of_scope(self, county_id: str, scope_id: str) -> list[KeptSnapshot]:
        """All that are kept of a scope, the newest number of each epoch last."""
        place = self._place(county_id, scope_id)
        kept = [_kept(path) for path in place.glob("*.zst")] if place.is_dir() else []
        found = [item for item in kept if item is not None]
        return sorted(found, key=lambda item: (item.offer.epoch, item.offer.seq))

    def keep(
        self, county_id: str, scope_id: str, cursor: tuple[str, int], lines: Iterable[bytes]
    ) -> KeptSnapshot:
        """Compress the lines into a file of that epoch and number.

        What `lines` raises goes through, as OSError does, and leaves nothing behind.
        """
        place = self._place(county_id, scope_id)
        for folder in (self.folder, place):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        begun = place / f"{secrets.token_hex(8)}{_BEGUN}"
        try:
            size, sha256 = _written(begun, lines)
            epoch, seq = cursor
            path = place / f"{epoch}-{seq}.{sha256}.zst"
            begun.replace(path)
        finally:
            begun.unlink(missing_ok=True)
        offer = SnapshotOffer(epoch=epoch, seq=seq, bytes=size, sha256=sha256)
        return KeptSnapshot(path=path, offer=offer)

    def clear_out(self, now: datetime) -> None:
        """Let go what is too old or too much, and what a crash left half made."""
        places = [place for place in self.folder.iterdir() if place.is_dir()]
        spare: list[Path] = []
        for place in places:
            newest_first = sorted(_ages(place.glob("*.zst")), reverse=True)
            spare += [path for _, path in newest_first[KEPT_OF_A_SCOPE:]]
        too_old = (now - KEPT_FOR).timestamp()
        everything = sorted(_ages(self.folder.glob("*/*")), reverse=True)
        spare += [path for changed, path in everything if changed < too_old]
        weight = 0
        for _, path in everything:
            weight += _size(path)
            if weight > KEPT_BYTES:
                spare.append(path)
        for path in set(spare):
            path.unlink(missing_ok=True)

    def _place(self, county_id: str, scope_id: str) -> Path:
        # A digest: no name of a place stands in a path, and none can lead out of the folder.
        name = hashlib.sha256(f"{county_id}\n{scope_id}".encode()).hexdigest()
        return self.folder / name[:_SCOPE_DIGITS]


def _kept(path: Path) -> KeptSnapshot | None:
    match = _NAME.fullmatch(path.name)
    size = _size(path)
    if match is None or not size:
        return None
    offer = SnapshotOffer(epoch=match[1], seq=int(match[2]), bytes=size, sha256=match[3])
    return KeptSnapshot(path=path, offer=offer)


def _written(path: Path, lines: Iterable[bytes]) -> tuple[int, str]:
    """Size and SHA-256 of the compressed lines, on the disk when this returns."""
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for packed in _compressed(lines):
            digest.update(packed)
            size += file.write(packed)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _compressed(lines: Iterable[bytes]) -> Iterator[bytes]:
    packing = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj()
    for line in lines:
        if packed := packing.compress(line):
            yield packed
    yield packing.flush()


def _ages(paths: Iterable[Path]) -> Iterator[tuple[float, Path]]:
    """When each was made; one that another process has just taken away is passed over."""
    for path in paths:
        try:
            yield path.stat().st_mtime, path
        except FileNotFoundError:
            continue


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
