"""What is told in confidence (level S3): recognised wherever somebody writes it.

It stands in a `special_programme` or nowhere (docs/privacy.md). An open record may still be
offered it, by a roster's cell or a tablet's edit, as a group's tag, an ICD-10 code or a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.vocabulary import RESTRICTED_TAGS, GroupTag

WORDINGS: tuple[tuple[str, GroupTag], ...] = (
    (r"结核|肺痨|(?<![a-z])TB(?![a-z])", GroupTag.TB),
    (r"精神(?!残)|重精|精障|精分|分裂症|躁狂|躁郁|双相|(?<![a-z])SMI(?![a-z])", GroupTag.SMI),
    (r"艾滋|(?<![a-z])(HIV|AIDS)(?![a-z])", GroupTag.HIV),
)
"""How these are worded, in any case of letters; a disability for a mental reason is none."""

ICD_10: Mapping[str, GroupTag] = {
    r"A1[5-9]": GroupTag.TB,
    r"F2\d|F3[01]": GroupTag.SMI,
    r"B2[0-4]|Z21": GroupTag.HIV,
}
"""Their categories in ICD-10: tuberculosis; schizophrenia to bipolar disorder; HIV."""

OTHERS = re.compile(r"梅毒|淋病|性病|吸毒|毒瘾|戒毒|计生|计划生育|失独")
"""What is told in confidence too, though no group of the programme: it is stored nowhere."""

LISTS = ("tags", "conditions")
"""The fields of a resident in which it could be said."""

_WORDS = tuple((re.compile(pattern, re.IGNORECASE), tag) for pattern, tag in WORDINGS)
_CODES = tuple(
    (re.compile(rf"({pattern})(\..*)?", re.IGNORECASE), tag) for pattern, tag in ICD_10.items()
)


def tags_told_by(word: str) -> frozenset[GroupTag]:
    """The confidential groups a word or code names."""
    plain = word.strip()
    found = {tag for pattern, tag in _WORDS if pattern.search(plain)}
    found |= {tag for pattern, tag in _CODES if pattern.fullmatch(plain)}
    return frozenset(found | {tag for tag in RESTRICTED_TAGS if tag == plain.casefold()})


def is_told_in_confidence(word: str) -> bool:
    """Whether a word or code names one of the groups, or another thing of the kind."""
    return bool(tags_told_by(word) or OTHERS.search(word))


def is_confidential(said: Any) -> bool:
    """Whether a value, or anything in it, tells of it; anything may be asked about."""
    if isinstance(said, str):
        return is_told_in_confidence(said)
    if isinstance(said, Mapping):
        return any(is_confidential(value) for value in said.values())
    return isinstance(said, list) and any(is_confidential(entry) for entry in said)


def tells_in_confidence(body: Mapping[str, Any]) -> bool:
    """Whether a resident's body, or the changed fields of one, tell of it."""
    return any(is_confidential(body.get(name)) for name in LISTS)


def open_part(value: Any) -> Any:
    """The value of one of LISTS without what is told in confidence; None where nothing is left."""
    if isinstance(value, list):
        return [entry for entry in value if not is_confidential(entry)]
    return None if is_confidential(value) else value
