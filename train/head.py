# SPDX-License-Identifier: Apache-2.0
"""The head: one softmax over every ImageNet row and every label of ours.

A label may be true of several rows (a photo of "some dog", of "no pet"): the loss
is minus the logarithm of what those rows get together. The rows begin as
ImageNet's and are held near that start, so those without a photo here (hamster,
turtles, parrots) keep their meaning beside those with many.
"""
import numpy as np
import torch

EPOCHS = 30
RATE = 1e-3
HOLD = 2e-5  # weight of the squared distance from the start
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


def masks(labels, targets, count):
    """[len(labels), count] bool: the rows that are right for each photo."""
    names = sorted(targets)
    table = torch.zeros(len(names), count, dtype=torch.bool)
    for i, name in enumerate(names):
        table[i, targets[name]] = True
    index = {name: i for i, name in enumerate(names)}
    return table, torch.tensor([index[label] for label in labels])


def loss(logits, right):
    return (torch.logsumexp(logits, 1) - torch.logsumexp(logits.masked_fill(~right, -1e4), 1)).mean()


def fit(features, labels, targets, weight, bias, seed=1, epochs=EPOCHS, log=print):
    """features: list of views [photos, width]. Returns the fitted (weight, bias)."""
    torch.manual_seed(seed)
    table, index = masks(labels, targets, len(weight))
    w0, b0 = torch.from_numpy(weight), torch.from_numpy(bias)
    w, b = w0.clone().requires_grad_(), b0.clone().requires_grad_()
    views = [torch.from_numpy(v) for v in features]
    counts = torch.bincount(index, minlength=len(table)).float()
    chance = (1 / counts.clamp(min=30) ** 0.5)[index]  # rarer labels are drawn somewhat more
    steps = epochs * (len(index) // BATCH)
    optimiser = torch.optim.Adam([w, b], lr=RATE)
    plan = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        pick = torch.multinomial(chance, BATCH, replacement=True)
        which = torch.randint(len(views), (BATCH,))
        x = torch.stack([views[v][p] for v, p in zip(which.tolist(), pick.tolist())])
        value = loss(x @ w.T + b, table[index[pick]]) + HOLD * ((w - w0) ** 2).sum()
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        plan.step()
        if step % 200 == 0:
            log(f"  step {step}/{steps}, loss {value.item():.4f}")
    return w.detach().numpy(), b.detach().numpy()
