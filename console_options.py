"""What the modules of the `luyue` command share: exit statuses, options, and ways of printing."""

from __future__ import annotations

import json
import socket
import sys
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


def speak(lang: str) -> None:
    """Have this command say its sentences in a language; BadParameter where there are none."""
    if lang not in LANGUAGES:
        raise typer.BadParameter("zh_CN or en", param_hint="--lang")
    import words

    words.set_language(LANGUAGES[lang])


def print_json(told: Any) -> None:
    """Print for scripts."""
    print(json.dumps(told, ensure_ascii=False, indent=2))


def complain(sentence: str) -> None:
    """Say on standard error why something was not done."""
    print(sentence, file=sys.stderr)


def end_if_taken(host: str, port: int) -> None:
    """Ends the command, saying so, where another program listens at the port."""
    from words import say

    if not port_is_free(host, port):
        complain(say("console.port_taken", port=port))
        raise typer.Exit(FAILED)


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def show_account(account: Account) -> None:
    """Print how a user signs in."""
    from dataclasses import asdict

    from words import say

    key = "console.account" if account.password else "console.account_without_password"
    print(say(key, **(asdict(account) | {"role": say(f"desk.role.{account.role}")})))
