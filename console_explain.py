"""The commands that explain: `luyue explain`, and `luyue policy` check, diff, issue and more."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console_options import UNUSABLE, DatabaseUrl, DataDir, county_config, speak

if TYPE_CHECKING:
    from core.policy import Policy

policy = typer.Typer(
    name="policy",
    help="Policy packs: check, compare or issue one, print the schema or the default one.",
    no_args_is_help=True,
)

Lang = Annotated[
    str | None, typer.Option("--lang", help="zh_CN or en, where it is not the command's own.")
]


def add_to(app: typer.Typer) -> None:
    """Hang these commands into the `luyue` command."""
    app.command("explain")(explain_case)
    app.add_typer(policy)


def explain_case(
    case: Annotated[
        Path | None, typer.Argument(help="A case file; - or nothing with --batch.")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Sentences instead of JSON.")] = False,
    lang: Lang = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print a case's schema.")] = False,
    batch: Annotated[
        bool, typer.Option("--batch", help="Cases as JSON lines on standard input.")
    ] = False,
) -> None:
    """Explain a case: all slots, findings, due items and figures, with reasons.

    A case that cannot be read is refused with the field and the reason, exit status 2.
    """
    from core.cases import case_schema

    language = _language(lang)
    if schema:
        _print(json.dumps(case_schema(), ensure_ascii=False, indent=2))
    elif batch:
        _explain_lines(text, language)
    elif case is None:
        raise typer.BadParameter("CASE.json, --batch or --schema")
    else:
        _print(_explained(_text_of(case, "case"), text, language))


def _language(lang: str | None) -> str:
    """The language to answer in, refusals too."""
    import words

    if lang is not None:
        speak(lang)
    return words.language()


def _text_of(path: Path, room: str) -> str:
    """The text of a file, or of standard input for "-"."""
    from core.refusals import Refusal, Refused

    if str(path) == "-":
        return sys.stdin.read()
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        values = {"file": path}
        raise Refused(Refusal(code=f"{room}.no_file", place="file", values=values)) from error
    except UnicodeDecodeError as error:
        raise Refused(Refusal(code=f"{room}.not_json", values={"line": 1})) from error


def _explained(given: str, as_text: bool, language: str, indent: int | None = 2) -> str:
    from core.cases import parse_case
    from core.explaining import explain, explanation_json
    from words.explaining import in_words, with_sentences

    explanation = explain(parse_case(given))
    if as_text:
        return "\n".join(in_words(explanation, language))
    told = with_sentences(explanation_json(explanation))
    return json.dumps(told, ensure_ascii=False, indent=indent)


def _explain_lines(as_text: bool, language: str) -> None:
    """One answer a line; a refused case is answered in its place, and the status tells."""
    from core.refusals import Refused

    refused = False
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            _print(_explained(line, as_text, language, indent=None))
        except Refused as error:
            refused = True
            _print(json.dumps({"refused": list(_told(error, language))}, ensure_ascii=False))
    if refused:
        raise typer.Exit(UNUSABLE)


def _told(error: Any, language: str) -> Iterator[dict[str, object]]:
    from words import sentence_for

    for refusal in error.refusals:
        yield {
            "code": refusal.code,
            "field": refusal.place,
            "sentence": sentence_for(refusal, language),
        }


@policy.command("check")
def policy_check(
    file: Annotated[Path, typer.Argument(help="A policy pack.")], lang: Lang = None
) -> None:
    """Check a policy pack; what is wrong is named with its line, exit status 2."""
    from words import say

    language, found = _language(lang), _policy(file)
    _print(
        say(
            "policy.sound",
            language,
            id=found.id,
            version=found.version,
            effective_from=found.effective_from,
        )
    )


def _policy(file: Path) -> Policy:
    from core.policy_packs import parse_policy

    return parse_policy(_text_of(file, "policy"))


@policy.command("diff")
def policy_diff(
    before: Annotated[Path, typer.Argument(help="The older pack.")],
    after: Annotated[Path, typer.Argument(help="The newer pack.")],
    lang: Lang = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Tell in words what a newer pack changes: who will owe more, who less."""
    from core.policy_diff import differences
    from words.explaining import differences_in_words, differences_json

    language, older, newer = _language(lang), _policy(before), _policy(after)
    found = differences(older, newer)
    if as_json:
        _print(json.dumps(differences_json(found), ensure_ascii=False, indent=2))
    else:
        _print("\n".join(differences_in_words(older, newer, found, language)))


@policy.command("issue")
def policy_issue(
    file: Annotated[Path, typer.Argument(help="A policy pack.")],
    data: DataDir = None,
    database: DatabaseUrl = None,
    lang: Lang = None,
) -> None:
    """Issue a pack to the county: its tablets get it, every account is renewed by it.

    What is wrong with a pack is named with its line, exit status 2.
    """
    language, found = _language(lang), _policy(file)
    from county.issuing import issue_policy
    from words import say

    issued = issue_policy(county_config(data, database), found)
    _print(
        say(
            "policy.issued",
            language,
            id=found.id,
            version=found.version,
            effective_from=found.effective_from,
            renewed=issued.renewed,
        )
    )


@policy.command("schema")
def policy_schema_json() -> None:
    """Print the JSON schema of a policy pack."""
    from core.policy_packs import policy_schema

    _print(json.dumps(policy_schema(), ensure_ascii=False, indent=2))


@policy.command("default")
def policy_default() -> None:
    """Print the pack that is in force where the county has not issued one."""
    from core.default_pack import DEFAULT_PACK

    _print(DEFAULT_PACK.rstrip("\n"))


@policy.command("rules")
def policy_rules() -> None:
    """Print the clinical rules as a page to read (`docs/clinical_rules.md`)."""
    from core.policy import default_policy
    from words.rule_book import rule_book

    typer.echo(rule_book(default_policy()), nl=False)


def _print(told: str) -> None:
    typer.echo(told)
