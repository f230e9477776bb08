"""A file per group of families: the official configuration -> our module, the rename table, how it is run."""

from __future__ import annotations

from . import (
    channel,
    dual,
    edsr,
    imdn,
    mwrcanet,
    nafnet,
    non_local,
    rcan,
    sampling,
    san,
    spatial,
    swinir,
    tlc,
    wavelet,
    window,
)
from .base import Adapted, Adapter, Record

__all__ = ["ADAPTERS", "STATE_DICT_ADAPTERS", "Adapted", "Adapter", "Record"]

_GROUPS = (
    rcan,
    channel,
    spatial,
    non_local,
    dual,
    window,
    sampling,
    wavelet,
    edsr,
    imdn,
    nafnet,
    san,
    mwrcanet,
    swinir,
    tlc,
)

ADAPTERS: dict[str, Adapter] = {family: adapt for group in _GROUPS for family, adapt in group.FAMILIES.items()}
"""Family of index.json -> adapter."""

STATE_DICT_ADAPTERS: dict[str, Adapter] = {
    name: adapt for group in _GROUPS for name, adapt in getattr(group, "STATE_DICTS", {}).items()
}
"""NAME of statedict_NAME.json, which holds every published variant of a network -> adapter."""
