"""The store's benchmark runs on a small ledger and holds every figure of the vault to a mark."""

from __future__ import annotations

import pytest

from bench import store


def test_every_figure_of_the_vault_has_its_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "ROUNDS", 1)
    monkeypatch.setattr(store, "BULK_ROWS", 50)
    monkeypatch.setattr(store, "SAVES_A_ROUND", 2)
    figures = store.figures(residents=30, follow_ups=300)
    assert {figure.name: figure.mark for figure in figures if figure.mark is not None} == {
        "a follow-up saved, durable, vault against plain": 1.5,
        "10,000 rows in one transaction, vault against plain": 1.6,
        "one year read through, vault against plain": 1.8,
        "search, slowest keystroke": 30,
        "file, vault against plain": 1.05,
        "unlock": 1,
        "peak memory": 200,
        "today's list, warm": 100,
        "a resident's page": 50,
    }
    assert all(figure.value > 0 for figure in figures)
