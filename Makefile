# `make repro` runs the pipeline, `make show` prints its metrics, `make recover` puts right what a kill has left, `make restore` brings back params and results as committed, `make test` checks the project, `make studies` runs the committed studies, `make readme` renews what the READMEs quote, `make readme-run` runs their commands, `make bench` measures speed; each installs what it needs into .venv first.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: repro show recover restore test studies readme readme-run bench
repro: .venv/ready
	python stages/repro.py

show: .venv/ready
	python stages/show.py

recover: .venv/ready
	python stages/recover.py

restore: recover
	git stash push --quiet --message 'before make restore' -- params.yaml dvc.lock metrics
	dvc checkout --force --allow-missing

test: .venv/ready
	ruff check .
	ruff format --check .
	codespell
	mypy
	pytest

studies: .venv/ready
	zsaudio sweep train.lr=0.001,0.1 --models temporal_attention,uniform_aggregation,uniform_mean --seeds 0
	zsaudio sweep train.rank=violators --models temporal_attention --seeds 0
	zsaudio sweep folds.spanning=any --models temporal_attention --seeds 0
	zsaudio sweep folds.split=1,2,3,4,5,6,7,8,9,10 --models temporal_attention,uniform_mean --seeds 0

readme: .venv/ready
	python .ci/docs.py

readme-run: .venv/ready
	python .ci/docs.py --run

bench: .venv/ready
	python tests/benchmarks

.venv/ready: pyproject.toml .dvc/plots/page.py
	$(PYTHON) -m venv .venv
	python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	python .dvc/plots/page.py
	touch $@
