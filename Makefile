# Every target first does the set-up that it needs: see .ci/setup.
export PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test test-parts test-window lint bench pictures clean

run:  ## open the window, or what ARGS says: make run ARGS='run worked-run --csv -'
	@.ci/setup run
	@$(BIN)/python -m gdviz $(ARGS)

test: lint  ## everything that a change must pass; the parts beside the window as a whole
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-parts test-window

# What of the window's tests is run in the first half, so that both take the same time.
FIRST := tests/ui/panels tests/ui/test_filming.py tests/ui/test_render.py

test-parts:
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest --ignore tests/ui
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest $(FIRST)

test-window:
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest tests/ui $(FIRST:%=--ignore %)
	QT_QPA_PLATFORM=xcb xvfb-run -a -s '-screen 0 1920x1200x24' $(BIN)/python -m pytest -m x11

lint:  ## style, types, direction of imports
	@.ci/setup test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench:  ## speed and memory, measured on this machine
	@.ci/setup test
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest tests/benchmarks

pictures:  ## the pictures of README.md, taken in a real window
	@.ci/setup test
	GDVIZ_PICTURES=resources/pictures QT_QPA_PLATFORM=xcb xvfb-run -a -s '-screen 0 1920x1200x24' \
		$(BIN)/python -m pytest -m x11 tests/ui/test_pictures.py

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	find gdviz tests -name __pycache__ -prune -exec rm -rf {} +
