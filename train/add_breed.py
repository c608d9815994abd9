# SPDX-License-Identifier: Apache-2.0
"""Adds a breed of your own to a bundle, from some 30 photos, without training the network again:

    python train/add_breed.py --bundle model/accurate --name "Norwegian Forest Cat" --species Cat \\
        --photos forest-cats --others ../shared/pets/train --out model/mine

One row is added to the head. It is fitted on the features that the bundle's own int8
network makes of your photos, against those of other pets: --others is a folder of
label folders, the training photos or any like them (the breed's nearest look-alikes
matter most; its features are cached). The old rows stay as they are, so what the new
one takes, it takes from photos that look like yours.
"""
import argparse
import csv
import hashlib
import os
import sys

import numpy as np
import openvino as ov
from openvino import opset13 as op

import data
import explain
import features
import manifest

VIEWS = 4  # of each photo of the breed: the centre and random crops
STEPS = 1500
RATE = 2e-3
HOLD = 1e-3  # pull of the row to where it began
SHARE = 0.02  # of all photos that the fit takes the breed to be


def read_bundle(folder):
    info = manifest.read(folder)
    with open(os.path.join(folder, info["taxonomy"]), encoding="utf-8") as f:
        rows = list(csv.reader(f, delimiter="\t"))
    core = ov.Core()
    core.set_property({"ENABLE_MMAP": False})  # so that --out may be --bundle
    return info, rows, core.read_model(os.path.join(folder, info["network"]), os.path.join(folder, info["weights"]))


def head_input(model):
    """The output that the head's product takes: the pooled features."""
    node = model.get_results()[0].input_value(0).get_node()
    while node.get_type_name() != "MatMul":
        node = node.input_value(0).get_node()
    return node.input_value(0)


def look(model, info, photos, view):
    """(features [n, width], logits [n, classes]) of a view of each photo."""
    both = ov.Model([op.result(head_input(model)), op.result(model.get_results()[0].input_value(0))], model.get_parameters())
    found = [None] * len(photos)
    size, crop = info["input"]["size"], info["input"]["crop"]
    features.run(both, size, crop, [(path, i) for i, path in enumerate(photos)], view,
                 lambda i, out: found.__setitem__(i, [v.copy() for v in out]), "f32", log=lambda *a, **k: None)
    return tuple(np.stack(values) for values in zip(*found))


def look_cached(cache, model, info, photos):
    """The same for view 0 of the other pets, kept by network and list of photos: they are many."""
    key = hashlib.sha256("\n".join([info["sha256"][info["weights"]], *photos]).encode()).hexdigest()[:16]
    path = os.path.join(cache, f"others-{key}.npz")
    if not os.path.exists(path):
        os.makedirs(cache, exist_ok=True)
        print(f"looking at {len(photos)} other photos, once", flush=True)
        seen, said = look(model, info, photos, 0)
        np.savez(path + ".part.npz", seen=seen.astype(np.float16), said=said.astype(np.float16))
        os.replace(path + ".part.npz", path)
    with np.load(path) as found:
        return found["seen"].astype(np.float32), found["said"].astype(np.float32)


def fit_row(own, own_said, others, others_said):
    """(weight, bias) of a row that is likely on own and not on others, beside what the old rows say of each.

    Against fixed old rows that is a logistic regression: the new row's logit less the old ones' log-sum-exp.
    """
    def rest(said):
        top = said.max(1)
        return top + np.log(np.exp(said - top[:, None]).sum(1))

    x = np.concatenate([own, others])
    x = np.concatenate([x, np.ones((len(x), 1), np.float32)], 1)
    against = np.concatenate([rest(own_said), rest(others_said)])
    yes = np.arange(len(x)) < len(own)
    share = np.where(yes, SHARE / len(own), (1 - SHARE) / len(others))
    start = np.append(own.mean(0) - others.mean(0), 0).astype(np.float32)
    start *= 4 / np.linalg.norm(start)
    start[-1] = np.median(against[yes] - x[yes] @ start)
    row, mean, square = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for step in range(1, STEPS + 1):
        p = 1 / (1 + np.exp(np.clip(against - x @ row, -60, 60)))
        slope = x.T @ (share * (p - yes)) / SHARE + HOLD * (row - start)
        mean += 0.1 * (slope - mean)
        square += 0.01 * (slope ** 2 - square)
        row -= RATE * mean / (1 - 0.9 ** step) / (np.sqrt(square / (1 - 0.99 ** step)) + 1e-8)
    return row[:-1].astype(np.float32), float(row[-1])


def head_of(model):
    """(int8 rows [classes, width], scales [classes, 1], biases [1, classes]) of the head."""
    added = model.get_results()[0].input_value(0).get_node()
    scaled = added.input_value(0).get_node().input_value(1).get_node()
    constants = scaled.input_value(0).get_node().input_value(0), scaled.input_value(1), added.input_value(1)
    return tuple(constant.get_node().data.copy() for constant in constants)


def with_head(model, rows, scales, biases):
    """The network with another head of the same kind."""
    weights = op.multiply(op.convert(op.constant(rows), "f32"), op.constant(scales))
    logits = op.add(op.matmul(head_input(model), weights, False, True), op.constant(biases))
    out = ov.Model([op.result(logits)], model.get_parameters(), "breedlens")
    out.outputs[0].tensor.names = {"logits"}
    return out


def grown(model, weight, bias):
    """The network with one more row: in int8 with a scale of its own, as the others are."""
    rows, scales, biases = head_of(model)
    scale = np.abs(weight).max() / 127
    return with_head(model, np.concatenate([rows, np.rint(weight / scale).astype(np.int8)[None]]),
                     np.append(scales, np.float32([[scale]]), 0), np.append(biases, np.float32([[bias]]), 1))


def write(out, info, rows, model):
    os.makedirs(out, exist_ok=True)
    ov.save_model(model, os.path.join(out, info["network"]), compress_to_fp16=False)
    with open(os.path.join(out, info["taxonomy"]), "w", encoding="utf-8") as f:
        f.writelines("\t".join(row) + "\n" for row in rows)
    info["classes"] = len(rows) - 1
    info.pop("explain", None)  # the old network's; made anew
    manifest.write(out, info)
    explain.explain(out)


def add(folder, out, name, species, photos, others, cache):
    info, rows, model = read_bundle(folder)
    label = "".join(c if c.isalnum() else "_" for c in name.lower())
    if any(row[0] == f"own_{label}" or row[2] == name for row in rows[1:]):
        sys.exit(f"add_breed: the bundle has a {name} already")
    views = [look(model, info, photos, view) for view in range(VIEWS)]
    own, own_said = (np.concatenate(values) for values in zip(*views))
    weight, bias = fit_row(own, own_said, *look_cached(cache, model, info, others))
    info["version"] += f"+{label}"
    write(out, info, [*rows, [f"own_{label}", label, name, species, "breed", ""]], grown(model, weight, bias))


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--bundle", required=True, help="the bundle to begin from")
    args.add_argument("--out", required=True, help="folder for the new bundle")
    args.add_argument("--name", required=True, help="the breed's name, as it is to be shown")
    args.add_argument("--species", required=True, help="Dog, Cat, Rabbit, ...: as in the bundle's taxonomy")
    args.add_argument("--photos", required=True, help="folder of photos of the breed")
    args.add_argument("--others", required=True, help="folder of label folders of other pets' photos, without the breed's")
    args.add_argument("--cache", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".cache"), help="default: train/.cache")
    args = args.parse_args()
    photos = data.listed(args.photos)
    others = [path for label in sorted(os.listdir(args.others)) for path in data.listed(os.path.join(args.others, label))]
    if not photos or not others:
        sys.exit("add_breed: no photos in " + (args.others if photos else args.photos))
    add(args.bundle, args.out, args.name, args.species, photos, others, args.cache)
    print(f"written: {args.out}")


if __name__ == "__main__":
    main()
