# The commands of the house. Each sets up what it needs; only Python >= 3.11 with venv, and make, have to be there.
# Written for GNU make 3.81 (macOS) and later.
SHELL := /bin/bash
BIN   := .venv/bin
ROOMS := $(wildcard core sealing packing statements app county words demo bench simulation console.py console_backup.py console_custody.py console_explain.py console_failures.py console_office.py console_options.py console_ports.py console_special.py console_staff.py main.py)

.DEFAULT_GOAL := help
.PHONY: help setup lint format test test-android-set journeys browser soak bench demo clean

help:
	@echo "make setup             .venv with everything in it, and the command $(BIN)/luyue"
	@echo "make demo              an invented county, its server and a tablet (FRESH=1 starts over)"
	@echo "make test              every check and every test"
	@echo "make lint, format      ruff, mypy and the import contracts; tidy the sources"
	@echo "make journeys          only the tests in a real browser"
	@echo "make test-android-set  core and app on the versions Flet has for Android"
	@echo "make soak, bench       the long tests; the benchmarks, as JSON"
	@echo "make clean             remove what make made; the data under var/ stays"

setup: .venv/.ready

.venv/.ready: pyproject.toml tools/venv requirements/tablet.txt requirements/county.txt requirements/dev.txt
	@tools/venv .venv $(filter %.txt,$^)

.venv-android/.ready: tools/venv requirements/tablet-android.txt requirements/test.txt
	@tools/venv .venv-android $(filter %.txt,$^)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(ROOMS)
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

browser: setup
	@$(BIN)/python tests/journeys/browser_finder.py

# The browser tests run alone: beside others their waits would measure the machine, not the tablet.
test: lint browser test-android-set
	$(BIN)/pytest -n 2 -m "not soak and not journey"
	$(BIN)/pytest -m "journey and not soak"

# Not sealing: its tests ask a newer cryptography for the right answers.
test-android-set: .venv-android/.ready
	.venv-android/bin/pytest tests/core tests/app -n 2

journeys: browser
	$(BIN)/pytest -m "journey and not soak"

soak: browser
	$(BIN)/pytest -m soak

bench: setup .venv/.bench
	$(BIN)/luyue bench all --json

# SQLCipher, to be measured beside the vault; nothing else needs it.
.venv/.bench: .venv/.ready requirements/bench.txt
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bench.txt
	@touch $@

demo: setup
	@$(BIN)/luyue demo $(if $(FRESH),--fresh)

clean:
	rm -rf .venv .venv-android build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
