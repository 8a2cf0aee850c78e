# `make repro` runs the pipeline, `make test` checks the project, `make readme` renews its results, `make bench` measures its speed; each installs what it needs into .venv first.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: repro test readme bench
repro: .venv/ready
	dvc repro

test: .venv/ready
	ruff check .
	ruff format --check .
	codespell
	mypy
	pytest

readme: .venv/ready
	python .ci/readme.py

bench: .venv/ready
	python tests/benchmarks

.venv/ready: pyproject.toml .dvc/plots/page.py
	$(PYTHON) -m venv .venv
	python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	python .dvc/plots/page.py
	touch $@
