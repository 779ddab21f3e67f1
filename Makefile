# Every target works from nothing: it makes .venv itself, from requirements.lock.
# PYTHON=... names the interpreter to make it with, otherwise the first CPython >= 3.11 found.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:

BIN := .venv/bin
READY := .venv/.ready
PINNED := .venv/.pinned
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
  --quiet $(if $(UPGRADE),--upgrade)
CANDIDATES := $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3
RELEASED := protos/released
GO_MODULE := tests/interop/go
GO_TOOLS := build/tools/.ready
REDIS := build/tools/.redis
PROMETHEUS := build/tools/.prometheus
POSTGRES := build/tools/.postgres
NODE_MODULE := tests/interop/hyperliquid/node
NODE := build/tools/.node
WORKERS ?= 2
BY_FILE := --dist loadfile --no-loadscope-reorder
GO_FLAGS := -mod=readonly -buildvcs=false -ldflags=-s -gcflags=all='-N -l'

define find-python
found=; \
for name in $(CANDIDATES); do \
  if "$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
  then found=$$name; break; fi; \
done; \
if [ -z "$$found" ]; then \
  echo "make: no Python 3.11 or later with venv (tried: $(CANDIDATES))." >&2; \
  echo "On Debian: apt-get install python3 python3-venv. Elsewhere: make PYTHON=/path/to/python" >&2; \
  exit 1; \
fi
endef

.PHONY: help
help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: demo
demo: $(READY)  ## Start a daemon in a temporary home, sign and verify over mTLS, clean up
	@$(BIN)/python client/examples/demo.py

.PHONY: demo-hyperliquid
demo-hyperliquid: $(READY)  ## A daemon, and a bot that makes a market on a paper exchange with it
	$(BIN)/python client/examples/hyperliquid_demo.py

.PHONY: test
test: $(READY) $(GO_TOOLS) $(REDIS) $(PROMETHEUS) $(POSTGRES) $(NODE)  ## Run every test but the soak rounds, with coverage; WORKERS=0: in one process
	@$(BIN)/python -m coverage erase
	$(BIN)/python -m pytest -n $(WORKERS) $(BY_FILE) --cov --cov-report=term $(ARGS)

.PHONY: soak
soak: $(READY)  ## Run the long rounds (kill -9 loops, endurance)
	$(BIN)/python -m pytest -m soak --timeout=3600 $(ARGS)

.PHONY: bench
bench: $(READY)  ## Measure against a bare grpcio echo; writes build/bench/
	$(BIN)/python -m tests.benchmarks $(ARGS)

.PHONY: bench-hyperliquid
bench-hyperliquid: $(READY)  ## Measure an order of the exchange beside its own SDK; writes build/bench-hyperliquid/
	$(BIN)/python -m tests.benchmarks.hyperliquid $(ARGS)

.PHONY: bench-workers
bench-workers: $(READY)  ## Measure one worker and two, beside what the machine gives; writes build/bench-workers/
	$(BIN)/python -m tests.benchmarks.workers $(ARGS)

.PHONY: bench-keys
bench-keys: $(READY)  ## Measure start, memory and latency with up to 1,000,000 keys; writes build/bench-keys/
	$(BIN)/python -m tests.benchmarks.many_keys $(ARGS)

.PHONY: check
check: $(READY)  ## Formatting, lint, types, layers, protos, generated code, repository text
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	@$(MAKE) --no-print-directory breaking
	protos/generate.sh --check $(BIN)/python
	$(BIN)/python -m tests.gates

.PHONY: format
format: $(READY)  ## Format the sources and apply the safe lint fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: proto
proto: $(READY)  ## Generate client/signward/v1 from protos/
	protos/generate.sh $(BIN)/python

# Before 0.1.0 there is no image, and the API may still change.
.PHONY: breaking
breaking: $(READY)  ## Compare the protos with the last released image, if there is one
	@image=$$(ls $(RELEASED)/*.binpb 2>/dev/null | sort -V | tail -n 1); \
	if [ -n "$$image" ]; then \
	  echo "$(BIN)/buf breaking protos --against $$image"; \
	  $(BIN)/buf breaking protos --against "$$image"; \
	fi

.PHONY: release-image
release-image: $(READY)  ## Write the image that later protos are compared with; commit it with a release
	@mkdir -p $(RELEASED)
	@version=$$($(BIN)/python -c 'import importlib.metadata as m; print(m.version("signward"))') \
	&& $(BIN)/buf build protos --output "$(RELEASED)/$$version.binpb" \
	&& echo "$(RELEASED)/$$version.binpb"

.PHONY: tools
tools: $(GO_TOOLS) $(REDIS) $(PROMETHEUS) $(POSTGRES) $(NODE)  ## Get what some tests need: grpcurl, plugins for Go (where Go is there), Redis, Prometheus, PostgreSQL, a library for Node (where Node is there)

.PHONY: lock
lock: $(READY)  ## Pin what pyproject.toml asks for anew (UPGRADE=1: to the newest versions)
	$(COMPILE) pyproject.toml --extra server --extra spiffe --extra scale --extra dev --output-file requirements.lock
	$(COMPILE) protos/requirements.in --output-file protos/requirements.txt

.PHONY: mutate
mutate: $(READY)  ## Mutation testing of custody and envelope; writes build/mutate/
	$(BIN)/python -m tests.mutation $(ARGS)

.PHONY: fuzz
fuzz: $(READY)  ## Fuzz what reads what others wrote, EACH=30 seconds a target
	$(BIN)/python -m tests.fuzz --seconds $(or $(EACH),30) $(ARGS)

.PHONY: clean
clean:  ## Remove the environment, build output and caches
	rm -rf .venv build dist .coverage .coverage.* \
	  .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find client server tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): $(PINNED) pyproject.toml
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(PINNED): requirements.lock
	@rm -f $@
	@$(find-python); "$$found" -m venv --clear .venv
	@echo "installing what requirements.lock pins into .venv"
	@$(PIP) --only-binary :all: --require-hashes --requirement requirements.lock
	@touch $@

# Pinned with their hashes in the module's go.sum. Not optimised, since they are compiled for a few
# runs: that takes a quarter off. Without Go there is no stamp, and `make test` skips what needs
# them and says so.
$(GO_TOOLS): $(GO_MODULE)/go.mod $(GO_MODULE)/go.sum
	@mkdir -p $(@D)
	@if command -v go >/dev/null; then \
	  echo "building grpcurl and the plugins for Go into $(@D)/bin"; \
	  cd $(GO_MODULE) && GOBIN="$(CURDIR)/$(@D)/bin" go install $(GO_FLAGS) tool \
	  && touch "$(CURDIR)/$@"; \
	else \
	  echo "Go is not installed: tests with grpcurl and with a client in Go will be skipped" >&2; \
	fi

# Debian's own, where none is installed: unpacked beside the other tools, neither installed nor
# started. Where that fails there is no stamp, and `make test` skips what needs it and says so.
$(REDIS): tests/running/fetch_redis.sh
	@mkdir -p $(@D)
	@if command -v redis-server >/dev/null; then \
	  touch $@; \
	elif command -v apt-get >/dev/null && $< "$(CURDIR)/$(@D)/redis"; then \
	  echo "unpacked redis-server into $(@D)/redis" && touch $@; \
	else \
	  echo "no redis-server (on Debian: apt-get install redis-server): tests with it will be skipped" >&2; \
	fi

$(PROMETHEUS): tests/running/fetch_prometheus.sh
	@mkdir -p $(@D)
	@if command -v prometheus >/dev/null && command -v promtool >/dev/null; then \
	  touch $@; \
	elif command -v apt-get >/dev/null && $< "$(CURDIR)/$(@D)/prometheus"; then \
	  echo "unpacked prometheus into $(@D)/prometheus" && touch $@; \
	else \
	  echo "no prometheus (on Debian: apt-get install prometheus): tests with it will be skipped" >&2; \
	fi

$(POSTGRES): tests/running/fetch_postgres.sh
	@mkdir -p $(@D)
	@if command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then \
	  touch $@; \
	elif command -v apt-get >/dev/null && $< "$(CURDIR)/$(@D)/postgres"; then \
	  echo "unpacked PostgreSQL into $(@D)/postgres" && touch $@; \
	else \
	  echo "no PostgreSQL (on Debian: apt-get install postgresql): tests with it will be skipped" >&2; \
	fi

# Pinned with their hashes in package-lock.json, which names no registry: npm's own configuration
# does. No script of a package is run.
$(NODE): $(NODE_MODULE)/package.json $(NODE_MODULE)/package-lock.json
	@mkdir -p $(@D)/node
	@if command -v npm >/dev/null; then \
	  echo "installing what is compared with by Node into $(@D)/node"; \
	  cp $^ $(@D)/node \
	  && npm ci --prefix $(@D)/node --ignore-scripts --no-audit --no-fund --loglevel=error \
	  && touch $@; \
	else \
	  echo "Node is not installed: tests with @nktkas/hyperliquid will be skipped" >&2; \
	fi
