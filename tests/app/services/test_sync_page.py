"""What the synchronisation page knows of the last try, whether or not it could be written down."""

from __future__ import annotations

import pytest

from app.county_link import Progress, SyncResult
from app.services.workplace import Workplace
from app.store.opening import Store
from tests.fakes import FakeCounty


def test_the_page_says_that_the_disk_is_full_until_something_goes_through(
    work: Workplace, county: FakeCounty, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(store: Store, progress: Progress) -> SyncResult:
        return SyncResult(finished_at=county.clock.now(), failed="disk_full")

    with monkeypatch.context() as patched:
        patched.setattr(county, "synchronise", full)
        work.sync.run_now()
    assert work.sync.status().last_failure == "disk_full"
    work.sync.run_now()
    assert work.sync.status().last_failure is None
