"""RNAN's official names (yulunzhang/RNAN), and what they say about the network.

Nothing in weights without a mean shift (denoising, JPEG, demosaicing) tells what they call white, so it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from torch import Tensor, nn

from restore import networks
from restore.attention import MaskAttention, NonLocalAttention
from restore.blocks import ResidualAttentionBlock
from restore.errors import CheckpointError
from restore.zoo.official.mean_shift import shift_options, shift_table
from restore.zoo.official.rnan_attention import residual_attention_block_table
from restore.zoo.official.table import Family, Table, conv, count, within
from restore.zoo.official.upsample import upsample_scale, upsample_table


def rnan_table(network: networks.RNAN) -> Table:
    """RNAN -> RNAN."""
    table = shift_table(network) | conv("head.0", "head")
    table |= within("body_nl_low.0", "low", _group_table(network.low, non_local=True))
    for place, group in enumerate(network.groups):
        table |= within(f"body.{place}", f"groups.{place}", _group_table(cast(nn.Sequential, group), non_local=False))
    table |= conv(f"body.{len(network.groups)}", "conv")
    table |= within("body_nl_high.0", "high", _group_table(network.high, non_local=True))
    if network.scale == 1:
        return table | conv("tail.0", "tail")
    return table | within("tail.0", "upsample", upsample_table(network.upsample)) | conv("tail.1", "tail")


def _group_table(group: nn.Sequential, non_local: bool) -> Table:
    """ResGroup or NLResGroup -> the block and the convolution behind it."""
    mask = cast(ResidualAttentionBlock, group[0]).attention
    if not isinstance(mask, MaskAttention) or _looks_far(mask) != non_local:
        raise CheckpointError(
            "The authors' RNAN has mask attention only: non-local in the first and the last group, with its softmax "
            "over the queries, and local in the others."
        )
    return within("body.0", "0", residual_attention_block_table(non_local)) | conv("body.1", "1")


def _looks_far(mask: MaskAttention) -> bool:
    return isinstance(mask.non_local, NonLocalAttention) and mask.non_local.normalize_over == "queries"


def _recognises(state: Mapping[str, Tensor]) -> bool:
    ends = {f"body_nl_{end}.0.body.0.RA_MB.0.MB_RB1.0.theta.weight" for end in ("low", "high")}
    return ends | {"head.0.weight"} <= state.keys()


def _options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    width, image_channels = state["head.0.weight"].shape[:2]
    enlarges = "tail.1.weight" in state
    options: dict[str, Any] = {
        "scale": upsample_scale(state, "tail.0.", width) if enlarges else 1,
        "image_channels": image_channels,
        "width": width,
        "groups": 2 + count(state, "body.", ".body.1.weight"),
        "attention": {"class_path": "restore.attention.MaskAttention"},
        "non_local_attention": {
            "class_path": "restore.attention.MaskAttention",
            "init_args": {"non_local": True, "normalize_over": "queries"},
        },
    }
    return options | shift_options("RNAN", state, pixel_range)


RNAN = Family(networks.RNAN, _recognises, _options, rnan_table)
