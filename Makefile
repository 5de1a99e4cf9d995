# Two commands matter: `make demo` and `make test`. Each makes .venv and installs what it needs;
# a second run installs nothing.

PYTHON ?= python3
BIN := .venv/bin
SERVICES_APT := postgresql chromium fonts-noto-cjk beancount hledger

.PHONY: demo test check format test-services bench bench-peers docs clean

# On a fresh machine the feature engine is compiled beside the first steps.
demo: .venv/.demo
	@$(BIN)/python -m headrace.features.engines.ready &
	$(BIN)/headrace demo --out demo

test: .venv/.test
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not services"

check: .venv/.check test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir build/site

format: .venv/.check
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test-services: .venv/.services
	@sh tests/services/install.sh $(SERVICES_APT)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m services

# One subject alone: make bench SUBJECTS=features
SUBJECTS ?= foundation features decisions graph contracts ledger scores service

bench: .venv/.test
	@for subject in $(SUBJECTS); do \
	  $(BIN)/python benchmarks/$$subject.py --json > benchmarks/results/$$subject.new && \
	  mv benchmarks/results/$$subject.new benchmarks/results/$$subject.json || exit 1; done
	$(BIN)/python docs/generate.py

bench-peers:
	@sh benchmarks/peers/make.sh

docs: .venv/.check
	$(BIN)/mkdocs serve

clean:
	rm -rf .venv build demo out

# One stamp per set of extras, so that each is installed once and again when pyproject.toml changes.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Headrace needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) --version`. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.demo: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/.test: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ .venv/.demo

.venv/.check: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,check,docs]'
	@touch $@ .venv/.demo .venv/.test

.venv/.services: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,deep,kafka,postgres,services,spark]'
	@touch $@ .venv/.demo .venv/.test
