"""What is told in confidence (level S3): recognised wherever somebody writes it.

It stands in a `special_programme` or nowhere (docs/privacy.md). An open record may still be
offered it, by a roster's cell or a tablet's edit, as a group's tag, an ICD-10 code or a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

from core.people import Condition, Resident
from core.vocabulary import RESTRICTED_TAGS, GroupTag

WORDINGS: tuple[tuple[str, GroupTag], ...] = (
    (r"结核|[肺骨]痨|痨病|涂阳|(?<![a-z])P?TB(?![a-z])|tubercul", GroupTag.TB),
    (
        r"精神(?!残)|重精|精障|精分|分裂(症|情感)|躁狂|躁郁|双相|双向(情感|障碍)|(妄想|偏执)性?障碍"
        r"|(?<![a-z])SMI(?![a-z])|schizo|bipolar",
        GroupTag.SMI,
    ),
    (r"[艾爱]滋|获得性免疫缺陷|人类?免疫缺陷病毒|(?<![a-z])(HIV|AIDS)(?![a-z])", GroupTag.HIV),
)
"""How these are worded, in any case and width of letters."""

ICD_10: Mapping[str, GroupTag] = {
    r"A1[5-9]|B90|O98\.?0|P37\.?0": GroupTag.TB,
    r"F2\d|F3[01]": GroupTag.SMI,
    r"B2[0-4]|Z21|R75|O98\.?7": GroupTag.HIV,
}
"""Their codes in ICD-10: tuberculosis; schizophrenia to bipolar disorder; HIV."""

OTHERS = (
    r"梅毒|淋病|(^|[^\u4e00-\u9fff]|[患有及或和])性病(?![变毒])|性传播|吸毒|毒瘾|戒毒"
    r"|计生|计划生育|失独|特扶"
)
OTHERS_ICD_10 = r"A5\d|A6[0-4]"
"""What is told in confidence too, though no group of the programme: it is stored nowhere."""

_KIND = "(?:视力|听力|言语|肢体|智力|精神|多重)"
_GRADE = "(?:[一二三四1-4]|I{1,3}|IV)级"
_BRACKET = rf"[（(](?:{_KIND}|类|残疾?|{_GRADE}|[、,，/和及\s])*[）)]"
DISABILITY = re.compile(
    rf"(?:严?重性?|极重度?|重度)?{_KIND}(?:[、,，/和及]*{_KIND})*"
    rf"(?:类?残疾?|类?(?=[（(]?{_GRADE}))(?:{_GRADE})?(?:{_BRACKET}|{_GRADE})?"
    rf"|残疾?{_BRACKET}(?:{_GRADE})?"
)
"""A disability with its kinds and its grade (残疾（精神）, 精神二级): for a mental reason too it is
one, and no illness; which kind it is of is nobody's business.
"""

LISTS = ("tags", "conditions")
"""The fields of a resident in which it could be said."""

_SUFFIX = r"([.\d+*†-].*)?"
_WORDS = tuple((re.compile(pattern, re.IGNORECASE), tag) for pattern, tag in WORDINGS)
_CODES = tuple(
    (re.compile(rf"({pattern}){_SUFFIX}", re.IGNORECASE), tag) for pattern, tag in ICD_10.items()
)
_OTHER_WORDS = re.compile(OTHERS)
_OTHER_CODES = re.compile(rf"({OTHERS_ICD_10}){_SUFFIX}", re.IGNORECASE)


def _plain(word: str) -> str:
    return DISABILITY.sub("残疾", normalize("NFKC", word).strip())


def tags_told_by(word: str) -> frozenset[GroupTag]:
    """The confidential groups a word or code names."""
    plain = _plain(word)
    found = {tag for pattern, tag in _WORDS if pattern.search(plain)}
    found |= {tag for pattern, tag in _CODES if pattern.fullmatch(plain)}
    return frozenset(found | {tag for tag in RESTRICTED_TAGS if tag == plain.casefold()})


def tells_otherwise(word: str) -> bool:
    """Whether a word or code names what is told in confidence beside the groups."""
    plain = _plain(word)
    return bool(_OTHER_WORDS.search(plain) or _OTHER_CODES.fullmatch(plain))


def is_told_in_confidence(word: str) -> bool:
    """Whether a word or code names one of the groups, or another thing of the kind."""
    return bool(tags_told_by(word)) or tells_otherwise(word)


def open_conditions(resident: Resident) -> tuple[Condition, ...]:
    """A resident's diagnosed conditions without any that is told in confidence."""
    return tuple(
        condition
        for condition in resident.conditions
        if not any(map(is_told_in_confidence, (condition.code, condition.name)))
    )


def is_confidential(said: Any) -> bool:
    """Whether a value, or anything in it, tells of it; anything may be asked about."""
    if isinstance(said, str):
        return is_told_in_confidence(said)
    if isinstance(said, Mapping):
        return any(is_confidential(part) for pair in said.items() for part in pair)
    return isinstance(said, list) and any(is_confidential(entry) for entry in said)


def tells_in_confidence(body: Mapping[str, Any]) -> bool:
    """Whether a resident's body, or the changed fields of one, tell of it."""
    return any(is_confidential(body.get(name)) for name in LISTS)


def open_part(value: Any) -> Any:
    """The value of one of LISTS without what is told in confidence; None where nothing is left."""
    if isinstance(value, list):
        return [entry for entry in value if not is_confidential(entry)]
    return None if is_confidential(value) else value
