"""The county as a process of its own, to be stopped, killed and started again."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60


def free_port() -> int:
    """A port of this machine nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class CountyProcess:
    """`luyue county serve` of a folder, at a port, until it is closed."""

    def __init__(self, data_dir: Path, port: int, database_url: str = "") -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = (data_dir / "county.log").open("ab")
        environment = {
            **os.environ,
            "LUYUE_COUNTY_DATA": str(data_dir),
            "LUYUE_COUNTY_PORT": str(port),
            "LUYUE_DATABASE_URL": database_url,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "console", "county", "serve"],
            cwd=ROOT,
            env=environment,
            stderr=self._log,
        )
        try:
            self._wait_until_up()
        except BaseException:
            self.close()
            raise

    def _wait_until_up(self) -> None:
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE_S:
            assert self.process.poll() is None, "the county ended while starting"
            try:
                requests.get(f"{self.url}/ready", timeout=5)
            except requests.ConnectionError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError("the county does not come up")

    def close(self) -> None:
        """End it if it is still there."""
        if self.process.poll() is None:
            self.kill()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self._reap()

    def stop(self) -> int:
        """Ask it to end, and give its exit status."""
        self.process.terminate()
        return self._reap()

    def _reap(self) -> int:
        status = self.process.wait(PATIENCE_S)
        self._log.close()
        return status
