"""RNAN's official names of its blocks and mask branches (yulunzhang/RNAN)."""

from __future__ import annotations

from restore.zoo.official.table import Table, conv, within


def residual_unit_table() -> Table:
    """ResBlock -> ResidualUnit."""
    return conv("body.0", "conv1") | conv("body.2", "conv2")


def non_local_table() -> Table:
    """NonLocalBlock2D -> NonLocalAttention."""
    return conv("theta", "query") | conv("phi", "key") | conv("g", "value") | conv("W", "project")


def mask_table(non_local: bool) -> Table:
    """MaskBranchDownUp or NLMaskBranchDownUp -> MaskAttention."""
    unit = residual_unit_table()
    table = within("MB_RB1.0", "non_local", non_local_table()) if non_local else {}
    table |= within(f"MB_RB1.{int(non_local)}", "before", unit) | conv("MB_Down.0", "down")
    table |= within("MB_RB2.0", "inside.0", unit) | within("MB_RB2.1", "inside.1", unit) | conv("MB_Up.0", "up")
    return table | within("MB_RB3.0", "after", unit) | conv("MB_1x1conv.0", "project")


def residual_attention_block_table(non_local: bool) -> Table:
    """ResAttModuleDownUpPlus or NLResAttModuleDownUpPlus -> ResidualAttentionBlock of MaskAttention."""
    unit = residual_unit_table()
    table = within("RA_RB1.0", "before", unit) | within("RA_MB.0", "attention", mask_table(non_local))
    for place in range(2):
        table |= within(f"RA_TB.0.body.{place}", f"trunk.{place}", unit)
        table |= within(f"RA_tail.{place}", f"after.{place}", unit)
    return table
