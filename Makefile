# Two commands do everything on a machine with Python >= 3.11 and make:  make demo  ·  make test
# Nothing here calls a system package manager. CONTRIBUTING.md says what each target is for.

PYTHON ?= python3
# The version that tests use; empty (`make test TORCH=`) leaves it out, and the tests that need it are listed.
TORCH ?= 2.13.0
# Where the clinical data and the published tables lie.
SHARED ?= $(or $(MEDEVAL_SHARED),../shared)
# How many tests run at once.
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip
# Bytecode is written now: a sandbox sees the environment read-only, and would compile it at every start.
INSTALL := $(UV) install --compile-bytecode --quiet --python $(BIN)/python --require-hashes
SELF := $(UV) install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .

.DEFAULT_GOAL := help
.PHONY: help demo test test-heavy check format generate reproduce bench base-image lock clean

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
	  || sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1: \2/p' $(MAKEFILE_LIST)

demo: $(VENV)/.run ## install, then play a whole federation on this machine
	$(BIN)/medeval demo
	@$(BIN)/python scripts/availability.py docker bubblewrap unshare

test: $(VENV)/.test ## install what tests need, then run all but the heavy ones
	$(BIN)/python -m pytest -n $(WORKERS) -m "not heavy"

test-heavy: $(VENV)/.test ## the published figures, crashes, and whatever is slow
	$(BIN)/python -m pytest -n $(WORKERS) -m heavy

check: $(VENV)/.test ## what CI and pre-commit ask of the source
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p medeval -p scripts
	$(BIN)/lint-imports
	$(BIN)/python -m scripts.generate --check

format: $(VENV)/.test ## put the source into its one form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: $(VENV)/.test ## write schemas/ and docs/reference/ from the code
	$(BIN)/python -m scripts.generate

reproduce: $(VENV)/.test ## published figures beside measured, of every benchmark that has some
	$(BIN)/python -m scripts.reproduce $(SHARED)

bench: $(VENV)/.test ## the measurements of bench/, each with its ratio
	set -e; for file in bench/*.py; do echo "== $$file"; $(BIN)/python $$file; done

base-image: ## python:3.11-slim-bookworm, pulled or else made from this machine's Debian sources
	scripts/make-base-image.sh

lock: $(VENV)/.test ## resolve requirements/*.txt anew (UPGRADE=--upgrade for newer versions)
	PATH=$(BIN):$$PATH scripts/lock.sh $(UPGRADE)

clean: ## remove the environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* build dist demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment: pip brings uv, uv brings the rest by hash -------------------------------------------------

$(VENV)/.uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit("medeval needs Python 3.11 or newer: make PYTHON=python3.11 ..." \
	  if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.run: $(VENV)/.uv requirements/run.txt pyproject.toml
	$(INSTALL) -r requirements/run.txt
	$(SELF)
	@touch $@

# torch comes by pip ahead of the rest (pip takes a CPU build that lies on the machine; uv would fetch gigabytes). What
# torch needs is installed first by hash, so that pip fetches nothing else where such a build is there.
$(VENV)/.test: $(VENV)/.uv requirements/torch.txt requirements/test.txt requirements/reference.txt pyproject.toml
	$(INSTALL) -r requirements/torch.txt
ifneq ($(TORCH),)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==$(TORCH) \
	  || echo "torch $(TORCH) could not be installed; the tests that need it will be listed as not run"
endif
	$(INSTALL) -r requirements/test.txt
	$(INSTALL) --no-deps -r requirements/reference.txt
	$(SELF)
	@touch $@
