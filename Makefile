# The front door. CMake and Ninja do the building; this file names what a person wants to do.
BUILD  ?= build
PREFIX ?= /usr/local
WERROR ?= OFF
export PENSTOCK_BUILD := $(abspath $(BUILD))

.DEFAULT_GOAL := build
.PHONY: all configure build deps install start stop check test format lint bench bench-scan bench-refresh bench-wait bench-execution soak check-assert clean help

all: build

## build    compile everything into $(BUILD)
build: configure
	@cmake --build $(BUILD)

configure:
	@cmake -S . -B $(BUILD) -G Ninja --log-level=WARNING -DCMAKE_INSTALL_PREFIX=$(PREFIX) \
	    -DPENSTOCK_WERROR=$(WERROR) > $(BUILD).log 2>&1 || { cat $(BUILD).log; rm -f $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log

## deps     install the Debian packages that are missing (.ci/packages), for everything
deps:
	@.ci/deps run build test lint

## install  build, then install for all users below $(PREFIX)
install: configure
	@cmake --build $(BUILD) --target product
	@.ci/install $(BUILD)

## start    packages, build, install, sample connections, a first query
start:
	@.ci/deps run build
	@$(MAKE) --no-print-directory install
	@.ci/start $(PREFIX)

## stop     stop the service; no process stays
stop:
	@.ci/stop $(PREFIX)

## check    packages, build and every test; ends with "N passed, N failed"
check: deps
	@$(MAKE) --no-print-directory build WERROR=ON || { echo "0 passed, 1 failed"; exit 1; }
	@tests/run all

## test     the tests of some kinds: make test KIND="unit regress"
test: build
	@tests/run $(KIND)

## format   rewrite all C++ in the one style
format:
	@find extension controller plugins tests -name '*.?pp' -exec clang-format-19 -i {} +

## lint     format and static analysis, deeper than check does, without changing anything
lint: build
	@PENSTOCK_LINT_S=0 PENSTOCK_LINT_DEEP=1 tests/run lint

## bench    measure; writes $(BUILD)/bench
bench: build
	@tests/bench/run $(BUILD)

## bench-scan, bench-refresh, bench-wait, bench-execution  one of them
bench-scan bench-refresh bench-wait bench-execution: bench-%: build
	@tests/bench/run $(BUILD) $*

## soak     kills, random sequences, unit tests, fuzzers for PENSTOCK_SOAK_S seconds (600); a million queries
soak: build
	@tests/run soak

## check-assert  regress, isolation, random queries on a PostgreSQL that is built with its assertions
check-assert: build
	@tests/run assert

## clean    remove $(BUILD)
clean:
	@[ ! -s $(BUILD)/.stage_elsewhere ] || rm -rf "$$(cat $(BUILD)/.stage_elsewhere)"
	rm -rf $(BUILD)

## help     this list
help:
	@sed -n 's/^## //p' Makefile
