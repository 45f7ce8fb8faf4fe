"""The commands about tablets' keys: recover, revoke, wipe, lease, accept and escrow-key."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console_options import FAILED, AsJson, DatabaseUrl, DataDir, county_config, print_json

if TYPE_CHECKING:
    from core.wire.receipts import Receipt
    from county.custody_office import Rotated
    from county.hand_over import Key

escrow_key = typer.Typer(
    name="escrow-key",
    help="The county's key to the tablets' keys: rotate it, keep it off-line.",
    no_args_is_help=True,
)

Passphrase = Annotated[
    str | None,
    typer.Option(
        "--passphrase",
        envvar="LUYUE_ESCROW_PASSPHRASE",
        help="Better typed when asked for, or in the environment, than on the command line.",
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key-file", help="The escrow key's file, where it is kept off-line."),
]


def add_to(county: typer.Typer) -> None:
    """Hang these commands into `luyue county`."""
    for name, command in (
        ("recover", recover),
        ("revoke", revoke),
        ("wipe", wipe),
        ("lease", lease),
        ("accept", accept),
        ("keep", keep),
    ):
        county.command(name)(command)
    county.add_typer(escrow_key)


def recover(
    doctor: Annotated[str, typer.Argument(help="The doctor's name, login or id.")],
    passphrase: Passphrase = None,
    tablet: Annotated[str, typer.Option(help="The tablet's id, where there are several.")] = "",
    key_file: KeyFile = None,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Issue a one-time code for a forgotten PIN or a lost device secret."""
    from county.config import CHINA
    from county.custody_office import recover_doctor
    from words import say

    found = recover_doctor(
        county_config(data, database), doctor, tablet, _key(passphrase, key_file)
    )
    until = found.code.expires_at.astimezone(CHINA)
    if as_json:
        told = {"doctor_id": found.doctor_id, "doctor": found.doctor, "code": found.code.code}
        print_json(told | {"device_id": found.code.device_id, "expires_at": until.isoformat()})
    else:
        until_text = f"{until:%Y-%m-%d %H:%M}"
        print(say("recovery.code", doctor=found.doctor, code=found.code.code, until=until_text))


def revoke(
    device: Annotated[str, typer.Argument(help="The tablet's id.")],
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Take a tablet's place away: it may hand in, into quarantine, and is sent nothing."""
    from county.custody_office import revoke_tablet
    from words import say

    tablet = revoke_tablet(county_config(data, database), device)
    _show(asdict(tablet), say("recovery.revoked", **asdict(tablet)), as_json=as_json)


def wipe(
    device: Annotated[str, typer.Argument(help="The tablet's id.")],
    regardless: Annotated[
        bool, typer.Option("--regardless", help="Even if unsent work is lost with it.")
    ] = False,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Order a tablet to destroy what it holds, once it has handed its work in."""
    from county.custody_office import wipe_tablet
    from words import say

    tablet = wipe_tablet(county_config(data, database), device, regardless=regardless)
    key = "recovery.wipe_regardless" if regardless else "recovery.wipe_after_hand_in"
    _show(asdict(tablet), say(key, **asdict(tablet)), as_json=as_json)


def lease(
    days: Annotated[int, typer.Argument(help="From 1 to 365.")],
    data: DataDir = None,
    database: DatabaseUrl = None,
) -> None:
    """Set how many days a tablet works without contact before it locks."""
    from county.custody_office import change_lease
    from words import say

    change_lease(county_config(data, database), days)
    print(say("recovery.lease_set", days=days))


def accept(
    file: Annotated[Path, typer.Argument(help="The hand-over file from the tablet.")],
    passphrase: Passphrase = None,
    key_file: KeyFile = None,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Take in a tablet's records carried on a file; a second time changes nothing."""
    from county.custody_office import accept_file
    from words import say

    _check_file(file, "hand_over.no_file")
    handed = accept_file(county_config(data, database), file, _key(passphrase, key_file))
    if as_json:
        print_json(asdict(handed))
    else:
        for receipt in handed.receipts:
            print(_answer(receipt))
        print(say("recovery.accepted", doctor=handed.doctor, count=handed.count))
        if handed.resend_from is not None:
            print(say("recovery.missing", number=handed.resend_from), file=sys.stderr)
    if handed.resend_from is not None:
        raise typer.Exit(FAILED)


def keep(
    years: Annotated[int, typer.Argument(help="From 2 to 30.")],
    data: DataDir = None,
    database: DatabaseUrl = None,
) -> None:
    """Set how many years of follow-ups stay on the tablets."""
    from county.custody_office import change_keep_years
    from words import say

    change_keep_years(county_config(data, database), years)
    print(say("recovery.keep_set", years=years))


@escrow_key.command("rotate")
def escrow_key_rotate(
    passphrase: Passphrase = None,
    new_passphrase: Annotated[
        str,
        typer.Option(envvar="LUYUE_NEW_ESCROW_PASSPHRASE", help="Made up if none."),
    ] = "",
    key_file: KeyFile = None,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Put a new key in force and seal every tablet's key to it."""
    from county.custody_office import rotate_escrow_key
    from county.escrow_key import easy_passphrase

    phrase = new_passphrase or easy_passphrase()
    key = _key(passphrase, key_file)

    def tell(rotated: Rotated) -> None:
        if as_json:
            print_json(_rotated_json(rotated) | {"escrow_passphrase": phrase})
        else:
            _show_rotated(rotated, "" if new_passphrase else phrase, is_here=bool(key_file))
        sys.stdout.flush()

    rotate_escrow_key(county_config(data, database), key, phrase, tell)


@escrow_key.command("export")
def escrow_key_export(
    file: Annotated[Path, typer.Argument(help="Where to write it, still locked.")],
    passphrase: Passphrase = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="And take the private half out of the database.")
    ] = False,
    data: DataDir = None,
    database: DatabaseUrl = None,
) -> None:
    """Write the escrow key to a file, for a safe; with --remove it then lives there alone."""
    from county.custody_office import export_escrow_key
    from words import say

    _check_folder_of(file)
    key = _key(passphrase, None)
    name = export_escrow_key(county_config(data, database), file, key, remove=remove)
    print(say("recovery.exported", name=name, file=file))
    if remove:
        print(say("recovery.exported_is_gone"))


def _rotated_json(rotated: Rotated) -> dict[str, Any]:
    left = [asdict(each) for each in rotated.left_behind]
    return {"name": rotated.name, "tablets": rotated.count, "left_behind": left}


def _show_rotated(rotated: Rotated, passphrase: str, *, is_here: bool) -> None:
    """Say what a rotation comes to; a passphrase that was made up is shown this once."""
    from words import say

    print(say("recovery.rotated", name=rotated.name, count=rotated.count))
    for left in rotated.left_behind:
        key = "recovery.key_lost" if left.is_lost else "recovery.key_left_behind"
        print(say(key, doctor=left.doctor, device_id=left.device_id))
    if passphrase:
        print(say("console.escrow_passphrase", passphrase=passphrase))
    if is_here:
        print(say("recovery.rotated_is_here"))


def _answer(receipt: Receipt) -> str:
    from core.refusals import Refusal
    from words import say, sentence_for

    outcome = say(f"recovery.outcome.{receipt.outcome}")
    reason = ""
    if receipt.code:
        reason = sentence_for(Refusal(code=receipt.code, values=receipt.values))
    return say(
        "recovery.answer",
        number=receipt.device_seq,
        record=receipt.record_id,
        outcome=outcome,
        reason=reason,
    ).rstrip()


def _key(passphrase: str | None, file: Path | None) -> Key:
    from county.hand_over import Key

    if file:
        _check_file(file, "escrow.no_file")
    return Key(passphrase=passphrase or _asked_for(), file=file)


def _check_file(file: Path, code: str) -> None:
    """Before anything is asked: refused where there is no such file, or a folder."""
    from core.refusals import Refusal, Refused

    if not file.is_file():
        raise Refused(Refusal(code=code, place="file", values={"file": file}))


def _check_folder_of(file: Path) -> None:
    """Before anything is asked: raises what writing the file would where its folder is missing."""
    if not file.parent.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file))


def _asked_for() -> str:
    """The passphrase as typed, or a line of what is piped in.

    Raises Refused `escrow.no_passphrase` where there is neither.
    """
    from core.refusals import Refusal, Refused
    from words import say

    if sys.stdin.isatty():
        return str(typer.prompt(say("recovery.ask_passphrase"), hide_input=True))
    if passphrase := sys.stdin.readline().rstrip("\r\n"):
        return passphrase
    raise Refused(Refusal(code="escrow.no_passphrase"))


def _show(told: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(told)
    else:
        print(sentence)
