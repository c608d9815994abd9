# SPDX-License-Identifier: Apache-2.0
"""From photos to the two bundles, in one command:

    python train/run.py --data ../shared/pets --out model

writes model/accurate (EfficientNet-Lite2, 260 px) and model/fast (EfficientNet-Lite0,
224 px, which also learns from the accurate one's answers). --data takes the folder
of our layout, of Oxford-IIIT Pet or of Stanford Dogs. For each network: views of
every photo by the untrained lower blocks (cached), a head fitted to them, the upper
blocks and the head trained together in stages, temperature and refusal fitted on val, int8,
the bundle. Kill it at any time: the same command goes on where it was.
"""
import argparse
import csv
import os
from collections import namedtuple

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
FIRST = {"lite2": 9, "lite0": 7}  # the block from which on is trained: behind the stride to 1/16 of the photo
# views: which of the photos (data.view). rate: the highest. share: of the trained weights, the rest being those that the stage
# began from; the mean is right more often than either, most of all on photos from elsewhere (Wortsman et al. 2022, "Robust
# fine-tuning of zero-shot models").
Stage = namedtuple("Stage", "views epochs rate share")
STAGES = {"lite2": (Stage(range(6), 8, 1e-4, 0.65), Stage((0, data.NEAR, data.NEAR + 1), 3, 5e-5, 0.35)),
          "lite0": (Stage(range(4), 8, 1e-4, 0.65),)}


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

    def first_head(self):
        path = self.file("head.npz")
        if not os.path.exists(path):
            weight, bias = head.start(*self.original, self.rows, self.starts)
            views = [self.view("train", n).pooled for n in STAGES[self.kind][0].views]
            weight, bias = head.fit(views, self.labels, weight, bias, taxonomy.fixed(), self.seed)
            np.savez(path + ".part.npz", weight=weight, bias=bias)
            os.replace(path + ".part.npz", path)
        return tuple(np.load(path)[name] for name in ("weight", "bias"))

    def report(self, epoch, loss, seconds, logits):
        """A line of metrics.csv for each epoch; 0 is the head alone, "mean" what a stage ends with."""
        figures = {"epoch": epoch, "seconds": round(seconds), "loss": loss, **{f"val_{k}" if k == "loss" else k: round(v, 5)
                                                                              for k, v in self.judge.figures(logits).items()}}
        print("  " + ", ".join(f"{k} {v if k == 'epoch' else format(v, '.4g')}" for k, v in figures.items()), flush=True)
        new = epoch == 0 or not os.path.exists(self.file("metrics.csv"))
        with open(self.file("metrics.csv"), "w" if new else "a", encoding="utf-8", newline="") as f:
            table = csv.DictWriter(f, figures)
            if new:
                table.writeheader()
            table.writerow(figures)

    def trained(self, teacher=None):
        """(blocks, head weight, head bias) after all stages. `teacher`, called with the number of a view, has its answers to it."""
        first, blocks, start, before = FIRST[self.kind], self.blocks, None, 0
        for number, stage in enumerate(STAGES[self.kind]):
            path, checkpoint = self.file(f"stage{number}.pt"), self.file(f"checkpoint{number}.pt")
            if not os.path.exists(path):
                seen = self.view("val", 0)
                if start is None:
                    start = self.first_head()
                    if not os.path.exists(checkpoint):
                        self.report(0, float("nan"), 0, np.array(seen.pooled, np.float32) @ start[0].T + start[1])

                def report(epoch, loss, seconds, state, weight, bias, before=before):
                    self.report(epoch if epoch == "mean" else before + epoch, loss, seconds,
                                tune.features(state, self.blocks, first, seen.lower) @ weight.T + bias)

                views = [self.view("train", n) for n in stage.views]
                lessons = [teacher(n) for n in stage.views] if teacher else None
                trained = tune.train(views, self.labels, blocks, first, start, self.original, stage, self.seed,
                                     checkpoint, report, taxonomy.fixed(), lessons)
                state, weight, bias = tune.between(stage.share, (tune.state_of(blocks, first), *start), trained)
                report("mean", float("nan"), 0, state, weight, bias)
                torch.save({"state": state, "weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)}, path + ".part")
                os.replace(path + ".part", path)
            state, weight, bias = torch.load(path).values()
            blocks, start = self.blocks[:first] + tune.to_blocks(state, self.blocks, first), (weight.numpy(), bias.numpy())
            before += stage.epochs
        return blocks, *start

    def answers(self, number):
        """[photos, rows] float16: what this network, trained, says of a view of each photo: lessons for a smaller one."""
        path = self.file(f"answers-{number}.npy")
        if not os.path.exists(path):
            blocks, weight, bias = self.trained()
            print(f"answers of {self.kind} to view {number}", flush=True)
            first = FIRST[self.kind]
            seen = tune.features(tune.state_of(blocks, first), blocks, first, self.view("train", number).lower)
            np.save(path + ".part.npy", (seen @ weight.T + bias).astype(np.float16))
            os.replace(path + ".part.npy", path)
        return np.load(path, mmap_mode="r")


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--data", required=True, help="folder of photos")
    args.add_argument("--out", required=True, help="folder for the bundles accurate/ and fast/")
    args.add_argument("--type", choices=sorted(TYPES), help="only this bundle (fast needs a trained accurate in the cache)")
    args.add_argument("--cache", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".cache"), help="default: train/.cache")
    args.add_argument("--version", default="2026.11.4")
    args.add_argument("--seed", type=int, default=1)
    args = args.parse_args()
    os.makedirs(args.cache, exist_ok=True)
    pets = data.dataset(args.data)
    for kind_of_bundle in [args.type] if args.type else TYPES:
        job = Job(TYPES[kind_of_bundle], pets, args.cache, args.seed)
        teacher = Job(TYPES["accurate"], pets, args.cache, args.seed).answers if kind_of_bundle == "fast" else None
        trained = job.trained(teacher)
        plot.training(job.file("metrics.csv"), job.file("metrics.svg"))
        bundle.finish(os.path.join(args.out, kind_of_bundle), *trained, job, args.version)


if __name__ == "__main__":
    main()
