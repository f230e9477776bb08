"""Official names of SwinIR (JingyunLiang/SwinIR), and what they say about the network."""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt
from typing import Any, cast

import torch
from torch import Tensor

from restore import networks
from restore.attention import WindowAttention
from restore.attention.representation.window import shift_mask
from restore.blocks import ResidualSwinGroup, SwinBlock, SwinConv
from restore.networks.swinir_tails import DirectTail, ShuffleTail
from restore.zoo.official.mean_shift import RANGE_QUESTION
from restore.zoo.official.table import Family, Table, conv, count, within
from restore.zoo.official.upsample import upsample_scale, upsample_table
from restore.zoo.official.window import window_attention_table

MASK = "attn_mask"
"""What the authors call the mask of a shifted block: a buffer for the size that their network was built for. Ours makes
its own, for any size."""

_FIRST = "layers.0.residual_group.blocks.0."


def swin_block_table() -> Table:
    """SwinTransformerBlock -> SwinBlock, but for `MASK`."""
    table = conv("norm1", "norm1") | within("attn", "attention.attend", window_attention_table())
    return table | conv("norm2", "norm2") | conv("mlp.fc1", "perceptron.0") | conv("mlp.fc2", "perceptron.2")


def swin_conv_table(module: SwinConv) -> Table:
    """A convolution, or a sequence of three with activations between -> SwinConv."""
    if not module.bottleneck:
        return conv("", "0")
    return {theirs: ours for place in (0, 2, 4) for theirs, ours in conv(f".{place}", str(place)).items()}


def swinir_table(network: networks.SwinIR) -> Table:
    """SwinIR -> SwinIR, but for the masks."""
    table = conv("conv_first", "head") | conv("patch_embed.norm", "norm_before")
    for place, group in enumerate(cast("list[ResidualSwinGroup]", list(network.groups))):
        for block in range(len(group.blocks)):
            theirs = f"layers.{place}.residual_group.blocks.{block}"
            table |= within(theirs, f"groups.{place}.blocks.{block}", swin_block_table())
        table |= _ending(f"layers.{place}.conv", f"groups.{place}.conv", group.conv)
    table |= conv("norm", "norm_after") | _ending("conv_after_body", "conv", network.conv)
    return table | _tail_table(network)


def _ending(theirs: str, ours: str, module: SwinConv) -> Table:
    return {f"{theirs}{name}": f"{ours}.{mine}" for name, mine in swin_conv_table(module).items()}


def _tail_table(network: networks.SwinIR) -> Table:
    tail = network.tail
    if isinstance(tail, DirectTail):
        return conv("conv_last" if network.scale == 1 else "upsample.0", "tail.conv")
    table = conv("conv_before_upsample.0", "tail.narrow")
    if isinstance(tail, ShuffleTail):
        table |= within("upsample", "tail.upsample", upsample_table(tail.upsample))
    else:
        for place in range(len(tail.doubled)):
            table |= conv(f"conv_up{place + 1}", f"tail.doubled.{place}")
        table |= conv("conv_hr", "tail.refine")
    return table | conv("conv_last", "tail.last")


def swinir_masks(network: networks.SwinIR, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The masks of the size that the authors' network was built for, which the first mask in `state` tells.

    Nothing where `state` has no mask.
    """
    shifted = {
        f"layers.{place}.residual_group.blocks.{block}.{MASK}": one.attention
        for place, group in enumerate(cast("list[ResidualSwinGroup]", list(network.groups)))
        for block, one in enumerate(cast("list[SwinBlock]", list(group.blocks)))
        if isinstance(one.attention, WindowAttention) and one.attention.shift
    }
    for name, attention in shifted.items():
        if name in state:
            return dict.fromkeys(shifted, _mask_like(state[name], attention.window, attention.shift))
    return {}


def _mask_like(given: Tensor, window: int, shift: int) -> Tensor:
    """The mask of as many windows as `given` has: that of the size at which it equals `given`, else of any."""
    windows = max(1, len(given)) if given.dim() else 1
    sizes = [(rows, windows // rows) for rows in range(1, windows + 1) if windows % rows == 0]
    sizes.sort(key=lambda size: abs(size[0] - size[1]))  # the authors' are square
    for rows, columns in sizes:
        mask = shift_mask((rows * window, columns * window), window, shift, given)  # (windows, T, T)
        if torch.equal(mask, given):
            break
    return mask


def _recognises(state: Mapping[str, Tensor]) -> bool:
    names = {"conv_first.weight", "patch_embed.norm.weight", f"{_FIRST}attn.relative_position_bias_table"}
    return names <= state.keys()


def _options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    width, image_channels = state["conv_first.weight"].shape[:2]
    groups = range(count(state, "layers.", ".residual_group.blocks.0.norm1.weight"))
    tables = [state[f"layers.{i}.residual_group.blocks.0.attn.relative_position_bias_table"] for i in groups]
    options: dict[str, Any] = {
        "image_channels": image_channels,
        "width": width,
        "blocks": [count(state, f"layers.{i}.residual_group.blocks.", ".norm1.weight") for i in groups],
        "heads": [table.shape[1] for table in tables],
        "window": (isqrt(tables[0].shape[0]) + 1) // 2,
        "expansion": state[f"{_FIRST}mlp.fc1.weight"].shape[0] / width,
        "bottleneck": "conv_after_body.0.weight" in state,
    }
    options |= _upsampler(state, width, image_channels)
    return options if pixel_range is None else options | {"pixel_range": pixel_range}


def _upsampler(state: Mapping[str, Tensor], width: int, image_channels: int) -> dict[str, Any]:
    if "conv_before_upsample.0.weight" not in state:
        if "upsample.0.weight" not in state:
            return {"scale": 1}
        return {"scale": isqrt(state["upsample.0.weight"].shape[0] // image_channels), "upsampler": "direct"}
    up_width = state["conv_before_upsample.0.weight"].shape[0]
    if "conv_up1.weight" in state:
        return {"scale": 4 if "conv_up2.weight" in state else 2, "upsampler": "nearest", "up_width": up_width}
    return {"scale": upsample_scale(state, "upsample.", up_width), "upsampler": "shuffle", "up_width": up_width}


def _unknown(state: Mapping[str, Tensor]) -> dict[str, str]:
    questions = {"pixel_range": f"The authors have 255 for JPEG artifacts and 1 for all else. {RANGE_QUESTION}"}
    second = any(name.endswith(".blocks.1.norm1.weight") for name in state)
    if second and not any(name.endswith(MASK) for name in state):
        questions["shifted"] = (
            "It holds no masks, which the authors' files do. If they were taken out, its windows are shifted; if it "
            "was built for a picture of one window, they are not. Give --answer shifted=true or --answer "
            "shifted=false to restore convert (answers={...} to restore.zoo.convert_file)."
        )
    return questions


SWINIR = Family(networks.SwinIR, _recognises, _options, swinir_table, unknown=_unknown, sized=swinir_masks)
