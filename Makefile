# Everything runs inside .venv, made from the hashed lock; after that nothing is downloaded.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.made-from-lock

.PHONY: refresh test lint dev serve docs bench older-clients lock clean

refresh: $(READY)
	$(BIN)/marsad refresh

# Two processes: tests/conftest.py says which of them runs what.
test: $(READY)
	$(BIN)/pytest -n 2 --dist loadscope

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests

dev: $(READY)
	$(BIN)/marsad dev

serve: $(READY)
	$(BIN)/marsad serve

bench: $(READY)
	$(BIN)/python -m tests.bench

# The only download after installation, and only when asked for: the published file is then read by older DuckDB clients too.
older-clients: $(READY)
	for version in $$(cat tests/integration/older_clients.txt); do \
		test -d .older-clients/$$version || $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
			--target .older-clients/$$version duckdb==$$version || exit 1; \
	done
	$(BIN)/pytest -q --long tests/integration/test_older_clients.py

docs: $(READY)
	$(BIN)/marsad docs

# The lock is complete, so nothing is resolved (older pips would stumble over extras). pip compiles the bytecode while it
# installs: the first run then starts as fast as the later ones.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

# Needs uv. Hashes, no addresses: the lock installs from any index.
lock:
	uv pip compile --universal --python-version 3.11 --extra dev --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) .older-clients data/warehouse
