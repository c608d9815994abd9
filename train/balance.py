# SPDX-License-Identifier: Apache-2.0
"""Makes the network easier to say in int8, without changing what it computes.

What runs from block to block of a stage is not clipped, and each of its tensors gets one
int8 scale: a channel that swings ten times as far as another leaves that one three bits
fewer. Dividing a channel where it is made and multiplying its weights where it is read
cancels out in floating point (Nagel et al. 2019, "Data-Free Quantization Through Weight
Equalization"; Xiao et al. 2023, "SmoothQuant", for the balance of both sides).
"""
import numpy as np
import openvino as ov

import net


def swings(blocks, side, images):
    """For each block, how far each channel of its output goes on these images."""
    model = net.to_openvino(blocks, side, tap=range(1, len(blocks)))
    compiled = ov.Core().compile_model(model, "CPU")
    far = None
    for image in images:
        found = [np.abs(out[0]).max((1, 2)) for out in list(compiled(image).values())[:-1]]
        far = found if far is None else [np.maximum(a, b) for a, b in zip(far, found)]
    return far


def stages(blocks):
    """[[block, ...], ...]: runs of blocks that add to one stream; the stem and the last block are clipped and have none."""
    out = []
    for i in range(1, len(blocks) - 1):
        if blocks[i].skip:
            out[-1].append(i)
        else:
            out.append([i])
    return out


def balance(blocks, side, images):
    """The same network with its streams balanced, in place."""
    far = swings(blocks, side, images)
    for stage in stages(blocks):
        readers = [blocks[i + 1].convs[0] for i in stage]
        acts = np.maximum.reduce([far[i] for i in stage])
        weights = np.maximum.reduce([np.abs(conv.weight).max((0, 2, 3)) for conv in readers])
        scale = np.sqrt(np.maximum(acts, 1e-3) / np.maximum(weights, 1e-3)).astype(np.float32)
        scale /= np.exp(np.log(scale).mean())
        for i in stage:
            made = blocks[i].convs[-1]
            made.weight, made.bias = made.weight / scale[:, None, None, None], made.bias / scale
        for conv in readers:
            conv.weight = conv.weight * scale[None, :, None, None]
    return blocks
