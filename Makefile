# Two commands: `make run` (the house, on embedded defaults) and `make test` (everything that must hold).
# Both make the virtual environment in .venv and install what they need; neither asks anything.

PYTHON ?= $(shell command -v python3.13 || command -v python3.12 || command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install run test lint format clean

help: ## show this
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Xiaoer needs Python 3.11 or newer; found $$($(PYTHON) --version). Install one, or: make run PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "could not make $(VENV): on Debian or Ubuntu install the package python3-venv" >&2; exit 1; }

# torch comes first and pinned: without it, another package's wider range would bring the largest build.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "Installing (some minutes the first time: torch is large) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check torch==2.13.0
	@$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

install: $(VENV)/.installed ## make .venv and install Xiaoer in it

run: $(VENV)/.installed ## start everything: community page, console, worker, embedded Redis
	@exec $(BIN)/xiaoer run

test: $(VENV)/.installed-test ## lint, types, walls and the whole suite
	@$(BIN)/python tests/prepare.py
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy bot moderation tests
	$(BIN)/python -m pytest

lint: $(VENV)/.installed-test ## lint and types alone
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy bot moderation tests

format: $(VENV)/.installed-test ## put the code in its form
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

clean: ## remove .venv and caches; data/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache build *.egg-info
