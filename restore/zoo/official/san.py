"""SAN's official names (daitao/SAN), and what they say about the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from torch import Tensor

from restore import networks
from restore.attention import RegionNonLocalAttention
from restore.blocks import LocalSourceGroup
from restore.errors import CheckpointError
from restore.zoo.official.mean_shift import shift_options, shift_table
from restore.zoo.official.rcan import channel_attention_table
from restore.zoo.official.san_attention import region_non_local_table
from restore.zoo.official.table import Family, Shapes, Table, conv, count, within
from restore.zoo.official.upsample import upsample_scale, upsample_table

_NARROWED = 8

GROUP_DEAD: Shapes = {"gamma": (1,)}
"""A group's scale: in the authors' weights, and in no forward of theirs."""


def local_source_group_table(group: LocalSourceGroup) -> Table:
    """LSRAG -> LocalSourceGroup; SOCA -> SecondOrderChannelAttention."""
    table: Table = {}
    for block in range(len(group.units)):
        table |= conv(f"rcab.{block}.conv_first.0", f"units.{block}.conv1")
        table |= conv(f"rcab.{block}.conv_first.2", f"units.{block}.conv2")
    return table | within("soca", "attention", channel_attention_table()) | conv("conv_last", "conv")


def san_table(network: networks.SAN) -> Table:
    """SAN -> SAN, but for `san_dead`."""
    non_local = network.non_local
    if not (
        isinstance(non_local, RegionNonLocalAttention) and non_local.non_local.subsample and non_local.regions == 2
    ):
        raise CheckpointError("The authors' SAN has region-level non-local attention of 2x2 regions, subsampled, only.")
    table = {"gamma": "source_scale"} | shift_table(network) | conv("head.0", "head")
    for place, group in enumerate(network.groups):
        table |= within(f"RG.{place}", f"groups.{place}", local_source_group_table(cast(LocalSourceGroup, group)))
    table |= within("non_local", "non_local", region_non_local_table(non_local))
    return table | within("tail.0", "upsample", upsample_table(network.upsample)) | conv("tail.1", "tail")


def san_dead(network: networks.SAN) -> Shapes:
    """What the authors' weights hold and no forward of theirs uses: a convolution, an attention, the groups' scales."""
    width = network.head.out_channels
    narrow = width // _NARROWED
    shapes: Shapes = {"conv_last.weight": (width, width, 3, 3), "conv_last.bias": (width,)}
    shapes |= {
        "non_local.soca.conv_du.0.weight": (narrow, width, 1, 1),
        "non_local.soca.conv_du.0.bias": (narrow,),
        "non_local.soca.conv_du.2.weight": (width, narrow, 1, 1),
        "non_local.soca.conv_du.2.bias": (width,),
    }
    for place in range(len(network.groups)):
        shapes |= {f"RG.{place}.{name}": shape for name, shape in GROUP_DEAD.items()}
    return shapes


def _recognises(state: Mapping[str, Tensor]) -> bool:
    return {"head.0.weight", "RG.0.soca.conv_du.0.weight", "non_local.non_local.theta.weight"} <= state.keys()


def _options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    width, image_channels = state["head.0.weight"].shape[:2]
    squeezed = state["RG.0.soca.conv_du.0.weight"].shape[0]
    compared = state["non_local.non_local.theta.weight"].shape[0]
    options: dict[str, Any] = {
        "scale": upsample_scale(state, "tail.0.", width),
        "image_channels": image_channels,
        "width": width,
        "groups": count(state, "RG.", ".conv_last.weight"),
        "blocks": count(state, "RG.0.rcab.", ".conv_first.0.weight"),
        "attention": {
            "class_path": "restore.attention.SecondOrderChannelAttention",
            "init_args": {"reduction": width // squeezed, "crop": "published"},
        },
        "non_local_attention": {
            "class_path": "restore.attention.RegionNonLocalAttention",
            "init_args": {"reduction": width // compared, "subsample": True},
        },
    }
    return options | shift_options("SAN", state, pixel_range)


SAN = Family(networks.SAN, _recognises, _options, san_table, dead=san_dead)
