# `make` alone says what there is. Every goal brings its own environment: a clean clone needs git,
# make and some Python, nothing else. setup.sh leaves at once when .venv is up to date.
.POSIX:
.SUFFIXES:
.NOTPARALLEL:
.PHONY: help setup setup-dev demo test lint format docs validation benchmarks constraints clean distclean

BIN = .venv/bin
OUT = out/demo
# Tests that share a compiled model live in one file; loadfile keeps them on one worker.
PYTEST_ARGS = -n auto --maxprocesses 4 --dist loadfile

help:
	@echo 'make demo         set up, then write the demonstration report to $(OUT)/index.html'
	@echo 'make setup        .venv with ra_bayes in it (uv if there is one, else pip)'
	@echo 'make test         set up for development, then pytest; PYTEST_ARGS="-k cohort" to choose'
	@echo 'make lint         ruff check, ruff format --check, mypy'
	@echo 'make format       let ruff mend what it can'
	@echo 'make docs         the documentation site, build/site/index.html; a warning is an error'
	@echo 'make validation   docs/validation.md from real runs, minutes; SECTIONS="designs certificates" for some'
	@echo 'make benchmarks   docs/benchmarks.md from timings taken now, ten minutes; wants an idle machine'
	@echo 'make constraints  pin anew (needs uv and the network)'
	@echo 'make clean        remove what these goals wrote; make distclean: and .venv'

setup:
	@sh scripts/setup.sh run

setup-dev:
	@sh scripts/setup.sh dev

demo: setup
	$(BIN)/ra-bayes demo --out $(OUT)

test: setup-dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: setup-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: setup-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The theme's advertisement of its successor is no warning of ours.
docs: setup-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

validation: setup-dev
	PYTHONPATH=benchmarks $(BIN)/python -m validation $(SECTIONS)

benchmarks: setup-dev
	$(BIN)/python benchmarks/all.py

constraints:
	sh scripts/constraints.sh

clean:
	rm -rf out build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -path ./.venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv
