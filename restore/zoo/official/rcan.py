"""RCAN's official names (yulunzhang/RCAN), and what they say about the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from torch import Tensor

from restore import networks
from restore.blocks import ResidualBlock, ResidualGroup
from restore.errors import CheckpointError
from restore.zoo.official.mean_shift import shift_options, shift_table
from restore.zoo.official.table import Family, Table, conv, count, within
from restore.zoo.official.upsample import upsample_scale, upsample_table


def channel_attention_table() -> Table:
    """CALayer -> ChannelAttention."""
    return conv("conv_du.0", "squeeze") | conv("conv_du.2", "excite")


def residual_block_table() -> Table:
    """RCAB -> ResidualBlock."""
    return conv("body.0", "conv1") | conv("body.2", "conv2") | within("body.3", "attention", channel_attention_table())


def residual_group_table(blocks: int) -> Table:
    """ResidualGroup -> ResidualGroup."""
    table: Table = {}
    for block in range(blocks):
        table |= within(f"body.{block}", f"blocks.{block}", residual_block_table())
    return table | conv(f"body.{blocks}", "conv")


def rcan_table(network: networks.RCAN) -> Table:
    """RCAN -> RCAN."""
    blocks = [block for block in network.modules() if isinstance(block, ResidualBlock)]
    if any(block.placement != "standard" for block in blocks):
        raise CheckpointError("The authors' RCAN has its attention at the end of the branch (placement standard) only.")
    table = shift_table(network) | conv("head.0", "head")
    for place, group in enumerate(network.groups):
        table |= within(
            f"body.{place}", f"groups.{place}", residual_group_table(len(cast(ResidualGroup, group).blocks))
        )
    table |= conv(f"body.{len(network.groups)}", "conv")
    return table | within("tail.0", "upsample", upsample_table(network.upsample)) | conv("tail.1", "tail")


def _recognises(state: Mapping[str, Tensor]) -> bool:
    names = {"head.0.weight", "body.0.body.0.body.3.conv_du.0.weight", "tail.1.weight"}
    return names <= state.keys() and "la.gamma" not in state  # which HAN adds


def _options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    width, image_channels = state["head.0.weight"].shape[:2]
    squeezed = state["body.0.body.0.body.3.conv_du.0.weight"].shape[0]
    options: dict[str, Any] = {
        "scale": upsample_scale(state, "tail.0.", width),
        "image_channels": image_channels,
        "width": width,
        "groups": count(state, "body.", ".body.0.body.0.weight"),
        "blocks": count(state, "body.0.body.", ".body.0.weight"),
        "attention": {
            "class_path": "restore.attention.ChannelAttention",
            "init_args": {"reduction": width // squeezed},
        },
    }
    return options | shift_options("RCAN", state, pixel_range)


RCAN = Family(
    networks.RCAN,
    _recognises,
    _options,
    rcan_table,
    assumed={"activation": ("relu", "RCAN-it has silu: restore convert --answer activation=silu")},
)
