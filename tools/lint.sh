#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Format and static analysis; says nothing when all is well but one line. `make lint` runs it.
set -eu
cd "$(dirname "$0")/.."
sources=$(git ls-files "*.c") headers=$(git ls-files "*.h")
# shellcheck disable=SC2086
clang-format --dry-run -Werror $sources $headers
shellcheck -x tools/*.sh tests/fuzz/*.sh tests/browser/*.sh tests/deploy/*.sh deploy/debian/p* .ci/run
cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
    --suppress=missingIncludeSystem -D_GNU_SOURCE -Iinclude -Isrc/lib -Isrc/server -Isrc/cli src examples tests/golden bench
# Of what we ship; the tests take liberties.
for f in $(git ls-files "src/*.c" "examples/*.c" "bench/*.c"); do echo "$f"; done |
    xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build-lint 2>build-lint/tidy.log || {
    grep -av 'warnings generated\|^Suppressed' build-lint/tidy.log >&2; exit 1; }
echo "lint: clean"
