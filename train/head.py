# SPDX-License-Identifier: Apache-2.0
"""The head: one softmax over every ImageNet row and every label of ours.

A label may be true of several rows (a photo of "some dog", of "no pet"): the loss
is minus the logarithm of what those rows get together. The rows begin as
ImageNet's and are held near that start, so those without a photo here (hamster,
turtles, parrots) keep their meaning beside those with many.
"""
import numpy as np

EPOCHS = 40
RATE = 1e-3
HOLD = 4e-5  # weight of the distance from the start, as a gradient
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
    """([labels in all, count] float: their right rows, [photos] which label)."""
    names = sorted(targets)
    table = np.zeros((len(names), count), np.float32)
    for i, name in enumerate(names):
        table[i, targets[name]] = 1
    index = {name: i for i, name in enumerate(names)}
    return table, np.array([index[label] for label in labels])


def step_of(x, right, weight, bias):
    """(loss, gradient by the logits) of a batch."""
    z = x @ weight.T + bias
    z -= z.max(1, keepdims=True)
    p = np.exp(z)
    p /= p.sum(1, keepdims=True)
    good = p * right
    total = np.maximum(good.sum(1, keepdims=True), 1e-12)
    return float(-np.log(total).mean()), (p - good / total) / len(x)


def fit(views, labels, targets, weight, bias, seed=1, epochs=EPOCHS, rate=RATE, hold=HOLD, log=print):
    """views: list of features [photos, width]. Returns the fitted (weight, bias). Adam, cosine rate."""
    rng = np.random.default_rng(seed)
    table, index = masks(labels, targets, len(weight))
    chance = (1 / np.maximum(np.bincount(index, minlength=len(table)), 30) ** 0.5)[index]
    chance /= chance.sum()  # rarer labels are drawn somewhat more often
    weight0, (weight, bias) = weight, (weight.copy(), bias.copy())
    moments = [(np.zeros_like(v), np.zeros_like(v)) for v in (weight, bias)]
    steps = epochs * (len(index) // BATCH)
    for step in range(1, steps + 1):
        pick = rng.choice(len(index), BATCH, p=chance)
        which = rng.integers(len(views), size=BATCH)
        x = np.empty((BATCH, weight.shape[1]), np.float32)
        for v, view in enumerate(views):
            x[which == v] = view[pick[which == v]]
        loss, g = step_of(x, table[index[pick]], weight, bias)
        now = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
        for value, gradient, (m, s) in zip((weight, bias), (g.T @ x + hold * (weight - weight0), g.sum(0)), moments):
            m += 0.1 * (gradient - m)
            s += 0.001 * (gradient * gradient - s)
            value -= now * (m / (1 - 0.9 ** step)) / (np.sqrt(s / (1 - 0.999 ** step)) + 1e-8)
        if step % 200 == 0 or step == 1:
            log(f"  step {step}/{steps}, loss {loss:.4f}", flush=True)
    return weight, bias
