# What the project can do from a fresh clone with Python 3.11+ and make. Everything goes into .venv/ and data/.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1

.DEFAULT_GOAL := help
.PHONY: help setup demo run test check lint types imports migrations deploy schema picture lock

help:
	@echo "make demo     two rounds on embedded parts, verified, then serve (EXIT=1: stop after them;"
	@echo "              FORGE=github-double: publish to a double of GitHub, over GitHub's own calls)"
	@echo "make run      serve with the settings of .env and the environment"
	@echo "make test     the tests, within 4 minutes (those marked slow: make check)"
	@echo "make check    lint, types, import contracts, migrations, deployment check, all tests (the service's on PostgreSQL and Redis too)"
	@echo "make setup    only the setting up      make lock   write the locks anew"
	@echo "make schema   write docs/openapi.json anew"
	@echo "make picture  take docs/console.png anew, the picture in README"

setup: $(VENV)/.stamp-run

# The double is a part of the tests.
demo: $(VENV)/.stamp-$(if $(filter github-double,$(FORGE)),dev,run)
	$(if $(filter-out local github-double,$(FORGE)),$(error FORGE=$(FORGE) is neither local nor github-double; `make run` publishes to GitHub itself))
	@EXIT="$(EXIT)" $(BIN)/python -m $(if $(filter github-double,$(FORGE)),tests.doubles.demo,tasks_app.rehearsal.demo)

run: $(VENV)/.stamp-run
	@exec $(BIN)/python manage.py serve

test: $(VENV)/.stamp-dev
	$(BIN)/python -m pytest $(AT_A_TIME) -m "not slow"

# Two tests at a time, since most of them wait: AT_A_TIME= runs one after the other.
AT_A_TIME ?= -n 2 --dist worksteal

check: lint types imports migrations deploy
	$(BIN)/python -m pytest $(AT_A_TIME)
	$(BIN)/python -m tests.on_real_parts

lint: $(VENV)/.stamp-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.stamp-dev
	$(BIN)/mypy

imports: $(VENV)/.stamp-dev
	$(BIN)/lint-imports

migrations: $(VENV)/.stamp-dev
	$(CLEAN) $(BIN)/python manage.py makemigrations --check --dry-run

deploy: $(VENV)/.stamp-dev
	$(CLEAN) PUBLIC_URL=https://service.example PAGES_ORIGIN=https://pages.example \
		$(BIN)/python manage.py check --deploy --fail-level WARNING

schema: $(VENV)/.stamp-dev
	$(CLEAN) $(BIN)/python manage.py spectacular --validate --fail-on-warn --format openapi-json --file docs/openapi.json

picture: $(VENV)/.stamp-dev
	$(BIN)/python -m tests.picture

# The checks say the same on every machine: no .env, no database that is there already.
CLEAN = ENV_FILE=/dev/null DATA_DIR=$(VENV)/check-data SECRET=only-for-the-check FORGE=local LLM_PROVIDER=simulated

lock: $(VENV)/.stamp-dev
	$(BIN)/uv pip compile pyproject.toml $(LOCK) -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --group dev -c requirements.txt $(LOCK) -o requirements-dev.txt
LOCK = --universal --python-version 3.11 --generate-hashes --no-strip-extras --quiet --custom-compile-command "make lock"

$(VENV)/.stamp-run: requirements.txt
	$(call install,requirements.txt)

$(VENV)/.stamp-dev: requirements-dev.txt
	$(call install,requirements-dev.txt)
	@touch $(VENV)/.stamp-run

# $(1): the lock file. It is whole (tests/test_locks.py), so nothing is resolved and no later release is ever looked at.
# Two makes at once wait for each other (where the machine has flock), and the second finds the work done.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12" >&2; exit 1; }
	@mkdir -p $(VENV); exec 9>$(VENV)/.lock; if command -v flock >/dev/null 2>&1; then flock 9; fi; \
	if [ $@ -nt $(1) ]; then exit 0; fi; \
	echo "setting up $(VENV) from $(1) (once)"; \
	{ $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV); } && \
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r $(1) && touch $@
endef
