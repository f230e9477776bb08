"""Non-local blocks and RNAN's masks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import get_args

from torch import nn

from restore.attention import (
    ChannelAttention,
    MaskAttention,
    NonLocalAttention,
    NonLocalAttention1d,
    NonLocalAttention3d,
    RegionNonLocalAttention,
)
from restore.attention.representation.non_local import Pairwise
from restore.blocks import ResidualAttentionBlock
from restore.layers import ResidualUnit
from restore.zoo.official.rcan import channel_attention_table
from restore.zoo.official.rnan_attention import mask_table, non_local_table, residual_attention_block_table
from restore.zoo.official.san_attention import region_non_local_table
from restore.zoo.official.table import Table, batch_norm, conv, within

from .base import Adapted, Adapter, Record


def published_non_local(build: Callable[..., nn.Module], pairwise: str) -> Adapter:
    """AlexHex7/Non-local_pytorch."""

    def adapt(record: Record) -> Adapted:
        config = record["config"]
        subsample, normalization = config.get("sub_sample", True), config.get("bn_layer", True)
        module = build(
            config["in_channels"],
            pairwise,
            width=config.get("inter_channels"),
            subsample=subsample,
            normalization=normalization,
        )
        pooled = ".0" if subsample else ""
        table = conv(f"g{pooled}", "value")
        if pairwise != "gaussian":
            table |= conv("theta", "query") | conv(f"phi{pooled}", "key")
        if pairwise == "concatenation":
            table |= {"concat_project.0.weight": "concatenate.weight"}
        table |= conv("W.0", "project") | batch_norm("W.1", "norm") if normalization else conv("W", "project")
        return Adapted(module, table, module)

    return adapt


def mmdet_non_local(record: Record) -> Adapted:
    config = record["config"]
    pairwise = config.get("mode", "embedded_gaussian")
    width = config["in_channels"] // config.get("reduction", 2)
    scaled = pairwise == "embedded_gaussian" and config.get("use_scale", True)
    module = NonLocalAttention(
        config["in_channels"], pairwise, width=width, logit_scale=math.sqrt(width) if scaled else 1.0
    )
    table = conv("theta.conv", "query") | conv("phi.conv", "key")
    table |= conv("g.conv", "value") | conv("conv_out.conv", "project")
    return Adapted(module, table, module)


def cgnl_non_local(record: Record) -> Adapted:
    """SpatialNL of KaiyuYue/cgnl-network.pytorch."""
    config = record["config"]
    width = config["planes"]
    module = NonLocalAttention(
        config["inplanes"],
        width=width,
        normalization=True,
        logit_scale=1 / math.sqrt(width) if config.get("use_scale") else 1.0,
        bias=False,
    )
    table: Table = {"t.weight": "query.weight", "p.weight": "key.weight", "g.weight": "value.weight"}
    table |= {"z.weight": "project.weight"} | batch_norm("bn", "norm")
    return Adapted(module, table, module)


def region_non_local(record: Record) -> Adapted:
    """SAN's class holds a second-order attention as well, which its forward leaves out: it is beside ours, unused."""
    config = record["config"]
    channels, width = config["in_feat"], record["state_dict"]["non_local.theta.weight"][0]
    normalization = "non_local.W.1.weight" in record["state_dict"]
    module = RegionNonLocalAttention(channels, subsample=True)
    module.non_local = NonLocalAttention(channels, width=width, subsample=True, normalization=normalization)
    both = nn.ModuleDict({"region": module, "unused": ChannelAttention(channels, config.get("reduction", 8))})
    table = {theirs: f"region.{ours}" for theirs, ours in region_non_local_table(module).items()}
    if normalization:
        for leaf in ("weight", "bias"):
            table[f"non_local.W.0.{leaf}"] = table.pop(f"non_local.W.{leaf}")
        table |= batch_norm("non_local.W.1", "region.non_local.norm")
    table |= within("soca", "unused", channel_attention_table())
    return Adapted(both, table, module)


def rnan_non_local(record: Record) -> Adapted:
    config = record["config"]
    module = NonLocalAttention(config["in_channels"], width=config.get("inter_channels"), normalize_over="queries")
    return Adapted(module, non_local_table(), module)


def mask(non_local: bool) -> Adapter:
    def adapt(record: Record) -> Adapted:
        module = _mask(non_local)(record["config"]["n_feat"])
        _set_kernel_size(module, record)
        return Adapted(module, mask_table(non_local), module.gate)

    return adapt


def residual_attention_block(non_local: bool) -> Adapter:
    def adapt(record: Record) -> Adapted:
        module = ResidualAttentionBlock(record["config"]["n_feat"], _mask(non_local))
        _set_kernel_size(module, record)
        return Adapted(module, residual_attention_block_table(non_local), module)

    return adapt


def _mask(non_local: bool) -> Callable[[int], MaskAttention]:
    return lambda channels: MaskAttention(channels, non_local, normalize_over="queries")


def _set_kernel_size(module: nn.Module, record: Record) -> None:
    """The authors' option for the residual units, which ours has not, as every network of theirs takes 3."""
    size = record["config"].get("kernel_size", 3)
    for name, part in list(module.named_modules()):
        if isinstance(part, ResidualUnit) and size != 3:
            module.set_submodule(name, ResidualUnit(record["config"]["n_feat"], size))


def _non_local_families() -> dict[str, Adapter]:
    """Every pairwise function on every number of axes; those off the plane are spelled with a blank."""
    forms: dict[str, Adapter] = {}
    for axes, build in (("1D", NonLocalAttention1d), ("2D", NonLocalAttention), ("3D", NonLocalAttention3d)):
        for pairwise in get_args(Pairwise):
            for name in (pairwise, pairwise.replace("_", " ")):
                forms[f"non-local {axes} {name}"] = published_non_local(build, pairwise)
    return forms


FAMILIES: dict[str, Adapter] = {
    "mmdet NonLocal2D": mmdet_non_local,
    "SpatialNL (CGNL repo)": cgnl_non_local,
    "RL-NL (SAN Nonlocal_CA)": region_non_local,
    "RNAN non-local block": rnan_non_local,
    "RNAN mask branch local": mask(non_local=False),
    "RNAN mask branch non-local": mask(non_local=True),
    "RNAN residual attention block local": residual_attention_block(non_local=False),
    "RNAN residual attention block non-local": residual_attention_block(non_local=True),
} | _non_local_families()
