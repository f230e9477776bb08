"""Wavelet transforms of MWCNN and MWRCANet, and the latter's residual block."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from restore.attention import ChannelAttention
from restore.blocks import ResidualBlock
from restore.layers import haar_filters, haar_transform, inverse_haar_transform
from restore.zoo.official.mwrcanet import wavelet_residual_block_table

from .base import Adapted, Adapter, Record


class Filters(nn.Module):
    """Holds the fixed filters, which the one official transform has in its state and the other has not."""

    def __init__(self, bands: str, stored: bool) -> None:
        super().__init__()
        self.register_buffer("filters", haar_filters(bands), persistent=stored)


def transform(apply: Callable[[Tensor, Tensor, str], Tensor], bands: str, order: str) -> Adapter:
    def adapt(record: Record) -> Adapted:
        module = Filters(bands, stored="weight" in record["state_dict"])
        table = {"weight": "filters"} if "weight" in record["state_dict"] else {}
        return Adapted(module, table, lambda x: apply(x, module.filters, order))

    return adapt


def residual_block(record: Record) -> Adapted:
    config = record["config"]
    module = ResidualBlock(
        config["filters"],
        lambda channels: ChannelAttention(channels, config.get("reduction", 16)),
        activation="prelu",
    )
    return Adapted(module, wavelet_residual_block_table(), module)


FAMILIES: dict[str, Adapter] = {
    "MWCNN DWT": transform(haar_transform, "mwcnn", "band"),
    "MWCNN IWT": transform(inverse_haar_transform, "mwcnn", "band"),
    "MWRCAN DWT": transform(haar_transform, "mwrcan", "channel"),
    "MWRCAN IDWT": transform(inverse_haar_transform, "mwrcan", "channel"),
    "MWRCAN residual block": residual_block,
}
