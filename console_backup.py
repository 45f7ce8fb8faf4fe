"""The commands about keeping the county whole: backup, restore, backed-up and check."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from unicodedata import normalize

import typer

from console_options import (
    FAILED,
    AsJson,
    DatabaseUrl,
    DataDir,
    complain,
    county_config,
    print_json,
)

AGREED = frozenset({"是", "是的", "y", "yes"})
"""What is taken for a yes, however wide its letters; whatever else is typed is a no."""


def add_to(county: typer.Typer) -> None:
    """Hang these commands into `luyue county`."""
    for name, command in (
        ("backup", backup),
        ("restore", restore),
        ("backed-up", backed_up),
        ("check", check),
    ):
        county.command(name)(command)


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write the copy.")],
    data: DataDir = None,
    database: DatabaseUrl = None,
) -> None:
    """Copy the database while the county works, and tell the tablets what is safe."""
    from county.backup_office import back_up
    from words import say

    count = back_up(county_config(data, database), file)
    print(say("recovery.backed_up", count=count, file=file))


def restore(
    file: Annotated[Path, typer.Argument(help="A file of `luyue county backup`.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Set a stopped county back to a backup; its former database is kept aside."""
    from dataclasses import asdict

    from county.backup_office import carry_out
    from county.restoring import planned
    from words import say

    config = county_config(data, database)
    plan = planned(config, file)
    if not yes and not _agreed(say("restore.sure", name=plan.contents.name, file=file)):
        complain(say("restore.left_alone"))
        raise typer.Exit(FAILED)
    done = carry_out(config, plan)
    if as_json:
        print_json(asdict(done))
        return
    print(say("restore.done", name=done.county, count=done.tablets))
    if done.kept:
        print(say("restore.kept", kept=done.kept))
    if done.was_unreadable:
        print(say("restore.unreadable"))
    if done.doctors:
        print(say("restore.doctors", names=", ".join(done.doctors)))
    if done.damaged:
        print(say("restore.damaged", count=done.damaged))


def _agreed(question: str) -> bool:
    """Whether it was answered with a yes; where nobody answers it was not."""
    try:
        said = typer.prompt(question, default="", show_default=False, prompt_suffix=" ", err=True)
    except typer.Abort:
        print(file=sys.stderr)  # the question's line is still open
        return False
    return normalize("NFKC", said).strip().casefold() in AGREED


def backed_up(
    begun_at: Annotated[
        datetime, typer.Argument(help="When the backup began, in the county's time.")
    ],
    data: DataDir = None,
    database: DatabaseUrl = None,
) -> None:
    """Tell the tablets that a backup made by other means is complete."""
    from county.backup_office import note_backup
    from county.config import CHINA
    from words import say

    moment = begun_at if begun_at.tzinfo else begun_at.replace(tzinfo=CHINA)
    count = note_backup(county_config(data, database), moment)
    print(say("recovery.backup_noted", count=count))


def check(
    mend: Annotated[
        bool, typer.Option("--mend", help="Put right what the operations still say.")
    ] = False,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Look for damage in the county's own database; with --mend, put it right."""
    from county.check_office import check_county, checked_json, checked_text
    from county.logs import set_up_logs

    set_up_logs()
    checked = check_county(county_config(data, database), mending=mend)
    if as_json:
        print_json(checked_json(checked))
    else:
        print(checked_text(checked))
    if checked.left:
        raise typer.Exit(FAILED)
