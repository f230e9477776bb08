"""NAFNet, its baseline, Restormer, and the parts of each."""

from __future__ import annotations

from typing import Any

from restore.attention import ChannelAttention, SimpleChannelAttention
from restore.blocks import NAFBlock
from restore.layers import GatedFeedForward, LayerNorm2d
from restore.networks import NAFBaseline, NAFNet, Restormer
from restore.zoo.official.nafnet import baseline_block_table, baseline_table, naf_block_table, nafnet_table
from restore.zoo.official.restormer import gated_feed_forward_table, restormer_table

from .base import Adapted, Adapter, Record

_NORMALIZATIONS = {"WithBias": "with_bias", "BiasFree": "bias_free"}


def nafnet(record: Record) -> Adapted:
    network = NAFNet(**_sizes(record["config"]))
    return Adapted(network, nafnet_table(network), network)


def baseline(record: Record) -> Adapted:
    config = record["config"]
    network = NAFBaseline(
        **_sizes(config),
        expand=config.get("dw_expand", 1),
        feed_forward_expand=config.get("ffn_expand", 2),
    )
    return Adapted(network, baseline_table(network), network)


def either(record: Record) -> Adapted:
    return baseline(record) if record["config"].get("cls") == "Baseline" else nafnet(record)


def _sizes(config: Record) -> dict[str, Any]:
    return {
        "image_channels": config.get("img_channel", 3),
        "width": config.get("width", 16),
        "encoder_blocks": config.get("enc_blk_nums", []),
        "middle_blocks": config.get("middle_blk_num", 1),
        "decoder_blocks": config.get("dec_blk_nums", []),
    }


def naf_block(record: Record) -> Adapted:
    config = record["config"]
    module = NAFBlock(
        config["c"],
        SimpleChannelAttention,
        expand=config.get("DW_Expand", 2),
        feed_forward_expand=config.get("FFN_Expand", 2),
    )
    return Adapted(module, naf_block_table(), module)


def baseline_block(record: Record) -> Adapted:
    config = record["config"]
    module = NAFBlock(
        config["c"],
        lambda channels: ChannelAttention(channels, 2),
        "gelu",
        expand=config.get("DW_Expand", 1),
        feed_forward_expand=config.get("FFN_Expand", 2),
    )
    return Adapted(module, baseline_block_table(), module)


def layer_norm(record: Record) -> Adapted:
    config = record["config"]
    module = LayerNorm2d(config["channels"], config.get("eps", 1e-6))
    return Adapted(module, {name: name for name in ("weight", "bias")}, module)


def restormer(record: Record) -> Adapted:
    config = record["config"]
    network = Restormer(
        image_channels=config.get("out_channels", 3),
        width=config.get("dim", 48),
        blocks=config.get("num_blocks", [4, 6, 6, 8]),
        refinement_blocks=config.get("num_refinement_blocks", 4),
        heads=config.get("heads", [1, 2, 4, 8]),
        expand=config.get("ffn_expansion_factor", 2.66),
        bias=config.get("bias", False),
        normalization=_NORMALIZATIONS[config.get("LayerNorm_type", "WithBias")],
        dual_pixel=config.get("dual_pixel_task", False),
    )
    return Adapted(network, restormer_table(network), network)


def gated_feed_forward(record: Record) -> Adapted:
    config = record["config"]
    bias = config.get("bias", False)
    module = GatedFeedForward(config["dim"], config.get("ffn_expansion_factor", 2.66), bias)
    return Adapted(module, gated_feed_forward_table(bias), module)


FAMILIES: dict[str, Adapter] = {
    "NAFNet": nafnet,
    "Baseline": baseline,
    "NAFBlock": naf_block,
    "BaselineBlock": baseline_block,
    "LayerNorm2d (NAFNet)": layer_norm,
    "Restormer": restormer,
    "Restormer GDFN": gated_feed_forward,
}

STATE_DICTS: dict[str, Adapter] = {"nafnet": either, "restormer": restormer}
