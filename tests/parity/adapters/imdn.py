"""IMDN and its relatives, RFDN, PAN for super-resolution, and the blocks of each."""

from __future__ import annotations

from restore.attention import Attention, ContrastChannelAttention
from restore.blocks import InformationDistillationBlock, ResidualDistillationBlock, SelfCalibratedBlock
from restore.networks import IMDN, IMDNRTC, IMDNRTE, PAN, RFDN, IMDNAnyScale, rfdn_attention
from restore.zoo.official.imdn import (
    imdn_as_table,
    imdn_rtc_table,
    imdn_rte_table,
    imdn_table,
    information_distillation_table,
)
from restore.zoo.official.pan import pan_table, self_calibrated_table
from restore.zoo.official.rfdn import residual_distillation_table, rfdn_table

from .base import Adapted, Adapter, Record


def imdn(record: Record) -> Adapted:
    config = record["config"]
    network = IMDN(
        scale=config.get("upscale", 4),
        image_channels=config.get("in_nc", 3),
        width=config.get("nf", 64),
        blocks=config.get("num_modules", 6),
        attention=_contrast,
    )
    return Adapted(network, imdn_table(network), network)


def imdn_as(record: Record) -> Adapted:
    config = record["config"]
    if config.get("upscale", 4) != 4:
        raise ValueError(f"IMDNAnyScale of ours has no form for {config}")
    network = IMDNAnyScale(
        image_channels=config.get("in_nc", 3),
        width=config.get("nf", 64),
        blocks=config.get("num_modules", 6),
        attention=_contrast,
    )
    return Adapted(network, imdn_as_table(network), network.uncropped)


def imdn_rtc(record: Record) -> Adapted:
    config = record["config"]
    network = IMDNRTC(
        scale=config.get("upscale", 2),
        image_channels=config.get("in_nc", 3),
        width=config.get("nf", 12),
        blocks=config.get("num_modules", 5),
    )
    return Adapted(network, imdn_rtc_table(network), network)


def imdn_rte(record: Record) -> Adapted:
    """Names and shapes alone: the authors' code does not run, so there is no result to compare with."""
    config = record["config"]
    network = IMDNRTE(scale=config.get("upscale", 2) ** 2 // 2, width=config.get("nf", 20))
    return Adapted(network, imdn_rte_table(network), network.uncropped)


def imdn_variant(record: Record) -> Adapted:
    """One of the authors' forms, told by its tensors."""
    names = record["state_dict"].keys()
    if "block1.c7.weight" in names:
        return imdn_rte(record)
    if "model.0.weight" in names:
        return imdn_rtc(record)
    return imdn(record) if "fea_conv.weight" in names else imdn_as(record)


def information_distillation(record: Record) -> Adapted:
    module = InformationDistillationBlock(record["config"]["in_channels"], _contrast)
    return Adapted(module, information_distillation_table(), module)


def rfdn(record: Record) -> Adapted:
    """The authors' network has no range of its own; ours divides what it is given, so any number does."""
    config = record["config"]
    white = float(record.get("input_range", (0, 255))[1])
    network = RFDN(
        image_channels=config.get("in_nc", 3),
        width=config.get("nf", 50),
        blocks=config.get("num_modules", 4),
        pixel_range=white,
    )
    return Adapted(network, rfdn_table(network), lambda x: network(x / white) * white)


def residual_distillation(record: Record) -> Adapted:
    module = ResidualDistillationBlock(record["config"]["in_channels"], rfdn_attention)
    return Adapted(module, residual_distillation_table(), module)


def pan(record: Record) -> Adapted:
    config = record["config"]
    network = PAN(
        scale=config.get("scale", 4),
        image_channels=config.get("in_nc", 3),
        width=config.get("nf", 40),
        up_width=config.get("unf", 24),
        blocks=config.get("nb", 16),
    )
    return Adapted(network, pan_table(network), network)


def self_calibrated(record: Record) -> Adapted:
    config = record["config"]
    if config.get("reduction", 2) != 2:
        raise ValueError(f"SelfCalibratedBlock of ours has no form for {config}")
    module = SelfCalibratedBlock(config["nf"], dilation=config.get("dilation", 1))
    return Adapted(module, self_calibrated_table(), module)


def _contrast(channels: int) -> Attention:
    return ContrastChannelAttention(channels, reduction=16)


FAMILIES: dict[str, Adapter] = {
    "IMDN": imdn,
    "IMDN_AS (any scale, down-sampled input)": imdn_as,
    "IMDN_RTC": imdn_rtc,
    "IMDB block (IMDN)": information_distillation,
    "RFDN x4": rfdn,
    "RFDB block (RFDN)": residual_distillation,
    "PAN (pixel attention SR)": pan,
    "SCPA block (PAN SR)": self_calibrated,
}

STATE_DICTS: dict[str, Adapter] = {"imdn": imdn_variant, "rfdn": rfdn, "pansr": pan}
