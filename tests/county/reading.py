"""Reading what a county tells: its counts and its log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families


class Counts:
    """One reading of `/metrics`."""

    def __init__(self, url: str) -> None:
        self.text = requests.get(f"{url}/metrics", timeout=30).text
        self.samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
        }

    def of(self, name: str, **labels: str) -> float | None:
        """A count's value; None where nothing has been counted under these labels."""
        return self.samples.get((name, frozenset(labels.items())))

    def total(self, name: str) -> float:
        """A count's value under all labels together."""
        return sum(value for (told, _), value in self.samples.items() if told == name)


def events(data_dir: Path) -> list[dict[str, Any]]:
    """The lines of the log of a county in a process of its own."""
    lines = (data_dir / "county.log").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]
