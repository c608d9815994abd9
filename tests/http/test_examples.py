# SPDX-License-Identifier: Apache-2.0
"""docs/API.md: its examples are run as they stand, only with this server's address; its tables are held to the server's own description."""
import functools
import http.server
import json
import re
import shutil
import subprocess
import sys
import threading

import conftest
import images
import pytest

PAGE = (conftest.ROOT / "docs" / "API.md").read_text()
ADDRESS = "http://localhost:5001"
BREED = "/api/petshop/identify-breed"
LIMIT_S = 120


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the examples are run: with a real photo when there is one."""
    where = tmp_path_factory.mktemp("examples")
    pugs = sorted((conftest.PETS / "val" / "pug").glob("*"))
    (where / "photo.jpg").write_bytes(pugs[0].read_bytes() if pugs else images.jpeg(images.photo()))
    return where


@pytest.fixture(scope="module")
def wanted(server, folder):
    data = server.post(BREED, (folder / "photo.jpg").read_bytes()).json()["data"]
    return f"{data['primary_breed']} ({data['primary_species']}), {100 * data['confidence']:.0f} %\n"


def run(folder, *command):
    assert shutil.which(str(command[0])), f"{command[0]} is not here: tools/setup.sh test installs it"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write(folder, server, name, language):
    (text,) = blocks(language)
    assert ADDRESS in text
    (folder / name).write_text(text.replace(ADDRESS, server.url))
    return folder / name


def test_curl(server, folder, wanted):
    assert run(folder, "sh", "-ec", blocks("sh")[0].replace(ADDRESS, server.url)) == wanted


def test_curl_to_every_endpoint(server, folder):
    lines = blocks("sh")[1].splitlines()
    assert {line.rsplit(ADDRESS, 1)[1] for line in lines} | {"/", "/openapi.json", BREED} == set(server.get("/openapi.json").json()["paths"])
    for line in lines:
        assert json.loads(run(folder, "sh", "-ec", line.replace(ADDRESS, server.url)))["success"] is True


def test_browser(server, folder, wanted):
    """On a page of another origin, as a shop's is."""
    write(folder, server, "example.html", "html")
    shop = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    try:
        out = run(conftest.ROOT / "tests" / "browser", "node", "example.mjs", f"http://127.0.0.1:{shop.server_port}/example.html", str(folder / "photo.jpg"))
    finally:
        shop.shutdown()
        shop.server_close()
    assert out == wanted


def test_node(server, folder, wanted):
    assert run(folder, "node", write(folder, server, "example.mjs", "js")) == wanted


def test_python(server, folder, wanted):
    assert run(folder, sys.executable, write(folder, server, "example.py", "python")) == wanted


def test_php(server, folder, wanted):
    assert run(folder, "php", write(folder, server, "example.php", "php")) == wanted


def test_c(server, folder, wanted):
    source = write(folder, server, "example.c", "c")
    run(folder, "cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", source, "-o", "example", "-lcurl", "-ljansson")
    assert run(folder, folder / "example") == wanted


@pytest.mark.parametrize("language,name,command", [("js", "example.mjs", "node"), ("python", "example.py", sys.executable), ("php", "example.php", "php")])
def test_an_error_is_told_in_its_own_words(server, folder, tmp_path, language, name, command):
    (tmp_path / "photo.jpg").write_bytes(b"no photo")
    done = subprocess.run([command, write(tmp_path, server, name, language)], cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_S)
    assert "Invalid image file: not a JPEG, PNG or WebP image" in done.stdout + done.stderr


def test_the_json_example_is_as_described(server):
    (example,) = blocks("json")
    assert json.loads(example) == server.get("/openapi.json").json()["components"]["schemas"]["BreedResult"]["example"]


def test_every_endpoint_and_error_is_on_the_page(server):
    description = server.get("/openapi.json").json()
    for path, item in description["paths"].items():
        ((method, operation),) = item.items()
        assert f"`{method.upper()} {path}`" in PAGE
        for name in operation.get("requestBody", {}).get("content", {}).get("multipart/form-data", {}).get("schema", {}).get("properties", {}):
            assert f"`{name}`" in PAGE
        for status, answer in operation["responses"].items():
            for example in answer["content"]["application/json"].get("examples", {}).values():
                assert f"| {status} | `{example['value']['error']}` |" in PAGE
    for name in description["components"]["headers"]:
        assert f"`{name}`" in PAGE


def test_links_on_the_page():
    headings = {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", PAGE, re.M)}
    for link in re.findall(r"\]\(#([^)]+)\)", PAGE):
        assert link in headings
