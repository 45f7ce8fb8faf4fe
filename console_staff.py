"""The county office's commands about people: who has an account, where, and when they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console_options import AsJson, DatabaseUrl, DataDir, county_config, print_json, show_account

if TYPE_CHECKING:
    from county.staff_office import Member


def add_to(county: typer.Typer) -> None:
    """Hang these commands into `luyue county`."""
    for name, command in (
        ("users", show_users),
        ("add-user", add_user),
        ("villages", change_villages),
        ("new-password", new_password),
        ("close-user", close_user),
    ):
        county.command(name)(command)


def show_users(data: DataDir = None, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Everybody who has an account, or had one, with their places."""
    from dataclasses import asdict

    from county.staff_office import members

    found = members(county_config(data, database))
    if as_json:
        print_json([asdict(member) for member in found])
        return
    for member in found:
        print(_line(member))


def add_user(
    name: Annotated[str, typer.Argument(help="The user's name.")],
    role: Annotated[str, typer.Option(help="doctor, township, county or auditor.")],
    login: Annotated[str, typer.Option(help="Made from the name if none.")] = "",
    password: Annotated[
        str, typer.Option(envvar="LUYUE_PASSWORD", help="Made up if none; a doctor needs none.")
    ] = "",
    township: Annotated[str, typer.Option(help="The reviewer's township.")] = "",
    village: Annotated[
        list[str] | None, typer.Option(help="A doctor's village; repeatable.")
    ] = None,
    phone: Annotated[str, typer.Option(help="Telephone number.")] = "",
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Add a doctor, a township's reviewer, an administrator or an auditor."""
    from county.office import UserRequest, register_user

    request = UserRequest(
        name=name,
        role=role,
        login=login,
        password=password,
        township=township,
        villages=tuple(village or ()),
        phone=phone,
    )
    show_account(register_user(county_config(data, database), request), as_json=as_json)


def new_password(
    login: Annotated[str, typer.Argument(help="The login at the desk.")],
    password: Annotated[str, typer.Option(envvar="LUYUE_PASSWORD", help="Made up if none.")] = "",
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Give a user of the desk another password; who is signed in with the old one is out."""
    from county.office import renew_password

    show_account(renew_password(county_config(data, database), login, password), as_json=as_json)


def change_villages(
    doctor: Annotated[str, typer.Argument(help="The doctor's name, login or id.")],
    village: Annotated[list[str], typer.Option(help="A village's name; repeatable.")],
    end: Annotated[bool, typer.Option("--end", help="No longer.")] = False,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Give a doctor a further village, or take one away."""
    from dataclasses import asdict

    from county import staff_office

    changed = staff_office.change_villages(
        county_config(data, database), doctor, tuple(village), end=end
    )
    if as_json:
        print_json(asdict(changed))
        return
    print(_line(changed.doctor))
    _warn(changed.left_alone)


def close_user(
    user: Annotated[str, typer.Argument(help="The login; or the name, where only one has it.")],
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Close an account: no more signing in; a doctor's villages and tablets end too."""
    from dataclasses import asdict

    from county.staff_office import close_member
    from words import say

    closed = close_member(county_config(data, database), user)
    if as_json:
        print_json(asdict(closed))
        return
    member = closed.member
    print(say("console.closed", name=member.name, login=member.login))
    if closed.tablets:
        print(say("console.closed_tablets", count=closed.tablets))
    _warn(closed.left_alone)


def _line(member: Member) -> str:
    from words import say

    villages = say("app.list_separator").join(member.villages)
    where = villages or member.township or say("console.nowhere")
    key = "console.user_closed" if member.is_closed else "console.user"
    role = say(f"desk.role.{member.role}")
    return say(key, name=member.name, login=member.login, role=role, where=where)


def _warn(left_alone: tuple[str, ...]) -> None:
    from words import say

    if left_alone:
        print(say("console.left_alone", villages=say("app.list_separator").join(left_alone)))
