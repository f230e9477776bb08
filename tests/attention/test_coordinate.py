"""Coordinate attention against a plain computation, and turned by a quarter."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import CoordinateAttention
from restore.errors import ConfigError
from tests.parity.rules import fill


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


def test_equals_timm():
    coord_attn = pytest.importorskip("timm.layers.coord_attn")
    theirs = coord_attn.CoordAttn(16, rd_channels=8, bias=True, norm_layer=nn.BatchNorm2d)
    ours = fill(CoordinateAttention(16)).eval()
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
    x = torch.rand(2, 16, 5, 7)
    torch.testing.assert_close(ours(x), theirs.eval()(x))
