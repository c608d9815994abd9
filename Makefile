# SPDX-License-Identifier: Apache-2.0
# The commands of everyday; CMake does the work. Each sets up what it needs first.
.PHONY: build run test bench accuracy asan tsan lint format docs screenshots fuzz prove-in-memory install deb test-deb test-docker clean help
.DEFAULT_GOAL := build
CMAKE = cmake -G Ninja $(if $(OpenVINO_DIR),-DOpenVINO_DIR=$(OpenVINO_DIR)) -S .
PREFIX = /usr/local
SECONDS = 60

build: ## compile to build/breedlens and libbreedlens
	@tools/setup.sh build
	@[ -f build/build.ninja ] || $(CMAKE) -B build >/dev/null
	@cmake --build build

run: build ## build and serve on :5001
	@build/breedlens serve

test: ## every test; ends with "N passed, N failed"
	@tools/setup.sh test
	@$(CMAKE) -B build -DBL_TESTS=ON >/dev/null
	@cmake --build build
	@.venv/bin/python tests/run.py build

asan: ## the same tests under AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer
	@tools/setup.sh test
	@$(CMAKE) -B build-asan -DBL_TESTS=ON -DBL_SANITIZE=address,undefined >/dev/null
	@cmake --build build-asan
	@.venv/bin/python tests/run.py build-asan

tsan: ## the server's and the engine's tests under ThreadSanitizer
	@tools/setup.sh test
	@$(CMAKE) -B build-tsan -DBL_TESTS=ON -DBL_SANITIZE=thread >/dev/null
	@cmake --build build-tsan
	@.venv/bin/python tests/run.py build-tsan

prove-in-memory: ## show that the server writes nothing and keeps nothing of a photo (strace, a memory scan)
	@tools/setup.sh test
	@$(CMAKE) -B build -DBL_TESTS=ON >/dev/null
	@cmake --build build
	@.venv/bin/python tests/prove_in_memory.py build

fuzz: ## make fuzz T=image SECONDS=60: look for crashes (T: see tests/fuzz)
	@tools/setup.sh fuzz
	@CC=clang CXX=clang++ $(CMAKE) -B build-fuzz -DBL_FUZZ=ON -DBL_SANITIZE=address,undefined >/dev/null
	@cmake --build build-fuzz --target fuzz_$(T)
	@tests/fuzz/run.sh $(T) $(SECONDS)

bench: ## measure speed and memory beside what it replaces; writes docs/BENCHMARK.md
	@tools/setup.sh bench
	@tools/setup.sh test
	@$(CMAKE) -B build -DBL_BENCH=ON >/dev/null
	@cmake --build build
	@.venv-bench/bin/python bench/run.py

accuracy: build ## make accuracy DATA=dir LABELS=labels.tsv [MODEL=dir] [JSON=1]: how often the program is right about dir/<label>/*
	@$(if $(DATA),,echo "usage: make accuracy DATA=dir [LABELS=labels.tsv] [MODEL=dir] [JSON=1]"; exit 2;)python3 tools/accuracy.py \
		--data $(DATA) --labels $(or $(LABELS),$(DATA)/../labels.tsv) $(if $(MODEL),--model $(MODEL)) $(if $(JSON),--json)

lint: ## format, static analysis
	@tools/setup.sh lint
	@$(CMAKE) -B build-lint -DBL_TESTS=ON -DBL_BENCH=ON >/dev/null
	@tools/lint.sh

format: ## make the C look as .clang-format says
	@tools/setup.sh lint
	@git ls-files -z '*.c' '*.h' | xargs -0 clang-format -i

docs: build ## write docs/CONFIG.md, .env.example, man pages and completions anew from the program
	@build/breedlens serve --print-docs md >docs/CONFIG.md
	@build/breedlens serve --print-docs env >.env.example
	@build/breedlens --print-docs man1 >docs/man/breedlens.1
	@python3 tools/man3.py include/breedlens.h >docs/man/breedlens.3
	@build/breedlens --print-docs env5 >docs/man/breedlens.env.5
	@build/breedlens --print-docs bash >completions/breedlens.bash
	@build/breedlens --print-docs zsh >completions/_breedlens
	@build/breedlens --print-docs fish >completions/breedlens.fish

screenshots: build ## make docs/images anew, with drawn pets and sample answers
	@tools/setup.sh test
	@tests/browser/screenshots.sh

install: build ## install under PREFIX (/usr/local), below DESTDIR when that is set
	@cmake --install build --prefix $(PREFIX) >/dev/null
	@echo "installed under $(DESTDIR)$(PREFIX)"

deb: ## build-deb/breedlens_VERSION_ARCH.deb for this Debian
	@tools/setup.sh deb
	@$(CMAKE) -B build-deb -DCMAKE_INSTALL_PREFIX=/usr -DBL_DEB=ON >/dev/null
	@cmake --build build-deb
	@cd build-deb && cpack >cpack.log || { cat cpack.log; exit 1; }
	@ls build-deb/*.deb

test-deb: deb ## the package in a fresh Debian 12 (root; some minutes)
	@.venv/bin/python -c "import sys; sys.path.insert(0, 'tests'); import images; sys.stdout.buffer.write(images.jpeg(images.photo()))" >build-deb/photo.jpg
	@tests/deploy/deb.sh $(CURDIR)/build-deb/breedlens_*.deb $(CURDIR)/build-deb/photo.jpg

test-docker: ## the Dockerfile's steps in a fresh Debian 12, without an engine (root; some minutes)
	@tests/deploy/docker.sh

clean: ## remove what was built; .deps and .venv stay
	@rm -rf build build-asan build-tsan build-fuzz build-lint build-deb

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile
