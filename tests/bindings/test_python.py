# SPDX-License-Identifier: Apache-2.0
"""The Python package: built into a wheel, installed into a fresh environment, its own tests run there."""
import os
import pathlib
import re
import subprocess
import sys
import sysconfig
import zipfile

import conftest
import pytest

PACKAGE = conftest.ROOT / "bindings" / "python"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    if b"sanitizer" in conftest.run("--version").stdout:
        pytest.skip("Python is no sanitizer build")
    where = tmp_path_factory.mktemp("wheel")
    # What .venv holds builds it: no network. The build folder is kept, so that the next time is quick.
    done = subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check",
                           "--config-settings", f"build-dir={conftest.ROOT / 'build' / 'wheel'}", "-w", where, PACKAGE], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = where.iterdir()
    return path


def test_the_wheel(wheel):
    version = re.search(r'BL_VERSION "(.*)"', (conftest.ROOT / "include" / "breedlens.h").read_text()).group(1)
    assert re.fullmatch(rf"breedlens-{re.escape(version)}-py3-none-linux_\w+\.whl", wheel.name)
    names = zipfile.ZipFile(wheel).namelist()
    assert {"breedlens/__init__.py", "breedlens/py.typed", "breedlens/lib/libbreedlens.so.0", "breedlens/include/breedlens.h",
            "breedlens/share/breedlens/model/accurate/model.json"} <= set(names)
    assert all(name.startswith(("breedlens/", f"breedlens-{version}.dist-info/")) for name in names)


def test_its_own_tests_in_a_fresh_environment(wheel, tmp_path):
    fresh = tmp_path / "fresh"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", fresh], check=True)
    python = fresh / "bin" / "python"
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", "--disable-pip-version-check", wheel], check=True)
    # What it depends on, and pytest, come from .venv: they are not what is tested.
    (site,) = (fresh / "lib").glob("python*/site-packages")
    (site / "rest.pth").write_text(sysconfig.get_path("purelib") + "\n")
    done = subprocess.run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", PACKAGE / "pyproject.toml", "--rootdir", tmp_path, PACKAGE / "tests"],
                          cwd=tmp_path, env={**conftest.clean_env(), "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0 and re.search(r"\d+ passed", done.stdout), done.stdout[-5000:] + done.stderr
    assert not (pathlib.Path(PACKAGE) / "src" / "breedlens" / "__pycache__").exists() or os.environ.get("PYTHONPATH")
