"""RDN's official names (the port in EDSR-PyTorch), and what they say about the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from torch import Tensor

from restore import networks
from restore.blocks import ResidualDenseBlock
from restore.errors import CheckpointError
from restore.zoo.official.mean_shift import RANGE_QUESTION
from restore.zoo.official.table import Family, Table, conv, count, within
from restore.zoo.official.upsample import upsample_scale, upsample_table


def dense_block_table(layers: int) -> Table:
    """RDB -> ResidualDenseBlock."""
    table: Table = {}
    for layer in range(layers):
        table |= conv(f"convs.{layer}.conv.0", f"layers.{layer}")
    return table | conv("LFF", "fuse")


def rdn_table(network: networks.RDN) -> Table:
    """RDN -> RDN; the upsampler and the last convolution stand in one nn.Sequential there."""
    table = conv("SFENet1", "head") | conv("SFENet2", "shallow")
    for place, block in enumerate(network.blocks):
        table |= within(
            f"RDBs.{place}", f"blocks.{place}", dense_block_table(len(cast(ResidualDenseBlock, block).layers))
        )
    table |= conv("GFF.0", "fuse") | conv("GFF.1", "conv")
    table |= within("UPNet", "upsample", upsample_table(network.upsample))
    return table | conv(f"UPNet.{len(network.upsample)}", "tail")


def _recognises(state: Mapping[str, Tensor]) -> bool:
    return {"SFENet1.weight", "RDBs.0.convs.0.conv.0.weight", "GFF.0.weight", "UPNet.0.weight"} <= state.keys()


def _options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    if pixel_range is None:
        raise CheckpointError(f"Nothing in this RDN says what its weights call white. {RANGE_QUESTION}")
    width, image_channels = state["SFENet1.weight"].shape[:2]
    growth = state["RDBs.0.convs.0.conv.0.weight"].shape[0]
    shuffles = {name: tensor for name, tensor in state.items() if tensor.shape[:1] != (image_channels,)}
    return {
        "scale": upsample_scale(shuffles, "UPNet.", growth),
        "image_channels": image_channels,
        "width": width,
        "growth": growth,
        "blocks": count(state, "RDBs.", ".LFF.weight"),
        "layers": count(state, "RDBs.0.convs.", ".conv.0.weight"),
        "pixel_range": pixel_range,
    }


def _unknown(state: Mapping[str, Tensor]) -> dict[str, str]:
    return {
        "mean": "Weights of the port in EDSR-PyTorch have no mean shift, weights from the authors' Torch code have "
        "DIV2K's around the network. Give --answer mean=[] or --answer mean=[0.4488,0.4371,0.4040] to restore convert "
        "(answers={...} to restore.zoo.convert_file)."
    }


RDN = Family(networks.RDN, _recognises, _options, rdn_table, unknown=_unknown)
