"""Words by key: turns a key and its values into a sentence in the reader's language.

The sentences stand in `words/parts/<room>.<language>.po`: msgid is the key, msgstr the
sentence with `{name}` gaps, filled by `str.format`. Every room keeps its own part.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from babel.messages.pofile import read_po

from core.refusals import Refusal

PARTS = Path(__file__).parent / "parts"
DEFAULT_LANGUAGE = "zh_CN"

_log = logging.getLogger(__name__)
_spoken = {"language": DEFAULT_LANGUAGE}


@cache
def languages() -> tuple[str, ...]:
    """The languages there are sentences for, the default one first."""
    found = {path.name.split(".")[1] for path in PARTS.glob("*.po")}
    return (DEFAULT_LANGUAGE, *sorted(found - {DEFAULT_LANGUAGE}))


def set_language(language: str) -> None:
    """Make `language` the one this process speaks; ValueError where there are no words for it.

    A server that speaks to many readers at once leaves this alone and passes `lang` to `say`.
    """
    catalogue(language)
    _spoken["language"] = language


def language() -> str:
    """The language this process speaks."""
    return _spoken["language"]


def say(key: str, /, lang: str | None = None, **values: object) -> str:
    """The sentence for `key` with its gaps filled from `values`.

    Never raises for the key or its values: a doctor's screen stays up. A missing sentence
    comes back as the key in brackets, one that cannot be filled comes back unfilled, and
    either is logged as an error, on which the tests fail.
    """
    spoken = lang or language()
    sentence = catalogue(spoken).get(key)
    if sentence is None:
        _log.error("no %s words for %s", spoken, key)
        return f"⟦{key}⟧"
    try:
        return sentence.format_map(values)
    except (KeyError, IndexError, ValueError, TypeError) as error:
        # The values may be a resident's; only their names are logged.
        _log.error("cannot fill %s with %s: %s", key, sorted(values), type(error).__name__)
        return sentence


def sentence_for(refusal: Refusal, lang: str | None = None) -> str:
    """The sentence that tells a user why something was not taken."""
    return say(f"refusal.{refusal.code}", lang, **refusal.values)


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Every sentence of `language` by key, read once; ValueError where there are none."""
    if language not in languages():
        raise ValueError(f"no words in {language}; there are {', '.join(languages())}")
    sentences: dict[str, str] = {}
    for path in sorted(PARTS.glob(f"*.{language}.po")):
        sentences.update(_sentences(path))
    return MappingProxyType(sentences)


def _sentences(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8") as lines:
        messages = read_po(lines, charset="utf-8", abort_invalid=True)
    return {
        str(message.id): str(message.string)
        for message in messages
        if message.id and message.string
    }
