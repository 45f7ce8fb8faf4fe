"""Groups and diseases as county offices word them, and what the records make of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.confidence import DISABILITY, tags_told_by, tells_otherwise
from core.people import Condition
from core.vocabulary import RESTRICTED_TAGS, SPECIAL_TAGS, GroupTag

# The order decides nothing: every pattern found in a word counts ("高血压糖尿病" is both). Those of
# what is told in confidence stand in `core.confidence`.
WORDINGS: tuple[tuple[str, GroupTag], ...] = (
    (r"高血压(?!前期|高危)|HTN", GroupTag.HTN),
    (r"(?<![1一I]型)糖尿(?!病?(前期|高危))|T2DM", GroupTag.T2DM),
    (r"慢阻肺|慢性阻塞性?肺|COPD", GroupTag.COPD),
    (r"残疾|残障", GroupTag.DISABLED),
    (r"孕产?妇|产妇|孕妇", GroupTag.MATERNAL),
    (r"脱贫|建档立卡|贫困|低保|特困|五保|监测[户对]", GroupTag.ASSISTED),
    (r"边缘|易致贫|突发严重困难|帮扶|低收入", GroupTag.ASSISTED),
    (r"老年|老人|6[05]岁|6[05]\+", GroupTag.ELDERLY65),
    (r"儿童|0[-~—]6|0[-~—]3|婴幼", GroupTag.CHILD0_6),
    (r"^(一般|普通|其他)(人群|居民|农户|户)?$|^非(重点|脱贫户|贫困户)", GroupTag.GENERAL),
)  # fmt: skip
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), tag) for pattern, tag in WORDINGS)

DERIVED = frozenset({GroupTag.ELDERLY65, GroupTag.CHILD0_6, GroupTag.GENERAL})
"""Groups that follow from the birth date, or from belonging to no other: never stored."""

DISEASES = frozenset({GroupTag.HTN, GroupTag.T2DM, GroupTag.COPD})
"""Groups that are an illness: stored as a condition too."""

ICD_10: Mapping[str, str] = {
    r"冠心病|心绞痛|心肌梗": "I25",
    r"脑卒中|脑梗|脑出血|中风|偏瘫": "I64",
    r"心衰|心力衰竭": "I50",
    r"肾病|肾功能|尿毒症": "N18",
    r"类风湿": "M06",
    r"慢性肝炎|乙肝": "B18",
    r"糖尿(?!病?(前期|高危))": "E10",
    r"癫痫": "G40",
    r"尘肺": "J64",
    r"白内障": "H26",
}
"""The commonest illnesses beside the groups, for the country's ICD-10 tables."""

_SEPARATORS = re.compile(r"[、,，;；/|｜+&\s]+")
_DENIED = re.compile(r"^(无|否认?|没有|未患|不是|非)|[:：(（](无|否|没有)[)）]?$")
_NO_CASE = re.compile(r"陈旧|后遗|疑似|排除|筛查|接触")
"""Of an illness told in confidence: not one that is cared for. No programme begins with it."""
_NOTHING = frozenset({"", "无", "否", "-", "—", "/", "健康", "正常", "暂无", "不详", "未知"})
_ABOUT_A_GROUP = re.compile(r"筛查|干部|责任|单位|日期|时间|措施|用药|编号|医生|电话")
"""Headings that name a group but tell something about it: who helps, since when."""

YES = frozenset({"是", "有", "√", "✓", "✔", "Y", "YES", "1", "1.0", "TRUE", "患病"})


@dataclass(frozen=True, slots=True)
class Groups:
    """What a row's wordings come to.

    `special` are the tags of level S3 that go into the resident's `special_programme` and
    nowhere else. `left_out` tells that there was something told in confidence that no record
    may hold; what it was is not kept here.
    """

    tags: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    unknown: tuple[str, ...] = ()
    special: tuple[str, ...] = ()
    left_out: bool = False


def groups_of(groups: Iterable[str], diseases: Iterable[str]) -> Groups:
    """The tags and conditions of the wordings in the columns of groups and of diseases."""
    group_words = [word for text in groups for word in _words(text)]
    disease_words = [word for text in diseases for word in _words(text) if not says_yes(word)]
    words = (*group_words, *disease_words)
    found = {tag for word in words for tag in _tags_in(word)}
    cases = (word for word in words if not _NO_CASE.search(word))
    cared_for = {tag for word in cases for tag in tags_told_by(word)}
    stored = sorted(found - DERIVED - RESTRICTED_TAGS)
    return Groups(
        tags=tuple(str(tag) for tag in stored),
        conditions=(*_illnesses(stored), *_other_illnesses(disease_words)),
        unknown=tuple(word for word in group_words if not _is_known(word)),
        special=tuple(sorted(cared_for & SPECIAL_TAGS)),
        left_out=bool(found & RESTRICTED_TAGS - (cared_for & SPECIAL_TAGS))
        or any(tells_otherwise(word) for word in words),
    )


def is_group_word(text: str) -> bool:
    """Whether a heading is itself a group ("高血压(是/否)"): its column is then a yes or no."""
    return bool(_tags_in(text)) and not _ABOUT_A_GROUP.search(text)


def says_yes(text: str) -> bool:
    """Whether a cell of a yes-or-no column says yes."""
    return text.strip().upper() in YES


def _words(text: str) -> list[str]:
    plain = DISABILITY.sub("残疾", text)
    words = (word for word in _SEPARATORS.split(plain) if word not in _NOTHING)
    return [word for word in words if not _DENIED.search(word) or _tags_in(word) == {_GENERAL}]


_GENERAL = GroupTag.GENERAL


def _tags_in(word: str) -> set[GroupTag]:
    return {tag for pattern, tag in _PATTERNS if pattern.search(word)} | tags_told_by(word)


def _is_known(word: str) -> bool:
    return bool(_tags_in(word)) or tells_otherwise(word)


def _illnesses(tags: Iterable[GroupTag]) -> tuple[Condition, ...]:
    return tuple(Condition(code=str(tag)) for tag in tags if tag in DISEASES)


def _other_illnesses(words: Iterable[str]) -> tuple[Condition, ...]:
    named = dict.fromkeys(word for word in words if not _is_known(word))
    return tuple(Condition(code=_icd_10(word), name=word) for word in named)


def _icd_10(word: str) -> str:
    matches = (code for pattern, code in ICD_10.items() if re.search(pattern, word))
    return next(matches, "other")
