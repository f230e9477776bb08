"""RCAN's official names (yulunzhang/RCAN), and what they say about the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from torch import Tensor

from restore import networks
from restore.blocks import ResidualBlock, ResidualGroup
from restore.errors import CheckpointError
from restore.zoo.official.mean_shift import RANGE_QUESTION, pixel_range_of
from restore.zoo.official.table import Family, Table, conv, within


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
    table: Table = {}
    if network.shifts:
        for theirs, ours in (("sub_mean", "subtract"), ("add_mean", "add")):
            table |= {f"{theirs}.{leaf}": f"{ours}_{leaf}" for leaf in ("weight", "bias")}
    table |= conv("head.0", "head")
    for place, group in enumerate(network.groups):
        table |= within(
            f"body.{place}", f"groups.{place}", residual_group_table(len(cast(ResidualGroup, group).blocks))
        )
    table |= conv(f"body.{len(network.groups)}", "conv")
    for place in range(0, len(network.upsample), 2):
        table |= conv(f"tail.0.{place}", f"upsample.{place}")
    return table | conv("tail.1", "tail")


def _recognises(state: Mapping[str, Tensor]) -> bool:
    return {"head.0.weight", "body.0.body.0.body.3.conv_du.0.weight", "tail.1.weight"} <= state.keys()


def _options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    width, image_channels = state["head.0.weight"].shape[:2]
    squeezed = state["body.0.body.0.body.3.conv_du.0.weight"].shape[0]
    options: dict[str, Any] = {
        "scale": _scale(state, width),
        "image_channels": image_channels,
        "width": width,
        "groups": _count(state, "body.", ".body.0.body.0.weight"),
        "blocks": _count(state, "body.0.body.", ".body.0.weight"),
        "attention": {
            "class_path": "restore.attention.ChannelAttention",
            "init_args": {"reduction": width // squeezed},
        },
    }
    if "sub_mean.bias" in state:
        options["pixel_range"] = pixel_range_of(state, pixel_range)
    elif pixel_range is None:
        raise CheckpointError(
            f"This RCAN has no mean shift, so nothing in it says what its weights call white. {RANGE_QUESTION}"
        )
    else:
        options |= {"pixel_range": pixel_range, "mean": []}
    return options


def _scale(state: Mapping[str, Tensor], width: int) -> int:
    steps = _count(state, "tail.0.", ".weight", every=2)
    if steps == 1:
        wide = state["tail.0.0.weight"].shape[0]
        return 3 if wide == 9 * width else 2
    return 2**steps


def _count(state: Mapping[str, Tensor], before: str, after: str, every: int = 1) -> int:
    count = 0
    while f"{before}{every * count}{after}" in state:
        count += 1
    return count


RCAN = Family(networks.RCAN, _recognises, _options, rcan_table)
