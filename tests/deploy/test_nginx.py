# SPDX-License-Identifier: Apache-2.0
"""deploy/nginx.conf as it is, but for ports, names and paths, in front of the server, with a certificate made here."""
import os
import re
import shutil
import socket
import ssl
import subprocess
import time

import conftest
import images
import pytest
import requests

NGINX = shutil.which("nginx") or str(conftest.ROOT / ".deps" / "nginx" / "usr" / "sbin" / "nginx")
AROUND = """
daemon off;
master_process off;
pid {top}/pid;
error_log {top}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {top}/body;
    proxy_temp_path {top}/proxy;
    fastcgi_temp_path {top}/fastcgi;
    uwsgi_temp_path {top}/uwsgi;
    scgi_temp_path {top}/scgi;
    {ours}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Nginx:
    def __init__(self, top, upstream):
        self.top, self.plain, self.tls, self.cert = top, free_port(), free_port(), top / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", top / "key.pem", "-out", self.cert], check=True, capture_output=True)
        ours = (conftest.ROOT / "deploy" / "nginx.conf").read_text()
        for old, new in ((r".*listen \[::\].*\n", ""), (r"listen 80;", f"listen 127.0.0.1:{self.plain};"), (r"listen 443 ", f"listen 127.0.0.1:{self.tls} "),
                         (r"127\.0\.0\.1:5001", f"127.0.0.1:{upstream}"), (r"/etc/ssl/certs/\S+;", f"{self.cert};"), (r"/etc/ssl/private/\S+;", f"{top}/key.pem;")):
            ours, count = re.subn(old, new, ours)
            assert count, old
        (top / "nginx.conf").write_text(AROUND.format(top=top, ours=ours))
        check = subprocess.run([NGINX, "-t", "-q", "-p", top, "-c", top / "nginx.conf"], capture_output=True, text=True)
        assert check.returncode == 0 and check.stderr == "", check.stderr
        self.process = subprocess.Popen([NGINX, "-p", top, "-c", top / "nginx.conf"], stderr=subprocess.DEVNULL)
        self.url = f"https://localhost:{self.tls}"
        self.http = requests.Session()
        self.http.verify, self.http.trust_env = str(self.cert), False
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.tls), 1).close()
                break
            except OSError:
                time.sleep(0.05)

    def stop(self):
        self.http.close()
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def photo():
    return images.jpeg(images.photo())


@pytest.fixture(scope="module")
def nginx(server, tmp_path_factory):
    if not os.access(NGINX, os.X_OK):
        pytest.skip("no nginx here")
    running = Nginx(tmp_path_factory.mktemp("nginx"), server.port)
    yield running
    running.stop()


def test_plain_http_is_sent_to_tls(nginx):
    answer = requests.get(f"http://127.0.0.1:{nginx.plain}/health?x=1", allow_redirects=False, timeout=30)
    assert answer.status_code == 308 and answer.headers["Location"] == "https://127.0.0.1/health?x=1"


def test_a_photo_through_tls(nginx, server, photo):
    answer = nginx.http.post(nginx.url + "/api/petshop/identify-breed", files={"image": ("a.jpg", photo)}, headers={"X-Request-Id": "from-the-client.1"}, timeout=60)
    assert answer.status_code == 200 and answer.json()["data"]["success"]
    assert answer.headers["X-Request-Id"] == answer.json()["data"]["request_id"] == "from-the-client.1"
    assert "max-age" in answer.headers["Strict-Transport-Security"] and answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "id=from-the-client.1 " in server.log()


def test_an_unsound_request_id_is_replaced(nginx, server):
    answer = nginx.http.get(nginx.url + "/health", headers={"X-Request-Id": "a b\tc"}, timeout=60)
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"]) and f"id={answer.headers['X-Request-Id']} " in server.log()


def test_many_photos_and_keep_alive(nginx, photo):
    for _ in range(3):
        answer = nginx.http.post(nginx.url + "/api/petshop/batch-identify", files=[("images", (f"{i}.jpg", photo)) for i in range(8)], timeout=60)
        assert answer.status_code == 200 and answer.json()["data"]["total_processed"] == 8


def test_errors_pass_as_they_are(nginx, photo):
    for path, files, status in (("/nowhere", None, 404), ("/api/petshop/identify-breed", {"image": ("a.jpg", b"no image")}, 400),
                                ("/api/petshop/identify-breed", {"image": ("a.jpg", photo + b"\0" * (11 << 20))}, 413)):
        answer = nginx.http.post(nginx.url + path, files=files, timeout=60) if files else nginx.http.get(nginx.url + path, timeout=60)
        assert answer.status_code == status and answer.json()["success"] is False


def test_a_body_over_the_limit_is_refused_before_it_comes(nginx):
    with socket.create_connection(("127.0.0.1", nginx.tls), 30) as raw:
        with ssl.create_default_context(cafile=nginx.cert).wrap_socket(raw, server_hostname="localhost") as s:
            s.sendall(b"POST /api/petshop/batch-identify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 400000000\r\n\r\n")
            assert s.recv(100).startswith(b"HTTP/1.1 413 ")


def test_http2_and_no_old_tls(nginx):
    context = ssl.create_default_context(cafile=nginx.cert)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(("127.0.0.1", nginx.tls), 30) as raw, context.wrap_socket(raw, server_hostname="localhost") as s:
        assert s.selected_alpn_protocol() == "h2" and s.version() == "TLSv1.3"
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{nginx.tls}", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode != 0


def test_nothing_of_a_photo_comes_to_its_disk(nginx):
    assert [f for d in ("body", "proxy") for _, _, names in os.walk(nginx.top / d) for f in names] == []


def test_the_server_is_down(tmp_path_factory):
    if not os.access(NGINX, os.X_OK):
        pytest.skip("no nginx here")
    alone = Nginx(tmp_path_factory.mktemp("alone"), free_port())
    try:
        assert alone.http.get(alone.url + "/health", timeout=60).status_code == 502
    finally:
        alone.stop()
