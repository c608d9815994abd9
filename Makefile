# SPDX-License-Identifier: Apache-2.0
# The commands of everyday; CMake does the work. Each sets up what it needs first.
.PHONY: build run test bench asan tsan lint format install clean help
CMAKE = cmake -G Ninja $(if $(OpenVINO_DIR),-DOpenVINO_DIR=$(OpenVINO_DIR))

build: ## compile to build/breedlens and libbreedlens
	@tools/setup.sh build
	@[ -f build/build.ninja ] || $(CMAKE) -S . -B build -DBL_TESTS=OFF >/dev/null
	@cmake --build build

run: build ## build and serve on :5001
	@build/breedlens serve
