# Two commands: `make run` (the house, on embedded defaults) and `make test` (everything that must hold).
# Both make the virtual environment in .venv and install what they need; neither asks anything.

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for it in python3 python3.12 python3.11 python3.13 python3.14; do \
	$$it -c '$(NEW_ENOUGH)' 2>/dev/null && { echo $$it; break; }; done)
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install run test lint format clean

help: ## show this
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(BIN)/python:
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(NEW_ENOUGH)' || { \
		echo "Xiaoer needs Python 3.11 or newer. Install it, or: make run PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		rm -rf $(VENV); echo "no $(VENV): on Debian or Ubuntu, apt-get install python3-venv" >&2; exit 1; }

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

# Two halves side by side, one core each: threads that spin for each other's core would cost more than they bring. Two
# plain processes, because under pytest-xdist a native library ended a worker once, and the run then waited for ever.
test: $(VENV)/.installed-test ## lint, types, walls and the whole suite
	@$(BIN)/python tests/prepare.py
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy bot moderation tests
	@export OMP_NUM_THREADS=1; $(BIN)/python -m pytest -q tests/bot & half=$$!; \
	$(BIN)/python -m pytest -q --ignore tests/bot; rest=$$?; \
	wait $$half && test $$rest -eq 0

lint: $(VENV)/.installed-test ## lint and types alone
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy bot moderation tests

format: $(VENV)/.installed-test ## put the code in its form
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

clean: ## remove .venv and caches; data/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache build *.egg-info
