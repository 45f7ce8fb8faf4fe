"""The device secret: 32 random bytes that never lie beside the store they help to unlock."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Protocol

from app.store.atomic_file import sync_folder, write_atomically

DEVICE_SECRET_BYTES = 32


class DeviceSecretStore(Protocol):
    """Where a platform keeps the device secret."""

    def read(self) -> bytes | None:
        """The secret, or None where there is none (any more)."""

    def write(self, secret: bytes) -> None:
        """Keep the secret, durable when this returns."""

    def erase(self) -> None:
        """Destroy the secret; no error where there is none."""


class FileDeviceSecret:
    """The secret in a file of its owner's alone (0600), in a folder apart from the store's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "device.secret"

    def read(self) -> bytes | None:
        """The secret, or None."""
        return self._path.read_bytes() if self._path.exists() else None

    def write(self, secret: bytes) -> None:
        """Keep the secret; the folder is made if need be, for its owner only."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self._path, secret)

    def erase(self) -> None:
        """Write over the secret, then unlink it."""
        if self._path.exists():
            with self._path.open("r+b") as file:
                file.write(bytes(DEVICE_SECRET_BYTES))
            self._path.unlink()
            sync_folder(self._folder)


def new_device_secret() -> bytes:
    """A fresh secret."""
    return secrets.token_bytes(DEVICE_SECRET_BYTES)
