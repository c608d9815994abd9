# SPDX-License-Identifier: Apache-2.0
"""What all Python tests share: the program, a server to talk to, and where real photos may lie."""
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import threading

import pytest
import requests

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("BREEDLENS_BUILD", ROOT / "build"))
BINARY = BUILD / "breedlens"
MODEL = ROOT / "model" / "accurate"
PETS = pathlib.Path(os.environ.get("BREEDLENS_PETS", ROOT.parent / "shared" / "pets"))
START_S, STOP_S = 60, 60  # generous: sanitizer builds on a busy machine

sys.path.insert(0, str(ROOT / "tests"))


def clean_env(**settings):
    """No setting of the person who runs the tests reaches the program."""
    keep = {k: v for k, v in os.environ.items()
            if k in ("PATH", "HOME", "LANG", "TMPDIR") or k.startswith(("ASAN_", "LSAN_", "UBSAN_", "TSAN_", "TBB_"))}
    return {**keep, **{k: str(v) for k, v in settings.items()}}


class Server:
    """A running `breedlens serve` on a free port."""

    def __init__(self, cwd, flags=(), program=(BINARY,), **settings):
        self.log_path = cwd / "log"
        self.log_file = open(self.log_path, "ab")
        env = clean_env(**{"FLASK_HOST": "127.0.0.1", "PORT": 0, **settings})
        self.process = subprocess.Popen([*program, "serve", *flags], cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=self.log_file)
        lines = queue.Queue()
        threading.Thread(target=lambda: [lines.put(line) for line in self.process.stdout] and None or lines.put(b""), daemon=True).start()
        try:
            self.ready = lines.get(timeout=START_S).decode()
        except queue.Empty:
            self.process.kill()
            raise AssertionError("no ready line: " + self.log()) from None
        assert self.ready.startswith("ready http://"), self.ready + self.log()
        self.url = self.ready.split()[1]
        self.host, self.port = self.url.removeprefix("http://").split(":")[0], int(self.url.rsplit(":", 1)[1])
        self.http = requests.Session()

    def log(self):
        return self.log_path.read_text(errors="replace")

    def get(self, path, **how):
        return self.http.get(self.url + path, timeout=60, **how)

    def post(self, path, image=None, name="photo.jpg", field="image", files=None, **how):
        if files is None and image is not None:
            files = {field: (name, image)}
        return self.http.post(self.url + path, files=files, timeout=120, **how)

    def healthy(self):
        answer = self.get("/health")
        return answer.status_code == 200 and answer.json()["status"] == "healthy"

    def rss_kb(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")

    def stop(self):
        """SIGTERM to its own pid; it must end well."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_S)
        self.http.close()
        self.log_file.close()
        assert code == 0, f"exit status {code}\n{self.log()}"


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


@pytest.fixture
def start(tmp_path):
    """Servers with settings of their own: start(CONFIDENCE_THRESHOLD=0)."""
    running = []

    def begin(flags=(), program=(BINARY,), **settings):
        where = tmp_path / f"server{len(running)}"
        where.mkdir()
        running.append(Server(where, flags, program, **settings))
        return running[-1]

    yield begin
    for one in running:
        one.stop()


def run(*args, cwd=None, stdin=None, **settings):
    return subprocess.run([BINARY, *map(str, args)], cwd=cwd, env=clean_env(**settings), input=stdin,
                          capture_output=True, timeout=300)


@pytest.fixture(scope="session")
def model_json():
    return json.loads((MODEL / "model.json").read_text())


@pytest.fixture(scope="session")
def pets():
    if not (PETS / "labels.tsv").exists():
        pytest.skip(f"NO REAL PHOTOS: {PETS} is not here, so this says nothing about accuracy")
    return PETS
