# SPDX-License-Identifier: Apache-2.0
"""The head: one softmax over every ImageNet row and every label of ours.

A label may be true of several rows (a photo of "some dog", of "no pet"): the loss
is minus the logarithm of what those rows get together. ImageNet's rows were
learnt from 1.2 million photos and stay as they are: fitted to our few, they got
worse. Only our rows, the cats' and all biases are fitted.
"""
import numpy as np
import torch

EPOCHS = 40
RATE = 1e-3
BATCH = 512


def start(weight, bias, rows, starts):
    """ImageNet's rows and, for each new row, the mean of those it begins from."""
    grown = np.zeros((len(rows), weight.shape[1]), np.float32)
    grown_bias = np.zeros(len(rows), np.float32)
    grown[:len(weight)], grown_bias[:len(bias)] = weight, bias
    for row, members in starts.items():
        members = list(members)
        grown[row], grown_bias[row] = weight[members].mean(0), bias[members].mean() - 1
    return grown, grown_bias


class Labels:
    """Which rows are right for each photo, and how often each photo is drawn."""

    def __init__(self, labels, targets, count):
        names = sorted(targets)
        index = {name: i for i, name in enumerate(names)}
        self.masks = torch.zeros(len(names), count, dtype=torch.bool)
        for i, name in enumerate(names):
            self.masks[i, targets[name]] = True
        self.index = np.array([index[label] for label in labels])
        # rarer labels are drawn somewhat more often
        chance = (1 / np.maximum(np.bincount(self.index, minlength=len(names)), 30) ** 0.5)[self.index]
        self.chance = chance / chance.sum()

    def right(self, photos):
        return self.masks[self.index[photos]]


def loss(logits, right):
    """Minus the logarithm of what the right rows get together, a photo."""
    return torch.logsumexp(logits, 1) - torch.logsumexp(logits.masked_fill(~right, -torch.inf), 1)


def fit(views, labels, weight, bias, fixed, seed=1, epochs=EPOCHS, rate=RATE, log=print):
    """views: list of features [photos, width]; fixed: rows to keep. Returns the fitted (weight, bias). Adam, cosine rate."""
    rng = np.random.default_rng(seed)
    views = [torch.from_numpy(np.array(view)).float() for view in views]
    weight, bias = (torch.nn.Parameter(torch.from_numpy(v.copy())) for v in (weight, bias))
    adam = torch.optim.Adam([weight, bias], rate)
    steps = epochs * max(len(labels.index) // BATCH, 1)
    plan = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    for step in range(1, steps + 1):
        pick = rng.choice(len(labels.index), BATCH, p=labels.chance)
        which = rng.integers(len(views), size=BATCH)
        x = torch.empty(BATCH, weight.shape[1])
        for v, view in enumerate(views):
            x[which == v] = view[pick[which == v]]
        now = loss(x @ weight.t() + bias, labels.right(pick)).mean()
        adam.zero_grad()
        now.backward()
        weight.grad[fixed] = 0
        adam.step()
        plan.step()
        if step % 200 == 0 or step == 1:
            log(f"  step {step}/{steps}, loss {now.item():.4f}", flush=True)
    return weight.detach().numpy(), bias.detach().numpy()
