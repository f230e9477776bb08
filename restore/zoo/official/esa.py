"""The official names of RFDN's ESA (njulj/RFDN)."""

from __future__ import annotations

from restore.zoo.official.table import Table, conv


def enhanced_spatial_attention_table() -> Table:
    """ESA -> EnhancedSpatialAttention."""
    names = {
        "conv1": "squeeze",
        "conv_f": "skip",
        "conv2": "strided",
        "conv_max": "conv1",
        "conv3": "conv2",
        "conv3_": "conv3",
        "conv4": "excite",
    }
    table: Table = {}
    for theirs, ours in names.items():
        table |= conv(theirs, ours)
    return table
