# SPDX-License-Identifier: Apache-2.0
"""Trains the upper blocks and the head together, from the fitted head on, at a small rate.

Each step is drawn from (seed, step) alone and the state is saved every few
minutes, so a run that is killed goes on as if it hadn't been. What is kept is
the moving average of the weights.
"""
import os
import time

import numpy as np
import torch

import head
import upper

BATCH = 64
WARM_UP = 100
HEAD_RATE = 3  # of the head, in rates of the blocks
DECAY = 0.02  # of weights, as AdamW counts it; biases and the head have none
AVERAGE = 0.998
MIXED = 0.3  # of the batches, half by mixup, half by CutMix
MEMORY = 0.3  # weight of what the original network said of the photo, by ImageNet's own head
LESSON = 0.5  # weight of a teacher's answers against the labels
SAVE_SECONDS = 60


def mix(x, rng):
    """(x, order, share): the batch mixed with itself in another order; share of the first."""
    order = torch.from_numpy(rng.permutation(len(x)))
    if rng.random() < 0.5:
        share = rng.beta(0.4, 0.4)
        return share * x + (1 - share) * x[order], order, share
    side = int(x.shape[2] ** 0.5)
    length = max(1, round(side * np.sqrt(1 - rng.beta(1, 1))))
    top, left = rng.integers(side - length + 1, size=2)
    inside = torch.zeros(side, side, dtype=torch.bool)
    inside[top:top + length, left:left + length] = True
    return torch.where(inside.view(-1), x[order], x), order, 1 - length * length / side ** 2


def batch_loss(model, fc, x, pooled, right, lesson, memory, rng):
    """The loss of a batch: labels, a teacher's answers if there is one, and ImageNet's memory; all mixed as the photos are."""
    order, share = torch.arange(len(x)), 1.0
    if rng.random() < MIXED:
        x, order, share = mix(x, rng)
    features = model(x)
    logits = fc(features)
    loss = share * head.loss(logits, right) + (1 - share) * head.loss(logits, right[order])
    shown = loss.mean().item()
    if lesson is not None:
        loss = (1 - LESSON) * loss + LESSON * agreement(lesson, logits, order, share)
    return (loss + MEMORY * agreement(memory(pooled), memory(features), order, share)).mean(), shown


def agreement(said, logits, order, share):
    """Cross entropy of logits with what another network said of the unmixed photos."""
    wanted = torch.softmax(said, 1)
    wanted = share * wanted + (1 - share) * wanted[order]
    return -(wanted * torch.log_softmax(logits, 1)).sum(1)


def linear(weight, bias):
    layer = torch.nn.Linear(*weight.shape[::-1])
    layer.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})
    return layer


def rows_of(view, photos):
    """Rows of a mapped file, read in its order."""
    order = np.argsort(photos)
    out = np.empty((len(photos), *view.shape[1:]), np.float16)
    out[order] = view[photos[order]]
    return torch.from_numpy(out).float()


def state_of(blocks, first):
    return upper.Upper(blocks, first, 1).state_dict()


def between(share, one, other):
    """(state, head weight, head bias) on the straight line from one to the other."""
    def at(a, b):
        return (1 - share) * a + share * b

    return {name: at(value, other[0][name]) for name, value in one[0].items()}, at(one[1], other[1]), at(one[2], other[2])


def to_blocks(state, blocks, first):
    """A trained state as blocks from `first` on."""
    model = upper.Upper(blocks, first, 1)
    model.load_state_dict(state)
    return model.to_blocks()


def features(state, blocks, first, lower):
    """Pooled features by trained upper blocks, [photos, 1280]."""
    model = upper.Upper(blocks, first, lower.shape[2])
    model.load_state_dict(state)
    with torch.no_grad():
        return torch.cat([model(torch.from_numpy(np.array(lower[at:at + 128])).float())
                          for at in range(0, len(lower), 128)]).numpy()


def train(views, labels, blocks, first, start, original, stage, seed, checkpoint, report, fixed, teacher=None):
    """Returns (state of the upper blocks, head weight, head bias).

    start, original: (weight, bias) of the head to begin from and of ImageNet's. stage: its epochs and rate. teacher: its logits, a view each.
    report(epoch, loss, seconds, state, weight, bias) is called after each epoch.
    """
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)
    model = upper.Upper(blocks, first, views[0].lower.shape[2])
    fc, memory = linear(*start), linear(*original).requires_grad_(False)
    whole = torch.nn.ModuleList([model, fc])
    average = {name: value.clone() for name, value in whole.state_dict().items()}
    adam = torch.optim.AdamW([{"params": list(model.weights), "lr": stage.rate, "weight_decay": DECAY},
                              {"params": list(model.biases), "lr": stage.rate, "weight_decay": 0},
                              {"params": list(fc.parameters()), "lr": HEAD_RATE * stage.rate, "weight_decay": 0}], fused=True)
    rates = [group["lr"] for group in adam.param_groups]
    an_epoch = len(labels.index) // BATCH
    steps, step, spent, losses = stage.epochs * an_epoch, 0, 0.0, []
    if os.path.exists(checkpoint):
        saved = torch.load(checkpoint)
        whole.load_state_dict(saved["whole"])
        adam.load_state_dict(saved["adam"])
        average, step, spent, losses = saved["average"], saved["step"], saved["spent"], saved["losses"]
        print(f"going on from step {step}", flush=True)
    began, saved_at, begun = time.time() - spent, time.time(), step
    clock = time.time()
    while step < steps:
        rng = np.random.default_rng((seed, step))
        part = float(min((step + 1) / WARM_UP, 0.5 * (1 + np.cos(np.pi * step / steps))))
        for group, rate in zip(adam.param_groups, rates):
            group["lr"] = rate * part
        pick = rng.choice(len(labels.index), BATCH, p=labels.chance, replace=False)
        number = rng.integers(len(views))
        x, pooled = (rows_of(values, pick) for values in views[number])
        lesson = rows_of(teacher[number], pick) if teacher else None
        loss, shown = batch_loss(model, fc, x, pooled, labels.right(pick), lesson, memory, rng)
        adam.zero_grad()
        loss.backward()
        fc.weight.grad[fixed] = 0
        adam.step()
        with torch.no_grad():
            keep = min(AVERAGE, (step + 1) / (step + 10))
            for name, value in whole.state_dict().items():
                average[name].lerp_(value, 1 - keep)
        step += 1
        losses.append(shown)
        done = step % an_epoch == 0
        if step % 20 == 0:
            left = (time.time() - clock) / (step - begun) * (steps - step)
            print(f"  step {step}/{steps}, loss {np.mean(losses[-20:]):.4f}, {left / 60:.0f} min left", flush=True)
        if done or time.time() - saved_at > SAVE_SECONDS:
            torch.save({"whole": whole.state_dict(), "adam": adam.state_dict(), "average": average, "step": step,
                        "spent": time.time() - began, "losses": losses[-an_epoch:]}, checkpoint + ".part")
            os.replace(checkpoint + ".part", checkpoint)
            saved_at = time.time()
        if done:
            report(step // an_epoch, float(np.mean(losses[-an_epoch:])), time.time() - began, *split(average))
    return split(average)


def split(average):
    upper_state = {name[2:]: value for name, value in average.items() if name.startswith("0.")}
    return upper_state, average["1.weight"].numpy().copy(), average["1.bias"].numpy().copy()
