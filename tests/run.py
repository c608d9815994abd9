# SPDX-License-Identifier: Apache-2.0
"""Runs every test of a build and counts them together: run.py BUILD_DIR [PYTEST_ARGUMENT...]

The C unit tests (cmocka programs in BUILD_DIR/tests) first, then pytest against
the program in BUILD_DIR. What was skipped is said aloud, with its reason. The
last line is "N passed, N failed, N skipped"; the exit status is 1 if any failed.
"""
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNIT_LIMIT_S = 600
# Real memory is compared in some tests; an allocator that keeps what was freed would spoil that.
SANITIZERS = {
    "TBB_ENABLE_SANITIZERS": "1",  # else it loads a part of itself in a way that AddressSanitizer forbids
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:quarantine_size_mb=8",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": f"suppressions={ROOT / 'tests' / 'suppressions' / 'tsan.txt'}:ignore_noninstrumented_modules=1:halt_on_error=1",
}


class Count:
    """pytest's outcomes, a test each: what failed in set-up or tear-down is a failed test."""

    def __init__(self):
        self.outcome = {}
        self.reasons = {}

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.outcome[report.nodeid] = "failed"
        elif report.skipped:
            self.outcome[report.nodeid] = "skipped"
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.reasons.setdefault(reason, []).append(report.nodeid)
        elif report.when == "call":
            self.outcome.setdefault(report.nodeid, "passed")

    def pytest_collectreport(self, report):
        if report.failed:
            self.outcome[report.nodeid] = "failed"


def unit_tests(build):
    """(passed, failed) of the cmocka programs; one that dies fails once more, whatever it had counted."""
    passed = failed = 0
    for program in sorted((build / "tests").glob("test_*")):
        try:
            done = subprocess.run([program], capture_output=True, text=True, errors="replace", timeout=UNIT_LIMIT_S,
                                  env={**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"})
            out, code = done.stdout + done.stderr, done.returncode
        except subprocess.TimeoutExpired:
            out, code = "timed out", -1
        good, bad = len(re.findall(r"^ok \d", out, re.M)), len(re.findall(r"^not ok \d", out, re.M))
        if code and not bad or not good + bad:
            bad += 1
        passed, failed = passed + good, failed + bad
        print(f"{program.name}: {good} passed" + (f", {bad} FAILED (exit status {code})\n{out}" if bad else ""), flush=True)
    return passed, failed


def main():
    build, args = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    for name, options in SANITIZERS.items():
        os.environ.setdefault(name, options)
    os.environ["BREEDLENS_BUILD"] = str(build)
    passed, failed = unit_tests(build)
    count = Count()
    code = pytest.main(["-q", "-x" if os.environ.get("FAIL_FAST") else "-rf", "-p", "no:cacheprovider", *(args or [str(ROOT / "tests")])], [count])
    kinds = list(count.outcome.values())
    passed, failed = passed + kinds.count("passed"), failed + kinds.count("failed")
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        failed += 1
    for reason, tests in count.reasons.items():
        print(f"SKIPPED {len(tests)} tests: {reason}")
    skipped = kinds.count("skipped")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
