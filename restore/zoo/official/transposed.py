"""Official names of Restormer's transposed attention (swz30/Restormer)."""

from __future__ import annotations

from restore.zoo.official.table import Table


def transposed_attention_table(bias: bool = False) -> Table:
    """Attention (MDTA) -> TransposedAttention."""
    leaves = ("weight", "bias") if bias else ("weight",)
    names = {"qkv": "query_key_value", "qkv_dwconv": "depthwise", "project_out": "project"}
    return {"temperature": "temperature"} | {
        f"{theirs}.{leaf}": f"{ours}.{leaf}" for theirs, ours in names.items() for leaf in leaves
    }
