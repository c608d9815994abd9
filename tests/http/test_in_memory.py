# SPDX-License-Identifier: Apache-2.0
"""A small `make prove-in-memory`: fewer photos, fewer marks."""
import os
import shutil

import conftest
import prove_in_memory
import pytest


@pytest.mark.skipif("build-" in str(conftest.BUILD), reason="sanitizer build: its memory and its calls are not those of the program")
def test_the_proof():
    if not shutil.which("strace"):
        pytest.skip("NO STRACE: what files are opened is not shown")
    if os.getuid() != 0 and not os.access("/proc/self/mem", os.R_OK):
        pytest.skip("NO PTRACE: another process's memory cannot be searched")
    lines = []
    assert prove_in_memory.prove(quick=True, out=lines.append) == 0, "\n".join(lines)
