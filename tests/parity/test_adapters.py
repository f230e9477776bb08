"""Adapters beyond the goldens at hand: options and gradients that another set of the same form may hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from . import plain
from .adapters import ADAPTERS, Record
from .goldens import OWN, family_of, load_by_rule, records
from .plain import Weights
from .rules import rule_input

ITEMS = records(OWN)

OPTIONS: list[tuple[str, Callable[..., Tensor], dict[str, Any], list[list[int]]]] = [
    (
        "BAM",
        plain.bam,
        {"gate_channel": 16, "reduction_ratio": 4, "dilation_conv_num": 3, "dilation_val": 2},
        [[3, 16, 6, 6]],
    ),
    (
        "RL-NL (SAN Nonlocal_CA)",
        plain.region_non_local,
        {"in_feat": 12, "inter_feat": 5, "reduction": 4, "sub_sample": False, "bn_layer": True},
        [[3, 12, 5, 8]],
    ),
    (
        "RL-NL (SAN Nonlocal_CA)",
        plain.region_non_local,
        {"in_feat": 12, "inter_feat": 16, "reduction": 4, "sub_sample": True, "bn_layer": False},
        [[1, 12, 4, 7]],
    ),
    ("RNAN mask branch local", plain.mask_branch, {"n_feat": 6, "kernel_size": 5}, [[2, 6, 6, 8]]),
    (
        "GC block",
        plain.global_context,
        {"inplanes": 24, "ratio": 0.4, "pooling_type": "att", "fusion_types": ["channel_mul", "channel_add"]},
        [[3, 24, 4, 3]],
    ),
    (
        "PSA compact",
        plain.compact_point_wise,
        {"in_channels": 5, "mid_channels": 3, "psa_type": 0, "compact": True, "shrink_factor": 1}
        | {"mask_h": 4, "mask_w": 3},
        [[2, 5, 2, 6]],
    ),
    (
        "SwinIR window attention",
        plain.window_attention,
        {"dim": 8, "window_size": [2, 3], "num_heads": 2, "qkv_bias": False, "qk_scale": 0.7},
        [[6, 6, 8], [3, 6, 6]],
    ),
    (
        "SwinIR Swin block",
        plain.swin_block,
        {"dim": 8, "input_resolution": [8, 12], "num_heads": 2, "window_size": 4, "shift_size": 1, "qkv_bias": False},
        [[2, 8, 8, 12]],
    ),
    (
        "SwinIR Swin block",
        plain.swin_block,
        {"dim": 8, "input_resolution": [3, 6], "num_heads": 2, "window_size": 4, "shift_size": 2},
        [[2, 8, 3, 6]],
    ),
    (
        "deformable convolution with its offset conv (pack)",
        plain.deformable_pack,
        {"in_channels": 4, "out_channels": 6, "kernel_size": [3, 1], "stride": 2, "padding": 1, "offset_groups": 2}
        | {"groups": 2},
        [[2, 4, 6, 5]],
    ),
    (
        "TLC local average pool (NAFNet repo)",
        plain.window_means,
        {"kernel_size": [5, 20], "auto_pad": False, "fast_imp": False},
        [[2, 3, 7, 9]],
    ),
]

NON_LOCAL = [
    (axes, pairwise, sub_sample)
    for axes in ("1D", "2D", "3D")
    for pairwise in ("embedded_gaussian", "gaussian", "dot_product", "concatenation")
    for sub_sample in (True, False)
]

TOLD_BY_TENSORS: list[tuple[str, dict[str, Any], list[list[int]], dict[str, list[int]]]] = [
    (
        "deformable convolution with its offset conv (pack)",
        {"in_channels": 4, "out_channels": 5, "kernel_size": 3, "padding": 1},
        [[1, 4, 5, 6]],
        {"weight": [5, 4, 3, 3], "bias": [5], "conv_offset_mask.weight": [27, 4, 3, 3], "conv_offset_mask.bias": [27]},
    ),
    (
        "GC block",
        {"inplanes": 8, "ratio": 0.25},
        [[1, 8, 5, 6]],
        {
            f"channel_{kind}_conv.{leaf}": shape
            for kind in ("add", "mul")
            for leaf, shape in (
                ("0.weight", [2, 8, 1, 1]),
                ("0.bias", [2]),
                ("1.weight", [2, 1, 1]),
                ("1.bias", [2, 1, 1]),
                ("3.weight", [8, 2, 1, 1]),
                ("3.bias", [8]),
            )
        },
    ),
    (
        "attention-augmented conv",
        {"in_channels": 3, "out_channels": 6, "kernel_size": 3, "dk": 4, "dv": 2, "Nh": 2, "shape": 6},
        [[1, 3, 5, 6]],
        {"conv_out.weight": [4, 3, 3, 3], "conv_out.bias": [4], "qkv_conv.weight": [10, 3, 3, 3], "qkv_conv.bias": [10]}
        | {"attn_out.weight": [2, 2, 1, 1], "attn_out.bias": [2]},
    ),
    (
        "CGNL dot kernel",
        {"inplanes": 16, "planes": 8},
        [[1, 16, 5, 6]],
        {f"{name}.weight": [8, 16, 1, 1] for name in "tpg"}
        | {"z.weight": [16, 1, 1, 1], "gn.weight": [16], "gn.bias": [16]},
    ),
    (
        "RAM location network (mean only)",
        {"input_size": 6, "output_size": 2},
        [[3, 6]],
        {"fc.weight": [3, 6], "fc.bias": [3], "fc_lt.weight": [2, 3], "fc_lt.bias": [2]},
    ),
    (
        "dynamic convolution 1-D (fairseq)",
        {"input_size": 6, "kernel_size": 3, "num_heads": 2, "weight_softmax": True},
        [[5, 2, 6]],
        {"weight_linear.weight": [6, 6]},
    ),
]


def _told(part: object) -> str:
    return getattr(part, "__name__", str(part))[:60]


@pytest.mark.parametrize(("family", "form", "config", "shapes"), OPTIONS, ids=_told)
def test_an_option_that_no_golden_has_equals_the_plain_form(family, form, config, shapes):
    _equals(family, form, config, config, shapes)


@pytest.mark.parametrize(("axes", "pairwise", "sub_sample"), NON_LOCAL)
def test_every_non_local_block_equals_the_plain_form(axes, pairwise, sub_sample):
    shape = {"1D": [2, 7, 9], "2D": [2, 7, 5, 6], "3D": [2, 7, 3, 5, 4]}[axes]
    config = {"in_channels": 7, "inter_channels": 3, "sub_sample": sub_sample, "bn_layer": sub_sample}
    name = pairwise if axes == "2D" else pairwise.replace("_", " ")
    _equals(f"non-local {axes} {name}", plain.non_local, config, config | {"pairwise": pairwise}, [shape])


@pytest.mark.parametrize(("family", "config", "shapes", "tensors"), TOLD_BY_TENSORS, ids=_told)
def test_an_option_that_the_record_leaves_out_is_told_by_its_tensors(family, config, shapes, tensors):
    record = _record(family, config, shapes, tensors)
    adapted = ADAPTERS[family](record)
    load_by_rule(adapted, record, "B")
    with torch.no_grad():
        result = adapted.run(*(rule_input(place, shape, -1, 1).float() for place, shape in enumerate(shapes)))
    assert result.isfinite().all()


@pytest.mark.parametrize("record", ITEMS, ids=lambda record: record["name"])
def test_a_gradient_finds_the_family_of_goldens_of_other_sizes(record: Record):
    kind, *sizes = record["name"].removesuffix("__ruleB").split("_")
    others = [re.sub(r"\d+", lambda number: str(int(number[0]) + 1), word) for word in sizes]

    family = family_of(record | {"name": "_".join(["grad", kind, *others])}, ITEMS)

    assert ADAPTERS.get(family) is ADAPTERS.get(record["family"])


def test_a_gradient_of_another_name_finds_its_family_by_its_tensors():
    record = next(record for record in ITEMS if record["family"] == "DANet CAM")
    assert family_of(record | {"name": "grad_other"}, ITEMS) == "DANet CAM"
    assert family_of(record | {"name": "grad_other", "state_dict": {}}, ITEMS) is None


def _equals(family: str, form: Callable[..., Tensor], config: Record, told: Record, shapes: list[list[int]]) -> None:
    weights = Weights()
    given = [rule_input(77 + place, shape, -1, 1) for place, shape in enumerate(shapes)]
    expected = form(weights, told, *given)
    record = _record(family, config, shapes, weights.shapes)
    adapted = ADAPTERS[family](record)
    adapted.module.eval().double()
    load_by_rule(adapted, record, "B")
    with torch.no_grad():
        result = adapted.run(*given)
    torch.testing.assert_close(result, expected, rtol=1e-10, atol=1e-12)


def _record(family: str, config: Record, shapes: list[list[int]], tensors: dict[str, list[int]]) -> Record:
    fixed = [name for name in tensors if name.endswith(("attn_mask", "relative_position_index"))]
    return {"family": family, "config": config, "input_shapes": shapes, "state_dict": tensors, "fixed_keys": fixed}
