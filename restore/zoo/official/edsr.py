"""Official names of EDSR and MDSR (EDSR-PyTorch), and what they say about the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from restore import networks
from restore.blocks import ResidualGroup
from restore.zoo.official.mean_shift import shift_options, shift_table
from restore.zoo.official.table import Family, Table, conv, count, within
from restore.zoo.official.upsample import upsample_scale, upsample_table


def plain_block_table() -> Table:
    """ResBlock -> ResidualBlock without attention."""
    return conv("body.0", "conv1") | conv("body.2", "conv2")


def body_table(body: ResidualGroup) -> Table:
    """The stack and the convolution at its end -> ResidualGroup, whose skip is the long one."""
    table: Table = {}
    for block in range(len(body.blocks)):
        table |= within(str(block), f"blocks.{block}", plain_block_table())
    return table | conv(str(len(body.blocks)), "conv")


def edsr_table(network: networks.EDSR) -> Table:
    """EDSR -> EDSR."""
    table = shift_table(network) | conv("head.0", "head") | within("body", "body", body_table(network.body))
    return table | within("tail.0", "upsample", upsample_table(network.upsample)) | conv("tail.1", "tail")


def mdsr_table(network: networks.MDSR) -> Table:
    """MDSR -> MDSR; the authors number the scales, in the order of ours."""
    table = shift_table(network)
    for place, scale in enumerate(network.scales):
        for block in range(2):
            table |= within(f"pre_process.{place}.{block}", f"heads.{scale}.{block}", plain_block_table())
    for place, scale in enumerate(network.scales):
        upsample = network.upsamplers[str(scale)]
        table |= within(f"upsample.{place}", f"upsamplers.{scale}", upsample_table(upsample.children()))
    table |= conv("head.0", "head") | within("body", "body", body_table(network.body))
    return table | conv("tail.0", "tail")


def _is_edsr(state: Mapping[str, Tensor]) -> bool:
    return {"head.0.weight", "body.0.body.0.weight", "body.0.body.2.weight", "tail.1.weight"} <= state.keys()


def _is_mdsr(state: Mapping[str, Tensor]) -> bool:
    return {"head.0.weight", "pre_process.0.0.body.0.weight", "upsample.0.0.weight", "tail.0.weight"} <= state.keys()


def _edsr_options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    width, image_channels = state["head.0.weight"].shape[:2]
    return {
        "scale": upsample_scale(state, "tail.0.", width),
        "image_channels": image_channels,
        "width": width,
        "blocks": count(state, "body.", ".body.0.weight"),
    } | shift_options("EDSR", state, pixel_range)


def _unknown(state: Mapping[str, Tensor]) -> dict[str, str]:
    return {
        "residual_scale": "The authors have 1 for the baseline (64 channels) and 0.1 for the large one (256). Give "
        "--answer residual_scale=0.1, or what it was trained with, to restore convert (answers={...} to "
        "restore.zoo.convert_file)."
    }


def _mdsr_options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    width, image_channels = state["head.0.weight"].shape[:2]
    places = range(count(state, "upsample.", ".0.weight"))
    scales = [upsample_scale(state, f"upsample.{place}.", width) for place in places]
    return {
        "scale": scales[-1],
        "scales": scales,
        "image_channels": image_channels,
        "width": width,
        "blocks": count(state, "body.", ".body.0.weight"),
    } | shift_options("MDSR", state, pixel_range)


EDSR = Family(networks.EDSR, _is_edsr, _edsr_options, edsr_table, unknown=_unknown)
MDSR = Family(networks.MDSR, _is_mdsr, _mdsr_options, mdsr_table)
