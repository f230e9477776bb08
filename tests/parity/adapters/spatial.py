"""Spatial and mixed recalibration."""

from __future__ import annotations

from torch import Tensor

from restore.attention import (
    BAM,
    CBAM,
    ChannelSpatialAttention3d,
    EnhancedSpatialAttention,
    PixelAttention,
    PixelAttentionConv,
    PooledChannelAttention,
    ResidualAttentionModule,
    SpatialAttention,
    SpatialChannelAttention,
)
from restore.zoo.official.csam import channel_spatial_attention_table
from restore.zoo.official.esa import enhanced_spatial_attention_table
from restore.zoo.official.pixel_attention import pixel_attention_conv_table, pixel_attention_table
from restore.zoo.official.table import Table, batch_norm, conv, within

from .base import Adapted, Adapter, Record

_POOLINGS = {"avg": "mean", "max": "max", "lp": "norm", "lse": "log_sum_exp"}
_ORDERS = {"C-S": "channel-spatial", "S-C": "spatial-channel"}
_STAGES = {"A": (256, 3, 1), "B": (512, 2, 2), "C": (1024, 1, 3)}
"""Of Attention-56: width, levels, number of the unit before the module."""


def cbam(record: Record) -> Adapted:
    config = record["config"]
    spatial = not config.get("no_spatial", False)
    reduction = config.get("reduction_ratio", 16)
    module = CBAM(config["gate_channels"], reduction, _poolings(config), spatial, normalized=True)
    table = within("ChannelGate", "channel", _channel_gate_table())
    if spatial:
        table |= within("SpatialGate", "spatial", _spatial_gate_table())
    return Adapted(module, table, module)


def cbam_channel_gate(record: Record) -> Adapted:
    config = record["config"]
    module = PooledChannelAttention(config["gate_channels"], config.get("reduction_ratio", 16), _poolings(config))
    return Adapted(module, _channel_gate_table(), module)


def cbam_spatial_gate(record: Record) -> Adapted:
    module = SpatialAttention(record["input_shapes"][0][1], normalized=True)
    return Adapted(module, _spatial_gate_table(), module)


def bam(record: Record) -> Adapted:
    config = record["config"]
    module = _bam(config)
    table = within("channel_att", "channel", _bam_channel_table(config.get("num_layers", 1)))
    table |= within("spatial_att", "spatial", _bam_spatial_table(config.get("dilation_conv_num", 2)))
    return Adapted(module, table, module)


def bam_channel_gate(record: Record) -> Adapted:
    config = record["config"]
    module = _bam(config)
    table = _bam_channel_table(config.get("num_layers", 1))
    return Adapted(module.channel, table, lambda x: module.channel_score(x).expand_as(x))


def bam_spatial_gate(record: Record) -> Adapted:
    config = record["config"]
    module = _bam(config)
    table = _bam_spatial_table(config.get("dilation_conv_num", 2))
    return Adapted(module.spatial, table, lambda x: module.spatial_score(x).expand_as(x))


def enhanced_spatial(record: Record) -> Adapted:
    module = EnhancedSpatialAttention(record["config"]["n_feats"])
    return Adapted(module, enhanced_spatial_attention_table(), module)


def pixel(record: Record) -> Adapted:
    module = PixelAttention(record["config"]["nf"])
    return Adapted(module, pixel_attention_table(), module)


def pixel_conv(record: Record) -> Adapted:
    config = record["config"]
    module = PixelAttentionConv(config["nf"], config.get("k_size", 3))
    return Adapted(module, pixel_attention_conv_table(), module)


def spatial_channel(record: Record) -> Adapted:
    config = record["config"]
    module = SpatialChannelAttention(
        config["channels"], config["hidden"], _ORDERS[config.get("order", "C-S")], rescale=config.get("scale", False)
    )
    table: Table = {}
    for number, part in ((1, "channel"), (2, "spatial")):
        leaves = {"Wc_att": "project_weight", "b_att": "project_bias", "U_att": "score_weight", "c_att": "score_bias"}
        table |= {f"{theirs}_{number}": f"{part}.{ours}" for theirs, ours in leaves.items()}

    def run(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        channel, spatial = module.weights(x)
        return module(x), channel.flatten(1), spatial.flatten(1)

    return Adapted(module, table, run)


def residual_attention(record: Record) -> Adapted:
    config = record["config"]
    stage = config["stage"]
    width, levels, number = _STAGES[stage]
    module = ResidualAttentionModule(width // config["div"], levels)
    return Adapted(module, _residual_attention_table(stage, levels, number), module)


def channel_spatial_3d(record: Record) -> Adapted:
    module = ChannelSpatialAttention3d(record["config"]["in_dim"])
    return Adapted(module, channel_spatial_attention_table(), module)


def _poolings(config: Record) -> list:
    return [_POOLINGS[name] for name in config.get("pool_types", ["avg", "max"])]


def _channel_gate_table() -> Table:
    return conv("mlp.1", "squeeze") | conv("mlp.3", "excite")


def _spatial_gate_table() -> Table:
    return {"spatial.conv.weight": "conv.weight"} | batch_norm("spatial.bn", "norm")


def _bam(config: Record) -> BAM:
    return BAM(
        config["gate_channel"],
        config.get("reduction_ratio", 16),
        layers=config.get("num_layers", 1),
        dilated=config.get("dilation_conv_num", 2),
        dilation=config.get("dilation_val", 4),
        join="product",
        mean_over="square",
        normalize="inside",
    )


def _bam_channel_table(layers: int) -> Table:
    table: Table = {}
    for layer in range(layers):
        table |= conv(f"gate_c.gate_c_fc_{layer}", f"{3 * layer}")
        table |= batch_norm(f"gate_c.gate_c_bn_{layer + 1}", f"{3 * layer + 1}")
    return table | conv("gate_c.gate_c_fc_final", f"{3 * layers}")


def _bam_spatial_table(dilated: int) -> Table:
    names = ["reduce0", *(f"di_{index}" for index in range(dilated))]
    table: Table = {}
    for place, name in enumerate(names):
        table |= conv(f"gate_s.gate_s_conv_{name}", f"{3 * place}")
        table |= batch_norm(f"gate_s.gate_s_bn_{name}", f"{3 * place + 1}")
    return table | conv("gate_s.gate_s_conv_final", f"{3 * len(names)}")


def _residual_attention_table(stage: str, levels: int, number: int) -> Table:
    """A normalisation is named after the layer that it follows, so a unit's first one bears another unit's name."""
    start = f"Attention{stage}_1"
    down, up, skip = f"{start}/mask/down_sample", f"{start}/mask/up_sample", f"{start}/mask/skip"
    units = [
        (f"pre_res_{number}", f"{start}/trunk/res1", "before.0"),
        (f"{start}/trunk/res1", f"{start}/trunk/res2", "trunk.0"),
        (f"{start}/trunk/res2", f"{start}/trunk/res3", "trunk.1"),
        (f"{start}/fusion", start, "after.0"),
    ]
    for level in range(1, levels + 1):
        units.append((f"{down}/pool{level}_3x3_s2", f"{down}/res{level}_1", f"mask.down.{level - 1}.0"))
        if level < levels:
            units.append((f"{down}/res{level}_1", f"{skip}/res{level}", f"mask.skip.{level - 1}.0"))
            units.append((f"{start}/mask/up_sample{level}", f"{up}/res{level}_1", f"mask.up.{level - 1}.0"))
        else:
            units.append((f"{down}/res{level}_1", f"{down}/res{level}_2", f"mask.up.{level - 1}.0"))
    table: Table = {}
    for before, unit, ours in units:
        table |= batch_norm(f"{before}/bn", f"{ours}.norm1")
        table |= batch_norm(f"{unit}/branch1/conv1_1x1/bn", f"{ours}.norm2")
        table |= batch_norm(f"{unit}/branch1/conv2_3x3/bn", f"{ours}.norm3")
        for index, size in ((1, "1x1"), (2, "3x3"), (3, "1x1")):
            table[f"{unit}/branch1/conv{index}_{size}.weight"] = f"{ours}.conv{index}.weight"
    table |= batch_norm(f"{up}/interp_1/bn", "mask.norm1") | batch_norm(f"{start}/mask/linear_1/bn", "mask.norm2")
    return table | {f"{start}/mask/linear_{index}.weight": f"mask.linear{index}.weight" for index in (1, 2)}


FAMILIES: dict[str, Adapter] = {
    "CBAM": cbam,
    "CBAM channel gate": cbam_channel_gate,
    "CBAM spatial gate": cbam_spatial_gate,
    "BAM": bam,
    "BAM (rectangular quirk)": bam,
    "BAM channel gate": bam_channel_gate,
    "BAM spatial gate": bam_spatial_gate,
    "ESA (RFDN)": enhanced_spatial,
    "PA (pixel attention, PAN SR)": pixel,
    "PAConv (PAN SR)": pixel_conv,
    "SCA-CNN attention without LSTM term": spatial_channel,
    "residual attention module (Attention-56 A, mixed mask)": residual_attention,
    "residual attention module (Attention-56 B)": residual_attention,
    "residual attention module (Attention-56 C)": residual_attention,
    "HAN CSAM": channel_spatial_3d,
}
