# SPDX-License-Identifier: Apache-2.0
"""The Cloudinary backup, against a peer that checks signatures with the official SDK and can misbehave."""
import concurrent.futures
import io
import signal
import socket
import time

import conftest
import fake_cloudinary
import images
import pytest
from fake_cloudinary import CLOUD, KEY, NEVER_SHOWN, SECRET
from PIL import Image

BREED = "/api/petshop/identify-breed"
WANTED = {"upload_to_cloudinary": "true"}


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return fake_cloudinary.make_certificates(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def fake(certificates):
    one = fake_cloudinary.FakeCloudinary(certificates[1])
    yield one
    one.stop()


def settings(fake, certificates, **more):
    return {"CLOUDINARY_CLOUD_NAME": CLOUD, "CLOUDINARY_API_KEY": KEY, "CLOUDINARY_API_SECRET": SECRET,
            "CLOUDINARY_BASE_URL": fake.url, "CLOUDINARY_CA_FILE": certificates[0], **more}


@pytest.fixture
def backed(start, fake, certificates):
    def begin(**more):
        return start(**settings(fake, certificates, **more))
    return begin


@pytest.fixture(scope="module")
def photo():
    return images.jpeg(images.photo())


@pytest.fixture(autouse=True)
def nothing_leaks(tmp_path):
    yield
    for log in tmp_path.glob("server*/log"):
        text = log.read_text()
        assert SECRET not in text and KEY not in text and NEVER_SHOWN not in text and "signature" not in text


def ask(server, photo, **more):
    answer = server.post(BREED, photo, data={**WANTED, **more})
    assert answer.status_code == 200 and NEVER_SHOWN not in answer.text and SECRET not in answer.text
    data = answer.json()["data"]
    assert ("cloudinary_url" in data) != ("cloudinary_error" in data) and data["success"] is True and data["primary_breed"]
    return data


# ---- when all is well ----

def test_a_signed_upload(backed, fake, photo):
    data = ask(backed(CONFIDENCE_THRESHOLD=0.01), photo)
    assert data["cloudinary_url"] == f"https://res.cloudinary.example/{CLOUD}/ai-ml/identified-pets/photo0.jpg"
    sent, = fake.requests
    assert sent["path"] == f"/v1_1/{CLOUD}/image/upload"
    assert set(sent["fields"]) == {"api_key", "timestamp", "folder", "upload_preset", "context", "signature"}
    assert sent["fields"]["folder"] == "ai-ml/identified-pets" and sent["fields"]["upload_preset"] == "ai_identified_pets"
    context = dict(pair.split("=") for pair in sent["fields"]["context"].split("|"))
    assert context == {"breed": data["primary_breed"], "species": data["primary_species"], "confidence": f"{data['confidence']:.4f}", "model": data["model"]}
    assert sent["filename"] == "photo.jpeg"


def test_signed_by_sha256_with_odd_names(backed, fake, photo):
    server = backed(CLOUDINARY_SHA256="true", CLOUDINARY_FOLDER="pets & more=1|x/ä", CLOUDINARY_UPLOAD_PRESET="")
    assert "cloudinary_url" in ask(server, photo)
    assert fake.requests[0]["fields"]["signature_algorithm"] == "sha256" and len(fake.requests[0]["fields"]["signature"]) == 64
    assert fake.requests[0]["fields"]["folder"] == "pets & more=1|x/ä" and "upload_preset" not in fake.requests[0]["fields"]


def test_nothing_is_sent_unasked(backed, fake, photo):
    server = backed()
    assert "cloudinary_url" not in server.post(BREED, photo).json()["data"]
    assert server.post(BREED, b"no photo", data=WANTED).status_code == 400
    assert server.post("/api/adoption/identify", photo, data=WANTED).status_code == 200
    assert fake.requests == []


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_what_is_sent_is_the_upright_picture_and_no_more(backed, fake, kind, orientation):
    upright = images.photo(640, 400)
    block = Image.Exif()
    block[0x0112], block[0x010f] = orientation, "secret camera"
    block.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
    stored = images.oriented(upright, orientation)
    options = {"jpeg": {"format": "JPEG", "quality": 95, "comment": b"a comment", "icc_profile": b"profile" * 30},
               "webp": {"format": "WEBP", "quality": 95, "xmp": b"<x:xmpmeta/>"}, "png": {"format": "PNG"}}[kind]
    data = io.BytesIO()
    stored.save(data, exif=block.tobytes(), **options)
    assert "cloudinary_url" in ask(backed(), data.getvalue())
    sent = fake.requests[0]["file"]
    assert sent.startswith(b"\xff\xd8\xff\xe0") and not any(word in sent for word in (b"Exif", b"secret camera", b"a comment", b"profile", b"xmp", b"http"))
    got = Image.open(io.BytesIO(sent))
    assert got.format == "JPEG" and got.size == upright.size and not got.getexif()
    a, b = (im.convert("RGB").resize((64, 40)).tobytes() for im in (got, upright))
    assert sum(abs(x - y) for x, y in zip(a, b)) / len(a) < 3


def test_large_photos_are_sent_within_the_bound(backed, fake):
    server = backed(MAX_IMAGE_SIZE=300)
    for data in (images.jpeg(images.photo(1600, 1000)), images.png(images.photo(1600, 1000))[0], images.png(images.photo(1600, 1000), interlaced=True)[0], images.webp(images.photo(1600, 1000))):
        assert "cloudinary_url" in ask(server, data)
    want = images.photo(1600, 1000).resize((300, 188)).tobytes()
    for sent in fake.requests:
        got = Image.open(io.BytesIO(sent["file"]))
        assert got.size == (300, 188)
        assert sum(abs(x - y) for x, y in zip(got.tobytes(), want)) / len(want) < 4


def test_the_original_when_metadata_is_kept(backed, fake, photo):
    assert "cloudinary_url" in ask(backed(CLOUDINARY_KEEP_METADATA="true"), photo)
    assert fake.requests[0]["file"] == photo


def test_many_at_once(backed, fake):
    server = backed(CLOUDINARY_MAX_INFLIGHT=3)
    fake.tell("slow")
    fake.delay = 0.2
    small = images.jpeg(images.photo(100, 80))
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        urls = {d["cloudinary_url"] for d in pool.map(lambda _: ask(server, small), range(12))}
    assert len(urls) == 12 == len(fake.kept)
    times = sorted(r["at"] for r in fake.requests)
    assert times[-1] - times[0] > 0.5  # four rounds of three


# ---- when it is not ----

@pytest.mark.parametrize("mode,tries,text", [
    ("400", 1, "Cloudinary refused the request"), ("401", 1, "Cloudinary refused the credentials"), ("420", 1, "Cloudinary's limit of requests is reached"),
    ("429", 3, "Cloudinary's limit of requests is reached"), ("500", 3, "Cloudinary failed"), ("garbage", 1, "Cloudinary's answer could not be read"),
    ("odd", 1, "Cloudinary's answer could not be read"), ("evil", 1, "Cloudinary's answer could not be read"), ("huge", 1, "Cloudinary's answer could not be read"),
    ("drop", 3, "Cloudinary could not be reached"), ("hang", 3, "Cloudinary did not answer in time"), ("slow", 3, "Cloudinary did not answer in time")])
def test_failures_cost_only_the_backup(backed, fake, photo, mode, tries, text):
    server = backed(CLOUDINARY_TIMEOUT_MS=400)
    fake.tell(mode)
    fake.delay = 2
    assert ask(server, photo)["cloudinary_error"] == text
    assert len(fake.requests) == tries
    gaps = [b["at"] - a["at"] for a, b in zip(fake.requests, fake.requests[1:])]
    assert all(gap > 0.1 for gap in gaps)
    fake.tell("ok")
    assert "cloudinary_url" in ask(server, photo)


@pytest.mark.parametrize("modes", ["500 ok", "drop ok", "reset ok", "hang ok", "429 503 ok"])
def test_what_may_come_right_is_tried_again(backed, fake, photo, modes):
    fake.tell(modes)
    assert "cloudinary_url" in ask(backed(CLOUDINARY_TIMEOUT_MS=1000), photo)


def test_retry_after_is_honoured(backed, fake, photo):
    fake.tell("429 ok")
    fake.retry_after = 2
    assert "cloudinary_url" in ask(backed(), photo)
    assert fake.requests[1]["at"] - fake.requests[0]["at"] >= 1.9


def test_a_retry_after_that_is_too_long_is_honoured_by_all(backed, fake, photo):
    server = backed()
    fake.tell("429 ok")
    fake.retry_after = 600
    assert ask(server, photo)["cloudinary_error"] == "Cloudinary's limit of requests is reached"
    assert ask(server, photo)["cloudinary_error"] == "Cloudinary is not available at present"
    assert len(fake.requests) == 1


def test_the_circuit_breaker(backed, fake, photo):
    server = backed(CLOUDINARY_PAUSE_S=4)
    fake.tell("500")
    assert ask(server, photo)["cloudinary_error"] == "Cloudinary failed"
    assert ask(server, photo)["cloudinary_error"] == "Cloudinary failed"  # the fifth failure in a row
    begun = time.monotonic()
    for _ in range(5):
        assert ask(server, photo)["cloudinary_error"] == "Cloudinary is not available at present"
    assert time.monotonic() - begun < 3.5 and len(fake.requests) == 5
    time.sleep(max(0, 4.1 - (time.monotonic() - begun)))
    assert ask(server, photo)["cloudinary_error"] == "Cloudinary failed" and len(fake.requests) == 6  # one probe, and shut again
    time.sleep(4.1)
    fake.tell("ok")
    assert "cloudinary_url" in ask(server, photo) and "cloudinary_url" in ask(server, photo)


def test_wrong_secret(start, fake, certificates, photo):
    server = start(**settings(fake, certificates, CLOUDINARY_API_SECRET="another"))
    assert ask(server, photo)["cloudinary_error"] == "Cloudinary refused the credentials"


def test_nobody_there(start, fake, certificates, photo):
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    server = start(**settings(fake, certificates, CLOUDINARY_BASE_URL=f"https://127.0.0.1:{port}"))
    assert ask(server, photo)["cloudinary_error"] == "Cloudinary could not be reached"


def test_plain_http_to_this_machine(start, certificates, photo):
    fake = fake_cloudinary.FakeCloudinary()
    server = start(**settings(fake, certificates, CLOUDINARY_CA_FILE=""))
    assert "cloudinary_url" in ask(server, photo)
    fake.stop()


def test_a_certificate_of_an_unknown_ca(start, fake, certificates, photo):
    server = start(**settings(fake, certificates, CLOUDINARY_CA_FILE=""))
    assert ask(server, photo)["cloudinary_error"] == "Cloudinary's certificate is not to be trusted"
    assert fake.requests == []


@pytest.mark.parametrize("how", [{"names": "DNS:other.example"}, {"start": ("20200101000000Z", "20200201000000Z")}])
def test_wrong_and_expired_certificates(start, tmp_path, photo, how):
    (tmp_path / "ca").mkdir()
    made = fake_cloudinary.make_certificates(tmp_path / "ca", **how)
    fake = fake_cloudinary.FakeCloudinary(made[1])
    server = start(**settings(fake, made))
    assert ask(server, photo)["cloudinary_error"] == "Cloudinary's certificate is not to be trusted"
    assert fake.requests == []
    fake.stop()


def test_the_worker_is_free_while_cloudinary_hangs(backed, fake, photo):
    server = backed(WORKERS=1, CLOUDINARY_TIMEOUT_MS=60000)
    fake.tell("hang")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(ask, server, photo) for _ in range(4)]
        while len(fake.requests) < 4:
            time.sleep(0.02)
        for _ in range(5):
            assert server.post(BREED, photo).status_code == 200
        assert not any(w.done() for w in waiting)
        fake.ending.set()  # the connections end; tried again, all is well
        fake.tell("ok")
        assert all("cloudinary_url" in w.result() for w in waiting)


def test_draining_gives_up_in_time(backed, fake, photo):
    server = backed(DRAIN_TIMEOUT_S=4, CLOUDINARY_TIMEOUT_MS=60000)
    fake.tell("hang")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, server, photo)
        while not fake.requests:
            time.sleep(0.02)
        begun = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0 and time.monotonic() - begun < 4 + conftest.STOP_S / 20
        assert waiting.result()["cloudinary_error"] == "the backup was broken off"


def test_stopping_at_once(backed, fake, photo):
    server = backed(DRAIN_TIMEOUT_S=600, CLOUDINARY_TIMEOUT_MS=60000)
    fake.tell("hang")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(server.post, BREED, photo, data=WANTED)
        while not fake.requests:
            time.sleep(0.02)
        server.process.send_signal(signal.SIGTERM)
        while "event=drain " not in server.log():
            time.sleep(0.02)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
        waiting.exception()


def test_memory_comes_back(backed, fake, photo):
    server = backed(CLOUDINARY_TIMEOUT_MS=300, CLOUDINARY_PAUSE_S=1)
    fake.tell(" ".join(("ok", "500", "garbage", "401", "drop") * 3))

    def storm():
        for _ in range(20):
            ask(server, photo)
    storm()
    before = server.rss_kb()
    fake.tell("ok")
    for _ in range(4):
        storm()
    assert server.rss_kb() - before < 30_000


# ---- settings ----

def refused(tmp_path, **settings):
    done = conftest.run("serve", cwd=tmp_path, **{"PORT": 0, **settings})
    text = done.stderr.decode()
    assert done.returncode == 2 and done.stdout == b"" and text.count("\n") == 1 and text.startswith("breedlens: ") and SECRET not in text
    return text


WHOLE = {"CLOUDINARY_CLOUD_NAME": CLOUD, "CLOUDINARY_API_KEY": KEY, "CLOUDINARY_API_SECRET": SECRET}


@pytest.mark.parametrize("missing", WHOLE)
def test_half_a_configuration(tmp_path, missing):
    assert refused(tmp_path, **{k: v for k, v in WHOLE.items() if k != missing}).endswith(f"missing: {missing}\n")


def test_a_third_of_a_configuration(tmp_path):
    assert refused(tmp_path, CLOUDINARY_API_KEY=KEY).endswith("missing: CLOUDINARY_CLOUD_NAME CLOUDINARY_API_SECRET\n")


@pytest.mark.parametrize("name,value", [
    ("CLOUDINARY_CLOUD_NAME", "a/b"), ("CLOUDINARY_CLOUD_NAME", "a b"), ("CLOUDINARY_CLOUD_NAME", "a?b"), ("CLOUDINARY_CLOUD_NAME", ".."),
    ("CLOUDINARY_API_KEY", "1 2"), ("CLOUDINARY_API_SECRET", "a\nb"), ("CLOUDINARY_API_SECRET", "a b"), ("CLOUDINARY_FOLDER", "a\nb"),
    ("CLOUDINARY_BASE_URL", "http://api.cloudinary.com"), ("CLOUDINARY_BASE_URL", "http://127.0.0.1.example.com"), ("CLOUDINARY_BASE_URL", "http://localhost.example"),
    ("CLOUDINARY_BASE_URL", "ftp://127.0.0.1"), ("CLOUDINARY_BASE_URL", "api.cloudinary.com"), ("CLOUDINARY_BASE_URL", "https://"),
    ("CLOUDINARY_BASE_URL", "https:///x"), ("CLOUDINARY_BASE_URL", "https://user@host"), ("CLOUDINARY_BASE_URL", "https://host:99999"),
    ("CLOUDINARY_BASE_URL", "https://host?x"), ("CLOUDINARY_BASE_URL", "https://[::1"), ("CLOUDINARY_BASE_URL", "http://127.0.0.1@evil.example"),
    ("CLOUDINARY_CA_FILE", "/no/such/file"), ("CLOUDINARY_TIMEOUT_MS", "0"), ("CLOUDINARY_MAX_INFLIGHT", "0")])
def test_wrong_settings(tmp_path, name, value):
    assert refused(tmp_path, **{**WHOLE, name: value}).startswith(f"breedlens: {name}")


def test_secrets_from_files(start, fake, certificates, tmp_path, photo):
    (tmp_path / "secret").write_text(SECRET + "\r\n")
    (tmp_path / "key").write_text(KEY + "\n")
    more = settings(fake, certificates, CLOUDINARY_API_SECRET_FILE=tmp_path / "secret", CLOUDINARY_API_KEY_FILE=tmp_path / "key")
    del more["CLOUDINARY_API_SECRET"], more["CLOUDINARY_API_KEY"]
    assert "cloudinary_url" in ask(start(**more), photo)
    shown = conftest.run("serve", "--print-config", cwd=tmp_path, **more)
    assert shown.returncode == 0 and SECRET.encode() not in shown.stdout + shown.stderr


@pytest.mark.parametrize("make", [None, lambda f: f.mkdir(), lambda f: f.write_text(""), lambda f: f.write_text("\n"), lambda f: f.write_text("a\nb"),
                                  lambda f: f.write_text("x" * 300), lambda f: f.write_bytes(b"a\0b")])
def test_wrong_secret_files(tmp_path, make):
    if make:
        make(tmp_path / "secret")
    text = refused(tmp_path, CLOUDINARY_CLOUD_NAME=CLOUD, CLOUDINARY_API_KEY=KEY, CLOUDINARY_API_SECRET_FILE=tmp_path / "secret")
    assert text.startswith("breedlens: CLOUDINARY_API_SECRET")


def test_a_secret_given_twice(tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    assert "both given" in refused(tmp_path, **WHOLE, CLOUDINARY_API_SECRET_FILE=tmp_path / "secret")
