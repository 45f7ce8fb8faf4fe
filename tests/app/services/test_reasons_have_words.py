"""Whatever the use cases say by a code has its sentence, with every gap filled."""

from __future__ import annotations

from datetime import date, timedelta
from string import Formatter

import pytest

import words
from app.services.views import Delivery, Why
from app.services.workplace import Workplace
from core.validation import OUTCOMES
from core.vocabulary import Decision, Mode, NotMet
from core.worklist import Urgency
from tests.app.services.conftest import Village, come_down
from tests.app.services.visits import begin
from tests.builders import (
    TODAY,
    a_contract,
    a_follow_up,
    a_referral,
    a_referral_outcome,
    a_review,
    an_exemption,
    blood_pressure,
)

LANGUAGES = ("zh_CN", "en")
FAMILIES = {
    "timeline.follow_up": tuple(Mode),
    "timeline.not_met": tuple(NotMet),
    "timeline.outcome": OUTCOMES,
    "timeline.review": tuple(Decision),
    "told": ("class_1", "class_2", "class_3", "class_4", "adverse_reaction", "emergency", "refer"),
    "today.group": tuple(Urgency),
    "delivery": tuple(Delivery),
}


def assert_worded(why: Why) -> None:
    for language in LANGUAGES:
        sentence = words.catalogue(language)[why.code]
        gaps = {name for _, name, _, _ in Formatter().parse(sentence) if name}
        assert gaps <= why.values.keys(), why.code


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_member_of_a_family_has_a_sentence(family: str, language: str) -> None:
    there = words.catalogue(language)
    assert [code for code in FAMILIES[family] if f"{family}.{code}" not in there] == []


def test_every_reason_on_a_busy_tablet_can_be_worded(work: Workplace, village: Village) -> None:
    wang, li, zhao = village.wang.id, village.li.id, village.zhao.id
    grave = a_follow_up(wang, TODAY - timedelta(days=20), readings=(blood_pressure(190, 112),))
    raised = a_follow_up(li, TODAY - timedelta(days=16), readings=(blood_pressure(165, 95),))
    absent = a_follow_up(li, TODAY - timedelta(days=60), not_met="refused", readings=())
    referral = a_referral(wang, TODAY - timedelta(days=20))
    come_down(
        work.store,
        grave,
        raised,
        absent,
        a_review(raised.id, Decision.QUESTIONED),
        referral,
        a_referral_outcome(referral.id),
        an_exemption(li, date(2026, 8, 1), date(2026, 8, 31)),
        a_contract(zhao, end_on=TODAY + timedelta(days=9)),
    )
    view = work.today.list()
    rows = [row for group in view.groups for row in group.rows]
    assert {group.code for group in view.groups} >= {"emergency", "revisit"}
    for row in rows:
        for why in (row.why, row.cost, *row.also):
            assert_worded(why)
    for resident_id in (wang, li, zhao):
        page = work.residents.get(resident_id)
        told = [item.summary for item in page.timeline]
        explained = [line.why for line in page.explanation]
        for why in (*told, *explained, *page.due):
            assert_worded(why)


def test_what_to_tell_the_resident_can_be_worded(work: Workplace, village: Village) -> None:
    draft = begin(work, village.wang.id, systolic_mmhg="165", adverse_reaction=True)
    saved = work.follow_ups.save(draft)
    assert len(saved.told) >= 3
    for why in saved.told:
        assert_worded(why)
