"""The county as the services see it: enrolling, and one synchronisation at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock

from app.clock import Clock
from app.county_link import Progress, SyncResult
from app.store import outbox
from app.store.custody import key_to_hand_in
from app.store.errors import StoreClosed, StoreFull, StoreUnusable
from app.store.opening import Store
from app.store.queries.device import the_device
from app.sync import custody, enrolment
from app.sync.beside import Beside, InAThread
from app.sync.coding import Codings
from app.sync.county_call import CountyCall, Signer
from app.sync.cycle import Cycle, note_failure
from app.sync.first_load import PORTIONS, Portions
from app.sync.pace import Paces
from app.sync.progress import Tally
from app.sync.pull import Parties
from app.sync.transport import HttpTransport, Transport
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.custody import RecoverRequest, RecoverResponse
from core.wire.envelopes import EnrolRequest, EnrolResponse


class HttpCounty:
    """Stands behind `app.county_link.CountyLink`."""

    def __init__(
        self,
        clock: Clock,
        connect: Callable[[str], Transport] = HttpTransport,
        portions: Portions | None = PORTIONS,
        beside: Callable[[], Beside] = InAThread,
        paces: Paces | None = None,
    ) -> None:
        """`portions` are those of a first load; None has it come by pages.

        `beside` makes what carries requests while the tablet works on; `paces` are those to
        begin with.
        """
        self._clock = clock
        self._connect = connect
        self._portions = portions
        self._turn = Lock()
        self._beside = beside
        self._paces = paces or Paces()
        self._cancelled = Event()
        self._codings: dict[str, Codings] = {}

    def enrol(self, county_url: str, request: EnrolRequest) -> EnrolResponse:
        """See CountyLink."""
        return enrolment.enrol(self._connect, county_url, request)

    def recover(self, county_url: str, request: RecoverRequest) -> RecoverResponse:
        """See CountyLink."""
        return custody.recover(self._connect, county_url, request)

    def farewell(self, store: Store) -> Callable[[], None]:
        """See CountyLink."""
        outset = _outset(store)

        def tell() -> None:
            # Nothing is left to try again with: the county sees the silence instead.
            with suppress(SyncTrouble):
                transport = self._connect(outset.county_url)
                try:
                    custody.tell_wiped(CountyCall(transport, outset.signer, self._clock))
                finally:
                    transport.close()

        return tell

    def synchronise(self, store: Store, progress: Progress) -> SyncResult:
        """See CountyLink; a second call waits for the first.

        What nobody expected is raised as it is, and noted.
        """
        with self._turn:
            self._cancelled.clear()
            try:
                return self._run(store, progress)
            except StoreClosed:
                return self._failed(Trouble.LOCKED)
            except StoreFull:
                return self._failed(Trouble.DISK_FULL)
            except StoreUnusable:
                return self._failed(Trouble.STORE_FAILED)
            except Exception:
                with suppress(Exception):  # a store that cannot be written is told of already
                    note_failure(store, Trouble.TABLET_TROUBLE)
                raise

    def _failed(self, code: Trouble) -> SyncResult:
        return SyncResult(finished_at=self._clock.now(), failed=code)

    def cancel(self) -> None:
        """Ask a running synchronisation to stop after the round trip under way."""
        self._cancelled.set()

    def _run(self, store: Store, progress: Progress) -> SyncResult:
        outset = _outset(store)
        try:
            transport = self._connect(outset.county_url)
        except SyncTrouble as trouble:
            note_failure(store, trouble.code)
            return self._failed(trouble.code)
        beside = self._beside()
        try:
            codings = self._codings.setdefault(outset.county_url, Codings())
            call = CountyCall(transport, outset.signer, self._clock, codings)
            if outset.sealed_key:
                with suppress(SyncTrouble):  # the cycle meets the same trouble and reports it
                    custody.hand_key_in(store, call, outset.sealed_key)
            return Cycle(
                store,
                call,
                outset.parties,
                Tally(clock=self._clock, progress=progress, to_send=outset.waiting),
                self._cancelled.is_set,
                self._portions,
                self._paces,
                beside,
            ).run()
        finally:
            beside.close()
            transport.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outset:
    """What a synchronisation begins with: where the county is, who speaks, and what waits."""

    county_url: str
    signer: Signer
    parties: Parties
    sealed_key: str
    waiting: int


def _outset(store: Store) -> _Outset:
    with store.transaction() as session:
        device = the_device(session)
        return _Outset(
            county_url=device.county_url,
            signer=Signer(device_id=device.device_id, private_key=device.private_key),
            parties=Parties(device_id=device.device_id, county_key=device.county_public_key),
            sealed_key=key_to_hand_in(session),
            waiting=outbox.waiting(session),
        )
