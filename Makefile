# Everything a developer runs. `make help` lists the targets.
# Needs Python 3.11+ and make; all else comes from the Python package index into .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
MLFLOW_VENV := .cache/mlflow
MLFLOW2_VENV := .cache/mlflow-2
CLIENTS_VENV := .cache/clients
FASTTRACKML_VENV := .cache/fasttrackml
OPENINFERENCE_VENV := .cache/openinference
PHOENIX_VENV := .cache/phoenix
SDK_VERSIONS ?= 1.17.1 1.109.1 2.54.0 3.57.0
WORKERS ?= auto
# All but dspy, which would bring more packages than all others together; its tests are skipped without it.
LOCKED_EXTRAS := azure oidc postgres pandas jinja text
# Each worker begins with a row of neighbouring tests, which share fixtures, and takes from another's when it has done.
PYTEST  := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# pip says what it installs, nothing about itself.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export PIP_NO_WARN_SCRIPT_LOCATION := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow test-all test-sdks sdk-venvs lint format bench lock mlflow-venv mlflow2-venv clients-venv fasttrackml-venv openinference-venv phoenix-venv clean

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## make .venv with the package (editable) and everything tests need

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Quire needs Python 3.11 or newer; `make PYTHON=python3.12 setup` names another one" if sys.version_info < (3, 11) else 0)'
	@echo "Installing Quire and what its tests need into $(VENV) (a minute or two the first time) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: setup  ## two variants of one application, tracked and compared (simulator unless OPENAI_API_KEY is set)
	@$(BIN)/python examples/demo.py

test: setup mlflow-venv mlflow2-venv  ## all tests but the slow ones
	$(PYTEST) -m "not slow"

test-slow: setup mlflow-venv mlflow2-venv  ## the slow ones
	$(PYTEST) -m slow

test-all: setup mlflow-venv mlflow2-venv  ## every test, the slow ones too
	$(PYTEST)

test-sdks: setup sdk-venvs  ## the caller and autologging under other versions of the OpenAI SDK (SDK_VERSIONS)
	$(PYTEST) tests/caller/test_sdk_versions.py tests/openai/autologging/test_sdk_versions.py

sdk-venvs: $(SDK_VERSIONS:%=.cache/openai-%/.ready)  ## a virtual environment for each version of the OpenAI SDK

# SDKs before 1.55.3 do not work with httpx 0.28 themselves. What is installed is what prediction and traces alone need.
.cache/openai-%/.ready:
	@echo "Installing openai $* into .cache/openai-$* ..."
	@$(PYTHON) -m venv .cache/openai-$*
	@.cache/openai-$*/bin/python -m pip install --quiet "openai==$*" $(if $(filter 1.17.1,$*),"httpx<0.28") \
	  ahocorasick-rs aiohttp genai-prices msgspec narwhals opentelemetry-api opentelemetry-proto pyyaml rs-bpe
	@touch $@

# How an environment is made that a lock file describes: what is in it, and pip's further options.
define locked-venv
@echo "Installing $(1) into $(@D) ..."
@$(PYTHON) -m venv $(@D)
@$(@D)/bin/python -m pip install --quiet $(2) --require-hashes -r $<
@touch $@
endef

mlflow-venv: $(MLFLOW_VENV)/.ready  ## a virtual environment with a real MLflow, for interoperability tests and benchmarks

$(MLFLOW_VENV)/.ready: requirements-mlflow.lock
	$(call locked-venv,MLflow)

mlflow2-venv: $(MLFLOW2_VENV)/.ready  ## a virtual environment with the last MLflow 2, for interoperability tests

$(MLFLOW2_VENV)/.ready: requirements-mlflow2.lock
	$(call locked-venv,MLflow 2)

clients-venv: $(CLIENTS_VENV)/.ready  ## a virtual environment with clients of the OpenAI API that others wrote, for tests

$(CLIENTS_VENV)/.ready: requirements-clients.lock
	$(call locked-venv,clients of the OpenAI API)

fasttrackml-venv: $(FASTTRACKML_VENV)/.ready  ## a virtual environment with FastTrackML's server, for benchmarks

$(FASTTRACKML_VENV)/.ready: requirements-fasttrackml.lock
	$(call locked-venv,FastTrackML,--no-deps)

openinference-venv: $(OPENINFERENCE_VENV)/.ready  ## a virtual environment with OpenInference's instrumentation, for benchmarks

$(OPENINFERENCE_VENV)/.ready: requirements-openinference.lock
	$(call locked-venv,OpenInference)

phoenix-venv: $(PHOENIX_VENV)/.ready  ## a virtual environment with Phoenix's server, for benchmarks

$(PHOENIX_VENV)/.ready: requirements-phoenix.lock
	$(call locked-venv,Phoenix)

lint: setup  ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: setup  ## apply ruff's fixes and formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup mlflow-venv fasttrackml-venv openinference-venv phoenix-venv  ## measure against MLflow and others on this machine; prints the table and writes docs/benchmarks.md
	$(BIN)/python -m bench

lock: setup  ## resolve the lock files anew (names, versions and hashes only)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  $(LOCKED_EXTRAS:%=--extra %) --group test --group lint --group build --no-emit-index-url --no-emit-find-links --no-annotate \
	  --custom-compile-command "make lock" --quiet -o requirements.lock
	$(BIN)/uv pip compile requirements-mlflow.in --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate \
	  --custom-compile-command "make lock" --quiet -o requirements-mlflow.lock
	$(BIN)/uv pip compile requirements-mlflow2.in --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate \
	  --custom-compile-command "make lock" --quiet -o requirements-mlflow2.lock
	$(BIN)/uv pip compile requirements-clients.in --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate \
	  --custom-compile-command "make lock" --quiet -o requirements-clients.lock
	$(BIN)/uv pip compile requirements-fasttrackml.in --universal --python-version 3.11 --generate-hashes --no-deps \
	  --no-emit-index-url --no-emit-find-links --no-annotate \
	  --custom-compile-command "make lock" --quiet -o requirements-fasttrackml.lock
	for name in openinference phoenix; do \
	  $(BIN)/uv pip compile requirements-$$name.in --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-annotate \
	    --custom-compile-command "make lock" --quiet -o requirements-$$name.lock || exit 1; \
	done

clean:  ## remove what the targets above made
	rm -rf $(VENV) .cache build dist
