# SPDX-License-Identifier: Apache-2.0
"""What strangers send. Each gets the contract's answer, and the server goes on."""
import concurrent.futures
import signal
import socket
import struct
import time

import images
import pytest

BREED, BATCH = "/api/petshop/identify-breed", "/api/petshop/batch-identify"
MULTIPART = {"Content-Type": "multipart/form-data; boundary=bb"}


@pytest.fixture(scope="module")
def photo():
    return images.jpeg(images.photo())


@pytest.fixture(autouse=True)
def still_healthy(request):
    yield
    if "server" in request.fixturenames:
        assert request.getfixturevalue("server").healthy()


def error(answer, status):
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"success", "error"} and body["success"] is False
    assert body["error"] and "\n" not in body["error"] and "/work" not in body["error"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*" and answer.headers["X-Request-Id"]
    return body["error"]


def part(head, body=b""):
    return b"--bb\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + body + b"\r\n"


def raw(server, data, half_close=False):
    """Bytes sent as they are; the whole answer."""
    with socket.create_connection((server.host, server.port), timeout=60) as s:
        s.sendall(data)
        if half_close:
            s.shutdown(socket.SHUT_WR)
        out = b""
        while chunk := s.recv(65536):
            out += chunk
            if b"\r\n\r\n" in out:
                head, _, body = out.partition(b"\r\n\r\n")
                length = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
                if length and len(body) >= length[0]:
                    break
        return out


# ---- forms ----

@pytest.mark.parametrize("body,want", [
    (part(b'name="other"; filename="a.jpg"', b"x") + b"--bb--\r\n", "No image file provided"),
    (part(b'name="image"', b"x") + b"--bb--\r\n", "No image file provided"),
    (b"--bb--\r\n", "No image file provided"),
    (part(b'name="image"; filename=""', b"x") + b"--bb--\r\n", "No file selected"),
    (part(b'name="image"; filename="a.jpg"') + b"--bb--\r\n", "No file selected"),
    (part(b'name="image"; filename="a.gif"', b"x") + b"--bb--\r\n", "Invalid file type. Allowed: jpg, jpeg, png, webp"),
    (part(b'name="image"; filename="jpg"', b"x") + b"--bb--\r\n", "Invalid file type. Allowed: jpg, jpeg, png, webp"),
    (part(b'name="image"; filename="a.jpg.exe"', b"x") + b"--bb--\r\n", "Invalid file type. Allowed: jpg, jpeg, png, webp"),
    (part(b'name="image"; filename="a.jpg"', b"plain text"), "Malformed form data"),
    (part(b'name="image"; filename="a.jpg"', b"x") + part(b'name="top_k"', b"1" * 300) + b"--bb--\r\n", "top_k must be at most 256 bytes"),
])
def test_forms(server, body, want):
    assert error(server.post(BREED, data=body, headers=MULTIPART), 400) == want


@pytest.mark.parametrize("top_k", ["0", "-1", "51", "x", " ", "", "1e3", str(2 ** 64), str(2 ** 64 + 5), "5 ", "+5", "0x5", "5.0", "٥"])
def test_top_k(server, photo, top_k):
    assert error(server.post(BREED, photo, data={"top_k": top_k}), 400) == "top_k must be an integer from 1 to 50"


def test_top_k_with_a_nul(server, photo):
    body = part(b'name="image"; filename="a.jpg"', photo) + part(b'name="top_k"', b"5\x00x") + b"--bb--\r\n"
    assert error(server.post(BREED, data=body, headers=MULTIPART), 400) == "top_k must be an integer from 1 to 50"


def test_backup_word(server, photo):
    assert error(server.post(BREED, photo, data={"upload_to_cloudinary": "maybe"}), 400) == "upload_to_cloudinary must be true or false"


@pytest.mark.parametrize("kind", [None, "application/json", "application/x-www-form-urlencoded", "multipart/mixed; boundary=bb", "multipart/form-datax; boundary=bb"])
def test_not_a_form(server, kind):
    assert error(server.post(BREED, data=b"{}", headers={"Content-Type": kind} if kind else {}), 415) == "The body must be multipart/form-data"


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=b", "; boundary=" + "b" * 71, '; boundary="' + "b" * 200 + '"'])
def test_boundaries(server, boundary):
    want = "Malformed form data: the boundary must be 2 to 70 characters"
    assert error(server.post(BREED, data=b"x", headers={"Content-Type": "multipart/form-data" + boundary}), 400) == want


def test_the_longest_boundary(server, photo):
    b = b"b" * 70
    body = b"--" + b + b'\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n' + photo + b"\r\n--" + b + b"--\r\n"
    assert server.post(BREED, data=body, headers={"Content-Type": "multipart/form-data; boundary=" + b.decode()}).status_code == 200


# ---- photos ----

PHOTOS = {"jpeg": lambda: images.jpeg(images.photo()), "progressive": lambda: images.jpeg(images.photo(), progressive=True),
          "png": lambda: images.png(images.photo(200, 150))[0], "interlaced": lambda: images.png(images.photo(200, 150), interlaced=True)[0],
          "webp": lambda: images.webp(images.photo()), "lossless": lambda: images.webp(images.photo(200, 150), lossless=True)}


@pytest.mark.parametrize("kind", PHOTOS)
def test_truncated(server, kind):
    data = PHOTOS[kind]()
    assert server.post(BREED, data).status_code == 200
    for cut in images.truncations(data):
        assert error(server.post(BREED, cut), 400).startswith("Invalid image file: "), len(cut)


@pytest.mark.parametrize("data", [b"plain text", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x04\0\0\0WEBP", b"GIF89a" + b"\0" * 50,
                                  b"\xff\xd8\xff\xe0" + b"\0" * 1000, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\0" * 5000])
def test_no_photo(server, data):
    assert error(server.post(BREED, data), 400).startswith("Invalid image file: ")


def test_a_png_that_declares_gigabytes(server):
    before = server.rss_kb()
    bomb = images.png_bomb()
    assert len(bomb) < 50_000
    assert "60000x60000" in error(server.post(BREED, bomb), 413)
    assert server.rss_kb() - before < 20_000


@pytest.mark.parametrize("size", [(0, 0), (0, 10), (10, 0)])
def test_a_png_without_pixels(server, size):
    assert error(server.post(BREED, images.png_bomb(*size, size=100)), 400).startswith("Invalid image file: ")


def test_a_jpeg_that_declares_more_than_it_has(server, photo):
    at = photo.index(b"\xff\xc0") + 5
    for height, width, status in ((65000, 65000, 413), (0, 500, 400), (375, 0, 400), (3750, 500, 400)):
        changed = photo[:at] + struct.pack(">HH", height, width) + photo[at + 4:]
        error(server.post(BREED, changed), status)


def test_a_webp_that_declares_more_than_it_has(server):
    data = bytearray(images.webp(images.photo(200, 150), exif=images.exif(1)))  # with a VP8X header
    data[24:30] = b"\xff\xff\xff\xff\xff\xff"
    error(server.post(BREED, bytes(data)), 400)


# ---- sizes ----

def test_eleven_megabytes(server):
    assert error(server.post(BREED, b"\xff\xd8\xff" + b"\0" * (11 << 20)), 413) == "Image is too large: at most 10 MB"


def test_eleven_megabytes_of_a_client_that_asks_first(server):
    head = (f"POST {BREED} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=bb\r\n"
            f"Content-Length: {11 << 20}\r\nExpect: 100-continue\r\n\r\n").encode()
    answer = raw(server, head)
    assert answer.startswith(b"HTTP/1.1 413") and b"Connection: close" in answer


def test_eleven_megabytes_in_chunks(server):
    def body():
        yield part(b'name="image"; filename="a.jpg"')[:-2]
        for _ in range(11):
            yield b"\0" * (1 << 20)
        yield b"\r\n--bb--\r\n"
    assert error(server.post(BREED, data=body(), headers=MULTIPART), 413) == "Image is too large: at most 10 MB"


def test_a_chunked_photo(server, photo):
    def body():
        whole = part(b'name="image"; filename="a.jpg"', photo) + b"--bb--\r\n"
        for i in range(0, len(whole), 1000):
            yield whole[i:i + 1000]
    assert server.post(BREED, data=body(), headers=MULTIPART).status_code == 200


def test_too_large_in_a_batch_fails_alone(server, photo):
    files = [("images", ("big.jpg", b"\xff\xd8\xff" + b"\0" * (10 << 20))), ("images", ("a.jpg", photo))]
    results = server.post(BATCH, files=files).json()["data"]["results"]
    assert results[0] == {"success": False, "filename": "big.jpg", "error": "Image is too large: at most 10 MB"}
    assert results[1]["success"] is True


def test_all_uploads_together_are_bounded(start):
    server = start(MAX_INFLIGHT_MB=1)
    answer = server.post(BREED, b"\xff\xd8\xff" + b"\0" * (2 << 20))
    assert error(answer, 503) == "Server is busy, try again" and answer.headers["Retry-After"] == "1"
    assert server.post(BREED, images.jpeg(images.photo())).status_code == 200


def test_large_headers(server):
    answer = server.get("/health", headers={"X-Large": "x" * 20_000})
    assert error(answer, 431) == "Request headers are too large"


# ---- slowness, floods, goodbyes ----

def test_a_body_that_never_comes(start):
    server = start(BODY_TIMEOUT_S=1)
    head = f"POST {BREED} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=bb\r\nContent-Length: 1000\r\n\r\n".encode()
    answer = raw(server, head)
    assert answer.startswith(b"HTTP/1.1 408") and answer.endswith(b'{"success":false,"error":"The upload took too long"}')
    assert server.healthy()


def test_a_body_that_drips(start):
    server = start(BODY_TIMEOUT_S=1)
    head = f"POST {BREED} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=bb\r\nContent-Length: 1000\r\n\r\n".encode()
    with socket.create_connection((server.host, server.port), timeout=60) as s:
        s.sendall(head)
        s.settimeout(0.05)
        answer, until = b"", time.monotonic() + 30
        while time.monotonic() < until and not answer:
            s.sendall(b"x")
            try:
                answer = s.recv(65536)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408")
    assert server.healthy()


def test_rate_limit(start, photo):
    server = start(RATE_LIMIT_PER_MINUTE=3)
    assert [server.post(BREED, photo).status_code for _ in range(3)] == [200, 200, 200]
    answer = server.post(BREED, photo)
    assert error(answer, 429) == "Too many requests, try again later"
    assert 1 <= int(answer.headers["Retry-After"]) <= 20
    assert server.healthy()


def test_a_full_queue(start):
    server = start(QUEUE_SIZE=1, WORKERS=1)
    big = images.png(images.photo(2500, 2000))[0]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: server.post(BREED, big, "a.png"), range(24)))
    codes = [a.status_code for a in answers]
    assert set(codes) == {200, 503}
    for a in answers:
        if a.status_code == 503:
            assert error(a, 503) == "Server is busy, try again" and a.headers["Retry-After"] == "1"
    assert server.post(BREED, images.jpeg(images.photo())).status_code == 200


def test_clients_that_go_away(server, photo):
    body = part(b'name="image"; filename="a.jpg"', photo) + b"--bb--\r\n"
    head = f"POST {BREED} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=bb\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    for upto in (10, len(head), len(head) + 100, len(head) + len(body) // 2, len(head) + len(body)):
        for _ in range(5):
            with socket.create_connection((server.host, server.port), timeout=60) as s:
                s.sendall((head + body)[:upto])
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST
    assert server.post(BREED, photo).status_code == 200


def test_a_half_closed_client_still_gets_its_answer(server, photo):
    body = part(b'name="image"; filename="a.jpg"', photo) + b"--bb--\r\n"
    head = f"POST {BREED} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=bb\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    assert raw(server, head + body).startswith(b"HTTP/1.1 200")


GARBAGE = {"nuls": b"\0" * 100, "no-version": b"GET\r\n\r\n", "odd-version": b"GET / HTTP/9.9\r\n\r\n",
           "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200}


def test_no_http_at_all(start):
    """Dropped, at the latest when the connection has been idle for long enough."""
    server = start(IDLE_TIMEOUT_S=1)
    for garbage in GARBAGE.values():
        with socket.create_connection((server.host, server.port), timeout=60) as s:
            s.sendall(garbage)
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
    assert server.healthy()


def test_memory_comes_back(server, photo):
    def storm():
        for data in (*images.truncations(photo), images.png_bomb(), b"no image", photo, b"\xff\xd8\xff" + b"\0" * (9 << 20)):
            server.post(BREED, data)
    storm()
    before = server.rss_kb()
    for _ in range(10):
        storm()
    assert server.rss_kb() - before < 30_000


def test_draining_finishes_what_was_begun(start, photo):
    server = start(WORKERS=1)
    body = part(b'name="image"; filename="a.jpg"', photo) + b"--bb--\r\n"
    head = f"POST {BREED} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=bb\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    begun = [socket.create_connection((server.host, server.port), timeout=60) for _ in range(3)]
    for s in begun:
        s.sendall(head + body[:200])
    late = socket.create_connection((server.host, server.port), timeout=60)
    late.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert late.recv(65536).startswith(b"HTTP/1.1 200")
    until = time.monotonic() + 30
    server.process.send_signal(signal.SIGTERM)
    while "event=drain " not in server.log():
        assert time.monotonic() < until
    late.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = late.recv(65536)
    assert answer.startswith(b"HTTP/1.1 503") and b"Retry-After: 1" in answer and b"Connection: close" in answer
    for s in begun:
        s.sendall(body[200:])
        assert s.recv(65536).startswith(b"HTTP/1.1 200")
        s.close()
    late.close()
    assert server.process.wait(30) == 0


def test_a_second_signal_stops_at_once(start):
    server = start(DRAIN_TIMEOUT_S=600)
    s = socket.create_connection((server.host, server.port), timeout=60)
    s.sendall(f"POST {BREED} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=bb\r\nContent-Length: 1000\r\n\r\n--bb".encode())
    assert server.healthy()
    server.process.send_signal(signal.SIGTERM)
    until = time.monotonic() + 30
    while "event=drain " not in server.log():
        assert time.monotonic() < until
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 0
    s.close()


def test_nothing_of_the_photo_is_logged(server, photo):
    server.post(BREED, photo, "my-secret-name.jpg")
    server.post(BREED, b"no image", "my-secret-name.jpg")
    server.get("/x?y=\"quoted\"\n")
    log = server.log()
    assert "my-secret-name" not in log
    assert all(line.startswith(("id=", "t=")) for line in log.splitlines())
