"""RCAN, its parts, and DnCNN."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from restore.attention import Attention, ChannelAttention
from restore.blocks import ResidualBlock, ResidualGroup
from restore.networks import RCAN, DnCNN, ShiftedNetwork
from restore.zoo.official.dncnn import dncnn_table
from restore.zoo.official.rcan import (
    channel_attention_table,
    rcan_table,
    residual_block_table,
    residual_group_table,
)

from .base import Adapted, Adapter, Record


def rcan(record: Record) -> Adapted:
    config = record["config"]
    network = RCAN(
        scale=config["scale"],
        image_channels=config.get("n_colors", 3),
        width=config.get("n_feats", 64),
        groups=config.get("n_resgroups", 10),
        blocks=config.get("n_resblocks", 20),
        pixel_range=config.get("rgb_range", 255),
        mean=None if "sub_mean.bias" in record["state_dict"] else [],
        attention=_attention(config),
    )
    return Adapted(network, rcan_table(network), in_official_range(network, network))


def rcan_self_ensemble(record: Record) -> Adapted:
    from restore.inference import self_ensemble

    adapted = rcan(record)
    adapted.run = in_official_range(adapted.module, lambda degraded: self_ensemble(adapted.module, degraded))
    return adapted


def channel_attention(record: Record) -> Adapted:
    config = record["config"]
    module = ChannelAttention(config["channel"], config.get("reduction", 16))
    return Adapted(module, channel_attention_table(), module)


def residual_block(record: Record) -> Adapted:
    config = record["config"]
    module = ResidualBlock(config["n_feat"], _attention(config), config.get("kernel_size", 3))
    return Adapted(module, residual_block_table(), module)


def residual_group(record: Record) -> Adapted:
    config = record["config"]
    blocks = config["n_resblocks"]
    module = ResidualGroup(config["n_feat"], blocks, _attention(config), config.get("kernel_size", 3))
    return Adapted(module, residual_group_table(blocks), module)


def dncnn(record: Record) -> Adapted:
    config = record["config"]
    activation = config.get("act_mode", "BR")
    if activation not in ("R", "BR") or config.get("out_nc", config["in_nc"]) != config["in_nc"]:
        raise ValueError(f"DnCNN of ours has no form for {config}")
    network = DnCNN(
        image_channels=config["in_nc"],
        width=config.get("nc", 64),
        depth=config.get("nb", 17),
        normalization=activation == "BR",
    )
    return Adapted(network, dncnn_table(network), network)


def _attention(config: Record) -> Callable[[int], Attention]:
    return lambda channels: ChannelAttention(channels, config.get("reduction", 16))


def in_official_range(network: ShiftedNetwork, run: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Official pictures are 0 to `pixel_range` where ours are 0 to 1."""
    return lambda x: run(x / network.pixel_range) * network.pixel_range


FAMILIES: dict[str, Adapter] = {
    "RCAN": rcan,
    "RCAN self-ensemble x8": rcan_self_ensemble,
    "SE / RCAN CALayer": channel_attention,
    "RCAN RCAB": residual_block,
    "RCAN ResidualGroup": residual_group,
    "DnCNN": dncnn,
}

STATE_DICTS: dict[str, Adapter] = {"rcan": rcan}
