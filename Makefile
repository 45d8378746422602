# Two commands do it all on a fresh machine with Python 3.11+ and git: `make serve`, `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# Bytecode once, at install: start-up would compile every import again without it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install serve test lint types bench docs soak fuzz registry peers clean

help: ## show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.installed: pyproject.toml pacsd/__init__.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pacsd needs Python 3.11 or newer")'
	@echo "installing pacsd into $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@$(BIN)/python -m compileall -q pacsd plugins
	@touch $@

$(VENV)/.developed: $(VENV)/.installed
	@echo "installing what the tests need into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

install: $(VENV)/.installed ## install pacsd into .venv

serve: install ## start the daemon (ARGS="--dimse 127.0.0.1:11113 ..." adds options)
	@exec $(BIN)/pacsd serve $(ARGS)

peers: $(VENV)/.developed ## fetch the real DICOM peers the interop tests drive
	contrib/peers/install.sh

test: $(VENV)/.developed lint types peers ## lint, types, floors and every test, with real peers
	$(BIN)/python -m pytest -n 3 $(ARGS)

lint: $(VENV)/.developed ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.developed ## mypy --strict
	$(BIN)/mypy

bench: $(VENV)/.developed peers ## measure beside DCMTK, Orthanc and pynetdicom
	$(BIN)/python contrib/bench/run.py $(ARGS)

docs: $(VENV)/.developed ## write what is generated from code: example configuration, conformance statement
	$(BIN)/python -m contrib.docs.generate

soak: $(VENV)/.developed ## long campaigns: hostile peers, held associations, ten thousand kills and, as root, 500 power cuts
	$(BIN)/python -m pytest -m soak --timeout 3600 $(ARGS)

fuzz: $(VENV)/.developed ## long fuzz campaigns on every parser
	$(BIN)/python -m pytest -m fuzz --timeout 3600 $(ARGS)

registry: $(VENV)/.developed ## regenerate the tables of SOP classes, transfer syntaxes, statuses and data elements
	$(BIN)/python contrib/registry/generate.py

clean: ## remove what the above installed (data stays)
	rm -rf $(VENV) .peers .mypy_cache .pytest_cache .ruff_cache .hypothesis
