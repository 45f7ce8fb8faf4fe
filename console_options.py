"""What the modules of the `luyue` command share: exit statuses, options, and ways of printing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Collection, Sequence
from functools import wraps
from inspect import signature
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from county.config import CountyConfig
    from county.office import Account

LANGUAGES = {"zh": "zh_CN", "zh_CN": "zh_CN", "en": "en"}
SUCCESS, FAILED, UNUSABLE = 0, 1, 2
"""Exit statuses: done; not done, or not all of it; not done because the input cannot be used."""

DataDir = Annotated[
    Path | None,
    typer.Option("--data", envvar="LUYUE_COUNTY_DATA", help="Folder of the county's data."),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database",
        envvar="LUYUE_DATABASE_URL",
        help="PostgreSQL address; without one an SQLite file in the data folder.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def county_config(data: Path | None, database: str | None, **more: Any) -> CountyConfig:
    """The settings of the environment with the options that were given laid over them."""
    from dataclasses import replace

    from county.config import config_from

    given = {"data_dir": data, "database_url": database, **more}
    known: dict[str, Any] = {name: value for name, value in given.items() if value}
    return replace(config_from(), **known)


def need_a_county(commands: typer.Typer, but: Collection[str] = ()) -> None:
    """Have these commands refuse to begin where no county is; what they lack they do not make.

    It is asked first of all, before a passphrase. `but` are those that found one.
    """
    for command in commands.registered_commands:
        called = command.callback
        if called and command.name not in but and "database" in signature(called).parameters:
            command.callback = _where_a_county_is(called)


def _where_a_county_is(called: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(called)
    def begun(**given: Any) -> Any:
        from county.schema import check_there

        check_there(county_config(given["data"], given["database"]))
        return called(**given)

    return begun


def speak(lang: str) -> None:
    """Have this command say its sentences in a language; BadParameter where there are none."""
    if lang not in LANGUAGES:
        raise typer.BadParameter("zh_CN or en", param_hint="--lang")
    import words

    words.set_language(LANGUAGES[lang])


def speak_as_asked(arguments: Sequence[str]) -> None:
    """Have this command speak as its line asks where nobody got to read that: it has a mistake."""
    said = [os.environ.get("LUYUE_LANG", "")]
    said += [value for name, value in pairwise(arguments) if name == "--lang"]
    said += [each.removeprefix("--lang=") for each in arguments if each.startswith("--lang=")]
    if said[-1] in LANGUAGES:
        speak(said[-1])


def print_json(told: Any) -> None:
    """Print for scripts."""
    print(json.dumps(told, ensure_ascii=False, indent=2))


def complain(sentence: str) -> None:
    """Say on standard error why something was not done."""
    print(sentence, file=sys.stderr)


def show_account(account: Account, *, as_json: bool = False) -> None:
    """Print how a user signs in."""
    from dataclasses import asdict

    from words import say

    if as_json:
        print_json(asdict(account))
        return
    key = "console.account" if account.password else "console.account_without_password"
    print(say(key, **(asdict(account) | {"role": say(f"desk.role.{account.role}")})))
