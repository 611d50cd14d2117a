# Two-Stage HDR. `make` lists the targets; each does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/twostage-hdr
TRAINER ?= cpu

.DEFAULT_GOAL := help
.PHONY: help setup demo train tables test fuzz check docs dist clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(VENV)/installed  ## create .venv and install the package with its development tools

$(VENV)/installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet torch==2.13.0 --editable '.[dev]'
	@touch $@

demo: setup  ## train small, score, reconstruct a picture: minutes on two cores (TRAINER=gpu: on a GPU); results in demo/
	$(RUN) train experiment=demo trainer=$(TRAINER) hydra.run.dir=demo/run
	$(RUN) evaluate weights=demo/run 'networks={shipped: two_stage_any}' hydra.run.dir=demo/evaluation
	$(RUN) reconstruct demo/evaluation/pictures/*_ldr.png --weights demo/run -o demo/reconstruction \
		--to exr,png16,ultrahdr,preview,strip
	$(RUN) reconstruct demo/evaluation/pictures/*_ldr.png -o demo/shipped --to ultrahdr,preview,strip
	@echo
	@echo "Table     demo/evaluation/table.md"
	@echo "Pictures  demo/run/pictures (training), demo/reconstruction (HDR files, previews, exposures),"
	@echo "          demo/shipped (the same by the weights that come with the package)"
	@echo "Report    demo/evaluation/report.html"
	@echo "Size      $$(du -sh demo | cut -f1); \`make clean\` removes it"

train: setup  ## train with the paper's settings on generated scenes (see README for your own data)
	$(RUN) train experiment=paper data=procedural

tables: setup  ## render the committed results of the experiments: Markdown, LaTeX, docs/results.md
	$(BIN)/python -m experiments.comparison.render

test: setup  ## all tests
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m "not cluster and not gpu and not video"
	$(BIN)/python -m pytest -q -m video

fuzz: setup  ## mutated and special files for every reader: make fuzz N=10000 SEED=1
	nice $(BIN)/python -m tests.fuzz.campaign $(or $(N),10000) $(or $(SEED),0)

check: setup  ## lint, format, types, import contracts, fast tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m "not slow and not cluster and not gpu and not browser and not video"

docs: $(VENV)/docs/installed  ## this documentation as a site in site/; a broken link is an error
	NO_MKDOCS_2_WARNING=1 $(VENV)/docs/bin/mkdocs build --strict --config-file docs/site/mkdocs.yml
	@echo "Open site/index.html"

$(VENV)/docs/installed: docs/site/requirements.lock
	$(PYTHON) -m venv $(VENV)/docs
	$(VENV)/docs/bin/python -m pip install --quiet --no-deps --require-hashes --requirement docs/site/requirements.lock
	@touch $@

dist: setup  ## wheel and source distribution in dist/, checked
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*

clean:  ## remove what the other targets made, the environment included
	rm -rf $(VENV) demo build dist site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
