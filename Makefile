# repro    run the pipeline                       readme      renew what the READMEs quote
# show     print its metrics                      readme-run  run the READMEs' commands
# recover  put right what a kill has left         studies     run the committed studies
# restore  params and results as committed        bench       measure speed
# test     lint, types and tests                  verify      recompute a cell of AudioSet and compare
# test-app the page of `zsaudio app` in a browser: needs pip install --editable '.[test-app]' and a Chromium
# Each makes .venv first, with python3 or PYTHON, and keeps one that works.
PYTHON ?= python3
HERE := $(PATH)
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: environment repro show recover restore test test-app studies ablation readme readme-run bench verify
repro: environment
	python stages/repro.py

show: environment
	python stages/show.py

recover: environment
	python stages/recover.py

restore: recover
	git stash push --quiet --message 'before make restore' -- params.yaml ':(glob)**/dvc.lock' metrics
	dvc checkout --force --allow-missing

test: environment
	ruff check .
	ruff format --check .
	codespell
	mypy
	pytest -n 2 --dist loadfile

test-app: environment
	pytest -m browser tests/app

# Of the corpus of params.yaml. The grids that choose the tuned rows first; on AudioSet, EPOCHS=30 MARGINS=1,3,10,30,100
# are enough for them.
EPOCHS = 100
MARGINS = 1,3,10,30,100,300
READING = --models temporal_attention_tuned,uniform_mean_tuned --seeds 0
studies: environment
	zsaudio sweep train.lr=0.001,0.003,0.01,0.03 train.margin=$(MARGINS) train.epochs=$(EPOCHS) \
		--models temporal_attention,uniform_mean --seeds 0
	zsaudio sweep train.lr=0.0001,0.0003,0.001 train.margin=10,30,100,300 train.epochs=$(EPOCHS) \
		--models uniform_aggregation --seeds 0
	zsaudio sweep folds.spanning=drop,any folds.min_labels=1,2 $(READING)
	zsaudio sweep classes.nested=ancestor,descendant $(READING)
	zsaudio sweep train.rank=violators $(READING)
	zsaudio sweep threshold=1.51 $(READING)
	zsaudio sweep folds.split=1,2,3,4,5,6,7,8,9,10 $(READING)

readme: environment
	python .ci/docs.py

readme-run: environment
	python .ci/docs.py --run

verify: environment
	python stages/verify.py

bench: environment
	python tests/benchmarks

environment:
	@export PATH="$(HERE)"; command -v $(PYTHON) >/dev/null || \
		{ echo 'There is no $(PYTHON) here: name another Python, as in `make repro PYTHON=python3.12`' >&2; exit 1; }; \
		$(PYTHON) .ci/environment.py $(if $(filter file,$(origin PYTHON)),,--named)
