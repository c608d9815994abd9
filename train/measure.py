# SPDX-License-Identifier: Apache-2.0
"""Figures on val while training, as the C side decides: rows of one class_id summed, pets ranked, Unknown by threshold.

The figures that count come from the C program: tools/accuracy.py.
"""
import numpy as np

from taxonomy import UNKNOWN


def softmax(logits, temperature=1.0):
    z = logits / temperature
    p = np.exp(z - z.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def calibration_error(confidence, right, bins=15):
    at = np.minimum((confidence * bins).astype(int), bins - 1)
    return sum(abs(confidence[at == b].mean() - right[at == b].mean()) * (at == b).mean() for b in range(bins) if (at == b).any())


class Judge:
    """What is right for each photo of a set, and how right a set of logits is."""

    def __init__(self, labels, rows, targets, entries, sources=None):
        species_of, level_of = ({e["label"]: e[key] for e in entries} for key in ("species", "level"))
        self.labels, self.targets = labels, targets
        self.ids = sorted({row.class_id for row in rows})
        place = {class_id: i for i, class_id in enumerate(self.ids)}
        self.member = np.array([place[row.class_id] for row in rows])
        species = {row.class_id: row.species for row in rows}
        self.species = np.array([species[i] for i in self.ids])
        self.kinds = sorted(set(self.species))
        self.right = [{place[rows[t].class_id] for t in targets[label]} for label in labels]
        self.truth = np.array([species_of[label] for label in labels])
        level = np.array([level_of[label] for label in labels])
        self.breed, self.none, self.wild, self.pet = level == "breed", level == "none", level == "other", self.truth != "-"
        self.sources = np.array(sources if sources else ["all"] * len(labels))

    def probabilities(self, logits, temperature=1.0):
        p = np.zeros((len(logits), len(self.ids)))
        np.add.at(p.T, self.member, softmax(logits, temperature).T)
        return p

    def unknown(self, logits, temperature=1.0):
        return self.probabilities(logits, temperature)[:, self.species == UNKNOWN].sum(1)

    def figures(self, logits, temperature=1.0, threshold=0.5):
        p = self.probabilities(logits, temperature)
        q = np.stack([p[:, self.species == kind].sum(1) for kind in self.kinds], 1)
        refused = q[:, self.kinds.index(UNKNOWN)] >= threshold
        q[:, self.kinds.index(UNKNOWN)] = 0
        said = np.where(refused, UNKNOWN, np.array(self.kinds)[q.argmax(1)])
        p[:, self.species == UNKNOWN] = 0
        order = p.argsort(1)[:, ::-1]
        top1 = np.array([order[i, 0] in r for i, r in enumerate(self.right)])
        top5 = np.array([bool(r & set(order[i, :5])) for i, r in enumerate(self.right)])
        b = self.breed
        out = {"top1": top1[b].mean(), "top5": top5[b].mean()}
        if len(set(self.sources)) > 1:
            for name in sorted(set(self.sources[b])):
                out[name] = top1[b & (self.sources == name)].mean()
        out |= {"species": (said == self.truth)[self.pet].mean(), "pets_refused": refused[self.pet].mean(),
                "objects_refused": refused[self.none].mean(), "wild_not_dog_cat": (~np.isin(said, ["Dog", "Cat"]))[self.wild].mean(),
                "loss": -np.log(np.maximum([p[i, list(r)].sum() for i, r in enumerate(self.right) if b[i]], 1e-9)).mean(),
                "ece": calibration_error(p.max(1)[b], top1[b])}
        return {name: float(value) for name, value in out.items()}
