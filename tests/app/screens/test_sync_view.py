"""What the page of synchronisation says: what became of the records, and what is going on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.county_link import SyncProgress, SyncResult
from app.screens import sync
from app.services.sync import RecordRow, RefusedRow, SyncView
from app.services.views import Delivery, NotTaken, ReturnedView
from app.sync.troubles import Trouble
from core.vocabulary import Kind
from tests.app.screens.examples import NOW
from tests.builders import (
    TODAY,
)


def a_sync_view(**fields: Any) -> SyncView:
    return SyncView(
        **{
            "unsent": 0,
            "unsent_bytes": 0,
            "oldest_unsent_at": None,
            "last_synced_at": None,
            "proof": None,
            "proved_at": None,
            "last_failure": None,
            "running": False,
            "records": (),
            "refused": (),
            "returned": (),
            **fields,
        }
    )


def a_record_row(delivery: Delivery, **fields: Any) -> RecordRow:
    return RecordRow(
        **{
            "record_id": "f1",
            "kind": Kind.FOLLOW_UP,
            "resident_id": "r1",
            "name": "王建国",
            "on": TODAY,
            "delivery": delivery,
            "receipt_no": 17,
            "queued_at": NOW,
            "received_at": None,
            **fields,
        }
    )


@pytest.mark.parametrize("delivery", Delivery)
def test_every_delivery_state_is_in_the_doctors_words(delivery: Delivery) -> None:
    view = sync.present(a_sync_view(records=(a_record_row(delivery),)), NOW)
    assert view.records[0].state
    assert view.records[0].tone in {"info", "good", "warn", "emergency"}


def test_a_receipt_shows_its_number_and_time() -> None:
    row = a_record_row(Delivery.COUNTY_HAS_IT, received_at=NOW)
    line = sync.present(a_sync_view(records=(row,)), NOW).records[0]
    assert "回执 17 号" in line.detail


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "zh_CN",
            (
                "姓名：跟县里的不一样，先保留县里的，由卫生院决定",
                "电话、性别：别处有更晚的修改，以县里的为准",
            ),
        ),
        (
            "en",
            (
                "Name: the county has another value and keeps it until the township decides",
                "Telephone, Sex: changed elsewhere since; what the county has stays",
            ),
        ),
    ],
)
def test_the_fields_of_an_edit_that_did_not_stand_are_named_with_what_stands(
    language: str, told: tuple[str, ...]
) -> None:
    kept = NotTaken(overruled=("phone", "sex"), undecided=("name",))
    row = a_record_row(Delivery.UNDECIDED, kind=Kind.RESIDENT, not_taken=kept)
    import words

    words.set_language(language)
    line = sync.present(a_sync_view(records=(row,)), NOW).records[0]
    assert set(told) <= set(line.detail.split("\n"))


def test_unsent_records_are_counted_with_the_age_of_the_oldest() -> None:
    view = sync.present(a_sync_view(unsent=4, oldest_unsent_at=NOW - timedelta(days=3)), NOW)
    assert view.summary == "还有 4 条没上传"
    assert "3 天前" in view.detail


def test_a_returned_visit_opens_its_correction() -> None:
    returned = ReturnedView(
        follow_up_id="f1",
        resident_id="r1",
        name="王建国",
        occurred_on=TODAY,
        decision="returned",
        reason="incomplete",
        note="缺血糖",
        returned_at=NOW,
    )
    trouble = sync.present(a_sync_view(returned=(returned,)), NOW).troubles[0]
    assert trouble.title == "王建国 2026年11月22日 的随访被退回"
    assert trouble.opens == "f1"
    assert "缺血糖" in trouble.why


def test_a_refused_record_has_a_reason_and_a_remedy() -> None:
    refused = RefusedRow(
        record_id="e1", kind=Kind.EDUCATION, resident_id=None, name=None, code="op.malformed"
    )
    trouble = sync.present(a_sync_view(refused=(refused,)), NOW).troubles[0]
    assert trouble.why
    assert trouble.remedy
    assert trouble.opens is None


def test_the_proof_that_both_sides_are_equal_is_told_with_its_time() -> None:
    assert "还没有" in sync.present(a_sync_view(), NOW).proof
    assert "两边一样" in sync.present(a_sync_view(proof=True, proved_at=NOW), NOW).proof
    assert "不一样" in sync.present(a_sync_view(proof=False, proved_at=NOW), NOW).proof


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_of_synchronisation_has_words(trouble: Trouble) -> None:
    words, tone = sync.result_words(SyncResult(finished_at=NOW, failed=trouble))
    assert words
    assert tone == "warn"


@pytest.mark.parametrize("stage", ["connecting", "sending", "receiving", "proving"])
def test_progress_says_what_is_going_on(stage: str) -> None:
    words, share = sync.progress_words(
        SyncProgress(stage=stage, sent=5, to_send=20, bytes_moved=2048, seconds_left=9.4)
    )
    assert "2 KB" in words
    assert "9 秒" in words
    assert share == 0.25


def test_a_first_load_says_how_much_of_it_is_here() -> None:
    words, share = sync.progress_words(
        SyncProgress(stage="loading", fetched=51_200, to_fetch=204_800, seconds_left=9.4)
    )
    assert "50/200 KB" in words
    assert "9 秒" in words
    assert share == 0.25
