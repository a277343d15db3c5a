# Two commands for a fresh machine: `make demo` and `make test`. Both set .venv up first.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

# Two cores: torch's own threads only get in the way of the simulator's process in tests.
TEST_ENV := OMP_NUM_THREADS=1

.PHONY: demo test setup lint type pytest test-slow build check clean

demo: $(STAMP)  ## Two short runs (baseline, fixed), their checks and the report
	$(BIN)/rca demo

test: lint type pytest  ## What CI runs

check: test build

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: $(STAMP)
	$(BIN)/mypy

pytest: $(STAMP)
	$(TEST_ENV) $(BIN)/pytest -m 'not slow' --durations=15

test-slow: $(STAMP)  ## Minutes: leak tests, learning curves, long fuzzing
	$(TEST_ENV) $(BIN)/pytest -m slow

build: $(STAMP)
	$(BIN)/python -m build --no-isolation --outdir dist

clean:
	rm -rf dist build demo .mypy_cache .ruff_cache .pytest_cache
