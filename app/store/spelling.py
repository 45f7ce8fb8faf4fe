"""A Chinese name as people type it: full pinyin and initials, without tones."""

from __future__ import annotations

import os
import unicodedata
from functools import lru_cache

# Surnames read otherwise than the same character elsewhere; the dictionary gives the common word's.
SURNAME_READINGS = {
    "曾": "zeng", "单": "shan", "解": "xie", "仇": "qiu", "区": "ou", "查": "zha", "任": "ren",
    "朴": "piao", "翟": "zhai", "盖": "ge", "繁": "po", "召": "shao", "尉": "wei", "种": "chong",
    "员": "yun", "秘": "bi", "折": "she", "黑": "he", "缪": "miao", "洗": "xian", "冼": "xian",
    "乐": "yue", "晟": "cheng", "哈": "ha", "逄": "pang", "隗": "wei", "沈": "shen", "覃": "qin",
}  # fmt: skip
DIAERESIS = "\u0308"


def spelling(name: str) -> tuple[str, str]:
    """The name's pinyin run together and its initials, lower case, ü as v: 吕海霞 → lvhaixia, lhx.

    Letters and digits stay as they are; what has no reading is passed over.
    """
    syllables = [_syllable(sign, first=place == 0) for place, sign in enumerate(name.strip())]
    return "".join(syllables), "".join(syllable[:1] for syllable in syllables)


def _syllable(sign: str, *, first: bool) -> str:
    if first and sign in SURNAME_READINGS:
        return SURNAME_READINGS[sign]
    if sign.isascii():
        return sign.lower() if sign.isalnum() else ""
    return _reading(ord(sign))


@lru_cache(maxsize=4096)
def _reading(code_point: int) -> str:
    # Imported when the first name is stored: the dictionary has 40,000 entries. That of
    # phrases, which one character at a time never asks, would cost 45 MB more.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin.pinyin_dict import pinyin_dict

    first_reading = pinyin_dict.get(code_point, "").split(",")[0]
    return _without_tones(first_reading)


def _without_tones(reading: str) -> str:
    parts = unicodedata.normalize("NFD", reading)
    parts = parts.replace("u" + DIAERESIS, "v")
    return "".join(sign for sign in parts if sign.isascii() and sign.isalpha())
