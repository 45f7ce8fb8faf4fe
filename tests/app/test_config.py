"""The tablet's folder comes from the environment, its preferences from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config import Config, Preferences, read_preferences, write_preferences


def test_the_folder_named_in_the_environment_is_taken() -> None:
    config = Config.from_environment(
        {"LUYUE_TABLET_DATA": "/data/here", "LUYUE_COUNTY_URL": "http://127.0.0.1:8000"}
    )
    assert config.data_dir == Path("/data/here")
    assert config.county_url == "http://127.0.0.1:8000"


def test_a_packaged_app_writes_where_it_may() -> None:
    config = Config.from_environment({"FLET_APP_STORAGE_DATA": "/data/user/0/app"})
    assert config.data_dir == Path("/data/user/0/app")


def test_without_an_environment_the_folder_is_the_users() -> None:
    assert Config.from_environment({}).data_dir == Path.home() / ".luyue" / "tablet"


def test_every_file_lies_in_the_folder(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    paths = (
        config.store_path, config.ring_path, config.prefs_path, config.log_path,
        config.names_path, config.enrolling_path,
    )  # fmt: skip
    assert {path.parent for path in paths} == {tmp_path}
    assert len({path.name for path in paths}) == len(paths)


def test_preferences_come_back_as_they_were_written(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path / "new")
    chosen = Preferences(language="en", font_scale=1.3)
    write_preferences(config, chosen)
    assert read_preferences(config) == chosen


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "null", '{"language": 7, "font_scale": "big"}', "\ufffd"]
)
def test_damaged_preferences_are_the_default_ones(tmp_path: Path, content: str) -> None:
    config = Config(data_dir=tmp_path)
    config.prefs_path.write_text(content, encoding="utf-8")
    assert read_preferences(config) == Preferences()
