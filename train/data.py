# SPDX-License-Identifier: Apache-2.0
"""The photos: which there are, and views of them as the network sees them.

Takes the layout train/<label>/* and val/<label>/* with a labels.tsv.
"""
import os

import numpy as np
from PIL import Image

from net import MEAN, SCALE

SUFFIXES = (".webp", ".jpg", ".jpeg", ".png")


def photos(data, split):
    """[(path, label)] in a fixed order."""
    root = os.path.join(data, split)
    return [(os.path.join(root, label, name), label)
            for label in sorted(os.listdir(root)) for name in sorted(os.listdir(os.path.join(root, label)))
            if name.lower().endswith(SUFFIXES)]


def centre(image, crop):
    """The box that the C pipeline takes: a centred square of `crop` of the shorter edge."""
    width, height = image.size
    side = crop * min(width, height)
    return ((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)


def random_box(image, rng, low=0.35):
    """A random crop of low..1 of the area, aspect 3/4..4/3, as ImageNet networks are trained."""
    width, height = image.size
    for _ in range(10):
        area = width * height * rng.uniform(low, 1)
        aspect = np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
        w, h = np.sqrt(area * aspect), np.sqrt(area / aspect)
        if w <= width and h <= height:
            x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
            return (x, y, x + w, y + h)
    return centre(image, 1.0)


def view(path, size, crop, seed=None):
    """One photo as uint8 [size, size, 3]; with a seed a random crop, mirrored or not."""
    image = Image.open(path).convert("RGB")
    if seed is None:
        box, mirror = centre(image, crop), False
    else:
        rng = np.random.default_rng(seed)
        box, mirror = random_box(image, rng), rng.random() < 0.5
    out = np.asarray(image.resize((size, size), Image.BICUBIC, box=box))
    return out[:, ::-1] if mirror else out


def normalise(pixels):
    """uint8 NHWC to what the network takes: float32 NCHW."""
    return np.ascontiguousarray(((pixels.astype(np.float32) - MEAN) / SCALE).transpose(0, 3, 1, 2))
