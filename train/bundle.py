# SPDX-License-Identifier: Apache-2.0
"""Writes a bundle: the network quantised to int8, the taxonomy, and model.json."""
import hashlib
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import openvino as ov

import net
import taxonomy


def quantise(model, images):
    """The model in int8; `images` is a list of normalised float arrays [1, 3, S, S] to see the ranges on."""
    with tempfile.TemporaryDirectory() as work:
        source, photos, target = (os.path.join(work, name) for name in ("fp32.xml", "photos.npy", "int8.xml"))
        ov.save_model(model, source, compress_to_fp16=False)
        np.save(photos, np.stack(images))
        subprocess.run([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "quantise.py"),
                        source, photos, target], check=True)
        core = ov.Core()
        core.set_property({"ENABLE_MMAP": False})  # the files go, the model stays
        return core.read_model(target)


def softmax(logits, temperature):
    z = logits / temperature
    p = np.exp(z - z.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def calibration_error(confidence, right, bins=15):
    edges = np.minimum((confidence * bins).astype(int), bins - 1)
    return sum(abs(confidence[edges == b].mean() - right[edges == b].mean()) * (edges == b).mean()
               for b in range(bins) if (edges == b).any())


def fit_temperature(logits, labels, targets):
    """The temperature with the least loss on photos whose right rows are known."""
    masks = np.zeros(logits.shape, bool)
    for i, label in enumerate(labels):
        masks[i, targets[label]] = True

    def loss(t):
        p = softmax(logits, t)
        return -np.log(np.maximum((p * masks).sum(1), 1e-12)).mean()

    grid = np.exp(np.linspace(np.log(0.3), np.log(3), 120))
    return float(min(grid, key=loss))


def fit_threshold(unknown, is_pet, most_refused=0.01):
    """Summed "no pet" probability from which a photo is refused: the lowest that refuses few pets."""
    return float(np.round(min(0.95, max(0.3, np.quantile(unknown[is_pet], 1 - most_refused))), 3))


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def write(out, model, rows, kind, version, crop, temperature, threshold):
    os.makedirs(out, exist_ok=True)
    ov.save_model(model, os.path.join(out, "breedlens.xml"), compress_to_fp16=True)
    taxonomy.write(rows, os.path.join(out, "taxonomy.tsv"))
    files = ["breedlens.xml", "breedlens.bin", "taxonomy.tsv"]
    info = {
        "format": 1, "name": net.NAMES[kind], "version": version,
        "network": files[0], "weights": files[1], "taxonomy": files[2],
        "sha256": {name: sha256(os.path.join(out, name)) for name in files},
        "input": {"size": net.SIZES[kind], "crop": round(crop, 4), "mean": [net.MEAN] * 3, "scale": [net.SCALE] * 3, "filter": "bicubic"},
        "classes": len(rows), "temperature": round(temperature, 4), "unknown": {"threshold": threshold},
    }
    with open(os.path.join(out, "model.json"), "w", encoding="utf-8") as f:
        json.dump(info, f, indent=2)
        f.write("\n")
