# SPDX-License-Identifier: Apache-2.0
"""From photos to a model bundle, in one command:

    python train/run.py --data ../shared/pets --out model

Features of every photo by the frozen network (cached, resumable), a head fitted
to them, temperature and refusal threshold fitted on val, int8 quantisation, the
bundle. Prints what it measured on val at each step.
"""
import argparse
import os
import random

import numpy as np

import bundle
import data
import features
import head
import net
import taxonomy

VIEWS = 3  # the centre and two random crops of each training photo
CALIBRATION_PHOTOS = 300


def measure(name, logits, labels, rows, targets, species_of, level_of, temperature=1.0):
    """Figures on val over the whole taxonomy, classes of one id summed as the C side does."""
    ids = sorted({row.class_id for row in rows})
    place = {class_id: i for i, class_id in enumerate(ids)}
    member = np.array([place[row.class_id] for row in rows])
    p = np.zeros((len(logits), len(ids)))
    np.add.at(p.T, member, bundle.softmax(logits, temperature).T)
    species = {row.class_id: row.species for row in rows}
    kinds = sorted(set(species.values()))
    q = np.stack([p[:, [species[i] == kind for i in ids]].sum(1) for kind in kinds], 1)
    unknown = q[:, kinds.index(taxonomy.UNKNOWN)]
    said = np.array([taxonomy.UNKNOWN if u >= 0.5 else kinds[i] for u, i in zip(unknown, (q * [k != taxonomy.UNKNOWN for k in kinds]).argmax(1))])
    pet = np.array([species[i] != taxonomy.UNKNOWN for i in ids])
    order = (p * pet).argsort(1)[:, ::-1]
    breed = np.array([level_of[label] == "breed" for label in labels])
    right = np.array([{place[rows[t].class_id] for t in targets[label]} for label in labels])
    top1 = np.array([order[i, 0] in r for i, r in enumerate(right)])
    top5 = np.array([bool(r & set(order[i, :5])) for i, r in enumerate(right)])
    truth = np.array([species_of[label] for label in labels])
    pets, objects = truth != "-", np.array([level_of[label] == "none" for label in labels])
    wild = np.array([level_of[label] == "other" for label in labels])
    confidence = (p * pet).max(1)
    figures = {
        "top1": top1[breed].mean(), "top5": top5[breed].mean(), "species": (said == truth)[pets].mean(),
        "pets refused": (said == taxonomy.UNKNOWN)[pets].mean(), "objects refused": (said == taxonomy.UNKNOWN)[objects].mean(),
        "wild not dog or cat": (~np.isin(said, ["Dog", "Cat"]))[wild].mean(),
        "ece": bundle.calibration_error(confidence[breed], top1[breed]),
    }
    print(f"{name}: " + ", ".join(f"{k} {v:.4f}" for k, v in figures.items()), flush=True)
    return unknown, pets


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--data", required=True, help="folder with labels.tsv, train/ and val/")
    args.add_argument("--out", required=True, help="folder for the bundle")
    args.add_argument("--kind", choices=sorted(net.SIZES), default="lite2")
    args.add_argument("--cache", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".cache"))
    args.add_argument("--version", default="2026.11.1")
    args.add_argument("--seed", type=int, default=1)
    args = args.parse_args()
    os.makedirs(args.cache, exist_ok=True)
    size, crop = net.SIZES[args.kind], net.SIZES[args.kind] / (net.SIZES[args.kind] + 32)

    labels = taxonomy.read_labels(os.path.join(args.data, "labels.tsv"))
    rows, targets, starts = taxonomy.build(labels)
    species_of, level_of = ({e["label"]: e[key] for e in labels} for key in ("species", "level"))
    train, val = data.photos(args.data, "train"), data.photos(args.data, "val")
    blocks, weight, bias = net.load(args.kind)
    seen = features.cached(args.cache, args.kind, blocks, crop, val, "val", 0)
    views = [features.cached(args.cache, args.kind, blocks, crop, train, "train", v) for v in range(VIEWS)]

    weight, bias = head.start(weight, bias, rows, starts)
    weight, bias = head.fit(views, [label for _, label in train], targets, weight, bias, args.seed)
    val_labels = [label for _, label in val]
    common = (val_labels, rows, targets, species_of, level_of)
    measure("fp32", seen @ weight.T + bias, *common)

    random.seed(args.seed)
    some = random.sample([path for path, _ in train], CALIBRATION_PHOTOS)
    images = [data.normalise(data.view(path, size, crop)[None]) for path in some]
    model = bundle.quantise(net.to_openvino(blocks, size, (weight, bias)), images)
    logits = features.extract(model, size, crop, val, 0)
    temperature = bundle.fit_temperature(logits, val_labels, targets)
    unknown, pets = measure("int8", logits, *common, temperature)
    threshold = bundle.fit_threshold(unknown, pets)
    print(f"temperature {temperature:.3f}, unknown threshold {threshold:.3f}")
    bundle.write(args.out, model, rows, args.kind, args.version, crop, temperature, threshold)
    print(f"written: {args.out}")


if __name__ == "__main__":
    main()
