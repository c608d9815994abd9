# SPDX-License-Identifier: Apache-2.0
"""The Dockerfile, read as a linter would; `make test-docker` runs its steps."""
import json
import re
import subprocess

import conftest
import pytest

DEPLOY = conftest.ROOT / "deploy"


def instructions():
    """(word, rest) of each, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.M)
    return [tuple(line.split(None, 1)) for line in re.sub(r"\\\n\s*", "", text).splitlines() if line.strip()]


def test_stages():
    froms = [rest for word, rest in instructions() if word == "FROM"]
    assert froms == ["debian:12-slim AS build", "debian:12-slim"]


def test_what_a_linter_asks():
    for word, rest in instructions():
        assert word in ("FROM", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "ENV", "HEALTHCHECK", "ENTRYPOINT", "CMD"), word
        if word == "WORKDIR":
            assert rest.startswith("/")
        if word in ("ENTRYPOINT", "CMD"):
            assert all(isinstance(part, str) for part in json.loads(rest))
        if word == "RUN" and "apt-get install" in rest:
            assert "apt-get update && apt-get install -y --no-install-recommends" in rest and rest.endswith("rm -rf /var/lib/apt/lists/*")
        assert not re.search(r"\b(sudo|chmod 777|curl|wget|latest)\b|(?i:secret|password)", rest)


def test_it_runs_as_nobody_of_rank_and_tells_its_health():
    last = {word: rest for word, rest in instructions()}
    assert last["USER"] == "breedlens" and last["ENTRYPOINT"] == '["breedlens"]'
    health = json.loads(last["HEALTHCHECK"].split("CMD", 1)[1])
    assert health[:2] == ["bash", "-c"]


@pytest.mark.parametrize("healthy", [True, False])
def test_the_health_check(server, healthy):
    """As it stands in the Dockerfile, by this machine's bash."""
    command = json.loads({word: rest for word, rest in instructions()}["HEALTHCHECK"].split("CMD", 1)[1])
    port = server.port if healthy else 1
    done = subprocess.run(command, env={"PATH": "/usr/bin:/bin", "PORT": str(port)}, capture_output=True, timeout=30)
    assert (done.returncode == 0) == healthy, done.stderr


def test_nothing_needless_is_sent_to_the_builder():
    ignored = (conftest.ROOT / ".dockerignore").read_text().split()
    assert {".git", ".env", ".deps", "build*"} <= set(ignored)


def test_the_compose_file():
    text = (DEPLOY / "compose.yaml").read_text()
    for line in ("dockerfile: deploy/Dockerfile", "read_only: true", "cap_drop: [ALL]", "no-new-privileges:true", "restart: unless-stopped"):
        assert line in text
    assert "\t" not in text


def test_the_procfile():
    assert (DEPLOY / "Procfile").read_text() == "web: breedlens serve\n"
