# SPDX-License-Identifier: Apache-2.0
"""The three layouts that training takes, on folders of a few made photos."""
import os
import sys

import pytest
from PIL import Image

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "train"))

import data  # noqa: E402
import taxonomy  # noqa: E402


def photo(*parts):
    path = os.path.join(*map(str, parts))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Image.new("RGB", (40, 30), "gray").save(path)


def species(found):
    return {entry["label"]: entry["species"] for entry in found.entries}


def test_ours(tmp_path):
    (tmp_path / "labels.tsv").write_text("label\tspecies\tlevel\twordnet_id\npug\tDog\tbreed\tn02110958\n")
    (tmp_path / "files.tsv").write_text("file\tsource\nval/pug/0001.png\tshelter\n")
    photo(tmp_path, "train", "pug", "0000.png")
    photo(tmp_path, "val", "pug", "0001.png")
    (tmp_path / "train" / "pug" / "notes.txt").write_text("no photo")
    found = data.dataset(str(tmp_path))
    held = os.path.join(str(tmp_path), "val", "pug", "0001.png")
    assert species(found) == {"pug": "Dog"}
    assert found.train == [(os.path.join(str(tmp_path), "train", "pug", "0000.png"), "pug")]
    assert found.val == [(held, "pug")]
    assert found.sources == {held: "shelter"}


def test_oxford(tmp_path):
    for name in ("Abyssinian", "Egyptian_Mau", "basset_hound", "english_cocker_spaniel", "shiba_inu"):
        for i in range(1, 31):
            photo(tmp_path, "images", f"{name}_{i}.jpg")
    (tmp_path / "images" / "Abyssinian_100.mat").write_text("not a photo either")
    found = data.dataset(str(tmp_path))
    assert species(found) == {"abyssinian": "Cat", "egyptian_mau": "Cat", "basset": "Dog", "cocker_spaniel": "Dog", "shiba_inu": "Dog"}
    train, val = ({path for path, _ in part} for part in (found.train, found.val))
    assert len(train | val) == 150 and not train & val and 5 <= len(val) <= 30
    rows, targets, _ = taxonomy.build(found.entries)
    assert rows[targets["egyptian_mau"][0]].raw_class == "Egyptian_cat"  # ImageNet's row, not a new one
    assert rows[targets["abyssinian"][0]].class_id == "bl_abyssinian"


def test_stanford(tmp_path):
    for folder in ("n02085620-Chihuahua", "n02102177-Welsh_springer_spaniel", "n02115641-dingo"):
        for i in range(10):
            photo(tmp_path, "Images", folder, f"{folder[:9]}_{i}.jpg")
    found = data.dataset(str(tmp_path))
    assert species(found) == {"chihuahua": "Dog", "welsh_springer_spaniel": "Dog", "dingo": "-"}
    assert len(found.train) + len(found.val) == 30
    rows, targets, _ = taxonomy.build(found.entries)
    assert rows[targets["chihuahua"][0]].breed == "Chihuahua"
    assert [rows[i].raw_class for i in targets["dingo"]] == ["dingo"] and rows[targets["dingo"][0]].species == taxonomy.UNKNOWN


def test_what_is_no_data_set_is_refused(tmp_path):
    with pytest.raises(SystemExit, match="neither labels.tsv nor"):
        data.dataset(str(tmp_path))


def test_views_are_the_same_each_time_and_differ_by_number(tmp_path):
    path = os.path.join(str(tmp_path), "one.png")
    Image.effect_noise((90, 60), 60).save(path)
    centre, first, again, second = (data.view(path, 7, 32, 0.9, number) for number in (0, 1, 1, 2))
    assert centre.shape == (32, 32, 3) and (first == again).all()
    assert (first != second).any() and (first != centre).any()
