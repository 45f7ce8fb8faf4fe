"""A household and a resident in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

import words
from app.screens import correction, household, resident, resident_facts
from app.services.accounts import dots_of
from app.services.charts import Point, Series
from app.services.households import HouseholdView, MemberRow
from app.services.residents import ResidentView, SlotLine
from app.services.timeline import TimelineItem
from app.services.views import Delivery, Why
from core.history import History
from core.obligations import account_of
from core.people import Condition, TagSpan
from core.policy import default_policy
from core.vocabulary import GroupTag
from tests.app.screens.examples import dots
from tests.builders import TODAY, a_contract, a_household, a_resident, an_education

LAST = date(2026, 10, 20)


def a_member(resident_id: str, **fields: Any) -> MemberRow:
    return MemberRow(
        **{
            "resident_id": resident_id,
            "name": "李秀英",
            "age": 68,
            "sex": "female",
            "relation_to_head": "配偶",
            "phone": "",
            "tags": ("htn",),
            "left": None,
            "dots": dots("met", "open"),
            "urgency": None,
            "why": None,
            "due_by": None,
            "last_follow_up_on": None,
            "has_draft": False,
            **fields,
        }
    )


def a_house(*members: MemberRow, owed: tuple[str, ...] = (), **fields: Any) -> HouseholdView:
    return HouseholdView(
        **{
            "household": a_household(group_no="3组", house_no="15", contact_plate=True),
            "village": "石门村",
            "members": members,
            "owed": owed,
            "education": (),
            **fields,
        }
    )


def test_those_who_are_owed_come_first_in_the_order_of_the_visit() -> None:
    members = (a_member("r1"), a_member("r2"), a_member("r3"))
    view = household.present(a_house(*members, owed=("r3", "r2")))
    assert [member.resident_id for member in view.members] == ["r3", "r2", "r1"]
    assert view.owed_words == "这家有 2 人该随访"
    assert view.can_start


def test_a_house_that_is_owed_nothing_cannot_be_visited_by_mistake() -> None:
    view = household.present(a_house(a_member("r1")))
    assert not view.can_start
    assert view.members[0].reason == "现在不用随访"


def test_somebody_who_left_is_said_to_have_left() -> None:
    view = household.present(a_house(a_member("r1", left="died", why=Why(code="told.refer"))))
    assert view.members[0].reason == "已去世"


def test_a_house_tells_where_it_is_and_what_it_has() -> None:
    view = household.present(a_house(education=(an_education(),)))
    assert (view.heading, view.note) == ("王建国家", "石门村 3组 15号")
    assert ("联系牌", "有") in view.facts
    assert ("爱心保健箱", "没有") in view.facts
    assert "高血压" in view.education[0]


def a_page(**fields: Any) -> ResidentView:
    person = fields.pop("resident", None) or a_resident(GroupTag.HTN)
    contract = a_contract(person.id)
    account = account_of(default_policy(), History(resident=person, contracts=(contract,)), TODAY)
    return ResidentView(
        **{
            "resident": person,
            "age": 71,
            "masked_id_number": "990100********021X",
            "household": a_household(group_no="3组", house_no="15"),
            "village": "石门村",
            "contract": contract,
            "contract_state": contract.state,
            "account": account,
            "dots": dots_of(account),
            "explanation": tuple(SlotLine(slot=s, why=s.reason) for s in account.slots),
            "due": (),
            "series": (),
            "timeline": (),
            "medicines": (),
            "referrals_open": (),
            "exemptions": (),
            "special": (),
            "has_draft": False,
            **fields,
        }
    )


def test_the_years_account_is_twelve_slots_each_with_its_why() -> None:
    view = resident.present(a_page())
    assert [slot.number for slot in view.slots] == list(range(1, 13))
    assert view.slots[0].state_words == "已错过"
    assert all(slot.why for slot in view.slots)
    assert view.filled == "今年 0/12"


def test_a_resident_is_found_by_house_and_never_shows_a_whole_id_number() -> None:
    view = resident.present(a_page())
    assert view.note == "男 71岁 · 石门村 3组 15号"
    assert ("身份证号", "990100********021X") in view.facts.facts


def test_pressure_is_drawn_against_both_lines() -> None:
    points = (
        Point(on=date(2026, 9, 3), value=152, second=94),
        Point(on=LAST, value=138, second=82, reported=True),
    )
    series = Series(kind="blood_pressure", points=points, assessment=(150, 90), target=(130, 80))
    chart = resident.present(a_page(series=(series,))).charts[0]
    assert chart.assessment != chart.target
    assert [y for _, y, _ in chart.lines[0]] == [152, 138]
    assert [y for _, y, _ in chart.lines[1]] == [94, 82]
    assert chart.summary == "血压 mmHg，最近一次 10月20日 138/82 自报"
    assert [place for place, _ in chart.labels] == [0, 1]


def test_a_kind_without_readings_is_not_drawn() -> None:
    empty = Series(kind="glucose", points=(), assessment=(7.0,), target=())
    assert resident.present(a_page(series=(empty,))).charts == ()


def test_an_event_says_how_far_its_record_has_got() -> None:
    item = TimelineItem(
        id="f1",
        kind="follow_up",
        on=LAST,
        summary=Why(code="timeline.follow_up.home", values={"readings": "138/82"}),
        delivery=Delivery.COUNTY_HAS_IT,
    )
    referral = replace(item, id="x", kind="referral", withdrawn=True)
    first, second = resident.present(a_page(timeline=(item, referral))).events
    assert (first.delivery, first.record_id) == ("县里已收到", "f1")
    assert second.words.startswith("已撤回")
    assert second.record_id is None


def test_a_span_over_the_years_end_says_its_years() -> None:
    def told(from_on: date, to_on: date) -> str:
        why = Why(code="timeline.contract", values={"from_on": from_on, "to_on": to_on})
        item = TimelineItem(
            id="c1", kind="contract", on=LAST, summary=why, delivery=Delivery.COUNTY_HAS_IT
        )
        return resident.present(a_page(timeline=(item,))).events[0].words

    assert told(date(2026, 1, 1), date(2026, 12, 31)) == "签约 1月1日 至 12月31日"
    across = told(date(2025, 11, 10), date(2027, 11, 9))
    assert across == "签约 2025年11月10日 至 2027年11月9日"


def test_somebody_who_left_cannot_be_followed_up() -> None:
    person = a_resident(GroupTag.HTN, left="moved", left_on=LAST)
    view = resident.present(a_page(resident=person))
    assert not view.can_begin
    assert view.left == "已迁走"


def test_an_unfinished_form_is_gone_on_with() -> None:
    assert resident.present(a_page(has_draft=True)).begin_words == "接着写随访"
    assert resident.present(a_page()).begin_words == "开始随访"


def test_conditions_and_a_missing_contract_are_said_in_words() -> None:
    person = a_resident(conditions=(Condition(code="htn"), Condition(code="I25", name="冠心病")))
    view = resident.present(a_page(resident=person, contract=None))
    assert ("疾病", "高血压、冠心病") in view.facts.facts
    assert view.facts.contract == (("签约", "没有签约"),)


def test_a_contract_that_has_run_out_or_was_ended_is_shown_as_it_stands() -> None:
    ended = a_contract("r1", state="terminated", terminated_on=date(2026, 5, 31))
    page = a_page(contract=ended, contract_state="terminated")
    facts = dict(resident.present(page).facts.contract)
    assert facts["签约"] == "已解约"
    assert facts["签约期"] == "2026年1月1日 – 2026年5月31日"
    facts = dict(resident.present(a_page(contract_state="expired")).facts.contract)
    assert facts["签约"] == "已到期"


def test_no_list_names_a_group_that_is_told_in_confidence() -> None:
    person = a_resident(GroupTag.HTN, GroupTag.TB, GroupTag.SMI, GroupTag.HIV)
    assert resident.present(a_page(resident=person)).facts.tags == ("高血压",)
    house = household.present(a_house(a_member("r1", tags=("htn", "smi"))))
    assert house.members[0].tags == ("高血压",)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_special_programme_is_a_neutral_line_until_it_is_tapped(language: str) -> None:
    words.set_language(language)
    try:
        told = (TagSpan(tag="tb", from_on=date(2025, 3, 1)), TagSpan(tag="smi"))
        view = resident.present(a_page(special=told)).facts
        closed, opened = (
            texts_in(resident_facts.card(view, is_open=is_open, set_open=print))
            for is_open in (False, True)
        )
    finally:
        words.set_language("zh_CN")
    tb, smi = {
        "zh_CN": ("肺结核，自 2025年3月1日", "严重精神障碍"),
        "en": ("tuberculosis, since March 1, 2025", "severe mental disorder"),
    }[language]
    assert f"{tb}\n{smi}" in opened
    assert not [text for text in closed if tb[:3] in text or smi in text]
    label = {"zh_CN": "专项随访", "en": "Special programme"}[language]
    assert label in closed
    assert label in opened


def test_a_resident_without_a_special_programme_has_no_line_for_it() -> None:
    view = resident.present(a_page()).facts
    assert "专项随访" not in texts_in(resident_facts.card(view, is_open=False, set_open=print))


def texts_in(control: Any) -> list[str]:
    """Every word of a control and of those in it, spoken ones too."""
    told = [getattr(control, name, None) for name in ("value", "label")]
    inner = [getattr(control, "content", None), *(getattr(control, "controls", None) or ())]
    found = [text for text in told if isinstance(text, str)]
    return found + [text for each in inner if each is not None for text in texts_in(each)]


def test_programmes_beside_the_contract_have_a_row_each() -> None:
    names = [name for name, _ in resident.present(a_page()).programmes]
    assert len(names) == len(set(names))
    assert any("高血压" in name for name in names)


def test_only_what_was_really_changed_is_corrected() -> None:
    person = a_resident(phone="13900000000")
    form = correction.Form()
    assert not correction.present(person, form).can_save
    form.type("phone", "13900000000 ")
    assert correction.changes(person, form) == {}
    form.type("phone", "13911112222")
    assert correction.changes(person, form) == {"phone": "13911112222"}
    assert correction.present(person, form).can_save


def test_a_correction_never_shows_the_id_number_that_is_written() -> None:
    person = a_resident()
    assert ("id_number", "") in correction.present(person, correction.Form()).values
