"""What the docs tell a reader to type, set or read is there."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

import console
from bench import BENCHES
from simulation.faults import Fault
from tests.commands import ROOT, VARIABLE, check_command, commands_in, known_variables
from tests.test_house import tracked
from words import catalogue

DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
EVERYTHING = [*DOCS, ROOT / "CHANGELOG.md", ROOT / "deploy" / "README.md"]
MADE = {"var/county"}
"""Where the data goes that a command makes."""
MANUALS = [ROOT / "docs" / "operations.md", ROOT / "docs" / "运维手册.md"]
USER_MANUALS = [ROOT / "docs" / "user_manual.md", ROOT / "docs" / "使用手册.md"]
QUOTED = re.compile(r"“([^”]+)”")
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
ROOMS = "|".join(
    sorted(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
)
PLACE = re.compile(rf"(?:{ROOMS})(?:/[\w.-]+)+/?")
FILE = re.compile(r"[\w-]+\.(?:py|sql|csv|po|zdict)")
# Not the codes of refusals that begin like the county's modules, nor its files.
MODULE = re.compile(rf"(?!county\.(?:env|db|[a-z_]+$))(?:{ROOMS})(?:\.\w+)+")
NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
NAMED_OF = re.compile(r"`([\w/]+(?:\.py|/))`((?:, `[A-Za-z_.]+`)+)")
OTHERS = {"sqlcipher_export"}
"""Names of others' programs that the docs speak of."""


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_command_in_the_docs_exists_with_its_options(path: Path) -> None:
    for words in commands_in(path.read_text("utf-8"), only_code=True):
        check_command(words)


@pytest.mark.parametrize(
    "told",
    ["luyue county rebuild", "luyue county backup F --gently", "luyue county escrow-key sell"],
)
def test_a_command_that_is_not_there_is_found_out(told: str) -> None:
    (words,) = commands_in(f"`{told}`", only_code=True)
    with pytest.raises(AssertionError):
        check_command(words)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_variable_in_the_docs_is_read_somewhere(path: Path) -> None:
    assert set(VARIABLE.findall(path.read_text("utf-8"))) <= known_variables()


@pytest.mark.parametrize("path", MANUALS, ids=lambda path: path.name)
def test_the_administrators_manual_tells_every_setting_of_the_county(path: Path) -> None:
    read = set(VARIABLE.findall((ROOT / "county" / "config.py").read_text("utf-8")))
    assert read <= set(VARIABLE.findall(path.read_text("utf-8")))


def test_the_case_that_is_shown_is_explained_as_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "counting.md").read_text("utf-8")
    (shown,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    case = tmp_path / "case.json"
    case.write_text(shown, "utf-8")
    assert console.run(["explain", str(case)]) == 0
    slots = json.loads(capsys.readouterr().out)["account"]["slots"]
    states = [slot["state"] for slot in slots if slot["programme"] == "contract"]
    assert states == ["met", *["missed"] * 9, "open", "upcoming"]


def test_the_administrators_manual_is_the_same_in_both_languages() -> None:
    english, chinese = (outline(path) for path in MANUALS)
    assert english == chinese


def test_the_users_manual_is_the_same_in_both_languages_and_quotes_what_the_screens_say() -> None:
    english, chinese = (path.read_text("utf-8") for path in USER_MANUALS)
    assert shape(english) == shape(chinese)
    quoted = [
        [(label, said(label, language)) for label in QUOTED.findall(text.replace("\n", " "))]
        for text, language in ((english, "en"), (chinese, "zh_CN"))
    ]
    assert len(quoted[0]) == len(quoted[1])
    apart = [pair for pair in zip(*quoted, strict=True) if not pair[0][1] & pair[1][1]]
    assert apart == []


def shape(text: str) -> list[str]:
    """The headings, numbered steps and points of a text, by their marks."""
    return re.findall(r"^(#+|-|\d\.)(?= )", text, flags=re.MULTILINE)


def said(label: str, language: str) -> set[str]:
    """The keys of the sentences that are this label, or else have it in them."""
    words = catalogue(language)
    return {key for key, text in words.items() if text == label} or {
        key for key, text in words.items() if label in text
    }


def outline(manual: Path) -> list[list[str]]:
    """What a manual has in each of its sections that no language changes.

    The commands and their options, the variables and the rows of tables; in a section in
    any order, since languages put things in another.
    """
    sections = re.split(r"^## ", manual.read_text("utf-8"), flags=re.MULTILINE)
    return [
        sorted(
            [
                *(" ".join(_unworded(words)) for words in commands_in(part, only_code=True)),
                *VARIABLE.findall(part),
                *("row" for _ in re.findall(r"^\|", part, re.MULTILINE)),
            ]
        )
        for part in sections
    ]


def _unworded(words: list[str]) -> list[str]:
    return [word for word in words if re.fullmatch(r"-?-?[a-z][a-z-]+", word)]


@pytest.mark.parametrize("path", MANUALS, ids=lambda path: path.name)
def test_the_administrators_manual_names_only_counts_that_are_told(path: Path) -> None:
    source = (ROOT / "county" / "metrics.py").read_text("utf-8")
    told = set(re.findall(r'"(luyue_[a-z_]+)"', source))
    named = set(re.findall(r"\bluyue_[a-z_]+\b", path.read_text("utf-8")))
    assert {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in named} <= told
    assert told - {"luyue_build_info"} <= {re.sub(r"_(total|bucket)$", "", name) for name in named}


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: path.name)
def test_every_link_in_the_docs_leads_to_a_file_and_to_a_heading_in_it(path: Path) -> None:
    targets = LINK.findall(path.read_text("utf-8"))
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    astray = []
    for target in local:
        name, _, place = target.partition("#")
        file = path.parent / name if name else path
        if not file.exists() or (place and place not in headings(file)):
            astray.append(target)
    assert astray == []


def headings(page: Path) -> set[str]:
    """What a link calls the headings of a page."""
    told = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in told}


def test_the_simulations_page_tells_every_fault_and_the_benchmarks_page_every_benchmark() -> None:
    told = (ROOT / "docs" / "simulation.md").read_text("utf-8")
    assert [str(fault) for fault in Fault if f"`{fault}`" not in told] == []
    measured = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    heads = "\n".join(re.findall(r"^## .*", measured, re.MULTILINE))
    assert [name for name in BENCHES if f"`{name}`" not in heads] == []


def test_the_pages_on_privacy_and_the_vault_tell_every_file_a_tablet_keeps() -> None:
    source = (ROOT / "app" / "config.py").read_text("utf-8")
    kept = re.findall(r'self\.data_dir / "([\w.]+)"', source)
    assert len(kept) > 5
    for page in ("privacy.md", "vault.md"):
        told = (ROOT / "docs" / page).read_text("utf-8")
        assert [name for name in kept if f"`{name}`" not in told] == []


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: path.name)
def test_every_file_and_folder_named_in_the_docs_is_there(path: Path) -> None:
    spans = SPAN.findall(path.read_text("utf-8"))
    places = {span for span in spans if PLACE.fullmatch(span)}
    assert sorted(place for place in places - MADE if not (ROOT / place).exists()) == []
    files = {span for span in spans if FILE.fullmatch(span)}
    assert files <= {known.name for known in tracked()}


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: path.name)
def test_what_the_docs_say_a_module_has_is_there(path: Path) -> None:
    text = " ".join(path.read_text("utf-8").split())
    named = [
        (place, name)
        for place, names in NAMED_OF.findall(text)
        for name in SPAN.findall(names)
        if not FILE.fullmatch(name)
    ]
    assert [(place, name) for place, name in named if name not in defined_in(ROOT / place)] == []


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: path.name)
def test_every_dotted_name_in_the_docs_leads_somewhere(path: Path) -> None:
    words = {word for span in SPAN.findall(path.read_text("utf-8")) for word in span.split()}
    dotted = {match[0] for word in words if (match := MODULE.fullmatch(word))}
    assert sorted(name for name in dotted if not leads_somewhere(name)) == []


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: path.name)
def test_every_name_in_the_docs_is_one_of_the_sources(path: Path) -> None:
    names = {span for span in SPAN.findall(path.read_text("utf-8")) if NAME.fullmatch(span)}
    assert sorted(names - OTHERS - names_of_the_sources()) == []


@pytest.mark.parametrize(
    ("place", "name", "is_there"),
    [
        ("app/sync/trip.py", "Outgoing.after", True),
        ("app/sync/trip.py", "Outgoing.before", False),
        ("core/triage/", "triage", True),
        ("county/turns.py", "after", False),
    ],
)
def test_a_name_is_looked_for_where_it_is_said_to_be(place: str, name: str, is_there: bool) -> None:
    assert (name in defined_in(ROOT / place)) is is_there


@cache
def defined_in(place: Path) -> frozenset[str]:
    """What a module defines or a package offers: names, and those of classes with a dot."""
    source = place / "__init__.py" if place.is_dir() else place
    found: set[str] = set()
    for node in ast.parse(source.read_text("utf-8")).body:
        found |= set(_names_of(node))
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{name}" for inner in node.body for name in _names_of(inner)}
    return frozenset(found)


def _names_of(node: ast.stmt) -> list[str]:
    match node:
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            return [node.name]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Assign():
            return [target.id for target in node.targets if isinstance(target, ast.Name)]
        case ast.ImportFrom():
            return [alias.asname or alias.name for alias in node.names]
    return []


def leads_somewhere(dotted: str) -> bool:
    """Whether it is a module or package, or what one has."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:count])
        module = place if place.is_dir() else place.with_suffix(".py")
        if module.exists():
            rest = ".".join(parts[count:])
            return not rest or rest in defined_in(module)
    return False


@cache
def names_of_the_sources() -> frozenset[str]:
    sources = (
        *tracked("*.py", "*.sql", "*.toml", "*.po", "*.html", "*.csv", "*.json"), ROOT / "Makefile"
    )  # fmt: skip
    return frozenset(name for source in sources for name in NAME.findall(source.read_text("utf-8")))
