"""Each kind of device keeps its secret where it is safest there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flet as ft
import pytest

from app import boot
from app.config import Config
from app.secure_storage import PlatformDeviceSecret
from app.store.device_secret import FileDeviceSecret


def secret_on(platform: ft.PagePlatform, folder: Path) -> object:
    page: Any = SimpleNamespace(platform=platform)

    async def ask() -> object:
        return boot._secret_on(page, Config(data_dir=folder))

    return asyncio.run(ask())


@pytest.mark.parametrize("platform", [ft.PagePlatform.ANDROID, ft.PagePlatform.IOS])
def test_a_tablet_keeps_its_secret_in_the_platforms_storage(
    platform: ft.PagePlatform, tmp_path: Path
) -> None:
    assert isinstance(secret_on(platform, tmp_path / "data"), PlatformDeviceSecret)


@pytest.mark.parametrize("platform", [ft.PagePlatform.LINUX, ft.PagePlatform.WINDOWS])
def test_a_desktop_keeps_its_secret_in_a_file_beside_the_data(
    platform: ft.PagePlatform, tmp_path: Path
) -> None:
    keeper = secret_on(platform, tmp_path / "data")
    assert isinstance(keeper, FileDeviceSecret)
    keeper.write(bytes(32))
    assert not (tmp_path / "data").exists()
    assert keeper.read() == bytes(32)
