# SPDX-License-Identifier: Apache-2.0
"""The Python package: what it takes, what it answers, threads, errors."""
import dataclasses
import datetime
import io
import pathlib
import threading
import time

import breedlens
import numpy as np
import pytest
from PIL import Image


def same(a, b):
    """The same answer, whenever and however fast."""
    return a.best == b.best and (a.width, a.height) == (b.width, b.height)


def test_it_is_the_installed_one():
    assert "site-packages" in breedlens.__file__ and (pathlib.Path(breedlens.__file__).parent / "py.typed").exists()


def test_a_result(lens, jpeg):
    r = lens.identify(jpeg, threshold=0)
    assert (r.format, r.width, r.height) == ("jpeg", 400, 300) and len(r.best) == 5
    assert 0 <= r.confidence <= 1 and 0 <= r.species_confidence <= 1 and 0 < r.decode_s < r.total_s
    assert abs((datetime.datetime.now(datetime.timezone.utc) - r.finished).total_seconds()) < 60
    assert r.model == lens.name and r.model_version == lens.version
    assert r.to_dict()["success"] is True and r.to_dict()["primary_breed"] == r.breed
    assert dataclasses.asdict(r)["best"][0]["breed"] == r.best[0].breed
    with pytest.raises(dataclasses.FrozenInstanceError):
        r.breed = "Cat"


def test_every_way_to_give_bytes(lens, jpeg, tmp_path):
    path = tmp_path / "a photo é.jpg"
    path.write_bytes(jpeg)
    expected = lens.identify(jpeg)
    with open(path, "rb") as file:
        ways = [bytearray(jpeg), memoryview(jpeg), str(path), path, file, io.BytesIO(jpeg), np.frombuffer(jpeg, np.uint8), memoryview(b"".join(bytes([c, 0]) for c in jpeg))[::2]]
        for way in ways:
            assert same(lens.identify(way), expected), type(way)


def test_pixels_are_the_same_as_their_png(lens, pixels, png):
    expected = lens.identify(png)
    gray = np.asarray(Image.fromarray(pixels).convert("L"))
    opaque = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    for way in (pixels, np.asfortranarray(pixels), opaque, Image.fromarray(pixels), Image.fromarray(opaque)):
        assert same(lens.identify(way), expected)
    assert same(lens.identify(gray), lens.identify(gray[..., None])) and same(lens.identify(gray), lens.identify(np.dstack([gray] * 3)))


def test_a_pil_image_is_turned_upright(lens, pixels):
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = io.BytesIO()
    Image.fromarray(pixels).transpose(Image.ROTATE_90).save(stored, "PNG", exif=exif)
    upright = lens.identify(Image.open(io.BytesIO(stored.getvalue())))
    assert same(upright, lens.identify(stored.getvalue())) and same(upright, lens.identify(pixels))


def test_other_pil_modes(lens, pixels):
    image = Image.fromarray(pixels)
    for mode in ("1", "L", "P", "CMYK", "YCbCr", "LA", "RGBA", "I;16"):
        lens.identify(Image.new("I;16", (50, 40)) if mode == "I;16" else image.convert("RGB").convert(mode) if mode != "LA" else image.convert("L").convert("LA"))


def test_pixels_may_be_more_than_max_bytes(lens):
    r = lens.identify(np.zeros((3000, 4000, 3), np.uint8))
    assert (r.width, r.height) == (4000, 3000)


@pytest.mark.parametrize("array", [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 2), np.uint8), np.zeros((1, 4, 4, 3), np.uint8)])
def test_arrays_that_are_no_photos(lens, array):
    with pytest.raises(TypeError):
        lens.identify(array)


@pytest.mark.parametrize("photo,status", [(b"", "empty"), (b"no image", "unknown-format"), (b"\xff\xd8\xff\xe0" + b"\0" * 50, "corrupt"), (b"\0" * (11 << 20), "too-large")])
def test_bad_photos(lens, photo, status):
    with pytest.raises(breedlens.PhotoError) as caught:
        lens.identify(photo)
    assert caught.value.status == status and isinstance(caught.value, ValueError) and "\n" not in str(caught.value)


def test_bad_arguments(lens, jpeg, tmp_path):
    with pytest.raises(FileNotFoundError):
        lens.identify(tmp_path / "missing.jpg")
    with pytest.raises(breedlens.Error):
        lens.identify(jpeg, top_k=51)
    with pytest.raises(breedlens.Error):
        lens.identify(jpeg, threshold=2)
    with pytest.raises(TypeError):
        lens.identify(5)
    with pytest.raises(breedlens.Error) as caught:
        breedlens.open(tmp_path)
    assert caught.value.status == "unreadable"
    with pytest.raises(breedlens.Error):
        breedlens.open(type="../x")


def test_options(lens, jpeg):
    assert len(lens.identify(jpeg, threshold=0, top_k=3, species="dogs").predictions) in (0, 3)
    assert all(p.species == "Dog" for p in lens.identify(jpeg, threshold=0, species="dog").predictions)


def test_labels(lens):
    labels = lens.labels
    assert len(labels) > 20 and {"Dog", "Cat"} <= {label.species for label in labels}


def test_many_threads(lens, jpeg, png):
    expected, answers, failures = [lens.identify(jpeg), lens.identify(png)], [], []

    def work(n):
        for i in range(6):
            photo = (jpeg, png)[(n + i) % 2]
            if not same(lens.identify(photo), expected[(n + i) % 2]):
                failures.append(n)
        answers.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(answers) == 12 and not failures


def test_the_gil_is_released(lens):
    """Another thread counts on while a photo that takes long is identified."""
    big = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (5000, 5000, 3), np.uint8)).save(big, "PNG", compress_level=1)
    data, ticks, stop = big.getvalue(), [], threading.Event()
    with breedlens.open(max_bytes=200 << 20) as slow:
        slow.identify(data)

        def count():
            while not stop.is_set():
                ticks.append(time.perf_counter())
                time.sleep(0.001)

        counter = threading.Thread(target=count)
        counter.start()
        begun = time.perf_counter()
        slow.identify(data)
        ended = time.perf_counter()
        stop.set()
        counter.join()
    assert sum(begun < t < ended for t in ticks) > (ended - begun) * 50  # 20 ms apart at the most, where the GIL would allow none


def test_many_in_order_and_bad_ones_in_their_place(lens, jpeg, tmp_path):
    photos = [jpeg, b"no image", tmp_path / "missing.jpg", *[jpeg] * 40]
    answers = list(lens.identify_many(iter(photos)))
    assert [type(a).__name__ for a in answers[:3]] == ["Result", "PhotoError", "FileNotFoundError"]
    assert len(answers) == 43 and all(same(a, answers[0]) for a in answers[3:])
    some = lens.identify_many([jpeg] * 1000)  # left early
    next(some)
    some.close()


def test_closing(jpeg):
    lens = breedlens.open(workers=1)
    lens.identify(jpeg)
    lens.close()
    lens.close()
    with pytest.raises(breedlens.Error):
        lens.identify(jpeg)
    for _ in range(3):  # nothing is left behind by those that nobody closes
        breedlens.open(workers=1).identify(jpeg)


def test_closing_while_busy(jpeg):
    lens = breedlens.open(workers=2)
    ended = []

    def work():
        try:
            while True:
                lens.identify(jpeg)
        except breedlens.Error as error:
            ended.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    time.sleep(0.3)
    lens.close()
    for t in threads:
        t.join(30)
    assert ended == ["the model is closed"] * 4
