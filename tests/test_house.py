"""The house's own rules that no linter knows: sizes, rooms, words, and no real person's number."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINES_PER_MODULE = 400
ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[\dXx](?![0-9A-Za-z])")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
CHINESE = re.compile(r"[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]")
LOCK_FILES = {"uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock"}
# What makes a function's answer depend on more than its arguments.
IMPURE_MODULES = {
    "asyncio", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets", "shutil",
    "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
}  # fmt: skip
IMPURE_CALLS = {"now", "today", "utcnow", "uuid1", "uuid4", "open", "print", "input"}
VAGUE_NAMES = {"utils", "util", "helper", "helpers", "manager", "base", "common", "misc"}


def tracked(*patterns: str) -> list[Path]:
    """The files that are part of the tree: known to git, or new and not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]


def modules(*rooms: str) -> list[Path]:
    return [
        path for path in tracked("*.py") if not rooms or path.relative_to(ROOT).parts[0] in rooms
    ]


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in tracked():
        try:
            found.append((path, path.read_text("utf-8")))
        except UnicodeDecodeError:
            continue  # a font or a picture
    return found


def is_an_id_number(digits: str) -> bool:
    """GB 11643: the last character is the check character of the first seventeen."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, digits[:17], strict=True))
    return CHECK_CHARACTERS[total % 11] == digits[17].upper() and is_a_birth_date(digits[6:14])


def is_a_birth_date(digits: str) -> bool:
    return "1890" <= digits[:4] <= "2039" and digits[4:6] <= "12" and digits[6:] <= "31"


def imported_by(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return {name.split(".")[0] for name in found}


def called_in(tree: ast.AST) -> set[str]:
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in calls}


def docstrings(tree: ast.Module) -> set[ast.AST]:
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, owners) and node.body and isinstance(node.body[0], ast.Expr)
    }


def chinese_literals(path: Path) -> list[str]:
    tree = ast.parse(path.read_text("utf-8"))
    prose = docstrings(tree)
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node not in prose
        and CHINESE.search(node.value)
    ]


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    long = [
        path for path in modules() if len(path.read_text("utf-8").splitlines()) > LINES_PER_MODULE
    ]
    assert names(long) == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert names([path for path in modules() if path.stem in VAGUE_NAMES]) == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        path for path in modules() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert names(silent) == []


def test_core_imports_only_the_standard_library_pydantic_and_orjson() -> None:
    allowed = (sys.stdlib_module_names | {"core", "orjson", "pydantic"}) - IMPURE_MODULES
    strangers = {
        path.name: found
        for path in modules("core")
        if (found := imported_by(ast.parse(path.read_text("utf-8"))) - allowed)
    }
    assert strangers == {}


def test_core_asks_neither_the_clock_nor_chance_nor_the_disk() -> None:
    impure = {
        path.name: found
        for path in modules("core")
        if (found := called_in(ast.parse(path.read_text("utf-8"))) & IMPURE_CALLS)
    }
    assert impure == {}


def test_screens_hold_no_chinese_of_their_own() -> None:
    screens = [path for path in modules("app") if "screens" in path.parts]
    assert {path.name: found for path in screens if (found := chinese_literals(path))} == {}


def test_desk_pages_hold_no_chinese_of_their_own() -> None:
    pages = [path for path in tracked("*.html") if "county" in path.parts]
    assert names([path for path in pages if CHINESE.search(path.read_text("utf-8"))]) == []


def test_every_id_number_in_the_tree_is_an_invented_one() -> None:
    real = {
        str(path.relative_to(ROOT)): found
        for path, text in texts()
        if (found := [n for n in ID_NUMBER.findall(text) if is_an_id_number(n) and n[:2] != "99"])
    }
    assert real == {}


@pytest.mark.parametrize(
    ("digits", "valid"),
    [
        ("110105-19491231-002X", True),
        ("990101-19490307-4510", True),
        ("990101-19490307-4511", False),
    ],
)
def test_the_id_number_check_goes_by_the_check_character(digits: str, valid: bool) -> None:
    assert is_an_id_number(digits.replace("-", "")) is valid


def test_no_lock_file_records_download_addresses() -> None:
    assert names([path for path in tracked() if path.name in LOCK_FILES]) == []
    for listing in tracked("requirements/*"):
        assert not re.search(
            r"https?:|--(extra-)?index-url|--find-links", listing.read_text("utf-8")
        )


def asked_for(*requirements: str) -> set[str]:
    return {re.split(r"[\[<>=~ ;]", requirement)[0].lower() for requirement in requirements}


def pinned_in(name: str) -> set[str]:
    listing = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    return set(re.findall(r"^([a-z0-9.-]+)==\S+.*\\\n +--hash=sha256:", listing, re.MULTILINE))


def test_every_dependency_is_pinned_with_its_hash() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project, groups = declared["project"], declared["dependency-groups"]
    tablet, extras = project["dependencies"], project["optional-dependencies"]
    tools = [tool for tool in groups["dev"] if isinstance(tool, str)]
    assert asked_for(*tablet, *extras["browser"]) <= pinned_in("tablet")
    assert asked_for(*tablet, *extras["county"]) <= pinned_in("county")
    assert asked_for(*tools, *groups["test"]) <= pinned_in("dev")
    assert asked_for(*tablet) <= pinned_in("tablet-android")


def test_the_android_package_has_the_set_that_is_tested() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    tested = (ROOT / "requirements" / "tablet-android.in").read_text("utf-8").splitlines()
    packaged = declared["tool"]["flet"]["android"]["dependencies"]
    assert packaged == [line for line in tested if not line.startswith("#")]
