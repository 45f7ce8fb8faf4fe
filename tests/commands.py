"""Which `luyue` commands and variables a text names, and whether there are such."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import typer

import console

ROOT = Path(__file__).parents[1]
VARIABLE = re.compile(r"LUYUE_[A-Z_]+[A-Z]")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
COMMAND = re.compile(r"(?:^|[\s`;&|'(]|bin/)luyue((?: +[^\s`;&|')#\n]+)+)", re.MULTILINE)


def known_variables() -> set[str]:
    """Every variable the county, the tablet or the command reads."""
    sources = [*ROOT.glob("console*.py"), *(ROOT / "county").rglob("*.py"), ROOT / "app/config.py"]
    return {name for path in sources for name in VARIABLE.findall(path.read_text("utf-8"))}


def commands_in(text: str, *, only_code: bool = False) -> list[list[str]]:
    """The words after each `luyue`, up to the end of the line or whatever ends a command."""
    parts = CODE.findall(text) if only_code else [text]
    joined = "\n".join(parts).replace("\\\n", " ")
    return [words for found in COMMAND.findall(joined) if not _is_a_label(words := _words(found))]


def _is_a_label(words: list[str]) -> bool:
    """Whether this is no command but what is signed or sealed: `luyue orders 1`."""
    return len(words) > 1 and words[1].isdigit()


def _words(told: str) -> list[str]:
    try:
        return shlex.split(told)
    except ValueError:
        return told.split()


def check_command(words: list[str]) -> None:
    """Fails where the words name a command, or an option of it, that is not there."""
    command: Any = typer.main.get_command(console.app)
    rest = list(words)
    while hasattr(command, "commands"):
        rest = _without_options_of(command, rest)
        if not rest or not re.fullmatch(r"[a-z][a-z-]*", rest[0]):
            return
        found = command.commands.get(rest[0])
        assert found is not None, f"there is no luyue {' '.join(words)}"
        command, rest = found, rest[1:]
    known = {name for parameter in command.params for name in parameter.opts} | {"--help", "-h"}
    for word in rest:
        option = re.match(r"--[a-z-]+", word)
        assert option is None or option[0] in known, f"luyue {' '.join(words)}: {option}"


def _without_options_of(group: Any, words: list[str]) -> list[str]:
    takes_value = {
        name: not getattr(parameter, "is_flag", False)
        for parameter in group.params
        for name in parameter.opts
    }
    rest = list(words)
    while rest and rest[0] in takes_value:
        rest = rest[2 if takes_value[rest[0]] else 1 :]
    return rest
