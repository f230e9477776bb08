"""Official modules in their plainest form, written from descriptions alone, for options that no golden has.

Each function takes weights by their official names, the configuration and the inputs, builds every matrix of pairs
openly, and so tells which tensors there are as well as what comes out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from .rules import rule_value

Config = dict[str, Any]


@dataclass
class Weights:
    """Makes the tensor of an official name by rule B when it is asked for, and remembers its shape."""

    shapes: dict[str, list[int]] = field(default_factory=dict)
    prefix: str = ""

    def __call__(self, key: str, *shape: int) -> Tensor:
        self.shapes[self.prefix + key] = list(shape)
        return rule_value(self.prefix + key, shape, "B")

    def within(self, part: str) -> Weights:
        return Weights(self.shapes, f"{self.prefix}{part}.")


def bam(weights: Weights, config: Config, x: Tensor) -> Tensor:
    channels, narrow = config["gate_channel"], config["gate_channel"] // config["reduction_ratio"]
    gate = weights.within("channel_att.gate_c")
    mean = x.mean((2, 3))
    hidden = _norm(gate, "gate_c_bn_1", _linear(gate, "gate_c_fc_0", mean, narrow)).relu()
    by_channel = _linear(gate, "gate_c_fc_final", hidden, channels)[:, :, None, None]
    gate = weights.within("spatial_att.gate_s")
    y = _norm(gate, "gate_s_bn_reduce0", _conv(gate, "gate_s_conv_reduce0", x, narrow)).relu()
    for index in range(config["dilation_conv_num"]):
        y = _conv(gate, f"gate_s_conv_di_{index}", y, narrow, 3, dilation=config["dilation_val"])
        y = _norm(gate, f"gate_s_bn_di_{index}", y).relu()
    return x * (1 + (by_channel * _conv(gate, "gate_s_conv_final", y, 1)).sigmoid())


def non_local(weights: Weights, config: Config, x: Tensor) -> Tensor:
    """Over any axes; `pairwise` is in the family's name, which `config` repeats here."""
    axes, pairwise, width = x.dim() - 2, config["pairwise"], config["inter_channels"]
    pools = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
    window: Any = (1, 2, 2) if axes == 3 else 2

    def pooled(y: Tensor) -> Tensor:
        return (pools[axes](y, window) if config["sub_sample"] else y).flatten(2)

    leaf = ".0" if config["sub_sample"] else ""
    value = pooled(_point(weights, f"g{leaf}", x, width))
    gaussian = pairwise == "gaussian"
    query = (x if gaussian else _point(weights, "theta", x, width)).flatten(2)
    key = pooled(x if gaussian else _point(weights, f"phi{leaf}", x, width))
    if pairwise == "concatenation":
        of_query, of_key = weights("concat_project.0.weight", 1, 2 * width, 1, 1).flatten().chunk(2)
        pairs = (of_query @ query).unsqueeze(2) + (of_key @ key).unsqueeze(1)
        weight = pairs.relu() / key.shape[2]
    else:
        weight = query.mT @ key
        weight = weight / key.shape[2] if pairwise == "dot_product" else weight.softmax(2)
    seen = (value @ weight.mT).unflatten(2, x.shape[2:])
    if config["bn_layer"]:
        return x + _norm(weights, "W.1", _point(weights, "W.0", seen, x.shape[1]))
    return x + _point(weights, "W", seen, x.shape[1])


def region_non_local(weights: Weights, config: Config, x: Tensor) -> Tensor:
    """Pooled whatever `sub_sample` says; the second-order attention is there and unused."""
    channels, narrow = config["in_feat"], config["in_feat"] // config["reduction"]
    for leaf, out, within in (("0", narrow, channels), ("2", channels, narrow)):
        weights(f"soca.conv_du.{leaf}.weight", out, within, 1, 1)
        weights(f"soca.conv_du.{leaf}.bias", out)
    block = {"inter_channels": config["inter_feat"], "sub_sample": True, "bn_layer": config["bn_layer"]}
    block |= {"pairwise": "embedded_gaussian"}
    height, width = x.shape[2] // 2, x.shape[3] // 2
    rows = []
    for row in (x[:, :, :height], x[:, :, height:]):
        halves = row[..., :width], row[..., width:]
        rows.append(torch.cat([non_local(weights.within("non_local"), block, half) for half in halves], 3))
    return torch.cat(rows, 2)


def mask_branch(weights: Weights, config: Config, x: Tensor) -> Tensor:
    channels, size = config["n_feat"], config["kernel_size"]

    def unit(name: str, y: Tensor) -> Tensor:
        inside = weights.within(f"{name}.body")
        return y + _conv(inside, "2", _conv(inside, "0", y, channels, size).relu(), channels, size)

    near = unit("MB_RB1.0", x)
    down = weights("MB_Down.0.weight", channels, channels, 3, 3), weights("MB_Down.0.bias", channels)
    wide = unit("MB_RB2.1", unit("MB_RB2.0", F.conv2d(near, *down, stride=2, padding=1)))
    up = weights("MB_Up.0.weight", channels, channels, 6, 6), weights("MB_Up.0.bias", channels)
    wide = F.conv_transpose2d(wide, *up, stride=2, padding=2)
    return _conv(weights, "MB_1x1conv.0", unit("MB_RB3.0", near + wide), channels).sigmoid()


def global_context(weights: Weights, config: Config, x: Tensor) -> Tensor:
    width = int(config["inplanes"] * config["ratio"])
    weight = _conv(weights, "conv_mask", x, 1).flatten(2).softmax(2)
    context = (x.flatten(2) @ weight.mT).unsqueeze(3)

    def transformed(name: str) -> Tensor:
        y = _conv(weights, f"{name}.0", context, width)
        norm = weights(f"{name}.1.weight", width, 1, 1), weights(f"{name}.1.bias", width, 1, 1)
        return _conv(weights, f"{name}.3", F.layer_norm(y, (width, 1, 1), *norm).relu(), x.shape[1])

    x = x * transformed("channel_mul_conv").sigmoid()
    return x + transformed("channel_add_conv")


def compact_point_wise(weights: Weights, config: Config, x: Tensor) -> Tensor:
    """PSA of the type "collect" whose prediction is the affinity itself."""
    width, places = config["mid_channels"], x.shape[2] * x.shape[3]
    reduced = _norm(weights, "reduce.1", _conv(weights, "reduce.0", x, width, bias=False)).relu()
    hidden = _norm(weights, "attention.1", _conv(weights, "attention.0", reduced, width, bias=False)).relu()
    affinity = _conv(weights, "attention.3", hidden, places, bias=False).flatten(2).softmax(1)
    seen = (reduced.flatten(2) @ affinity).view(reduced.shape)
    projected = _norm(weights, "proj.1", _conv(weights, "proj.0", seen, x.shape[1], bias=False)).relu()
    return torch.cat([x, projected], 1)


def window_attention(weights: Weights, config: Config, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
    (height, width), heads = config["window_size"], config["num_heads"]
    count, channels = tokens.shape[1:]
    table = weights("relative_position_bias_table", (2 * height - 1) * (2 * width - 1), heads)
    weights("relative_position_index", count, count)
    place = torch.arange(count)
    down = place[:, None] // width - place // width + height - 1
    bias = table[down * (2 * width - 1) + place[:, None] % width - place % width + width - 1].permute(2, 0, 1)
    together = _linear(weights, "qkv", tokens, 3 * channels, bias=config.get("qkv_bias", True))
    query, key, value = together.unflatten(2, (3, heads, -1)).permute(2, 0, 3, 1, 4)
    energy = query @ key.mT * config.get("qk_scale", 1 / math.sqrt(channels // heads)) + bias
    if mask is not None:
        energy = energy + mask.repeat(len(tokens) // len(mask), 1, 1).unsqueeze(1)
    seen = (energy.softmax(3) @ value).transpose(1, 2).flatten(2)
    return _linear(weights, "proj", seen, channels)


def swin_block(weights: Weights, config: Config, x: Tensor) -> Tensor:
    """A map that is a window at most is one window, without a shift."""
    side, shift = config["window_size"], config["shift_size"]
    if min(x.shape[2:]) <= side:
        side, shift = min(x.shape[2:]), 0
    height, width = x.shape[2:]

    def cut(y: Tensor) -> Tensor:
        cells = y.view(-1, height // side, side, width // side, side, y.shape[3]).transpose(2, 3)
        return cells.reshape(-1, side**2, y.shape[3])

    mask = None
    if shift:
        row, column = (
            torch.arange(length).ge(length - side).int() + torch.arange(length).ge(length - shift).int()
            for length in (height, width)
        )
        origin = cut((3 * row[:, None] + column).view(1, height, width, 1)).squeeze(2)
        mask = -100.0 * (origin[:, :, None] != origin[:, None]).double()
        weights("attn_mask", *mask.shape)
    x = x.permute(0, 2, 3, 1)
    attention = config | {"window_size": (side, side)}
    tokens = cut(_layer_norm(weights, "norm1", x).roll((-shift, -shift), (1, 2)))
    seen = window_attention(weights.within("attn"), attention, tokens, mask)
    seen = seen.view(-1, height // side, width // side, side, side, x.shape[3]).transpose(2, 3).reshape(x.shape)
    x = x + seen.roll((shift, shift), (1, 2))
    hidden = F.gelu(_linear(weights, "mlp.fc1", _layer_norm(weights, "norm2", x), 4 * x.shape[3]))
    return (x + _linear(weights, "mlp.fc2", hidden, x.shape[3])).permute(0, 3, 1, 2)


def deformable_pack(weights: Weights, config: Config, x: Tensor) -> Tensor:
    """Version 1: every tap of every place looks up its four pixels, one by one."""
    (kh, kw), stride, padding = config["kernel_size"], config["stride"], config["padding"]
    n, channels, height, width = x.shape
    shared, out = channels // config["offset_groups"], config["out_channels"]
    taps = [(group, i, j) for group in range(config["offset_groups"]) for i in range(kh) for j in range(kw)]
    kernel = weights("weight", out, channels // config["groups"], kh, kw)
    predict = weights("conv_offset.weight", 2 * len(taps), channels, kh, kw), weights("conv_offset.bias", 2 * len(taps))
    offset = F.conv2d(x, *predict, stride=stride, padding=padding)
    sampled = x.new_zeros(n, channels, kh, kw, *offset.shape[2:])
    for tap, (group, i, j) in enumerate(taps):
        own = slice(group * shared, (group + 1) * shared)
        for picture, row, column in product(range(n), *(range(side) for side in offset.shape[2:])):
            y, z = (offset[picture, 2 * tap + axis, row, column].item() for axis in (0, 1))
            y, z = y + row * stride - padding + i, z + column * stride - padding + j
            for above, left in product((math.floor(y), math.floor(y) + 1), (math.floor(z), math.floor(z) + 1)):
                if 0 <= above < height and 0 <= left < width:
                    share = (1 - abs(y - above)) * (1 - abs(z - left))
                    sampled[picture, own, i, j, row, column] += share * x[picture, own, above, left]
    parts = zip(kernel.chunk(config["groups"]), sampled.chunk(config["groups"], 1), strict=True)
    return torch.cat([torch.einsum("ocij,ncijyx->noyx", one, part) for one, part in parts], 1)


def window_means(weights: Weights, config: Config, x: Tensor) -> Tensor:
    """The windows inside the map alone."""
    sides = [min(side, most) for side, most in zip(config["kernel_size"], x.shape[2:], strict=True)]
    return F.avg_pool2d(x, sides, 1)


def _conv(
    weights: Weights, key: str, x: Tensor, out: int, size: int = 1, bias: bool = True, dilation: int = 1
) -> Tensor:
    kernel = weights(f"{key}.weight", out, x.shape[1], size, size)
    offset = weights(f"{key}.bias", out) if bias else None
    return F.conv2d(x, kernel, offset, padding=dilation * (size // 2), dilation=dilation)


def _point(weights: Weights, key: str, x: Tensor, out: int) -> Tensor:
    """A convolution of one place over any number of axes."""
    kernel = weights(f"{key}.weight", out, x.shape[1], *[1] * (x.dim() - 2)).flatten(1)
    places = kernel @ x.flatten(2) + weights(f"{key}.bias", out)[:, None]
    return places.unflatten(2, x.shape[2:])


def _linear(weights: Weights, key: str, x: Tensor, out: int, bias: bool = True) -> Tensor:
    y = x @ weights(f"{key}.weight", out, x.shape[-1]).T
    return y + weights(f"{key}.bias", out) if bias else y


def _norm(weights: Weights, key: str, x: Tensor) -> Tensor:
    """Batch normalisation by the running numbers."""
    weights(f"{key}.num_batches_tracked")
    leaves = ("weight", "bias", "running_mean", "running_var")
    scale, offset, mean, variance = (
        weights(f"{key}.{leaf}", x.shape[1]).view(1, -1, *[1] * (x.dim() - 2)) for leaf in leaves
    )
    return (x - mean) / (variance + 1e-5).sqrt() * scale + offset


def _layer_norm(weights: Weights, key: str, x: Tensor) -> Tensor:
    channels = x.shape[3]
    return F.layer_norm(x, (channels,), weights(f"{key}.weight", channels), weights(f"{key}.bias", channels))
