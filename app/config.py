"""Where the tablet keeps its data, from the environment; nothing personal is ever in here."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from app.store.atomic_file import write_atomically

APP_VERSION = "0.1.0"
LANGUAGES = ("zh_CN", "en")
FONT_SCALES = (1.0, 1.15, 1.3, 1.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The tablet's data folder and the county it offers to enrol at.

    `FLET_APP_STORAGE_DATA` is where Flet lets a packaged app write.
    """

    data_dir: Path
    county_url: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Config:
        """Reads `LUYUE_TABLET_DATA` and `LUYUE_COUNTY_URL`; falls back to a folder of the user."""
        chosen = environment.get("LUYUE_TABLET_DATA") or environment.get("FLET_APP_STORAGE_DATA")
        folder = Path(chosen) if chosen else Path.home() / ".luyue" / "tablet"
        return cls(data_dir=folder, county_url=environment.get("LUYUE_COUNTY_URL", ""))

    @property
    def store_path(self) -> Path:
        """The encrypted store."""
        return self.data_dir / "store.db"

    @property
    def ring_path(self) -> Path:
        """The key ring."""
        return self.data_dir / "ring.json"

    @property
    def prefs_path(self) -> Path:
        """What the lock screen has to know before any key is there."""
        return self.data_dir / "prefs.json"

    @property
    def log_path(self) -> Path:
        """Events as codes and counts."""
        return self.data_dir / "tablet.log"

    @property
    def names_path(self) -> Path:
        """Who can unlock the tablet."""
        return self.data_dir / "doctors.json"

    @property
    def enrolling_path(self) -> Path:
        """The marker of an enrolment that is not finished."""
        return self.data_dir / "enrolling.json"

    @property
    def origin_path(self) -> Path:
        """The tablet's id and its county's address, for a recovery."""
        return self.data_dir / "origin.json"

    @property
    def wiping_path(self) -> Path:
        """The marker of a wipe that is not finished."""
        return self.data_dir / "wiping.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What the unlock screen must know before any key is there."""

    language: str = "zh_CN"
    font_scale: float = 1.0


def read_preferences(config: Config) -> Preferences:
    """The stored preferences; the defaults where the file is missing or not readable as such."""
    try:
        stored = json.loads(config.prefs_path.read_text(encoding="utf-8"))
        language, font_scale = stored["language"], float(stored["font_scale"])
    except (OSError, ValueError, KeyError, TypeError):
        return Preferences()
    known = Preferences()
    if language in LANGUAGES:
        known = replace(known, language=language)
    if font_scale in FONT_SCALES:
        known = replace(known, font_scale=font_scale)
    return known


def write_preferences(config: Config, preferences: Preferences) -> None:
    """Replaces the preferences file as a whole."""
    config.data_dir.mkdir(parents=True, exist_ok=True)
    write_atomically(config.prefs_path, json.dumps(asdict(preferences)).encode())
