# Everything a developer runs. `make help` lists the targets.
# Needs Python 3.11+ and make; all else comes from the Python package index into .venv, and what builds the web
# interface from npm's registry into ui/node_modules. Tests of its pages are skipped without a Chromium.

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
LITELLM_VENV := .cache/litellm
NODE_VENV := .cache/node
NODE_CLIENTS := tests/serving/clients/node
NPM := cd ui && PATH="$(CURDIR)/$(NODE_VENV)/bin:$$PATH" npm
UI_MODULES := ui/node_modules/.ready
UI_FILES := src/quire/server/ui_files/index.html
SDK_VERSIONS ?= 1.17.1 1.109.1 2.54.0 3.57.0
# Tests wait for servers and browsers: one worker more than there are processors keeps these busy.
WORKERS ?= $(shell expr $$($(PYTHON) -c 'import os; print(os.cpu_count() or 1)') + 1)
# All but dspy, which would bring more packages than all others together; its tests are skipped without it.
LOCKED_EXTRAS := azure oidc postgres pandas jinja text
# Each worker begins with a row of neighbouring tests, which share fixtures, and takes from another's when it has done.
PYTEST  := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# pip says what it installs, nothing about itself.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export PIP_NO_WARN_SCRIPT_LOCATION := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow test-all test-new-cases test-sdks sdk-venvs lint format bench lock mlflow-venv mlflow2-venv clients-venv fasttrackml-venv openinference-venv phoenix-venv litellm-venv node-venv ui ui-types ui-check ui-test clean

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

demo: setup ui  ## two variants of one application, tracked and compared (simulator unless OPENAI_API_KEY is set)
	@$(BIN)/python examples/demo.py

test: setup ui ui-test mlflow-venv mlflow2-venv  ## all tests but the slow ones (those of pages need Chromium: apt-get install chromium-headless-shell)
	$(PYTEST) -m "not slow"

test-slow: setup ui mlflow-venv mlflow2-venv  ## the slow ones
	$(PYTEST) -m slow

test-all: setup ui ui-test mlflow-venv mlflow2-venv  ## every test, the slow ones too
	$(PYTEST)

test-new-cases: setup  ## tests of properties (hypothesis), slow ones too, with cases that were not tried before
	QUIRE_NEW_CASES=1 $(PYTEST) -m hypothesis

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

litellm-venv: $(LITELLM_VENV)/.ready  ## a virtual environment with LiteLLM's proxy, for benchmarks

$(LITELLM_VENV)/.ready: requirements-litellm.lock
	$(call locked-venv,LiteLLM)

node-venv: $(NODE_VENV)/node_modules/.ready  ## Node with clients of the OpenAI API that are written for it, for tests

$(NODE_VENV)/.ready: requirements-node.lock
	$(call locked-venv,Node)

$(NODE_VENV)/node_modules/.ready: $(NODE_VENV)/.ready $(NODE_CLIENTS)/package.json $(NODE_CLIENTS)/package-lock.json
	@cp $(NODE_CLIENTS)/package.json $(NODE_CLIENTS)/package-lock.json $(NODE_VENV)/
	@cd $(NODE_VENV) && PATH="$$PWD/bin:$$PATH" npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

ui: $(UI_FILES)  ## build the web interface into the package

# --ignore-scripts: no package may run anything, or fetch anything, when it is installed.
$(UI_MODULES): $(NODE_VENV)/.ready ui/package.json ui/package-lock.json
	@echo "Installing what builds the web interface into ui/node_modules ..."
	@$(NPM) ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(UI_FILES): $(UI_MODULES) $(shell find ui/src ui/public ui/index.html ui/vite.config.ts -type f 2>/dev/null)
	@$(NPM) run --silent build -- --logLevel warn
	@touch $@

ui-types: setup $(UI_MODULES)  ## make the types of the server's calls anew, which the interface is checked against
	@mkdir -p .cache
	@$(BIN)/python -m quire.server.document > .cache/openapi.json
	@$(NPM) run --silent types > /dev/null

ui-check: ui-types  ## TypeScript, ESLint and Prettier over the web interface
	@$(NPM) run --silent check

ui-test: $(UI_MODULES)  ## the tests of the web interface's pure functions
	@$(NPM) run --silent test

lint: setup ui-check  ## ruff, mypy --strict, import-linter; the web interface's checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: setup  ## apply ruff's fixes and formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup mlflow-venv fasttrackml-venv openinference-venv phoenix-venv litellm-venv  ## measure against MLflow and others on this machine; prints the table and writes docs/benchmarks.md
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
	for name in openinference phoenix litellm node; do \
	  $(BIN)/uv pip compile requirements-$$name.in --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-annotate \
	    --custom-compile-command "make lock" --quiet -o requirements-$$name.lock || exit 1; \
	done

clean:  ## remove what the targets above made
	rm -rf $(VENV) .cache build dist ui/node_modules src/quire/server/ui_files
