# `make demo` and `make test` set up what they need; the stamp is older than the files that say what that is.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed
PIP := $(VENV)/bin/pip --quiet --disable-pip-version-check
# More processes than a small machine has processors: much of what the tests do is to wait for others.
PYTEST := $(VENV)/bin/pytest -n 8
# Stories wait little: with more of them at once, what they start has no processor for seconds.
STORIES := $(VENV)/bin/pytest -n 4 -m story
# What is compiled once need not be by each of them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo bulk test test-stories test-namespace test-wheel test-booted test-loaded test-servers test-networks test-dialects test-long mutants chaos crash-points recovery failover nemesis uncertain takeover spread upgrade lint bench requirements clean

demo: $(STAMP)
	@$(VENV)/bin/identity-worker demo

# A spreadsheet of 300 rows becomes a folder of pictures, with three kills on the way: three minutes.
bulk: $(STAMP)
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" examples/bulk/run.sh

test: $(STAMP)
	$(PYTEST) -m "not story"

# What takes ten seconds and more each, as whole installations that are killed, cut off and deployed, and what takes a
# browser. Three to five minutes.
test-stories: $(STAMP)
	$(STORIES)

# The stories, and the tests of what reads clocks most, where every process finds those of a machine that has just
# booted: monotonic ones start at 1. Five minutes.
BOOTED := MONOTONIC_FROM=1 PYTHONPATH=$(CURDIR)/tests/chaos/clock
test-booted: $(STAMP)
	$(BOOTED) $(STORIES)
	$(BOOTED) $(PYTEST) -m "not story" tests/actors $(addprefix tests/worker/,files network shards store unresolved)

# The wheel in a bare environment, run by nobody in a folder of modules that are called like ours: one to two minutes.
test-wheel: $(STAMP)
	$(VENV)/bin/pytest tests/wheel/contained.py tests/wheel/supervised.py tests/wheel/installed.py

# What is written to buckets, on Azure's own emulator too: npm brings it, 186 MB, and it needs Node.
.PHONY: test-buckets
AZURITE := $(CURDIR)/$(VENV)/azurite
test-buckets: $(STAMP)
	@test -d $(AZURITE)/node_modules/azurite || npm install --silent --no-audit --no-fund --prefix $(AZURITE) azurite@3
	IDENTITY_WORKER_TEST_AZURITE=$(AZURITE)/node_modules/.bin/azurite-blob $(VENV)/bin/pytest tests/worker/places

# The same beside six processes that leave it no processor: nothing may depend on how fast the machine is.
test-loaded: $(STAMP)
	$(VENV)/bin/python tests/beside_load.py 6 $(PYTEST)

# The tests of the worker once more: under the API's other spelling, with webhooks instead of streams, and both.
test-dialects: $(STAMP)
	IDENTITY_WORKER_TEST_DIALECT=docs $(PYTEST)
	IDENTITY_WORKER_TEST_EVENTS=webhook $(PYTEST)
	IDENTITY_WORKER_TEST_DIALECT=docs IDENTITY_WORKER_TEST_EVENTS=webhook $(PYTEST)

# What Redis decides, on each release of Redis and Valkey that there is to be had: a few minutes for each.
test-servers: $(STAMP)
	$(VENV)/bin/python -m tests.servers.matrix

# The API behind real nginx, haproxy and tinyproxy, of Debian's packages: half a minute.
test-networks: $(STAMP)
	$(VENV)/bin/pytest -n 2 $(wildcard tests/networks/test_*.py tests/networks/through_*.py)

# The tests of what works on Redis once more, as an installation that shares its server with others.
test-namespace: $(STAMP)
	IDENTITY_WORKER_NAMESPACE='{studio}' $(PYTEST) tests/actors tests/cli tests/web tests/worker --ignore tests/worker/store

# The permits against their model in new orders, and each parser under made-up input: about an hour.
test-long: $(STAMP)
	IDENTITY_WORKER_TEST_STEPS=100000 $(VENV)/bin/pytest -n 2 tests/worker/ledger/lua tests/worker/test_fuzz.py

# What any program may send by HTTP, to us and to the sandbox, each drawn anew: EXAMPLES of each operation.
.PHONY: fuzz
EXAMPLES ?= 300
fuzz: $(STAMP)
	IDENTITY_WORKER_TEST_EXAMPLES=$(EXAMPLES) SANDBOX_FUZZ_EXAMPLES=$(EXAMPLES) $(VENV)/bin/pytest -n 2 \
		--timeout 3600 tests/web/v1/test_v1_fuzz.py tests/sandbox/contract/test_sandbox_fuzz.py

# Each guard broken by hand, of the permits, the ledger, the queues: a test must notice. Then every operator, number
# and word of what decides without Redis and the API (pyproject.toml names it), by mutmut: 2,850 mutants, a third
# of a second of processor each. It lists those that no test has noticed.
mutants: $(STAMP)
	$(VENV)/bin/python tests/mutants.py
	$(VENV)/bin/mutmut run --max-children 2
	$(VENV)/bin/mutmut results

# Everything broken on purpose for so many seconds, then the check of all promises; the last line is JSON.
SECONDS ?= 60
SEED ?= 1
chaos: $(STAMP)
	@$(VENV)/bin/python -m tests.chaos.programs.everything --seconds $(SECONDS) --seed $(SEED)

# A brief's processes killed before and after each call that they make for it, and an export and an archiver at each
# of their own.
crash-points: $(STAMP)
	IDENTITY_WORKER_TEST_KILLS=all $(VENV)/bin/pytest -rP tests/worker/export/test_export_killed.py \
		tests/worker/archive/test_archiver_killed.py tests/actors/deliverer/test_deliverer_killed.py
	@$(VENV)/bin/python -m tests.chaos.programs.crashes

# 200 creates whose answers get lost, among the jobs of others: about five minutes; the last line is JSON.
uncertain: $(STAMP)
	@$(VENV)/bin/python -m tests.chaos.programs.uncertain

# What an older release has left taken over, shared with it, and given back: about ten minutes.
takeover: $(STAMP)
	@$(VENV)/bin/python -m tests.chaos.programs.takeover

# An installation grows from one shard to three on a cluster, under briefs and kills: about three minutes. Then an
# account moves while servers are replaced at each of its calls: about five; the last line of each is JSON.
spread: $(STAMP)
	@$(VENV)/bin/python -m tests.chaos.programs.spreading --seed $(SEED)
	@$(VENV)/bin/python -m tests.chaos.programs.moving --seed $(SEED)

# The last release's processes replaced by this one's one by one, back, and forward again: about five minutes.
upgrade: $(STAMP)
	@$(VENV)/bin/python -m tests.chaos.programs.upgrade --seconds $(SECONDS) --seed $(SEED)

# How soon the work of a killed process goes on elsewhere, and whether deploys are harmless: about ten minutes.
recovery: $(STAMP)
	$(VENV)/bin/python -m tests.chaos.programs.recovery
	$(VENV)/bin/python -m tests.chaos.programs.deploys

# The primary killed, frozen, switched and cut off in turn, by Sentinels and in a cluster, then a copy of Redis' files
# that comes back: three quarters of an hour; the last line of each is JSON.
failover: $(STAMP)
	@$(VENV)/bin/python -m tests.chaos.programs.restore
	@$(VENV)/bin/python -m tests.chaos.programs.failover

# Redis misbehaving in every way, about ten minutes.
nemesis: $(STAMP)
	$(VENV)/bin/python -m tests.chaos.programs.nemesis

# The pictures of the page in the documentation, of an installation at work in Debian's Chromium: a minute.
.PHONY: screenshots
screenshots: $(STAMP)
	$(VENV)/bin/python -m docs.make_screenshots

lint: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# All benchmarks in quick sizes, in a quarter of an hour: a table of what was reached, and their results as lines of
# JSON, of which `python -m benchmarks.measured FILE` makes docs/measured.md. NAMES=cost FULL=--full: one, at length.
RESULTS ?= output/benchmarks.jsonl
bench: $(STAMP)
	@$(VENV)/bin/python -m benchmarks.suite $(FULL) --results $(RESULTS) $(NAMES)

$(STAMP): pyproject.toml requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try make PYTHON=python3.11")'
	@echo "Installing into $(VENV), about a minute ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(STAMP)

# The pins and hashes anew, after a change of pyproject.toml: of what is installed here, and of what an
# installation runs. UPGRADE=--upgrade moves the pins.
UPGRADE ?=
COMPILE := @$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --custom-compile-command "make requirements"
requirements:
	@test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV)
	@$(PIP) install uv
	$(COMPILE) --all-extras $(UPGRADE) -o requirements.txt pyproject.toml
	$(COMPILE) --extra embedded --extra http2 --extra otel --extra s3 --extra sandbox -c requirements.txt -o requirements-run.txt pyproject.toml

clean:
	rm -rf $(VENV) .data output mutants
