# SPDX-License-Identifier: Apache-2.0
"""Does a Cloudinary that hangs slow down those who ask for no backup?

    .venv/bin/python bench/hanging_backup.py BUILD_DIR [ROUNDS]

One server, one worker a core. In turns, some seconds each: photos/s of four
connections that ask for no backup, alone and while 32 others wait for a backup
that never comes. The last line is the median of each and their ratio; exit
status 1 when the second is more than 10 % below the first.
"""
import http.client
import os
import pathlib
import statistics
import sys
import tempfile
import threading
import time

os.environ["BREEDLENS_BUILD"] = str(pathlib.Path(sys.argv[1]).resolve())
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "http")]
import conftest  # noqa: E402
import fake_cloudinary  # noqa: E402
import images  # noqa: E402

SECONDS, CONNECTIONS, WAITING = 4, 4, 32
HEADERS = {"Content-Type": "multipart/form-data; boundary=bb"}


def body(photo, backup):
    field = b'--bb\r\nContent-Disposition: form-data; name="upload_to_cloudinary"\r\n\r\ntrue\r\n' if backup else b""
    return field + b'--bb\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n' + photo + b"\r\n--bb--\r\n"


def ask(connection, content):
    connection.request("POST", "/api/petshop/identify-breed", content, HEADERS)
    answer = connection.getresponse()
    assert answer.status == 200
    return answer.read()


def measure(server, content):
    counts, until = [0] * CONNECTIONS, time.monotonic() + SECONDS

    def work(i):
        connection = http.client.HTTPConnection(server.host, server.port)
        while time.monotonic() < until:
            ask(connection, content)
            counts[i] += 1
    threads = [threading.Thread(target=work, args=(i,)) for i in range(CONNECTIONS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return sum(counts) / SECONDS


def hang(server, fake, content):
    """32 requests that wait for their backup; returns once they do."""
    threads = [threading.Thread(target=lambda: ask(http.client.HTTPConnection(server.host, server.port), content)) for _ in range(WAITING)]
    for t in threads:
        t.start()
    time.sleep(1.5)  # they are identified first
    return threads


def main():
    here = pathlib.Path(tempfile.mkdtemp(prefix="breedlens-bench-"))
    certificates = fake_cloudinary.make_certificates(here)
    photo = images.jpeg(images.photo(500, 375))
    alone, beside = [], []
    for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 5):
        fake = fake_cloudinary.FakeCloudinary(certificates[1], "hang")
        where = pathlib.Path(tempfile.mkdtemp(dir=here))
        server = conftest.Server(where, LOG_LEVEL="error", CLOUDINARY_CLOUD_NAME=fake_cloudinary.CLOUD, CLOUDINARY_API_KEY=fake_cloudinary.KEY, CLOUDINARY_BASE_URL=fake.url,
                                 CLOUDINARY_API_SECRET=fake_cloudinary.SECRET, CLOUDINARY_CA_FILE=certificates[0], CLOUDINARY_TIMEOUT_MS=600000)
        measure(server, body(photo, False))  # warm
        alone.append(measure(server, body(photo, False)))
        waiting = hang(server, fake, body(photo, True))
        beside.append(measure(server, body(photo, False)))
        assert all(t.is_alive() for t in waiting) and fake.requests
        print(f"alone {alone[-1]:.1f} photos/s, beside {len(waiting)} hanging backups {beside[-1]:.1f}", flush=True)
        fake.tell("ok")
        fake.ending.set()  # they are tried again, and end
        for t in waiting:
            t.join()
        server.stop()
        fake.stop()
    ratio = statistics.median(beside) / statistics.median(alone)
    print(f"median: alone {statistics.median(alone):.1f} photos/s, beside hanging backups {statistics.median(beside):.1f} photos/s, ratio {ratio:.2f}")
    return ratio < 0.9


if __name__ == "__main__":
    sys.exit(main())
