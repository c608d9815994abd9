#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Searches with a fuzz target for some seconds: run.sh TARGET SECONDS. The corpus grows in build-fuzz/ and is used
# again; an input that fails is kept in tests/fuzz/regression/TARGET/, to be committed with its fix.
set -eu
cd "$(dirname "$0")/../.."
target=$1 seconds=$2
corpus=build-fuzz/corpus-$target
found=tests/fuzz/regression/$target
mkdir -p "$corpus" "$found"
[ -f "$corpus/seed-000" ] || .venv/bin/python tests/fuzz/seeds.py "$target" "$corpus"
ASAN_OPTIONS=detect_leaks=1 build-fuzz/tests/fuzz_"$target" -max_total_time="$seconds" -max_len=65536 -timeout=20 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$found/" "$corpus"
