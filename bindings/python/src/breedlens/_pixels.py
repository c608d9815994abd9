# SPDX-License-Identifier: Apache-2.0
"""Pixels that somebody holds already, as a photo: a PNG without compression, which costs little more than a copy."""
from __future__ import annotations

import struct
import zlib
from typing import Any

_COLOR = {1: 0, 3: 2, 4: 6}  # channels to PNG's colour type: gray, RGB, RGBA


def png(pixels: bytes, width: int, height: int, channels: int) -> bytes:
    """8 bits a channel, rows from the top."""
    row = width * channels
    filtered = b"".join(b"\0" + pixels[at:at + row] for at in range(0, height * row, row))

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))

    head = struct.pack(">IIBBBBB", width, height, 8, _COLOR[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(filtered, 0)) + chunk(b"IEND", b"")


def from_array(array: Any) -> bytes:
    """A numpy array [height, width] or [height, width, 1, 3 or 4] of uint8: gray, RGB or RGBA."""
    shape = array.shape
    if str(array.dtype) != "uint8" or len(shape) not in (2, 3) or len(shape) == 3 and shape[2] not in _COLOR:
        raise TypeError(f"an array must be uint8 and [height, width] or [height, width, 1, 3 or 4], not {array.dtype} {list(shape)}")
    if not all(shape):
        raise ValueError("an array without pixels")
    return png(array.tobytes(), shape[1], shape[0], shape[2] if len(shape) == 3 else 1)


def from_pil(image: Any) -> bytes:
    """A PIL image, turned upright as its EXIF says."""
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    transparent = "A" in image.getbands() or "transparency" in image.info
    image = image.convert("RGBA" if transparent else "RGB")
    return png(image.tobytes(), *image.size, len(image.getbands()))
