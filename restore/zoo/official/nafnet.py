"""Official names of NAFNet and its baseline (megvii-research/NAFNet), and what they say about the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from torch import Tensor, nn

from restore import networks
from restore.errors import CheckpointError
from restore.zoo.official.sca import simple_channel_attention_table
from restore.zoo.official.table import Family, Table, conv, count, within


def naf_block_table() -> Table:
    """NAFBlock -> NAFBlock."""
    return _block_table({theirs: f"attention.{ours}" for theirs, ours in simple_channel_attention_table().items()})


def baseline_block_table() -> Table:
    """BaselineBlock -> NAFBlock."""
    return _block_table(conv("se.1", "attention.squeeze") | conv("se.3", "attention.excite"))


def nafnet_table(network: networks.NAFNet) -> Table:
    """NAFNet -> NAFNet."""
    return _table(network, naf_block_table())


def baseline_table(network: networks.NAFBaseline) -> Table:
    """Baseline -> NAFBaseline."""
    return _table(network, baseline_block_table())


def _block_table(attention: Table) -> Table:
    names = {"conv1": "conv1", "conv2": "depthwise", "conv3": "conv2", "conv4": "conv3", "conv5": "conv4"}
    table: Table = {"beta": "scale1", "gamma": "scale2"}
    for theirs, ours in names.items():
        table |= conv(theirs, ours)
        if theirs == "conv3":
            table |= attention
    return table | conv("norm1", "norm1") | conv("norm2", "norm2")


def _table(network: networks.NAFNet | networks.NAFBaseline, block: Table) -> Table:
    table = conv("intro", "intro") | conv("ending", "ending")
    for theirs, ours, stacks in (
        ("encoders", "encoders", network.encoders),
        ("decoders", "decoders", network.decoders),
        ("middle_blks", "middle", [network.middle]),
    ):
        for level, stack in enumerate(stacks):
            for place in range(len(cast(nn.Sequential, stack))):
                inside = f".{place}" if ours == "middle" else f".{level}.{place}"
                table |= within(theirs + inside, ours + inside, block)
    for level in range(len(network.ups)):
        table[f"ups.{level}.0.weight"] = f"ups.{level}.weight"
    for level in range(len(network.downs)):
        table |= conv(f"downs.{level}", f"downs.{level}")
    return table


def _options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    if pixel_range not in (None, 1.0):
        raise CheckpointError(
            f"NAFNet's weights are for pictures of 0 to 1, got pixel_range={pixel_range}. Leave it out."
        )
    width, image_channels = state["intro.weight"].shape[:2]
    levels = count(state, "downs.", ".weight")
    return {
        "image_channels": image_channels,
        "width": width,
        "encoder_blocks": [count(state, f"encoders.{level}.", ".beta") for level in range(levels)],
        "middle_blocks": count(state, "middle_blks.", ".beta"),
        "decoder_blocks": [count(state, f"decoders.{level}.", ".beta") for level in range(levels)],
    }


def _baseline_options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    block = next(name.removesuffix("se.1.weight") for name in state if name.endswith(".se.1.weight"))
    channels = state[f"{block}norm1.weight"].shape[0]
    squeezed, wide = state[f"{block}se.1.weight"].shape[:2]
    return _options(state, pixel_range) | {
        "attention": {
            "class_path": "restore.attention.ChannelAttention",
            "init_args": {"reduction": wide // squeezed},
        },
        "expand": wide // channels,
        "feed_forward_expand": state[f"{block}conv4.weight"].shape[0] // channels,
    }


def _is_u(state: Mapping[str, Tensor]) -> bool:
    return {"intro.weight", "ending.weight", "downs.0.weight", "ups.0.0.weight"} <= state.keys()


def _recognises(state: Mapping[str, Tensor]) -> bool:
    return _is_u(state) and any(name.endswith(".sca.1.weight") for name in state)


def _recognises_baseline(state: Mapping[str, Tensor]) -> bool:
    return _is_u(state) and any(name.endswith(".se.1.weight") for name in state)


NAFNET = Family(networks.NAFNet, _recognises, _options, nafnet_table)
NAF_BASELINE = Family(networks.NAFBaseline, _recognises_baseline, _baseline_options, baseline_table)
