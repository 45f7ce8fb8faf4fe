"""What stands in `deploy/` names files, commands, variables and versions that there are."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from county.config import config_from
from county.desk.site import FONT
from county.server import SHUTDOWN_S
from tests.commands import ROOT, VARIABLE, check_command, commands_in, known_variables

DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
IMAGE = re.compile(r"[a-z0-9/-]+(:[a-z0-9.-]+)?")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    told = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    assert isinstance(told, dict)
    return told


def dockerfile() -> str:
    return (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ")


def instructions(name: str) -> list[str]:
    return [
        line.removeprefix(name).strip()
        for line in dockerfile().splitlines()
        if line.startswith(f"{name} ")
    ]


def unit(path: Path) -> configparser.RawConfigParser:
    class Repeating(dict[str, Any]):
        def __setitem__(self, key: str, value: Any) -> None:
            if isinstance(value, list) and key in self:
                value = [*self[key], *value]
            super().__setitem__(key, value)

    told = configparser.RawConfigParser(strict=False, dict_type=Repeating, interpolation=None)
    told.optionxform = str  # type: ignore[assignment, method-assign] # systemd's names have capitals
    told.read(path, "utf-8")
    return told


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_variable_named_is_one_the_county_reads(path: Path) -> None:
    assert set(VARIABLE.findall(path.read_text("utf-8"))) <= known_variables()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_command_named_exists(path: Path) -> None:
    for command in commands_in(path.read_text("utf-8")):
        check_command(command)


def test_no_registry_address_is_named() -> None:
    for path in FILES:
        assert not re.search(r"(ghcr|quay|docker|gcr)\.io|registry\.|index-url", path.read_text())


def test_the_images_are_named_with_their_versions(compose: dict[str, Any]) -> None:
    images = [service["image"] for service in compose["services"].values() if "image" in service]
    bases = [told.split()[0] for told in instructions("FROM")]
    for image in (*images, *bases):
        assert IMAGE.fullmatch(image)
        assert ":" in image


def test_compose_builds_the_county_from_the_tree_and_mounts_what_is_there(
    compose: dict[str, Any],
) -> None:
    build = compose["services"]["county"]["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
    mounts = [mount for service in compose["services"].values() for mount in service["volumes"]]
    ours = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert ours
    assert all((DEPLOY / name).is_file() for name in ours)
    named = {mount.split(":")[0] for mount in mounts if re.match(r"[a-z]", mount)}
    assert named == set(compose["volumes"])


def test_what_compose_wants_to_be_told_stands_in_the_example(compose: dict[str, Any]) -> None:
    wanted = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text("utf-8")))
    example = (DEPLOY / "env.example").read_text("utf-8")
    assert wanted == set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))


def test_the_countys_settings_in_compose_are_read_as_meant(compose: dict[str, Any]) -> None:
    told = compose["services"]["county"]["environment"]
    config = config_from(told)
    assert (config.host, config.port) == ("0.0.0.0", 8600)
    assert config.url.startswith("postgresql+psycopg://luyue:")
    assert compose["services"]["proxy"]["environment"]["COUNTY_UPSTREAM"] == "county:8600"


def test_only_the_proxy_can_be_reached_from_outside(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert services["database"]["networks"] == ["inside"]
    assert compose["networks"]["inside"] == {"internal": True}


def test_whoever_stops_the_county_waits_until_its_requests_have_ended(
    compose: dict[str, Any],
) -> None:
    grace = compose["services"]["county"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > SHUTDOWN_S
    patience = unit(DEPLOY / "systemd" / "luyue-county.service")["Service"]["TimeoutStopSec"]
    assert int(patience.removesuffix("s")) > SHUTDOWN_S


def test_the_backup_programs_are_of_the_servers_version(compose: dict[str, Any]) -> None:
    server = compose["services"]["database"]["image"].split(":")[1]
    assert re.findall(r"postgresql-client-(\d+)", dockerfile()) == [server]


def test_the_image_is_made_of_files_that_are_there_and_of_pinned_packages() -> None:
    for told in instructions("COPY"):
        if not told.startswith("--from"):
            *sources, _ = told.split()
            assert all((ROOT / source).exists() for source in sources)
    installed = [line for line in instructions("RUN") if "pip install" in line]
    assert all("--require-hashes" in line or "--no-deps" in line for line in installed)
    extract = re.search(r"sed -n '[^']+' requirements/dev\.txt", dockerfile().replace("\\[", "["))
    assert extract is not None


def test_the_packing_tool_is_taken_from_its_list_with_its_hash() -> None:
    (expression,) = re.findall(r"sed -n '([^']+)'", (DEPLOY / "Dockerfile").read_text("utf-8"))
    taken = subprocess.run(
        ["sed", "-n", expression, "requirements/dev.txt"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert re.fullmatch(r"setuptools==\S+ \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+", taken)


def test_every_room_the_county_imports_is_in_the_image() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    copied = {word for told in instructions("COPY") for word in told.split()[:-1]}
    script = f"""
import importlib, pkgutil, sys
class NotInTheImage:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in {sorted(rooms - copied)}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, NotInTheImage())
import console, county
for found in pkgutil.walk_packages(county.__path__, "county."):
    if ".migrations" not in found.name:
        importlib.import_module(found.name)
"""
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stderr) == (0, "")


def test_the_desks_font_lies_in_the_image_where_the_desk_looks_for_it() -> None:
    packages = f"/opt/luyue/lib/python{instructions('FROM')[0].split(':')[1][:4]}/site-packages"
    folder = FONT.parent.relative_to(ROOT)
    assert f"{folder} {packages}/{folder}" in instructions("COPY")


def test_every_console_module_is_in_the_image() -> None:
    copied = " ".join(instructions("COPY"))
    assert {path.name for path in ROOT.glob("console*.py")} <= set(copied.split())


def test_the_image_does_not_run_as_root_and_says_whether_it_is_well() -> None:
    assert instructions("USER") == ["luyue"]
    assert "/ready" in instructions("HEALTHCHECK")[0]
    assert (instructions("ENTRYPOINT"), instructions("CMD")) == (
        ['["luyue"]'],
        ['["county", "serve"]'],
    )


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_a_command_of_ours_without_privileges(path: Path) -> None:
    told = unit(path)["Service"]
    assert "/opt/luyue/.venv/bin/luyue county" in told["ExecStart"]
    assert told["User"] == "luyue"
    assert (told["NoNewPrivileges"], told["ProtectSystem"]) == ("yes", "strict")
    assert told["EnvironmentFile"] == "/etc/luyue/county.env"


SETTINGS = {
    "as they are": "# a comment\n\n#LUYUE_LANG=en\nLUYUE_DATABASE_URL={address}",
    "in quotes, with blanks": ' LUYUE_DATABASE_URL = "{address}"  \n;LUYUE_LANG=en\n',
    "of another system": "LUYUE_DATABASE_URL='{address}'\r\n#LUYUE_LANG=en\r\n",
}


@pytest.mark.parametrize("written", SETTINGS.values(), ids=SETTINGS)
def test_the_administrators_command_runs_as_the_services_do(tmp_path: Path, written: str) -> None:
    service = unit(DEPLOY / "systemd" / "luyue-county.service")["Service"]
    settings = tmp_path / "county.env"
    address = "postgresql://luyue:a&b $c;d`e%40@127.0.0.1/luyue"
    settings.write_bytes(written.format(address=address).encode())
    # Only root may become somebody else: here `runuser` says what it was asked, and goes on.
    runuser = tmp_path / "runuser"
    runuser.write_text('#!/bin/sh\necho "$1 $2"\nshift 3\numask\nexec "$@"\n')
    command = tmp_path / "command"
    command.write_text('#!/bin/sh\necho "$LUYUE_DATABASE_URL"\necho "${LUYUE_LANG-}"\necho "$1"\n')
    for script in (runuser, command):
        script.chmod(0o755)
    told = administrators_command(settings)
    assert "/opt/luyue/.venv/bin/luyue" in told
    said = subprocess.run(
        ["sh", "-c", told.replace("/opt/luyue/.venv/bin/luyue", str(command)), "luyue", "一 二"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert said == [f"-u {service['User']}", service["UMask"], address, "", "一 二"]


def test_the_administrators_command_says_that_its_settings_cannot_be_read(tmp_path: Path) -> None:
    settings = tmp_path / "county.env"
    done = subprocess.run(
        ["sh", "-c", administrators_command(settings), "luyue", "county", "stats"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert str(settings) in done.stderr
    assert len(done.stderr.splitlines()) == 1


def administrators_command(settings: Path) -> str:
    """The script `luyue` of root's, reading these settings."""
    told = (DEPLOY / "systemd" / "luyue").read_text("utf-8")
    service = unit(DEPLOY / "systemd" / "luyue-county.service")["Service"]
    assert service["EnvironmentFile"] in told
    return told.replace(service["EnvironmentFile"], str(settings))


def test_the_administrators_command_is_installed_with_the_units() -> None:
    assert (DEPLOY / "systemd" / "luyue").stat().st_mode & 0o111
    assert "install -m 755 systemd/luyue /usr/local/bin/luyue" in (DEPLOY / "README.md").read_text()


def test_the_service_leaves_the_counts_of_its_process_to_be_read() -> None:
    assert "ProcSubset" not in unit(DEPLOY / "systemd" / "luyue-county.service")["Service"]


def test_the_nightly_backup_of_the_containers_writes_one_and_throws_away_old_ones(
    tmp_path: Path,
) -> None:
    backups, programs = tmp_path / "backups", tmp_path / "bin"
    for folder in (backups, programs):
        folder.mkdir()
    old, kept = backups / "county-20200101.backup", backups / "before-upgrade.backup"
    for path in (old, kept):
        path.touch()
        os.utime(path, (0, 0))
    for name, does in {
        "docker": 'test "$PWD $1 $2 $3 $4" = "$HERE compose exec -T county" || exit 1\n'
        'shift 4\nexec "$@"\n',
        "luyue": 'test "$1 $2" = "county backup" && : >"$3"\n',
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{does}")
        (programs / name).chmod(0o755)
    script = tmp_path / "nightly-backup"
    told = (DEPLOY / script.name).read_text("utf-8")
    assert (DEPLOY / script.name).stat().st_mode & 0o111
    script.write_text(told.replace("/var/backups/luyue", str(backups)))
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "HERE": str(tmp_path)}
    subprocess.run(["sh", str(script)], env=environment, check=True)
    left = sorted(path.name for path in backups.iterdir())
    assert left[0] == kept.name
    assert re.fullmatch(r"county-\d{8}-\d{6}\.backup", left[1])
    assert len(left) == 2


def test_the_alerts_are_about_counts_that_are_told_and_stand_in_the_manuals() -> None:
    source = (ROOT / "county" / "metrics.py").read_text("utf-8")
    told = set(re.findall(r'"(luyue_[a-z_]+)"', source))
    (group,) = yaml.safe_load((DEPLOY / "alerts.yaml").read_text("utf-8"))["groups"]
    asked = {name for rule in group["rules"] for name in re.findall(r"luyue_[a-z_]+", rule["expr"])}
    assert {re.sub(r"_(total|bucket)$", "", name) for name in asked} <= told
    alerts = [rule["alert"] for rule in group["rules"]]
    for manual in ("operations.md", "运维手册.md"):
        text = (ROOT / "docs" / manual).read_text("utf-8")
        assert re.findall(r"^\| `([A-Z][a-z]\w+)` \|", text, re.MULTILINE) == alerts


def test_the_timer_belongs_to_a_service() -> None:
    (timer,) = (DEPLOY / "systemd").glob("*.timer")
    assert timer.with_suffix(".service") in UNITS
    assert unit(timer)["Timer"]["Persistent"] == "true"


@pytest.mark.parametrize("name", ["Caddyfile", "nginx.conf"])
def test_a_proxy_passes_all_but_the_counts_to_the_countys_port(name: str) -> None:
    told = (DEPLOY / name).read_text("utf-8")
    assert "127.0.0.1:8600" in told
    assert "/metrics" in told
    assert told.count("{") == told.count("}")


@pytest.mark.parametrize(
    ("name", "head", "body"),
    [
        ("Caddyfile", r"read_header (\d+)s", r"read_body (\d+)s"),
        ("nginx.conf", r"client_header_timeout +(\d+)s;", r"client_body_timeout +(\d+)s;"),
    ],
)
def test_a_proxy_is_as_patient_with_slow_callers_as_the_county_is(
    name: str, head: str, body: str
) -> None:
    told = (DEPLOY / name).read_text("utf-8")
    county = config_from({})
    assert [int(found) for found in re.findall(head, told)] == [county.head_s]
    assert [int(found) for found in re.findall(body, told)] == [county.body_s]


def test_nginx_passes_a_request_on_only_once_it_is_whole() -> None:
    assert "proxy_request_buffering off" not in (DEPLOY / "nginx.conf").read_text("utf-8")
