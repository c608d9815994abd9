# SPDX-License-Identifier: Apache-2.0
"""What the C pipeline feeds the network, held against Pillow doing the same from the whole photo."""
import io
import json
import subprocess

import conftest
import images
import numpy as np
import pytest
from PIL import Image, ImageOps

TENSOR = conftest.BUILD / "tests" / "tensor"
MOST = 2.0  # of 255, mean absolute difference


def over_white(image):
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def reference(image, model):
    """The pipeline in Pillow: the centre square of the upright photo, bicubic to the network's side."""
    size, crop = model["input"]["size"], model["input"]["crop"]
    width, height = image.size
    side = crop * min(width, height)
    box = ((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)
    return np.asarray(image.resize((size, size), Image.BICUBIC, box=box)).astype(np.float32)


def upright(data):
    return over_white(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))


def tensor(data, model, tmp_path):
    path = tmp_path / "photo"
    path.write_bytes(data)
    done = subprocess.run([TENSOR, conftest.MODEL, path], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    size = model["input"]["size"]
    return np.frombuffer(done.stdout, np.uint8).reshape(size, size, 3).astype(np.float32)


def check(data, shown, model, tmp_path, most=MOST):
    difference = np.abs(tensor(data, model, tmp_path) - reference(shown, model)).mean()
    assert difference <= most, f"mean absolute difference {difference:.2f}/255"


SIZES = {"small": (120, 90), "web": (500, 375), "portrait": (600, 1000), "panorama": (3000, 300), "large": (1800, 1350)}
FORMATS = {
    "jpeg": images.jpeg,
    "png": lambda image, orientation: images.png(image, orientation=orientation)[0],
    "png-exif-after": lambda image, orientation: images.png(image, orientation=orientation, exif_after=True)[0],
    "webp": images.webp,
    "webp-lossless": lambda image, orientation: images.webp(image, orientation, lossless=True, quality=20),
}


@pytest.mark.parametrize("orientation", images.ORIENTATIONS)
@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_and_orientation(kind, orientation, model_json, tmp_path):
    image = images.photo(640, 480, seed=orientation)
    data = FORMATS[kind](images.oriented(image, orientation), orientation)
    seen = tensor(data, model_json, tmp_path)
    assert np.abs(seen - reference(upright(data), model_json)).mean() <= MOST
    assert np.abs(seen - reference(image, model_json)).mean() <= MOST + 1  # upright as the viewer sees it; 1 for lossy coding


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_every_size(kind, size, model_json, tmp_path):
    data = FORMATS[kind](images.photo(*SIZES[size]), None)
    check(data, upright(data), model_json, tmp_path)


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_twelve_megapixels(kind, model_json, tmp_path):
    data = FORMATS[kind](images.photo(4000, 3000), None)
    check(data, upright(data), model_json, tmp_path)


JPEGS = {
    "progressive": lambda i: images.jpeg(i, progressive=True),
    "gray": lambda i: images.jpeg(i.convert("L")),
    "cmyk": lambda i: images.jpeg(i.convert("CMYK")),
    "ycck": images.jpeg_ycck,
    "444": lambda i: images.jpeg(i, subsampling=0),
    "422": lambda i: images.jpeg(i, subsampling=1),
    "420": lambda i: images.jpeg(i, subsampling=2),
    "restarts": lambda i: images.jpeg(i, restart_marker_rows=1),
    "optimized": lambda i: images.jpeg(i, optimize=True),
}


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("size", [(501, 377), (1203, 907)])
def test_jpeg_kinds(kind, size, model_json, tmp_path):
    data = JPEGS[kind](images.photo(*size))
    check(data, upright(data), model_json, tmp_path)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (2, 3), (17, 33)])
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp-lossless"])
def test_tiny(kind, size, model_json, tmp_path):
    data = FORMATS[kind](images.photo(*size), None)
    check(data, upright(data), model_json, tmp_path)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("color,depth", [(c, d) for c in images.CHANNELS for d in images.DEPTHS[c]])
def test_png_kinds(color, depth, interlaced, model_json, tmp_path):
    data, shown = images.png(images.photo(301, 223), color, depth, interlaced)
    check(data, shown, model_json, tmp_path, 1.0)


@pytest.mark.parametrize("interlaced", [False, True])
def test_png_palette_transparency(interlaced, model_json, tmp_path):
    data, shown = images.png(images.photo(300, 300), images.PNG_PALETTE, 8, interlaced, transparent=True)
    check(data, shown, model_json, tmp_path, 1.0)


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("size", [(400, 300), (1400, 1100)])
def test_webp_alpha(lossless, size, model_json, tmp_path):
    image = images.photo(*size).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(size))
    data = images.webp(image, lossless=lossless)
    check(data, upright(data), model_json, tmp_path)


def test_webp_animation_shows_its_first_frame(model_json, tmp_path):
    frames = [images.photo(400, 300, seed=s) for s in (1, 2, 3)]
    data = images.webp(frames[0], lossless=True, save_all=True, append_images=frames[1:], duration=100)
    check(data, frames[0], model_json, tmp_path)


def test_webp_animation_with_a_smaller_first_frame(model_json, tmp_path):
    """A frame at an offset leaves the rest of the canvas free: white."""
    frame = images.photo(120, 100)
    lossless = images.webp(frame, lossless=True)
    at = lossless.index(b"VP8L")
    image_chunk = lossless[at:at + 8 + int.from_bytes(lossless[at + 4:at + 8], "little")]
    image_chunk += b"\0" * (len(image_chunk) % 2)

    def chunk(name, body):
        return name + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)

    def u24(value):
        return value.to_bytes(3, "little")

    canvas, place = (300, 260), (60, 40)
    body = (b"WEBP" + chunk(b"VP8X", bytes([0x12, 0, 0, 0]) + u24(canvas[0] - 1) + u24(canvas[1] - 1)) +
            chunk(b"ANIM", b"\0" * 6) +
            chunk(b"ANMF", u24(place[0] // 2) + u24(place[1] // 2) + u24(119) + u24(99) + u24(100) + b"\0" + image_chunk))
    shown = Image.new("RGB", canvas, "white")
    shown.paste(frame, place)
    check(b"RIFF" + len(body).to_bytes(4, "little") + body, shown, model_json, tmp_path)


def test_same_answer_in_every_format(pets, tmp_path):
    """Real photos: re-encoded in each format and orientation the answer is the same."""
    photos = [next(iter(sorted((pets / "val" / label).iterdir()))) for label in ("pug", "golden_retriever", "sphynx", "object")]
    for path in photos:
        image = Image.open(path).convert("RGB")
        files = [path]
        for kind, encode in FORMATS.items():
            for orientation in (1, 3, 6):
                files.append(tmp_path / f"{path.parent.name}-{kind}-{orientation}")
                files[-1].write_bytes(encode(images.oriented(image, orientation), orientation))
        done = conftest.run("identify", "--json", *files)
        assert done.returncode == 0, done.stderr.decode()
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert {a["primary_breed"] for a in answers} == {answers[0]["primary_breed"]}, path.parent.name
