"""Groups and diseases as offices word them."""

from __future__ import annotations

import pytest

from county.roster.groups import Groups, groups_of


@pytest.mark.parametrize(
    ("wording", "tags"),
    [
        ("高血压、糖尿病", {"htn", "t2dm"}),
        ("高血压/2型糖尿病", {"htn", "t2dm"}),
        ("高血压糖尿病", {"htn", "t2dm"}),
        ("二型糖尿病", {"t2dm"}),
        ("1型糖尿病", set()),
        ("高血压前期", set()),
        ("糖尿病高危人群", set()),
        ("慢阻肺；残疾人", {"copd", "disabled"}),
        ("脱贫户", {"assisted"}),
        ("监测户, 低保", {"assisted"}),
        ("孕产妇", {"maternal"}),
        ("老年人 65岁以上", set()),
        ("0-6岁儿童", set()),
        ("一般人群", set()),
        ("无", set()),
        ("无高血压", set()),
        ("非贫困户", set()),
    ],
)
def test_a_wording_becomes_its_tags(wording: str, tags: set[str]) -> None:
    assert set(groups_of([wording], []).tags) == tags


def test_an_illness_among_the_groups_is_a_condition_too() -> None:
    assert [item.code for item in groups_of(["高血压"], []).conditions] == ["htn"]


def test_other_illnesses_keep_their_name_and_get_a_code_where_there_is_one() -> None:
    found = groups_of([], ["冠心病、关节炎"]).conditions
    assert [(item.code, item.name) for item in found] == [("I25", "冠心病"), ("other", "关节炎")]


def test_unknown_groups_are_told() -> None:
    assert groups_of(["高血压、集邮爱好者"], []).unknown == ("集邮爱好者",)


@pytest.mark.parametrize("wording", ["艾滋病", "HIV感染", "梅毒", "失独家庭"])
def test_what_no_record_may_hold_leaves_no_trace_but_that_it_was_left_out(wording: str) -> None:
    for found in (groups_of([wording], []), groups_of([], [wording])):
        assert found == Groups(left_out=True)


@pytest.mark.parametrize(
    "wording",
    [
        "精神残疾",
        "残疾（精神）",
        "精神二级",
        "精神二级残疾",
        "精神、肢体残疾",
        "残疾(精神 2级)",
        "肢体，精神残疾三级",
        "多重残疾（精神、智力）",
        "精神类残疾",
        "精神（二级）",
        "精神II级",
        "重性精神残疾",
    ],
)
def test_a_mental_disability_is_a_disability_and_no_programme(wording: str) -> None:
    assert groups_of([wording], []) == Groups(tags=("disabled",))


@pytest.mark.parametrize(
    ("wording", "tag"),
    [
        ("肺结核", "tb"),
        ("肺痨", "tb"),
        ("严重精神障碍", "smi"),
        ("精神分裂症", "smi"),
        ("精分", "smi"),
        ("躁郁症", "smi"),
    ],
)
def test_what_is_cared_for_in_confidence_is_kept_apart_from_everything_else(
    wording: str, tag: str
) -> None:
    for found in (groups_of([wording], []), groups_of([], [wording])):
        assert found == Groups(special=(tag,))


@pytest.mark.parametrize(
    "word", ["陈旧性肺结核", "疑似肺结核", "结核病密切接触者", "残疾（肺结核后遗症）"]
)
def test_what_is_no_case_of_an_illness_begins_no_programme_and_is_kept_nowhere(word: str) -> None:
    found = groups_of([word], [])
    assert (found.special, found.left_out, found.conditions) == ((), True, ())


@pytest.mark.parametrize("word", ["结核:无", "肺结核(否)", "高血压（无）"])
def test_what_is_denied_behind_the_word_is_denied(word: str) -> None:
    assert groups_of([word], [word]) == Groups()


def test_a_bracket_about_something_else_is_not_taken_for_a_kind_of_disability() -> None:
    assert set(groups_of(["残疾（糖尿病足截肢）"], []).tags) == {"disabled", "t2dm"}


def test_the_yes_of_a_column_is_no_illness() -> None:
    assert groups_of([], ["是", "冠心病"]).conditions == groups_of([], ["冠心病"]).conditions
