"""What is told in confidence is recognised however it is written, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from core.confidence import is_told_in_confidence, open_part, tags_told_by, tells_in_confidence


@pytest.mark.parametrize(
    ("word", "tag"),
    [
        ("tb", "tb"), (" TB ", "tb"), ("肺结核", "tb"), ("肺痨", "tb"), ("A15.0", "tb"),
        ("smi", "smi"), ("严重精神障碍", "smi"), ("精神分裂症", "smi"), ("精分", "smi"),
        ("躁狂症", "smi"), ("躁郁症", "smi"), ("双相情感障碍", "smi"), ("F20", "smi"),
        ("PTB", "tb"), ("ＴＢ", "tb"), ("涂阳肺结核", "tb"), ("A150", "tb"), ("A15+", "tb"),
        ("A15-A19", "tb"), ("B90.9", "tb"), ("pulmonary tuberculosis", "tb"),
        ("分裂情感性障碍", "smi"), ("偏执性障碍", "smi"), ("双向情感障碍", "smi"), ("F200", "smi"),
        ("获得性免疫缺陷综合征", "hiv"), ("人类免疫缺陷病毒感染", "hiv"), ("爱滋病", "hiv"),
        ("ＨＩＶ", "hiv"), ("R75", "hiv"),
        ("hiv", "hiv"), ("艾滋病", "hiv"), ("HIV感染", "hiv"), ("b24", "hiv"),
    ],
)  # fmt: skip
def test_a_word_or_a_code_names_its_group(word: str, tag: str) -> None:
    assert tags_told_by(word) == {tag}


@pytest.mark.parametrize(
    "word",
    [
        "", "htn", "高血压", "I10", "精神残疾", "精神、智力残疾", "精神二级", "football", "F45",
        "copd", "抑郁", "慢性病", "急性病", "退行性病变", "遗传性病", "慢性病毒性肝炎",
        "A09", "恶性病变", "B18.1",
    ],
)  # fmt: skip
def test_other_words_and_codes_name_none(word: str) -> None:
    assert not is_told_in_confidence(word)


@pytest.mark.parametrize("word", ["梅毒", "性病", "患性病", "A53.9", "失独家庭", "吸毒"])
def test_what_is_told_in_confidence_beside_the_groups_is_known(word: str) -> None:
    assert is_told_in_confidence(word)
    assert not tags_told_by(word)


@pytest.mark.parametrize(
    "body",
    [
        {"tags": [{"tag": "tb"}]},
        {"conditions": [{"code": "htn"}, {"code": "other", "name": "肺结核"}]},
        {"tags": "tb"},
        {"tags": {"tag": ["smi"]}},
        {"tags": [{"tag": "general", "reason": "艾滋"}]},
        {"conditions": [{"code": "other", "name": "梅毒"}]},
        {"conditions": {"肺结核": True}},
    ],
)
def test_a_body_of_any_shape_that_names_one_tells_of_it(body: dict[str, Any]) -> None:
    assert tells_in_confidence(body)


@pytest.mark.parametrize(
    "body",
    [{}, {"tags": None}, {"tags": [{"tag": "htn"}], "note": "tb"}, {"conditions": [1, None, True]}],
)
def test_a_body_that_names_none_does_not(body: dict[str, Any]) -> None:
    assert not tells_in_confidence(body)


def test_the_open_part_of_a_list_is_what_anybody_may_see() -> None:
    assert open_part([{"tag": "htn"}, {"tag": "tb"}, "smi", 3]) == [{"tag": "htn"}, 3]
    assert open_part("tb") is None
    assert open_part("htn") == "htn"
