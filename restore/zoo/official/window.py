"""Official names of SwinIR's window attention (JingyunLiang/SwinIR)."""

from __future__ import annotations

from restore.zoo.official.table import Table, conv


def window_attention_table() -> Table:
    """WindowAttention -> TokenWindowAttention; prefix ours by `attend` for the slot."""
    return {
        "relative_position_bias_table": "position_bias",
        "relative_position_index": "position_index",
        **conv("qkv", "query_key_value"),
        **conv("proj", "project"),
    }
