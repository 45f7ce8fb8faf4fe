"""The device secret in the platform's secure storage, with a stand-in for the platform."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from app import secure_storage
from app.secure_storage import SECRET_NAME, PlatformDeviceSecret, platform_storage
from app.store.errors import DeviceSecretUnreadable
from tests.app.store.device_secret_contract import DeviceSecretContract

SECRET = bytes(range(32))


class FakePlatform:
    """A keychain in memory that can fall silent, fail or forget."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.is_silent = self.fails = self.forgets = False

    async def get(self, key: str) -> str | None:
        await self._work()
        return self.values.get(key)

    async def set(self, key: str, value: str) -> None:
        await self._work()
        if not self.forgets:
            self.values[key] = value

    async def remove(self, key: str) -> None:
        await self._work()
        self.values.pop(key, None)

    async def _work(self) -> None:
        if self.fails:
            raise RuntimeError("KeyStoreException")
        if self.is_silent:
            await asyncio.Event().wait()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop at work in a thread of its own, as a page's is."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    asyncio.run_coroutine_threadsafe(_nothing_left(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _nothing_left() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def keeper(platform: FakePlatform, loop: asyncio.AbstractEventLoop) -> PlatformDeviceSecret:
    return PlatformDeviceSecret(platform, loop)


class TestPlatformDeviceSecret(DeviceSecretContract):
    """The platform's storage keeps the contract."""

    @pytest.fixture(autouse=True)
    def _platform(self, platform: FakePlatform, loop: asyncio.AbstractEventLoop) -> None:
        self.platform, self.loop = platform, loop

    def keeper(self) -> PlatformDeviceSecret:
        return PlatformDeviceSecret(self.platform, self.loop)


def test_a_platform_that_fails_is_not_taken_for_one_without_a_secret(
    platform: FakePlatform, keeper: PlatformDeviceSecret
) -> None:
    keeper.write(SECRET)
    platform.fails = True
    with pytest.raises(DeviceSecretUnreadable):
        keeper.read()
    platform.fails = False
    assert keeper.read() == SECRET


def test_a_silent_platform_does_not_hang_the_tablet(
    platform: FakePlatform, keeper: PlatformDeviceSecret, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secure_storage, "ANSWER_SECONDS", 0.05)
    platform.is_silent = True
    with pytest.raises(DeviceSecretUnreadable, match="silent"):
        keeper.read()


def test_a_secret_the_platform_did_not_keep_is_noticed_at_once(
    platform: FakePlatform, keeper: PlatformDeviceSecret
) -> None:
    platform.forgets = True
    with pytest.raises(DeviceSecretUnreadable, match="keep"):
        keeper.write(SECRET)


def test_something_else_under_the_name_is_unreadable(
    platform: FakePlatform, keeper: PlatformDeviceSecret
) -> None:
    platform.values[SECRET_NAME] = "no hexadecimal"
    with pytest.raises(DeviceSecretUnreadable):
        keeper.read()


def test_the_platform_is_told_never_to_wipe_itself_nor_to_sync() -> None:
    storage = platform_storage()
    assert storage.android_options.reset_on_error is False
    assert storage.ios_options.accessibility is not None
    assert storage.ios_options.accessibility.value == "first_unlock_this_device"
    assert storage.ios_options.synchronizable is False
