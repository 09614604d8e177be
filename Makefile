# Every target does its own set-up from a bare python3 (3.11 or newer) and a folder to write in.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_VENV := .demo-venv
DEMO_READY := $(DEMO_VENV)/.ready
LOCKED := $(VENV)/.locked
READY := $(VENV)/.ready
COMPILED := build/compiled
MACHINE_CODE := $(COMPILED)/.ready
SOURCES = $(shell find consumer planhat_client schemas -type f ! -name '*.pyc')
# Processes that are started with this run the compiled core, where there is one.
WITH_COMPILED := PYTHONPATH=$(CURDIR)/$(COMPILED)
FAST := not integration and not slow and not browser and not chaos and not benchmark
TOGETHER := not integration and not browser and not chaos and not benchmark
ALONE := (integration or browser) and not chaos and not benchmark
# Nothing is installed but wheels whose hashes are in a lock file.
LOCKED_ONLY := --disable-pip-version-check --only-binary=:all: --require-hashes
# The locker, and how it works: for all systems and each Python from 3.11 on; what is locked stays, if it can.
UV := uv==0.13.9
COMPILE = .lock-venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-annotate --custom-compile-command "make lock" $(ARGS)
# On all cores; ARGS adds to it, e.g. ARGS="--random-order".
RUN_FAST := $(BIN)/pytest -q -n auto -m "$(FAST)" $(ARGS)
RUN_ALL := $(BIN)/pytest -q -n auto -m "$(TOGETHER)" $(ARGS)

.PHONY: help demo soak test test-fast check fix compiled bench deploy-check chaos mutants lock clean python

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(DEMO_READY) ## the main job, end to end, on this machine alone
	@$(DEMO_VENV)/bin/hull-planhat demo

soak: $(READY) ## the demo 30 times while all cores are busy (ARGS="--rounds 5": fewer)
	@$(BIN)/python -P -m tests.soak $(ARGS)

test: $(READY) $(MACHINE_CODE) ## all tests: on all cores, the fast ones again on the compiled core, then on real Kafka
	$(RUN_ALL)
	$(RUN_FAST) -o pythonpath="$(COMPILED) ."
	$(WITH_COMPILED) $(BIN)/pytest -m "$(ALONE)"

test-fast: $(READY) ## the tests that need nothing but Python, properties with fewer examples
	$(RUN_FAST) --hypothesis-profile=fast

check: $(READY) ## format, lint, types, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(RUN_FAST) --hypothesis-profile=fast

fix: $(READY) ## repair what format and lint can repair, and what the chart knows of the settings
	$(BIN)/python -P -m tests.deploy.chart_settings
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

compiled: $(MACHINE_CODE) ## the core as machine code, in build/compiled: needs a C compiler

bench: $(READY) $(MACHINE_CODE) ## measure; prints figures, asserts nothing (ARGS="throughput --quick" chooses)
	@$(BIN)/pip install --quiet $(LOCKED_ONLY) --requirement requirements-bench.lock
	$(WITH_COMPILED) $(BIN)/python -P -m tests.benchmarks $(ARGS)

deploy-check: $(READY) ## image, chart, alerts, dashboard, compose: fetches helm and promtool once
	$(BIN)/pytest tests/deploy

chaos: $(READY) $(MACHINE_CODE) ## kills, rebalances, broker and API faults, in full length
	$(WITH_COMPILED) $(BIN)/pytest -m chaos -s -o log_cli=true -o log_cli_level=INFO

mutants: $(READY) ## plant faults in the core and see which no test notices (ARGS="lane offsets --sample 40 --seed 7")
	$(BIN)/python -P -m tests.mutants $(ARGS)

lock: python ## remake the lock files from pyproject.toml (ARGS=--upgrade: with the newest versions)
	$(PYTHON) -m venv --clear .lock-venv
	.lock-venv/bin/pip install --quiet --disable-pip-version-check $(UV)
	$(COMPILE) pyproject.toml --extra demo --extra otel --extra uvloop --group dev --output-file requirements.lock
	$(COMPILE) --group bench --constraints requirements.lock --output-file requirements-bench.lock
	$(COMPILE) pyproject.toml --extra uvloop --constraints requirements.lock --output-file deploy/requirements.lock
	$(COMPILE) --group compiled --constraints requirements.lock --output-file deploy/compiled.lock
	$(COMPILE) pyproject.toml --extra demo --group build --constraints requirements.lock --output-file deploy/demo.lock
	rm -rf .lock-venv

clean: ## remove what the other targets made
	rm -rf $(VENV) $(DEMO_VENV) .lock-venv .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is missing or too old: Python 3.11 or newer is needed (make PYTHON=... chooses one)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) cannot make virtual environments: install its venv package (Debian: python3-venv)" >&2; exit 1; }

# The demo has an environment of its own, a tenth of the developers'; pip tells how it gets on.
$(DEMO_READY): deploy/demo.lock pyproject.toml | python
	@echo "setting up $(DEMO_VENV) ..."
	@$(PYTHON) -m venv --clear $(DEMO_VENV)
	@$(DEMO_VENV)/bin/pip install $(LOCKED_ONLY) --requirement deploy/demo.lock
	@$(DEMO_VENV)/bin/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

# A new lock makes the environment anew; a new pyproject.toml only installs the project again.
$(LOCKED): requirements.lock | python
	@echo "setting up $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install $(LOCKED_ONLY) --requirement requirements.lock
	@touch $@

$(READY): $(LOCKED) pyproject.toml
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

# A copy of the packages with the compiled core in it. Without a C compiler it is a plain copy.
$(MACHINE_CODE): $(SOURCES) deploy/compiled.py requirements.lock pyproject.toml | $(READY)
	@rm -rf $(COMPILED) && mkdir -p $(COMPILED) && cp -R consumer planhat_client schemas $(COMPILED)
	@if command -v cc >/dev/null; then \
	  echo "compiling the core ..." && \
	  $(BIN)/python deploy/compiled.py $(COMPILED); \
	else echo "no C compiler found (Debian: gcc libc6-dev): the core stays plain Python" >&2; fi
	@touch $@
