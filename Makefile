# SPDX-License-Identifier: Apache-2.0
#
# make run and make test need nothing but Debian 12, git and make: they install the rest.

BUILD ?= build
PYTHON ?= /usr/bin/python3
SECONDS_PER_TARGET ?= 300
KILLS ?= 500
QUEUE ?= 10000
INSTALL = tools/install-packages
CCACHE := $(shell command -v ccache 2>/dev/null)
ifeq ($(origin CC),default)
CC := $(if $(CCACHE),ccache )gcc
endif
export CC

.PHONY: help build run test bench deb fuzz faults asan ubsan tsan format format-check tidy docs clean

help:
	@echo 'make build      the binary, build/keryx'
	@echo 'make run        a demo server on high ports (offset 10000), data in ./run'
	@echo 'make test       every test; the last line is the count'
	@echo 'make bench      compares with Postfix and Dovecot on this machine'
	@echo 'make deb        the Debian package'
	@echo 'make fuzz       runs every fuzz target for SECONDS_PER_TARGET=300'
	@echo 'make faults     kills roles under load, KILLS=500 times'
	@echo 'make asan | ubsan | tsan     the tests under a sanitizer'
	@echo 'make format | format-check | tidy | docs | clean'

build:
	@$(INSTALL) build
	@tools/build $(BUILD)

run:
	@$(INSTALL) build run
	@tools/build $(BUILD)
	@tools/run-demo $(BUILD)/keryx

test:
	@$(INSTALL) build run test
	@tools/unpack-packages build/peers
	@$(PYTHON) tools/run-tests --build $(BUILD)

bench:
	@$(INSTALL) build run bench
	@tools/build build-release -Dbuildtype=release -Dtests=false
	@$(PYTHON) bench/bench.py --keryx build-release/keryx
	@$(PYTHON) bench/imap_bench.py --keryx build-release/keryx
	@$(PYTHON) bench/people.py --keryx build-release/keryx
	@$(PYTHON) bench/outgoing.py --keryx build-release/keryx --queue $(QUEUE)

fuzz:
	@$(INSTALL) build test
	@$(PYTHON) tools/fuzz --seconds $(SECONDS_PER_TARGET)

faults:
	@$(INSTALL) build run test
	@tools/build $(BUILD)
	@$(PYTHON) tests/e2e/faults.py --keryx $(BUILD)/keryx --kills $(KILLS)
	@$(PYTHON) tests/e2e/faults_outgoing.py --keryx $(BUILD)/keryx --kills $(KILLS)

asan:
	@$(INSTALL) build run test
	@tools/unpack-packages build/peers
	@$(PYTHON) tools/run-tests --build build-asan --sanitize address,undefined

ubsan:
	@$(INSTALL) build run test
	@tools/unpack-packages build/peers
	@$(PYTHON) tools/run-tests --build build-ubsan --sanitize undefined

tsan:
	@$(INSTALL) build run test
	@tools/unpack-packages build/peers
	@$(PYTHON) tools/run-tests --build build-tsan --sanitize thread

format:
	@$(INSTALL) tidy
	@git ls-files '*.c' '*.h' | xargs clang-format -i

format-check:
	@$(INSTALL) tidy
	@tools/format-check

tidy:
	@$(INSTALL) build tidy
	@tools/build $(BUILD)
	@tools/tidy $(BUILD)

docs: build
	@$(PYTHON) tools/spec-coverage --write
	@$(BUILD)/keryx config manual >docs/settings.md
	@$(BUILD)/keryx config manual --man >docs/man/keryx-config.5
	@$(BUILD)/keryx help --markdown >docs/cli.md
	@$(BUILD)/keryx help --man >docs/man/keryx.1
	@$(BUILD)/keryx help --api >docs/api-reference.md

deb:
	@$(INSTALL) build
	@tools/build build-release -Dbuildtype=release -Dtests=false
	@tools/make-deb build-release/keryx .

clean:
	@rm -rf build build-release build-asan build-ubsan build-tsan build-fuzz
