# SPDX-License-Identifier: Apache-2.0
"""`breedlens batch`: what is found, what is written, what is moved, and going on after an interruption."""
import csv
import io
import json
import os
import pty
import signal
import subprocess
import time

import conftest
import images
import pytest

BAD = "not a JPEG, PNG or WebP image"


@pytest.fixture(scope="module")
def jpeg():
    return images.jpeg(images.photo(200, 150))


@pytest.fixture
def folder(tmp_path, jpeg):
    """Three photos on top, one of them broken, two below, and what is no photo."""
    top = tmp_path / "photos"
    (top / "below" / "deep").mkdir(parents=True)
    (top / ".hidden").mkdir()
    for name in ("b.jpg", "A.JPEG", "below/c.png", "below/deep/d.webp", ".e.jpg", ".hidden/f.jpg"):
        (top / name).write_bytes(jpeg)
    (top / "bad.png").write_bytes(b"no image")
    (top / "notes.txt").write_bytes(b"no photo")
    (top / "below" / "link.jpg").symlink_to(top / "b.jpg")
    (top / "loop").symlink_to(top)
    return top


def records(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def files(path):
    return [r["file"] for r in records(path)]


def batch(*args, **how):
    return conftest.run("batch", *args, **how)


def test_a_folder(folder, tmp_path):
    out = tmp_path / "out.ndjson"
    done = batch(folder, "--output", out)
    assert done.returncode == 1 and done.stdout == b""
    assert files(out) == [str(folder / n) for n in ("A.JPEG", "b.jpg", "bad.png")]
    good, _, bad = records(out)
    assert list(good) == ["file", "species", "species_confidence", "success", "predictions", "primary_species", "primary_breed", "confidence",
                          "processing_time", "model", "timestamp", "model_version", "image"]
    assert bad == {"file": str(folder / "bad.png"), "success": False, "error": BAD}
    text = done.stderr.decode()
    assert "3 photos in " in text and "2 identified, 1 failed" in text and f"{folder / 'bad.png'}: {BAD}" in text
    assert "going on" not in text


def test_folders_below(folder, tmp_path):
    out = tmp_path / "out.jsonl"
    assert batch("--recursive", f"{folder}/", "--output", out).returncode == 1
    assert files(out) == [str(folder / n) for n in ("A.JPEG", "b.jpg", "bad.png", "below/c.png", "below/deep/d.webp", "below/link.jpg")]


@pytest.mark.parametrize("null,separator", [(False, b"\n"), (True, b"\0")])
def test_names_on_standard_input(folder, null, separator):
    names = [folder / "b.jpg", folder / "below/c.png", folder / "missing.jpg"]
    done = batch("--format", "ndjson", *["--null"] * null, "-", stdin=separator.join([b"", *map(os.fsencode, names)]))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1 and [a["file"] for a in answers] == [str(n) for n in names]
    assert answers[2]["error"] == "cannot open: No such file or directory"


def test_files_and_folders_together_keep_their_order(folder, tmp_path):
    done = batch("--format", "csv", folder / "below", folder / "b.jpg", tmp_path / "missing")
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert done.returncode == 1
    assert [r["file"] for r in rows] == [str(f) for f in (folder / "below/c.png", folder / "below/link.jpg", folder / "b.jpg", tmp_path / "missing")]
    assert [r["success"] for r in rows] == ["true", "true", "true", "false"]


def test_an_empty_folder_is_no_failure(tmp_path):
    done = batch(tmp_path)
    assert done.returncode == 0 and done.stdout == b"" and b"0 identified, 0 failed" in done.stderr


def test_a_folder_that_cannot_be_read(folder):
    (folder / "below").chmod(0)
    try:
        done = batch("--recursive", folder)
        if os.geteuid():
            assert done.returncode == 1 and b"below: Permission denied" in done.stderr
    finally:
        (folder / "below").chmod(0o755)


STRANGE = [b'a, "b".jpg', b"line\nbreak.jpg", b"tab\tand \xc3\xa9.jpg", b"caf\xe9.jpg", b" lead.jpg", b"-dash.jpg", b"{breed}.jpg", b"cr\r.jpg"]


@pytest.fixture
def strange(tmp_path, jpeg):
    top = tmp_path / "strange"
    top.mkdir()
    for name in STRANGE:
        with open(os.path.join(os.fsencode(top), name), "wb") as f:
            f.write(jpeg)
    return top


def test_csv_keeps_every_name(strange):
    done = batch("--format", "csv", strange)
    text = done.stdout.decode("utf-8", "surrogateescape")
    assert text.count("\r\n") == len(STRANGE) + 1
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert sorted(os.fsencode(os.path.basename(r["file"])) for r in rows) == sorted(STRANGE)
    assert all(None not in r and r["error"] == "" and float(r["species_confidence"]) <= 1 for r in rows)


def test_ndjson_keeps_every_name(strange, tmp_path):
    out = tmp_path / "o.ndjson"
    batch("--output", out, strange)
    found = [bytes.fromhex(r["file_bytes"]) if "file_bytes" in r else os.fsencode(r["file"]) for r in records(out)]
    assert sorted(os.path.basename(f) for f in found) == sorted(STRANGE)


def test_the_table_is_a_line_a_photo(strange):
    lines = batch(strange).stdout.splitlines()
    assert len(lines) == len(STRANGE) and all(b" % " in line or b"strange/" in line for line in lines)


@pytest.mark.parametrize("ending", ["csv", "ndjson"])
def test_resume_repeats_nothing_of_strange_names(strange, tmp_path, ending):
    out = tmp_path / f"o.{ending}"
    assert batch("--output", out, strange).returncode == 0
    whole = out.read_bytes()
    done = batch("--output", out, "--resume", strange)
    assert done.returncode == 0 and out.read_bytes() == whole
    assert f"{len(STRANGE)} photos are done".encode() in done.stderr and b"0 photos in" in done.stderr


@pytest.mark.parametrize("ending", ["csv", "ndjson"])
def test_resume_from_every_torn_end(folder, tmp_path, ending):
    """The output cut at any byte goes on to the same records: none twice, none lost."""
    whole, out = tmp_path / f"whole.{ending}", tmp_path / f"out.{ending}"
    batch("--recursive", "--output", whole, folder)
    data = whole.read_bytes()
    names = sorted(line.split(b",")[0] for line in data.splitlines())
    for cut in [0, 1, 10, 60, len(data) // 3, len(data) // 2, len(data) - 2, len(data) - 1, len(data)]:
        for tail in (b"", b"\0" * 50):
            out.write_bytes(data[:cut] + tail)
            done = batch("--recursive", "--output", out, "--resume", folder)
            assert done.returncode == 1, done.stderr
            assert sorted(line.split(b",")[0] for line in out.read_bytes().splitlines()) == names, cut
            assert b"5 identified, 1 failed" in done.stderr


def test_an_output_is_never_overwritten(folder, tmp_path):
    out = tmp_path / "o.csv"
    out.write_text("mine\n")
    for more in ([], ["--resume"]):
        done = batch("--output", out, *more, folder)
        assert done.returncode == 1 and out.read_text() == "mine\n" and done.stderr.count(b"\n") == 1
    out.write_text("")
    assert batch("--output", out, folder / "b.jpg").returncode == 0


def test_a_foreign_record_stops_the_resume(folder, tmp_path):
    out = tmp_path / "o.ndjson"
    batch("--output", out, folder)
    lines = out.read_bytes().splitlines(True)
    out.write_bytes(lines[0] + b'{"file":"x"}\n' + lines[1])
    before = out.read_bytes()
    done = batch("--output", out, "--resume", folder)
    assert done.returncode == 1 and b"record 2 is not one" in done.stderr and out.read_bytes() == before


def start(*args, **how):
    return subprocess.Popen([conftest.BINARY, "batch", *map(str, args)], env=conftest.clean_env(), stderr=subprocess.PIPE, **how)


@pytest.fixture
def many(tmp_path, jpeg):
    top = tmp_path / "many"
    top.mkdir()
    big = images.jpeg(images.photo(1600, 1200))
    for i in range(300):
        (top / f"{i:03}.jpg").write_bytes(jpeg if i % 2 else big)
    return top


def wait_for(path, lines):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if path.exists() and path.read_bytes().count(b"\n") >= lines:
            return
        time.sleep(0.01)
    raise AssertionError(f"{path} has no {lines} lines")


@pytest.mark.parametrize("how,code", [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_interrupted_and_gone_on(many, tmp_path, how, code):
    out = tmp_path / "o.ndjson"
    running = start("--output", out, many)
    wait_for(out, 20)
    running.send_signal(how)
    _, text = running.communicate(timeout=60)
    assert running.returncode == code
    begun = files(out)
    assert 20 <= len(begun) < 300 and begun == [str(many / f"{i:03}.jpg") for i in range(len(begun))]
    if how != signal.SIGKILL:
        assert text.endswith(b"breedlens: interrupted; the same command with --resume goes on\n")
    assert batch("--output", out, "--resume", many).returncode == 0
    assert files(out) == [str(many / f"{i:03}.jpg") for i in range(300)]


def test_killed_again_and_again_while_moving(many, tmp_path):
    """Whatever the moment of the kill: each photo is recorded once and lies where its record says."""
    out, sorted_to = tmp_path / "o.csv", tmp_path / "sorted"
    rounds = 0
    while True:
        rounds += 1
        running = start("--output", out, "--resume", "--move-to", sorted_to / "{species}" / "{breed}", many)
        before = out.read_bytes().count(b"\n") if out.exists() else 0
        while running.poll() is None and (not out.exists() or out.read_bytes().count(b"\n") < before + 60):
            time.sleep(0.005)
        if running.poll() is not None:
            break
        running.kill()
        running.communicate()
        assert rounds < 20
    assert running.returncode == 0 and rounds > 2, running.stderr.read()
    rows = list(csv.DictReader(out.open(newline="")))
    assert sorted(r["file"] for r in rows) == [str(many / f"{i:03}.jpg") for i in range(300)]
    assert list(many.iterdir()) == [] and all(os.path.exists(r["moved_to"]) for r in rows)
    assert sum(len(names) for _, _, names in os.walk(sorted_to)) == 300


def test_a_second_run_on_one_output_is_refused(many, tmp_path):
    out = tmp_path / "o.ndjson"
    running = start("--output", out, many)
    wait_for(out, 1)
    done = batch("--output", out, "--resume", many)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert done.returncode == 1 and b"another run is writing it" in done.stderr


def test_a_closed_pipe_ends_it_quietly(many):
    running = start("--format", "ndjson", many, stdout=subprocess.PIPE)
    first = running.stdout.readline()
    running.stdout.close()
    text = running.stderr.read()
    assert running.wait(60) == 1 and text == b"" and json.loads(first)["success"]


def test_a_full_disk_is_one_line():
    done = subprocess.run([conftest.BINARY, "batch", conftest.ROOT / "LICENSE", "--output", "/dev/full"], env=conftest.clean_env(), capture_output=True, timeout=60)
    assert done.returncode == 1 and done.stderr == b"breedlens: /dev/full: No space left on device\n"


def test_a_full_disk_leaves_whole_records(folder, tmp_path):
    out = tmp_path / "o.ndjson"
    limited = subprocess.run(["bash", "-c", 'trap "" XFSZ; ulimit -f 1; exec "$@"', "-", conftest.BINARY, "batch", "--recursive", "--output", out, folder, *[folder / "b.jpg"] * 10],
                             env=conftest.clean_env(), capture_output=True, timeout=60)
    assert limited.returncode == 1 and b"o.ndjson: File too large" in limited.stderr
    assert 0 < len(records(out)) < 16


# ---- moving ----

def test_moving_makes_folders_and_overwrites_nothing(folder, tmp_path):
    target = tmp_path / "sorted"
    (target / "x" / "Unknown").mkdir(parents=True)
    done = batch("--threshold", "1", "--move-to", target / "x" / "{breed}", "--format", "ndjson", folder / "b.jpg", folder / "below" / "c.png")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and [a["moved_to"] for a in answers] == [str(target / "x/Unknown/b.jpg"), str(target / "x/Unknown/c.png")]
    assert not (folder / "b.jpg").exists() and (target / "x/Unknown/b.jpg").exists()
    (folder / "b.jpg").write_bytes((target / "x/Unknown/b.jpg").read_bytes())
    for n in (2, 3):
        (tmp_path / str(n)).mkdir()
        (tmp_path / str(n) / "b.jpg").write_bytes((folder / "b.jpg").read_bytes())
    done = batch("--threshold", "1", "--move-to", target / "x" / "{breed}", folder / "b.jpg", tmp_path / "2" / "b.jpg", tmp_path / "3/b.jpg")
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (target / "x/Unknown").iterdir()) == ["b (2).jpg", "b (3).jpg", "b (4).jpg", "b.jpg", "c.png"]


def test_what_lies_there_already_stays(folder, tmp_path):
    pattern = tmp_path / "sorted" / "{species}"
    assert batch("--move-to", pattern, folder / "b.jpg").returncode == 0
    before = [p for p in (tmp_path / "sorted").rglob("*") if p.is_file()]
    done = batch("--recursive", "--format", "ndjson", "--move-to", pattern, tmp_path / "sorted")
    assert done.returncode == 0 and "moved_to" not in json.loads(done.stdout)
    assert [p for p in (tmp_path / "sorted").rglob("*") if p.is_file()] == before


def test_failed_photos_and_links_are_not_moved(folder, tmp_path):
    done = batch("--move-to", tmp_path / "sorted", folder / "bad.png", folder / "below" / "link.jpg")
    assert done.returncode == 1 and (folder / "bad.png").exists() and (folder / "below" / "link.jpg").is_symlink()
    assert not (tmp_path / "sorted").exists()


def test_moving_across_file_systems(folder, tmp_path):
    shm = "/dev/shm"
    if not os.access(shm, os.W_OK) or os.stat(shm).st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("no second file system here")
    target = os.path.join(shm, f"breedlens-test-{os.getpid()}")
    data = (folder / "b.jpg").read_bytes()
    os.utime(folder / "b.jpg", (1e9, 1e9))
    try:
        assert batch("--move-to", target + "/{species}", folder / "b.jpg").returncode == 0
        (moved,) = [os.path.join(d, n) for d, _, names in os.walk(target) for n in names]
        assert open(moved, "rb").read() == data and os.stat(moved).st_mtime == 1e9 and not (folder / "b.jpg").exists()
    finally:
        subprocess.run(["rm", "-r", target])


def test_a_target_that_cannot_be_made(folder, tmp_path):
    (tmp_path / "file").write_text("")
    done = batch("--move-to", tmp_path / "file" / "{breed}", folder / "b.jpg")
    assert done.returncode == 1 and b"cannot be moved to" in done.stderr and (folder / "b.jpg").exists()


def test_a_new_photo_under_an_old_name_is_done_too(folder, tmp_path):
    args = ["--output", tmp_path / "o.ndjson", "--resume", "--move-to", tmp_path / "sorted", folder / "b.jpg"]
    data = (folder / "b.jpg").read_bytes()
    assert batch(*args).returncode == 0
    (folder / "b.jpg").write_bytes(data)
    assert batch(*args).returncode == 0
    assert [r["moved_to"] for r in records(tmp_path / "o.ndjson")] == [str(tmp_path / "sorted/b.jpg"), str(tmp_path / "sorted/b (2).jpg")]


# ---- mistakes, and a terminal ----

@pytest.mark.parametrize("args,says", [([], "no photo"), (["--format", "xml", "."], "--format"), (["--resume", "."], "--output"), (["--jobs", "0", "."], "--jobs"),
                                       (["--resume", "--output", "x.txt", "."], "table"), (["--move-to", "a/{colour}/b", "."], "{colour}"), (["--move-to", "", "."], "--move-to")])
def test_mistakes(tmp_path, args, says):
    done = batch(*args, cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == b"" and says in done.stderr.decode() and done.stderr.count(b"\n") == 1


def test_help():
    text = conftest.run("batch", "--help").stdout.decode()
    assert text.startswith("usage: breedlens batch [OPTIONS] DIR|FILE... | -") and "--move-to DIR" in text and "--top-k N" in text


def test_a_bar_on_a_terminal(many, tmp_path):
    ours, theirs = pty.openpty()
    running = subprocess.Popen([conftest.BINARY, "batch", "--output", tmp_path / "o.csv", many], env=conftest.clean_env(), stderr=theirs)
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other side is closed
            break
        text += part
    os.close(ours)
    assert running.wait(60) == 0
    assert b"] " in text and b" of 300 (" in text and b"/s" in text and b" left" in text
    assert b"\r\x1b[Kbreedlens: 300 photos in " in text  # the bar is gone before the summary


def test_few_lines_without_a_terminal(many):
    assert batch("--format", "csv", many).stderr.count(b" of 300 ") <= 6
