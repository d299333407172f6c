# Every target does its own set-up (scripts/setup); the second time that takes a moment.
#   make demo PYTHON=/path/to/python3.12    with another interpreter
#   make test PYTEST_ARGS="-k grid -x"      with more options for pytest
.PHONY: help install demo train-demo test test-slow lint bench screenshots
.NOTPARALLEL:
.DEFAULT_GOAL := help

BIN := .venv/bin
PYTEST_ARGS ?=
# Two workers of one thread each: what the slowest machine has. All windows open in one of them
# (tests/conftest.py).
WORKERS := OMP_NUM_THREADS=1 scripts/with-display $(BIN)/python -m pytest -n 2 --dist loadscope
export PYTHON
# Many tests start Python anew: without compiled files each of them compiles the package again.
unexport PYTHONDONTWRITEBYTECODE

help:
	@echo "make install      .venv, the package and its tools, system libraries"
	@echo "make demo         open the sample in napari (without a display: pictures in demo-output)"
	@echo "make train-demo   train a small model on phantoms, from ImageNet weights (minutes)"
	@echo "make test         the tests, on a virtual screen"
	@echo "make test-slow    the tests that take minutes each"
	@echo "make lint         ruff, mypy, import contracts, manifest"
	@echo "make bench        every benchmark, each writes its table (hours)"
	@echo "make screenshots  the pictures of the README and the guide"

install:
	@scripts/setup test

demo:
	@scripts/setup run
ifeq ($(DISPLAY)$(WAYLAND_DISPLAY)$(filter Darwin,$(shell uname)),)
	scripts/with-display $(BIN)/napari-acs demo --headless --out demo-output
else
	$(BIN)/napari-acs demo
endif

train-demo: install
	scripts/train_demo

test: install
	$(WORKERS) -m "not slow" $(PYTEST_ARGS)

test-slow: install
	OMP_NUM_THREADS=1 scripts/with-display $(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

lint:
	@scripts/setup env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/check-manifest --no-build-isolation

# The scripts among the benchmarks' files; some open windows. All of it takes many hours.
bench: install
	@set -e; for script in $$(grep -l __main__ benchmarks/*.py); do \
		echo "== $$script"; scripts/with-display $(BIN)/python $$script; done

screenshots: install
	scripts/with-display $(BIN)/python scripts/screenshots.py
	scripts/with-display $(BIN)/python scripts/screenshot_models.py
	scripts/with-display $(BIN)/python scripts/screenshot_classify.py
	$(BIN)/python scripts/screenshot_report.py
	scripts/with-display $(BIN)/python scripts/screenshot_correct.py
	scripts/with-display $(BIN)/python scripts/screenshot_review.py
	@if [ -d "$${NAPARI_ACS_SHARED_DATA:-../shared/data}" ]; then \
		scripts/with-display $(BIN)/python scripts/screenshot_views.py && \
		scripts/with-display $(BIN)/python scripts/screenshot_native.py; fi
