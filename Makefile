PYTHON := $(shell for name in python3.11 python3.12 python3; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help setup check fix test test-faults demo wheel bench audit clean

help: ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(READY) ## Make .venv with everything and fetch the weights; does nothing the second time

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed and neither was found; install one"; exit 1; }
	$(PYTHON) -m venv .venv && $(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	$(BIN)/pip install -q --no-deps --force-reinstall opencv-python-headless==5.0.0.93 # the other asks for libGL and X11
	$(BIN)/f2s weights pull
	@touch $(READY)

check: $(READY) ## Look at style, types and import contracts; changes nothing
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(READY) ## Mend the style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: $(READY) ## Run all tests, with the weights that only measuring and training need
	$(BIN)/f2s weights pull vgg_hed niqe_1.1.11 dlib_resnet_v1 dlib_5_landmarks
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder # threads of two workers would wait for each other

test-faults: $(READY) ## Do harm to runs in every way, an hour; SOAK=30 for more minutes of many faults at once
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -m fault --faults --soak $(or $(SOAK),5) -n 2 --dist loadfile --no-loadscope-reorder tests

demo: $(READY) ## Restore a small archive of real pictures and say where the page is that shows it
	$(BIN)/f2s demo f2s-demo

wheel: $(READY) ## Build dist/*.whl
	$(BIN)/pip wheel -q --no-deps --no-build-isolation -w dist .

bench: $(READY) ## Measure, for hours; all speeds in one table, bench-out/speed.md
	$(BIN)/python -m benchmarks.run

audit: $(READY) ## Ask a feed of known holes about every pin; needs the network and `pip install pip-audit`
	$(BIN)/python -m pip_audit --no-deps --disable-pip -r constraints.txt

clean: ## Remove what the targets made, .venv too
	rm -rf .venv dist build f2s-demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
