# SPDX-License-Identifier: Apache-2.0
"""The last steps to a bundle: what its confidence is divided by, when it says Unknown, and its files."""
import os
import random

import numpy as np
import openvino as ov

import balance
import data
import explain
import features
import manifest
import net
import taxonomy
from measure import softmax

CALIBRATION_PHOTOS = 500
FLOAT_CONVS = 4
BALANCE_PHOTOS = 64
MOST_REFUSED = 0.004  # of the pets of val


def quantise(model, images):
    """The model in int8; `images` is a list of normalised float arrays [1, 3, S, S] to see the ranges on.

    The depthwise convolutions and the first few layers stay in float: a twentieth of the work,
    and most of what int8 would lose (measured: logits' error 0.16 without them, 0.06 with, for 3 % of time).
    """
    import nncf  # here, as it takes seconds and only this needs it

    convs = [node for node in model.get_ordered_ops() if node.get_type_name() in ("Convolution", "GroupConvolution")]
    kept = {node.get_friendly_name() for i, node in enumerate(convs) if i < FLOAT_CONVS or node.get_type_name() == "GroupConvolution"}
    return nncf.quantize(model, nncf.Dataset(images), preset=nncf.QuantizationPreset.MIXED, subset_size=len(images),
                         fast_bias_correction=True, ignored_scope=nncf.IgnoredScope(names=sorted(kept)))


def fit_temperature(logits, labels, targets):
    """The temperature with the least loss on these photos, whose right rows are known."""
    masks = np.zeros(logits.shape, bool)
    for i, label in enumerate(labels):
        masks[i, targets[label]] = True

    def loss(t):
        p = softmax(logits, t)
        return -np.log(np.maximum((p * masks).sum(1), 1e-12)).mean()

    grid = np.exp(np.linspace(np.log(0.3), np.log(3), 120))
    return float(min(grid, key=loss))


def fit_threshold(unknown, is_pet):
    """Summed "no pet" probability from which a photo is refused: the lowest that refuses few enough pets."""
    return float(np.round(np.clip(np.quantile(unknown[is_pet], 1 - MOST_REFUSED), 0.1, 0.9), 3))


def finish(out, blocks, weight, bias, job, version):
    """Quantise, fit on val what the C side needs to know, and write the bundle; in float32 too, beside the cache, to compare."""
    paths = random.Random(job.seed).sample([path for path, _ in job.pets.train], min(CALIBRATION_PHOTOS, len(job.pets.train)))
    images = [data.normalise(data.view(path, 0, job.size, job.crop, 0)[None]) for path in paths]
    balanced = balance.balance(blocks, job.size, images[:BALANCE_PHOTOS])
    net32 = net.to_openvino(balanced, job.size, (weight, bias))
    for model, folder in ((net32, job.file("fp32")), (quantise(net32, images), out)):
        logits = features.logits(model, job.size, job.crop, job.pets.val)
        breed = np.flatnonzero(job.judge.breed)
        temperature = fit_temperature(logits[breed], [job.judge.labels[i] for i in breed], job.targets)
        threshold = fit_threshold(job.judge.unknown(logits, temperature), job.judge.pet)
        write(folder, model, job.rows, job.kind, version, job.crop, temperature, threshold)
        if folder == out:
            explain.explain(folder)
        print(f"{folder}: " + ", ".join(f"{k} {v:.4f}" for k, v in job.judge.figures(logits, temperature, threshold).items()), flush=True)


def write(out, model, rows, kind, version, crop, temperature, threshold):
    os.makedirs(out, exist_ok=True)
    ov.save_model(model, os.path.join(out, "breedlens.xml"), compress_to_fp16=False)
    taxonomy.write(rows, os.path.join(out, "taxonomy.tsv"))
    manifest.write(out, {
        "format": 1, "name": net.NAMES[kind], "version": version,
        "network": "breedlens.xml", "weights": "breedlens.bin", "taxonomy": "taxonomy.tsv", "sha256": {},
        "input": {"size": net.SIZES[kind], "crop": round(crop, 4), "mean": [net.MEAN] * 3, "scale": [net.SCALE] * 3, "filter": "bicubic"},
        "classes": len(rows), "temperature": round(temperature, 4), "unknown": {"threshold": threshold},
    })
