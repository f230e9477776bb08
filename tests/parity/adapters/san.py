"""SAN and its group, RNAN for every task, HAN."""

from __future__ import annotations

from restore.attention import ChannelAttention, RegionNonLocalAttention, SecondOrderChannelAttention
from restore.blocks import LocalSourceGroup
from restore.networks import HAN, RNAN, SAN
from restore.zoo.official.han import han_table
from restore.zoo.official.rnan import rnan_table
from restore.zoo.official.san import GROUP_DEAD, local_source_group_table, san_dead, san_table

from .base import Adapted, Adapter, Record
from .rcan import in_official_range


def san(record: Record) -> Adapted:
    config = record["config"]
    reduction = config.get("reduction", 16)
    network = SAN(
        scale=config["scale"],
        image_channels=config.get("n_colors", 3),
        width=config.get("n_feats", 64),
        groups=config.get("n_resgroups", 20),
        blocks=config.get("n_resblocks", 10),
        pixel_range=config.get("rgb_range", 255),
        mean=_mean(record),
        attention=lambda channels: SecondOrderChannelAttention(channels, reduction, crop="published"),
        non_local_attention=lambda channels: RegionNonLocalAttention(channels, subsample=True),
    )
    return Adapted(network, san_table(network), in_official_range(network, network), san_dead(network))


def local_source_group(record: Record) -> Adapted:
    config = record["config"]
    reduction = config.get("reduction", 16)
    module = LocalSourceGroup(
        config["n_feat"],
        config["n_resblocks"],
        lambda channels: SecondOrderChannelAttention(channels, reduction, crop="published"),
        config.get("kernel_size", 3),
    )
    return Adapted(module, local_source_group_table(module), module, GROUP_DEAD)


def rnan(record: Record) -> Adapted:
    config = record["config"]
    network = RNAN(
        scale=config.get("scale", 1),
        image_channels=config.get("n_colors", record["state_dict"]["head.0.weight"][1]),
        width=config.get("n_feats", 64),
        groups=config.get("n_resgroups", 10),
        pixel_range=config.get("rgb_range", 255),
        mean=_mean(record),
    )
    return Adapted(network, rnan_table(network), in_official_range(network, network))


def han(record: Record) -> Adapted:
    config = record["config"]
    reduction = config.get("reduction", 16)
    network = HAN(
        scale=config["scale"],
        image_channels=config.get("n_colors", 3),
        width=config.get("n_feats", 64),
        groups=config.get("n_resgroups", 10),
        blocks=config.get("n_resblocks", 20),
        pixel_range=config.get("rgb_range", 255),
        mean=_mean(record),
        attention=lambda channels: ChannelAttention(channels, reduction),
    )
    return Adapted(network, han_table(network), in_official_range(network, network))


def _mean(record: Record) -> list[float] | None:
    return None if "sub_mean.bias" in record["state_dict"] else []


FAMILIES: dict[str, Adapter] = {
    "SAN": san,
    "SAN LSRAG": local_source_group,
    "RNAN DN_RGB": rnan,
    "RNAN DN_Gray": rnan,
    "RNAN SR": rnan,
    "HAN": han,
}

STATE_DICTS: dict[str, Adapter] = {"san": san, "rnan": rnan, "han": han}
