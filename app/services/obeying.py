"""Doing what the county demands: locking without contact, destroying everything on its order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from app.config import Config
from app.county_link import CountyLink, Progress, SyncResult
from app.logs import note
from app.services.enrolling import STORE_SUFFIXES
from app.store.atomic_file import sync_folder, write_atomically
from app.store.custody import lease_at, wipe_is_due
from app.store.device_secret import DeviceSecretStore
from app.store.errors import StoreFull
from app.store.opening import Store
from core.refusals import Refusal, Refused
from core.wire.custody import RecoverRequest, RecoverResponse
from core.wire.envelopes import EnrolRequest, EnrolResponse


class HeededCounty:
    """The county as an open workplace sees it: an order to wipe is carried out when it is due."""

    def __init__(self, county: CountyLink, wipe: Callable[[Store], None]) -> None:
        self._county = county
        self._wipe = wipe

    def enrol(self, county_url: str, request: EnrolRequest) -> EnrolResponse:
        """See CountyLink."""
        return self._county.enrol(county_url, request)

    def recover(self, county_url: str, request: RecoverRequest) -> RecoverResponse:
        """See CountyLink."""
        return self._county.recover(county_url, request)

    def farewell(self, store: Store) -> Callable[[], None]:
        """See CountyLink."""
        return self._county.farewell(store)

    def synchronise(self, store: Store, progress: Progress) -> SyncResult:
        """See CountyLink; then the wipe the county may have ordered."""
        result = self._county.synchronise(store, progress)
        if store.is_open and _wipe_is_due(store):
            self._wipe(store)
        return result


def refuse_without_contact(county: CountyLink, store: Store, now: datetime) -> None:
    """Raises Refused `lease.over` where the county has been silent too long, and is so still.

    Nothing is lost by it: work that waits goes up with the contact that ends the silence.
    """
    if not _lease_is_over(store, now):
        return
    county.synchronise(store, lambda _: None)
    if not store.is_open:
        raise Refused(Refusal(code="tablet.wiped"))
    if _lease_is_over(store, now):
        with store.transaction() as session:
            silent = lease_at(session, now).days_silent
        raise Refused(Refusal(code="lease.over", values={"days": silent}))


def destroy(config: Config, secrets: DeviceSecretStore) -> None:
    """Key ring and device secret first, which ends it; then the files. Safe to repeat.

    A marker is left until all is gone, so that a wipe cut short is finished at the next start;
    on a full disk it is done without.
    """
    with suppress(StoreFull):
        write_atomically(config.wiping_path, b"{}")
    config.ring_path.unlink(missing_ok=True)
    sync_folder(config.data_dir)
    secrets.erase()
    store = config.store_path
    for path in (
        *(store.with_name(store.name + suffix) for suffix in STORE_SUFFIXES),
        config.enrolling_path,
        config.names_path,
        config.origin_path,
    ):
        path.unlink(missing_ok=True)
    sync_folder(config.data_dir)
    config.wiping_path.unlink(missing_ok=True)
    sync_folder(config.data_dir)
    note("tablet.wiped")


def _wipe_is_due(store: Store) -> bool:
    with store.transaction() as session:
        return wipe_is_due(session)


def _lease_is_over(store: Store, now: datetime) -> bool:
    with store.transaction() as session:
        return lease_at(session, now).is_over
