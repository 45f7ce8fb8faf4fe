"""The device secret in the platform's secure storage: Android's Keystore, Apple's keychain."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import TimeoutError as NoAnswer
from typing import Any, Protocol, TypeVar

from flet_secure_storage import (
    AndroidOptions,
    IOSOptions,
    KeychainAccessibility,
    MacOsOptions,
    SecureStorage,
)

from app.store.errors import DeviceSecretUnreadable

SECRET_NAME = "luyue.device_secret"
ANSWER_SECONDS = 10.0
_ON_THIS_DEVICE_ONLY = KeychainAccessibility.FIRST_UNLOCK_THIS_DEVICE

_T = TypeVar("_T")


class AsyncStorage(Protocol):
    """The part of Flet's secure storage that is used here."""

    async def get(self, key: str) -> str | None:
        """The value, or None."""

    async def set(self, key: str, value: str) -> None:
        """Keep the value."""

    async def remove(self, key: str) -> None:
        """Drop the value."""


def platform_storage() -> SecureStorage:
    """Flet's secure storage, set to refuse rather than to wipe itself, and never to leave here."""
    return SecureStorage(
        android_options=AndroidOptions(reset_on_error=False),
        ios_options=IOSOptions(accessibility=_ON_THIS_DEVICE_ONLY),
        macos_options=MacOsOptions(accessibility=_ON_THIS_DEVICE_ONLY),
    )


class PlatformDeviceSecret:
    """A DeviceSecretStore over Flet's asynchronous storage; call it from worker threads only."""

    def __init__(self, storage: AsyncStorage, loop: asyncio.AbstractEventLoop) -> None:
        """`loop` is the one the page lives on."""
        self._storage = storage
        self._loop = loop

    def read(self) -> bytes | None:
        """The secret or None; DeviceSecretUnreadable where the platform gives no answer."""
        text = self._answer(self._storage.get(SECRET_NAME))
        try:
            return bytes.fromhex(text) if text else None
        except ValueError as error:
            raise DeviceSecretUnreadable("the platform gave back something else") from error

    def write(self, secret: bytes) -> None:
        """Keep the secret, then read it back: without it the store would be lost to the doctor."""
        self._answer(self._storage.set(SECRET_NAME, secret.hex()))
        if self.read() != secret:
            raise DeviceSecretUnreadable("the platform did not keep the device secret")

    def erase(self) -> None:
        """Drop the secret."""
        self._answer(self._storage.remove(SECRET_NAME))

    def _answer(self, question: Coroutine[Any, Any, _T]) -> _T:
        future = asyncio.run_coroutine_threadsafe(question, self._loop)
        try:
            return future.result(ANSWER_SECONDS)
        except NoAnswer as error:
            future.cancel()
            raise DeviceSecretUnreadable("the platform's secure storage is silent") from error
        # Whatever the platform's plugin raises, the secret may well be there: never "missing".
        except Exception as error:
            raise DeviceSecretUnreadable("the platform's secure storage failed") from error
