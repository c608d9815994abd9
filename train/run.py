# SPDX-License-Identifier: Apache-2.0
"""From photos to the two bundles, in one command:

    python train/run.py --data ../shared/pets --out model

writes model/accurate (EfficientNet-Lite2, 260 px) and model/fast (EfficientNet-Lite0,
224 px, which also learns from the accurate one's answers). --data takes the folder
of our layout, of Oxford-IIIT Pet or of Stanford Dogs. For each network: views of
every photo by the untrained lower blocks (cached), a head fitted to them, the upper
blocks and the head trained together, temperature and refusal fitted on val, int8,
the bundle. Kill it at any time: the same command goes on where it was.
"""
import argparse
import csv
import os

import numpy as np
import torch

import bundle
import data
import features
import head
import measure
import net
import plot
import taxonomy
import tune

TYPES = {"accurate": "lite2", "fast": "lite0"}
FIRST = {"lite2": 16, "lite0": 12}  # the block from which on is trained: the last stride and all behind it
VIEWS = {"lite2": 3, "lite0": 3}  # the centre and random crops of each training photo
EPOCHS = {"lite2": 5, "lite0": 5}


class Job:
    """One network: where its files are, and what it is trained on."""

    def __init__(self, kind, pets, cache, seed):
        self.kind, self.pets, self.cache, self.seed = kind, pets, cache, seed
        self.size = net.SIZES[kind]
        self.crop = self.size / (self.size + 32)
        self.rows, self.targets, self.starts = taxonomy.build(pets.entries)
        self.labels = head.Labels([label for _, label in pets.train], self.targets, len(self.rows))
        self.judge = measure.Judge([label for _, label in pets.val], self.rows, self.targets, pets.entries)
        self.blocks, *self.original = net.load(kind)

    def file(self, name):
        return os.path.join(self.cache, f"{self.kind}-{name}")

    def view(self, split, number):
        photos = self.pets.train if split == "train" else self.pets.val
        return features.cached(self.cache, self.kind, self.blocks, FIRST[self.kind], self.crop, photos, split, number)

    def views(self):
        return [self.view("train", number) for number in range(VIEWS[self.kind])]

    def first_head(self):
        path = self.file("head.npz")
        if not os.path.exists(path):
            weight, bias = head.start(*self.original, self.rows, self.starts)
            weight, bias = head.fit([view.pooled for view in self.views()], self.labels, weight, bias, taxonomy.fixed(), self.seed)
            np.savez(path + ".part.npz", weight=weight, bias=bias)
            os.replace(path + ".part.npz", path)
        return tuple(np.load(path)[name] for name in ("weight", "bias"))

    def report(self, epoch, loss, seconds, logits):
        """A line of metrics.csv for each epoch; epoch 0 is the head alone."""
        figures = {"epoch": epoch, "seconds": round(seconds), "loss": loss, **{f"val_{k}" if k == "loss" else k: round(v, 5)
                                                                              for k, v in self.judge.figures(logits).items()}}
        print("  " + ", ".join(f"{k} {v:.4g}" for k, v in figures.items()), flush=True)
        new = epoch == 0 or not os.path.exists(self.file("metrics.csv"))
        with open(self.file("metrics.csv"), "w" if new else "a", encoding="utf-8", newline="") as f:
            table = csv.DictWriter(f, figures)
            if new:
                table.writeheader()
            table.writerow(figures)

    def trained(self, teacher=None):
        """(blocks, head weight, head bias), trained. `teacher`: its answer to each view of each photo."""
        path = self.file("trained.pt")
        first = FIRST[self.kind]
        if not os.path.exists(path):
            start = self.first_head()
            seen = self.view("val", 0)
            if not os.path.exists(self.file("checkpoint.pt")):
                self.report(0, float("nan"), 0, np.array(seen.pooled, np.float32) @ start[0].T + start[1])

            def report(epoch, loss, seconds, state, weight, bias):
                self.report(epoch, loss, seconds, tune.features(state, self.blocks, first, seen.lower) @ weight.T + bias)

            views = self.views()
            state, weight, bias = tune.train(views, self.labels, self.blocks, first, start, self.original, EPOCHS[self.kind], self.seed,
                                             self.file("checkpoint.pt"), report, taxonomy.fixed(), teacher)
            torch.save({"state": state, "weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)}, path + ".part")
            os.replace(path + ".part", path)
        found = torch.load(path)
        blocks = self.blocks[:first] + tune.to_blocks(found["state"], self.blocks, first)
        return blocks, found["weight"].numpy(), found["bias"].numpy()

    def answers(self):
        """[views][photos, rows] float16: what this network, trained, says of each view: lessons for a smaller one."""
        out, found = [], torch.load(self.file("trained.pt"))
        for number in range(VIEWS[self.kind]):
            path = self.file(f"answers-{number}.npy")
            if not os.path.exists(path):
                print(f"answers of {self.kind} to view {number}", flush=True)
                seen = tune.features(found["state"], self.blocks, FIRST[self.kind], self.view("train", number).lower)
                np.save(path + ".part.npy", (seen @ found["weight"].numpy().T + found["bias"].numpy()).astype(np.float16))
                os.replace(path + ".part.npy", path)
            out.append(np.load(path, mmap_mode="r"))
        return out


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--data", required=True, help="folder of photos")
    args.add_argument("--out", required=True, help="folder for the bundles accurate/ and fast/")
    args.add_argument("--type", choices=sorted(TYPES), help="only this bundle (fast needs a trained accurate in the cache)")
    args.add_argument("--cache", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".cache"), help="default: train/.cache")
    args.add_argument("--version", default="2026.11.2")
    args.add_argument("--seed", type=int, default=1)
    args = args.parse_args()
    os.makedirs(args.cache, exist_ok=True)
    pets = data.dataset(args.data)
    for kind_of_bundle in [args.type] if args.type else TYPES:
        job = Job(TYPES[kind_of_bundle], pets, args.cache, args.seed)
        teacher = Job(TYPES["accurate"], pets, args.cache, args.seed).answers() if kind_of_bundle == "fast" else None
        trained = job.trained(teacher)
        plot.training(job.file("metrics.csv"), job.file("metrics.svg"))
        bundle.finish(os.path.join(args.out, kind_of_bundle), *trained, job, args.version)


if __name__ == "__main__":
    main()
