"""One row of a roster as a person: every cell read, put right where it can be, or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeVar

from core.identity_number import parse_id_number
from core.people import Condition
from core.refusals import Refusal, Refused
from county.roster.answers import Note
from county.roster.cells import day_of, ethnic_group_of, is_a_name, name_of, phone_of, sex_of
from county.roster.fields import Field
from county.roster.groups import groups_of
from county.roster.row_cells import RowCells

T = TypeVar("T")

HEAD = "户主"
"""What the records call a household's head in `relation_to_head`."""

HEAD_WORDINGS = frozenset({"户主", "本人", "本人或户主", "0", "00", "01"})
"""How offices say that a person is the head, in words and in the codes of GB/T 4761."""
_NOTHING = frozenset({"", "无", "没有", "无电话", "-", "—", "/", "0", "不详", "未知"})
_OPEN_END = frozenset({"长期", "长期有效", "永久"})
_NO_CONTRACT: tuple[date | None, date | None] = (None, None)
MAX_AGE_YEARS = 125


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person as the roster has them; empty text and None mean that the file does not say.

    `cells` names the cell of each field, for an answer that comes later than reading.
    """

    sheet: str
    row: int
    township: str
    village: str
    household_number: str
    head_name: str
    group_no: str
    house_no: str
    household_phone: str
    name: str
    relation_to_head: str
    id_type: str
    id_number: str
    sex: str
    birth_date: date
    ethnic_group: str
    phone: str
    health_record_number: str
    tags: tuple[str, ...]
    special: tuple[str, ...]
    conditions: tuple[Condition, ...]
    contract_start: date | None
    contract_end: date | None
    doctor: str
    notes: tuple[Note, ...]
    cells: Mapping[Field, str]


@dataclass(frozen=True, slots=True)
class _Identity:
    id_type: str
    id_number: str
    sex: str
    birth_date: date


def person_of(row: RowCells, today: date) -> Person:
    """The person of a row, with notes on what was put right.

    Raises Refused with every reason, each naming its cell.
    """
    reasons: list[Refusal] = []
    name = _read(reasons, "", lambda: _name(row))
    identity = _read(reasons, None, lambda: _identity(row, today))
    start, end = _read(reasons, _NO_CONTRACT, lambda: _contract_days(row))
    if not row.text(Field.VILLAGE):
        reasons.append(Refusal(code="roster.no_village", place=row.place(Field.VILLAGE)))
    if identity is None or reasons:
        raise Refused(*reasons)
    groups = groups_of(row.groups_said(), [row.text(Field.DISEASES)])
    if groups.unknown:
        row.note(Field.GROUPS, "unknown_groups", words="、".join(groups.unknown))
    if groups.special:
        row.note(Field.GROUPS, "kept_apart")
    if groups.left_out:
        row.note(Field.GROUPS, "left_out")
    relation = _relation(row)
    return Person(
        sheet=row.sheet,
        row=row.number,
        township=row.text(Field.TOWNSHIP),
        village=row.text(Field.VILLAGE),
        household_number=row.text(Field.HOUSEHOLD_NUMBER),
        head_name=name_of(row.text(Field.HEAD_NAME)) or (name if relation == HEAD else ""),
        group_no=_group_no(row.text(Field.GROUP_NO)),
        house_no=row.text(Field.HOUSE_NO).removesuffix("号"),
        household_phone=_phone(row, Field.HOUSEHOLD_PHONE),
        name=name,
        relation_to_head=relation,
        id_type=identity.id_type,
        id_number=identity.id_number,
        sex=identity.sex,
        birth_date=identity.birth_date,
        ethnic_group=_ethnic_group(row),
        phone=_phone(row, Field.PHONE),
        health_record_number=row.text(Field.HEALTH_RECORD_NUMBER),
        tags=groups.tags,
        special=groups.special,
        conditions=groups.conditions,
        contract_start=start,
        contract_end=end,
        doctor=name_of(row.text(Field.DOCTOR)),
        notes=tuple(row.notes),
        cells=row.places(),
    )


def _group_no(text: str) -> str:
    """The villagers' group as it is called: a bare number is a numbered group."""
    return f"{text}组" if text.isdigit() else text


def _read(reasons: list[Refusal], otherwise: T, reading: Callable[[], T]) -> T:
    """What `reading` gives; where it refuses, `otherwise`, its reasons being collected."""
    try:
        return reading()
    except Refused as refused:
        reasons.extend(refused.refusals)
        return otherwise


def _name(row: RowCells) -> str:
    written = row.text(Field.NAME)
    name = name_of(written)
    if not written:
        raise Refused(Refusal(code="roster.no_name", place=row.place(Field.NAME)))
    if not is_a_name(name):
        raise Refused(Refusal(code="roster.not_a_name", place=row.place(Field.NAME)))
    if name != written:
        row.note(Field.NAME, "name_tidied")
    return name


def _identity(row: RowCells, today: date) -> _Identity:
    identity = _by_number(row) if row.text(Field.ID_NUMBER) not in _NOTHING else _by_cells(row)
    place = row.place(Field.BIRTH_DATE if identity.id_type == "none" else Field.ID_NUMBER)
    if identity.birth_date > today:
        raise Refused(Refusal(code="roster.born_later", place=place))
    if today.year - identity.birth_date.year > MAX_AGE_YEARS:
        raise Refused(Refusal(code="roster.born_too_early", place=place))
    return identity


def _by_number(row: RowCells) -> _Identity:
    place = row.place(Field.ID_NUMBER)
    try:
        number = parse_id_number(row.raw_text(Field.ID_NUMBER))
    except Refused as refused:
        raise Refused(*(replace(reason, place=place) for reason in refused.refusals)) from refused
    for code in number.notes:
        row.note(Field.ID_NUMBER, code)
    if (written := row.text(Field.BIRTH_DATE)) and _day(row, Field.BIRTH_DATE) != number.birth_date:
        row.note(Field.BIRTH_DATE, "birth_date_by_number", written=written)
    if (sex := sex_of(row.text(Field.SEX))) and sex != number.sex:
        row.note(Field.SEX, "sex_by_number")
    return _Identity("citizen", number.number, number.sex, number.birth_date)


def _by_cells(row: RowCells) -> _Identity:
    """Someone without an ID number: a newborn, or a paper still missing."""
    sex, born = sex_of(row.text(Field.SEX)), _day(row, Field.BIRTH_DATE)
    if sex is None or born is None:
        raise Refused(Refusal(code="roster.no_id_number", place=row.place(Field.ID_NUMBER)))
    row.note(Field.ID_NUMBER, "without_id_number")
    return _Identity("none", "", sex, born)


def _contract_days(row: RowCells) -> tuple[date | None, date | None]:
    start = _needed_day(row, Field.CONTRACT_START)
    end = (
        None if row.text(Field.CONTRACT_END) in _OPEN_END else _needed_day(row, Field.CONTRACT_END)
    )
    if start is None:
        return None, None
    if end is not None and end < start:
        place = row.place(Field.CONTRACT_END)
        raise Refused(Refusal(code="roster.contract_ends_before_start", place=place))
    if end is None:
        end = a_year_from(start)
        row.note(Field.CONTRACT_END, "contract_of_a_year", end=end.isoformat())
    return start, end


def a_year_from(start: date) -> date:
    """The last day of a contract of one year that begins on `start`."""
    return (_same_day(start.year + 1, start)) - timedelta(days=1)


def _same_day(year: int, day: date) -> date:
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February
        return date(year, 3, 1)


def _needed_day(row: RowCells, field: Field) -> date | None:
    written = row.text(field)
    if written in _NOTHING:
        return None
    day = _day(row, field)
    if day is None:
        values = {"written": written}
        raise Refused(Refusal(code="roster.not_a_day", place=row.place(field), values=values))
    return day


def _day(row: RowCells, field: Field) -> date | None:
    return day_of(row.cell(field))


def _relation(row: RowCells) -> str:
    written = row.text(Field.RELATION)
    return HEAD if written in HEAD_WORDINGS else written


def _phone(row: RowCells, field: Field) -> str:
    written = row.text(field)
    if written in _NOTHING:
        return ""
    phone = phone_of(written)
    if phone is None:
        row.note(field, "phone_left_out", written=written)
    return phone or ""


def _ethnic_group(row: RowCells) -> str:
    written = row.text(Field.ETHNIC_GROUP)
    if not written:
        return ""
    code = ethnic_group_of(written)
    if code is None:
        row.note(Field.ETHNIC_GROUP, "ethnic_group_left_out", written=written)
    return code or ""
