# What the project can do from a fresh clone with Python 3.11+ and make. Everything goes into .venv/ and data/.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1

.DEFAULT_GOAL := help
.PHONY: help setup demo rehearsal run test watch check lint types imports migrations deploy hooks schema picture lock audit

help: ## this list
	@sed -nE 's/^([a-z]+):[^#]*## (.*)$$/\1|\2/p' $(MAKEFILE_LIST) | awk -F '|' '{printf "make %-11s %s\n", $$1, $$2}'

setup: $(VENV)/.stamp-run ## set up .venv; every other target does so by itself

# The double is a part of the tests.
demo: ## two rounds on embedded parts, then serve; EXIT=1: end there; FORGE=github-double: publish to a double
demo: $(VENV)/.stamp-$(if $(filter github-double,$(FORGE)),dev,run)
	$(if $(filter-out local github-double,$(FORGE)),\
		$(error FORGE=$(FORGE) is neither local nor github-double; `make run` publishes to GitHub itself))
	@EXIT="$(EXIT)" $(BIN)/python -m $(if $(filter github-double,$(FORGE)),tests.doubles.demo,tasks_app.rehearsal.demo)

rehearsal: $(VENV)/.stamp-run ## this service judged by its own evaluator's side: three tasks, two rounds, a table
	@$(BIN)/python -m tasks_app.rehearsal.own_rehearsal

run: $(VENV)/.stamp-run ## serve with the settings of .env and the environment
	@exec $(BIN)/python manage.py serve

test: $(VENV)/.stamp-dev ## the tests but those marked slow, two at a time (AT_A_TIME=: one after the other)
	$(BIN)/python -m pytest $(AT_A_TIME) -m "not slow"

# Two tests at a time, since most of them wait: AT_A_TIME= runs one after the other.
AT_A_TIME ?= -n 2 --dist worksteal

watch: $(VENV)/.stamp-dev ## the tests of what was changed since the last commit, again at every change of a file
	@$(BIN)/watchfiles "$(BIN)/python -m tests.changed" engine tasks_app templates tests benchmarks

check: ## lint, types, imports, migrations, deploy, all tests, those of the service on PostgreSQL and Redis too
check: lint types imports migrations deploy
	$(BIN)/python -m pytest $(AT_A_TIME)
	$(BIN)/python -m tests.on_real_parts

lint: $(VENV)/.stamp-dev ## ruff's rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.stamp-dev ## mypy
	$(CLEAN) $(BIN)/mypy

imports: $(VENV)/.stamp-dev ## import-linter's contracts
	$(BIN)/lint-imports

migrations: $(VENV)/.stamp-dev ## no model without its migration
	$(CLEAN) $(BIN)/python manage.py makemigrations --check --dry-run

audit: $(VENV)/.stamp-dev ## licences, ages and known vulnerabilities of the dependencies; the last need a network
	$(BIN)/python -m tests.audit

deploy: $(VENV)/.stamp-dev ## Django's check of a deployment
	$(CLEAN) PUBLIC_URL=https://service.example PAGES_ORIGIN=https://pages.example \
		$(BIN)/python manage.py check --deploy --fail-level WARNING

hooks: $(VENV)/.stamp-dev ## have git run lint, types, imports and migrations before each commit
	$(BIN)/pre-commit install

schema: $(VENV)/.stamp-dev ## write docs/openapi.json anew
	$(CLEAN) $(BIN)/python manage.py spectacular --validate --fail-on-warn --format openapi-json --file docs/openapi.json

picture: $(VENV)/.stamp-dev ## take docs/console.png anew, the picture in README
	$(BIN)/python -m tests.picture

# The checks say the same on every machine: no .env, no database that is there already.
CLEAN = ENV_FILE=/dev/null DATA_DIR=$(VENV)/check-data SECRET=only-for-the-check FORGE=local LLM_PROVIDER=simulated

# All three hold the same versions (tests/test_locks.py): pip installs from requirements*.txt, uv from uv.lock.
lock: $(VENV)/.stamp-dev ## write uv.lock, requirements.txt and requirements-dev.txt anew from pyproject.toml
	$(BIN)/uv lock --quiet
	$(BIN)/uv pip compile pyproject.toml $(LOCK) -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --group dev -c requirements.txt $(LOCK) -o requirements-dev.txt
LOCK = --universal --python-version 3.11 --generate-hashes --no-strip-extras --quiet \
	--custom-compile-command "make lock"

$(VENV)/.stamp-run: requirements.txt
	$(call install,requirements.txt)

$(VENV)/.stamp-dev: requirements-dev.txt
	$(call install,requirements-dev.txt)
	@touch $(VENV)/.stamp-run

# $(1): the lock file. It is whole (tests/test_locks.py), so nothing is resolved and no later release is looked at.
# Two makes at once wait for each other (where the machine has flock), and the second finds the work done.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." \
			"Name another: make PYTHON=python3.12" >&2; exit 1; }
	@mkdir -p $(VENV); exec 9>$(VENV)/.lock; if command -v flock >/dev/null 2>&1; then flock 9; fi; \
	if [ $@ -nt $(1) ]; then exit 0; fi; \
	echo "setting up $(VENV) from $(1) (once)"; \
	{ $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV); } && \
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r $(1) && touch $@
endef
