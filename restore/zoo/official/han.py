"""HAN's official names (wwlCape/HAN), and what they say about the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from torch import Tensor

from restore import networks
from restore.attention import ChannelSpatialAttention3d
from restore.blocks import ResidualGroup
from restore.errors import CheckpointError
from restore.zoo.official.csam import channel_spatial_attention_table
from restore.zoo.official.layer import layer_attention_table
from restore.zoo.official.mean_shift import shift_options, shift_table
from restore.zoo.official.rcan import residual_group_table
from restore.zoo.official.table import Family, Table, conv, count, within
from restore.zoo.official.upsample import upsample_scale, upsample_table


def han_table(network: networks.HAN) -> Table:
    """HAN -> HAN."""
    if not network.layer_attention.negated:
        raise CheckpointError("The authors' HAN softens the negated products of its layers (negated=True) only.")
    if not isinstance(network.last_attention, ChannelSpatialAttention3d):
        raise CheckpointError("The authors' HAN has channel-spatial attention on its last features only.")
    table = shift_table(network) | conv("head.0", "head")
    for place, group in enumerate(network.groups):
        table |= within(
            f"body.{place}", f"groups.{place}", residual_group_table(len(cast(ResidualGroup, group).blocks))
        )
    table |= conv(f"body.{len(network.groups)}", "conv")
    table |= within("csa", "last_attention", channel_spatial_attention_table())
    table |= within("la", "layer_attention", layer_attention_table())
    table |= conv("last_conv", "fuse_layers") | conv("last", "fuse")
    return table | within("tail.0", "upsample", upsample_table(network.upsample)) | conv("tail.1", "tail")


def _recognises(state: Mapping[str, Tensor]) -> bool:
    return {"head.0.weight", "la.gamma", "csa.gamma", "last_conv.weight", "tail.1.weight"} <= state.keys()


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
    return options | shift_options("HAN", state, pixel_range)


HAN = Family(networks.HAN, _recognises, _options, han_table)
