# Everything below is a plain command too; make only keeps the environment up to date.
# Needs git, make and Python 3.11 to 3.13 with venv. `make PYTHON=python3.12 VENV=.venv312 test` uses another one.

PYTHON  ?= python3
VENV    ?= .venv
HF_VENV ?= .venv-hf
WORKERS ?= 2
ARGS    ?=
PART    ?=

BIN   := $(VENV)/bin
READY := $(VENV)/.ready
PIP   := $(BIN)/python -m pip --disable-pip-version-check --quiet
PINS  := $(BIN)/uv pip compile pyproject.toml --quiet --python-version 3.11 --generate-hashes --custom-compile-command "make lock"
# What the images can do besides; setuptools builds the project in them.
SERVED := --extra postgres --extra ui --extra openai --extra otel

# One thread per process: two test workers on two cores do not fight over them.
export OMP_NUM_THREADS = 1
# Tests start hundreds of processes: modules are compiled once, also where the environment says otherwise.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-hf test-long check format bench ablation env-example lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

setup: $(READY)  ## make the environment (the other targets do so when needed)

demo: $(READY)  ## ingest the sample, answer one question, serve; ARGS=--once stops after the answer
	@$(BIN)/yiwen demo $(ARGS)

test: $(READY)  ## every test that ends within a minute; ARGS="-k name" picks some
	@$(BIN)/python -m pytest -q -m "not long" -n $(WORKERS) --dist loadfile --no-loadscope-reorder -rfER $(ARGS)

test-hf: $(HF_VENV)/.ready  ## the tests that need torch, in an environment of their own
	@$(HF_VENV)/bin/python -m pytest -q tests/hf tests/training $(ARGS)

test-long: $(READY)  ## the tests that take longer; PART=crash runs those of tests/crash alone
	@$(BIN)/python -m pytest -q -m long --timeout=3600 --durations=0 tests/$(PART) $(ARGS)

check: $(READY)  ## formatting, lint, types, import rules, documentation
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_imports.py tests/test_docs.py tests/test_packaging.py

format: $(READY)  ## format the code and repair what ruff can repair
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench: $(READY)  ## measure speed; ARGS goes to `yiwen bench`
	@$(BIN)/yiwen bench $(ARGS)

ablation: $(HF_VENV)/.ready  ## what the knowledge base and an adapter are worth, on a tiny model; ARGS="--out FOLDER" keeps all
	@$(HF_VENV)/bin/python -m finetune.ablation $(ARGS)

env-example: $(READY)  ## write .env.example from the settings
	@$(BIN)/python -m tests.test_docs > .env.example

lock: $(READY)  ## pin the dependencies anew, those of the images too; ARGS=--upgrade takes the newest
	@$(PIP) install uv
	@$(PINS) --universal --extra cpu --extra dev --output-file requirements.lock $(ARGS)
	@$(PINS) --universal --extra cpu --extra dev --extra train --extra quant \
		--constraint requirements.lock --output-file requirements-hf.lock
	@echo 'setuptools>=77' | $(PINS) - --universal $(SERVED) --extra cpu \
		--constraint requirements.lock --output-file docker/cpu.lock
	@echo 'setuptools>=77' | $(PINS) - --python-platform x86_64-manylinux_2_28 $(SERVED) --extra gpu --extra train --extra quant \
		--constraint docker/cpu.lock --output-file docker/gpu.lock

clean:  ## remove the environment and the caches; data stays
	rm -rf $(VENV) $(HF_VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A new top-level package has to be made known to the editable install, hence its __init__.py.
$(READY): requirements.lock pyproject.toml $(wildcard */__init__.py)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || \
		{ echo "yiwen needs Python 3.11, 3.12 or 3.13; '$(PYTHON)' is missing or another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "'$(PYTHON)' has no venv module: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || \
		{ echo "making $(VENV)" >&2; $(PYTHON) -m venv --clear $(VENV); }
	@echo "installing what requirements.lock names (once)" >&2
	@$(PIP) install --no-deps --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# Torch stays out of the ordinary environment: this one is large, and only `make test-hf` needs it.
$(HF_VENV)/.ready: requirements-hf.lock pyproject.toml $(wildcard */__init__.py)
	@$(HF_VENV)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(HF_VENV)
	@echo "installing what requirements-hf.lock names (once, several GB)" >&2
	@$(HF_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes -r requirements-hf.lock
	@$(HF_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
	@touch $@
