"""The `luyue` command: the county office's work, the tablet, the demo and the benchmarks."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import console_backup
import console_custody
import console_explain
import console_office
import console_special
import console_staff
from console_options import (
    FAILED,
    SUCCESS,
    UNUSABLE,
    AsJson,
    complain,
    need_a_county,
    print_json,
    speak,
    speak_as_asked,
)
from console_ports import check_port
from simulation import command as simulation_command

if TYPE_CHECKING:
    from core.refusals import Refusal

FAILURES = frozenset(
    {
        "backup.damaged",
        "backup.program_failed",
        "county.founded_already",
        "county.not_founded",
        "port.no_rights",
        "port.taken",
        "restore.county_runs",
    }
)
"""Refusals of the state things are in, not of what was handed in."""

app = typer.Typer(
    name="luyue",
    help="履约 Lüyue: family-doctor follow-ups, from the village doctor's tablet to the desk.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
county = typer.Typer(
    name="county",
    help="The county office: its server, its roster, its users.",
    no_args_is_help=True,
)
app.add_typer(county)
console_office.add_to(county)
console_staff.add_to(county)
console_custody.add_to(county)
console_special.add_to(county)
console_backup.add_to(county)
console_explain.add_to(app)
simulation_command.add_to(app)
need_a_county(county, but={"init", "restore"})
need_a_county(console_custody.escrow_key)
need_a_county(console_explain.policy)


def main() -> None:
    """Run the command line and end the process with its exit status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit status of a command; what went wrong is one line on standard error.

    LUYUE_DEBUG=1 shows the traceback of a failure nobody foresaw.
    """
    from core.refusals import Refused

    try:
        status = app(args=arguments, prog_name="luyue", standalone_mode=False)
    except Refused as refused:
        return _refused(refused.refusals)
    except typer.Abort:
        return FAILED
    except Exception as error:
        if os.environ.get("LUYUE_DEBUG"):
            raise
        return _failed(error, arguments)
    return status if isinstance(status, int) else SUCCESS


def _refused(refusals: tuple[Refusal, ...]) -> int:
    from words import say, sentence_for

    complain(say("console.and").join(sentence_for(refusal) for refusal in refusals))
    return FAILED if any(refusal.code in FAILURES for refusal in refusals) else UNUSABLE


def _failed(error: Exception, arguments: list[str]) -> int:
    from console_failures import sentence_of, usage_sentence

    if hasattr(error, "format_message"):  # the command line itself cannot be understood
        speak_as_asked(arguments)
        complain(usage_sentence(error))
        return UNUSABLE
    complain(sentence_of(error))
    return FAILED


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"luyue {version('luyue')}")
        raise typer.Exit


def _speak(language: str) -> None:
    if language != "zh_CN":  # which it speaks by itself: help stays quick
        speak(language)


@app.callback()
def luyue(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    _language: Annotated[
        str,
        typer.Option(
            "--lang", envvar="LUYUE_LANG", callback=_speak, is_eager=True, help="zh_CN or en."
        ),
    ] = "zh_CN",
) -> None:
    """履约 Lüyue: family-doctor follow-ups, from the village doctor's tablet to the desk."""


@app.command("tablet")
def tablet(
    port: Annotated[int, typer.Option(envvar=["LUYUE_TABLET_PORT", "LUYUE_PORT"])] = 8650,
    data: Annotated[
        Path | None,
        typer.Option("--data", envvar="LUYUE_TABLET_DATA", help="Folder of the tablet's data."),
    ] = None,
    county_url: Annotated[
        str | None,
        typer.Option("--county", envvar="LUYUE_COUNTY_URL", help="The county's address."),
    ] = None,
) -> None:
    """Run the doctor's tablet in a browser of this machine."""
    from dataclasses import replace

    from app.boot import LOOPBACK, serve_in_browser
    from app.config import Config
    from words import say

    told = Config.from_environment()
    config = replace(told, data_dir=data or told.data_dir, county_url=county_url or told.county_url)
    check_port(LOOPBACK, port)
    ready = say("console.tablet_ready", url=f"http://{LOOPBACK}:{port}")
    serve_in_browser(config, port, lambda: print(ready, flush=True))


@app.command("demo")
def demo(
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Throw the data away, start over.")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed invents the same county.")] = 7,
    data: Annotated[
        Path, typer.Option("--data", envvar="LUYUE_DEMO_DATA", help="Folder of the demo's data.")
    ] = Path("var/demo"),
    county_port: Annotated[int, typer.Option(help="For a demo that is made now.")] = 8600,
    tablet_port: Annotated[int, typer.Option()] = 8650,
    make_only: Annotated[bool, typer.Option("--make-only", help="Make the data and end.")] = False,
) -> None:
    """Show an invented county: its server, its desk, a doctor's tablet; Ctrl-C ends all."""
    from demo.children import ChildFailed
    from demo.showing import DemoOptions, prepared, show_demo
    from words import say

    options = DemoOptions(
        folder=data, seed=seed, fresh=fresh, county_port=county_port, tablet_port=tablet_port
    )
    try:
        if make_only:
            prepared(options)
        else:
            show_demo(options)
    except ChildFailed as failed:
        complain(say("demo.child_failed", name=failed.name, log=failed.log))
        raise typer.Exit(FAILED) from failed


@app.command("sample-roster")
def sample_roster(
    out: Annotated[Path, typer.Option("--out", help="The XLSX to write.")],
    rows: Annotated[int, typer.Option(min=1, max=200_000, help="Persons in it.")] = 5000,
    seed: Annotated[int, typer.Option(help="The same seed writes the same file.")] = 1,
    year: Annotated[int, typer.Option(min=1950, max=2099, help="The year it is of.")] = 2026,
) -> None:
    """Write an invented county's roster, damaged the way real ones are."""
    from county.roster.sample import write_sample_roster
    from words import say

    write_sample_roster(out, rows, seed, year)
    print(say("console.sample_written", rows=rows, file=out))


@app.command("bench")
def bench(
    name: Annotated[str, typer.Argument(help="main, account, store … or all.")],
    tablets: Annotated[
        int | None, typer.Option(min=2, help="How many tablets `county` has.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure, and hold what was measured against its marks."""
    from bench import figures_named
    from bench.figures import lines_of, report_of

    figures = figures_named(name, tablets)
    if as_json:
        print_json(report_of(figures))
    else:
        print("\n".join(lines_of(figures)))
    if not all(figure.holds in (True, None) for figure in figures):
        raise typer.Exit(FAILED)


if __name__ == "__main__":
    main()
