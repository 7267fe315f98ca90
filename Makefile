# Saattaen. Every target sets up what it needs by itself: Python 3.11+ and make are enough.

PYTHON_IN_VENV := .venv/bin/python
SAATTAEN := .venv/bin/saattaen
# Tests run in this many processes; arguments of your own for pytest: make test ARGS="-k withdrawn".
WORKERS ?= 2
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo serve migrate test check policies bench flood clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

setup: ## Prepare .venv and stop; the command is then .venv/bin/saattaen
	@deploy/setup.sh runtime

setup-dev:
	@deploy/setup.sh dev

demo: setup ## Play the main job over HTTP, then stay up (ONCE=1 ends, RESET=1 starts afresh, PORT=8080)
	@$(SAATTAEN) demo $(if $(ONCE),--once) $(if $(RESET),--reset) $(if $(PORT),--port $(PORT))

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

bench: setup-dev ## What a protected read costs against a bare route, in one run (needs wrk); build/bench.json
	@$(PYTHON_IN_VENV) -W ignore -m tests.bench

flood: setup-dev ## What a partner that floods does to another, and memory meanwhile (MINUTES=10, KIND=sqlite or postgresql)
	@$(PYTHON_IN_VENV) -W ignore -m tests.stress.flood

clean: ## Remove what tools left behind; neither .venv nor your data
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .schemathesis .coverage .coverage.*
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
