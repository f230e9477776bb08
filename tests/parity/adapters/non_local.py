"""Non-local blocks and RNAN's masks."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import nn

from restore.attention import (
    ChannelAttention,
    MaskAttention,
    NonLocalAttention,
    NonLocalAttention1d,
    NonLocalAttention3d,
    RegionNonLocalAttention,
)
from restore.blocks import ResidualAttentionBlock
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
    channels, width = config["in_feat"], config.get("inter_feat", config["in_feat"] // 8)
    module = RegionNonLocalAttention(channels, reduction=channels // width, subsample=True)
    both = nn.ModuleDict({"region": module, "unused": ChannelAttention(channels, config.get("reduction", 8))})
    table = {theirs: f"region.{ours}" for theirs, ours in region_non_local_table(module).items()}
    table |= within("soca", "unused", channel_attention_table())
    return Adapted(both, table, module)


def rnan_non_local(record: Record) -> Adapted:
    config = record["config"]
    module = NonLocalAttention(config["in_channels"], width=config.get("inter_channels"), normalize_over="queries")
    return Adapted(module, non_local_table(), module)


def mask(non_local: bool) -> Adapter:
    def adapt(record: Record) -> Adapted:
        module = _mask(record, non_local)(record["config"]["n_feat"])
        return Adapted(module, mask_table(non_local), module.gate)

    return adapt


def residual_attention_block(non_local: bool) -> Adapter:
    def adapt(record: Record) -> Adapted:
        module = ResidualAttentionBlock(record["config"]["n_feat"], _mask(record, non_local))
        return Adapted(module, residual_attention_block_table(non_local), module)

    return adapt


def _mask(record: Record, non_local: bool) -> Callable[[int], MaskAttention]:
    if record["config"].get("kernel_size", 3) != 3:
        raise ValueError(f"RNAN's mask of ours has no form for {record['config']}")
    return lambda channels: MaskAttention(channels, non_local, normalize_over="queries")


FAMILIES: dict[str, Adapter] = {
    "non-local 1D embedded gaussian": published_non_local(NonLocalAttention1d, "embedded_gaussian"),
    "non-local 2D concatenation": published_non_local(NonLocalAttention, "concatenation"),
    "non-local 2D dot_product": published_non_local(NonLocalAttention, "dot_product"),
    "non-local 2D embedded_gaussian": published_non_local(NonLocalAttention, "embedded_gaussian"),
    "non-local 2D gaussian": published_non_local(NonLocalAttention, "gaussian"),
    "non-local 3D embedded gaussian": published_non_local(NonLocalAttention3d, "embedded_gaussian"),
    "mmdet NonLocal2D": mmdet_non_local,
    "SpatialNL (CGNL repo)": cgnl_non_local,
    "RL-NL (SAN Nonlocal_CA)": region_non_local,
    "RNAN non-local block": rnan_non_local,
    "RNAN mask branch local": mask(non_local=False),
    "RNAN mask branch non-local": mask(non_local=True),
    "RNAN residual attention block local": residual_attention_block(non_local=False),
    "RNAN residual attention block non-local": residual_attention_block(non_local=True),
}
