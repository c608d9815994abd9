# SPDX-License-Identifier: Apache-2.0
"""`breedlens backup`: photos to Cloudinary and back out, line by line."""
import json
import sys

import conftest
import images
import pytest

sys.path.insert(0, str(conftest.ROOT / "tests" / "http"))
import fake_cloudinary  # noqa: E402

ENV = {"CLOUDINARY_CLOUD_NAME": fake_cloudinary.CLOUD, "CLOUDINARY_API_KEY": fake_cloudinary.KEY, "CLOUDINARY_API_SECRET": fake_cloudinary.SECRET}


@pytest.fixture
def fake():
    one = fake_cloudinary.FakeCloudinary()
    yield one
    one.stop()


def backup(cwd, fake, *args, **more):
    done = conftest.run("backup", *args, cwd=cwd, **{**ENV, "CLOUDINARY_BASE_URL": fake.url if fake else "http://127.0.0.1:9", **more})
    assert fake_cloudinary.SECRET.encode() not in done.stdout + done.stderr
    return done, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def files(tmp_path):
    names = []
    for i in range(12):
        names.append(f"p{i}.jpg")
        (tmp_path / names[-1]).write_bytes(images.jpeg(images.photo(120 + i, 90, seed=i)))
    return names


def test_photos_go_there_and_are_removed_again(tmp_path, fake, files):
    done, lines = backup(tmp_path, fake, *files, CLOUDINARY_MAX_INFLIGHT=2)
    assert done.returncode == 0 and done.stderr == b"" and len(lines) == 12 == len(fake.kept)
    assert {line["file"] for line in lines} == set(files)
    for line in lines:
        assert line["success"] is True and line["cloudinary_url"].startswith("https://") and line["primary_breed"] and line["image"]["format"] == "jpeg"
    ids = [line["public_id"] for line in lines]
    assert set(ids) == set(fake.kept)
    done, lines = backup(tmp_path, fake, "--delete", *ids)
    assert done.returncode == 0 and fake.kept == {} and sorted(lines, key=str) == sorted(({"public_id": i, "success": True} for i in ids), key=str)
    done, lines = backup(tmp_path, fake, "--delete", ids[0])
    assert done.returncode == 1 and lines == [{"public_id": ids[0], "success": False, "error": "Cloudinary has no such photo"}]


def test_one_bad_photo_fails_alone(tmp_path, fake, files):
    (tmp_path / "bad.jpg").write_bytes(b"no photo")
    (tmp_path / "empty.jpg").write_bytes(b"")
    done, lines = backup(tmp_path, fake, "bad.jpg", files[0], "none.jpg", "empty.jpg", tmp_path)
    by_name = {line["file"]: line for line in lines}
    assert done.returncode == 1 and len(lines) == 5 and by_name[files[0]]["success"] is True
    assert by_name["bad.jpg"] == {"file": "bad.jpg", "success": False, "error": "not a JPEG, PNG or WebP image"}
    assert by_name["none.jpg"]["error"] == "cannot open: No such file or directory" and by_name["empty.jpg"]["error"] == "the file is empty"
    assert by_name[str(tmp_path)]["error"] == "cannot open: not a file"


def test_a_failing_cloudinary(tmp_path, fake, files):
    fake.tell("401")
    done, lines = backup(tmp_path, fake, files[0])
    assert done.returncode == 1 and lines[0]["success"] is False and lines[0]["cloudinary_error"] == "Cloudinary refused the credentials" and lines[0]["primary_breed"]


def test_the_originals_when_metadata_is_kept(tmp_path, fake, files):
    assert backup(tmp_path, fake, files[0], CLOUDINARY_KEEP_METADATA="true")[0].returncode == 0
    assert list(fake.kept.values()) == [(tmp_path / files[0]).read_bytes()]


@pytest.mark.parametrize("args,more,says", [
    ([], {}, "no photo given"), (["--delete"], {}, "no public id given"), (["--nonsense"], {}, "see breedlens backup --help"),
    (["x"], {"CLOUDINARY_API_KEY": ""}, "configured by half"), (["x"], {"CLOUDINARY_API_KEY": "", "CLOUDINARY_API_SECRET": "", "CLOUDINARY_CLOUD_NAME": ""}, "not configured")])
def test_mistakes(tmp_path, args, more, says):
    done, lines = backup(tmp_path, None, *args, **more)
    assert done.returncode == 2 and lines == [] and says in done.stderr.decode()


def test_help(tmp_path):
    done = conftest.run("backup", "--help", cwd=tmp_path)
    assert done.returncode == 0 and b"--delete" in done.stdout
