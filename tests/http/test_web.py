# SPDX-License-Identifier: Apache-2.0
"""The files of web/ as the server hands them out: to whom, and with which headers."""
import hashlib
import re

import conftest
import pytest

WEB = conftest.ROOT / "web"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
          "form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
FILES = {"/app": ("index.html", "text/html; charset=utf-8"), "/docs": ("docs.html", "text/html; charset=utf-8"),
         "/app.js": ("app.js", "text/javascript; charset=utf-8"), "/docs.js": ("docs.js", "text/javascript; charset=utf-8"),
         "/words.js": ("words.js", "text/javascript; charset=utf-8"), "/text.en.js": ("text.en.js", "text/javascript; charset=utf-8"),
         "/style.css": ("style.css", "text/css; charset=utf-8"), "/icon.svg": ("icon.svg", "image/svg+xml")}


@pytest.mark.parametrize("path", FILES)
def test_files(server, path):
    name, kind = FILES[path]
    answer = server.get(path)
    assert answer.status_code == 200 and answer.content == (WEB / name).read_bytes()
    assert answer.headers["Content-Type"] == kind and answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["Cache-Control"] == "no-cache" and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer" and answer.headers["X-Request-Id"]
    assert answer.headers["ETag"] == '"' + hashlib.sha256(answer.content).hexdigest()[:16] + '"'


@pytest.mark.parametrize("path", FILES)
def test_files_are_sent_once(server, path):
    etag = server.get(path).headers["ETag"]
    for given in (etag, "W/" + etag, '"other", ' + etag):
        again = server.get(path, headers={"If-None-Match": given})
        assert again.status_code == 304 and again.content == b"" and again.headers["ETag"] == etag
    assert server.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_head_of_a_page(server):
    answer = server.http.head(server.url + "/app")
    assert answer.status_code == 200 and answer.content == b"" and int(answer.headers["Content-Length"]) == (WEB / "index.html").stat().st_size


@pytest.mark.parametrize("accept,html", [
    (BROWSER, True), ("text/html", True), ("TEXT/HTML", True), ("text/*", True), ("text/html;q=0.9, application/json;q=0.8", True),
    ("application/json;q=0, */*", True), ("text/html;level=1", True), (None, False), ("", False), ("*/*", False), ("application/json", False),
    ("application/json, text/plain, */*", False), ("text/html, application/json", False), ("text/html;q=0.5, application/json", False),
    ("text/html; q=0", False), ("text/htmlx", False), ("text/html;q=x", False), (",;,q=1", False),
])
def test_who_gets_the_page_at_the_root(server, accept, html):
    answer = server.get("/", headers={"Accept": accept})
    assert answer.status_code == 200 and answer.headers["Vary"] == "Accept"
    assert (answer.headers["Content-Type"] == "text/html; charset=utf-8") == html
    assert ("endpoints" in answer.text) == (not html)


def test_vary_with_listed_origins(start):
    server = start(CORS_ORIGINS="https://a.example")
    assert set(re.split(", *", server.get("/", headers={"Accept": BROWSER}).headers["Vary"])) == {"Origin", "Accept"}


def test_every_file_of_web_is_served_or_used():
    assert {p.name for p in WEB.iterdir()} == {name for name, _ in FILES.values()} | {"openapi.base.json"}


def test_pages_name_no_other_host():
    for path in WEB.iterdir():
        links = set(re.findall(r"https?://[^\s\"'`]+", path.read_text())) - {"http://www.w3.org/2000/svg"}
        assert not links, (path.name, links)


def test_health_tells_whether_a_backup_is_configured(server, start):
    assert server.get("/health").json()["features"] == {"backup": False}
    configured = start(CLOUDINARY_CLOUD_NAME="made-up", CLOUDINARY_API_KEY="made-up", CLOUDINARY_API_SECRET="made-up")
    assert configured.get("/health").json()["features"] == {"backup": True}
