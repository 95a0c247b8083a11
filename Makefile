# Sahel Monitor: the developer's commands; `make` alone lists them. Works from any folder with `make -C`.
#
# Every target sets up first if needed, and is quick when nothing changed. What `sahel` does for a user is
# not repeated here: .venv/bin/sahel --help.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
STAMP := .venv/.setup-complete
# The stamp holds the folder that .venv was made in: a moved checkout, a Python that is gone or another one
# asked for on the command line (PYTHON=...) set up anew.
ifneq ($(shell $(BIN)/python -c '' 2>/dev/null && cat $(STAMP) 2>/dev/null),$(CURDIR))
ANEW := anew
else ifeq ($(origin PYTHON),command line)
ANEW := anew
endif
WORKERS ?= 2
# A throw-away folder for tools that want a home.
SCRATCH = scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT

# Nothing here tells anybody that it ran, and nothing looks for newer versions.
export DAGSTER_DISABLE_TELEMETRY := yes
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DBT_VERSION_CHECK := false
export GX_ANALYTICS_ENABLED := false

anew:
.PHONY: anew help setup demo test soak check ui bench docs lock clean
.PHONY: check-format check-lint check-sql check-imports check-dbt check-dagster

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

setup: $(STAMP) ## make .venv from requirements.lock (PYTHON=... chooses the interpreter)

$(STAMP): requirements.lock pyproject.toml $(ANEW)
	@PYTHON='$(PYTHON)' ./.ci/setup

demo: $(STAMP) ## build everything from the made world, offline, in ./data/demo, and show answers
	@$(BIN)/sahel demo

# Tests that share something dear stay in one process and in order (tests/conftest.py), so it is made once. The files
# stay in order too, as the long ones come first: else a process ends up with a long one while the others have nothing.
test: $(STAMP) ## the whole test-suite, offline (WORKERS=2 processes; PYTEST_ARGS=... is handed on)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

soak: $(STAMP) ## the long tests: fifty random kills, fifty random histories (an hour); adds the result to bench/RESULTS.md
	$(BIN)/python -m bench soak

check: check-format check-lint check-sql check-imports check-dbt check-dagster ## format, lint, SQL, imports, dbt, Dagster

check-format: $(STAMP)
	$(BIN)/ruff format --check .

check-lint: $(STAMP)
	$(BIN)/ruff check .

check-sql: $(STAMP)
	$(BIN)/sqlfluff lint --disable-progress-bar dbt_project/models dbt_project/tests queries

check-imports: $(STAMP)
	$(BIN)/lint-imports

check-dbt: $(STAMP)
	@$(SCRATCH); set -x; SAHEL_WAREHOUSE="$$scratch/warehouse.duckdb" $(BIN)/dbt --warn-error-options '{"error": ["Deprecations"]}' \
		parse --no-partial-parse --project-dir dbt_project --profiles-dir dbt_project \
		--target-path "$$scratch/target" --log-path "$$scratch/logs"

check-dagster: $(STAMP)
	@$(SCRATCH); mkdir "$$scratch/dagster"; cp orchestration/instance/dagster.yaml "$$scratch/dagster/"; set -x; \
		SAHEL_HOME="$$scratch" DAGSTER_HOME="$$scratch/dagster" $(BIN)/dagster definitions validate -w workspace.yaml

ui: $(STAMP) ## the Dagster UI on this machine (SAHEL_HOME=... chooses the home)
	@$(BIN)/sahel ui

bench: $(STAMP) ## measure; writes bench/RESULTS.md
	$(BIN)/python -m bench

docs: $(STAMP) ## write docs/data_dictionary.md from the dbt project
	$(BIN)/python docs/data_dictionary.py

lock: ## resolve requirements.lock anew (needs uv; see CONTRIBUTING.md)
	@$(SCRATCH); echo 'duckdb==1.5.5' > "$$scratch/constraints.txt"; set -x; \
		uv pip compile pyproject.toml --group dev --group build --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --constraint "$$scratch/constraints.txt" \
		--output-file requirements.lock

clean: ## remove caches and tools' workings; data and .venv stay
	rm -rf build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis dbt_project/target dbt_project/logs
	find . -path ./.venv -prune -o -path ./data -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
