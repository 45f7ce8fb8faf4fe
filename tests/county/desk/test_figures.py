"""Overview, people and person: the figures, what opens behind them, and the reason of a slot."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import select

from core.vocabulary import Decision, GroupTag
from county.tables import UserRow
from tests.builders import (
    a_contract,
    a_follow_up,
    a_household,
    a_resident,
    a_review,
    an_exemption,
    an_exemption_decision,
)
from tests.county.desk.desk_world import Browser, DeskWorld


def cells_of(page: str, name: str) -> list[str]:
    """The texts of the table row that begins with a name."""
    row = next(row for row in re.findall(r"<tr.*?</tr>", page, re.DOTALL) if f">{name}<" in row)
    texts = re.findall(r"<td.*?</td>", row, re.DOTALL)
    return [re.sub(r"<.*?>|\s+", "", text) for text in texts]


def link_of(page: str, name: str, column: int) -> str:
    """The address behind a cell of a row."""
    row = next(row for row in re.findall(r"<tr.*?</tr>", page, re.DOTALL) if f">{name}<" in row)
    cell = re.findall(r"<td.*?</td>", row, re.DOTALL)[column]
    found = re.search(r'href="([^"]+)"', cell)
    assert found
    return found.group(1).replace("&amp;", "&")


def visited(
    world: DeskWorld, name: str, months: tuple[int, ...], village: str = "village-1"
) -> str:
    """Somebody with hypertension visited in these months; returns the resident's id."""
    resident = world.person(GroupTag.HTN, name=name, village=village)
    world.visits(resident, *(a_follow_up(resident.id, date(2026, m, 5)) for m in months))
    return resident.id


def test_a_townships_figures_are_the_sum_of_its_peoples(world: DeskWorld) -> None:
    visited(world, "甲", (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11))
    visited(world, "乙", (1, 2, 3), "village-2")
    page = world.browser("county").get("/desk/overview").text
    # contracts, owed, due, filled, missed, open, excused, disputed, to date, whole year
    assert cells_of(page, "云岭镇")[:10] == [
        "2", "24", "21", "14", "7", "1", "0", "0", "66%", "58%",
    ]  # fmt: skip
    assert cells_of(page, "清水乡")[:2] == ["0", "0"]


def test_where_nothing_is_owed_a_share_is_a_dash_and_never_a_hundred(world: DeskWorld) -> None:
    page = world.browser("county").get("/desk/overview").text
    assert set(cells_of(page, "清水乡")[8:]) == {"—"}


def test_excused_months_leave_both_sides(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    exemption = an_exemption(resident.id, date(2026, 3, 1), date(2026, 4, 30))
    world.add(exemption, an_exemption_decision(exemption.id))
    page = world.browser("county").get("/desk/overview").text
    assert cells_of(page, "云岭镇")[1] == "10"
    assert cells_of(page, "云岭镇")[6] == "2"


def test_a_cell_opens_exactly_the_people_behind_it(world: DeskWorld) -> None:
    full = visited(world, "全满", tuple(range(1, 12)))
    behind = visited(world, "欠访", (1, 2, 3))
    elsewhere = visited(world, "外村", (1,), "village-2")
    browser = world.browser()
    page = browser.get("/desk/overview?by=village").text
    people = browser.get(link_of(page, "石门村", 4)).text
    assert behind in people
    assert full not in people
    assert elsewhere not in people


def test_the_overview_sorts_by_the_column_in_its_address(world: DeskWorld) -> None:
    visited(world, "甲", (1,), "village-1")
    visited(world, "乙", (1, 2, 3), "village-2")
    browser = world.browser()
    rising = browser.get("/desk/overview?by=village&sort=filled").text
    falling = browser.get("/desk/overview?by=village&sort=filled&dir=desc").text
    assert rising.index(">石门村<") < rising.index(">柳溪村<")
    assert falling.index(">柳溪村<") < falling.index(">石门村<")
    assert 'aria-sort="descending"' in falling


def test_the_way_down_goes_from_township_to_village_to_doctor_to_people(world: DeskWorld) -> None:
    resident_id = visited(world, "甲", (1,))
    browser = world.browser("county")
    page = browser.get("/desk/overview").text
    for name in ("云岭镇", "石门村", "周大夫"):
        found = re.search(rf'href="([^"]+)">{name}</a></th>', re.sub(r"</a>\s*", "</a>", page)) or (
            re.search(rf'href="([^"]+)">{name}</a>', page)
        )
        assert found, name
        page = browser.get(found.group(1).replace("&amp;", "&")).text
    assert resident_id in page


def test_people_are_found_by_name_and_by_the_end_of_the_id_number(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN, name="欧阳秀英", pinyin="ouyangxiuying", initials="oyxy")
    other = world.person(GroupTag.HTN, name="王二")
    browser = world.browser()
    for text in ("欧阳", "OUYANG", "oyxy", resident.id_number[-6:]):
        page = browser.get(f"/desk/people?q={text}").text
        assert resident.id in page, text
        assert other.id not in page, text


def test_a_search_for_a_wildcard_finds_only_the_character(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN, name="王二")
    assert resident.id not in world.browser().get("/desk/people?q=%25").text


def test_names_are_masked_when_asked(world: DeskWorld) -> None:
    world.person(GroupTag.HTN, name="欧阳秀英")
    page = world.browser().get("/desk/people?mask=1").text
    assert "欧***" in page
    assert "欧阳秀英" not in page


def test_those_without_a_contract_are_listed_when_asked_for(world: DeskWorld) -> None:
    signed = world.person(GroupTag.HTN, name="有签约")
    unsigned = world.unsigned("没签约")
    browser = world.browser()
    page = browser.get("/desk/people?show=unsigned").text
    assert unsigned.id in page
    assert signed.id not in page
    assert unsigned.id in browser.get("/desk/people").text


def test_the_person_page_says_of_every_slot_why_it_is_what_it_is(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN, birth_date=date(1980, 1, 1))
    met = a_follow_up(resident.id, date(2026, 1, 5))
    returned = a_follow_up(resident.id, date(2026, 2, 5))
    world.visits(resident, met, returned)
    world.add(a_review(returned.id, Decision.RETURNED, reason="incomplete"))
    page = world.browser().get(f"/desk/people/{resident.id}?year=2026&slot=2").text
    rows = dict(re.findall(r'<tr id="slot-(\d+)"(.*?)</tr>', page, re.DOTALL))
    assert len(rows) == 12
    assert f"/desk/follow-ups/{met.id}" in rows["1"]
    assert "已完成" in rows["1"]
    assert 'class="chosen"' in rows["2"]
    assert f"/desk/follow-ups/{returned.id}" in rows["2"]
    assert "待更正" in rows["2"]
    assert "退回" in rows["2"]
    assert "已错过" in rows["3"]
    assert "未到期" in rows["12"]
    assert all("C-KEY-MONTH" in row for row in rows.values())


def test_both_lines_stand_in_the_chart_of_blood_pressure(world: DeskWorld) -> None:
    resident_id = visited(world, "甲", (1, 2, 3))
    page = world.browser().get(f"/desk/people/{resident_id}").text
    assert 'class="assessment"' in page
    assert 'class="clinical"' in page
    assert "考核 150" in page
    assert "目标 130" in page


def test_the_person_page_masks_identity_and_is_written_down(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN, phone="13812345678")
    page = world.browser().get(f"/desk/people/{resident.id}").text
    assert resident.id_number not in page
    assert "138****5678" in page
    assert [act.object_id for act in world.acts("view")] == [resident.id]


def test_the_county_sees_all_a_township_its_own_a_doctor_the_village(world: DeskWorld) -> None:
    ids = [visited(world, "甲", (1,), f"village-{number}") for number in (1, 2, 3)]
    seen = {
        login: [found in world.browser(login).get("/desk/people").text for found in ids]
        for login in ("county", "auditor", "yunling", "qingshui", "liu")
    }
    assert seen == {
        "county": [True, True, True],
        "auditor": [True, True, True],
        "yunling": [True, True, False],
        "qingshui": [False, False, True],
        "liu": [False, True, False],
    }


@pytest.mark.parametrize("login", ["county", "auditor", "yunling", "zhou"])
@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_every_page_is_whole_in_both_languages_for_every_role(
    world: DeskWorld, login: str, lang: str
) -> None:
    resident_id = visited(world, "甲", (1, 2, 3))
    browser = world.browser(login)
    browser.get(f"/desk/language/{lang}")
    follow_up = link_to_follow_up(browser, resident_id)
    for path in (
        "/desk/overview", "/desk/overview?by=village", "/desk/overview?by=doctor", "/desk/people",
        f"/desk/people/{resident_id}", follow_up, "/desk/review", "/desk/phone-check?month=2026-03",
        "/desk/exemptions", "/desk/ledger", "/desk/quarantine", "/desk/tablets",
    ):  # fmt: skip
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert "⟦" not in answer.text, path
        assert " style=" not in answer.text, path
        assert "<script" not in answer.text, path
    assert browser.get("/desk/audit").status_code == (
        200 if login in {"county", "auditor"} else 404
    )


def link_to_follow_up(browser: Browser, resident_id: str) -> str:
    """The address of a follow-up on somebody's page."""
    page = browser.get(f"/desk/people/{resident_id}").text
    found = re.search(r'/desk/follow-ups/[^"]+', page)
    assert found
    return found.group(0)


def test_a_year_that_is_no_number_is_answered_in_plain_words(world: DeskWorld) -> None:
    answer = world.browser().get("/desk/overview?year=last")
    assert answer.status_code == 400
    assert "年份不是数字" in answer.text


def test_a_page_that_does_not_exist_says_so_inside_the_desk(world: DeskWorld) -> None:
    answer = world.browser().get("/desk/nowhere")
    assert answer.status_code == 404
    assert "没有这一页" in answer.text


def test_a_person_has_the_contract_in_force_and_one_that_has_run_out_is_not_called_signed(
    world: DeskWorld,
) -> None:
    resident = world.unsigned("甲")
    own = {"scope_id": resident.scope_id}
    spans = ((date(2024, 1, 1), date(2024, 12, 31)), (date(2026, 1, 1), date(2026, 12, 31)))
    for start, end in spans:
        world.add(a_contract(resident.id, start_on=start, end_on=end, **own))
    world.add(a_contract(resident.id, state="pending", start_on=date(2026, 6, 1), **own))
    page = world.browser().get(f"/desk/people/{resident.id}").text
    facts, contracts = page.split(">签约<")
    assert "2026-01-01 – 2026-12-31" in facts
    told = re.findall(r"(\d{4})-01-01 – .{0,80}?(已签约|已到期)", contracts, re.DOTALL)
    assert told == [("2026", "已签约"), ("2024", "已到期")]


def test_behind_a_number_of_contracts_stand_those_people_and_nobody_else(world: DeskWorld) -> None:
    signed = visited(world, "甲", (1,))
    unsigned = world.unsigned("乙").id
    browser = world.browser()
    page = browser.get("/desk/overview?by=village").text
    for column in (0, 1, 2, 11, 12):
        people = browser.get(link_of(page, "石门村", column)).text
        assert signed in people
        assert unsigned not in people
    assert unsigned in browser.get("/desk/people").text


def test_those_whom_no_doctor_looks_after_are_found_behind_their_figures(
    world: DeskWorld,
) -> None:
    looked_after = visited(world, "甲", (1,))
    with world.database.writing() as session:
        for doctor in session.scalars(select(UserRow).where(UserRow.role == "doctor")):
            doctor.village_ids = []
    household = a_household()
    alone = a_resident(GroupTag.HTN, household_id=household.id, name="乙")
    world.add(household, alone, a_contract(alone.id, doctor_id=None))
    browser = world.browser("county")
    people = browser.get(link_of(browser.get("/desk/overview?by=doctor").text, "—", 0)).text
    assert alone.id in people
    assert looked_after not in people
