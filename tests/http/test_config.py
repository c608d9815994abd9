# SPDX-License-Identifier: Apache-2.0
"""Settings: where they come from, what is refused and how, and the documents that list them."""
import os

import conftest
import pytest

BAD = [("PORT", "x"), ("PORT", "65536"), ("PORT", "-1"), ("PORT", ""), ("PORT", " 80"), ("FLASK_PORT", "80x"), ("CONFIDENCE_THRESHOLD", "1.5"),
       ("CONFIDENCE_THRESHOLD", "nan"), ("CONFIDENCE_THRESHOLD", "-0.1"), ("MAX_IMAGE_SIZE", "0"), ("MAX_IMAGE_SIZE", "1e3"),
       ("MAX_UPLOAD_MB", "0"), ("WORKERS", "257"), ("LOG_LEVEL", "loud"), ("MODEL_TYPE", "slow"), ("SAVE_IMAGES_TO_DISK", "maybe"), ("FLASK_HOST", ""),
       ("CORS_ORIGINS", "x" * 300), ("QUEUE_SIZE", str(2 ** 64))]


def show(cwd, *flags, **settings):
    done = conftest.run("serve", "--print-config", *flags, cwd=cwd, **settings)
    assert done.returncode == 0, done.stderr.decode()
    return dict(line.split("=", 1) for line in done.stdout.decode().splitlines())


@pytest.mark.parametrize("name,value", BAD)
def test_bad_values(tmp_path, name, value):
    done = conftest.run("serve", cwd=tmp_path, **{name: value})
    text = done.stderr.decode()
    assert done.returncode == 2 and done.stdout == b""
    assert text.count("\n") == 1 and text.startswith(f"breedlens: {name}=") and value[:50] in text and ": " in text


def test_bad_extension_list(tmp_path):
    done = conftest.run("serve", cwd=tmp_path, ALLOWED_EXTENSIONS="jpg,exe")
    assert done.returncode == 2 and b"ALLOWED_EXTENSIONS" in done.stderr




def test_order(tmp_path):
    assert show(tmp_path)["PORT"] == "5001"
    (tmp_path / ".env").write_text("PORT=1\nWORKERS=7\n")
    assert show(tmp_path)["PORT"] == "1"
    assert show(tmp_path, PORT="2")["PORT"] == "2"
    assert show(tmp_path, "--port", "3", PORT="2")["PORT"] == "3"
    assert show(tmp_path, "--port=4", PORT="2")["PORT"] == "4"
    assert show(tmp_path, PORT="2")["WORKERS"] == "7"


def test_port_wins_over_flask_port(tmp_path):
    assert show(tmp_path, FLASK_PORT="1")["PORT"] == "1"
    assert show(tmp_path, FLASK_PORT="1", PORT="2")["PORT"] == "2"


def test_env_file_forms(tmp_path):
    (tmp_path / ".env").write_bytes(b"# a comment\r\n\r\nexport FLASK_HOST=127.0.0.1\r\nUPLOAD_DIR = \"a \\\"b\\\" # c\" # comment\r\n"
                                    b"CORS_ORIGINS='https://a.example' \r\nLOG_LEVEL=warn # loud\r\nCLOUDINARY_FOLDER=a#b\r\nUNKNOWN_NAME=1\r\nWORKERS=3")
    config = show(tmp_path)
    assert config["FLASK_HOST"] == "127.0.0.1" and config["UPLOAD_DIR"] == 'a "b" # c' and config["CORS_ORIGINS"] == "https://a.example"
    assert config["LOG_LEVEL"] == "warn" and config["CLOUDINARY_FOLDER"] == "a#b" and config["WORKERS"] == "3"


@pytest.mark.parametrize("line", ["nonsense", "=1", "1A=2", "A B=1", 'A="open', "A='x' y", "A=" + "x" * 2000])
def test_bad_env_lines_are_named(tmp_path, line):
    (tmp_path / ".env").write_text("# first\n" + line + "\n")
    done = conftest.run("serve", "--print-config", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.decode() == "breedlens: .env line 2: must be NAME=value\n"


def test_an_env_file_that_is_a_directory(tmp_path):
    (tmp_path / ".env").mkdir()
    done = conftest.run("serve", "--print-config", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.startswith(b"breedlens: .env: must be a file")


def test_an_env_file_of_a_gigabyte(tmp_path):
    with open(tmp_path / ".env", "wb") as f:
        f.truncate(1 << 30)
    done = conftest.run("serve", "--print-config", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr == b"breedlens: .env: must be a file of at most 64 kB\n"


@pytest.mark.skipif(os.getuid() == 0, reason="ROOT may read every file: that an unreadable .env is refused is not shown")
def test_an_env_file_that_cannot_be_read(tmp_path):
    (tmp_path / ".env").touch(0)
    done = conftest.run("serve", "--print-config", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr == b"breedlens: .env: Permission denied\n"


def test_secrets_are_never_shown(tmp_path):
    settings = {"CLOUDINARY_API_SECRET": "made-up-secret", "CLOUDINARY_API_KEY": "made-up-key"}
    config = show(tmp_path, **settings)
    assert config["CLOUDINARY_API_SECRET"] == config["CLOUDINARY_API_KEY"] == "(set)"
    assert show(tmp_path)["CLOUDINARY_API_SECRET"] == "(not set)"
    done = conftest.run("serve", cwd=tmp_path, CLOUDINARY_API_SECRET="made-up-secret" * 40)
    assert done.returncode == 2 and b"made-up-secret" not in done.stderr + done.stdout and b"CLOUDINARY_API_SECRET" in done.stderr


def test_no_flag_for_secrets(tmp_path):
    assert conftest.run("serve", "--cloudinary-api-secret", "x", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("kind,path", [("md", "docs/CONFIG.md"), ("env", ".env.example")])
def test_documents_are_of_this_program(tmp_path, kind, path):
    """docs/CONFIG.md and .env.example are printed by the program: `make docs` writes them anew."""
    assert conftest.run("serve", "--print-docs", kind, cwd=tmp_path).stdout.decode() == (conftest.ROOT / path).read_text()


def test_help_names_every_setting(tmp_path):
    text = conftest.run("serve", "--help").stdout.decode()
    for name in show(tmp_path):
        assert name in text


def test_a_port_in_use(server, tmp_path):
    done = conftest.run("serve", cwd=tmp_path, FLASK_HOST="127.0.0.1", PORT=str(server.port))
    assert done.returncode == 1 and done.stderr.decode() == f"breedlens: cannot listen on 127.0.0.1 port {server.port}: is it in use?\n"


def test_a_host_that_is_none(tmp_path):
    done = conftest.run("serve", cwd=tmp_path, FLASK_HOST="not a host")
    assert done.returncode == 1 and done.stderr.startswith(b"breedlens: FLASK_HOST=not a host: ")


def test_the_ready_line(start):
    line = start().ready
    assert line.startswith("ready http://127.0.0.1:") and " workers=" in line and " model=" in line and " version=" in line
