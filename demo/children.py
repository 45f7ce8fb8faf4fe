"""The processes of the demo: started, waited for, watched, and ended together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

LOOPBACK = "127.0.0.1"
START_S = 60
END_S = 15
_LOOK_AGAIN_S = 0.2


class ChildFailed(RuntimeError):
    """A process of the demo ended by itself or did not come up; names it and its log."""

    def __init__(self, name: str, log: Path) -> None:
        super().__init__(name)
        self.name = name
        self.log = log


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A running process of the demo and the log it writes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Children:
    """The processes started within the block; all of them end when it is left, however."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        for child in reversed(self._children):
            _end(child.process)

    def start(self, name: str, arguments: Sequence[str], ready_url: str) -> Child:
        """Start a `luyue` command and wait until `ready_url` answers; raises ChildFailed."""
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "console", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(),
                # Ctrl-C reaches only the demo, which then ends its processes in order.
                start_new_session=True,
            )
        child = Child(name=name, process=process, log=log)
        self._children.append(child)
        _wait_until_ready(child, ready_url)
        return child

    def watch(self) -> None:
        """Wait until one of them ends by itself, which raises ChildFailed."""
        while True:
            for child in self._children:
                if child.process.poll() is not None:
                    raise ChildFailed(child.name, child.log)
            time.sleep(_LOOK_AGAIN_S)


def end_on_termination() -> None:
    """Have a request to terminate, or a closed terminal, end the demo as Ctrl-C does."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def is_free(port: int) -> bool:
    """Whether a server could listen at a port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port_from(port: int) -> int:
    """The first free port from `port` on; raises OSError where the next fifty are taken."""
    for candidate in range(port, port + 50):
        if is_free(candidate):
            return candidate
    raise OSError(f"no free port from {port} on")


def _environment() -> dict[str, str]:
    """The environment without another county's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LUYUE_")}
    languages = {name: value for name, value in os.environ.items() if name == "LUYUE_LANG"}
    return {**kept, **languages, "PYTHONUNBUFFERED": "1"}


def _wait_until_ready(child: Child, url: str) -> None:
    give_up = time.monotonic() + START_S
    while time.monotonic() < give_up:
        if child.process.poll() is not None:
            raise ChildFailed(child.name, child.log)
        try:
            with urlopen(url, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(_LOOK_AGAIN_S)
    raise ChildFailed(child.name, child.log)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
