# SPDX-License-Identifier: Apache-2.0
"""The wire contract: every endpoint, field, text and header that clients rely on."""
import concurrent.futures
import json
import re

import images
import numpy as np
import pytest
import urllib3
from PIL import Image

BREED, SPECIES, SUGGEST = "/api/petshop/identify-breed", "/api/petshop/identify-species", "/api/petshop/breed-suggestions"
ADOPT, BATCH = "/api/adoption/identify", "/api/petshop/batch-identify"
POSTS = [BREED, SPECIES, SUGGEST, ADOPT, BATCH]
STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
ELAPSED = re.compile(r"^\d+\.\d{3}s$")


@pytest.fixture(scope="module")
def photo():
    return images.jpeg(images.photo())


@pytest.fixture(scope="module")
def pug(pets):
    return sorted((pets / "val" / "pug").iterdir())[0].read_bytes()


def check_prediction(p):
    assert set(p) >= {"breed", "species", "confidence", "class_id", "raw_class"}
    assert all(isinstance(p[k], str) and p[k] for k in ("breed", "species", "class_id", "raw_class"))
    assert 0 <= p["confidence"] <= 1


def check_breed_result(data):
    assert data["success"] is True
    for p in data["predictions"]:
        check_prediction(p)
    confidences = [p["confidence"] for p in data["predictions"]]
    assert confidences == sorted(confidences, reverse=True)
    assert ELAPSED.match(data["processing_time"]) and STAMP.match(data["timestamp"])
    assert isinstance(data["model"], str) and isinstance(data["model_version"], str)
    assert "cloudinary_url" not in data
    if data["predictions"]:
        best = data["predictions"][0]
        assert (data["primary_breed"], data["primary_species"], data["confidence"]) == (best["breed"], best["species"], best["confidence"])
    else:
        assert (data["primary_breed"], data["primary_species"], data["confidence"]) == ("Unknown", "Unknown", 0)


def test_index(server):
    body = server.get("/").json()
    assert set(body) == {"success", "message", "version", "model", "endpoints"}
    assert body["success"] is True
    assert body["endpoints"] == {"petshop_breed": BREED, "petshop_species": SPECIES, "adoption_identify": ADOPT, "health": "/health"}


def test_health(server):
    body = server.get("/health").json()
    assert body["success"] is True and body["status"] == "healthy" and STAMP.match(body["timestamp"])
    assert body["services"] == {"petshop_identifier": "ready", "adoption_identifier": "ready"}


def test_breed(server, photo):
    answer = server.post(BREED, photo)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert set(body) == {"success", "data"} and body["success"] is True
    check_breed_result(body["data"])
    assert body["data"]["image"] == {"format": "jpeg", "width": 500, "height": 375}
    assert body["data"]["request_id"] == answer.headers["X-Request-Id"]


def test_breed_of_a_pug(server, pug):
    data = server.post(BREED, pug, "pug.webp").json()["data"]
    check_breed_result(data)
    assert data["primary_breed"] == "Pug" and data["primary_species"] == "Dog" and data["confidence"] > 0.5
    assert data["predictions"][0]["class_id"] == "n02110958" and data["predictions"][0]["raw_class"] == "pug"


def test_explanation(server, photo):
    assert "explanation" not in server.post(BREED, photo).json()["data"]
    for word in ("true", "1"):
        data = server.post(BREED, photo, data={"explain": word}).json()["data"]
        check_breed_result(data)
        e = data["explanation"]
        assert len(e["values"]) == e["width"] * e["height"] > 1
        assert min(e["values"]) >= 0 and max(e["values"]) in (0, 1)
        assert e["box"]["left"] + e["box"]["side"] / 2 == pytest.approx(250) and e["box"]["top"] + e["box"]["side"] / 2 == pytest.approx(187.5)
    assert "explanation" not in server.post(BREED, photo, data={"explain": "false"}).json()["data"]
    answer = server.post(BREED, photo, data={"explain": "perhaps"})
    assert answer.status_code == 400 and answer.json()["error"] == "explain must be true or false"


def test_the_explanation_lies_on_the_pet(server, pets, model_json):
    """Pets pasted at known places onto noise: the middle of the map is on them."""
    rng = np.random.default_rng(1)
    seen = on_it = 0
    for label in ("pug", "siamese", "beagle", "persian", "samoyed", "bengal", "golden_retriever", "chihuahua"):
        for path in sorted((pets / "val" / label).iterdir())[:3]:
            pet = Image.open(path).convert("RGB")
            pet.thumbnail((200, 200))
            canvas = Image.fromarray(rng.integers(0, 255, (500, 600, 3)).astype(np.uint8))
            side = model_json["input"]["crop"] * 500
            x, y = (int(rng.uniform((full - side) / 2, (full + side) / 2 - own)) for full, own in zip(canvas.size, pet.size))
            canvas.paste(pet, (x, y))
            data = server.post(BREED, images.encode(canvas, "PNG"), "a.png", data={"explain": "true"}).json()["data"]
            e = data["explanation"]
            values = np.array(e["values"]).reshape(e["height"], e["width"])
            rows, columns = np.mgrid[0:e["height"], 0:e["width"]] + 0.5
            cx = e["box"]["left"] + (values * columns).sum() / values.sum() * e["box"]["side"] / e["width"]
            cy = e["box"]["top"] + (values * rows).sum() / values.sum() * e["box"]["side"] / e["height"]
            seen += 1
            on_it += x <= cx <= x + pet.width and y <= cy <= y + pet.height
    assert on_it / seen >= 0.85, f"{on_it} of {seen}"


def test_species(server, pug):
    data = server.post(SPECIES, pug, "pug.webp").json()["data"]
    assert set(data) >= {"success", "species", "confidence", "processing_time"}
    assert data["success"] is True and data["species"] == "Dog" and 0.5 < data["confidence"] <= 1
    assert ELAPSED.match(data["processing_time"])


def test_species_is_at_least_as_sure_as_the_breed(server, pug):
    breed = server.post(BREED, pug, "pug.webp").json()["data"]
    assert server.post(SPECIES, pug, "pug.webp").json()["data"]["confidence"] >= breed["confidence"] - 1e-5


@pytest.mark.parametrize("word", ["Dog", "dog", "dogs", "DOGS"])
def test_suggestions_of_a_species(start, pug, word):
    server = start(CONFIDENCE_THRESHOLD=0)
    every = server.post(SUGGEST, pug, "pug.webp").json()["data"]
    check_breed_result(every)
    assert "filtered_by" not in every and len(every["predictions"]) == 10
    some = server.post(SUGGEST, pug, "pug.webp", data={"species": word}).json()["data"]
    check_breed_result(some)
    assert some["filtered_by"] == word and len(some["predictions"]) == 10
    assert {p["species"] for p in some["predictions"]} == {"Dog"}
    dogs = [p for p in every["predictions"] if p["species"] == "Dog"]
    assert all(a["confidence"] >= b["confidence"] - 1e-6 for a, b in zip(some["predictions"], dogs))
    ratio = some["predictions"][0]["confidence"] / dogs[0]["confidence"]
    species = server.post(SPECIES, pug, "pug.webp").json()["data"]["confidence"]
    assert ratio == pytest.approx(1 / species, rel=1e-3)


def test_suggestions_of_a_species_nobody_knows(server, pug):
    answer = server.post(SUGGEST, pug, "pug.webp", data={"species": "Dragon"})
    data = answer.json()["data"]
    assert answer.status_code == 200 and data["predictions"] == [] and data["filtered_by"] == "Dragon"
    assert data["primary_species"] == "Unknown"


def test_adoption_is_not_filtered(start, photo):
    server = start(CONFIDENCE_THRESHOLD=1)
    data = server.post(ADOPT, photo).json()["data"]
    assert set(data) >= {"success", "predictions", "module"} and data["module"] == "adoption" and data["success"] is True
    assert len(data["predictions"]) == 5
    for p in data["predictions"]:
        check_prediction(p)


def test_threshold_one_leaves_unknown(start, pug):
    data = start(CONFIDENCE_THRESHOLD=1).post(BREED, pug, "pug.webp").json()["data"]
    assert data["predictions"] == []
    check_breed_result(data)


def test_threshold_zero_lists_top_k(start, pug):
    server = start(CONFIDENCE_THRESHOLD=0)
    for top_k in (1, 5, 50):
        assert len(server.post(BREED, pug, "pug.webp", data={"top_k": top_k}).json()["data"]["predictions"]) == top_k
    assert len(server.post(BREED, pug, "pug.webp").json()["data"]["predictions"]) == 5


def test_backup_is_not_configured(server, photo):
    for word in ("true", "TRUE", "1"):
        answer = server.post(BREED, photo, data={"upload_to_cloudinary": word})
        assert answer.status_code == 200 and answer.json()["data"]["cloudinary_error"] == "Cloudinary not configured"
    for word in ("false", "0", ""):
        assert "cloudinary_error" not in server.post(BREED, photo, data={"upload_to_cloudinary": word}).json()["data"]


def test_batch(server, photo):
    files = [("images", ("a.jpg", photo)), ("images", ("bad.jpg", b"no image")), ("images", ("b.png", images.png(images.photo())[0])),
             ("images", ("note.txt", photo)), ("images", ("empty.jpg", b""))]
    data = server.post(BATCH, files=files, data={"top_k": 3}).json()["data"]
    assert data["success"] is True and data["total_processed"] == 5
    assert [r["filename"] for r in data["results"]] == ["a.jpg", "bad.jpg", "b.png", "note.txt", "empty.jpg"]
    assert [r["success"] for r in data["results"]] == [True, False, True, False, False]
    for r in data["results"]:
        if r["success"]:
            check_breed_result(r)
        else:
            assert set(r) == {"success", "filename", "error"}
    assert data["results"][1]["error"] == "Invalid image file: not a JPEG, PNG or WebP image"
    assert data["results"][3]["error"] == "Invalid file type. Allowed: jpg, jpeg, png, webp"
    assert data["results"][4]["error"] == "No file selected"


def test_batch_bounds(server, photo):
    def many(n):
        return [("images", (f"{i}.jpg", photo)) for i in range(n)]
    answer = server.post(BATCH, files=many(32))
    assert answer.status_code == 200 and answer.json()["data"]["total_processed"] == 32
    answer = server.post(BATCH, files=many(33))
    assert answer.status_code == 400 and answer.json() == {"success": False, "error": "images must be 1 to 32 files"}
    answer = server.post(BATCH, files=[("other", ("a.jpg", photo))])
    assert answer.status_code == 400 and answer.json()["error"] == "No image file provided"


def test_a_png_named_jpg_is_a_png(server):
    for name, data, kind in (("a.jpg", images.png(images.photo())[0], "png"), ("a.JPEG", images.webp(images.photo()), "webp"),
                             ("a.b.webp", images.jpeg(images.photo()), "jpeg")):
        answer = server.post(BREED, data, name)
        assert answer.status_code == 200 and answer.json()["data"]["image"]["format"] == kind


def test_the_upright_size_is_told(server):
    data = images.jpeg(images.oriented(images.photo(300, 200), 6), 6)
    assert server.post(BREED, data).json()["data"]["image"] == {"format": "jpeg", "width": 300, "height": 200}


def test_fields_before_and_after_the_photo(server, photo):
    def body(*parts):
        return b"".join(b"--bb\r\nContent-Disposition: form-data; " + p + b"\r\n" for p in parts) + b"--bb--\r\n"
    image = b'name="image"; filename="a.jpg"\r\n\r\n' + photo
    field = b'name="top_k"\r\n\r\nx'
    for parts in ((image, field), (field, image)):
        answer = server.post(BREED, data=body(*parts), headers={"Content-Type": "multipart/form-data; boundary=bb"})
        assert answer.status_code == 400 and answer.json()["error"] == "top_k must be an integer from 1 to 50"


def test_the_first_of_two_photos_counts(server, photo):
    answer = server.post(BREED, files=[("image", ("a.jpg", photo)), ("image", ("b.txt", b"no image"))])
    assert answer.status_code == 200


# ---- ids, CORS, methods ----

def test_request_id(server):
    assert server.get("/health", headers={"X-Request-Id": "shop-7.a_B"}).headers["X-Request-Id"] == "shop-7.a_B"
    for bad in ("a b", "x" * 65, "a;b", "<script>"):
        given = server.get("/health", headers={"X-Request-Id": bad}).headers["X-Request-Id"]
        assert re.fullmatch(r"[0-9a-f]{16}", given)
    assert len({server.get("/health").headers["X-Request-Id"] for _ in range(20)}) == 20


@pytest.mark.parametrize("path", ["/", "/nonsense", BREED])
def test_cors_for_everyone(server, path):
    answer = server.get(path, headers={"Origin": "https://shop.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_cors_for_some(start):
    server = start(CORS_ORIGINS="https://a.example, https://b.example")
    for origin, allowed in (("https://a.example", True), ("https://b.example", True), ("https://c.example", False), ("https://a.exampl", False)):
        answer = server.get("/health", headers={"Origin": origin})
        assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
        assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize("path", POSTS)
def test_preflight(server, path):
    answer = server.http.options(server.url + path, headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"})
    assert answer.status_code == 204 and answer.content == b""
    assert answer.headers["Access-Control-Allow-Origin"] == "*" and "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("method,path,allow", [("POST", "/", "GET, HEAD, OPTIONS"), ("DELETE", "/health", "GET, HEAD, OPTIONS"),
                                               *[("GET", p, "POST, OPTIONS") for p in POSTS], ("PUT", BREED, "POST, OPTIONS")])
def test_wrong_method(server, method, path, allow):
    answer = server.http.request(method, server.url + path)
    assert answer.status_code == 405 and answer.json() == {"success": False, "error": "Method not allowed"}
    assert answer.headers["Allow"] == allow


@pytest.mark.parametrize("path", ["/nonsense", "/api", "/api/petshop/identify-breed/", "/health/x", "/%2e%2e/etc/passwd"])
def test_unknown_path(server, path):
    for method in ("GET", "POST", "OPTIONS"):
        answer = server.http.request(method, server.url + path)
        assert answer.status_code == 404 and answer.json() == {"success": False, "error": "Endpoint not found"}


def test_head(server):
    answer = server.http.head(server.url + "/health")
    assert answer.status_code == 200 and answer.content == b"" and int(answer.headers["Content-Length"]) > 0


def test_every_answer_says_that_it_is_not_to_be_kept(server, photo):
    for answer in (server.get("/"), server.get("/nonsense"), server.post(BREED, photo), server.post(BREED)):
        assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Content-Type-Options"] == "nosniff"


def test_one_connection_serves_many_requests(server, photo):
    pool = urllib3.HTTPConnectionPool(server.host, server.port, maxsize=1)
    for image, status in ((photo, 200), (b"no image", 400)) * 5:
        assert pool.request("GET", "/health").status == 200
        assert pool.request("POST", BREED, fields={"image": ("a.jpg", image)}).status == status
    assert pool.num_connections == 1
    pool.close()


def test_concurrent_requests_get_their_own_answers(server):
    photos = [images.jpeg(images.photo(100 + 10 * i, 90, seed=i)) for i in range(8)]

    def ask(i):
        return server.post(BREED, photos[i % 8]).json()["data"]["image"]["width"]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(64))) == [100 + 10 * (i % 8) for i in range(64)]


def test_answers_are_json_whatever_the_file_name(server, photo):
    body = (b'--bb\r\nContent-Disposition: form-data; name="images"; filename="caf\xe9.jpg"\r\n\r\n' + photo + b"\r\n--bb--\r\n")
    answer = server.post(BATCH, data=body, headers={"Content-Type": "multipart/form-data; boundary=bb"})
    assert json.loads(answer.content)["data"]["results"][0]["filename"] == "caf?.jpg"
