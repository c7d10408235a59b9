# Everything a person types. `make help` explains the targets.

SHELL := /bin/bash
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV   ?= .venv
PEOPLE ?= 2377
DAY    ?=
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,$(shell \
	$(name) -c 'import sys; exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $(name))))

BIN := $(VENV)/bin
CDP := $(BIN)/cdp
export PATH := $(CURDIR)/$(BIN):$(PATH)
ifneq ($(DAY),)
export CDP_NOW ?= $(DAY) 06:00:00
endif

# ---------------------------------------------------------------- the product

.PHONY: all
all: build sync report ## from nothing to the report: demo data, load, build, gates, syncs, report
	@echo
	@echo "Open out/report.html. Query warehouse.duckdb, or out/cdp_read.duckdb, which stays free."

.PHONY: demo
demo: $(VENV)/.run ## make the demo sources in demo_data/ (PEOPLE=2377, DAY=2018-01-02)
	$(CDP) demo --people $(PEOPLE) $(if $(DAY),--day $(DAY))

.PHONY: load
load: demo ## load demo_data/ into the raw schemas
	$(CDP) load demo_data

.PHONY: build
build: load ## build and test every model
	$(CDP) build

.PHONY: quality
quality: $(VENV)/.run ## run the quality gates on raw and public tables
	$(CDP) quality || [ $$? = 1 ]  # a failed gate stops the syncs that read its table

.PHONY: sync
sync: quality ## plan and deliver every sync, within its budgets
	$(CDP) sync

.PHONY: report
report: $(VENV)/.run ## write out/report.html and the masked copy out/cdp_read.duckdb
	$(CDP) report
	$(CDP) read-copy

# ---------------------------------------------------------------- development

.PHONY: test
test: $(VENV)/.dev ## run the tests (needs nothing but Python and make)
	$(BIN)/pytest -n auto --dist worksteal -m "not slow"

.PHONY: test-all
test-all: $(VENV)/.dev ## run the slower tests too
	$(BIN)/pytest -n auto --dist worksteal

.PHONY: tryton
tryton: .tryton/.ready ## install a Tryton server beside, for the test that delivers to it

.PHONY: lint
lint: $(VENV)/.dev ## sqlfluff, ruff and mypy
	$(BIN)/ruff check scripts tests
	$(BIN)/ruff format --check scripts tests
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --disable-progress-bar models tests/data analyses

.PHONY: format
format: $(VENV)/.dev ## put SQL and Python into house style
	$(BIN)/ruff check --fix scripts tests
	$(BIN)/ruff format scripts tests
	$(BIN)/sqlfluff fix --disable-progress-bar models tests/data analyses

.PHONY: bench-main
bench-main: $(VENV)/.run ## what each step of the main job costs (PEOPLE=200000)
	$(BIN)/python tests/bench/main_job.py --people $(PEOPLE)

.PHONY: bench-identity
bench-identity: $(VENV)/.dev ## what connected components cost, beside others (EDGES="1000000 10000000")
	$(BIN)/python tests/bench/identity.py $(if $(EDGES),--edges $(EDGES))

.PHONY: bench-sync
bench-sync: $(VENV)/.dev ## what planning and delivering cost (ROWS="1000000 10000000")
	$(BIN)/python tests/bench/sync.py $(if $(ROWS),--rows $(ROWS))

.PHONY: chaos
chaos: $(VENV)/.dev ## syncs under seeded faults; prints the tables of docs/reliability.md (SCRIPTS=500 KILLS=50)
	$(BIN)/python tests/bench/chaos.py --scripts $(or $(SCRIPTS),500) --kills $(or $(KILLS),50)

.PHONY: bench-profiles
bench-profiles: $(VENV)/.run ## what the profile layer costs, in full and after 1 % more events (EVENTS=10000000)
	$(BIN)/python tests/bench/profiles.py $(if $(EVENTS),--events $(EVENTS))

.PHONY: bench-segments
bench-segments: $(VENV)/.run ## what a hundred audiences and their stays cost (PROFILES=1000000)
	$(BIN)/python tests/bench/segments.py $(if $(PROFILES),--people $(PROFILES))

.PHONY: docs
docs: $(VENV)/.run ## write dbt's documentation to target/static_index.html
	$(BIN)/dbt docs generate --static

.PHONY: lock
lock: $(VENV)/.uv ## pin every dependency anew, with hashes
	for set in $(LOCKS); do $(LOCK) $${set//+/ } || exit 1; done

.PHONY: clean
clean: ## remove everything that a run made, state included
	rm -rf demo_data out target logs warehouse.duckdb warehouse.duckdb.wal

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# ---------------------------------------------------------------- the environment

LOCK  = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate -c requirements/constraints.in
LOCKS = requirements/uv.in+-o+requirements/uv.txt \
	pyproject.toml+requirements/build.in+--extra+quality+--extra+train+-o+requirements/run.txt \
	pyproject.toml+requirements/build.in+requirements/lint.in+requirements/test.in+--all-extras+-c+requirements/run.txt+-o+requirements/dev.txt \
	requirements/tryton.in+-o+requirements/tryton.txt

define install
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --require-hashes -r $(1) \
		|| $(BIN)/pip install -q --no-deps --require-hashes -r $(1)
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
endef

$(VENV)/.uv: requirements/uv.txt
	@$(or $(PYTHON),false) -c 'import sys; exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
		|| { echo "Python 3.11 to 3.13 is needed; set PYTHON=/path/to/python3."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.run: $(VENV)/.uv requirements/run.txt pyproject.toml
	$(call install,requirements/run.txt)
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	$(call install,requirements/dev.txt)
	@touch $@

.tryton/.ready: requirements/tryton.txt
	$(PYTHON) -m venv .tryton
	.tryton/bin/pip install -q --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@
