# SPDX-License-Identifier: Apache-2.0
"""The package is tested as users have it: built into a wheel, installed into an environment of its own.

`make test` does that (tests/bindings/test_python.py), and runs these tests by that environment's Python.
"""
import io

import numpy as np
import pytest
from PIL import Image


def shapes(width=400, height=300):
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    pixels = np.stack([120 + 70 * np.sin(x / 60 + c) * np.cos(y / 70 - c) for c in range(3)], 2)
    pixels[(x - width * 0.6) ** 2 + (y - height * 0.4) ** 2 < 3000] = (230, 180, 40)
    return pixels.astype(np.uint8)


@pytest.fixture(scope="session")
def pixels():
    return shapes()


@pytest.fixture(scope="session")
def jpeg(pixels):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=95)
    return out.getvalue()


@pytest.fixture(scope="session")
def png(pixels):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="session")
def lens():
    import breedlens

    with breedlens.open() as opened:
        yield opened
