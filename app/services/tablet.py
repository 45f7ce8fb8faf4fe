"""The locked tablet: who is enrolled here, enrolling, and unlocking with a PIN."""

from __future__ import annotations

import re
import secrets as randomness
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.clock import Clock
from app.config import APP_VERSION, Config
from app.county_link import CountyLink
from app.services import enrolling, obeying, recovering
from app.services.enrolling import DoctorOnTablet, InterruptedEnrolment
from app.services.obeying import HeededCounty
from app.services.practice import Practice, worded
from app.services.recovering import PendingRecovery
from app.services.workplace import Workplace
from app.store.custody import seal_for_county, wipe_is_due
from app.store.device_secret import DeviceSecretStore
from app.store.file_header import DATA_KEY_BYTES
from app.store.kdf import Argon2id, Scrypt
from app.store.keyring import KeyRing
from app.store.opening import Store
from app.store.outbox import iso
from app.store.pins import refuse_weak_pin
from app.store.place import take_place
from app.store.queries.device import the_device
from core.refusals import Refusal, Refused
from core.wire.envelopes import EnrolRequest, EnrolResponse

DEVICE_NAME = "tablet"
_CODE = re.compile(r"[0-9A-Za-z]{6,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEnrolment:
    """The county has taken the code; nothing lies on the tablet until the PIN is set.

    The private key is only here, so a pending enrolment that is dropped has to begin again
    with a new code.
    """

    doctor_name: str
    county_name: str
    county_url: str
    answer: EnrolResponse = field(repr=False)
    private_key: bytes = field(repr=False)


class Tablet:
    """The tablet as a thing that is new, locked or unlocked.

    One workplace at a time: unlocking again, say in a second tab, locks the one before.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        county: CountyLink,
        secrets: DeviceSecretStore,
        *,
        kdf: Argon2id | Scrypt | None = None,
    ) -> None:
        """`kdf` stretches PINs set from now on; by default the strongest there is."""
        self.config = config
        self._clock = clock
        self._county = county
        self._secrets = secrets
        self._kdf = kdf
        self._open: Workplace | None = None
        self._turn = RLock()

    def state(self) -> str:
        """`new` where nobody is enrolled here, else `locked`.

        A store without its ring is locked, not new: the county can still recover it. A wipe
        that was cut short is finished first.
        """
        if self.config.wiping_path.exists():
            obeying.destroy(self.config, self._secrets)
        here = self.config.ring_path.exists() or self.config.store_path.exists()
        return "locked" if here and self.interrupted_enrolment() is None else "new"

    def offered_county_url(self) -> str:
        """The county's address to begin with, as installed; "" where none was given."""
        return self.config.county_url

    def doctors(self) -> tuple[DoctorOnTablet, ...]:
        """Who can unlock it."""
        return enrolling.read_names(self.config.names_path)

    def interrupted_enrolment(self) -> InterruptedEnrolment | None:
        """An enrolment that used up its code and was never finished."""
        return enrolling.interrupted(self.config)

    def enrol(self, county_url: str, code: str) -> PendingEnrolment:
        """Makes the tablet's key and trades the code for a place in the county.

        Raises Refused: `enrol.code_shape`, `enrol.code_unknown`, `enrol.code_used`,
        `enrol.code_expired`, `county.unreachable`, `county.not_a_county`, `enrol.already`.
        """
        self._refuse_second()
        typed = re.sub(r"[\s-]", "", code)
        if not _CODE.fullmatch(typed):
            raise Refused(Refusal(code="enrol.code_shape", place="code"))
        key = Ed25519PrivateKey.generate()
        request = EnrolRequest(
            code=typed,
            device_public_key=key.public_key().public_bytes_raw().hex(),
            device_name=DEVICE_NAME,
            app_version=APP_VERSION,
        )
        answer = self._county.enrol(county_url, request)
        with self._turn:
            self._refuse_second()  # finished in another tab while the county was asked
            enrolling.mark_begun(self.config, county_url, self._clock.now())
        return PendingEnrolment(
            doctor_name=answer.doctor_name,
            county_name=answer.county_name,
            county_url=county_url,
            answer=answer,
            private_key=key.private_bytes_raw(),
        )

    def finish_enrolment(self, pending: PendingEnrolment, pin: str) -> Workplace:
        """Makes the data key, wraps it under the PIN and opens the store, empty of residents.

        Raises Refused `pin.shape`, `pin.repeated`, `pin.sequence`, `pin.common`, after which the
        same pending enrolment can be tried again, and `enrol.already`.
        """
        doctor = DoctorOnTablet(id=pending.answer.doctor_id, name=pending.answer.doctor_name)
        data_key = randomness.token_bytes(DATA_KEY_BYTES)
        with self._turn, worded():
            refuse_weak_pin(pin)
            self._refuse_second()
            enrolling.clear_leftovers(self.config)
            ring = KeyRing.create(self.config.ring_path, data_key, self._secrets, kdf=self._kdf)
            ring.add_doctor(doctor.id, pin, self._secrets, data_key=data_key)
            store = Store.open(self.config.store_path, data_key)
            with closed_on_failure(store):
                with store.transaction() as session:
                    take_place(
                        session,
                        pending.answer,
                        county_url=pending.county_url,
                        private_key=pending.private_key,
                        at=iso(self._clock.now()),
                    )
                self._take_up(store, data_key)
                enrolling.mark_finished(self.config, doctor)
                return self._at_work(store, doctor.id)

    def unlock(self, doctor_id: str, pin: str) -> Workplace:
        """Opens the store.

        Raises Refused: `unlock.wrong_pin` (tries, seconds), `unlock.locked_out` (seconds),
        `unlock.device_secret_missing`, `unlock.unknown_doctor`, `lease.over` (days),
        `tablet.wiped`, and the store's own codes.
        """
        with self._turn, worded():
            ring = KeyRing(self.config.ring_path, kdf=self._kdf)
            data_key = ring.unlock(doctor_id, pin, self._secrets, self._clock.now())
            self.lock()
            store = Store.open(self.config.store_path, data_key)
            with closed_on_failure(store):
                self._take_up(store, data_key)
                return self._at_work(store, doctor_id)

    def recover(self, code: str) -> PendingRecovery:
        """Trades the county's one-time code for this tablet's own key; changes nothing yet.

        Raises Refused: `recovery.code_shape`, `recovery.code_unknown`, `recovery.code_used`,
        `recovery.code_expired`, `recovery.cannot_open`, `recovery.not_possible`, and why the
        county cannot be reached.
        """
        return recovering.ask_county(self.config, self._county, code)

    def finish_recovery(self, pending: PendingRecovery, pin: str) -> Workplace:
        """Opens the store with everything in it under a new PIN.

        Raises Refused as `finish_enrolment` does; the same pending recovery can be tried again.
        """
        with self._turn, worded():
            self.lock()
            store = recovering.let_in(self.config, self._secrets, self._kdf, pending, pin)
            with closed_on_failure(store):
                self._take_up(store, pending.data_key)
                return self._at_work(store, pending.doctor.id)

    def _refuse_second(self) -> None:
        if self.state() != "new":
            raise Refused(Refusal(code="enrol.already"))

    def _take_up(self, store: Store, data_key: bytes) -> None:
        """What has to be in order before work begins: escrow, origin, the lease."""
        with store.transaction() as session:
            seal_for_county(session, data_key)
            recovering.write_origin(self.config, the_device(session))
        heeded = HeededCounty(self._county, self._wipe)
        obeying.refuse_without_contact(heeded, store, self._clock.now())

    def _wipe(self, store: Store) -> None:
        """Destroys what is here, by the county's order, and tells it so.

        Nothing is done where a record was saved since: it is handed in first. Nor while somebody
        is being let in, who would find half of it: the order stands until the next contact.
        """
        tell = self._county.farewell(store)
        if not self._turn.acquire(blocking=False):
            return
        try:
            if not store.close_if(wipe_is_due):
                return
            obeying.destroy(self.config, self._secrets)
        finally:
            self._turn.release()
        tell()

    def lock(self) -> None:
        """Locks the workplace that is open, if any."""
        leaving, self._open = self._open, None
        if leaving is not None:
            leaving.lock()

    def _at_work(self, store: Store, doctor_id: str) -> Workplace:
        names = {doctor.id: doctor.name for doctor in self.doctors()}
        with store.transaction() as session:
            device = the_device(session)
        practice = Practice(
            store=store,
            clock=self._clock,
            config=self.config,
            doctor_id=doctor_id,
            doctor_name=names.get(doctor_id, device.doctor_name),
            county_id=device.county_id,
            county_name=device.county_name,
        )
        self._open = Workplace(
            practice,
            HeededCounty(self._county, self._wipe),
            lambda old, new: self._change_pin(doctor_id, old, new),
        )
        return self._open

    def _change_pin(self, doctor_id: str, old: str, new: str) -> None:
        ring = KeyRing(self.config.ring_path, kdf=self._kdf)
        with worded():
            ring.change_pin(doctor_id, old, new, self._secrets, self._clock.now())


@contextmanager
def closed_on_failure(store: Store) -> Iterator[None]:
    """Closes the store if the block raises, so that the next try finds it free."""
    try:
        yield
    except BaseException:
        store.close()
        raise
