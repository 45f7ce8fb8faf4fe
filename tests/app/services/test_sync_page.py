"""What the synchronisation page tells of the last try, and of edits that did not stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from app.county_link import Progress, SyncResult
from app.services.views import Delivery, NotTaken
from app.services.workplace import Workplace
from app.store.opening import Store
from core.wire.envelopes import Operation
from core.wire.receipts import Receipt
from tests.app.services.conftest import Village
from tests.fakes import FakeCounty


def answering(outcome: str, **values: object) -> Callable[[Operation], Receipt]:
    """A county that takes an edit, but not all of it as it came."""

    def answer(operation: Operation) -> Receipt:
        return Receipt(
            op_id=operation.op_id,
            device_seq=operation.device_seq,
            record_id=operation.record_id,
            revision=operation.revision,
            outcome=outcome,
            received_at="2026-11-22T02:00:01.000+00:00",
            values=values,
        )

    return answer


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


@pytest.mark.parametrize(
    ("answer", "delivery", "kept"),
    [
        (
            answering("merged", overruled=["phone", "correction_reason"], conflicts=[]),
            Delivery.OVERRULED,
            NotTaken(overruled=("phone",)),
        ),
        (
            answering("conflict", overruled=["phone"], conflicts=["name"]),
            Delivery.UNDECIDED,
            NotTaken(overruled=("phone",), undecided=("name",)),
        ),
        (
            answering("merged", overruled=["correction_reason"], conflicts=[]),
            Delivery.COUNTY_HAS_IT,
            NotTaken(),
        ),
    ],
)
def test_an_edit_of_which_a_field_did_not_stand_says_which_and_rings_no_alarm(
    work: Workplace,
    village: Village,
    county: FakeCounty,
    answer: Callable[[Operation], Receipt],
    delivery: Delivery,
    kept: NotTaken,
) -> None:
    county.answer = answer
    work.residents.correct(village.wang.id, {"phone": "13900000001", "name": "王建华"}, "换号")
    work.sync.run_now()
    page = work.sync.status()
    (row,) = page.records
    assert (row.delivery, row.not_taken) == (delivery, kept)
    assert (page.unsent, page.refused, page.returned) == (0, (), ())
    assert work.today.list().sync.state == "level"


@pytest.mark.parametrize(
    ("code", "told", "kept", "can_amend"),
    [
        (
            "op.clock_far_off",
            {"recorded_on": "2099-01-03"},
            {"recorded_on": date(2099, 1, 3)},
            True,
        ),
        ("op.clock_far_off", {"recorded_on": "in 2099"}, {"recorded_on": "in 2099"}, True),
        ("op.signature", {}, {}, False),
        ("op.of_2030", {"limit": 7}, {"limit": 7}, True),
    ],
)
def test_a_refused_record_says_why_and_whether_a_correction_would_help(
    work: Workplace,
    village: Village,
    county: FakeCounty,
    code: str,
    told: dict[str, object],
    kept: dict[str, object],
    can_amend: bool,
) -> None:
    county.answer = lambda o: replace(answering("refused", **told)(o), code=code)
    work.residents.correct(village.wang.id, {"phone": "13900000001"}, "换号")
    work.sync.run_now()
    (row,) = work.sync.status().refused
    assert (row.code, row.values, row.can_amend) == (code, kept, can_amend)
