"""MWRCANet's official names (happycaoyue/NTIRE20_raw_image_denoising_winner_MWRCANet), and what they say about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from torch import Tensor

from restore import networks
from restore.blocks import ResidualGroup
from restore.errors import CheckpointError
from restore.zoo.official.rcan import channel_attention_table
from restore.zoo.official.table import Family, Table, conv, count, within

FILTERS = ("head.weight", "down2.0.weight", "down3.0.weight", "up1.2.weight", "up2.3.weight", "tail.weight")
"""Six copies of the Haar filters, which the authors keep as tensors that are not trained."""

_GROUPS = {"down1.2": "down1.2", "down2.3": "down2.2", "middle": "down3.2", "up2.0": "up2.0", "up3.0": "up1.0"}
"""NRB -> ResidualGroup; they count the ways up from below, and a transform is a module there."""


def wavelet_residual_block_table() -> Table:
    """RB -> ResidualBlock with PReLU."""
    table = conv("conv1", "conv1") | {"act.weight": "activation.weight"} | conv("conv2", "conv2")
    return table | within("cuca", "attention", channel_attention_table())


def wavelet_residual_group_table(blocks: int) -> Table:
    """NRB -> ResidualGroup."""
    table: Table = {}
    for block in range(blocks):
        table |= within(f"body.{block}", f"blocks.{block}", wavelet_residual_block_table())
    return table | conv("tail", "conv")


def mwrcanet_table(network: networks.MWRCANet) -> Table:
    """MWRCANet -> MWRCANet, but the filters."""
    table = conv("down1.0", "down1.0") | {"down1.1.weight": "down1.1.weight"}
    for level in (2, 3):
        table |= conv(f"down{level}.1", f"down{level}.0") | {f"down{level}.2.weight": f"down{level}.1.weight"}
    table |= conv("up1.0", "up3.0") | {"up1.1.weight": "up3.1.weight"}
    table |= conv("up2.1", "up2.1") | {"up2.2.weight": "up2.2.weight"}
    table |= conv("up3.1", "up1.1")
    blocks = len(cast(ResidualGroup, network.down1[2]).blocks)
    for theirs, ours in _GROUPS.items():
        table |= within(theirs, ours, wavelet_residual_group_table(blocks))
    return table


def mwrcanet_filters(network: networks.MWRCANet) -> dict[str, Tensor]:
    """What each of `FILTERS` holds in every file."""
    return dict.fromkeys(FILTERS, network.filters)


def _recognises(state: Mapping[str, Tensor]) -> bool:
    return {"head.weight", "down1.2.body.0.cuca.conv_du.0.weight", "middle.tail.weight", "tail.weight"} <= state.keys()


def _options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    if pixel_range not in (None, 1.0):
        raise CheckpointError(f"MWRCANet's weights are for pictures of 0 to 1, got {pixel_range=}. Leave it out.")
    groups = ("down1.2", "down2.3", "middle")
    squeezes = [state[f"{group}.body.0.cuca.conv_du.0.weight"] for group in groups]
    return {
        "image_channels": state["down1.0.weight"].shape[1] // 4,
        "widths": [squeeze.shape[1] for squeeze in squeezes],
        "blocks": count(state, "down1.2.body.", ".conv1.weight"),
        "attention": {
            "class_path": "restore.attention.ChannelAttention",
            "init_args": {"reduction": _reduction([tuple(squeeze.shape[:2]) for squeeze in squeezes])},
        },
    }


def _reduction(shapes: list[tuple[int, ...]]) -> int:
    """The authors' 16 if it fits, else the smallest that narrows every level as the tensors are narrowed."""
    for reduction in (16, *range(1, max(width for _, width in shapes) + 1)):
        if all(width // reduction == narrow for narrow, width in shapes):
            return reduction
    raise ValueError(f"no reduction narrows {' and '.join(f'{width} to {narrow}' for narrow, width in shapes)}")


MWRCANET = Family(networks.MWRCANet, _recognises, _options, mwrcanet_table, constants=mwrcanet_filters)
