"""The official names of the pixel attention in PAN for super-resolution (zhaohengyuan1/PAN)."""

from __future__ import annotations

from restore.zoo.official.table import Table, conv


def pixel_attention_table() -> Table:
    """PA -> PixelAttention."""
    return conv("conv", "conv")


def pixel_attention_conv_table() -> Table:
    """PAConv -> PixelAttentionConv."""
    return conv("k2", "project") | {"k3.weight": "conv1.weight", "k4.weight": "conv2.weight"}
