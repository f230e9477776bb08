"""Official names of HAN's layer attention (wwlCape/HAN)."""

from __future__ import annotations

from restore.zoo.official.table import Table


def layer_attention_table() -> Table:
    """LAM_Module -> LayerAttention."""
    return {"gamma": "scale"}
