"""The device secret in a file of its owner's alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.store.device_secret import FileDeviceSecret, new_device_secret
from tests.app.store.device_secret_contract import DeviceSecretContract


class TestFileDeviceSecret(DeviceSecretContract):
    """The file keeps the contract."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "apart"

    def keeper(self) -> FileDeviceSecret:
        return FileDeviceSecret(self.folder)


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    FileDeviceSecret(tmp_path / "apart").write(new_device_secret())
    (file,) = (tmp_path / "apart").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "apart").stat().st_mode & 0o777 == 0o700


def test_two_secrets_differ() -> None:
    assert new_device_secret() != new_device_secret()
