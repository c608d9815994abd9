# SPDX-License-Identifier: Apache-2.0
"""What the serving process has given up, told by the kernel itself."""
import ctypes
import os
import pathlib
import shutil
import socket
import subprocess
import struct
import sys
import time

import conftest
import images
import pytest

HOOKED = conftest.BUILD / "tests" / "breedlens_hooked"
LANDLOCK_ABI = ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1)
needs_landlock = pytest.mark.skipif(LANDLOCK_ABI < 1, reason="NO LANDLOCK in this kernel: that nothing can be written is not shown")
REFUSED = "Permission denied"
WRITING = ["create", "create-unnamed", "write", "append", "empty", "remove", "rename", "link", "symlink", "mkdir", "rmdir", "fifo"]
# A program that runs another without the system call 444: seccomp answers it with ENOSYS.
WITHOUT_LANDLOCK = """
import ctypes, os, struct, sys
rows = ((0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x50000 | 38), (0x06, 0, 0, 0x7fff0000))
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
program = struct.pack("HxxxxxxP", len(rows), ctypes.addressof(code))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def field(tmp_path):
    """A folder in which everything that is tried would succeed."""
    here = tmp_path / "field"
    here.mkdir()
    (here / "empty-folder").mkdir()
    for name in ("old", "read"):
        (here / name).write_text("0123456789")
    return here


def attempts(server):
    until = time.monotonic() + 30
    while "hook end" not in server.log():
        assert time.monotonic() < until, server.log()
        time.sleep(0.02)
    return dict(line.removeprefix("hook ").split(": ") for line in server.log().splitlines() if line.startswith("hook ") and ": " in line)


def without_landlock(program):
    return sys.executable, "-c", WITHOUT_LANDLOCK, program


@needs_landlock
def test_the_kernel_refuses_every_way_to_write(start, field):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = start(program=(HOOKED,), BREEDLENS_HOOK=field, BREEDLENS_HOOK_PORT=listener.getsockname()[1])
        got = attempts(server)
    want = WRITING + ["read", "read-passwd", "run"]
    if LANDLOCK_ABI >= 3:
        want.append("truncate")
    if LANDLOCK_ABI >= 4:
        want += ["connect", "bind"]
    assert {name: got[name] for name in want} == dict.fromkeys(want, REFUSED)
    assert sorted(os.listdir(field)) == ["empty-folder", "old", "read"]
    assert (field / "old").read_text() == "0123456789" or LANDLOCK_ABI < 3
    assert server.get("/health").json()["in_memory"] == "enforced"
    assert server.post("/api/petshop/identify-breed", images.jpeg(images.photo())).status_code == 200
    assert "event=request" in server.log()  # a log that goes to a file still does


def test_the_hook_would_succeed_without_a_sandbox(start, field):
    """So that the test above refuses by the sandbox, and not by a mistake of its own."""
    server = start(program=without_landlock(HOOKED), BREEDLENS_HOOK=field)
    until = time.monotonic() + 30
    while "hook read-passwd" not in server.log():  # what runs next, ends it
        assert time.monotonic() < until
    text = server.log()
    for name in ("create", "write", "truncate", "remove", "symlink", "mkdir", "read"):
        assert f"hook {name}: DONE" in text
    server.process.wait(30)


@needs_landlock
@pytest.mark.parametrize("abi", range(1, 8))
def test_older_kernels(start, field, abi):
    """strace answers the question for the ABI in the kernel's place: less is asked for then, and given."""
    if not shutil.which("strace") or abi > LANDLOCK_ABI:
        pytest.skip(f"ABI {abi}: NO STRACE, or a kernel older than that")
    if "build-" in str(conftest.BUILD):
        pytest.skip("sanitizer build: LeakSanitizer does not run under strace")
    strace = ("strace", "-D", "-f", "-o", "/dev/null", "-e", "trace=landlock_create_ruleset", "-e", f"inject=landlock_create_ruleset:retval={abi}:when=1", HOOKED)
    server = start(program=strace, BREEDLENS_HOOK=field)
    got = attempts(server)
    assert {name: got[name] for name in WRITING} == dict.fromkeys(WRITING, REFUSED)
    assert got["truncate"] == ("DONE" if abi < 3 else REFUSED)
    assert f"landlock={abi}" in server.log() and server.get("/health").json()["in_memory"] == "enforced"


def test_without_landlock_it_says_so_in_one_line(start):
    server = start(program=without_landlock(conftest.BINARY))
    assert server.log().count("level=warn") == 1 and "event=no-sandbox" in server.log()
    assert server.get("/health").json()["in_memory"] == "by design"
    assert server.post("/api/petshop/identify-breed", images.jpeg(images.photo())).status_code == 200


def test_a_required_sandbox_that_is_not_there(tmp_path):
    done = subprocess.run([*without_landlock(conftest.BINARY), "serve", "--require-sandbox", "true"], cwd=tmp_path,
                          env=conftest.clean_env(PORT=0), capture_output=True, timeout=60)
    assert done.returncode == 1 and done.stdout == b"" and done.stderr.startswith(b"breedlens: REQUIRE_SANDBOX=true: ") and done.stderr.count(b"\n") == 1


@needs_landlock
def test_a_required_sandbox_that_is_there(start):
    assert start(REQUIRE_SANDBOX="true").get("/health").json()["in_memory"] == "enforced"


def test_no_thread_may_dump_its_memory_or_gain_rights(server):
    proc = pathlib.Path(f"/proc/{server.process.pid}")
    for task in (proc / "task").iterdir():
        assert "NoNewPrivs:\t1" in (task / "status").read_text()
    core = [line for line in (proc / "limits").read_text().splitlines() if line.startswith("Max core file size")]
    assert core[0].split()[4:6] == ["0", "0"]
    if "build-" not in str(conftest.BUILD):  # ptrace's own question: without the right to trace, only a dumpable process shows this
        assert (proc / "mem").stat().st_uid == 0


def test_a_model_elsewhere_is_still_read(start, tmp_path):
    shutil.copytree(conftest.MODEL, tmp_path / "other-model")
    server = start(MODEL_DIR=tmp_path / "other-model")
    assert server.post("/api/petshop/identify-breed", images.jpeg(images.photo())).status_code == 200
