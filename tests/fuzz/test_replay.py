# SPDX-License-Identifier: Apache-2.0
"""The fuzz targets' seeds, and every input that once failed, run again."""
import pathlib
import subprocess
import sys

import conftest
import pytest

HERE = pathlib.Path(__file__).resolve().parent


@pytest.mark.parametrize("target", ["image", "exif"])
def test_replay(target, tmp_path):
    subprocess.run([sys.executable, HERE / "seeds.py", target, tmp_path], check=True)
    files = [*sorted(tmp_path.iterdir()), *sorted((HERE / "regression" / target).glob("*"))]
    assert len(files) > 10
    done = subprocess.run([conftest.BUILD / "tests" / f"replay_{target}", *files], capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
