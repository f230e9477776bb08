"""The official names of PAN for super-resolution (zhaohengyuan1/PAN), and what they say about the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from restore import networks
from restore.errors import CheckpointError
from restore.zoo.official.pixel_attention import pixel_attention_conv_table, pixel_attention_table
from restore.zoo.official.table import Family, Table, conv, within


def self_calibrated_table() -> Table:
    """SCPA -> SelfCalibratedBlock; branch a is the lower one, b the upper."""
    table = {
        "conv1_a.weight": "lower_squeeze.weight",
        "conv1_b.weight": "upper_squeeze.weight",
        "k1.0.weight": "lower_conv.weight",
    }
    table |= within("PAConv", "attention", pixel_attention_conv_table())
    return table | {"conv3.weight": "project.weight"}


def pan_table(network: networks.PAN) -> Table:
    """PAN -> PAN."""
    table = conv("conv_first", "head")
    for block in range(len(network.blocks)):
        table |= within(f"SCPA_trunk.{block}", f"blocks.{block}", self_calibrated_table())
    table |= conv("trunk_conv", "conv")
    for stage in range(len(network.stages)):
        table |= conv(f"upconv{stage + 1}", f"stages.{stage}.conv1")
        table |= within(f"att{stage + 1}", f"stages.{stage}.attention", pixel_attention_table())
        table |= conv(f"HRconv{stage + 1}", f"stages.{stage}.conv2")
    return table | conv("conv_last", "tail")


def _recognises(state: Mapping[str, Tensor]) -> bool:
    return {"conv_first.weight", "SCPA_trunk.0.conv1_a.weight", "upconv1.weight"} <= state.keys()


def _options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    if pixel_range not in (None, 1.0):
        raise CheckpointError(f"PAN's weights are for pictures of 0 to 1, got pixel_range={pixel_range}. Leave it out.")
    width, image_channels = state["conv_first.weight"].shape[:2]
    options = {
        "image_channels": image_channels,
        "width": width,
        "up_width": state["upconv1.weight"].shape[0],
        "blocks": sum(name.endswith(".conv1_a.weight") for name in state),
    }
    return options if _unknown(state) else options | {"scale": 4}


def _unknown(state: Mapping[str, Tensor]) -> dict[str, str]:
    if "upconv2.weight" in state:
        return {}
    return {
        "scale": "It is 2 or 3. Give --scale 2 or --scale 3 to restore convert, upscale or evaluate "
        "(answers={...} to restore.zoo.convert_file)."
    }


PAN = Family(networks.PAN, _recognises, _options, pan_table, unknown=_unknown)
