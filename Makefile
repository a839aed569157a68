# make demo   two nights of configuration backup over a lab of 28 simulated switches
# make test   everything that is checked before a commit
#
# Both make their environment (.venv) by themselves; nothing needs root.

SHELL := /bin/sh
BIN := .venv/bin
# How many tests run at once.
JOBS ?= 2
# More for pytest, such as PYTEST="-k archive".
PYTEST ?=

.PHONY: help demo demo-linux test lint unit wheel environment environment-dev clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo    two nights of backup over 28 simulated switches, in ./demo'
	@echo 'make demo-linux  a patch window on two Debian hosts, without root, in ./demo-linux'
	@echo 'make test    linters, types and tests'
	@echo 'make lint    linters and types only'
	@echo 'make unit    tests only (PYTEST="-k word" for some of them)'
	@echo 'make wheel   build the package into dist/'
	@echo 'make clean   remove what these commands made'

demo: environment
	@$(BIN)/python scripts/demo.py

demo-linux: environment
	@$(BIN)/python scripts/demo_linux.py

test: lint unit

lint: environment-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/yamllint --strict .
	ANSIBLE_HOME="$(CURDIR)/.ansible" PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/ansible-lint --offline --strict

unit: environment-dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n $(JOBS) --dist worksteal --durations=15 $(PYTEST)

wheel: environment-dev
	$(BIN)/python -m build --wheel --outdir dist .

environment:
	@sh scripts/environment.sh lab

environment-dev:
	@sh scripts/environment.sh dev

clean:
	@if [ -e demo/lab/control.sock ] && [ -x $(BIN)/weibao-lab ]; then \
	    $(BIN)/weibao-lab stop --state demo/lab || true; fi
	@if [ -d demo-linux ] && [ -x $(BIN)/python ]; then \
	    $(BIN)/python scripts/demo_linux.py --remove || true; fi
	rm -rf .venv demo demo-linux dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
	    .hypothesis .ansible .cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
