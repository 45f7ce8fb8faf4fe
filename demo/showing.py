"""`luyue demo`: the invented county made once, then its server and a tablet, until Ctrl-C."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from console_ports import check_port
from core.refusals import Refused
from county.config import utc_now
from county.office import invite_doctor
from demo.children import LOOPBACK, Children, end_on_termination, free_port_from
from demo.first_tablet import PIN, enrol, the_tablet
from demo.founding import DEFAULT_PORT, DemoCounty, county_config, make_demo, read_demo
from words import say

TABLET_PORT = 8650


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """How the demo is shown; `county_port` counts only when its data is made."""

    folder: Path
    seed: int
    fresh: bool
    county_port: int = DEFAULT_PORT
    tablet_port: int = TABLET_PORT


def show_demo(options: DemoOptions) -> None:
    """Make the demo if need be, start it, print how to get in, and stay until Ctrl-C.

    Raises Refused as `check_port` does for the county's port, which the demo's tablets know,
    and ChildFailed where a process does not come up or ends by itself.
    """
    end_on_termination()
    tablet_port = _port_from(options.tablet_port)
    demo = prepared(options)
    check_port(LOOPBACK, demo.county_port)
    try:
        with Children(options.folder / "logs") as children:
            _start_county(children, options.folder, demo)
            _enrol_tablet(options.folder, demo)
            _start_tablet(children, options.folder, demo, tablet_port)
            print("\n".join(_ways_in(options.folder, demo, tablet_port)), flush=True)
            children.watch()
    except KeyboardInterrupt:
        print(say("demo.ended", folder=options.folder))


def prepared(options: DemoOptions) -> DemoCounty:
    """The demo's data, made now where there is none yet or a fresh one is asked for.

    What was there goes only once there is a port for what is made.
    """
    demo = None if options.fresh else read_demo(options.folder)
    if demo is not None:
        print(say("demo.goes_on", folder=options.folder, made_on=demo.made_on), flush=True)
        return demo
    port = _port_from(options.county_port)
    print(say("demo.making"), flush=True)
    demo = make_demo(options.folder, options.seed, utc_now(), _tell, port)
    print(file=sys.stderr)
    return demo


def _port_from(port: int) -> int:
    """This port, or the first free one after it where another program has it.

    Raises Refused as `check_port` does where no program has it and it cannot be used either.
    """
    try:
        check_port(LOOPBACK, port)
    except Refused as refused:
        if refused.refusals[0].code != "port.taken":
            raise
        other = free_port_from(port + 1)
        print(say("demo.other_port", port=port, other=other))
        return other
    return port


def _tell(step: str, done: int, total: int) -> None:
    sentence = say("demo.step.roster") if step == "roster" else say("demo.step.year")
    print(f"\r  {sentence} {done}/{total}   ", end="", file=sys.stderr, flush=True)


def _start_county(children: Children, folder: Path, demo: DemoCounty) -> None:
    port = str(demo.county_port)
    data = str(county_config(folder).data_dir)
    print(say("demo.starting_county"), flush=True)
    children.start(
        "county",
        ["county", "serve", "--host", LOOPBACK, "--port", port, "--data", data],
        f"{demo.county_url}/ready",
    )


def _start_tablet(children: Children, folder: Path, demo: DemoCounty, port: int) -> None:
    data = str(folder / "tablet")
    print(say("demo.starting_tablet"), flush=True)
    children.start(
        "tablet",
        ["tablet", "--port", str(port), "--data", data, "--county", demo.county_url],
        f"http://{LOOPBACK}:{port}/",
    )


def _enrol_tablet(folder: Path, demo: DemoCounty) -> None:
    tablet = the_tablet(folder, demo)
    if tablet.state() == "new":
        print(say("demo.enrolling", doctor=demo.doctors[0].name), flush=True)
        enrol(tablet, folder, demo)


def _command() -> str:
    """`luyue` as a shell finds it: by its name, or else beside the Python that runs the demo."""
    return "luyue" if shutil.which("luyue") else str(Path(sys.executable).with_name("luyue"))


def _ways_in(folder: Path, demo: DemoCounty, tablet_port: int) -> Iterator[str]:
    first, second, *others = demo.doctors
    county = county_config(folder)
    invitation, _ = invite_doctor(county, second.user_id)
    luyue = _command()
    yield ""
    yield say("demo.desk", url=f"{demo.county_url}/desk")
    for user in demo.users:
        yield say("demo.user", name=user.name, login=user.login, password=user.password)
    yield say("demo.tablet", url=f"http://{LOOPBACK}:{tablet_port}")
    yield say("demo.pin", doctor=first.name, village=first.place, pin=PIN)
    yield say(
        "demo.code",
        doctor=second.name,
        village=second.place,
        code=invitation.code,
        command=f"{luyue} tablet --port {tablet_port + 1} --data {folder}/tablet2"
        f" --county {demo.county_url}",
    )
    if others:
        yield say(
            "demo.others",
            doctors="、".join(doctor.name for doctor in others),
            command=f"{luyue} county invite {others[0].name} --data {county.data_dir}",
        )
    yield say("demo.end")
