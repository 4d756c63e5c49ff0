# The few commands; what they do is in scripts/ and CMakePresets.json. `make help` lists them.

.DEFAULT_GOAL := build
.PHONY: build demo check check-slow asan tsan fuzz cov bench install install-only format tidy clean help

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
SECONDS ?= 60
ARGS    ?=
ONLY    ?=
QUICK   ?=

build: ## build the library, the program, the test server and the examples into build/
	@scripts/setup.sh --look build
	@scripts/build.sh release

demo: ## set up, build and run the playground (ARGS="--port 8000")
	@scripts/setup.sh demo
	@scripts/build.sh release rill_program
	@exec build/rill demo $(ARGS)

check: ## set up, build and run every test once; the last line is "N passed, N failed"
	@scripts/check.sh

check-slow: ## the long ones: slow tests, ThreadSanitizer, ten minutes for each fuzz target
	@scripts/check.sh slow

asan tsan cov: ## set up, build and test with these instruments, in build-NAME/
	@scripts/setup.sh check
	@scripts/build.sh $@
	@ctest --preset $@ --parallel 2 --label-exclude 'slow|browser'

fuzz: ## fuzz one target: make fuzz T=ws_session [SECONDS=60]
	@test -n "$(T)" || { echo "which one? make fuzz T=name:" $$(ls tests/fuzz | sed -n 's/_fuzz\.c$$//p'); exit 2; }
	@scripts/build.sh fuzz $(T)_fuzz
	@SECONDS_EACH=$(SECONDS) scripts/fuzz.sh $(T)

bench: ## set up, build and measure: make bench [ONLY='echo/20B tls'] [QUICK=1]
	@scripts/setup.sh bench
	@scripts/build.sh release -DRILL_LAZY_TESTS=ON testserver bench_tools
	@set -f; /usr/bin/python3 bench/run.py $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

install: build install-only ## install below PREFIX (/usr/local), into DESTDIR if given

install-only:
	@DESTDIR="$(DESTDIR)" cmake --install $(BUILD) --prefix "$(PREFIX)"

format: ## format every C file
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i

tidy: ## run clang-tidy over the sources
	@scripts/build.sh dev
	@git ls-files 'src/*.c' 'app/*.c' 'examples/*.c' 'tests/testserver.c' | xargs clang-tidy --quiet -p build-dev

clean: ## remove every build folder
	@rm -rf build build-asan build-cov build-dev build-fuzz build-tsan

help: ## this list
	@sed -n 's/^\([a-z][a-z -]*\):.*## /\1\t/p' Makefile | expand -t 18
