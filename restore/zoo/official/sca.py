"""The official names of NAFNet's simplified channel attention (megvii-research/NAFNet)."""

from __future__ import annotations

from restore.zoo.official.table import Table, conv


def simple_channel_attention_table() -> Table:
    """The `sca` of a NAFBlock -> SimpleChannelAttention."""
    return conv("sca.1", "project")
