"""Finds the Chromium the journeys drive; run as a program it installs one where it may."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
MACOS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
HOW = (
    "no Chromium for the browser tests; install one (Debian: apt-get install chromium; "
    "macOS: brew install --cask google-chrome; anywhere: .venv/bin/playwright install chromium) "
    "or name one in LUYUE_CHROMIUM"
)
SECONDS_TO_ANSWER = 30
SECONDS_TO_INSTALL = 900


class NoBrowser(Exception):
    """There is no Chromium here that starts; the message says what to install."""


def find_chromium() -> Path:
    """The first Chromium or Chrome on this machine that starts; NoBrowser where there is none.

    One named in LUYUE_CHROMIUM is taken or refused, never passed over in silence.
    """
    named = os.environ.get("LUYUE_CHROMIUM")
    if named and not _starts(Path(named)):
        raise NoBrowser(f"LUYUE_CHROMIUM names {named}, which does not start")
    for path in [Path(named)] if named else _candidates():
        if _starts(path):
            return path
    raise NoBrowser(HOW)


def install_chromium() -> None:
    """Try each way of installing Chromium that this machine and user allow, until one works."""
    for commands in _ways_to_install():
        if all(_ran(command) for command in commands) and _found():
            return


def _candidates() -> Iterator[Path]:
    yield from (Path(found) for name in NAMES if (found := shutil.which(name)))
    yield from (path for path in map(Path, MACOS) if path.exists())
    yield from _playwrights_own()


def _playwrights_own() -> Iterator[Path]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield Path(playwright.chromium.executable_path)


def _starts(path: Path) -> bool:
    # Ubuntu's chromium-browser is an empty shell without snap: a name alone proves nothing.
    try:
        answer = subprocess.run(
            [path, "--version"], capture_output=True, timeout=SECONDS_TO_ANSWER, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _ways_to_install() -> Iterator[list[list[str]]]:
    may_install = sys.platform.startswith("linux") and os.geteuid() == 0
    if may_install and shutil.which("apt-get"):
        yield [["apt-get", "update", "-q"], ["apt-get", "install", "-qy", "chromium"]]
    if may_install and shutil.which("dnf"):
        yield [["dnf", "install", "-qy", "chromium"]]
    yield [[sys.executable, "-m", "playwright", "install", "chromium"]]


def _ran(command: list[str]) -> bool:
    print("browser:", *command, flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=SECONDS_TO_INSTALL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _found() -> bool:
    try:
        find_chromium()
    except NoBrowser:
        return False
    return True


def main() -> int:
    """Print the Chromium there is, after installing one if need be; 1 where there is none."""
    if not _found() and not os.environ.get("LUYUE_CHROMIUM"):
        install_chromium()
    try:
        print(f"browser: {find_chromium()}")
    except NoBrowser as error:
        print(f"browser: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
