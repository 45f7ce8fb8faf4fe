"""The county office's commands: init, serve, import-roster, invite and stats."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from console_options import (
    UNUSABLE,
    AsJson,
    DatabaseUrl,
    DataDir,
    county_config,
    print_json,
    show_account,
)
from console_ports import check_port


def add_to(county: typer.Typer) -> None:
    """Hang these commands into `luyue county`."""
    for name, command in (
        ("init", init),
        ("serve", serve_county),
        ("import-roster", import_roster),
        ("invite", invite),
        ("stats", show_stats),
    ):
        county.command(name)(command)


def init(
    name: Annotated[str, typer.Argument(help="The county's name.")],
    county_id: Annotated[str, typer.Option("--id", help="An id of your own.")] = "",
    password: Annotated[
        str,
        typer.Option(envvar="LUYUE_ADMIN_PASSWORD", help="The administrator's; made up if none."),
    ] = "",
    passphrase: Annotated[
        str,
        typer.Option(
            "--escrow-passphrase",
            envvar="LUYUE_ESCROW_PASSPHRASE",
            help="Guards the key that recovers tablets; made up if none.",
        ),
    ] = "",
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Found the county: its database, its keys, its first administrator."""
    from dataclasses import asdict

    from county.escrow_key import easy_passphrase
    from county.office import Account, init_county
    from words import say

    phrase = passphrase or easy_passphrase()

    def tell(account: Account) -> None:
        if as_json:
            print_json(asdict(account) | {"escrow_passphrase": phrase})
        else:
            show_account(account)
            if not passphrase:
                print(say("console.escrow_passphrase", passphrase=phrase))
        sys.stdout.flush()

    init_county(county_config(data, database), name, county_id, password, phrase, tell)


def serve_county(
    host: Annotated[str | None, typer.Option(envvar="LUYUE_COUNTY_HOST")] = None,
    port: Annotated[int | None, typer.Option(envvar=["LUYUE_COUNTY_PORT", "LUYUE_PORT"])] = None,
    data: DataDir = None,
    database: DatabaseUrl = None,
) -> None:
    """Run the county's server: sync for the tablets, the desk for the reviewers."""
    from county.office import check_founded
    from county.server import serve

    config = county_config(data, database, host=host, port=port)
    check_founded(config)
    check_port(config.host, config.port)
    serve(config)


def import_roster(
    file: Annotated[Path, typer.Argument(help="The roster, an XLSX.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Answer, but change nothing.")] = False,
    create_villages: Annotated[
        bool, typer.Option("--create-villages", help="Villages and doctors not there are added.")
    ] = False,
    township: Annotated[
        str, typer.Option(help="The township of a file that has no such column.")
    ] = "",
    notes: Annotated[bool, typer.Option("--notes", help="Show every correction too.")] = False,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Take in a roster; every row is answered, and a second time changes nothing."""
    from county.office import take_roster
    from county.roster.answers import report_json, report_text
    from county.roster.importing import RosterOptions

    options = RosterOptions(dry_run=dry_run, create_villages=create_villages, township=township)
    report = take_roster(county_config(data, database), file, options)
    if as_json:
        print_json(report_json(report))
    else:
        print(report_text(report, notes=notes))
    if not report.has_taken:
        raise typer.Exit(UNUSABLE)


def invite(
    doctor: Annotated[str, typer.Argument(help="The doctor's name, login or id.")],
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Issue a one-time code with which a doctor enrols a tablet."""
    from county.config import CHINA
    from county.office import invite_doctor
    from words import say

    code, name = invite_doctor(county_config(data, database), doctor)
    until = code.expires_at.astimezone(CHINA)
    if as_json:
        told = {"doctor_id": code.doctor_id, "doctor": name, "code": code.code}
        print_json(told | {"expires_at": code.expires_at.isoformat()})
    else:
        print(say("console.invite", doctor=name, code=code.code, until=f"{until:%Y-%m-%d %H:%M}"))


def show_stats(data: DataDir = None, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """The county in numbers."""
    from county.office import stats
    from county.stats import stats_text

    found = stats(county_config(data, database))
    if as_json:
        print_json(found)
    else:
        print(stats_text(found))
