"""A county that commands are run against from outside, on either kind of database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from county import backup_office
from county.config import CountyConfig
from county.restoring import planned
from tests.county.conftest import World
from tests.county.process import ROOT, CountyProcess, free_port


class Standing:
    """A founded county, its commands, and its server as a process of its own."""

    def __init__(self, folder: Path, database_url: str = "", programs: str = "") -> None:
        self.world = World(folder, database_url)
        self.database_url = database_url
        self.programs = programs
        self.world.county_dir.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.running: list[CountyProcess] = []

    @property
    def config(self) -> CountyConfig:
        return CountyConfig(
            data_dir=self.world.county_dir, database_url=self.database_url, pg_bin=self.programs
        )

    def begun(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """`luyue county …` in a process of its own, under way."""
        told = {
            "LUYUE_COUNTY_DATA": str(self.world.county_dir),
            "LUYUE_DATABASE_URL": self.database_url,
            "LUYUE_PG_BIN": self.programs,
            "LUYUE_LANG": "en",
        }
        return subprocess.Popen(
            [sys.executable, "-m", "console", "county", *arguments],
            cwd=ROOT,
            env={**os.environ, **told, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def luyue(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `luyue county …` in a process of its own."""
        with self.begun(*arguments, **environment) as process:
            out, err = process.communicate()
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def done(self, *arguments: str) -> str:
        """What a command that succeeded said."""
        answer = self.luyue(*arguments)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def back_up(self, file: Path) -> None:
        """Back up without a process of its own."""
        backup_office.back_up(self.config, file)
        self.world.database.close()

    def restore(self, file: Path) -> backup_office.Restored:
        """Restore without a process of its own; raises Refused as the command says it."""
        self.world.database.close()
        return backup_office.carry_out(self.config, planned(self.config, file))

    def start(self) -> str:
        """Start the server; its address, the same each time."""
        self.running.append(CountyProcess(self.world.county_dir, self.port, self.database_url))
        return self.running[-1].url

    def stop(self) -> None:
        """Stop the server in good order, and let go of the database here."""
        assert self.running.pop().stop() == 0
        self.world.database.close()

    def close(self) -> None:
        """End whatever a failed test has left running."""
        for process in self.running:
            process.kill()
        self.world.close()
