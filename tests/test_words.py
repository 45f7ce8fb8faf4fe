"""The catalogues: complete in every language, said once, and every key that is used is there."""

from __future__ import annotations

import ast
import fnmatch
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import words
from core.refusals import Refusal

ROOT = Path(__file__).parent.parent
ROOMS = ("app", "bench", "core", "county", "demo", "packing", "sealing", "statements")
PARTS = sorted(words.PARTS.glob("*.po"))
# The product's name, and a language wherever it is offered, are written as they are.
CHINESE_IN_ENGLISH = {"app.name", "language.zh_CN"}
IN_A_TEMPLATE = re.compile(r"""\bt\(\s*["']([\w.]+)["']\s*(~)?""")


def gaps(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def keys_in(part: Path) -> list[str]:
    return re.findall(r'^msgid "(.+)"$', part.read_text("utf-8"), flags=re.MULTILINE)


def keys_said_in_code(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Call) and name_of(node.func) == "say" and node.args:
            yield from literals(node.args[0])
        if isinstance(node, ast.Call) and name_of(node.func) == "Refusal":
            yield from (f"refusal.{code}" for code in codes_of(node))


def keys_said_in_a_page(page: str) -> set[str]:
    return {key + ("*" if joined else "") for key, joined in IN_A_TEMPLATE.findall(page)}


def name_of(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def literals(argument: ast.expr) -> Iterator[str]:
    """The keys an argument may be; `slot.*` for one of a family, said as f"slot.{state}"."""
    if isinstance(argument, ast.IfExp):
        yield from literals(argument.body)
        yield from literals(argument.orelse)
    elif isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.JoinedStr):
        yield from (f"{beginning}*" for beginning in literals(argument.values[0]))


def codes_of(refusal: ast.Call) -> Iterator[str]:
    for keyword in refusal.keywords:
        if keyword.arg == "code":
            yield from literals(keyword.value)


def keys_said() -> dict[str, Path]:
    said: dict[str, Path] = {}
    for source in [*ROOT.glob("*.py"), *(p for r in ROOMS for p in (ROOT / r).rglob("*.py"))]:
        said |= dict.fromkeys(keys_said_in_code(source), source)
    for page in (ROOT / "county").rglob("*.html"):
        said |= dict.fromkeys(keys_said_in_a_page(page.read_text("utf-8")), page)
    return said


def test_there_is_chinese_and_english() -> None:
    assert words.languages() == ("zh_CN", "en")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_part_has_the_same_keys_in_every_language(part: Path) -> None:
    room = part.name.split(".")[0]
    for language in words.languages():
        assert set(keys_in(words.PARTS / f"{room}.{language}.po")) == set(keys_in(part))


@pytest.mark.parametrize("language", words.languages())
def test_no_key_is_said_twice(language: str) -> None:
    keys = Counter(key for part in words.PARTS.glob(f"*.{language}.po") for key in keys_in(part))
    assert [key for key, times in keys.items() if times > 1] == []


@pytest.mark.parametrize("language", words.languages())
def test_no_sentence_is_empty(language: str) -> None:
    written = {key for part in words.PARTS.glob(f"*.{language}.po") for key in keys_in(part)}
    assert written - set(words.catalogue(language)) == set()


def test_a_sentence_has_the_same_gaps_in_every_language() -> None:
    chinese = words.catalogue("zh_CN")
    for key, english in words.catalogue("en").items():
        assert gaps(english) == gaps(chinese[key]), key


def test_english_words_are_english() -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    mixed = {key for key, said in words.catalogue("en").items() if chinese.search(said)}
    assert mixed - CHINESE_IN_ENGLISH == set()


def test_every_key_that_is_said_has_a_sentence() -> None:
    there = words.catalogue("zh_CN")
    missing = {
        key: str(path) for key, path in keys_said().items() if not fnmatch.filter(there, key)
    }
    assert missing == {}


def test_the_scan_sees_keys_in_code_and_in_templates() -> None:
    found = set(keys_said_in_code(Path(__file__)))
    assert {"refusal.port.taken", "refusal.nothing_of_the_kind"} <= found
    page = "{{ t('desk.nav.audit') }} {{ t('desk.month.' ~ number, year=2026) }}"
    assert keys_said_in_a_page(page) == {"desk.nav.audit", "desk.month.*"}


def test_a_sentence_is_filled_in_the_language_asked_for() -> None:
    assert words.say("refusal.port.taken", port=8000).startswith("端口 8000")
    assert words.say("refusal.port.taken", lang="en", port=8000).startswith("Port 8000")


def test_the_process_speaks_the_language_it_was_set_to() -> None:
    words.set_language("en")
    assert words.say("refusal.port.taken", port=1).startswith("Port 1")


def test_an_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no words in xx"):
        words.set_language("xx")
    assert words.language() == "zh_CN"


def test_a_missing_sentence_keeps_the_screen_up_and_is_logged(
    every_word_is_there: list[str],
) -> None:
    refusal = Refusal(code="nothing_of_the_kind")
    assert words.sentence_for(refusal) == "⟦refusal.nothing_of_the_kind⟧"
    assert every_word_is_there == ["no zh_CN words for refusal.nothing_of_the_kind"]
    every_word_is_there.clear()


def test_a_sentence_with_a_gap_left_open_keeps_the_screen_up_and_logs_no_value(
    every_word_is_there: list[str],
) -> None:
    assert "{port}" in words.say("refusal.port.taken", name="990101")
    assert every_word_is_there == ["cannot fill refusal.port.taken with ['name']: KeyError"]
    every_word_is_there.clear()
