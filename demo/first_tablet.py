"""The demo's first tablet: put together as the real one is, enrolled over HTTP and synchronised."""

from __future__ import annotations

from pathlib import Path

import words
from app.boot import assemble, secret_beside
from app.config import Config
from app.services.tablet import Tablet
from county.office import invite_doctor
from demo.founding import DemoCounty, county_config

PIN = "274915"
"""The PIN of the tablet that comes enrolled."""


def the_tablet(folder: Path, demo: DemoCounty) -> Tablet:
    """The first doctor's tablet, locked, or new if it was never enrolled."""
    language = words.language()
    config = Config(data_dir=folder / "tablet", county_url=demo.county_url)
    tablet = assemble(config, secret_beside(config)).tablet
    # A tablet speaks the language last chosen on it; whoever shows the demo keeps theirs.
    words.set_language(language)
    return tablet


def enrol(tablet: Tablet, folder: Path, demo: DemoCounty) -> None:
    """Enrol it with a fresh code and bring everything down; the county must be running.

    Raises RuntimeError where the first synchronisation does not go through.
    """
    code = invite_doctor(county_config(folder), demo.doctors[0].user_id)[0].code
    workplace = tablet.finish_enrolment(tablet.enrol(demo.county_url, code), PIN)
    result = workplace.sync.run_now()
    tablet.lock()
    if result.failed:
        raise RuntimeError(f"the first synchronisation failed: {result.failed}")
