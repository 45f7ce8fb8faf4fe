"""PIN, language, size of type, time to auto-lock, and what is installed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from app.config import (
    APP_VERSION,
    FONT_SCALES,
    LANGUAGES,
    Preferences,
    read_preferences,
    write_preferences,
)
from app.services.idle import IdleWatch
from app.services.policies import rules_in
from app.services.practice import Practice
from app.store import migrations
from app.store.queries import people, records
from app.store.queries.device import set_setting, setting, the_device
from core.refusals import Refusal, Refused
from core.vocabulary import Kind

LOCK_MINUTES = (1, 3, 5, 10)
DEFAULT_LOCK_MINUTES = 5
LOCK_SETTING = "lock_minutes"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsView:
    """What can be set."""

    language: str
    font_scale: float
    lock_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is installed and for whom."""

    app_version: str
    store_version: int
    doctor_name: str
    county_name: str
    county_url: str
    device_id: str
    enrolled_at: datetime
    policy_version: str
    policy_from: date | None
    residents: int
    follow_ups: int
    store_bytes: int
    """What the store, its log and its spare copy take up on the disk."""


def stored_lock_minutes(practice: Practice) -> int:
    """The minutes set, the default where none were."""
    with practice.transaction() as session:
        return int(setting(session, LOCK_SETTING) or DEFAULT_LOCK_MINUTES)


class SettingsService:
    """The settings page."""

    def __init__(
        self, practice: Practice, change_pin: Callable[[str, str], None], watch: IdleWatch
    ) -> None:
        self._practice = practice
        self._change_pin = change_pin
        self._watch = watch

    def get(self) -> SettingsView:
        """The settings as they stand."""
        preferences = read_preferences(self._practice.config)
        return SettingsView(
            language=preferences.language,
            font_scale=preferences.font_scale,
            lock_minutes=self._watch.lock_minutes,
        )

    def change_pin(self, old: str, new: str) -> None:
        """Re-wraps the data key under a new PIN.

        Raises Refused: `unlock.wrong_pin`, `unlock.locked_out`, and `pin.<reason>` for a weak one.
        """
        self._change_pin(old, new)

    def set_language(self, language: str) -> None:
        """Takes zh_CN or en; raises Refused `setting.value`."""
        _demand(language in LANGUAGES, "language")
        self._prefer(replace(read_preferences(self._practice.config), language=language))

    def set_font_scale(self, scale: float) -> None:
        """Takes one of `app.config.FONT_SCALES`; raises Refused `setting.value`."""
        _demand(scale in FONT_SCALES, "font_scale")
        self._prefer(replace(read_preferences(self._practice.config), font_scale=scale))

    def set_lock_minutes(self, minutes: int) -> None:
        """Takes one of LOCK_MINUTES; raises Refused `setting.value`."""
        _demand(minutes in LOCK_MINUTES, "lock_minutes")
        with self._practice.transaction() as session:
            set_setting(session, LOCK_SETTING, str(minutes))
        self._watch.lock_minutes = minutes

    def about(self) -> About:
        """Versions, county and counts."""
        with self._practice.transaction() as session:
            device = the_device(session)
            policy = rules_in(session).on(self._practice.today)
            residents = people.count(session)
            follow_ups = records.count(session, Kind.FOLLOW_UP)
        return About(
            app_version=APP_VERSION,
            store_version=migrations.steps()[-1].number,
            doctor_name=self._practice.doctor_name,
            county_name=device.county_name,
            county_url=device.county_url,
            device_id=device.device_id,
            enrolled_at=datetime.fromisoformat(device.enrolled_at),
            policy_version=policy.version,
            policy_from=policy.effective_from,
            residents=residents,
            follow_ups=follow_ups,
            store_bytes=_bytes_of(self._practice.config.store_path),
        )

    def _prefer(self, preferences: Preferences) -> None:
        write_preferences(self._practice.config, preferences)


def _bytes_of(store: Path) -> int:
    return sum(file.stat().st_size for file in store.parent.glob(f"{store.name}*"))


def _demand(holds: bool, place: str) -> None:
    if not holds:
        raise Refused(Refusal(code="setting.value", place=place))
