# Saattaen. Every target sets up what it needs by itself: Python 3.11+ and make are enough.

PYTHON_IN_VENV := .venv/bin/python
SAATTAEN := .venv/bin/saattaen
# Tests run in this many processes; arguments of your own for pytest: make test ARGS="-k withdrawn".
WORKERS ?= 2
ARGS ?=
CASES ?=
CASE ?= b-sqlite

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo serve migrate test check policies catalogues screens bench bench-grown bench-pages profile stress kills flood clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' Makefile

setup: ## Prepare .venv and stop; the command is then .venv/bin/saattaen
	@deploy/setup.sh runtime

setup-dev:
	@deploy/setup.sh dev

demo: setup ## Play the main job over HTTP, then stay up (ONCE=1 ends, RESET=1 starts afresh, PORT=, DATABASE=url, CUSTODIAN=hapi)
	@$(SAATTAEN) demo $(if $(ONCE),--once) $(if $(RESET),--reset) $(if $(PORT),--port $(PORT)) \
		$(if $(DATABASE),--database '$(DATABASE)') $(if $(CUSTODIAN),--custodian $(CUSTODIAN))

serve: setup ## Run the gateway on its settings (SAATTAEN_*)
	@$(SAATTAEN) serve

migrate: setup ## Bring the database to the newest tables
	@$(SAATTAEN) migrate

test: setup-dev ## All tests that this machine can run; the others are listed by name
	@$(PYTHON_IN_VENV) -m pytest -n $(WORKERS) $(ARGS)

check: setup-dev ## Lint, types, architecture contracts, policies, and no address of a machine in any file
	@.ci/check

policies: setup-dev ## Compile the policies for the embedded engine (needs the pinned OPA)
	@$(PYTHON_IN_VENV) policies/build.py

catalogues: setup-dev ## Bring the pages' catalogues (gateway/web/locale) up to their texts; what has no translation is left empty
	@$(PYTHON_IN_VENV) -m tests.web.catalogues

screens: setup-dev ## Pictures of every page into build/screens (Chromium); WHO="client stranger" and LANGUAGES="fi sv" choose
	@$(PYTHON_IN_VENV) -m tests.web.screens $(LANGUAGES) $(if $(WHO),--who $(WHO))

bench: setup-dev ## What a protected read costs against a bare route, in one run (docs/speed.md); CASES="a b-sqlite" chooses
	@$(PYTHON_IN_VENV) -W ignore -m tests.bench $(CASES)

stress: setup-dev ## Four gateways, 64 connections, clients who withdraw, on both stores (READS=100000 WITHDRAWALS=2000)
	@SAATTAEN_STRESS_READS=$(or $(READS),100000) SAATTAEN_STRESS_WITHDRAWALS=$(or $(WITHDRAWALS),2000) \
		$(PYTHON_IN_VENV) -m pytest -s -q tests/stress

kills: setup-dev ## Kill a gateway at random moments, so often on each store (KILLS=500)
	@SAATTAEN_KILLS=$(or $(KILLS),500) $(PYTHON_IN_VENV) -m pytest -s -q tests/laws/test_killed.py

bench-grown: setup-dev ## The same with 1,000,000 log entries and 100,000 consents in the store, made once and kept in build/
	@$(PYTHON_IN_VENV) -W ignore -m tests.bench a b-sqlite-many b-postgresql-many grown

bench-pages: setup-dev ## What each page costs the server with 1,000,000 log entries in the store, or 100,000 on KIND=postgresql (ROOMS="portal desk" chooses)
	@$(PYTHON_IN_VENV) -W ignore -m tests.bench.pages $(if $(KIND),--kind $(KIND)) $(ROOMS)

profile: setup-dev ## A flame graph of one case of the bench: CASE=b-sqlite; py-spy is installed into build/
	@[ -x build/py-spy/bin/py-spy ] || { python3 -m venv build/py-spy && build/py-spy/bin/pip install --quiet py-spy; }
	@$(PYTHON_IN_VENV) -W ignore -m tests.bench.profile $(CASE)

flood: setup-dev ## What a partner that floods does to another, and memory meanwhile (MINUTES=10, KIND=sqlite or postgresql)
	@$(PYTHON_IN_VENV) -W ignore -m tests.stress.flood

clean: ## Remove what tools left behind; neither .venv nor your data
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .schemathesis .coverage .coverage.*
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
