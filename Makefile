# Two commands for a fresh machine: `make demo` and `make test`. Both set .venv up first.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

# Two cores: torch's own threads only get in the way of the simulator's process in tests.
TEST_ENV := OMP_NUM_THREADS=1

# Tests wait for processes and time-outs half of their time. A file stays with one worker, which makes its fixtures once.
# In the files' order: xdist would begin with those of most tests and end with one worker in the longest, the others idle.
TEST_WORKERS := --numprocesses 3 --dist loadfile --no-loadscope-reorder

# A verdict that is not "all passed" (1: failed, 3: could not be seen) is a result, not an error of the demo.
ANY_VERDICT := || [ $$? -eq 1 -o $$? -eq 3 ]

.PHONY: demo test setup lint type pytest test-slow bench bench-reports bench-sim worlds endurance fuzz healthy bench-faults bench-spent bench-smoke seed-study study-calibration oracle build check clean

demo: $(STAMP)  ## Two short runs (baseline, fixed), their checks and the report
	rm -rf demo
	$(BIN)/rca run short --config baseline --probe-updates 20 --out demo/baseline
	$(BIN)/rca run short --config fixed --probe-updates 20 --out demo/fixed
	$(BIN)/rca check demo/baseline --only 'seed.*' $(ANY_VERDICT)
	$(BIN)/rca check demo/fixed --only 'seed.*' $(ANY_VERDICT)
	$(BIN)/rca report demo/baseline demo/fixed --out demo/report

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

pytest: $(STAMP) node_modules/axe-core
	$(TEST_ENV) $(BIN)/pytest -m 'not slow' --durations=15 $(TEST_WORKERS)

node_modules/axe-core:  ## For accessibility audits; without npm or a network their tests are skipped and say so
	-npm install --no-save --no-package-lock --silent axe-core@4.14.1

test-slow: $(STAMP)  ## Long: leaks, kills at random moments, fuzzing
	$(TEST_ENV) $(BIN)/pytest -m slow

bench: $(STAMP)  ## Long, on an idle machine: every speed promised beside its aim, against Stable-Baselines3; exit code 1 for a missed one, 3 for doubt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python benchmarks/speed.py

bench-faults: $(STAMP)  ## An hour on two cores (two on slow ones): the standard set of planted faults with the three seeds of the committed page (a new page wants others: docs/benchmark.md), diagnosed and scored, into reports/benchmark
	$(BIN)/rca bench --steps 2000 --out reports/benchmark --runs runs/bench --seed 161 --seed 162 --seed 163

bench-spent: $(STAMP)  ## Twenty minutes: faults by people who had not read the checks, which have had answers since, with one seed, into reports/benchmark-spent
	$(BIN)/rca bench --set spent --steps 2000 --out reports/benchmark-spent --runs runs/bench --seed 141

bench-smoke: $(STAMP)  ## A minute: a few planted faults in runs of seconds
	$(BIN)/rca bench --smoke --out runs/smoke-report --runs runs/smoke

seed-study: $(STAMP)  ## An hour on slow cores: the seed's six issues against the true defects, into reports/seed-study
	$(BIN)/rca study seed --out reports/seed-study --runs runs/seed-study

study-calibration: $(STAMP)  ## An hour and a half: are planted causes found, and none where there is none?
	$(BIN)/python benchmarks/study_calibration.py --out reports/study-calibration --runs runs/study-calibration

oracle: $(STAMP)  ## IQM and its interval against rliable, which needs an environment of its own (older arch and pandas)
	$(PYTHON) -m venv .oracle
	.oracle/bin/pip install --quiet --disable-pip-version-check rliable==1.2.0 arch==7.2.0 'pandas<3' pytest pytest-timeout hypothesis
	PYTHONPATH=. .oracle/bin/python -m pytest -q --noconftest -p no:cacheprovider -W ignore -rs tests/test_stats.py -k rliable

bench-reports: $(STAMP)  ## What the reports of two full runs and of a study of 200 runs take
	$(BIN)/python benchmarks/reports.py

bench-sim: $(STAMP)  ## A minute on an idle machine: speed and size of the embedded server; exit code 1 for a missed aim
	$(BIN)/python benchmarks/sim.py

worlds: $(STAMP)  ## Ten minutes: pictures of every map, weather and camera, 100 scripted routes each, into reports/worlds; exit code 1 below 95% finished
	$(BIN)/python benchmarks/worlds.py --out reports/worlds

endurance: $(STAMP)  ## Ten minutes: 100,000 steps in a row; exit code 1 for a lost frame or a leak
	$(BIN)/python benchmarks/endurance.py --out reports/worlds/endurance.md

fuzz: $(STAMP)  ## 10,000 random inputs to the two ports of the embedded server, 5,000 each
	RCA_FUZZ_INPUTS=5000 $(TEST_ENV) $(BIN)/pytest tests/test_sim_fuzz.py --timeout 3600

healthy: $(STAMP)  ## Twenty minutes: three seeds of the healthy preset, into reports/healthy; exit code 1 if one does not learn
	$(BIN)/python benchmarks/healthy.py --out reports/healthy --runs runs/healthy

build: $(STAMP)
	$(BIN)/python -m build --no-isolation --outdir dist

clean:
	rm -rf dist build demo .mypy_cache .ruff_cache .pytest_cache
