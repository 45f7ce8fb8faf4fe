"""What the page of synchronisation says: what became of the records, and what is going on."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import words
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

ROOT = Path(__file__).parent.parent.parent.parent


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


def a_refused_row(code: str, **fields: Any) -> RefusedRow:
    return RefusedRow(
        **{
            "record_id": "f1",
            "kind": Kind.FOLLOW_UP,
            "resident_id": "r1",
            "name": "王建国",
            "code": code,
            **fields,
        }
    )


def codes_of_refusal() -> list[str]:
    """The codes by which a county may set a record of its own kind aside, as documented."""
    told = (ROOT / "docs" / "wire.md").read_text("utf-8")
    table = told.split("The codes of refusal:")[1].split("\n\n")[1]
    firsts = "".join(row.split("|")[1] for row in table.splitlines())
    return re.findall(r"`((?:op|scope|device|body)\.[a-z_]+)`", firsts)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("code", codes_of_refusal())
def test_every_documented_refusal_of_a_record_has_its_reason_and_its_remedy(
    code: str, language: str
) -> None:
    assert {f"refusal.{code}", f"remedy.{code}"} <= set(words.catalogue(language))


def test_a_refused_record_has_a_reason_and_a_remedy() -> None:
    refused = a_refused_row("op.malformed", kind=Kind.EDUCATION)
    view = sync.present(a_sync_view(refused=(refused,), last_synced_at=NOW), NOW)
    assert (view.summary, view.tone) == ("都上传了，其中 1 条县里没收下", "warn")
    trouble = view.troubles[0]
    assert trouble.why == "记录的格式县里读不懂。"
    assert trouble.remedy == "请更新平板上的应用，再补录一次。"
    assert trouble.opens is None


def test_a_reason_only_a_newer_county_knows_is_told_by_its_code() -> None:
    trouble = sync.present(a_sync_view(refused=(a_refused_row("op.of_2030"),)), NOW).troubles[0]
    assert trouble.why == "县里没有收下，原因代号 op.of_2030，这个版本看不懂。"
    assert trouble.remedy == "请打开这条记录，更正后重新保存。"
    assert trouble.opens == "f1"


def test_a_field_and_a_day_of_a_refusal_are_told_in_words() -> None:
    rows = (
        a_refused_row("body.field", values={"field": "phone", "why": "Input should be a string"}),
        a_refused_row("op.clock_far_off", values={"recorded_on": date(2099, 1, 3)}),
    )
    troubles = sync.present(a_sync_view(refused=rows), NOW).troubles
    assert troubles[0].why == "记录的“电话”一项填写有误。"
    assert troubles[1].why == "记录时平板的日期（2099年1月3日）差得太远。"


def test_no_correction_is_offered_where_it_would_be_refused_like_the_record() -> None:
    row = a_refused_row("op.signature", can_amend=False)
    assert sync.present(a_sync_view(refused=(row,)), NOW).troubles[0].opens is None


def test_the_proof_that_both_sides_are_equal_is_told_with_its_time() -> None:
    assert "还没有" in sync.present(a_sync_view(), NOW).proof
    assert "两边一样" in sync.present(a_sync_view(proof=True, proved_at=NOW), NOW).proof
    assert "不一样" in sync.present(a_sync_view(proof=False, proved_at=NOW), NOW).proof


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_of_synchronisation_has_words(trouble: Trouble) -> None:
    said, tone = sync.result_words(SyncResult(finished_at=NOW, failed=trouble))
    assert said
    assert tone == "warn"


@pytest.mark.parametrize("stage", ["connecting", "sending", "receiving", "proving"])
def test_progress_says_what_is_going_on(stage: str) -> None:
    said, share = sync.progress_words(
        SyncProgress(stage=stage, sent=5, to_send=20, bytes_moved=2048, seconds_left=9.4)
    )
    assert "2 KB" in said
    assert "9 秒" in said
    assert share == 0.25


def test_a_first_load_says_how_much_of_it_is_here() -> None:
    said, share = sync.progress_words(
        SyncProgress(stage="loading", fetched=51_200, to_fetch=204_800, seconds_left=9.4)
    )
    assert "50/200 KB" in said
    assert "9 秒" in said
    assert share == 0.25
