# SPDX-License-Identifier: Apache-2.0
"""SAVE_IMAGES_TO_DISK=true: what is kept, under which name, and what happens when it cannot be."""
import concurrent.futures
import datetime
import stat
import subprocess

import conftest
import images
import pytest
from test_sandbox import HOOKED, REFUSED, WRITING, attempts, field, needs_landlock  # noqa: F401

BREED, BATCH = "/api/petshop/identify-breed", "/api/petshop/batch-identify"


@pytest.fixture(scope="module")
def photo():
    return images.jpeg(images.photo(), 6)


def saved(folder):
    """{path below the folder: bytes}; midnight may pass during a test."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def today():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")


def test_photos_are_saved_as_they_came(start, tmp_path, photo):
    folder = tmp_path / "kept"
    server = start(SAVE_IMAGES_TO_DISK="true", UPLOAD_DIR=folder)
    png, webp = images.png(images.photo(60, 50))[0], images.webp(images.photo(60, 50))
    for i, data in enumerate((photo, png, webp)):
        answer = server.post(BREED, data, "../../secret-name.jpg", headers={"X-Request-Id": f"shop-{i}"})
        assert answer.status_code == 200 and "save_error" not in answer.json()["data"]
    server.post("/api/adoption/identify", photo, headers={"X-Request-Id": ".."})
    assert server.post(BREED, b"no photo", headers={"X-Request-Id": "bad"}).status_code == 400
    got = saved(folder)
    assert {name.split("/")[1]: data for name, data in got.items()} == {"shop-0.jpg": photo, "shop-1.png": png, "shop-2.webp": webp, "...jpg": photo}
    for path in folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and "secret-name" not in server.log()
    assert server.get("/health").json()["in_memory"] == "off"


def test_a_batch_and_ids_that_come_again(start, tmp_path, photo):
    folder = tmp_path / "kept"
    server = start(SAVE_IMAGES_TO_DISK="true", UPLOAD_DIR=folder)
    other = images.jpeg(images.photo(50, 40))
    server.post(BATCH, files=[("images", ("a.jpg", photo)), ("images", ("b.jpg", b"bad")), ("images", ("c.jpg", other))], headers={"X-Request-Id": "x"})
    for data in (photo, other):
        server.post(BREED, data, headers={"X-Request-Id": "same"})
    got = {name.split("/")[1]: data for name, data in saved(folder).items()}
    assert got == {"x_1.jpg": photo, "x_3.jpg": other, "same.jpg": photo, "same~2.jpg": other}


def test_the_oldest_go_when_the_folder_is_full(start, tmp_path):
    folder = tmp_path / "kept"
    server = start(SAVE_IMAGES_TO_DISK="true", UPLOAD_DIR=folder, UPLOAD_MAX_MB=1)
    data = images.png(images.photo(350, 350))[0]
    assert 200_000 < len(data) < 300_000
    for i in range(8):
        assert "save_error" not in server.post(BREED, data, headers={"X-Request-Id": f"n{i}"}).json()["data"]
    names = [name.split("/")[1] for name in saved(folder)]
    assert sum(map(len, saved(folder).values())) <= 1 << 20 and "n7.png" in names and "n0.png" not in names and len(names) >= 2
    assert "event=saved-removed" in server.log()


def test_a_restart_counts_what_is_there_and_clears_what_a_crash_left(start, tmp_path, photo):
    folder = tmp_path / "kept"
    (folder / "2020-01-02").mkdir(parents=True)
    (folder / "2020-01-02" / "old.jpg").write_bytes(b"x" * (1 << 20))
    (folder / "2020-01-02" / ".part-1-1").write_bytes(b"half")
    (folder / "not-ours").write_bytes(b"y" * (2 << 20))
    start(SAVE_IMAGES_TO_DISK="true", UPLOAD_DIR=folder, UPLOAD_MAX_MB=1).post(BREED, photo, headers={"X-Request-Id": "new"})
    assert [name for name in saved(folder)] == [f"{today()}/new.jpg", "not-ours"] and not (folder / "2020-01-02").exists()


def test_many_at_once(start, tmp_path, photo):
    folder = tmp_path / "kept"
    server = start(SAVE_IMAGES_TO_DISK="true", UPLOAD_DIR=folder)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(a.status_code == 200 for a in pool.map(lambda _: server.post(BREED, photo, headers={"X-Request-Id": "id"}), range(24)))
    assert len(saved(folder)) == 24 and set(saved(folder).values()) == {photo}


def test_a_folder_that_turns_bad_costs_only_the_saving(start, tmp_path, photo):
    folder = tmp_path / "kept"
    server = start(SAVE_IMAGES_TO_DISK="true", UPLOAD_DIR=folder)
    for day in (0, 1):
        (folder / (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(day)).strftime("%Y-%m-%d")).write_text("no folder")
    data = server.post(BREED, photo).json()["data"]
    assert data["success"] is True and data["save_error"] == "the photo could not be saved"
    assert "save_error" in server.post(BATCH, files=[("images", ("a.jpg", photo))]).json()["data"]["results"][0]
    assert "event=save " in server.log() and "Not a directory" in server.log()


def test_a_full_disk(start, tmp_path, photo):
    folder = tmp_path / "kept"
    folder.mkdir()
    own_disk = ("unshare", "-m", "sh", "-c", f"mount -t tmpfs -o size=200k none {folder} && exec \"$@\"", "sh")
    if subprocess.run([*own_disk, "true"], capture_output=True).returncode:  # not root, or in a chroot or a container
        pytest.skip("NO DISK OF ITS OWN: what a full disk costs is not shown")
    own_disk += (conftest.BINARY,)
    server = start(program=own_disk, SAVE_IMAGES_TO_DISK="true", UPLOAD_DIR=folder)
    errors = [server.post(BREED, photo).json()["data"].get("save_error") for _ in range(8)]
    assert errors[0] is None and errors[-1] == "the disk is full"
    assert server.healthy()


@needs_landlock
def test_the_sandbox_lets_writing_be_there_and_nowhere_else(start, field, tmp_path, photo):  # noqa: F811
    server = start(program=(HOOKED,), BREEDLENS_HOOK=field, SAVE_IMAGES_TO_DISK="true", UPLOAD_DIR=tmp_path / "kept")
    got = attempts(server)
    assert {name: got[name] for name in [*WRITING, "read", "run"]} == dict.fromkeys([*WRITING, "read", "run"], REFUSED)
    assert "save_error" not in server.post(BREED, photo).json()["data"] and len(saved(tmp_path / "kept")) == 1


@pytest.mark.parametrize("make,says", [
    (lambda p: p.write_text(""), "it is no folder"), (lambda p: p.symlink_to("/tmp"), "it is a symbolic link"), (lambda p: p.symlink_to("/no/where"), "it is a symbolic link")])
def test_a_folder_that_is_none(tmp_path, make, says):
    make(tmp_path / "kept")
    refused(tmp_path, tmp_path / "kept", says)


@pytest.mark.parametrize("folder", ["/sys/kernel", "/no/such/place", "/proc/1"])
def test_a_folder_that_cannot_be_written(tmp_path, folder):
    refused(tmp_path, folder, "")


def refused(tmp_path, folder, says):
    done = conftest.run("serve", cwd=tmp_path, PORT=0, SAVE_IMAGES_TO_DISK="true", UPLOAD_DIR=folder)
    text = done.stderr.decode()
    assert done.returncode == 1 and done.stdout == b"" and text.count("\n") == 1 and text.startswith(f"breedlens: UPLOAD_DIR={folder}: {says}")
