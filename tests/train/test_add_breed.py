# SPDX-License-Identifier: Apache-2.0
"""A breed that a bundle does not know is added from 30 photos, and the C program then names it.

The breed is held back by cutting its row out of the committed bundle. Needs
../shared/pets and build/breedlens; says so and skips where one is missing.
"""
import json
import os
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PETS = os.path.join(os.path.dirname(ROOT), "shared", "pets")
PROGRAM = os.path.join(ROOT, "build", "breedlens")
sys.path.insert(0, os.path.join(ROOT, "train"))

for needed in (PETS, PROGRAM):
    if not os.path.exists(needed):
        pytest.skip(f"SKIPPED, NOT TESTED: adding a breed needs {needed}", allow_module_level=True)

import numpy as np  # noqa: E402

import add_breed  # noqa: E402
import data  # noqa: E402

BREED, NAME, PHOTOS = "abyssinian", "Abyssinian", 30
OTHERS = 12  # photos of each other label: enough to know what the breed is not, and quick


def hold_back(folder, class_id):
    """The committed bundle without one class."""
    info, rows, model = add_breed.read_bundle(os.path.join(ROOT, "model", "accurate"))
    keep = [i for i, row in enumerate(rows[1:]) if row[0] != class_id]
    head, scales, biases = add_breed.head_of(model)
    less = add_breed.with_head(model, head[keep], scales[keep], biases[:, keep])
    add_breed.write(folder, info, [rows[0], *(rows[1 + i] for i in keep)], less)


def answers(bundle, photos):
    done = subprocess.run([PROGRAM, "identify", "--json", "--threshold", "0", "--top-k", "1", "--model", bundle, *photos],
                          check=True, stdout=subprocess.PIPE, text=True)
    return [json.loads(line)["primary_breed"] for line in done.stdout.splitlines()]


def test_held_back_breed(tmp_path):
    without, grown = str(tmp_path / "without"), str(tmp_path / "grown")
    hold_back(without, f"bl_{BREED}")
    train = data.photos(PETS, "train")
    own = [path for path, label in train if label == BREED][:PHOTOS]
    others = [path for i, (path, label) in enumerate(train)
              if label != BREED and (i < OTHERS or train[i - OTHERS][1] != label)]
    add_breed.add(without, grown, NAME, "Cat", own, others, str(tmp_path))

    val = data.photos(PETS, "val")
    mine = [path for path, label in val if label == BREED]
    rest = [path for path, label in val if label != BREED]
    assert NAME not in answers(without, mine)
    assert np.mean([said == NAME for said in answers(grown, mine)]) >= 0.7
    shown = str(tmp_path / "why.png")
    subprocess.run([PROGRAM, "identify", "--model", grown, "--explain", shown, mine[0]], check=True, stdout=subprocess.DEVNULL)
    assert os.path.getsize(shown) > 1000
    before, after = answers(without, rest), answers(grown, rest)
    assert np.mean([said == NAME for said in after]) <= 0.01
    assert np.mean([a == b for a, b in zip(before, after)]) >= 0.985
