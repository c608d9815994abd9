# SPDX-License-Identifier: Apache-2.0
"""Test images, all made here: no photo is kept in the repository."""
import io
import struct
import zlib

import numpy as np
from PIL import Image

ORIENTATIONS = range(1, 9)


def photo(width=500, height=375, seed=1):
    """A picture as photos are: smooth light, soft shapes with edges, a little grain."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    scale = max(width, height)
    out = np.stack([120 + 70 * np.sin(x / scale * 5 + c) * np.cos(y / scale * 4 - c) for c in range(3)], 2)
    for _ in range(12):
        cx, cy, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.04, 0.25) * scale
        edge = np.clip((r - np.hypot(x - cx, (y - cy) * rng.uniform(0.6, 1.6))) / (0.01 * scale + 1), 0, 1)[..., None]
        out = out * (1 - edge) + rng.uniform(20, 235, 3).astype(np.float32) * edge
    out += rng.normal(0, 3, (height, width, 1))
    return Image.fromarray(np.clip(out, 0, 255).astype(np.uint8))


def exif(orientation):
    block = Image.Exif()
    block[0x0112] = orientation
    return block.tobytes()


def encode(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def oriented(image, orientation):
    """The pixels as a camera stores them, so that the viewer sees `image` again."""
    back = {1: None, 2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE,
            6: Image.ROTATE_90, 7: Image.TRANSVERSE, 8: Image.ROTATE_270}[orientation]
    return image if back is None else image.transpose(back)


def jpeg(image, orientation=None, **options):
    options = {"quality": 92, **options}
    if orientation:
        options["exif"] = exif(orientation)
    return encode(image, "JPEG", **options)


def jpeg_ycck(image):
    """Pillow writes CMYK with Adobe's marker; as YCCK the same bytes are a valid file of other colours."""
    data = bytearray(jpeg(image.convert("CMYK")))
    at = data.index(b"Adobe")
    data[at + 11] = 2
    return bytes(data)


def webp(image, orientation=None, **options):
    options = {"quality": 92, **options}
    if orientation:
        options["exif"] = exif(orientation)
    return encode(image, "WEBP", **options)


# ---- PNG, written here: Pillow knows neither Adam7 nor all depths ----

PNG_GRAY, PNG_RGB, PNG_PALETTE, PNG_GRAY_ALPHA, PNG_RGBA = 0, 2, 3, 4, 6
CHANNELS = {PNG_GRAY: 1, PNG_RGB: 3, PNG_PALETTE: 1, PNG_GRAY_ALPHA: 2, PNG_RGBA: 4}
DEPTHS = {PNG_GRAY: (1, 2, 4, 8, 16), PNG_RGB: (8, 16), PNG_PALETTE: (1, 2, 4, 8), PNG_GRAY_ALPHA: (8, 16), PNG_RGBA: (8, 16)}
ADAM7 = ((0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2))


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def pack_rows(samples, depth):
    """[h, w, channels] samples to PNG rows, filter 0."""
    rows = []
    for row in samples.reshape(samples.shape[0], -1):
        if depth == 16:
            packed = row.astype(">u2").tobytes()
        elif depth == 8:
            packed = row.astype(np.uint8).tobytes()
        else:
            bits = ((row[:, None] >> np.arange(depth - 1, -1, -1)) & 1).reshape(-1)
            packed = np.packbits(bits.astype(np.uint8)).tobytes()
        rows.append(b"\0" + packed)
    return b"".join(rows)


def png_file(samples, depth, color, interlaced=False, palette=None, before=b"", after=b""):
    height, width = samples.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    passes = [samples[y0::dy, x0::dx] for x0, dx, y0, dy in ADAM7] if interlaced else [samples]
    data = b"".join(pack_rows(part, depth) for part in passes if part.size)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + (chunk(b"PLTE", palette) if palette else b"") + before +
            chunk(b"IDAT", zlib.compress(data, 1)) + after + chunk(b"IEND", b""))


def png(image, color=PNG_RGB, depth=8, interlaced=False, transparent=False, orientation=None, exif_after=False):
    """(file, what it shows as RGB over white) of an image in any of PNG's kinds."""
    top = (1 << depth) - 1
    rgb = np.asarray(image.convert("RGB")).astype(np.int64)
    height, width = rgb.shape[:2]
    fade = np.linspace(0, 255, width).astype(np.int64)[None].repeat(height, 0)
    palette, before = None, b""
    if color in (PNG_GRAY, PNG_GRAY_ALPHA):
        gray = (np.asarray(image.convert("L")).astype(np.int64) * top + 127) // 255
        samples = gray[..., None]
        shown = (samples * 255 // top).repeat(3, 2)
    elif color == PNG_PALETTE:
        few = image.convert("RGB").quantize(min(256, 1 << depth))
        samples = np.asarray(few).astype(np.int64)[..., None]
        colors = np.array((few.getpalette() + [0] * 768)[:3 << depth], np.int64).reshape(-1, 3)
        palette = colors.astype(np.uint8).tobytes()
        shown = colors[samples[..., 0]]
    else:
        samples = (rgb * top + 127) // 255
        shown = rgb
    if color in (PNG_GRAY_ALPHA, PNG_RGBA):
        samples = np.concatenate([samples, ((fade * top + 127) // 255)[..., None]], 2)
        shown = (shown * fade[..., None] + 255 * (255 - fade[..., None]) + 127) // 255
    if transparent and color == PNG_PALETTE:
        before += chunk(b"tRNS", bytes([0]))  # the palette's first colour is glass
        shown = np.where(samples == 0, 255, shown)
    if orientation and not exif_after:
        before += chunk(b"eXIf", exif(orientation)[6:])
    after = chunk(b"eXIf", exif(orientation)[6:]) if orientation and exif_after else b""
    return (png_file(samples, depth, color, interlaced, palette, before, after),
            Image.fromarray(shown.astype(np.uint8)))


def png_bomb(width=60000, height=60000, size=40000):
    """A small file that declares gigabytes of pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, PNG_RGBA, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * (size * 900))[:size]) + chunk(b"IEND", b"")


def truncations(data, count=12):
    """The file cut at many places, from just after its magic to just before its end."""
    last = len(data) - 1
    return [data[:cut] for cut in sorted({int(16 + (last - 16) * i / (count - 1)) for i in range(count)} | {last, last - 1})]
