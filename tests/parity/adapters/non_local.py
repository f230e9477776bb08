"""Non-local blocks and RNAN's masks."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import nn

from restore.attention import NonLocalAttention, NonLocalAttention1d, NonLocalAttention3d
from restore.zoo.official.table import Table, batch_norm, conv

from .base import Adapted, Adapter, Record


def non_local(build: Callable[..., nn.Module], pairwise: str) -> Adapter:
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


FAMILIES: dict[str, Adapter] = {
    "non-local 1D embedded gaussian": non_local(NonLocalAttention1d, "embedded_gaussian"),
    "non-local 2D concatenation": non_local(NonLocalAttention, "concatenation"),
    "non-local 2D dot_product": non_local(NonLocalAttention, "dot_product"),
    "non-local 2D embedded_gaussian": non_local(NonLocalAttention, "embedded_gaussian"),
    "non-local 2D gaussian": non_local(NonLocalAttention, "gaussian"),
    "non-local 3D embedded gaussian": non_local(NonLocalAttention3d, "embedded_gaussian"),
    "mmdet NonLocal2D": mmdet_non_local,
    "SpatialNL (CGNL repo)": cgnl_non_local,
}

GRADIENTS: dict[str, Adapter] = {}
