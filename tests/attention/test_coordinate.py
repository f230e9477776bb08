"""Coordinate attention against a plain computation, and turned by a quarter."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import CoordinateAttention
from restore.errors import ConfigError
from tests.parity.rules import fill
from tests.timm_layers import adopt, assert_equals, timm_layers


def linear(conv: nn.Conv2d, vectors: torch.Tensor) -> torch.Tensor:
    return vectors @ conv.weight[:, :, 0, 0].t() + conv.bias


def test_equals_rows_and_columns_one_by_one():
    module = fill(CoordinateAttention(12, reduction=4, minimum_width=2)).double().eval()
    x = torch.rand(2, 12, 5, 7, dtype=torch.float64) - 0.5
    norm = module.norm
    result = torch.empty_like(x)
    gates = {}
    for name, axis in (("rows", 3), ("columns", 2)):
        hidden = linear(module.squeeze, x.mean(axis).transpose(1, 2))  # (N, H or W, C/r)
        hidden = (hidden - norm.running_mean) / (norm.running_var + 1e-5).sqrt() * norm.weight + norm.bias
        hidden = hidden * (hidden + 3).clamp(0, 6) / 6
        gates[name] = 1 / (1 + torch.exp(-linear(getattr(module, f"excite_{name}"), hidden)))
    for i in range(5):
        for j in range(7):
            result[:, :, i, j] = x[:, :, i, j] * gates["rows"][:, i] * gates["columns"][:, j]
    torch.testing.assert_close(module(x), result)


def test_a_turned_picture_is_a_turned_result_with_the_roles_exchanged():
    module = fill(CoordinateAttention(16)).eval()
    other = CoordinateAttention(16).eval()
    roles = {"excite_rows": "excite_columns", "excite_columns": "excite_rows"}
    state = {
        ".".join([roles.get(name.split(".")[0], name.split(".")[0]), *name.split(".")[1:]]): value
        for name, value in module.state_dict().items()
    }
    other.load_state_dict(state)
    x = torch.rand(2, 16, 5, 7)
    torch.testing.assert_close(other(x.transpose(2, 3)).transpose(2, 3), module(x))


@pytest.mark.parametrize(("channels", "width"), [(16, 8), (64, 8), (320, 10)])
def test_bottleneck_is_as_wide_as_the_authors(channels, width):
    assert CoordinateAttention(channels).squeeze.out_channels == width


@pytest.mark.parametrize("option", ["reduction", "minimum_width"])
def test_nothing_is_refused(option):
    with pytest.raises(ConfigError, match=f"{option}=0"):
        CoordinateAttention(16, **{option: 0})


TIMM = {"conv1": "squeeze", "bn1": "norm", "conv_h": "excite_rows", "conv_w": "excite_columns"}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("channels", "height", "width"), [(16, 5, 7), (320, 8, 8), (64, 1, 6), (1, 4, 1)])
def test_equals_timm(channels, height, width, bias):
    """timm's convolutions have no bias by default: that is ours with biases of zero."""
    ours = CoordinateAttention(channels)
    theirs = timm_layers().coord_attn.CoordAttn(channels, rd_channels=ours.squeeze.out_channels, bias=bias)
    adopt(ours, theirs, TIMM, zeros=not bias)
    assert_equals(ours, theirs, 2, channels, height, width)


@pytest.mark.parametrize(("channels", "theirs", "ours"), [(64, 8, 8), (320, 16, 10), (640, 24, 20)])
def test_bottleneck_is_not_as_wide_as_timm_s(channels, theirs, ours):
    """timm has two thirds of a sixteenth, in eights; ours is the authors' width."""
    assert timm_layers().coord_attn.CoordAttn(channels).conv1.out_channels == theirs
    assert CoordinateAttention(channels).squeeze.out_channels == ours
