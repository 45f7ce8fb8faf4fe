"""A small file is the old one or the new one, whole, whatever happens in between."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from app.store.atomic_file import write_atomically
from app.store.errors import StoreFull


def test_the_content_is_durable_before_its_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "content")
        real_fsync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        steps.append("name")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    write_atomically(tmp_path / "ring.json", b"new")
    assert steps == ["content", "name", "folder"]


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ring.json"
    write_atomically(path, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StoreFull):
            write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [file.name for file in tmp_path.iterdir()] == ["ring.json"]


def test_a_leftover_of_an_earlier_crash_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "ring.json.new").write_bytes(b"half")
    write_atomically(tmp_path / "ring.json", b"whole")
    assert (tmp_path / "ring.json").read_bytes() == b"whole"
