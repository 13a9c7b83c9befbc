# make run: from a fresh clone to a running CI Health. make test: everything that must hold before a change lands.
# Each step leaves a stamp in .make/ and is done again when what it depends on has changed.
SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
FRONTEND := $(shell find frontend -type f -not -path '*/node_modules/*' -not -path '*/out/*' 2>/dev/null)
TESTS ?= tests

.PHONY: help run test lint bench chaos clean lock check-node tools

help:
	@echo 'make run    install what is missing and start CI Health (the demo while collectors.yaml names no source)'
	@echo 'make test   lint, types, import rules, all tests (Python, dashboard, browser)'
	@echo 'make lint   the fast part of it'
	@echo 'make bench  the benchmarks'
	@echo 'make chaos  kill -9 at random instants, for many minutes'
	@echo 'make lock   write the lock files anew from pyproject.toml'
	@echo 'make clean  remove what these steps made'

run: check-node .make/venv
	@$(MAKE) --no-print-directory -j2 .make/runtime .make/dashboard
	@exec $(BIN)/cihealth run --or-demo

test: check-node .make/dev .make/dashboard tools lint
	@echo '== dashboard: types, lint, unit tests, size'
	cd frontend && npm run check && npm run size
	@echo '== tests, with the browser'
	$(BIN)/python -m pytest $(TESTS)

lint: .make/dev
	@echo '== lint, types, import rules'
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .make/dev
	@set -e; for each in bench/[!_]*.py; do echo "== $$each"; $(BIN)/python -m "bench.$$(basename "$$each" .py)"; done

# The same kills as the tests, many more of them.
chaos: .make/dev
	CIHEALTH_CHAOS_BUILDS=5000 CIHEALTH_CHAOS_KILLS=100 CIHEALTH_CHAOS_ALERT_BUILDS=5000 CIHEALTH_CHAOS_ALERT_KILLS=200 \
	  $(BIN)/python -m pytest tests/chaos

lock: .make/dev
	$(BIN)/uv pip compile pyproject.toml -o requirements.lock $(LOCK)
	$(BIN)/uv pip compile pyproject.toml --extra dev -o requirements-dev.lock $(LOCK)
	$(BIN)/uv pip compile requirements-build.in -o requirements-build.lock $(LOCK)
LOCK = --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command 'make lock'

clean:
	rm -rf .make .venv webapp/static frontend/node_modules build dist .mypy_cache .ruff_cache .pytest_cache \
	  .import_linter_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -not -path './frontend/*' -prune -exec rm -rf {} +

.make/venv:
	@mkdir -p .make
	@test -n '$(PYTHON)' || { echo 'CI Health needs Python 3.11 or newer, and there is no python3 on the PATH' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "CI Health needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Say which: make PYTHON=..." >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || \
	  { rm -rf .venv; echo 'python3 could not make a virtual environment (on Debian: apt-get install python3-venv)' >&2; exit 1; }
	@touch $@

# The lock files are whole, so nothing is resolved (--no-deps): pip would look beyond them for a package with an extra.
# The program itself is installed in place: three packages and the command, nothing is copied.
.make/runtime: .make/venv requirements.lock requirements-build.lock pyproject.toml
	@echo '== Python packages'
	$(BIN)/pip install --disable-pip-version-check --no-deps --require-hashes -r requirements-build.lock -r requirements.lock
	$(BIN)/pip install --disable-pip-version-check --no-deps --no-build-isolation --quiet --editable .
	$(BIN)/pip check
	@touch $@

.make/dev: .make/runtime requirements-dev.lock
	@echo '== Python packages for the tests'
	$(BIN)/pip install --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

check-node:
	@command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || \
	  { echo "building the dashboard needs Node.js >= 20 with npm; here is $$(node --version 2>/dev/null || echo none)" >&2; exit 1; }

.make/node: .make/venv frontend/package.json frontend/package-lock.json | check-node
	@echo '== dashboard: packages'
	cd frontend && npm ci --no-audit --no-fund
	@touch $@

.make/dashboard: .make/node $(FRONTEND)
	@echo '== dashboard: build'
	cd frontend && npm run build
	@touch $@

# What the tests want from the system: found, else installed where we may, else said.
tools:
	@sh .ci/tools
