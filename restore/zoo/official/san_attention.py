"""SAN's official names of its region-level non-local attention (daitao/SAN)."""

from __future__ import annotations

from restore.attention import RegionNonLocalAttention
from restore.zoo.official.table import Table, conv, within


def region_non_local_table(module: RegionNonLocalAttention) -> Table:
    """Nonlocal_CA -> RegionNonLocalAttention; its second-order attention, `soca.*`, is in no forward and not here."""
    pooled = ".0" if module.non_local.subsample else ""
    table = conv("theta", "query") | conv(f"phi{pooled}", "key") | conv(f"g{pooled}", "value") | conv("W", "project")
    return within("non_local", "non_local", table)
