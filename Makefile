# Everything a checkout needs; each target does its own set-up.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
JOBS ?= 2

.PHONY: install demo test test-faults check bench bench-kafka up lock clean

install: $(VENV)/.installed

demo: install
	$(BIN)/twin demo

test: $(VENV)/.developed
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(PYTEST_ARGS)

test-faults: $(VENV)/.developed
	FAULTS=full $(BIN)/python -m pytest -s tests/faults

check: $(VENV)/.developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.developed
	$(BIN)/twin bench

bench-kafka: $(VENV)/.developed
	$(BIN)/twin bench kafka

up: .env
	docker compose up --detach --build

.env:
	@set -e; umask 077; for name in POSTGRES READER GRAFANA; do \
		secret=$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(24))'); \
		echo "$${name}_PASSWORD=$$secret"; \
	done > $@.unfinished
	@mv $@.unfinished $@

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else f"make: Python {v[0]}.{v[1]} found; 3.11 to 3.13 is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# Compiled here, or where Python may not write it would be compiled by each process anew.
$(VENV)/.installed: requirements.lock pyproject.toml $(BIN)/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes \
		-r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q twin streams api infra
	$(BIN)/twin warm
	@touch $@

# Grafana's client has a folder of its own: it would take the place of a package others need.
$(VENV)/.developed: requirements-dev.lock requirements-grafana.lock $(VENV)/.installed
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes \
		--target $(VENV)/grafana -r requirements-grafana.lock
	@touch $@

LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: $(BIN)/uv
	$(LOCK) pyproject.toml --group build -o requirements.lock
	$(LOCK) pyproject.toml --group build --group dev -c requirements.lock -o requirements-dev.lock
	$(LOCK) --group grafana -o requirements-grafana.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
