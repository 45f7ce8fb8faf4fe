"""Templates filled for one reader: their language, their navigation, the page's view."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.refusals import Refused
from county.desk.visitor import Visitor, language_of
from county.desk.wording import label, share
from words import say, sentence_for

HERE = Path(__file__).parent
STATIC = HERE / "static"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NOTICE_TONES = {
    "accepted": "good",
    "returned": "warn",
    "questioned": "warn",
    "checked": "good",
    "answered": "good",
    "settled": "good",
    "aside_take": "good",
    "aside_leave": "good",
}
_LANGUAGES = {"zh_CN": ("中文", "zh-CN"), "en": ("English", "en")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option of a list, or one of several links of which one is chosen."""

    text: str
    value: str = ""
    href: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Crumb:
    """One step on the way to a page; the last one, where one is, has no link."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A name and a value; `code` values are set in fixed width."""

    name: str
    value: str
    code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Where one is in a long list."""

    number: int
    more: bool
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    key: str
    href: str
    count: int = 0


def page(
    request: Request,
    template: str,
    visitor: Visitor | None,
    here: str = "",
    status: int | None = None,
    waiting: int = 0,
    refused: Refused | None = None,
    **values: object,
) -> HTMLResponse:
    """A page of the desk in the reader's language; `here` is its place in the navigation.

    Where a form was `refused`, the page says so (`problem`, `problem_place`); its status is
    then 422 unless another is named.
    """
    lang = visitor.language if visitor else language_of(request)
    refusal = refused.refusals[0] if refused else None
    text = (
        environment()
        .get_template(template)
        .render(
            t=partial(_say, lang),
            label=partial(_label, lang),
            share=share,
            static=static_href,
            lang=lang,
            visitor=visitor,
            here=here,
            navigation=_navigation(visitor, waiting) if visitor else (),
            other_language=_other_language(request, lang),
            notice=_notice(request, lang),
            **{
                "problem": sentence_for(refusal, lang) if refusal else "",
                "problem_place": (refusal.place or "") if refusal else "",
                **values,
            },
        )
    )
    # What a tablet handed in may hold half a character, which is then shown as a question mark.
    sayable = text.encode("utf-8", "replace")
    return HTMLResponse(sayable, status_code=status or (422 if refused else 200))


def workbook(content: bytes, plain: str, name: str) -> Response:
    """An XLSX to keep as `name`.xlsx; as `plain`.xlsx where no other letters are understood."""
    names = f"filename={plain}.xlsx; filename*=UTF-8''{quote(name)}.xlsx"
    headers = {"Content-Disposition": f"attachment; {names}"}
    return Response(content, media_type=XLSX_TYPE, headers=headers)


def link(path: str, query: Mapping[str, object] | None = None, **more: object) -> str:
    """An address of the desk with its state; values that are empty are left out."""
    pairs = {**(query or {}), **more}
    kept = {name: value for name, value in pairs.items() if value not in ("", None, False)}
    return f"/desk/{path}?{urlencode(kept)}" if kept else f"/desk/{path}"


def pages(number: int, more: bool, href_of: Callable[[int], str]) -> Page:
    """The pager of a list whose page `n` is at `href_of(n)`."""
    return Page(number=number, more=more, before=href_of(number - 1), after=href_of(number + 1))


def choices(options: Sequence[tuple[str, str]]) -> tuple[Choice, ...]:
    """Options of a list from (value, text)."""
    return tuple(Choice(value=value, text=text) for value, text in options)


@cache
def environment() -> Environment:
    """The templates, escaped by default and strict about names."""
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def static_href(name: str) -> str:
    """The address of a static file, changing with its content so that it may be kept for long."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/desk/static/{name}?v={digest}"


def _say(lang: str, key: str, /, **values: object) -> str:
    return say(key, lang, **values)


def _label(lang: str, table: str, code: object) -> str:
    return label(table, code, lang)


def _navigation(visitor: Visitor, waiting: int) -> tuple[_Entry, ...]:
    entries = [
        _Entry(key="overview", href="/desk/overview"),
        _Entry(key="people", href="/desk/people"),
        _Entry(key="review", href="/desk/review", count=waiting),
        _Entry(key="phone_check", href="/desk/phone-check"),
        _Entry(key="exemptions", href="/desk/exemptions"),
        _Entry(key="ledger", href="/desk/ledger"),
        _Entry(key="quarantine", href="/desk/quarantine"),
        _Entry(key="conflicts", href="/desk/conflicts"),
        _Entry(key="tablets", href="/desk/tablets"),
    ]
    if visitor.may_read_trail:
        entries.append(_Entry(key="audit", href="/desk/audit"))
    return tuple(entries)


def _other_language(request: Request, lang: str) -> dict[str, str]:
    other = next(code for code in _LANGUAGES if code != lang)
    name, tag = _LANGUAGES[other]
    back = request.url.path
    if request.method == "GET" and request.url.query:
        back += f"?{request.url.query}"
    return {"name": name, "tag": tag, "href": link(f"language/{other}", back=back)}


def _notice(request: Request, lang: str) -> dict[str, str] | None:
    """What the last form did, named in the address; a name we do not know says nothing."""
    done = request.query_params.get("done", "")
    if done not in NOTICE_TONES:
        return None
    count = request.query_params.get("count", "1")
    count = count if count.isdigit() else "1"
    return {"tone": NOTICE_TONES[done], "text": say(f"desk.done.{done}", lang, count=count)}
