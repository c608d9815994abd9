# SPDX-License-Identifier: Apache-2.0
"""The pages in Chromium: run.mjs makes the checks in one browser, here each becomes a test."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import conftest
import images
import pytest

HERE = pathlib.Path(__file__).resolve().parent
LIMIT_S = 300
# The names as run.mjs lists them; the two colour schemes are the only ones that it makes by a loop.
NAMES = [name.replace("${colorScheme}", scheme) for name in re.findall(r'^ *check\(["`](.+?)["`],', (HERE / "run.mjs").read_text(), re.M)
         for scheme in (("light", "dark") if "${" in name else ("",))]


def make_photos(where):
    for i in range(1, 7):
        (where / f"photo{i}.jpg").write_bytes(images.jpeg(images.photo(400, 300, seed=i)))
    for name in ("=1+1.jpg", "<b>name.jpg"):
        (where / name).write_bytes(images.jpeg(images.photo(60, 40)))
    (where / "turned.jpg").write_bytes(images.jpeg(images.oriented(images.photo(300, 200), 6), 6))
    (where / "large.jpg").write_bytes(images.jpeg(images.photo(3200, 2400)))
    (where / "drawing.png").write_bytes(images.png(images.photo(200, 150), images.PNG_RGBA)[0])
    (where / "drawing.gif").write_bytes(images.encode(images.photo(200, 150), "GIF"))
    (where / "corrupt.jpg").write_bytes(b"no image")
    (where / "cut.jpg").write_bytes(images.jpeg(images.photo())[:4000])
    (where / "notes.txt").write_text("no photo")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory, server):
    assert shutil.which("node") and pathlib.Path("/usr/bin/chromium").exists(), "tools/setup.sh test installs both"
    photos = tmp_path_factory.mktemp("photos")
    make_photos(photos)
    pugs = sorted((conftest.PETS / "val" / "pug").glob("*"))
    backup = conftest.Server(tmp_path_factory.mktemp("backup"), CLOUDINARY_CLOUD_NAME="made-up", CLOUDINARY_API_KEY="made-up", CLOUDINARY_API_SECRET="made-up")
    try:
        done = subprocess.run(["node", HERE / "run.mjs"], capture_output=True, text=True, timeout=LIMIT_S, cwd=HERE,
                              env={**os.environ, "SERVER": server.url, "SERVER_WITH_BACKUP": backup.url, "PHOTOS": str(photos),
                                   "PUG": str(pugs[0]) if pugs else ""})
    finally:
        backup.stop()
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["name"]: line for line in lines}


@pytest.mark.parametrize("name", NAMES)
def test_page(outcomes, name):
    outcome = outcomes[name]
    if outcome.get("skipped"):
        pytest.skip(f"NO REAL PHOTOS: {conftest.PETS} is not here")
    assert outcome["ok"], outcome["error"]


def test_every_check_is_counted(outcomes):
    assert sorted(NAMES) == sorted(outcomes)
