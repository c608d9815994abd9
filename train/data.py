# SPDX-License-Identifier: Apache-2.0
"""The photos: which there are, and views of them as the network sees them.

Three layouts are known by what lies in the folder:

    labels.tsv, train/<label>/*, val/<label>/*    ours (files.tsv may name each file's source)
    images/Abyssinian_1.jpg, ...                  Oxford-IIIT Pet
    Images/n02085620-Chihuahua/*                  Stanford Dogs

Of the last two every tenth photo, by a hash of its name, is val.
"""
import io
import os
import zlib
from collections import namedtuple

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

import taxonomy
from net import MEAN, SCALE

SUFFIXES = (".webp", ".jpg", ".jpeg", ".png")


# Oxford's names where ours differ.
OXFORD = {
    "basset_hound": "basset", "english_cocker_spaniel": "cocker_spaniel", "german_shorthaired": "german_short_haired_pointer",
    "japanese_chin": "japanese_spaniel", "leonberger": "leonberg", "scottish_terrier": "scotch_terrier",
    "staffordshire_bull_terrier": "staffordshire_bullterrier", "wheaten_terrier": "soft_coated_wheaten_terrier",
}

NEAR = 6  # from this view on crops are little smaller than the photo

Dataset = namedtuple("Dataset", "entries train val sources")  # rows of labels.tsv, [(path, label)] twice, {path: source}


def listed(folder):
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.lower().endswith(SUFFIXES)]


def photos(data, split):
    """[(path, label)] of our layout, in a fixed order."""
    root = os.path.join(data, split)
    return [(path, label) for label in sorted(os.listdir(root)) for path in listed(os.path.join(root, label))]


def published(files, species_of):
    """A Dataset of [(path, label)], all of them breeds but for Stanford's three wild dogs."""
    wild = {taxonomy.label_of(i) for i in taxonomy.WILD_DOGS}
    known = {taxonomy.label_of(i): wnid for i, (wnid, _) in enumerate(taxonomy.imagenet())
             if i in [*taxonomy.DOGS, *taxonomy.WILD_DOGS, *taxonomy.CATS]}
    entries = [{"label": label, "species": "-" if label in wild else species_of(label), "level": "other" if label in wild else "breed",
                "wordnet_id": known.get(label, "")}
               for label in sorted({label for _, label in files})]
    held = [zlib.crc32(os.path.basename(path).encode()) % 10 == 0 for path, _ in files]
    return Dataset(entries, [f for f, h in zip(files, held) if not h], [f for f, h in zip(files, held) if h], {})


def dataset(data):
    """The Dataset in a folder, whichever of the layouts it has."""
    if os.path.exists(os.path.join(data, "labels.tsv")):
        sources = taxonomy.read_table(os.path.join(data, "files.tsv")) if os.path.exists(os.path.join(data, "files.tsv")) else []
        return Dataset(taxonomy.read_table(os.path.join(data, "labels.tsv")), photos(data, "train"), photos(data, "val"),
                       {os.path.join(data, *entry["file"].split("/")): entry["source"] for entry in sources})
    if os.path.isdir(os.path.join(data, "Images")):
        root = os.path.join(data, "Images")
        return published([(path, taxonomy.plain(folder.partition("-")[2])) for folder in sorted(os.listdir(root))
                          for path in listed(os.path.join(root, folder))], lambda label: "Dog")
    if os.path.isdir(os.path.join(data, "images")):
        named = [(path, os.path.basename(path).rpartition("_")[0]) for path in listed(os.path.join(data, "images"))]
        cats = {OXFORD.get(name.lower(), name.lower()) for _, name in named if name[0].isupper()}  # as the data set's README has it
        return published([(path, OXFORD.get(name.lower(), name.lower())) for path, name in named],
                         lambda label: "Cat" if label in cats else "Dog")
    raise SystemExit(f"{data}: neither labels.tsv nor Oxford's images/ nor Stanford's Images/ is there")


def centre(image, crop):
    """The box that the C pipeline takes: a centred square of `crop` of the shorter edge."""
    width, height = image.size
    side = crop * min(width, height)
    return ((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)


def random_box(image, rng, low):
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


def weathered(image, rng):
    """Colours, sharpness and compression as another camera or web site would leave them."""
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = enhance(image).enhance(rng.uniform(0.75, 1.25))
    if rng.random() < 0.3:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
    elif rng.random() < 0.3:
        image = ImageEnhance.Sharpness(image).enhance(rng.uniform(1, 2.5))
    if rng.random() < 0.2:
        packed = io.BytesIO()
        image.save(packed, "JPEG", quality=int(rng.integers(40, 90)))
        image = Image.open(packed)
    return image


def view(path, seed, size, crop, number):
    """One photo as uint8 [size, size, 3]: view 0 is the centre, any other a random crop, mirrored or not, weathered."""
    image = Image.open(path).convert("RGB")
    if number == 0:
        return np.asarray(image.resize((size, size), Image.BICUBIC, box=centre(image, crop)))
    rng = np.random.default_rng((number, seed))
    image = weathered(image.resize((size, size), Image.BICUBIC, box=random_box(image, rng, 0.35 if number < NEAR else 0.7)), rng)
    out = np.asarray(image)
    return out[:, ::-1] if rng.random() < 0.5 else out


def normalise(pixels):
    """uint8 NHWC to what the network takes: float32 NCHW."""
    return np.ascontiguousarray(((pixels.astype(np.float32) - MEAN) / SCALE).transpose(0, 3, 1, 2))
