"""What the docs tell a reader to type, set or read is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands import ROOT, VARIABLE, check_command, commands_in, known_variables

DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MANUALS = [ROOT / "docs" / "operations.md", ROOT / "docs" / "运维手册.md"]
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


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


@pytest.mark.parametrize("path", MANUALS, ids=lambda path: path.name)
def test_the_administrators_manual_names_only_counts_that_are_told(path: Path) -> None:
    source = (ROOT / "county" / "metrics.py").read_text("utf-8")
    told = set(re.findall(r'"(luyue_[a-z_]+)"', source))
    named = set(re.findall(r"\bluyue_[a-z_]+\b", path.read_text("utf-8")))
    assert {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in named} <= told
    assert told - {"luyue_build_info"} <= {re.sub(r"_(total|bucket)$", "", name) for name in named}


@pytest.mark.parametrize("path", [*DOCS, ROOT / "deploy" / "README.md"], ids=lambda path: path.name)
def test_every_link_in_the_docs_leads_to_a_file(path: Path) -> None:
    targets = LINK.findall(path.read_text("utf-8"))
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not (path.parent / target).exists()] == []
