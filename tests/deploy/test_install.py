# SPDX-License-Identifier: Apache-2.0
"""`make install`: what is installed works from any place, and a C program finds the library by pkg-config."""
import json
import os
import shlex
import shutil
import subprocess

import conftest
import images
import pytest


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """Installed below a DESTDIR, then moved elsewhere."""
    top = tmp_path_factory.mktemp("install")
    subprocess.run(["cmake", "--install", conftest.BUILD, "--prefix", "/opt/pets"], env={**os.environ, "DESTDIR": str(top)}, check=True, stdout=subprocess.DEVNULL)
    prefix = top / "somewhere else"
    (top / "opt" / "pets").rename(prefix)
    yield prefix
    shutil.rmtree(top)


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    path.write_bytes(images.jpeg(images.photo()))
    return path


def run(*args, **more):
    return subprocess.run(args, capture_output=True, text=True, timeout=120, **{"env": conftest.clean_env(), **more})


def test_the_program_from_another_place(moved, photo):
    done = run(moved / "bin" / "breedlens", "identify", "--json", photo)
    assert done.returncode == 0 and json.loads(done.stdout)["success"], done.stderr
    linked = run("ldd", moved / "bin" / "breedlens").stdout
    assert str(moved) in linked and "not found" not in linked and str(conftest.ROOT) not in linked


def test_the_server_from_another_place(moved, photo, monkeypatch, tmp_path):
    monkeypatch.setattr(conftest, "BINARY", moved / "bin" / "breedlens")
    server = conftest.Server(tmp_path)
    try:
        assert server.post("/api/petshop/identify-breed", photo.read_bytes()).json()["success"]
    finally:
        server.stop()


def test_what_is_installed(moved):
    for name in ("share/man/man1/breedlens.1", "share/man/man3/breedlens.3", "share/man/man5/breedlens.env.5", "share/bash-completion/completions/breedlens",
                 "share/zsh/site-functions/_breedlens", "share/fish/vendor_completions.d/breedlens.fish", "share/doc/breedlens/examples/identify.c",
                 "share/doc/breedlens/LICENSE", "lib/systemd/system/breedlens.service", "lib/sysusers.d/breedlens.conf", "include/breedlens.h"):
        assert (moved / name).is_file(), name


def test_the_unit(moved, tmp_path):
    text = (moved / "lib/systemd/system/breedlens.service").read_text()
    assert "\nExecStart=/opt/pets/bin/breedlens serve\n" in text and "@" not in text.replace("@system-service", "").replace("~@privileged @setuid @keyring", "")
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here")
    unit = tmp_path / "breedlens.service"
    unit.write_text(text.replace("ExecStart=/opt/pets/bin/breedlens", f'ExecStart="{moved}/bin/breedlens"'))
    done = run("systemd-analyze", "--man=no", "verify", unit)
    assert done.returncode == 0, done.stderr
    # systemd's own judgement, 0 (locked in) to 10 (in the open).
    level = run("systemd-analyze", "security", "--offline=true", "--threshold=20", unit)
    assert level.returncode == 0, level.stdout[-500:]


@pytest.mark.parametrize("kind", ["shared", "static"])
def test_a_program_of_ones_own(moved, photo, tmp_path, kind):
    if b"sanitizer" in conftest.run("--version").stdout:
        pytest.skip("a sanitizer's library wants the sanitizer's flags")
    env = {**conftest.clean_env(), "PKG_CONFIG_PATH": str(moved / "lib" / "pkgconfig")}

    def config(*args):
        return shlex.split(run("pkg-config", *args, "breedlens", env=env).stdout)

    assert config("--modversion") == conftest.run("--version").stdout.decode().split()[1:2]
    if kind == "shared":
        flags = [*config("--cflags", "--libs"), f"-Wl,-rpath,{moved}/lib"]
    else:
        libs = config("--static", "--libs")
        libs[libs.index("-lbreedlens")] = "-l:libbreedlens.a"
        flags = [*config("--cflags"), *libs, f"-Wl,-rpath,{moved}/lib/breedlens"]
    source = moved / "share/doc/breedlens/examples/identify.c"
    done = run("cc", "-O1", "-Wall", "-Werror", source, "-o", tmp_path / "identify", *flags, env=env)
    assert done.returncode == 0, done.stderr
    linked = run("ldd", tmp_path / "identify").stdout
    assert ("libbreedlens.so" in linked) == (kind == "shared") and "not found" not in linked
    # The static library lies nowhere, so it has to be told where the model is.
    done = run(tmp_path / "identify", photo, *[moved / "share/breedlens/model/accurate"] * (kind == "static"))
    assert done.returncode == 0 and json.loads(done.stdout.splitlines()[1])["success"], done.stderr

