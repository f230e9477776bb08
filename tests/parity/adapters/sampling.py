"""Pyramids, deformable and dynamic convolution, transformers, glimpses."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restore.attention import (
    ActionNetwork,
    DeformableConv,
    DeformableConvPack,
    DynamicConv,
    DynamicConv1d,
    FeaturePyramidAttention,
    GlimpseCore,
    GlimpseNetwork,
    GlimpseSensor,
    GlobalAttentionUpsample,
    LightweightConv1d,
    LocationPolicy,
)
from restore.attention.sampling.spatial_transformer import affine_sample
from restore.zoo.official.table import Table, batch_norm, conv

from .base import Adapted, Adapter, Record


def feature_pyramid(record: Record) -> Adapted:
    module = FeaturePyramidAttention(record["config"]["channels"])
    table = _normalized("conv_master", "bn_master", "master") | _normalized("conv_gpb", "bn_gpb", "pool")
    for level, size in enumerate((7, 5, 3)):
        one = level + 1
        table |= _normalized(f"conv{size}x{size}_1", f"bn{one}_1", f"down.{level}")
        table |= _normalized(f"conv{size}x{size}_2", f"bn{one}_2", f"lateral.{level}")
        table |= _normalized(f"conv_upsample_{one}", f"bn_upsample_{one}", f"up.{level}")
    return Adapted(module, table, module)


def global_upsample(record: Record) -> Adapted:
    config = record["config"]
    upsample = config.get("upsample", True)
    module = GlobalAttentionUpsample(config["channels_high"], config["channels_low"], upsample)
    up = "upsample" if upsample else "reduction"
    table = _normalized("conv3x3", "bn_low", "low") | _normalized("conv1x1", "bn_high", "pool")
    return Adapted(module, table | _normalized(f"conv_{up}", f"bn_{up}", "up"), module)


def deformable(record: Record) -> Adapted:
    config, state = record["config"], record["state_dict"]
    height, _ = _sides(config["kernel_size"])
    module = DeformableConv(
        config["in_channels"],
        config["out_channels"],
        height,
        config.get("stride", 1),
        config.get("padding", 0),
        config.get("dilation", 1),
        config.get("groups", 1),
        config.get("offset_groups", 1),
        "bias" in state,
    )
    _widen(module, config)
    return Adapted(module, _same(record), module)


def deformable_pack(record: Record) -> Adapted:
    """Version and bias as the tensors tell: mmdet has a class a version, and the second a bias by default."""
    config, state = record["config"], record["state_dict"]
    modulated = "conv_offset_mask.weight" in state
    height, width = _sides(config["kernel_size"])
    module = DeformableConvPack(
        config["in_channels"],
        config["out_channels"],
        height,
        config.get("stride", 1),
        config.get("padding", 0),
        config.get("dilation", 1),
        config.get("groups", 1),
        config.get("offset_groups", 1),
        modulated,
        "bias" in state,
    )
    if height != width:
        _widen(module.deform, config)
        predict, taps = module.predict, config.get("offset_groups", 1) * height * width
        channels = (3 if modulated else 2) * taps
        size = (height, width)
        module.predict = nn.Conv2d(predict.in_channels, channels, size, predict.stride, predict.padding)
    own = {name: f"deform.{name}" for name in ("weight", "bias") if name in state}
    return Adapted(module, own | conv("conv_offset_mask" if modulated else "conv_offset", "predict"), module)


def dynamic_1d(record: Record) -> Adapted:
    config = record["config"]
    module = DynamicConv1d(
        config["input_size"],
        config.get("kernel_size", 1),
        config.get("num_heads", 1),
        config.get("padding_l"),
        config.get("weight_softmax", False),
        config.get("renorm_padding", False),
        config.get("bias", False),
        config.get("conv_bias", False),
        query_channels=config.get("query_size"),
    )
    table = {name: name.replace("weight_linear", "weigh").replace("conv_bias", "bias") for name in record["state_dict"]}
    return Adapted(module, table, module)


def lightweight_1d(record: Record) -> Adapted:
    config = record["config"]
    module = LightweightConv1d(
        config["input_size"],
        config.get("kernel_size", 1),
        config.get("num_heads", 1),
        config.get("padding_l"),
        config.get("weight_softmax", False),
        config.get("bias", False),
    )
    return Adapted(module, _same(record), module)


def dynamic_2d(record: Record) -> Adapted:
    config = record["config"]
    module = DynamicConv(config["channels"], config["kernel_size"], config["groups"], config.get("bias", True))
    return Adapted(module, {name: name.replace("weight_linear", "weigh") for name in record["state_dict"]}, module)


def spatial_transformer(record: Record) -> Adapted:
    config = record["config"]
    assert config.get("mode", "bilinear") == "bilinear"
    options = (
        tuple(config["out"]) if "out" in config else None,
        config.get("padding_mode", "zeros"),
        config.get("align_corners", False),
    )
    return Adapted(nn.Identity(), {}, lambda image, matrix: affine_sample(image, matrix, *options))


def glimpse_sensor(record: Record) -> Adapted:
    config = record["config"]
    sensor = GlimpseSensor(config["g"], config["k"], config["s"], start="published")
    return Adapted(sensor, {}, lambda image, location: sensor(image, location).flatten(1))


def glimpse_network(record: Record) -> Adapted:
    config = record["config"]
    module = GlimpseNetwork(
        config["c"], config["g"], config["k"], config["s"], config["h_g"], config["h_l"], start="published"
    )
    table = conv("fc1", "what_in") | conv("fc2", "where_in") | conv("fc3", "what_out") | conv("fc4", "where_out")
    return Adapted(module, table, module)


def core(record: Record) -> Adapted:
    module = GlimpseCore(record["config"]["input_size"], record["config"]["hidden_size"])
    return Adapted(module, conv("i2h", "see") | conv("h2h", "remember"), module)


def action(record: Record) -> Adapted:
    module = ActionNetwork(record["config"]["input_size"], record["config"]["output_size"])
    return Adapted(module, conv("fc", "classify"), module)


def location_mean(record: Record) -> Adapted:
    config = record["config"]
    assert config.get("output_size", 2) == 2
    module = LocationPolicy(config["input_size"], config.get("std", 0.05))

    def mean(memory: Tensor) -> Tensor:
        return module(memory).mean

    return Adapted(module, conv("fc", "hidden") | conv("fc_lt", "mean"), mean)


def _sides(size: int | list[int]) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, int) else size
    return height, width


def _widen(module: DeformableConv, config: Record) -> None:
    """Windows that are not square, which our function takes and our module does not."""
    module.weight = nn.Parameter(torch.empty(*module.weight.shape[:2], *_sides(config["kernel_size"])))


def _same(record: Record) -> Table:
    return {name: name for name in record["state_dict"]}


def _normalized(convolution: str, norm: str, ours: str) -> Table:
    return {f"{convolution}.weight": f"{ours}.0.weight"} | batch_norm(norm, f"{ours}.1")


FAMILIES: dict[str, Adapter] = {
    "PAN FPA": feature_pyramid,
    "PAN GAU": global_upsample,
    "deformable convolution v1 (operator)": deformable,
    "deformable convolution v2 (operator)": deformable,
    "deformable convolution with its offset conv (pack)": deformable_pack,
    "dynamic convolution 1-D (fairseq)": dynamic_1d,
    "lightweight convolution 1-D (fairseq)": lightweight_1d,
    "dynamic convolution 2-D (definition of FACTS 46)": dynamic_2d,
    "spatial transformer (affine_grid + grid_sample)": spatial_transformer,
    "RAM glimpse sensor (retina)": glimpse_sensor,
    "RAM glimpse network": glimpse_network,
    "RAM core network": core,
    "RAM action network": action,
    "RAM location network (mean only)": location_mean,
}
