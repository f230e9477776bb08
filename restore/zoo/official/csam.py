"""The official names of HAN's channel-spatial attention (wwlCape/HAN)."""

from __future__ import annotations

from restore.zoo.official.table import Table, conv


def channel_spatial_attention_table() -> Table:
    """CSAM_Module -> ChannelSpatialAttention3d."""
    return conv("conv", "conv") | {"gamma": "strength"}
