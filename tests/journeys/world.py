"""The small county of a journey: a real server, a real tablet, a roster of three households."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from app.clock import SystemClock
from tests.builders import an_id_number
from tests.journeys.harness import ROOT, Process, free_port

TOWNSHIP, VILLAGE, DOCTOR = "柳溪镇", "上湾村", "周文医"
REVIEWER_LOGIN, PASSWORD = "liuxi", "review-7-pass"
PIN = "274193"

_HEADINGS = (
    "姓名",
    "身份证号",
    "户编号",
    "户主",
    "与户主关系",
    "乡镇",
    "村",
    "组",
    "门牌",
    "电话",
    "人群",
    "疾病",
    "签约日期",
    "到期日期",
    "签约医生",
)
HYPERTENSIVE = "王守田"
WIFE = "李桂枝"
DIABETIC = "张秀云"
ALONE = "陈根生"
_PEOPLE = (
    (HYPERTENSIVE, date(1960, 3, 5), "male", "001", HYPERTENSIVE, "户主", "高血压"),
    (WIFE, date(1968, 7, 21), "female", "001", HYPERTENSIVE, "配偶", ""),
    (DIABETIC, date(1967, 11, 2), "female", "002", DIABETIC, "户主", "2型糖尿病、肺结核"),
    (ALONE, date(1975, 1, 30), "male", "003", ALONE, "户主", ""),
)


def write_roster(path: Path, today: date) -> None:
    """The roster as an office keeps it: a title row, headings in an order of its own."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([f"{TOWNSHIP}{today.year}年帮扶对象名册"])
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(_HEADINGS))
    sheet.append(_HEADINGS)
    for name, born, sex, number, head, relation, illness in _PEOPLE:
        start, end = f"{today.year}.1.1", f"{today.year}年12月31日"
        place = (TOWNSHIP, VILLAGE, "3组", f"{int(number) * 7}号", "13900000000", "脱贫户")
        person = (name, an_id_number(born, sex), number, head, relation)
        sheet.append((*person, *place, illness, start, end, DOCTOR))
    book.save(path)


@dataclass
class World:
    """A county and one tablet of it, each in a folder and a process of its own."""

    folder: Path
    today: date = field(default_factory=SystemClock().today)
    county: Process = field(init=False)
    tablet: Process = field(init=False)

    def __post_init__(self) -> None:
        self._environment = os.environ | {
            "LUYUE_COUNTY_DATA": str(self.folder / "county"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        county_port = free_port()
        self.county = self._process(["county", "serve", "--port", str(county_port)], county_port)
        self.tablet = self.another_tablet("tablet")

    def another_tablet(self, name: str) -> Process:
        """A tablet with data of its own, told the address of this county."""
        port = free_port()
        data = str(self.folder / name / "data")
        arguments = ["tablet", "--port", str(port), "--data", data, "--county", self.county.url]
        return self._process(arguments, port)

    def _process(self, arguments: Sequence[str], port: int) -> Process:
        return Process(
            arguments=["-m", "console", *arguments],
            url=f"http://127.0.0.1:{port}",
            environment=self._environment,
            log=self.folder / f"{port}.log",
        )

    def luyue(self, *arguments: str) -> str:
        """What the `luyue` command prints; fails with its reason when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "console", *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def found(self) -> None:
        """Found the county, import the roster, add the township's reviewer."""
        self.luyue("county", "init", "云溪县", "--password", PASSWORD)
        roster = self.folder / "roster.xlsx"
        write_roster(roster, self.today)
        self.luyue("county", "import-roster", str(roster))
        reviewer = ("--role", "township", "--township", TOWNSHIP, "--login", REVIEWER_LOGIN)
        self.luyue("county", "add-user", "审核员", *reviewer, "--password", PASSWORD)

    def invite(self) -> str:
        """A fresh enrolment code for the doctor."""
        invited: dict[str, Any] = json.loads(self.luyue("county", "invite", DOCTOR, "--json"))
        return str(invited["code"])

    def end(self) -> None:
        """End both processes."""
        self.tablet.stop()
        self.county.stop()
