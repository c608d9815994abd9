# SPDX-License-Identifier: Apache-2.0
"""The upper blocks as a module to train, made for a processor's matrix units.

Activations lie channel first, [channels, photos * positions], so that a 1x1
convolution is one matrix product and, where few positions are left, a depthwise
one is a small product for each channel (its kernel written out as a positions x
positions matrix). In bfloat16 this is about three times as fast as PyTorch's own
convolutions. Where there are many positions, depthwise kernels stay as they are
and only their biases learn: PyTorch is quick at all of a depthwise convolution but
its kernel's gradient (a tenth of the time each way, measured), and these kernels
are a fiftieth of the weights. Weights are kept, and updated, in float32.
"""
import numpy as np
import torch
from torch import nn
from torch.nn.functional import conv2d

from net import Block, Conv

CLIP = 6.0
FEW = 100  # positions up to which a depthwise kernel is trained
bf16 = torch.bfloat16


def row_sums(g):
    """By a product, which sums in float32 without a float32 copy."""
    return (g @ torch.ones(g.shape[1], 1, dtype=bf16)).float()[:, 0]


class Pointwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, clip):
        w = weight.to(bf16)
        y = (w @ x).add_(bias.to(bf16)[:, None])
        if clip:
            y.clamp_(0, CLIP)
        ctx.clip = clip
        ctx.save_for_backward(x, w, y if clip else None)
        return y

    @staticmethod
    def backward(ctx, g):
        x, w, y = ctx.saved_tensors
        if ctx.clip:
            g = torch.ops.aten.hardtanh_backward(g, y, 0, CLIP)
        return (w.t() @ g if ctx.needs_input_grad[0] else None,
                (g @ x.t()).float(), row_sums(g), None)


class Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, spread, inside, clip):
        channels = len(weight)
        matrix = (weight.to(bf16) @ spread).view(channels, inside, -1)
        x = x.view(channels, -1, inside)
        y = torch.bmm(x, matrix).add_(bias.to(bf16)[:, None, None])
        if clip:
            y.clamp_(0, CLIP)
        ctx.clip = clip
        ctx.save_for_backward(x, matrix, spread, y if clip else None)
        return y.view(channels, -1)

    @staticmethod
    def backward(ctx, g):
        x, matrix, spread, y = ctx.saved_tensors
        channels = len(x)
        g = g.view(channels, x.shape[1], -1)
        if ctx.clip:
            g = torch.ops.aten.hardtanh_backward(g, y, 0, CLIP)
        by_matrix = torch.bmm(x.transpose(1, 2), g)
        return (torch.bmm(g, matrix.transpose(1, 2)).view(channels, -1) if ctx.needs_input_grad[0] else None,
                (by_matrix.view(channels, -1) @ spread.t()).float(), row_sums(g.view(channels, -1)), None, None, None)


class FixedDepthwise(torch.autograd.Function):
    """Stride 1, an odd kernel; no gradient to the kernel."""

    @staticmethod
    def forward(ctx, x, weight, bias, side, clip):
        kernel = weight.to(bf16).view(len(weight), 1, *[int(weight.shape[1] ** 0.5)] * 2)
        y = depthwise(x, kernel, side).add_(bias.to(bf16)[:, None])
        if clip:
            y.clamp_(0, CLIP)
        ctx.side, ctx.clip = side, clip
        ctx.save_for_backward(kernel, y if clip else None)
        return y

    @staticmethod
    def backward(ctx, g):
        kernel, y = ctx.saved_tensors
        if ctx.clip:
            g = torch.ops.aten.hardtanh_backward(g, y, 0, CLIP)
        by_input = depthwise(g, kernel.flip(2, 3), ctx.side) if ctx.needs_input_grad[0] else None
        return by_input, None, row_sums(g), None, None


def depthwise(x, kernel, side):
    channels = len(kernel)
    y = conv2d(x.view(channels, -1, side, side).transpose(0, 1), kernel, padding=kernel.shape[-1] // 2, groups=channels)
    return y.transpose(0, 1).reshape(channels, -1)


def spread_of(conv, side):
    """[kernel values, inside * outside]: where in the positions matrix each kernel value stands."""
    k, out = conv.weight.shape[-1], -(-side // conv.stride)
    spread = np.zeros((k * k, side * side, out * out), np.float32)
    for y in range(out):
        for x in range(out):
            for ky in range(k):
                for kx in range(k):
                    iy, ix = y * conv.stride + ky - conv.pads[0], x * conv.stride + kx - conv.pads[0]
                    if 0 <= iy < side and 0 <= ix < side:
                        spread[ky * k + kx, iy * side + ix, y * out + x] = 1
    return torch.from_numpy(spread.reshape(k * k, -1)).to(bf16)


class Upper(nn.Module):
    """Blocks from `first` on: [photos, channels, positions] to pooled features [photos, 1280]."""

    def __init__(self, blocks, first, positions):
        super().__init__()
        self.blocks = blocks[first:]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        self.spatial, side = [], int(positions ** 0.5)  # of each convolution: None, the side, or (spread, positions)
        for block in self.blocks:
            for conv in block.convs:
                self.weights.append(nn.Parameter(torch.from_numpy(conv.weight.reshape(len(conv.weight), -1).copy())))
                self.biases.append(nn.Parameter(torch.from_numpy(conv.bias.copy())))
                outside = -(-side // conv.stride)
                if conv.groups == 1:
                    self.spatial.append(None)
                elif outside ** 2 > FEW:
                    self.spatial.append(side)
                else:
                    self.spatial.append((spread_of(conv, side), side * side))
                side = outside

    def forward(self, x):
        photos = len(x)
        x = x.to(bf16).transpose(0, 1).reshape(x.shape[1], -1)
        values = zip(self.weights, self.biases, self.spatial)
        for block in self.blocks:
            entry = x
            for conv, (weight, bias, spatial) in zip(block.convs, values):
                if spatial is None:
                    x = Pointwise.apply(x, weight, bias, conv.clip)
                elif isinstance(spatial, int):
                    x = FixedDepthwise.apply(x, weight, bias, spatial, conv.clip)
                else:
                    x = Depthwise.apply(x, weight, bias, *spatial, conv.clip)
            if block.skip:
                x = x + entry
        return x.view(len(x), photos, -1).float().mean(2).t()

    def to_blocks(self):
        """The trained values as blocks again."""
        state, out, i = self.state_dict(), [], 0
        for block in self.blocks:
            convs = []
            for conv in block.convs:
                weight, bias = (state[f"{name}.{i}"].numpy().copy() for name in ("weights", "biases"))
                convs.append(Conv(weight.reshape(conv.weight.shape), bias, conv.stride, conv.groups, conv.pads, conv.clip))
                i += 1
            out.append(Block(convs, block.skip))
        return out
