# Every target does its own set-up from a bare python3 (3.11 or newer) and a folder to write in.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test test-fast check fix bench chaos lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "python3 is too old: Python 3.11 or newer is needed (PYTHON=... chooses one)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "python3 has no venv: install python3-venv"; exit 1; }
	@echo "setting up $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install --quiet --requirement requirements.lock
	@$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

demo: $(READY) ## the main job, end to end, on this machine alone
	@$(BIN)/hull-planhat demo

test: $(READY) ## all tests, on real Kafka too
	$(BIN)/pytest -m "not chaos and not benchmark"

test-fast: $(READY) ## the tests that need nothing but Python
	$(BIN)/pytest -q -m "not integration and not slow and not chaos and not benchmark"

check: $(READY) ## format, lint, types, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) --no-print-directory test-fast

fix: $(READY) ## repair what format and lint can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## measure; prints figures, asserts nothing
	$(BIN)/python -m tests.benchmarks

chaos: $(READY) ## kills, rebalances, broker and API faults, in full length
	$(BIN)/pytest -m chaos -o log_cli=true -o log_cli_level=INFO

lock: ## remake requirements.lock from pyproject.toml
	$(PYTHON) -m venv --clear .lock-venv
	.lock-venv/bin/pip install --quiet --upgrade 'pip>=25.1'
	.lock-venv/bin/pip install --quiet --editable '.[demo,otel,uvloop]' --group dev
	{ echo "# Exact versions of everything, for 'make' and the image. Remake with: make lock"; .lock-venv/bin/pip freeze --exclude-editable; } > requirements.lock
	rm -rf .lock-venv

clean: ## remove what the other targets made
	rm -rf $(VENV) .lock-venv .mypy_cache .pytest_cache .ruff_cache dist
