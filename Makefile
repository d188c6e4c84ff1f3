# Pixelsite: every command a person needs. `make` alone lists them.

VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 8000
PIXELSITE_DATA ?= var
PIXELSITE_SITE_URL ?= http://127.0.0.1:$(PORT)
WORKER_THREADS ?= 2
FAULTS_JOBS ?= 10000
# Where torch without CUDA is published; used where there is no NVIDIA GPU.
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu
RAPIDOCR := rapidocr-onnxruntime==1.4.4
TORCH := $(shell sed -n 's/^  "\(torch==[^"]*\)".*/\1/p' pyproject.toml)
export VENV HOST PORT PIXELSITE_DATA PIXELSITE_SITE_URL WORKER_THREADS

PYTHON := $(VENV)/bin/python
.DEFAULT_GOAL := help
.PHONY: help run test test-fast faults lint format bench screenshot clean

help: ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: $(VENV)/.installed ## Start the site, a worker and the sweeper; Ctrl-C stops all of it
	@$(PYTHON) manage.py bootstrap
	@exec $(VENV)/bin/honcho start --port $(PORT)

test: $(VENV)/.installed-dev ## Run every test: unit, property, API, worker, browser, PostgreSQL, Redis
	@$(PYTHON) -m tests.servers || $(PYTHON) -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[dev,test-servers]'
	$(PYTHON) -m tests.run

test-fast: $(VENV)/.installed-dev ## Run the tests that need no server and no browser
	$(PYTHON) -m pytest -m "not browser and not live and not faults" -n auto -q

faults: $(VENV)/.installed-dev ## Kill, freeze and starve a real site during 10,000 jobs (FAULTS_JOBS, FAULTS_SEED)
	FAULTS_JOBS=$(FAULTS_JOBS) $(PYTHON) -m pytest -q -s -p no:randomly -m faults tests/faults

lint: $(VENV)/.installed-dev ## Check style, types, layers, production settings, migrations
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy --python-version 3.10 --package pixelsite_client
	$(VENV)/bin/lint-imports
	$(PYTHON) manage.py makemigrations --check --dry-run
	scripts/check-deploy.sh $(PYTHON)

format: $(VENV)/.installed-dev ## Rewrite the code in the project's style
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(VENV)/.installed-dev ## Measure quality, speed and memory beside the peers (half an hour)
	$(PYTHON) -m bench $(BENCH)

screenshot: $(VENV)/.installed-dev ## Make the README's picture of the editor
	$(PYTHON) -m tests.e2e.readme_picture

clean: ## Delete the virtual environment and what tools left behind; never your data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results

$(VENV)/.torch: pyproject.toml
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Pixelsite needs Python 3.11 or newer."; exit 1; }
	@test -x $(PYTHON) || python3 -m venv $(VENV)
	@if ! command -v nvidia-smi >/dev/null 2>&1; then \
	  echo "No NVIDIA GPU found: installing the CPU build of $(TORCH)."; \
	  $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --retries 1 \
	    --index-url $(TORCH_CPU_INDEX) $(TORCH) \
	  || echo "The CPU build could not be had from $(TORCH_CPU_INDEX): the standard build follows (several GB)."; \
	fi
	@touch $@

$(VENV)/.installed: $(VENV)/.torch constraints.txt
	@echo "Installing the pinned dependencies (a few minutes the first time)."
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@# Its text detector; it asks for another build of OpenCV, which would break ours.
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps $(RAPIDOCR)
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@
