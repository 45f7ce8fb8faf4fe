"""The commands about what is restricted: who may know of it, what there is, and its end."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from console_options import AsJson, DatabaseUrl, DataDir, county_config, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from county.entrusting import Entrusted
    from county.special_programmes import Kept


def add_to(county: typer.Typer) -> None:
    """Hang these commands into `luyue county`."""
    for name, command in (
        ("entrust", entrust),
        ("entrusted", show_entrusted),
        ("programmes", show_programmes),
        ("end-programme", end_programme),
    ):
        county.command(name)(command)


def entrust(
    doctor: Annotated[str, typer.Argument(help="The doctor's name, login or id.")],
    village: Annotated[list[str], typer.Option(help="One of the doctor's villages; repeatable.")],
    end: Annotated[bool, typer.Option("--end", help="No longer.")] = False,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Name a doctor for a village's special programmes: their tablet is sent who is in them."""
    from county.entrusting import name_doctor

    named = name_doctor(county_config(data, database), doctor, tuple(village), end=end)
    _show_entrusted([named], as_json=as_json)


def show_entrusted(
    data: DataDir = None, database: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Who is named for which villages' special programmes."""
    from county.entrusting import named_doctors

    _show_entrusted(named_doctors(county_config(data, database)), as_json=as_json)


def _show_entrusted(named: Sequence[Entrusted], *, as_json: bool) -> None:
    from words import say

    if as_json:
        print_json([asdict(each) for each in named])
        return
    for each in named:
        key = "console.entrusted" if each.villages else "console.entrusted_with_nothing"
        villages = say("app.list_separator").join(each.villages)
        print(say(key, doctor=each.doctor, villages=villages))
    if not named:
        print(say("console.nobody_entrusted"))


def show_programmes(
    village: Annotated[
        list[str] | None, typer.Option(help="A village's name; repeatable. All if none.")
    ] = None,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Who is in a special programme. Looking is written down in the audit trail."""
    from county.special_programmes import list_programmes
    from words import say

    found = list_programmes(county_config(data, database), tuple(village or ()))
    if as_json:
        print_json([_told(kept) for kept in found])
        return
    for kept in found:
        print(_line(kept))
    if not found:
        print(say("console.no_programmes"))


def end_programme(
    record: Annotated[str, typer.Argument(help="Its id, as `programmes` shows it.")],
    programme: Annotated[
        str | None, typer.Option(help="tb or smi, where the resident is in both. All if none.")
    ] = None,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The last day. Today if none."),
    ] = None,
    data: DataDir = None,
    database: DatabaseUrl = None,
) -> None:
    """End a resident's special programme; after that day the named doctors' tablets hide it."""
    from county.special_programmes import end_one
    from words import say

    config = county_config(data, database)
    last_day = end_one(config, record, programme, on.date() if on else None)
    print(say("console.programme_ended", on=last_day.isoformat()))


def _line(kept: Kept) -> str:
    from words import say

    key = "console.programme_past" if kept.to_on else "console.programme"
    return say(
        key,
        record=kept.record_id,
        village=kept.village,
        resident=kept.resident,
        born=kept.birth_date,
        tag=say(f"tag.{kept.tag}"),
        since=say("console.since", day=kept.from_on.isoformat())
        if kept.from_on
        else say("console.since_unknown"),
        until=kept.to_on.isoformat() if kept.to_on else "",
    )


def _told(kept: Kept) -> dict[str, str | None]:
    told = asdict(kept)
    return {name: None if value is None else str(value) for name, value in told.items()}
