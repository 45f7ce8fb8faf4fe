"""The main job on real parts: a roster in, *Today* after unlock, a visit saved and on the desk."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import requests

from app.services.tablet import Tablet
from app.services.workplace import Workplace
from bench.figures import Figure
from core.vocabulary import Mode, Service, Symptom, Timing
from county.config import utc_now
from county.roster.sample import write_sample_roster
from demo.children import Children, free_port_from
from demo.first_tablet import PIN, enrol, the_tablet
from demo.founding import DemoCounty, make_demo

ROSTER_ROWS = 5_000
SEED = 7
UNLOCKS, SAVES, TRIPS = 7, 40, 5
BENCH_PORT = 8670
PATIENCE_S = 20
_SHOWN = re.compile(r'<dl class="figures">.*?</dl>|<tfoot>.*?</tfoot>', re.DOTALL)
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def run() -> list[Figure]:
    """All figures of the main job; takes two minutes or so."""
    with tempfile.TemporaryDirectory(prefix="luyue-bench-") as name:
        folder = Path(name)
        return [*roster_figures(folder, ROSTER_ROWS), *day_figures(folder / "demo")]


def roster_figures(folder: Path, rows: int) -> Iterator[Figure]:
    """A roster imported by the command itself, in a process of its own, once and again."""
    roster = folder / "roster.xlsx"
    write_sample_roster(roster, rows, SEED, utc_now().year)
    environment = {**os.environ, "LUYUE_COUNTY_DATA": str(folder / "county")}
    environment.pop("LUYUE_DATABASE_URL", None)
    _command(["county", "init", "量县"], environment)
    seconds, peak_mb, _ = _command(["county", "import-roster", str(roster)], environment)
    yield Figure(name="roster_import", value=seconds, unit="s", mark=20)
    yield Figure(name="roster_import_memory", value=peak_mb, unit="MB", mark=300)
    seconds, _, told = _command(["county", "import-roster", str(roster), "--json"], environment)
    counts = json.loads(told)["counts"]
    yield Figure(name="roster_import_again", value=seconds, unit="s", mark=20)
    changes = counts["new"] + counts["changed"]
    yield Figure(name="roster_import_again_changes", value=changes, unit="rows", mark=0)
    yield Figure(name="roster_rows", value=counts["rows"], unit="rows")


def day_figures(folder: Path) -> list[Figure]:
    """A doctor's day on the demo's data, with a county server in a process of its own."""
    port = free_port_from(BENCH_PORT)
    begun = perf_counter()
    demo = make_demo(folder, SEED, utc_now(), lambda *_: None, port)
    made = perf_counter() - begun
    with Children(folder / "logs") as children:
        children.start(
            "county",
            ["county", "serve", "--port", str(port), "--data", str(folder / "county")],
            f"{demo.county_url}/ready",
        )
        tablet = the_tablet(folder, demo)
        begun = perf_counter()
        enrol(tablet, folder, demo)
        first_sync = perf_counter() - begun
        figures = [
            Figure(name="demo_made", value=made, unit="s", mark=40),
            Figure(name="enrolment_and_first_sync", value=first_sync, unit="s", mark=5),
            Figure(
                name="today_from_unlock", value=_unlock_to_today(tablet, demo), unit="s", mark=1.5
            ),
        ]
        workplace = tablet.unlock(demo.doctors[0].user_id, PIN)
        owed = _owed_residents(workplace)
        figures.append(_saved(workplace, owed[TRIPS : TRIPS + SAVES]))
        figures.append(_on_the_desk(workplace, demo, owed[:TRIPS]))
        tablet.lock()
    return figures


def _command(arguments: Sequence[str], environment: dict[str, str]) -> tuple[float, float, str]:
    """How long a `luyue` command took, its peak memory in MB, and what it printed."""
    begun = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "console", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    told = process.stdout.read() if process.stdout is not None else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"luyue {' '.join(arguments)} ended with {process.returncode}")
    peak = usage.ru_maxrss / 1e6 if sys.platform == "darwin" else usage.ru_maxrss * 1024 / 1e6
    return perf_counter() - begun, peak, told


def _unlock_to_today(tablet: Tablet, demo: DemoCounty) -> float:
    """From the PIN's last digit to the worklist, the median of several unlocks."""
    times = []
    for _ in range(UNLOCKS):
        begun = perf_counter()
        tablet.unlock(demo.doctors[0].user_id, PIN).today.list()
        times.append(perf_counter() - begun)
        tablet.lock()
    return statistics.median(times)


def _owed_residents(workplace: Workplace) -> list[str]:
    """Residents with a slot open today, so that a visit moves the desk's figures."""
    rows = [row for group in workplace.today.list().groups for row in group.rows]
    ids = dict.fromkeys(row.resident_id for row in rows)
    return [resident_id for resident_id in ids if workplace.follow_ups.begin(resident_id).slot]


def _visit(workplace: Workplace, resident_id: str) -> float:
    """Record a visit as the form does; how long the save took, in seconds."""
    draft = replace(
        workplace.follow_ups.begin(resident_id).draft,
        mode=Mode.HOME,
        services=(Service.HEALTH_MANAGEMENT,),
        symptoms=(Symptom.NONE,),
        systolic_mmhg="134",
        diastolic_mmhg="82",
        heart_rate_bpm="74",
        glucose_mmol_l="5.8",
        timing=Timing.FASTING,
        diet=("less_salt",),
        exercise=("walk_daily",),
        psychology=("sleep_well",),
        adherence="regular",
        adverse_reaction=False,
        complication="none",
    )
    soft = tuple(item.code for item in workplace.follow_ups.appraise(draft).refusals if item.soft)
    begun = perf_counter()
    workplace.follow_ups.save(draft, confirmed_soft=soft)
    return perf_counter() - begun


def _saved(workplace: Workplace, resident_ids: Sequence[str]) -> Figure:
    """The save alone: judged, written, signed, on the disk."""
    if not resident_ids:
        raise RuntimeError("nobody on this tablet is owed a visit")
    median = statistics.median(_visit(workplace, resident_id) for resident_id in resident_ids)
    return Figure(name="follow_up_saved", value=median * 1000, unit="ms", mark=50)


def _on_the_desk(workplace: Workplace, demo: DemoCounty, resident_ids: Sequence[str]) -> Figure:
    """From the doctor's sending to the overview a reviewer sees, the median of several trips."""
    desk = _signed_in(demo)
    workplace.sync.run_now()
    times = []
    for resident_id in resident_ids:
        before = _overview(desk, demo)
        _visit(workplace, resident_id)
        begun = perf_counter()
        workplace.sync.run_now()
        while _overview(desk, demo) == before:
            if perf_counter() - begun > PATIENCE_S:
                raise RuntimeError("the visit never reached the desk")
            time.sleep(0.05)
        times.append(perf_counter() - begun)
    value = statistics.median(times)
    return Figure(name="outbox_to_desk", value=value, unit="s", mark=2)


def _signed_in(demo: DemoCounty) -> requests.Session:
    administrator = demo.users[0]
    desk = requests.Session()
    desk.trust_env = False
    form = desk.get(f"{demo.county_url}/desk/sign-in", timeout=PATIENCE_S)
    found = _CSRF.search(form.text)
    fields = {
        "login": administrator.login,
        "password": administrator.password,
        "csrf": found[1] if found else "",
    }
    answer = desk.post(f"{demo.county_url}/desk/sign-in", data=fields, timeout=PATIENCE_S)
    answer.raise_for_status()
    return desk


def _overview(desk: requests.Session, demo: DemoCounty) -> str:
    """The overview's figures, whatever else stands around them."""
    answer = desk.get(f"{demo.county_url}/desk/overview", timeout=PATIENCE_S)
    answer.raise_for_status()
    return "".join(_SHOWN.findall(answer.text))
