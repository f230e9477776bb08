"""PSA, augmented convolution, generalized, layer, style, transposed and window attention."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from restore.attention import (
    AttentionAugmentedConv,
    GeneralizedAttention,
    LayerAttention,
    PointwiseSpatialAttention,
    StyleAttention,
    StyleTransform,
    TokenWindowAttention,
    TransposedAttention,
)
from restore.zoo.official.layer import layer_attention_table
from restore.zoo.official.table import Table, batch_norm, conv, within
from restore.zoo.official.transposed import transposed_attention_table
from restore.zoo.official.window import window_attention_table

from .base import Adapted, Adapter, Record


def window_attention(record: Record) -> Adapted:
    config = record["config"]
    module = TokenWindowAttention(config["dim"], tuple(config["window_size"]), config["num_heads"])
    table = window_attention_table()
    set_query_options(module, table, record)
    return Adapted(module, table, module)


def set_query_options(module: TokenWindowAttention, table: Table, record: Record, prefix: str = "") -> None:
    """The authors' options for bias and scale, which ours has not, as every network of theirs takes the defaults."""
    if f"{prefix}qkv.bias" not in record["state_dict"]:
        module.query_key_value.register_parameter("bias", None)
        del table[f"{prefix}qkv.bias"]
    scale = record["config"].get("qk_scale")
    if scale:
        by_default, factor = module.split, scale * (module.channels // module.heads) ** 0.5

        def split(tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            query, key, value = by_default(tokens)
            return query * factor, key, value

        module.split = split


def transposed_attention(record: Record) -> Adapted:
    config = record["config"]
    bias = config.get("bias", False)
    module = TransposedAttention(config["dim"], config["num_heads"], bias)
    return Adapted(module, transposed_attention_table(bias), module)


def layer_attention(record: Record) -> Adapted:
    module = LayerAttention(negated=True)
    return Adapted(module, layer_attention_table(), module)


def style_attention(record: Record) -> Adapted:
    module = StyleAttention(record["config"]["in_planes"])
    return Adapted(module, _style_table(), module)


def style_transform(record: Record) -> Adapted:
    module = StyleTransform(record["config"]["in_planes"])
    table = within("sanet4_1", "fine", _style_table()) | within("sanet5_1", "coarse", _style_table())
    return Adapted(module, table | conv("merge_conv", "merge"), module)


def _style_table() -> Table:
    return conv("f", "query") | conv("g", "key") | conv("h", "value") | conv("out_conv", "project")


def generalized_attention(record: Record) -> Adapted:
    config = record["config"]
    query_key, query_position, key_content, position = (digit == "1" for digit in config.get("attention_type", "1111"))
    module = GeneralizedAttention(
        config["in_dim"],
        heads=config.get("num_heads", 9),
        query_key=query_key,
        query_position=query_position,
        key_content=key_content,
        position=position,
        key_stride=config.get("kv_stride", 2),
        position_width=config.get("position_embedding_dim", -1)
        if config.get("position_embedding_dim", -1) > 0
        else None,
        position_magnitude=config.get("position_magnitude", 1),
        transposed_query="defect kept" in record["family"] and query_position and not position,
    )
    names = {
        "appr_bias": "content_bias",
        "geom_bias": "position_bias",
        "gamma": "scale",
        "query_conv.weight": "query.weight",
        "key_conv.weight": "key.weight",
        "value_conv.weight": "value.weight",
        "appr_geom_fc_x.weight": "column_position.weight",
        "appr_geom_fc_y.weight": "row_position.weight",
        **conv("proj_conv", "project"),
    }
    if "geom_bias" in record["state_dict"] and not position:
        # made by the authors' code with its fourth term on and held at nought, which keeps clear of its defect
        module.register_buffer("unused", torch.zeros(record["state_dict"]["geom_bias"]))
        names["geom_bias"] = "unused"
    return Adapted(module, {theirs: names[theirs] for theirs in record["state_dict"]}, module)


def point_wise_spatial_attention(record: Record) -> Adapted:
    config = record["config"]
    direction = ("collect", "distribute", "both")[config.get("psa_type", 2)]
    factor, shrink, compact = (
        config.get(name, default)
        for name, default in (("normalization_factor", 1.0), ("shrink_factor", 2), ("compact", False))
    )
    mask = (config.get("mask_h", 59), config.get("mask_w", 59))
    if compact:  # the authors' code looks at the number of places alone
        height, width = ((side - 1) // shrink + 1 for side in record["input_shapes"][0][2:])
        mask = (height, width)
    module = PointwiseSpatialAttention(
        config["in_channels"],
        width=config.get("mid_channels", 512),
        direction=direction,
        mask=mask,
        shrink=shrink,
        compact=compact,
        normalization="mask" if factor is None else factor,
        softmax=config.get("psa_softmax", True),
    )
    table = _unit_table("proj", "project")
    branches = {"": "collect", "_p": "distribute"} if direction == "both" else {"": direction}
    for suffix, name in branches.items():
        table |= _unit_table(f"reduce{suffix}", f"reduce.{name}")
        table |= _unit_table(f"attention{suffix}", f"attention.{name}")
        table |= {f"attention{suffix}.3.weight": f"attention.{name}.3.weight"}
    return Adapted(module, table, module)


def _unit_table(theirs: str, ours: str) -> Table:
    return {f"{theirs}.0.weight": f"{ours}.0.weight"} | batch_norm(f"{theirs}.1", f"{ours}.1")


def augmented_conv(record: Record) -> Adapted:
    config = record["config"]
    size = config["shape"] if "key_rel_w" in record["state_dict"] else 0
    in_paper = "in-paper" in record["family"]
    module = AttentionAugmentedConv(
        config["in_channels"],
        config["out_channels"],
        key_width=config["dk"],
        value_width=config["dv"],
        heads=config["Nh"],
        kernel_size=config["kernel_size"],
        size=(size, size) if size else None,
        stride=config.get("stride", 1),
        query_kernel_size=1 if in_paper else config["kernel_size"],
        transposed_merge=True,
    )
    table = conv("conv_out", "conv") | conv("qkv_conv", "query_key_value") | conv("attn_out", "project")
    if size:
        table |= {"key_rel_w": "column_position", "key_rel_h": "row_position"}
    return Adapted(module, table, module)


def _generalized_families() -> list[str]:
    """Sixteen types less the empty one; those that the published code's defect concerns in two forms."""
    types = ["".join(digits) for digits in product("01", repeat=4)][1:]
    forms = {True: (" (defect kept)", " (as in the paper)"), False: ("",)}
    return [f"{kind}{form}" for kind in types for form in forms[kind[1] == "1" and kind[3] == "0"]]


FAMILIES: dict[str, Adapter] = {
    "SwinIR window attention": window_attention,
    "Restormer MDTA": transposed_attention,
    "HAN LAM": layer_attention,
    "SANet module (style-attentional)": style_attention,
    "SANet Transform (two scales)": style_transform,
    "PSA collect": point_wise_spatial_attention,
    "PSA distribute": point_wise_spatial_attention,
    "PSA bidirection": point_wise_spatial_attention,
    "PSA compact": point_wise_spatial_attention,
    "attention-augmented conv": augmented_conv,
    "attention-augmented conv (in-paper file, 1x1 qkv)": augmented_conv,
} | {f"generalized attention (Zhu et al. 2019) {family}": generalized_attention for family in _generalized_families()}
