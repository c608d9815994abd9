# SPDX-License-Identifier: Apache-2.0
"""`breedlens watch`: each photo that lands is identified once, when it is whole."""
import json
import os
import queue
import shutil
import signal
import subprocess
import threading

import conftest
import images
import pytest

WAIT_S = 60


@pytest.fixture(scope="module")
def jpeg():
    return images.jpeg(images.photo(200, 150))


class Watch:
    def __init__(self, folder, *args):
        self.process = subprocess.Popen([conftest.BINARY, "watch", "--format", "ndjson", *map(str, args), folder], env=conftest.clean_env(),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines = queue.Queue()
        threading.Thread(target=lambda: [self.lines.put(line) for line in self.process.stdout], daemon=True).start()
        assert self.process.stderr.readline().startswith(b"breedlens: watching ")

    def next(self):
        return json.loads(self.lines.get(timeout=WAIT_S))

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        code = self.process.wait(WAIT_S)
        return code, self.process.stderr.read().decode()


@pytest.fixture
def watch(tmp_path):
    running = []

    def begin(*args):
        (tmp_path / "in").mkdir(exist_ok=True)
        running.append(Watch(tmp_path / "in", *args))
        return running[-1]

    yield begin
    for one in running:
        one.process.kill()
        one.process.wait()


def test_what_lands_is_identified_once_and_in_order(watch, tmp_path, jpeg):
    watching, folder = watch(), tmp_path / "in"
    (folder / "a.jpg").write_bytes(jpeg)
    assert watching.next()["file"] == str(folder / "a.jpg")
    part = folder / "b.jpg.part"
    part.write_bytes(jpeg)
    (folder / ".c.jpg").write_bytes(jpeg)
    (folder / "notes.txt").write_bytes(b"")
    part.rename(folder / "b.jpg")
    (tmp_path / "outside.jpg").write_bytes(jpeg)
    os.link(tmp_path / "outside.jpg", folder / "linked.jpg")
    with open(folder / "slow.jpg", "wb") as f:  # written in two parts: not whole before it is closed
        f.write(jpeg[:1000])
        f.flush()
        (folder / "bad.png").write_bytes(b"no image")
        answers = [watching.next() for _ in range(3)]
        f.write(jpeg[1000:])
    answers.append(watching.next())
    assert [(os.path.basename(a["file"]), a["success"]) for a in answers] == [("b.jpg", True), ("linked.jpg", True), ("bad.png", False), ("slow.jpg", True)]
    code, text = watching.stop()
    assert code == 0 and "4 identified, 1 failed" in text and watching.lines.empty()


def test_what_was_there_counts_only_when_asked(watch, tmp_path, jpeg):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "old.jpg").write_bytes(jpeg)
    plain, eager = watch(), watch("--existing")
    assert eager.next()["file"].endswith("old.jpg")
    (tmp_path / "in" / "new.jpg").write_bytes(jpeg)
    assert plain.next()["file"].endswith("new.jpg") and eager.next()["file"].endswith("new.jpg")
    assert plain.stop(signal.SIGTERM)[0] == 0 and eager.stop()[0] == 0


def test_folders_below(watch, tmp_path, jpeg):
    (tmp_path / "in" / "one").mkdir(parents=True)
    watching, folder = watch("--recursive"), tmp_path / "in"
    (folder / "one" / "a.jpg").write_bytes(jpeg)
    assert watching.next()["file"] == str(folder / "one/a.jpg")
    os.makedirs(folder / "two" / "three")
    (folder / "two" / "three" / "b.jpg").write_bytes(jpeg)
    assert watching.next()["file"] == str(folder / "two/three/b.jpg")
    shutil.copytree(folder / "two", tmp_path / "four")
    (tmp_path / "four").rename(folder / "four")  # comes with its photo in it
    assert watching.next()["file"] == str(folder / "four/three/b.jpg")
    shutil.rmtree(folder / "two")
    (folder / "c.jpg").write_bytes(jpeg)
    assert watching.next()["file"] == str(folder / "c.jpg")
    assert watching.stop()[0] == 0 and watching.lines.empty()


def test_moved_photos_are_no_news(watch, tmp_path, jpeg):
    watching, folder = watch("--recursive", "--move-to", tmp_path / "in" / "sorted"), tmp_path / "in"
    for name in ("a.jpg", "b.jpg", "a.jpg"):
        (folder / name).write_bytes(jpeg)
        assert watching.next()["file"] == str(folder / name)
    while (folder / "a.jpg").exists():
        pass
    code, text = watching.stop()
    assert code == 0 and "3 photos" in text and watching.lines.empty()
    assert sorted(p.name for p in (folder / "sorted").iterdir()) == ["a (2).jpg", "a.jpg", "b.jpg"]


def test_an_overflow_loses_nothing(watch, tmp_path, jpeg):
    """More events than the kernel keeps, while the process stands still."""
    limit = int(open("/proc/sys/fs/inotify/max_queued_events").read())
    if limit > 50000:
        pytest.skip(f"the queue of {limit} events is too long to overflow in a test")
    watching, folder = watch(), tmp_path / "in"
    watching.process.send_signal(signal.SIGSTOP)
    for i in range(limit // 2 + 100):
        os.close(os.open(folder / f".x{i}", os.O_CREAT | os.O_WRONLY))
    for i in range(5):
        (folder / f"{i}.jpg").write_bytes(jpeg)
    watching.process.send_signal(signal.SIGCONT)
    assert [os.path.basename(watching.next()["file"]) for _ in range(5)] == [f"{i}.jpg" for i in range(5)]
    code, text = watching.stop()
    assert code == 0 and "looking through the folders anew" in text and "5 identified" in text


def test_the_folder_goes_away(watch, tmp_path):
    watching = watch()
    (tmp_path / "in").rmdir()
    assert watching.process.wait(WAIT_S) == 1 and b"is gone" in watching.process.stderr.read()


def test_an_output_is_appended_to(tmp_path, jpeg):
    (tmp_path / "in").mkdir()
    for i in range(2):
        process = subprocess.Popen([conftest.BINARY, "watch", "--existing", "--output", tmp_path / "o.csv", tmp_path / "in"], env=conftest.clean_env(), stderr=subprocess.PIPE)
        process.stderr.readline()
        (tmp_path / "in" / f"{i}.jpg").write_bytes(jpeg)
        while not (tmp_path / "o.csv").exists() or (tmp_path / "o.csv").read_bytes().count(b"\n") < 1 + (1, 3)[i]:
            assert process.poll() is None
        process.terminate()
        process.communicate(timeout=WAIT_S)
    lines = (tmp_path / "o.csv").read_text().splitlines()
    assert lines[0].startswith("file,") and [os.path.basename(line.split(",")[0]) for line in lines[1:]] == ["0.jpg", "0.jpg", "1.jpg"]


@pytest.mark.parametrize("args,code", [([], 2), (["a", "b"], 2), (["missing"], 1), (["--format", "xml", "."], 2)])
def test_mistakes(tmp_path, args, code):
    done = conftest.run("watch", *args, cwd=tmp_path)
    assert done.returncode == code and done.stdout == b"" and done.stderr.count(b"\n") == 1
