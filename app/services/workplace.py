"""The unlocked tablet: every use case in one place, until it is locked again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from app.county_link import CountyLink
from app.services.accounts import reckon_ahead
from app.services.education import EducationService
from app.services.exemptions import ExemptionService
from app.services.followups import FollowUpService
from app.services.hand_over import HandOverService
from app.services.households import HouseholdService
from app.services.idle import IdleWatch
from app.services.month import MonthService
from app.services.practice import Practice
from app.services.referrals import ReferralService
from app.services.residents import ResidentService
from app.services.settings import SettingsService, stored_lock_minutes
from app.services.sync import SyncService
from app.services.today import TodayService
from app.store.opening import Store
from app.store.retention import give_room_back, retire_some
from core.refusals import Refused

REST_AFTER_S = 3.0
REST_USED_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """Whose workplace it is."""

    id: str
    name: str


class Workplace:
    """What boot and the screens hold while the tablet is unlocked.

    `store` is for the synchronisation's worker; screens use the services only.
    """

    def __init__(
        self, practice: Practice, county: CountyLink, change_pin: Callable[[str, str], None]
    ) -> None:
        self._practice = practice
        self.doctor = Doctor(id=practice.doctor_id, name=practice.doctor_name)
        self.store: Store = practice.store
        self.today = TodayService(practice)
        self.households = HouseholdService(practice)
        self.residents = ResidentService(practice)
        self.follow_ups = FollowUpService(practice)
        self.education = EducationService(practice)
        self.referrals = ReferralService(practice)
        self.exemptions = ExemptionService(practice)
        self.sync = SyncService(practice, county)
        self.hand_over = HandOverService(practice)
        self.month = MonthService(practice)
        self._watch = IdleWatch(practice.clock, stored_lock_minutes(practice))
        self.settings = SettingsService(practice, change_pin, self._watch)

    def touch(self) -> None:
        """Somebody is at work: the idle time begins anew."""
        self._watch.touch()

    def idle_too_long(self) -> bool:
        """Whether it should lock: untouched for the minutes set, or the store has been closed."""
        return self._watch.is_over() or not self.store.is_open

    def use_rest(self) -> None:
        """Tidies up and prepares the next days' lists while nobody touches the tablet.

        It takes a few seconds at most.

        To be called now and then, off the screens' own thread. It ends at a touch, at a
        lock, or when there is nothing left to prepare.
        """
        ends_s = self._practice.clock.elapsed_s() + REST_USED_S
        # Locked between two steps, or out of room: what was not prepared is reckoned when read.
        with suppress(Refused):
            while self._watch.rested_s() >= REST_AFTER_S and self._prepare_some():
                if self._practice.clock.elapsed_s() > ends_s:
                    break

    def _prepare_some(self) -> bool:
        with self._practice.transaction() as session:
            return (
                retire_some(session, self._practice.today)
                or give_room_back(session)
                or reckon_ahead(session, self._practice)
            )

    def lock(self) -> None:
        """Closes the store and drops its key; every service refuses from now on. Safe to repeat."""
        self.store.close()
