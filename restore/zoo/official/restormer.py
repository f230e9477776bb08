"""Restormer's official names (swz30/Restormer), and what they say about the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import ceil
from typing import Any

from torch import Tensor

from restore import networks
from restore.errors import CheckpointError
from restore.zoo.official.table import Family, Table, count, within
from restore.zoo.official.transposed import transposed_attention_table

_LEVELS = 4
_PUBLISHED_EXPAND = 2.66


def gated_feed_forward_table(bias: bool = False) -> Table:
    """FeedForward (GDFN) -> GatedFeedForward."""
    names = {"project_in": "widen", "dwconv": "depthwise", "project_out": "project"}
    table: Table = {}
    for theirs, ours in names.items():
        table |= _conv(theirs, ours, bias)
    return table


def restormer_block_table(bias: bool = False, normalization: str = "with_bias") -> Table:
    """TransformerBlock -> RestormerBlock."""
    shifted = normalization == "with_bias"
    return (
        _conv("norm1.body", "norm1", shifted)
        | within("attn", "attention", transposed_attention_table(bias))
        | _conv("norm2.body", "norm2", shifted)
        | within("ffn", "feed_forward", gated_feed_forward_table(bias))
    )


def restormer_table(network: networks.Restormer) -> Table:
    """Restormer -> Restormer, in the order in which the authors build it."""
    if len(network.encoders) != _LEVELS - 1:
        raise CheckpointError(f"The authors' Restormer has {_LEVELS} levels, this one {len(network.encoders) + 1}.")
    bias = network.output.bias is not None
    own = network.state_dict()
    block = restormer_block_table(bias, "with_bias" if "latent.0.norm1.bias" in own else "bias_free")

    def stack(theirs: str, ours: str) -> Table:
        table: Table = {}
        for place in range(count(own, f"{ours}.", ".norm1.weight")):
            table |= within(f"{theirs}.{place}", f"{ours}.{place}", block)
        return table

    table = _conv("patch_embed.proj", "embed", False)
    for level in (1, 2, 3):
        table |= stack(f"encoder_level{level}", f"encoders.{level - 1}")
        table |= _conv(f"down{level}_{level + 1}.body.0", f"downs.{level - 1}", False)
    table |= stack("latent", "latent")
    for level in (3, 2, 1):
        table |= _conv(f"up{level + 1}_{level}.body.0", f"ups.{3 - level}", False)
        if level > 1:
            table |= _conv(f"reduce_chan_level{level}", f"reduces.{3 - level}", bias)
        table |= stack(f"decoder_level{level}", f"decoders.{3 - level}")
    table |= stack("refinement", "refinement")
    if network.dual_pixel:
        table |= _conv("skip_conv", "skip", bias)
    return table | _conv("output", "output", bias)


def _conv(official: str, ours: str, bias: bool) -> Table:
    leaves = ("weight", "bias") if bias else ("weight",)
    return {f"{official}.{leaf}": f"{ours}.{leaf}" for leaf in leaves}


def _options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    if pixel_range not in (None, 1.0):
        raise CheckpointError(
            f"Restormer's weights are for pictures of 0 to 1, got pixel_range={pixel_range}. Leave it out."
        )
    stacks = [*(f"encoder_level{level}" for level in range(1, _LEVELS)), "latent"]
    width = state["patch_embed.proj.weight"].shape[0]
    hidden = [state[f"{stack}.0.ffn.project_out.weight"].shape[1] for stack in stacks]
    return {
        "image_channels": state["output.weight"].shape[0],
        "width": width,
        "blocks": [count(state, f"{stack}.", ".attn.temperature") for stack in stacks],
        "refinement_blocks": count(state, "refinement.", ".attn.temperature"),
        "heads": [state[f"{stack}.0.attn.temperature"].shape[0] for stack in stacks],
        "expand": _expand([width * 2**level for level in range(_LEVELS)], hidden),
        "bias": "output.bias" in state,
        "normalization": "with_bias" if "latent.0.norm1.body.bias" in state else "bias_free",
        "dual_pixel": "skip_conv.weight" in state,
    }


def _expand(widths: Sequence[int], hidden: Sequence[int]) -> float:
    """The published factor where it gives these hidden channels, else the roundest that does."""

    def gives(factor: float) -> bool:
        return [int(width * factor) for width in widths] == list(hidden)

    least = max(inside / width for width, inside in zip(widths, hidden, strict=True))
    candidates = (ceil(least * 10**digits + more) / 10**digits for digits, more in product(range(7), (0, 1)))
    for factor in (_PUBLISHED_EXPAND, *candidates):
        if gives(factor):
            return factor
    raise ValueError(f"no one factor makes {list(hidden)} hidden channels of {list(widths)}")


def _recognises(state: Mapping[str, Tensor]) -> bool:
    return {"patch_embed.proj.weight", "latent.0.attn.temperature", "output.weight"} <= state.keys()


RESTORMER = Family(networks.Restormer, _recognises, _options, restormer_table)
