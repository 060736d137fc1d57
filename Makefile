# The commands of this project. `make demo` and `make test` set up all they need inside this folder.
# ARGS="…" is passed on:  make demo ARGS="--duration 60s --output json"   make test ARGS="-k limiter"

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
CACHE := $(CURDIR)/.cache
export PRODUCER_DEV__CACHE_DIR ?= $(CACHE)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP_INSTALL := $(BIN)/python -m pip install --quiet --no-warn-script-location

.DEFAULT_GOAL := help
.PHONY: help demo test lint format docs bench soak lock clean preflight

help:
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(VENV)/.demo ## simulator + real Kafka + daemon, live (Ctrl-C ends all)
	@exec $(BIN)/genesys-producer demo $(ARGS)

test: $(VENV)/.dev ## every check but the long runs (REQUIRE_ALL=1: a skipped test is a failure)
	@PATH="$(CURDIR)/$(BIN):$$PATH" PYTHON=$(BIN)/python sh tests/run.sh $(ARGS)

lint: $(VENV)/.dev ## ruff, mypy, import contracts, docstrings
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh tests/lint.sh

format: $(VENV)/.dev
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

docs: $(VENV)/.dev ## renew docs/reference, which is made from the code
	@$(BIN)/python -m producer.dev.reference docs/reference

bench: $(VENV)/.dev ## figures and ratios of the record path, measured in one run
	@$(BIN)/python -m tests.benchmarks $(ARGS)

soak: $(VENV)/.dev ## the long runs
	@$(BIN)/python -m pytest tests/chaos -m soak --timeout=7200 $(ARGS)

lock: ## renew requirements/*.lock (needs uv)
	@sh requirements/lock.sh

clean: ## remove everything that the commands above made
	@rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* dist build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

preflight:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: apt-get install python3"; exit 69; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V)"; exit 69; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv is missing: apt-get install python3-venv"; exit 69; }

# The stamp of an environment depends on what it is made of: a changed lock makes it anew, an unchanged one costs nothing.
$(VENV)/.base: | preflight
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: requirements/demo.lock pyproject.toml | $(VENV)/.base
	@echo "installing what the demo needs"
	@$(PIP_INSTALL) --require-hashes -r requirements/demo.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.lock pyproject.toml | $(VENV)/.base
	@echo "installing what the tests need"
	@$(PIP_INSTALL) --require-hashes -r requirements/dev.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.demo
