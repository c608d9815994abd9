# SPDX-License-Identifier: Apache-2.0
"""The proof that photos stay in memory: prove_in_memory.py BUILD_DIR [--quick]

Starts the real server under strace, sends marked photos of every format through
every endpoint, the batch, the error paths and the backup (to a Cloudinary of the
tests), and then shows what the kernel saw of it. Exit status 1 on any finding.
"""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

if __name__ == "__main__":
    os.environ["BREEDLENS_BUILD"] = str(pathlib.Path(sys.argv[1]).resolve())
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parent / "http")]

import conftest  # noqa: E402
import fake_cloudinary  # noqa: E402
import marked  # noqa: E402

PHOTOS, QUICK_PHOTOS = 200, 39
SINGLE = ["/api/petshop/identify-breed", "/api/petshop/identify-species", "/api/petshop/breed-suggestions", "/api/adoption/identify"]
BATCH = "/api/petshop/batch-identify"
SETTLE_S = 4  # for what a client has left half sent: it is dropped when BODY_TIMEOUT_S is over, here 1
# Every call that can bring a file, or bytes into one, into being. write() itself is counted by /proc/PID/io.
CALLS = ("open,openat,openat2,creat,memfd_create,memfd_secret,mknod,mknodat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,"
         "symlinkat,unlink,unlinkat,truncate,ftruncate,fallocate,copy_file_range,pwrite64,pwritev,pwritev2,execve,execveat,io_uring_setup")
OPENS = re.compile(r"\b(?:open|openat|openat2)\(")
WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|__O_TMPFILE|O_TMPFILE")


class Proof:
    def __init__(self, out=print):
        self.findings, self.out = 0, out

    def say(self, good, text, details=()):
        self.out(("  ok    " if good else "  FOUND ") + text)
        for line in list(details)[:20]:
            self.out("          " + line)
        self.findings += not good


def io_of(pid):
    until = time.monotonic() + 10
    while True:
        try:
            return dict(line.split(": ") for line in open(f"/proc/{pid}/io").read().splitlines())
        except PermissionError:  # the test build's hook is about to let us look
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def send_all(server, made, count):
    """`count` photos over all endpoints, each fourth broken; how many of each status came back."""
    bad, statuses, sent = marked.broken(made), {}, 0

    def note(answer):
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
    while sent < count:
        for i, (name, data) in enumerate(made.items()):
            call = {"name": marked.NAME.decode() + name}
            if i % 4 == 3:
                data = bad[("cut-" if sent % 2 else "hurt-") + name]
            wanted = {"upload_to_cloudinary": "true"} if i % 3 == 0 else {}
            note(server.post(SINGLE[0] if wanted else SINGLE[(i + sent) % 4], data, data=wanted, **call))
            sent += 1
    several = [("images", (marked.NAME.decode() + name, data)) for name, data in [*made.items(), *list(bad.items())[:6]]]
    note(server.post(BATCH, files=several))
    for wrong in ({"name": marked.NAME.decode() + ".txt"}, {"field": "other"}, {"data": {"top_k": "x"}}):
        note(server.post(SINGLE[0], made["baseline.jpg"], **wrong))
    note(server.get("/no/such/path"))
    gone_away(server, made["large.jpg"])
    return sent + len(several), statuses


def gone_away(server, photo):
    """A client that breaks off in the middle of a photo."""
    head = f"POST {SINGLE[0]} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=bb\r\nContent-Length: {len(photo) + 500}\r\n\r\n"
    part = f"--bb\r\nContent-Disposition: form-data; name=\"image\"; filename=\"{marked.NAME.decode()}\"\r\n\r\n"
    with socket.create_connection((server.host, server.port)) as s:
        s.sendall(head.encode() + part.encode() + photo[:len(photo) // 2])


def judge_trace(proof, trace):
    """Both from the first instruction on, and the more so once the sandbox is up."""
    lines = [line for line in trace.read_text(errors="replace").splitlines() if "(" in line]
    began = next((i for i, line in enumerate(lines) if "execve(" in line), 0)
    after = lines[began + 1:]
    good = [line for line in after if " = -1 " not in line and "resumed>" not in line]
    opened = [line for line in after if OPENS.search(line)]
    proof.say(bool(opened), f"strace saw {len(after)} calls that can open or make a file, {len(opened)} of them opens")
    writing = [line for line in opened if WRITING.search(line)]
    proof.say(not writing, f"files opened for writing, or tried to: {len(writing)}", writing)
    made = [line for line in good if not OPENS.search(line)]
    proof.say(not made, f"files made, renamed, linked, removed, cut or filled by any other call, memfds, programs run: {len(made)}", made)


def run_server(proof, here, made, count, quick):
    certificates = fake_cloudinary.make_certificates(here)
    fake = fake_cloudinary.FakeCloudinary(certificates[1])
    trace, under = here / "trace", []
    if shutil.which("strace"):
        under = ["strace", "-D", "-f", "-qq", "-o", str(trace), "-e", f"trace={CALLS}"]
    mine = os.getuid() == 0
    program = conftest.BINARY if mine else conftest.BUILD / "tests" / "breedlens_hooked"  # only a test build can let others than root look in
    (here / "server").mkdir()
    server = conftest.Server(here / "server", (), (*under, program), CLOUDINARY_CLOUD_NAME=fake_cloudinary.CLOUD, CLOUDINARY_API_KEY=fake_cloudinary.KEY,
                             CLOUDINARY_API_SECRET=fake_cloudinary.SECRET, CLOUDINARY_BASE_URL=fake.url, CLOUDINARY_CA_FILE=certificates[0],
                             LOG_LEVEL="debug", BODY_TIMEOUT_S=1, **({} if mine else {"BREEDLENS_HOOK_DUMPABLE": 1}))
    pid = server.process.pid
    before, log_before = io_of(pid), server.log_path.stat().st_size
    sent, statuses = send_all(server, made, count)
    proof.out(f"  {sent} photos sent; answers by status: {statuses}; {len(fake.kept)} of them backed up")
    in_memory = server.get("/health").json()["in_memory"]
    server.http.close()
    time.sleep(SETTLE_S)
    after, log_after = io_of(pid), server.log_path.stat().st_size
    log_bytes = log_after - log_before
    written = int(after["write_bytes"]) - int(before["write_bytes"])
    pages = (log_bytes // 4096 + 2) * 4096  # the kernel counts whole pages of the log
    proof.say(written <= pages, f"/proc/{pid}/io: write_bytes grew by {written}; its log by {log_bytes}")
    log = server.log()
    proof.say(marked.NAME.decode() not in log and marked.MARK.decode() not in log, "no file name and no metadata in the log, at level debug")
    wanted = marked.patterns(made)
    if quick:
        wanted = dict(list(wanted.items())[:3] + list(wanted.items())[3::9] + [(k, v) for k, v in wanted.items() if k.startswith("pixels")])
    found, size = marked.scan(pid, wanted)
    proof.say(not found, f"all {size >> 20} MB of the process's memory searched for {len(wanted)} marks: {len(found)} found",
              [f"{what} in {where} at {at:#x}" for what, where, at in found])
    server.stop()
    fake.stop()
    if under:
        judge_trace(proof, trace)
    else:
        proof.say(False, "strace is not installed: what files were opened is not shown")
    return in_memory


def run_hook(proof, here):
    """The test build's hook tries to write from inside."""
    field = here / "field"
    (field / "empty-folder").mkdir(parents=True)
    for name in ("old", "read"):
        (field / name).write_text("0123456789")
    (here / "hooked").mkdir()
    server = conftest.Server(here / "hooked", (), (conftest.BUILD / "tests" / "breedlens_hooked",), BREEDLENS_HOOK=field)
    until = time.monotonic() + 30
    while "hook end" not in server.log() and time.monotonic() < until:
        time.sleep(0.05)
    lines = [line.removeprefix("hook ") for line in server.log().splitlines() if line.startswith("hook ") and ": " in line]
    server.stop()
    done = [line for line in lines if not line.endswith(": Permission denied")]
    proof.say(bool(lines) and not done, f"{len(lines)} ways to write, read or run from inside the process, {len(lines) - len(done)} refused by the kernel", done)
    proof.out("          " + ", ".join(line.split(":")[0] for line in lines))
    proof.say(sorted(os.listdir(field)) == ["empty-folder", "old", "read"], "and the folder they were tried in is as it was")


def prove(quick=False, out=print):
    proof, here = Proof(out), pathlib.Path(tempfile.mkdtemp(prefix="breedlens-proof-"))
    try:
        made = marked.photos()
        out(f"The server at work ({conftest.BINARY.name} {subprocess.run([conftest.BINARY, '--version'], capture_output=True, text=True).stdout.split()[1]}, Linux {os.uname().release}):")
        in_memory = run_server(proof, here, made, QUICK_PHOTOS if quick else PHOTOS, quick)
        out("Attempts from inside:")
        if in_memory == "enforced":
            run_hook(proof, here)
        else:
            proof.say(False, "this kernel has no Landlock: nothing was written, but nothing would have forbidden it")
    finally:
        shutil.rmtree(here)
    out("PROVED: nothing was written, and nothing of a photo is left" if not proof.findings else f"NOT PROVED: {proof.findings} findings")
    return proof.findings


if __name__ == "__main__":
    sys.exit(1 if prove("--quick" in sys.argv) else 0)
