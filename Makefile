# `make demo` needs Python 3.11+, git and make; everything else it fetches itself, into .venv. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help demo study test dev mlflow serve lint ci install install-dev lock clean

PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11; do \
	"$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$each" && exit; done; echo python3)
GPU ?=
TESTS ?=

BIN := .venv/bin

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export DAGSTER_DISABLE_TELEMETRY := 1
export DVC_NO_ANALYTICS := 1
export GX_ANALYTICS_ENABLED := false
export MLFLOW_DISABLE_TELEMETRY := true
# A reader of `make demo` in a log wants lines when they happen.
export PYTHONUNBUFFERED := 1

help: ## What there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo '  (PYTHON=python3.12 names a Python, GPU=1 takes CUDA builds of torch and faiss)'

demo: install ## Set up, draw the Atlas world, run the whole pipeline and print its results
	@$(BIN)/python tools/demo.py

test: install-dev ## Set up and run the tests (TESTS="tests/geo -x" for some)
	@$(BIN)/python -m pytest $(TESTS)

study: install ## Also corrupt the photos, ablate the method and print the verdict on the segmentation view
	@$(BIN)/python tools/demo.py study

dev: install ## Dagster: the graph, its freshness, and a button to run it (http://localhost:3000)
	@$(BIN)/dagster dev

mlflow: install ## MLflow: compare runs (http://localhost:5000)
	@MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(BIN)/mlflow ui --backend-store-uri sqlite:///mlruns/mlflow.db

serve: install ## MLflow: answer photos over HTTP with the champion (http://localhost:5001)
	@MLFLOW_TRACKING_URI=sqlite:///mlruns/mlflow.db $(BIN)/mlflow models serve -m models:/dualgeo@champion --env-manager local -p 5001

lint: install-dev ## Style, types and import layers
	@$(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/pyright && $(BIN)/lint-imports

ci: ## All that must hold before a change goes in
	@.ci/run

install: ## Only set up .venv
	@"$(PYTHON)" tools/install.py --gpu="$(GPU)"

install-dev: ## Only set up .venv with what the tests need
	@"$(PYTHON)" tools/install.py --gpu="$(GPU)" --dev

lock: ## Write the lock files from the versions that .venv holds
	@$(BIN)/python tools/lock.py

clean: ## Remove .venv and tool caches; data, results and records stay
	@rm -rf .venv .venv.lock .ruff_cache .pytest_cache .import_linter_cache .hypothesis build *.egg-info
