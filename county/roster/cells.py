"""What a cell says: text, a day, a sex, a telephone number, however it was typed."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping

from county.roster.sheets import Cell

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_SPREADSHEET_EPOCH = dt.date(1899, 12, 30)
_LAST_SERIAL = 73_050
"""31 December 2099, counted in days as a spreadsheet counts them."""

_EXACT_DIGITS = 15
"""A spreadsheet number keeps no more digits than these; the others became zeros."""

_DAY = re.compile(r"(\d{4})\s*[年./\-–—]\s*(\d{1,2})\s*[月./\-–—]\s*(\d{1,2})\s*[日号]?(?!\d)")
_COMPACT_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"\d{4,5}(\.\d+)?")

SEXES: Mapping[str, str] = {
    "男": "male", "男性": "male", "1": "male", "M": "male",
    "女": "female", "女性": "female", "2": "female", "F": "female",
}  # fmt: skip

_GB_3304 = """
汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳
佤 畲 高山 拉祜 水 东乡 纳西 景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯
阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 塔塔尔 独龙 鄂伦春 赫哲
门巴 珞巴 基诺
"""
ETHNIC_GROUPS = tuple(_GB_3304.split())
"""The 56 in the order of GB/T 3304: the first is 01."""

_MOBILE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})(?!\d)")
_LANDLINE = re.compile(r"0\d{2,3}-?\d{7,8}(?!\d)|(?<!\d)\d{7,8}(?!\d)")


def text_of(cell: Cell) -> str:
    """The cell as one line of half-width text; a whole number without its decimal point."""
    if isinstance(cell, str):
        return " ".join(unicodedata.normalize("NFKC", cell).translate(_INVISIBLE).split())
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, int | float):
        return _number_text(cell)
    if isinstance(cell, dt.datetime | dt.date):
        return cell.isoformat()[:10]
    return str(cell)


def _number_text(number: float) -> str:
    if not math.isfinite(number) or number != int(number):
        return repr(number)
    digits = str(int(number))
    return digits if len(digits) <= _EXACT_DIGITS else f"{number:.14E}"


def name_of(cell: Cell) -> str:
    """A name without the spaces offices put in for alignment, and with one kind of middle dot."""
    name = re.sub(r"[•‧・∙⋅.]", "·", text_of(cell))
    if re.search(r"[\u3400-\u9fff]", name):
        return name.replace(" ", "")
    return name


def is_a_name(text: str) -> bool:
    """Whether the text can be a person's name: letters, and nothing that is not in a name."""
    letters = sum(character.isalpha() for character in text)
    return letters > 0 and len(text) <= 40 and re.search(r"[^\w·\s'()\-]|[\d_]", text) is None


def day_of(cell: Cell) -> dt.date | None:
    """The day a cell says: a date, a spreadsheet's serial number, or text in many forms.

    None where it says no day that exists between 1900 and 2099.
    """
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    text = text_of(cell)
    found = _DAY.match(text) or _COMPACT_DAY.fullmatch(text.partition(" ")[0])
    if found:
        return _existing_day(*map(int, found.groups()))
    if _SERIAL.fullmatch(text):
        return _serial_day(float(text))
    return None


def _existing_day(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day) if 1900 <= year <= 2099 else None
    except ValueError:
        return None


def _serial_day(serial: float) -> dt.date | None:
    # A number from 1900 to 2099 is a year somebody typed alone, not a day of 1905.
    if 1900 <= serial <= 2099 or not 61 <= serial <= _LAST_SERIAL:
        return None
    return _SPREADSHEET_EPOCH + dt.timedelta(days=int(serial))


def sex_of(text: str) -> str | None:
    """The sex a cell says, else None."""
    return SEXES.get(text.upper())


def ethnic_group_of(text: str) -> str | None:
    """The code of GB/T 3304 for a name ("汉", "汉族") or a code ("1", "01"), else None."""
    name = text if text in ETHNIC_GROUPS else text.removesuffix("族")
    if name in ETHNIC_GROUPS:
        return f"{ETHNIC_GROUPS.index(name) + 1:02d}"
    if text.isdecimal() and 1 <= int(text) <= len(ETHNIC_GROUPS):
        return f"{int(text):02d}"
    return None


def phone_of(text: str) -> str | None:
    """The first telephone number in the text, mobile before fixed line, else None."""
    compact = re.sub(r"(?<=\d)[\s\-](?=\d)", "", text)
    if found := _MOBILE.search(compact):
        return found[1]
    landline = _LANDLINE.search(text.replace(" ", ""))
    return landline[0] if landline else None


_VILLAGE_OFFICE = re.compile(r"(村民委员会|村委会|行政村|村)$")
_COMMUNITY_OFFICE = re.compile(r"(社区居民委员会|居民委员会|社区居委会|居委会|社区)$")
_TOWNSHIP_OFFICE = re.compile(r"(?<=镇|乡)人民政府$|(?<=道)办事处$")
_TOWNSHIP_ENDING = re.compile(r"(镇|乡|街道)(人民政府|办事处)?$")


def village_key(name: str) -> str:
    """A village's name as it is compared: "石桥村委会", "石桥村" and "石桥" are one village."""
    compact = name.replace(" ", "")
    if _COMMUNITY_OFFICE.search(compact):
        return _COMMUNITY_OFFICE.sub("社区", compact)
    return _VILLAGE_OFFICE.sub("", compact) + "村"


def township_key(name: str) -> str:
    """A township's name as it is compared: "石桥镇人民政府", "石桥镇" and "石桥" are one."""
    compact = name.replace(" ", "")
    return _TOWNSHIP_ENDING.sub("", compact, count=1) or compact


def township_among(known: Iterable[str], name: str, *, strict: bool = False) -> str | None:
    """Which of the known names is meant: the same one, else the only one but for its ending.

    Where it is `strict`, 和平镇 and 和平乡 are two townships, and only 和平 alone is either.
    """
    names, full, key = tuple(known), _without_office(name), township_key(name)
    exact = [each for each in names if _without_office(each) == full]
    alike = [
        each
        for each in names
        if township_key(each) == key and (not strict or key in (full, _without_office(each)))
    ]
    found = exact or alike
    return found[0] if len(found) == 1 else None


def _without_office(name: str) -> str:
    return _TOWNSHIP_OFFICE.sub("", name.replace(" ", ""))
